"""A venue in a few lines, with every way a request can end: written independently of what it tests."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from messages.intents import Side, TimeInForce
from messages.orders import Liquidity, OrderState
from messages.reasons import Reason
from messages.venue import (
    CancelOrder,
    CancelResult,
    FillsResult,
    Outcome,
    PlaceOrder,
    PlaceResult,
    QueryFills,
    QueryOrder,
    QueryResult,
    ReplaceOrder,
    ReplaceResult,
    VenueFill,
    VenueOrder,
    VenueTrade,
)
from messages.venue_account import AccountResult
from messages.venue_stream import VenueEvent

OPEN = {OrderState.WORKING, OrderState.PARTIALLY_FILLED}


@dataclass
class Resting:
    """An order at the venue. A stop becomes another order, with another id, when it is set off."""

    request: PlaceOrder
    number: int
    state: OrderState = OrderState.WORKING
    filled: Decimal = Decimal(0)
    price: Decimal | None = None
    waits: bool = False

    @property
    def venue_id(self) -> str:
        return f"s{self.number}" if self.waits else f"v{self.number}"


@dataclass
class FakeVenue:
    """Accepts, fills, cancels and forgets nothing. `delayed` are requests still on their way: (arrival, request).

    It does not keep its promise to refuse requests that are too old, so that late acceptances happen. With
    `stops_wait` a stop does nothing until it is set off; without, its price is there already.
    """

    refuses_used_ids: bool
    stops_wait: bool = False
    orders: dict[str, Resting] = field(default_factory=dict)
    accepted: dict[str, int] = field(default_factory=dict)
    stream: list[VenueEvent] = field(default_factory=list)
    delayed: list[tuple[int, PlaceOrder | ReplaceOrder]] = field(default_factory=list)
    positions: dict[str, Decimal] = field(default_factory=dict)
    now: int = 1

    def place(self, request: PlaceOrder) -> PlaceResult:
        name = request.client_order_id
        if name in self.orders and self.refuses_used_ids:
            return PlaceResult(name, Outcome.REJECTED, Reason.DUPLICATE_CLIENT_ORDER_ID)
        self.accepted[name] = self.accepted.get(name, 0) + 1
        order = Resting(request, len(self.orders) + 1, price=request.limit_price)
        order.waits = self.stops_wait and request.stop_price is not None
        self.orders[name] = order
        self._tell(name, Reason.ACCEPTED)
        return PlaceResult(name, Outcome.ACCEPTED, Reason.ACCEPTED, self.orders[name].venue_id)

    def replace(self, request: ReplaceOrder) -> ReplaceResult:
        name, order = request.client_order_id, self.orders.get(request.client_order_id)
        if order is None or order.state not in OPEN:
            return ReplaceResult(name, Outcome.REJECTED, Reason.UNKNOWN_ORDER)
        order.price = request.limit_price
        return ReplaceResult(name, Outcome.ACCEPTED, Reason.ACCEPTED, order.venue_id)

    def end_what_may_not_rest(self, name: str) -> None:
        """The rest of an immediate-or-cancel order goes."""
        order = self.orders[name]
        if order.request.time_in_force is TimeInForce.IOC and order.state in OPEN:
            order.state = OrderState.CANCELLED
            self._tell(name, Reason.IMMEDIATE_OR_CANCEL)

    def cancel(self, request: CancelOrder) -> CancelResult:
        order = self.orders.get(request.client_order_id)
        if order is None or order.state not in OPEN:
            return CancelResult(request.client_order_id, Outcome.REJECTED, Reason.UNKNOWN_ORDER)
        order.state = OrderState.CANCELLED
        self._tell(request.client_order_id, Reason.CANCEL_REQUESTED)
        return CancelResult(request.client_order_id, Outcome.ACCEPTED, Reason.ACCEPTED)

    def query(self, request: QueryOrder) -> QueryResult:
        order = self.orders.get(request.client_order_id)
        told = None if order is None else self._told(order)
        return QueryResult(request.client_order_id, Outcome.ACCEPTED, told)

    def account(self) -> AccountResult:
        open_orders = tuple(self._told(order) for order in self.orders.values() if order.state in OPEN)
        return AccountResult("paper", Outcome.ACCEPTED, open_orders, {}, dict(self.positions))

    def fills(self, query: QueryFills) -> FillsResult:
        """What was filled, under the venue's own order ids alone, as most lists have it."""
        trades = tuple(
            VenueTrade(event.venue_order_id, None, event.symbol, event.side, event.time, event.fill)
            for event in self.stream
            if event.fill is not None
            and event.symbol == query.symbol
            and event.time >= (query.since or 0)
            and (query.client_order_id or event.client_order_id) == event.client_order_id
        )
        return FillsResult(
            "paper",
            query.symbol,
            Outcome.ACCEPTED,
            trades,
            query.since,
            query.client_order_id,
            query.venue_order_id,
        )

    def trade(self, name: str, quantity: Decimal) -> None:
        """Fill some of an open order."""
        order = self.orders[name]
        quantity = min(quantity, order.request.quantity - order.filled)
        if order.state not in OPEN or quantity <= 0 or order.waits:
            return
        order.filled += quantity
        whole = order.filled == order.request.quantity
        order.state = OrderState.FILLED if whole else OrderState.PARTIALLY_FILLED
        symbol, sign = order.request.symbol, 1 if order.request.side is Side.BUY else -1
        self.positions[symbol] = self.positions.get(symbol, Decimal(0)) + sign * quantity
        self._tell(name, Reason.ACCEPTED, quantity)

    def trigger(self, name: str) -> None:
        """A stop's price comes."""
        order = self.orders[name]
        if order.state in OPEN and order.waits:
            order.waits = False
            self._tell(name, Reason.ACCEPTED)

    def expire(self, name: str) -> None:
        """End an open order without being asked."""
        if self.orders[name].state in OPEN:
            self.orders[name].state = OrderState.EXPIRED
            self._tell(name, Reason.EXPIRED)

    def arrive(self, now: int) -> None:
        """Take the requests that were on their way and have arrived."""
        due = [each for each in self.delayed if each[0] <= now]
        self.delayed = [each for each in self.delayed if each[0] > now]
        for _, request in sorted(due, key=lambda each: each[0]):
            if isinstance(request, PlaceOrder):
                self.place(request)
            else:
                self.replace(request)

    def _tell(self, name: str, reason: Reason, traded: Decimal | None = None) -> None:
        order, sequence = self.orders[name], len(self.stream) + 1
        fill = None
        if traded is not None:
            fill = VenueFill(f"f{sequence}", Decimal(100), traded, Decimal(0), "USDT", Liquidity.MAKER)
        self.stream.append(
            VenueEvent(
                "paper",
                sequence,
                self.now,
                name,
                order.venue_id,
                order.request.symbol,
                order.request.side,
                order.state,
                order.filled,
                fill,
                reason,
            )
        )

    def _told(self, order: Resting) -> VenueOrder:
        request = order.request
        return VenueOrder(
            request.client_order_id,
            order.venue_id,
            request.symbol,
            request.side,
            order.state,
            request.quantity,
            order.filled,
            order.price,
        )
