"""How a live feed behaves. Times in seconds of machine time, but for what is compared with the venue's times (ns)."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from messages.errors import ConfigurationError

SECOND = 1_000_000_000

_ABOVE_ZERO = ("capacity", "recent", "poll_s", "silent_s", "max_age", "clock_s", "warm_up_bar", "history_bar")


class FeedMode(StrEnum):
    """Where quotes come from: `auto` polls by request while the stream is unhealthy."""

    AUTO = "auto"
    STREAM = "stream"
    POLL = "poll"


class BarsFrom(StrEnum):
    """What bars are made of."""

    TRADES = "trades"
    QUOTES = "quotes"


class LiveFeedSettings(msgspec.Struct, frozen=True, kw_only=True):
    """`capacity`: rows that may wait for a strategy before quotes are conflated; `recent`: rows kept for a view that
    must be folded again.

    Polling begins when a symbol's stream was down or silent (`silent_s`) for `grace_s` and ends when it was well
    for `settle_s`, the first time at once;
    one round every `poll_s`, give or take a fifth. `max_age` (ns) is when a symbol counts as stale,
    `max_clock_offset` (ns) how far the venue's clock may be from the desk's. Bars close `bar_grace` ns of venue time
    after their end, so that late trades are in. `warm_up` (ns) of history is read at the start as bars of
    `warm_up_bar` ns, and where `history` (ns) reaches further back, what is older as bars of `history_bar` ns; the
    start waits `warm_up_patience_s` for them at most.
    """

    mode: FeedMode = FeedMode.AUTO
    capacity: int = 4096
    recent: int = 4096
    poll_s: float = 1.0
    grace_s: float = 2.0
    settle_s: float = 10.0
    silent_s: float = 30.0
    max_age: int = 5 * SECOND
    max_clock_offset: int = 5 * SECOND
    clock_s: float = 30.0
    bars_from: BarsFrom = BarsFrom.TRADES
    bar_grace: int = SECOND // 4
    warm_up: int = 0
    warm_up_bar: int = 60 * SECOND
    history: int = 0
    history_bar: int = 60 * SECOND
    warm_up_patience_s: float = 10.0

    def __post_init__(self) -> None:
        for field in _ABOVE_ZERO:
            if getattr(self, field) <= 0:
                raise ConfigurationError(
                    "must be above zero",
                    field=f"feed.{field}",
                    value=getattr(self, field),
                    remedy="give a positive value",
                )
