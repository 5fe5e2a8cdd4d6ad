"""Invariant 1: no order beyond its approval, in quantity or price, and no client order id twice at a venue.

An approval is a committed `SubmitOrder` of risk. What may live at a venue is taken from the venue's own ledger.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from decimal import Decimal

from cluster.paper.lines import EventLine
from cluster.simulator.desk.audit.changes import ChangeAudit
from cluster.simulator.desk.audit.corrections import Corrections
from cluster.simulator.desk.audit.finding import Finding
from cluster.simulator.desk.audit.promises import Promise
from cluster.simulator.venue import SimulatedVenue
from cluster.store.port import Section
from messages.account_events import PositionCorrected
from messages.base import Address
from messages.intents import CancelIntent, OrderTerms, Purpose, SubmitOrder
from messages.order_events import OrderPlacing, OrderResent
from messages.orders import TERMINAL
from messages.reasons import Reason
from messages.routing import ReplaceEnded, ReplaceStarted
from messages.venue import Outcome, PlaceOrder, PlaceResult, ReplaceOrder, ReplaceResult

ZERO = Decimal(0)
OrderMemory = tuple[dict[str, tuple[int, SubmitOrder]], dict[tuple[Address, str], None]]


class OrderAudit:
    """See the module docstring. `takes_ids_again` are the venues that don't refuse an id for ever.

    An approval has a number of its own: after a loss of history intent ids come up again, while an approval that the
    backup contains is the same one, under whatever generation its order is placed.
    """

    def __init__(self, venues: dict[str, SimulatedVenue], *, takes_ids_again: Collection[str]) -> None:
        self.promises: dict[str, Promise] = {}
        self.fills: dict[tuple[str, str], EventLine] = {}
        self.cancelled: dict[tuple[Address, str], None] = {}
        """by execution and intent id, the cancels that were taken"""
        self.ended: dict[str, int] = {}
        """when orders ended at their venue, its time"""
        self.by_hand: dict[str, None] = {}
        """client order ids of what a person did at a venue, past the desk"""
        self.corrections = Corrections()
        self.changes = ChangeAudit(venues)
        self._venues = venues
        self._takes_ids_again = takes_ids_again
        self._approvals = 0
        self._approved: dict[str, tuple[int, SubmitOrder]] = {}
        self._orders: dict[int, list[str]] = {}
        self._filled: Counter[str] = Counter()

    def committed(self, section: Section) -> None:
        """A step was committed: note approvals of risk and promises of execution."""
        if section.address == "risk":
            for envelope in section.envelopes:
                if isinstance(envelope.message, SubmitOrder):
                    self._approvals += 1
                    self._approved[envelope.message.intent_id] = (self._approvals, envelope.message)
        elif section.address.startswith("execution/"):
            for event in section.record.events:
                if isinstance(event, OrderPlacing):
                    self._promise(section, event)
                elif isinstance(event, OrderResent):
                    self.promises[event.client_order_id].promised += 1
                elif isinstance(event, PositionCorrected):
                    self.corrections.committed(event)
                elif isinstance(event, ReplaceStarted | ReplaceEnded):
                    self.changes.committed(event, self.promises[event.client_order_id])

    def took(self, execution: Address, message: object) -> None:
        """Execution has taken this mail: after a cancel its intent is not placed any more."""
        if isinstance(message, CancelIntent):
            self.cancelled[execution, message.intent_id] = None

    def released(self, names: Collection[str], booked: Decimal) -> None:
        """Risk frees the reservation of an intent with these orders: none lives, and what was filled is booked."""
        if any(name in self.promises and self.promises[name].overdue for name in names):
            return
        filled = ZERO
        for name in names:
            promise = self.promises.get(name)
            record = None if promise is None else self._venues[promise.terms.venue].ledger.find(name)
            if record is None:
                continue
            filled += record.filled
            if not record.ended or filled > booked:
                state = (record.state, filled, booked)
                raise self._finding("a reservation was freed too early", "risk", name, state)

    def _promise(self, section: Section, event: OrderPlacing) -> None:
        if (section.address, event.intent_id) in self.cancelled:
            raise self._finding(
                "an intent was placed after its cancel", section.address, event.client_order_id, event
            )
        approval, submit = self._approved.get(event.intent_id, (0, None))
        if submit is None or not _within(event, submit):
            raise self._finding("an order beyond its approval", section.address, event.client_order_id, event)
        known = self.promises.get(event.client_order_id)
        if known is not None:
            known.promised += 1
            return
        self.promises[event.client_order_id] = Promise(
            section.address,
            approval,
            event.terms,
            event.strategy,
            event.requester,
            event.beneficiary,
            event.increases_exposure,
            submit.terms.quantity,
        )
        self._orders.setdefault(approval, []).append(event.client_order_id)

    def written(self, address: Address, order: PlaceOrder) -> Promise:
        """A request to place is written: it was promised, and no more often than that."""
        promise = self.promises.get(order.client_order_id)
        if promise is None or promise.written >= promise.promised:
            raise self._finding(
                "a request to place that no commit has promised", address, order.client_order_id, order
            )
        promise.written += 1
        terms = promise.terms
        if order.quantity > terms.quantity or order.side is not terms.side or order.symbol != terms.symbol:
            raise self._finding("another order than approved", address, order.client_order_id, order)
        if terms.purpose is not Purpose.FLATTEN and _is_unbounded(order, terms):
            raise self._finding(
                "an order may be filled at a worse price than approved", address, order.client_order_id, order
            )
        return promise

    def arrived(self, venue: str, order: PlaceOrder, result: PlaceResult) -> None:
        """A request to place has reached its venue."""
        name, address = order.client_order_id, f"execution/{venue}"
        promise = self.promises[name]
        if result.outcome is not Outcome.ACCEPTED:
            if venue in self._takes_ids_again and result.reason is Reason.DUPLICATE_CLIENT_ORDER_ID:
                raise self._finding("an order was sent twice to a venue that takes ids again", address, name)
            return
        if promise.at_venue:
            raise self._finding("one client order id made two orders", address, name)
        promise.at_venue = True
        exposed = sum((self._exposed(venue, each) for each in self._orders[promise.approval]), ZERO)
        if exposed > promise.approved:
            raise self._finding("more may be filled than was approved", address, name, exposed)

    def change_written(self, address: Address, wanted: ReplaceOrder) -> None:
        """A request to change an order is written: it was promised, and stays within the approval."""
        promise = self.promises.get(wanted.client_order_id)
        if promise is None or not self.changes.written(wanted):
            raise self._finding(
                "a request to change an order that no commit has promised",
                address,
                wanted.client_order_id,
                wanted,
            )
        terms = promise.terms
        worse = (wanted.limit_price - terms.worst_price) * terms.side.sign > 0
        if worse or wanted.quantity > terms.quantity or wanted.side is not terms.side:
            raise self._finding(
                "an order is changed beyond its approval", address, wanted.client_order_id, wanted
            )

    def changed(self, venue: str, wanted: ReplaceOrder, result: ReplaceResult) -> None:
        """A request to change an order has reached its venue."""
        promise = self.promises[wanted.client_order_id]
        self.changes.arrived(wanted, result, promise)
        exposed = sum((self._exposed(venue, each) for each in self._orders[promise.approval]), ZERO)
        if exposed > promise.approved:
            address = f"execution/{venue}"
            raise self._finding(
                "more may be filled than was approved", address, wanted.client_order_id, exposed
            )

    def remember(self) -> OrderMemory:
        """What a backup of the store taken now contains."""
        return dict(self._approved), dict(self.cancelled)

    def forget_to(self, memory: OrderMemory) -> None:
        """History was lost: approvals and cancels are those of the backup. What was promised, may live at a venue."""
        approved, cancelled = memory
        self._approved, self.cancelled = dict(approved), dict(cancelled)
        self.changes.forget()

    def _exposed(self, venue: str, name: str) -> Decimal:
        record = self._venues[venue].ledger.find(name)
        if record is None:
            return ZERO
        return record.filled if record.ended else record.request.quantity

    def happened(self, venue: str, line: EventLine) -> None:
        """An event in a venue's book: a fill is new, within the order and no worse than approved."""
        fill = line.fill
        if line.state in TERMINAL:
            self.ended[line.client_order_id] = line.time
        if fill is None:
            return
        name, address = line.client_order_id, f"execution/{venue}"
        if (venue, fill.fill_id) in self.fills:
            raise self._finding("the venue gave one fill id twice", address, name, fill)
        self.fills[venue, fill.fill_id] = line
        if name in self.by_hand:
            return
        promise = self.promises[name]
        self._filled[name] += fill.quantity  # type: ignore[assignment]
        if self._filled[name] > promise.terms.quantity:
            raise self._finding("more was filled than was approved", address, name, self._filled[name])
        terms = promise.terms
        worse = (fill.price - terms.worst_price) * terms.side.sign > 0
        # an order that flattens must get out: execution sends it unbounded (`bound_market_orders`)
        if worse and terms.purpose is not Purpose.FLATTEN:
            raise self._finding("filled at a worse price than approved", address, name, fill)

    def _finding(self, what: str, address: Address, name: str, value: object = None) -> Finding:
        promise = self.promises.get(name)
        actors = [address, "risk"]
        if promise is not None and promise.requester not in actors:
            actors.append(promise.requester)
        return Finding(1, f"{what}: {name}", actors=actors, value=value)


def _is_unbounded(order: PlaceOrder, terms: OrderTerms) -> bool:
    if order.limit_price is None:
        return order.stop_price is None  # a protective stop gets out at the market once it is triggered
    return (order.limit_price - terms.worst_price) * terms.side.sign > 0


def _within(event: OrderPlacing, submit: SubmitOrder) -> bool:
    placed, approved = event.terms, submit.terms
    worse = (placed.worst_price - approved.worst_price) * approved.side.sign > 0
    same = (placed.symbol, placed.venue, placed.side) == (approved.symbol, approved.venue, approved.side)
    unflagged = event.increases_exposure or not submit.increases_exposure
    return same and unflagged and placed.quantity <= approved.quantity and not worse
