"""What an account at Binance USD-M futures is reached with, and how patient we are."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from actors.venues.transport.http import Phases
from messages.errors import ConfigurationError

_SECOND = 1_000_000_000
_LONGEST_RECV_WINDOW_MS = 60_000


class TriggerBy(StrEnum):
    """Which price sets off a stop."""

    LAST = "CONTRACT_PRICE"
    MARK = "MARK_PRICE"


class StreamSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The private stream; all times in seconds.

    - `keepalive_s`: how often the listen key (60 minutes) is extended.
    - `renewal_s`: the age at which a connection (24 hours) is replaced; both are read for `overlap_s`.
    - `silence_s`: how long after an accepted order or cancel the stream may tell nothing before it counts as dead.
    - `storm_count` reconnects within `storm_window_s` raise the alarm.
    """

    open_s: float = 5.0
    ping_s: float = 20.0
    pong_s: float = 10.0
    keepalive_s: float = 1_800.0
    keepalive_retry_s: float = 30.0
    renewal_s: float = 84_600.0
    overlap_s: float = 5.0
    silence_s: float = 10.0
    first_pause_s: float = 0.5
    longest_pause_s: float = 30.0
    storm_count: int = 6
    storm_window_s: float = 120.0


class BinanceUsdmSettings(msgspec.Struct, frozen=True, kw_only=True):
    """One account.

    - `listings`: the venue's name of each canonical symbol, `{"BTC-USDT-PERP": "BTCUSDT"}`.
    - `recv_window_ms`: how old a request may be when the venue reads it; no longer than the desk's lease.
    - `clock_bound_ns`: the largest error of the venue's estimated clock with which a request is signed.
    - `offset_bound_ns`: the largest difference between the venue's clock and this machine's with which orders are
      sent; None = any (a venue that replays a recording).
    - `clock_interval_s`: how often the venue's time is asked for.
    - `order_patience_s`, `cancel_patience_s`, `query_patience_s`: how long each waits for the request budget.
    - `order_ready_s`: an order that is not signed so soon after that wait, or by its deadline, is not sent. When the
      venue refuses it as too old is reckoned from when it was asked for: keep the sum of both below a second.
    - `address_limit`, `orders_10s`, `orders_1m`: the request budget until the venue states its own.
    - `funding_lookback_s`, `transfer_lookback_s`: how far back payments and transfers are asked for when the stream
      begins; ids told before are dropped by the reader.
    """

    venue: str
    rest_url: str
    stream_url: str
    listings: dict[str, str]
    recv_window_ms: int = 3_000
    clock_bound_ns: int = _SECOND
    offset_bound_ns: int | None = 10 * _SECOND
    clock_interval_s: float = 30.0
    phases: Phases = Phases()
    stream: StreamSettings = StreamSettings()
    connections: int = 32
    order_patience_s: float = 0.25
    cancel_patience_s: float = 5.0
    query_patience_s: float = 10.0
    order_ready_s: float = 0.5
    address_limit: int = 2_400
    orders_10s: int = 300
    orders_1m: int = 1_200
    budget_safety: float = 0.95
    trigger_by: TriggerBy = TriggerBy.LAST
    funding_lookback_s: float = 30_000.0
    transfer_lookback_s: float = 604_800.0

    def __post_init__(self) -> None:
        """Raises `ConfigurationError` for what contradicts the venue's rules or itself."""
        if not 0 < self.recv_window_ms <= _LONGEST_RECV_WINDOW_MS:
            _refuse("recv_window_ms", self.recv_window_ms, f"give 1 to {_LONGEST_RECV_WINDOW_MS} ms")
        if not 0 < self.clock_bound_ns <= _SECOND:
            _refuse(
                "clock_bound_ns",
                self.clock_bound_ns,
                "the venue takes timestamps up to 1 s ahead: give at most that",
            )
        for name, schemes in (("rest_url", ("http", "https")), ("stream_url", ("ws", "wss"))):
            url = getattr(self, name)
            if not url.startswith(tuple(f"{scheme}://" for scheme in schemes)) or url.endswith("/"):
                _refuse(name, url, f"give {' or '.join(schemes)}://host[:port] without a slash at the end")
        if len(set(self.listings.values())) != len(self.listings):
            _refuse("listings", self.listings, "give each symbol a listing of its own")

    def refuse_longer_than(self, lease_ns: int) -> None:
        """Raises `ConfigurationError` when a request could outlive the lease of the process that wrote it."""
        if self.request_expiry_ns > lease_ns:
            _refuse(
                "recv_window_ms",
                self.recv_window_ms,
                f"make it at most {(lease_ns - _SECOND) // 1_000_000} ms, the lease less a second, or the lease longer",
            )

    @property
    def request_expiry_ns(self) -> int:
        """After this long the venue refuses a request: a timestamp may be a second ahead of its clock."""
        return self.recv_window_ms * 1_000_000 + _SECOND


def _refuse(name: str, value: object, remedy: str) -> None:
    raise ConfigurationError(
        "the venue's settings do not fit its rules",
        field=f"venues.binance_usdm.{name}",
        value=value,
        remedy=remedy,
    )
