"""What handlers work with: the state of the front end, and one request with who sent it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from cluster.exchange.api import Exchange, OrderRecord, Rules
from cluster.exchange.fronts.binance_usdm.limits import Limits, LimitSettings
from cluster.exchange.fronts.binance_usdm.listen_keys import ListenKeys
from cluster.exchange.fronts.binance_usdm.parameters import Parameters
from cluster.exchange.fronts.binance_usdm.public_record import PublicRecord
from cluster.exchange.fronts.binance_usdm.wire import ms


class FrontSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the front end behaves where the protocol leaves it to the exchange, and what tests make shorter.

    Spans in seconds. `connection_life_s` is how long a stream may last, `ping_every_s` and `pong_within_s` its
    sign of life, `listen_key_life_s` how long a listen key lasts without a keep-alive. `queue` is how many
    messages may wait for a slow client before it is dropped, `keep_requests` how many of the latest requests are kept
    to be looked at, as they were sent.
    """

    limits: LimitSettings = LimitSettings()
    listen_key_life_s: float = 3_600.0
    connection_life_s: float = 86_400.0
    ping_every_s: float = 180.0
    pong_within_s: float = 600.0
    messages_per_second: int = 10
    streams_per_connection: int = 1_024
    queue: int = 20_000
    keep_requests: int = 0
    good_till_at_least_s: float = 600.0


class FrontState:
    """The exchange as this protocol sees it. `clock_offset` (ms) is how far the face's clock is ahead of it."""

    def __init__(self, exchange: Exchange, settings: FrontSettings, catch_up: Callable[[], None]) -> None:
        self.exchange = exchange
        self.settings = settings
        self.catch_up = catch_up
        self.clock_offset = 0
        self.limits = Limits(settings.limits)
        self.listen_keys = ListenKeys(int(settings.listen_key_life_s * 1_000))
        self.record = PublicRecord()
        self.tell_account: Callable[[str, dict[str, object]], None] = lambda account, event: None
        """Sends an event of the protocol itself to an account's private streams."""
        self.end_key: Callable[[str], None] = lambda key: None
        """Ends the private streams under a listen key."""

    @property
    def now(self) -> int:
        """The server's time as clients see it, ms."""
        return ms(self.exchange.now) + self.clock_offset

    def close_listen_key(self, account: str) -> None:
        """End the account's listen key and what is sent under it."""
        key = self.listen_keys.close(account)
        if key is not None:
            self.end_key(key)

    def rules(self, symbol: str) -> Rules:
        """The rules of a symbol. Raises `Refusal` SYMBOL_UNKNOWN."""
        return self.exchange.rules(symbol)[0]


@dataclass(slots=True)
class Call:
    """One request: its parameters and who sent it; `account` is empty where none is needed."""

    front: FrontState
    parameters: Parameters
    account: str = ""
    api_key: str = ""

    @property
    def exchange(self) -> Exchange:
        """The exchange's core."""
        return self.front.exchange

    def symbol(self) -> Rules:
        """The rules of the symbol that must be named."""
        return self.front.rules(self.parameters.text("symbol"))

    def optional_symbol(self) -> Rules | None:
        """The rules of the symbol, if one is named."""
        name = self.parameters.optional("symbol")
        return None if name is None else self.front.rules(name)

    def find(
        self, *, conditional: bool, order_id: int | None, client_order_id: str | None
    ) -> OrderRecord | None:
        """The account's order of either kind; by client order id the most recent one."""
        exchange, account = self.exchange, self.account
        if order_id is not None:
            found = exchange.order(account, order_id=order_id)
            return found if found is not None and found.conditional is conditional else None
        found = exchange.order(account, client_order_id=client_order_id)
        if found is None or found.conditional is conditional:
            return found
        older = reversed(exchange.orders(account))  # the latest of this id is of the other kind
        return next(
            (
                each
                for each in older
                if each.request.client_order_id == client_order_id and each.conditional is conditional
            ),
            None,
        )
