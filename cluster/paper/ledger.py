"""The venue's ledger of orders: what each has become, and the line that tells each event of the engine.

Orders' events and payments of funding share one sequence, given here in the order in which they happened.
"""

from __future__ import annotations

from collections.abc import Iterable

from actors.venues.matching.events import (
    CancelRejected,
    Event,
    FundingPaid,
    OrderAccepted,
    OrderCancelled,
    OrderEvent,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderTriggered,
)
from cluster.paper.lines import FUNDING, EventLine, FillLine, FundingLine, StreamLine
from cluster.paper.records import OrderRecord
from messages.errors import InvariantError
from messages.orders import OrderState
from messages.reasons import Reason

_NAMES: dict[type[OrderEvent], str] = {
    OrderAccepted: "accepted",
    OrderRejected: "rejected",
    OrderTriggered: "triggered",
    OrderFilled: "filled",
    OrderCancelled: "cancelled",
    OrderExpired: "expired",
    CancelRejected: "cancel_rejected",
}
"""What each event of the engine is called on the stream."""

_STATES: dict[type[OrderEvent], OrderState] = {
    OrderAccepted: OrderState.WORKING,
    OrderRejected: OrderState.REJECTED,
    OrderCancelled: OrderState.CANCELLED,
    OrderExpired: OrderState.EXPIRED,
}
"""The state an event leaves its order in, where the event alone says so."""

_REASONED = (OrderRejected, OrderCancelled, OrderExpired, CancelRejected)
"""The events that say why."""


class Ledger:
    """All orders the gateway ever took, by client order id: an id is never taken twice.

    `sequence` is that of the last line told.
    """

    def __init__(self, orders: Iterable[OrderRecord] = (), sequence: int = 0) -> None:
        self.sequence = sequence
        self._orders = {order.request.client_order_id: order for order in orders}
        self._open = {key: order for key, order in self._orders.items() if not order.ended}

    @property
    def orders(self) -> tuple[OrderRecord, ...]:
        """All orders, oldest first."""
        return tuple(self._orders.values())

    @property
    def open_orders(self) -> tuple[OrderRecord, ...]:
        """The orders that something can still come of, oldest first."""
        return tuple(self._open.values())

    def find(self, client_order_id: str) -> OrderRecord | None:
        """The order of this id, None when the gateway never took one."""
        return self._orders.get(client_order_id)

    def add(self, order: OrderRecord) -> None:
        """Enter an order. Raises `InvariantError` when its id was taken before."""
        key = order.request.client_order_id
        if key in self._orders:
            raise InvariantError("a client order id is taken twice", field="client_order_id", value=key)
        self._orders[key] = self._open[key] = order

    def apply(self, event: Event) -> StreamLine:
        """Enter an event of the engine and tell it. Raises `InvariantError` for an order that is not known."""
        if isinstance(event, FundingPaid):
            self.sequence += 1
            return _funding_line(event, self.sequence)
        order = self._orders.get(event.client_order_id)
        if order is None:
            raise InvariantError(
                "the engine tells of an order the gateway never took",
                field="client_order_id",
                value=event.client_order_id,
            )
        fill = None
        reason = Reason.ACCEPTED
        if isinstance(event, OrderFilled):
            order.filled = event.cumulative
            order.state = OrderState.PARTIALLY_FILLED if event.leaves else OrderState.FILLED
            fill = FillLine(
                event.fill_id, event.price, event.quantity, event.fee, event.fee_currency, event.liquidity
            )
        else:
            order.state = _STATES.get(type(event), order.state)
        if isinstance(event, _REASONED):
            reason = event.reason
        if order.ended:
            self._open.pop(event.client_order_id, None)
        self.sequence += 1
        return _line(event, self.sequence, order, fill, reason)


def _line(
    event: OrderEvent, sequence: int, order: OrderRecord, fill: FillLine | None, reason: Reason
) -> EventLine:
    request = order.request
    return EventLine(
        sequence=sequence,
        time=event.time,
        report_time=event.report_time,
        event=_NAMES[type(event)],
        client_order_id=request.client_order_id,
        venue_order_id=order.venue_order_id,
        symbol=request.symbol,
        side=request.side,
        state=order.state,
        quantity=request.quantity,
        filled=order.filled,
        fill=fill,
        reason=reason,
    )


def _funding_line(event: FundingPaid, sequence: int) -> FundingLine:
    return FundingLine(
        sequence=sequence,
        time=event.time,
        report_time=event.report_time,
        event=FUNDING,
        payment_id=f"{FUNDING}-{event.payment}",
        symbol=event.symbol,
        currency=event.currency,
        amount=event.amount,
        rate=event.rate,
        mark_price=event.mark_price,
        position=event.position,
    )
