"""What the exchange's core offers to protocol front ends: plain calls, records, and one stream of events.

The core is synchronous and knows neither sockets nor protocols. Time is the exchange's own clock, int ns UTC; money
and sizes are Decimal; sides, order types and times in force are the engine's. A front end translates, checks
signatures and limits, and numbers what its protocol numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

import msgspec

from messages.intents import OrderType, Side, TimeInForce
from messages.reasons import Reason


class Status(StrEnum):
    """Where an order stands at the exchange. A conditional order is NEW until it triggers."""

    NEW = "new"
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    CANCELED = "canceled"
    EXPIRED = "expired"
    REJECTED = "rejected"


class Leg(StrEnum):
    """The position an order is about: BOTH where the account nets, else the long or the short one."""

    BOTH = "both"
    LONG = "long"
    SHORT = "short"


class Kind(StrEnum):
    """What is traded: a spot pair (balances move) or a perpetual contract (positions on margin)."""

    SPOT = "spot"
    PERPETUAL = "perpetual"


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """The filters of one listing; None = there is no such rule. Units as in `VenueInstrument` of `messages`."""

    listing: str
    kind: Kind
    base: str
    quote: str
    settle: str
    tick: Decimal
    lot: Decimal
    min_quantity: Decimal
    max_quantity: Decimal
    min_notional: Decimal
    market_max_quantity: Decimal | None = None
    price_up: Decimal | None = None
    price_down: Decimal | None = None
    max_open_orders: int = 200
    max_conditional_orders: int = 10
    maker_fee: Decimal = Decimal("0.0002")
    taker_fee: Decimal = Decimal("0.0004")
    initial_margin: Decimal = Decimal("0.05")
    maintenance_margin: Decimal = Decimal("0.025")
    liquidation_fee: Decimal = Decimal("0.012")
    max_leverage: int = 125
    trading: bool = True


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """An order as a front end understood it. `quantity` None only with `close_position` or `quote_quantity`.

    `trigger_price` makes it conditional (STOP or TAKE_PROFIT side by `take_profit`); `trigger_by_mark` compares the
    mark price instead of the last trade. `expire_at` (ns UTC) ends it by itself. `client_order_id` may be used again
    once its order is closed; a front end whose protocol forbids that asks first.
    """

    client_order_id: str
    listing: str
    side: Side
    order_type: OrderType
    time_in_force: TimeInForce
    quantity: Decimal | None
    price: Decimal | None = None
    quote_quantity: Decimal | None = None
    post_only: bool = False
    reduce_only: bool = False
    close_position: bool = False
    leg: Leg = Leg.BOTH
    trigger_price: Decimal | None = None
    take_profit: bool = False
    trigger_by_mark: bool = False
    expire_at: int | None = None


class OrderRecord(msgspec.Struct, frozen=True, kw_only=True):
    """An order as the exchange keeps it; a new record replaces it on each change, `version` counts them.

    `order_id` rises by one per exchange. `average_price` is None before the first fill. A conditional order has
    `triggered` = the order id of what it became, which carries the same client order id.
    """

    order_id: int
    account: str
    request: Request
    status: Status
    quantity: Decimal
    filled: Decimal
    average_price: Decimal | None
    created_at: int
    updated_at: int
    version: int
    price: Decimal | None
    triggered: int | None = None
    reason: Reason = Reason.ACCEPTED
    liquidation: bool = False

    @property
    def open(self) -> bool:
        """Whether it can still do something."""
        return self.status in (Status.NEW, Status.PARTIALLY_FILLED)

    @property
    def conditional(self) -> bool:
        """Whether it waits for (or waited for) a trigger price."""
        return self.request.trigger_price is not None


class Trade(msgspec.Struct, frozen=True, kw_only=True):
    """One execution of one account's order. `trade_id` rises per listing; `fee` > 0 is a cost, in `fee_currency`."""

    trade_id: int
    order_id: int
    account: str
    client_order_id: str
    listing: str
    side: Side
    leg: Leg
    price: Decimal
    quantity: Decimal
    fee: Decimal
    fee_currency: str
    maker: bool
    realized: Decimal
    time: int


class Balance(msgspec.Struct, frozen=True, kw_only=True):
    """Cash of one currency: `total` = `available` + what open orders or positions hold."""

    currency: str
    total: Decimal
    available: Decimal


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """A position on margin; `quantity` signed, in base units."""

    listing: str
    leg: Leg
    quantity: Decimal
    entry_price: Decimal
    mark_price: Decimal
    unrealized: Decimal
    initial_margin: Decimal
    maintenance_margin: Decimal
    leverage: int
    isolated: bool
    liquidation_price: Decimal | None
    updated_at: int


class Payment(msgspec.Struct, frozen=True, kw_only=True):
    """A change of a balance that is no trade.

    `kind` is `funding`, `deposit`, `liquidation_fee` or `insurance` (what a liquidated account owed and was let off).
    """

    payment_id: int
    account: str
    kind: str
    listing: str | None
    currency: str
    amount: Decimal
    rate: Decimal | None
    time: int
    leg: Leg = Leg.BOTH


class Refusal(Exception):
    """The exchange says no; `reason` is canonical, each front end has its own words for it."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(f"{reason.value}: {detail}")
        self.reason = reason
        self.detail = detail


# --- events -------------------------------------------------------------------------------------------------------


class OrderChanged(msgspec.Struct, frozen=True):
    """An account's order changed; `trade` is the execution that changed it, if one did."""

    sequence: int
    time: int
    order: OrderRecord
    trade: Trade | None


