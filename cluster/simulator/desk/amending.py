"""A simulated venue that changes working orders in place: an order keeps its id and gets another price or quantity.

In the book a changed order is another one at the end of the queue; who trades there sees one order all along.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from actors.venues.matching.events import (
    Event,
    FundingPaid,
    OrderAccepted,
    OrderCancelled,
    OrderExpired,
    OrderFilled,
    OrderRejected,
)
from actors.venues.matching.orders import CancelRequest
from cluster.paper.gateway import Refusal, check_order
from cluster.paper.lines import StreamLine
from cluster.paper.records import OrderRecord, new_order
from cluster.simulator.venue import SimulatedVenue
from messages.orders import OrderState
from messages.reasons import Reason
from messages.venue import Outcome, ReplaceOrder, ReplaceResult


class AmendingVenue(SimulatedVenue):
    """See the module docstring."""

    def __init__(self, *arguments: object, **named: object) -> None:
        super().__init__(*arguments, **named)  # type: ignore[arg-type]
        self._heirs: dict[str, OrderRecord] = {}
        """by their id in the book, what orders have become by a change"""
        self._in_book: dict[str, str] = {}
        """the id in the book of orders that were changed"""
        self._left: dict[str, None] = {}
        """what a change takes out of the book: nobody is told of that end"""
        self._changes = 0

    def replace(self, wanted: ReplaceOrder) -> ReplaceResult:
        """Change an order that works in the book, at once; REJECTED leaves it as it is."""
        name = wanted.client_order_id
        record = self.ledger.find(name)
        if record is None or record.ended or record.cancel_wanted or not self._works(record):
            return ReplaceResult(name, Outcome.REJECTED, Reason.UNKNOWN_ORDER)
        changed = msgspec.structs.replace(
            record.request, quantity=wanted.quantity, limit_price=wanted.limit_price
        )
        if wanted.quantity <= record.filled:
            return ReplaceResult(name, Outcome.REJECTED, Reason.LOT_SIZE)
        try:
            check_order(changed, self._instruments)
        except Refusal as refusal:
            return ReplaceResult(name, Outcome.REJECTED, refusal.reason)
        record.request = changed
        self._move(record, changed.quantity - record.filled)
        return ReplaceResult(name, Outcome.ACCEPTED, Reason.ACCEPTED, record.venue_order_id)

    def _works(self, record: OrderRecord) -> bool:
        in_book = self._book_id(record.request.client_order_id)
        orders = self.engine.open_orders(self._account, record.request.symbol)
        return any(each.client_order_id == in_book for each in orders)

    def _move(self, record: OrderRecord, quantity: Decimal) -> None:
        """Take the order out of the book and enter what is left of it anew, with nothing in between."""
        name = record.request.client_order_id
        before = self._book_id(name)
        self._changes += 1
        after = f"{name}-changed-{self._changes:06d}"
        self._left[before] = None
        self._heirs[after], self._in_book[name] = record, after
        self.engine.cancel(CancelRequest(self._account, before), self.time)
        request = msgspec.structs.replace(record.request, client_order_id=after, quantity=quantity)
        self.engine.submit(new_order(self._account, request), self.time)
        self.advance(self.time)

    def _book_id(self, client_order_id: str) -> str:
        """See `SimulatedVenue._book_id`."""
        return self._in_book.get(client_order_id, client_order_id)

    def _entered(self, event: Event) -> StreamLine | None:
        """See `SimulatedVenue._entered`."""
        if isinstance(event, FundingPaid):
            return self.ledger.apply(event)
        in_book = event.client_order_id
        if isinstance(event, OrderCancelled) and in_book in self._left:
            del self._left[in_book]
            return None
        record = self._heirs.get(in_book)
        if record is None:
            return self.ledger.apply(event)
        name = record.request.client_order_id
        if isinstance(event, OrderRejected):
            # to its sender an order that worked has ended: it was not refused
            event = OrderExpired(
                **{field: getattr(event, field) for field in _HEAD},
                reason=event.reason,
                cumulative=record.filled,
            )
        elif isinstance(event, OrderFilled):
            event = msgspec.structs.replace(event, cumulative=record.filled + event.quantity)
        line = self.ledger.apply(msgspec.structs.replace(event, client_order_id=name))
        if isinstance(event, OrderAccepted) and record.filled:
            record.state = OrderState.PARTIALLY_FILLED
        return line


_HEAD = ("account", "sequence", "time", "report_time", "symbol", "client_order_id", "venue_order_id")
