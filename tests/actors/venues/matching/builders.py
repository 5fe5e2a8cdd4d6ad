"""Short names for the things the matching tests are made of: one instrument, accounts, orders, and a driver."""

from __future__ import annotations

from decimal import Decimal
from math import nan
from typing import Any, TypeVar

from actors.venues.matching.engine import MatchingEngine
from actors.venues.matching.events import Event, OrderCancelled, OrderExpired, OrderFilled, OrderRejected
from actors.venues.matching.instruments import (
    AccountSettings,
    EngineSettings,
    Instrument,
    MarketKind,
    MarketModel,
)
from actors.venues.matching.orders import CancelRequest, NewOrder
from messages.intents import OrderType, Side, TimeInForce
from messages.reasons import Reason

SYMBOL = "BTC-USDT"
E = TypeVar("E")


def amount(value: str | int | float) -> Decimal:
    return Decimal(str(value))


def instrument(kind: MarketKind = MarketKind.TOP, symbol: str = SYMBOL, **changes: Any) -> Instrument:
    """Tick 0.1, lot 0.01, no minimums and no fees unless changed; `model_...` changes the market model."""
    model = {
        name.removeprefix("model_"): changes.pop(name) for name in list(changes) if name.startswith("model_")
    }
    values: dict[str, Any] = {"tick": amount("0.1"), "lot": amount("0.01")} | changes
    return Instrument(symbol=symbol, market=MarketModel(kind=kind, **model), **values)


def rich(name: str, **changes: Any) -> AccountSettings:
    """An account that can afford anything, long and short."""
    values: dict[str, Any] = {
        "balances": {"USDT": amount(1_000_000_000)},
        "allow_short": True,
    } | changes
    return AccountSettings(account=name, **values)


class Desk:
    """Drives an engine: commands arrive at once, each call is a nanosecond after the one before."""

    def __init__(
        self,
        *instruments: Instrument,
        accounts: tuple[AccountSettings, ...] = (),
        settings: EngineSettings | None = None,
    ) -> None:
        self.engine = MatchingEngine(
            instruments or (instrument(),),
            settings or EngineSettings(),
            accounts or (rich("a"), rich("b"), rich("c")),
        )
        self._names = 0

    def tick(self) -> int:
        return self.engine.now + 1

    def quote(
        self, bid: float, bid_size: float, ask: float, ask_size: float, symbol: str = SYMBOL
    ) -> list[Event]:
        self.engine.on_quote(symbol, self.tick(), bid, bid_size, ask, ask_size)
        return self.engine.drain()

    def trade(self, price: float, size: float, aggressor: int, symbol: str = SYMBOL) -> list[Event]:
        self.engine.on_trade(symbol, self.tick(), price, size, aggressor)
        return self.engine.drain()

    def depth(
        self, bids: list[tuple[float, float]], asks: list[tuple[float, float]], snapshot: bool = False
    ) -> list[Event]:
        self.engine.on_depth(SYMBOL, self.tick(), bids, asks, snapshot)
        return self.engine.drain()

    def bar(
        self,
        open: float,
        high: float,
        low: float,
        close: float,
        volume: float = 1e6,
        *,
        symbol: str = SYMBOL,
        at: int | None = None,
    ) -> list[Event]:
        time = self.tick() if at is None else at
        self.engine.on_bar(symbol, time, open, high, low, close, volume)
        return self.engine.drain()

    def funding(self, rate: str | float, mark: str | float, symbol: str = SYMBOL) -> list[Event]:
        self.engine.on_funding(symbol, self.tick(), amount(rate), amount(mark))
        return self.engine.drain()

    def place(self, order: NewOrder) -> list[Event]:
        time = self.tick()
        self.engine.submit(order, time)
        self.engine.advance(time)
        return self.engine.drain()

    def cancel(self, client_order_id: str, account: str = "a") -> list[Event]:
        time = self.tick()
        self.engine.cancel(CancelRequest(account, client_order_id), time)
        self.engine.advance(time)
        return self.engine.drain()

    def buy(self, quantity: str | int, price: str | int | None = None, **more: Any) -> list[Event]:
        return self.place(self.order(Side.BUY, quantity, price, **more))

    def sell(self, quantity: str | int, price: str | int | None = None, **more: Any) -> list[Event]:
        return self.place(self.order(Side.SELL, quantity, price, **more))

    def order(self, side: Side, quantity: str | int, price: str | int | None = None, **more: Any) -> NewOrder:
        self._names += 1
        return make_order(side, quantity, price, **{"id": f"o{self._names}"} | more)


def make_order(
    side: Side,
    quantity: str | int,
    price: str | int | None = None,
    *,
    id: str,
    account: str = "a",
    symbol: str = SYMBOL,
    stop: str | int | None = None,
    tif: TimeInForce = TimeInForce.GTC,
    post_only: bool = False,
    reduce_only: bool = False,
) -> NewOrder:
    """An order whose type follows from the prices it has."""
    kind = {
        (False, False): OrderType.MARKET,
        (True, False): OrderType.LIMIT,
        (False, True): OrderType.STOP,
        (True, True): OrderType.STOP_LIMIT,
    }[(price is not None, stop is not None)]
    return NewOrder(
        account,
        id,
        symbol,
        side,
        kind,
        amount(quantity),
        None if price is None else amount(price),
        None if stop is None else amount(stop),
        tif,
        post_only,
        reduce_only,
    )


def of(kind: type[E], events: list[Event]) -> list[E]:
    return [event for event in events if isinstance(event, kind)]


def fills(events: list[Event], account: str | None = None) -> list[tuple[float, float]]:
    """(quantity, price) of the fills, of one account or all."""
    return [
        (float(event.quantity), float(event.price))
        for event in of(OrderFilled, events)
        if account is None or event.account == account
    ]


def names(events: list[Event]) -> list[str]:
    return [type(event).__name__ for event in events]


def rejection(events: list[Event]) -> Reason | None:
    found = of(OrderRejected, events)
    return found[0].reason if found else None


def ending(events: list[Event]) -> Reason | None:
    found = [event for event in events if isinstance(event, OrderCancelled | OrderExpired)]
    return found[0].reason if found else None


NAN = nan