class AccountChanged(msgspec.Struct, frozen=True):
    """Balances or positions of an account changed: only those that did. `cause` is `order`, `funding`, ..."""

    sequence: int
    time: int
    account: str
    cause: str
    balances: tuple[Balance, ...]
    positions: tuple[Position, ...]
    payment: Payment | None = None


class BookChanged(msgspec.Struct, frozen=True):
    """Levels of a book that changed: (price, absolute size; 0 = gone). `first`..`last` number the changes."""

    sequence: int
    time: int
    listing: str
    first: int
    last: int
    bids: tuple[tuple[Decimal, Decimal], ...]
    asks: tuple[tuple[Decimal, Decimal], ...]


class PublicTrade(msgspec.Struct, frozen=True):
    """A trade as everyone sees it; `buyer_is_maker` tells the aggressor."""

    sequence: int
    time: int
    listing: str
    trade_id: int
    price: Decimal
    quantity: Decimal
    buyer_is_maker: bool


class MarkChanged(msgspec.Struct, frozen=True):
    """Mark and index price of a perpetual, the funding rate so far and when it is next paid (ns UTC)."""

    sequence: int
    time: int
    listing: str
    mark: Decimal
    index: Decimal
    funding_rate: Decimal
    next_funding: int


class StatusChanged(msgspec.Struct, frozen=True):
    """A listing's rules or state changed, or the whole exchange went into maintenance."""

    sequence: int
    time: int
    rules: Rules | None
    maintenance: bool


Event = OrderChanged | AccountChanged | BookChanged | PublicTrade | MarkChanged | StatusChanged
"""Everything that happens, in one sequence per exchange."""


class Book(msgspec.Struct, frozen=True):
    """Both sides of a book now, best first, with everybody's orders in it; `last` is the number of its last change."""

    listing: str
    time: int
    last: int
    bids: tuple[tuple[Decimal, Decimal], ...]
    asks: tuple[tuple[Decimal, Decimal], ...]


class Candle(msgspec.Struct, frozen=True):
    """A bar of `length` ns from `start` (ns UTC); `closed` when no more can come.

    `taker_buy_volume` and `taker_buy_quote_volume` are the part in which the buyer was the aggressor; `first_trade`
    and `last_trade` are trade ids, -1 where there was none or it is not known.
    """

    listing: str
    start: int
    length: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    quote_volume: Decimal
    trades: int
    closed: bool
    taker_buy_volume: Decimal = Decimal(0)
    taker_buy_quote_volume: Decimal = Decimal(0)
    first_trade: int = -1
    last_trade: int = -1


class Exchange(Protocol):
    """The core as front ends see it. Calls raise `Refusal`; nothing else is an answer of the exchange."""

    @property
    def now(self) -> int:
        """The exchange's clock, ns UTC."""

    def rules(self, listing: str | None = None) -> Sequence[Rules]:
        """All listings, or one. Refuses SYMBOL_UNKNOWN."""

    def subscribe(self, take: Callable[[Event], None]) -> Callable[[], None]:
        """Hand every event from now on to `take`; returns what ends it."""

    def account_of(self, api_key: str) -> tuple[str, str] | None:
        """(account, secret) of an API key; None for an unknown one."""

    def place(self, account: str, request: Request) -> OrderRecord:
        """Take an order; its record is as it stands after matching. Refuses with a canonical reason."""

    def cancel(self, account: str, order_id: int) -> OrderRecord:
        """Cancel an open order. Refuses UNKNOWN_ORDER when it is not open."""

    def amend(self, account: str, order_id: int, quantity: Decimal, price: Decimal) -> OrderRecord:
        """Change an open limit order; a better price or a larger quantity loses its place in the queue."""

    def order(
        self, account: str, *, order_id: int | None = None, client_order_id: str | None = None
    ) -> OrderRecord | None:
        """One order; by client order id the most recent one."""

    def orders(
        self, account: str, listing: str | None = None, *, open_only: bool = False
    ) -> Sequence[OrderRecord]:
        """The account's orders, oldest first."""

    def trades(self, account: str, listing: str | None = None) -> Sequence[Trade]:
        """The account's executions, oldest first."""

    def balances(self, account: str) -> Sequence[Balance]:
        """Cash by currency."""

    def positions(self, account: str) -> Sequence[Position]:
        """Positions that are not flat, and those of listings with open orders."""

    def payments(self, account: str) -> Sequence[Payment]:
        """Funding and other payments, oldest first."""

    def set_leverage(self, account: str, listing: str, leverage: int) -> None:
        """Refuses LEVERAGE."""

    def leverage(self, account: str, listing: str) -> tuple[int, bool]:
        """(leverage, isolated)."""

    def set_isolated(self, account: str, listing: str, isolated: bool) -> bool:
        """Whether it changed. Refuses POSITION_MODE with a position or open orders."""

    def set_hedge_mode(self, account: str, hedge: bool) -> bool:
        """Whether it changed. Refuses POSITION_MODE with a position or open orders."""

    def hedge_mode(self, account: str) -> bool:
        """Whether long and short are kept apart."""

    def count_down(self, account: str, listing: str, until: int | None) -> None:
        """Cancel the account's plain orders on the listing at `until` (ns UTC) unless called again; None = off."""

    def book(self, listing: str, levels: int) -> Book:
        """The book now."""

    def public_trades(self, listing: str, limit: int) -> Sequence[PublicTrade]:
        """The latest trades, oldest first."""

    def candles(
        self, listing: str, length: int, start: int | None, end: int | None, limit: int
    ) -> Sequence[Candle]:
        """Bars that begin in [start, end), oldest first, the last may be open."""

    def mark(self, listing: str) -> MarkChanged:
        """Mark price and funding now."""
