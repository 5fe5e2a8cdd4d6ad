"""The one matching engine, spoken to in the exchange's order numbers.

An order's client order id in the engine is its number and a count of all that was handed in, as the engine takes no
id twice: an order that loses its place by a change comes back under a new one. Each leg of a position is an account
of its own there, all of one owner.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from actors.venues.matching.engine import MatchingEngine
from actors.venues.matching.events import Event
from actors.venues.matching.grid import Grid
from actors.venues.matching.instruments import (
    AccountSettings,
    EngineSettings,
    OpeningPosition,
    SelfTrade,
)
from actors.venues.matching.orders import CancelRequest, NewOrder
from actors.venues.matching.snapshot import EngineSnapshot
from cluster.exchange.api import Leg, OrderRecord, Rules
from cluster.exchange.core.ledger import ZERO, Held
from cluster.exchange.core.market import Print, Step
from cluster.exchange.core.public import instrument_of
from messages.intents import OrderType, Side, TimeInForce


class EngineOrder(NamedTuple):
    """What is to be handed to the engine; `traded` is what the order has traded before (when it was changed)."""

    number: int
    account: str
    leg: Leg
    listing: str
    side: Side
    quantity: Decimal
    price: Decimal | None
    time_in_force: TimeInForce
    post_only: bool = False
    reduce_only: bool = False
    traded: Decimal = ZERO


_LEG_NAMES = {Leg.BOTH: "", Leg.LONG: "/long", Leg.SHORT: "/short"}


class Matching:
    """Orders in, events out; time is the caller's and every call happens at once."""

    def __init__(self, engine: MatchingEngine) -> None:
        self.engine = engine
        self.handed_in = 0
        self.names: dict[int, str] = {}
        self.traded: dict[int, Decimal] = {}

    @classmethod
    def of(cls, listings: Iterable[Rules]) -> Matching:
        """A new engine without accounts."""
        return cls(MatchingEngine(map(instrument_of, listings), EngineSettings(), ()))

    @classmethod
    def restored(
        cls, snapshot: EngineSnapshot, handed_in: int, names: dict[int, str], traded: dict[int, Decimal]
    ) -> Matching:
        """The engine as it was, with the names its open orders have there and what they had traded before."""
        matching = cls(MatchingEngine.restore(snapshot))
        matching.handed_in = handed_in
        matching.names, matching.traded = dict(names), dict(traded)
        return matching

    def open_account(self, account: str, positions: Iterable[Held] = ()) -> None:
        """Make room for an account's legs. Whether it can pay is asked above the engine."""
        held = list(positions)
        for leg, name in _LEG_NAMES.items():
            self.engine.open_account(
                AccountSettings(
                    account=account + name,
                    positions={
                        each.listing: OpeningPosition(each.quantity, each.entry_price)
                        for each in held
                        if each.leg is leg and each.quantity
                    },
                    allow_short=True,
                    unlimited=True,
                    owner=account,
                    self_trade=SelfTrade.EXPIRE_MAKER,
                )
            )

    def place(self, order: EngineOrder, now: int) -> list[Event]:
        """Hand in an order; the first event tells whether the engine took it. A market order never waits."""
        self.handed_in += 1
        name = f"{order.number}.{self.handed_in}"
        time_in_force = order.time_in_force
        if order.price is None and time_in_force is TimeInForce.GTC:
            time_in_force = TimeInForce.IOC
        command = NewOrder(
            order.account + _LEG_NAMES[order.leg],
            name,
            order.listing,
            order.side,
            OrderType.MARKET if order.price is None else OrderType.LIMIT,
            order.quantity,
            order.price,
            None,
            time_in_force,
            order.post_only,
            order.reduce_only,
        )
        self.names[order.number] = name
        if order.traded:
            self.traded[order.number] = order.traded
        self.engine.submit(command, now)
        return self._arrived(now)

    def cancel(self, record: OrderRecord, now: int) -> list[Event]:
        """Take an order out."""
        account = record.account + _LEG_NAMES[record.request.leg]
        self.engine.cancel(CancelRequest(account, self.names[record.order_id]), now)
        return self._arrived(now)

    def reduce(self, record: OrderRecord, quantity: Decimal) -> bool:
        """Make an order smaller where it stands; whether the engine could."""
        account = record.account + _LEG_NAMES[record.request.leg]
        before = self.traded.get(record.order_id, ZERO)
        return self.engine.reduce(account, self.names[record.order_id], quantity - before)

    def forget(self, number: int) -> None:
        """An order is over."""
        self.names.pop(number, None)
        self.traded.pop(number, None)

    def trade(self, listing: str, grid: Grid, traded: Print, now: int) -> list[Event]:
        """A trade among outsiders. Prices and sizes go in as the floats the engine takes."""
        price, size = traded.ticks / grid.ticks_per_unit, traded.lots / grid.lots_per_unit
        self.engine.on_trade(listing, now, price, size, traded.aggressor)
        return self.engine.drain() if self.engine.has_events else []

    def levels(self, step: Step, grid: Grid) -> list[Event]:
        """New levels of the outside market."""
        tick, lot = grid.ticks_per_unit, grid.lots_per_unit
        bids = [(ticks / tick, lots / lot) for ticks, lots in step.bids]
        asks = [(ticks / tick, lots / lot) for ticks, lots in step.asks]
        self.engine.on_depth(step.listing, step.time, bids, asks, step.snapshot)
        return self.engine.drain() if self.engine.has_events else []

    def clear(self, listing: str, bids: list[int], asks: list[int], grid: Grid, now: int) -> list[Event]:
        """Outside levels that were taken whole are gone until the market sets them again."""
        gone = Step(now, listing, [], [(ticks, 0) for ticks in bids], [(ticks, 0) for ticks in asks])
        return self.levels(gone, grid)

    def _arrived(self, now: int) -> list[Event]:
        self.engine.advance(now)
        return self.engine.drain()


def account_of(engine_account: str) -> tuple[str, Leg]:
    """The account and leg behind an account of the engine."""
    account, _, leg = engine_account.partition("/")
    return account, Leg(leg) if leg else Leg.BOTH


def number_of(name: str) -> int:
    """The exchange's number of an order by its name in the engine."""
    return int(name.partition(".")[0])
