"""The half of the projection that follows trades: intents, risk's decisions, orders, fills, ledger entries.

Every handler gets or creates what it is about, because journals of several actors are read one after the other.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from actors.execution.state import ExecutionState
from cluster.observe.fingerprint import FingerprintBuilder
from cluster.observe.latency import Histogram, Hop
from cluster.observe.views import ZERO, FillView, IntentView, OrderChange, OrderView
from cluster.observe.wording import number
from messages import decisions as d
from messages import order_events as e
from messages.account_events import ExternalActivity, ExternalSeen
from messages.base import Address, Message
from messages.intents import OrderTerms, Verdict
from messages.orders import Fill, OrderState
from messages.portfolio import FillBooked, FundingBooked, IntentDecided
from messages.reasons import Layer, Reason
from messages.routing import (
    ReplaceEnded,
    ReplaceStarted,
    RouteEnded,
    RouterRecord,
    RouteStaged,
    RouteStarted,
    RouteStopped,
)

FUNDING_KEPT = 10_000
"""Payments of funding kept in detail, the latest ones."""


class OrderDesk:
    """Intents, orders and fills by id, in the order they were heard of, with counts that outlive them."""

    def __init__(self, latencies: dict[Hop, Histogram]) -> None:
        self.intents: dict[str, IntentView] = {}
        self.orders: dict[str, OrderView] = {}
        self.fills: dict[str, FillView] = {}
        self.external: list[ExternalActivity] = []
        self.funding: deque[FundingBooked] = deque(maxlen=FUNDING_KEPT)
        self.latencies = latencies
        self.intents_seen = 0
        self.verdicts: Counter[Verdict] = Counter()
        self.rejected: Counter[Reason] = Counter()
        self.rejected_by_layer: Counter[tuple[Layer, Reason]] = Counter()
        self.decisions: Counter[tuple[d.Decision, Reason]] = Counter()
        self.forgotten_states: Counter[OrderState] = Counter()
        self.orders_seen = 0
        self.passive_orders = 0
        self.fills_seen = 0
        self.fees: dict[str, Decimal] = {}
        self.cancels_asked = 0
        self._last_decision: dict[tuple[Address, str, str], d.DecisionMade] = {}

    def take(self, address: Address, now: int, event: Message) -> None:
        """Fold one event of the actor at `address` in, journalled at desk time `now`."""
        handler = _HANDLERS.get(type(event))
        if handler is not None:
            handler(self, address, now, event)

    def states(self) -> Counter[OrderState]:
        """How many orders are in each state, the forgotten ones included."""
        found = Counter(self.forgotten_states)
        found.update(order.state for order in self.orders.values())
        return found

    def find(self, wanted: str) -> IntentView | None:
        """The intent of this id, or of the order with this client or venue order id; a unique beginning will do."""
        if wanted in self.intents:
            return self.intents[wanted]
        owners = {
            order.intent_id: None
            for order in self.orders.values()
            if wanted in (order.client_order_id, order.venue_order_id)
        }
        if not owners:
            owners = {
                order.intent_id: None
                for order in self.orders.values()
                if order.client_order_id.startswith(wanted)
            }
        return self.intents.get(next(iter(owners)) or "") if len(owners) == 1 else None

    def order(self, client_order_id: str) -> OrderView:
        """The view of this order, begun when there was none."""
        found = self.orders.get(client_order_id)
        if found is None:
            found = self.orders[client_order_id] = OrderView(client_order_id)
            self.orders_seen += 1
        return found

    def intent(self, intent_id: str) -> IntentView:
        """The view of this intent, begun when there was none."""
        found = self.intents.get(intent_id)
        if found is None:
            found = self.intents[intent_id] = IntentView(intent_id)
            self.intents_seen += 1
        return found

    def adopt(self, state: ExecutionState) -> None:
        """Take over the orders that an execution actor remembered at a snapshot; their fills in detail are gone."""
        for known in state.orders.values():
            order = self.order(known.client_order_id)
            _fill_in(order, state.venue, known.terms, known.intent_id, known.requester, known.strategy)
            order.placed_at, order.state, order.reason = known.placed_at, known.state, known.reason
            order.venue_order_id, order.filled, order.sends = known.venue_order_id, known.filled, known.sends
            intent = self.intent(known.intent_id)
            intent.routed = known.routed
            if known.client_order_id not in intent.orders:
                intent.orders.append(known.client_order_id)

    def trim(
        self, intents: int, orders: int, fills: int, sealed: FingerprintBuilder, *, part: int = 10
    ) -> None:
        """Forget what ended longest ago, once there is more than asked for; its fingerprint is kept.

        One in `part` goes at a time: all have to be put in order for it, whatever goes.
        """
        if len(self.orders) > orders:
            self._forget_orders(orders // part + 1, sealed)
        if len(self.fills) > fills:
            self._forget_fills(fills // part + 1, sealed)
        if len(self.intents) > intents:
            for intent_id in list(self.intents)[: intents // part + 1]:
                if self.intents[intent_id].ended:
                    del self.intents[intent_id]

    def _forget_orders(self, count: int, sealed: FingerprintBuilder) -> None:
        oldest = sorted(self.orders.values(), key=lambda order: (order.placed_at or 0, order.intent_id or ""))
        for order in oldest[:count]:
            if order.open:  # the rows behind an open one can't be closed before it
                return
            sealed.seal_order(order)
            self.forgotten_states[order.state] += 1
            del self.orders[order.client_order_id]

    def _forget_fills(self, count: int, sealed: FingerprintBuilder) -> None:
        oldest = sorted(
            self.fills.items(), key=lambda item: (item[1].fill.event_time, item[1].fill.intent_id)
        )
        for key, view in oldest[:count]:
            sealed.seal_fill(view.fill)
            del self.fills[key]

    # ------------------------------------------------------------------ strategies

    def _decision(self, address: Address, now: int, event: d.DecisionMade) -> None:
        self.decisions[event.decision, event.reason] += 1
        if event.decision is d.Decision.TRADE:
            self._last_decision[address, event.strategy, event.symbol] = event

    def _raised(self, address: Address, now: int, event: d.IntentRaised) -> None:
        intent, terms = self.intent(event.intent_id), event.intent.terms
        intent.strategy, intent.requester = event.intent.strategy, address
        intent.symbol, intent.venue, intent.side = terms.symbol, terms.venue, terms.side
        intent.purpose, intent.terms, intent.requested = terms.purpose, terms, terms.quantity
        intent.reason, intent.quote = event.intent.reason, event.intent.quote
        intent.raised_at = event.time
        decision = self._last_decision.get((address, event.intent.strategy, terms.symbol))
        intent.decision = decision if decision is not None and decision.time == event.time else None
        if intent.quote is not None:
            self.latencies[Hop.QUOTE_TO_INTENT].observe(event.time - intent.quote.time)
        self._note(Hop.INTENT_TO_DECISION, intent.raised_at, intent.decided_at)

    def _late_decision(self, address: Address, now: int, event: d.DecisionMade) -> None:
        """A decision may be journalled behind the intent it led to, within the same step."""
        self._decision(address, now, event)
        if event.decision is not d.Decision.TRADE:
            return
        newest = next(reversed(self.intents.values()), None)
        if (
            newest is not None
            and newest.decision is None
            and (newest.requester, newest.strategy, newest.symbol, newest.raised_at)
            == (address, event.strategy, event.symbol, event.time)
        ):
            newest.decision = event

    def _cancel_asked(self, address: Address, now: int, event: d.CancelAsked) -> None:
        self.cancels_asked += 1
        self.intent(event.intent_id).cancel_asked_at = event.time

    def _closed(self, address: Address, now: int, event: d.IntentClosed) -> None:
        self._end(event.intent_id, event.state, event.reason, event.layer, event.filled, event.time)

    def _end(
        self, intent_id: str, state: OrderState, reason: Reason, layer: Layer, filled: Decimal, time: int
    ) -> None:
        intent = self.intent(intent_id)
        if intent.outcome is None and layer is not Layer.RISK and state is OrderState.REJECTED:
            self.rejected_by_layer[layer, reason] += 1
        intent.outcome, intent.outcome_reason, intent.outcome_layer = state, reason, layer
        intent.outcome_filled, intent.closed_at = filled, time

    # ------------------------------------------------------------------ risk

    def _decided(self, address: Address, now: int, event: IntentDecided) -> None:
        intent = self.intent(event.intent_id)
        if intent.verdict is None:
            self.verdicts[event.verdict] += 1
            if event.verdict is Verdict.REJECTED:
                self.rejected[event.reason] += 1
                self.rejected_by_layer[Layer.RISK, event.reason] += 1
        intent.requester, intent.strategy = event.requester, event.strategy
        intent.symbol, intent.venue, intent.side = event.symbol, event.venue, event.side
        intent.purpose, intent.requested = event.purpose, event.requested
        intent.verdict, intent.verdict_reason = event.verdict, event.reason
        intent.approved, intent.checks, intent.decided_at = event.quantity, event.checks, event.time
        self._note(Hop.INTENT_TO_DECISION, intent.raised_at, intent.decided_at)
        for client_order_id in intent.orders[:1]:
            self._note(Hop.DECISION_TO_PLACING, intent.decided_at, self.orders[client_order_id].placed_at)

    def _booked(self, address: Address, now: int, event: FillBooked) -> None:
        self.intent(event.intent_id).ledger.append(event)

    def _funded(self, address: Address, now: int, event: FundingBooked) -> None:
        self.funding.append(event)

    # ------------------------------------------------------------------ execution

    def _placing(self, address: Address, now: int, event: e.OrderPlacing) -> None:
        order, intent = self.order(event.client_order_id), self.intent(event.intent_id)
        _fill_in(order, event.terms.venue, event.terms, event.intent_id, event.requester, event.strategy)
        order.placed_at = event.time
        order.change(
            OrderChange(event.time, "placing", OrderState.PLACING, Reason.ACCEPTED, _asked(event.terms))
        )
        if event.terms.post_only:
            self.passive_orders += 1
        first = not intent.orders
        intent.orders.append(event.client_order_id)
        if first:
            self._note(Hop.DECISION_TO_PLACING, intent.decided_at, event.time)

    def _resent(self, address: Address, now: int, event: e.OrderResent) -> None:
        order = self.order(event.client_order_id)
        order.sends, order.state = event.sends, OrderState.PLACING
        order.change(OrderChange(event.time, "resent", OrderState.PLACING, Reason.ACCEPTED, ""))

    def _simulated(self, address: Address, now: int, event: e.OrderSimulated) -> None:
        order = self.order(event.client_order_id)
        order.state, order.reason = OrderState.SIMULATED, event.reason
        detail = f"{event.route} at {event.price}, cost {event.cost}"
        order.change(OrderChange(event.time, "simulated", order.state, event.reason, detail))

    def _moved(self, address: Address, now: int, event: e.OrderTransitioned) -> None:
        order = self.order(event.client_order_id)
        if event.venue_order_id is not None:
            order.venue_order_id = event.venue_order_id
        if event.state is not order.state:
            order.state, order.reason = event.state, event.reason
            order.change(OrderChange(event.time, event.trigger, event.state, event.reason, event.detail))
        if order.acknowledged_at is None and (event.seen or event.state in _ACKNOWLEDGED):
            self._acknowledge(order, event.time)

    def _filled(self, address: Address, now: int, event: e.FillReceived) -> None:
        fill = event.fill
        key = f"{fill.venue}/{fill.fill_id}"
        if key in self.fills:
            return
        self.fills[key] = FillView(fill, now)
        self.fills_seen += 1
        self.fees[fill.fee_currency] = self.fees.get(fill.fee_currency, ZERO) + fill.fee
        self._add_fill(self.order(fill.client_order_id), fill, now)

    def _add_fill(self, order: OrderView, fill: Fill, now: int) -> None:
        order.filled += fill.quantity
        order.value += fill.quantity * fill.price
        order.fees[fill.fee_currency] = order.fees.get(fill.fee_currency, ZERO) + fill.fee
        if order.acknowledged_at is None:
            self._acknowledge(order, now)
        if order.first_fill_at is None:
            order.first_fill_at = now
            self._note(Hop.ACK_TO_FILL, order.acknowledged_at, now)

    def _acknowledge(self, order: OrderView, time: int) -> None:
        order.acknowledged_at = time
        self._note(Hop.PLACING_TO_ACK, order.placed_at, time)

    def _settled(self, address: Address, now: int, event: e.OrderSettled) -> None:
        order = self.order(event.client_order_id)
        order.settled_at = event.time
        if order.intent_id is None:
            return
        intent = self.intent(order.intent_id)
        if intent.outcome is not None or intent.routed:
            return
        # its requester may have nothing to say any more: parked, or execution itself, closing for a parked one
        refused = order.state is OrderState.REJECTED and order.acknowledged_at is None
        layer = Layer.VENUE if refused else Layer.EXECUTION
        self._end(order.intent_id, order.state, order.reason, layer, event.filled, event.time)

    def _routed(self, address: Address, now: int, event: RouteStarted) -> None:
        intent = self.intent(event.submit.intent_id)
        intent.routed, intent.route = True, event.submit.terms.route
        intent.note_route(event)

    def _route_told(
        self, address: Address, now: int, event: RouteStaged | RouteStopped | RouterRecord
    ) -> None:
        self.intent(event.intent_id).note_route(event)

    def _replace_started(self, address: Address, now: int, event: ReplaceStarted) -> None:
        order = self.order(event.client_order_id)
        order.replacing = (event.price, event.quantity)
        manner = "in place" if event.amends else "by a new order"
        detail = f"{number(event.quantity)} at {number(event.price)}, {manner}"
        order.change(OrderChange(event.time, "replace_started", order.state, event.reason, detail))

    def _replace_ended(self, address: Address, now: int, event: ReplaceEnded) -> None:
        order = self.order(event.client_order_id)
        wanted, order.replacing = order.replacing, None
        if wanted is not None and event.applied:
            order.limit_price, order.quantity = wanted
        detail = "changed" if event.applied else "not changed"
        order.change(OrderChange(event.time, "replace_ended", order.state, event.reason, detail))

    def _route_ended(self, address: Address, now: int, event: RouteEnded) -> None:
        self.intent(event.intent_id).note_route(event)
        if self.intent(event.intent_id).outcome is None:
            self._end(event.intent_id, event.state, event.reason, Layer.EXECUTION, event.filled, event.time)

    def _never_placed(self, address: Address, now: int, event: e.IntentEnded) -> None:
        intent = self.intent(event.intent_id)
        if intent.outcome is None:
            self._end(event.intent_id, event.state, event.reason, Layer.EXECUTION, ZERO, event.time)

    def _external(self, address: Address, now: int, event: ExternalSeen) -> None:
        self.external = [*self.external[-99:], event.activity]

    def _note(self, hop: Hop, start: int | None, end: int | None) -> None:
        if start is not None and end is not None:
            self.latencies[hop].observe(end - start)


_ACKNOWLEDGED = frozenset({OrderState.WORKING, OrderState.PARTIALLY_FILLED, OrderState.FILLED})


def _asked(terms: OrderTerms) -> str:
    """What an order was placed as, in words."""
    kind = "post only" if terms.post_only else terms.order_type.value
    price = terms.limit_price or terms.stop_price
    at = "" if price is None else f" at {number(price)}"
    return f"{terms.side.value} {number(terms.quantity)} {kind}{at}"


def _fill_in(
    order: OrderView, venue: str, terms: OrderTerms, intent_id: str, requester: Address, strategy: str
) -> None:
    order.intent_id, order.venue, order.requester, order.strategy = intent_id, venue, requester, strategy
    order.symbol, order.side, order.order_type = terms.symbol, terms.side, terms.order_type
    order.post_only, order.quantity, order.purpose = terms.post_only, terms.quantity, terms.purpose
    order.limit_price, order.stop_price = terms.limit_price, terms.stop_price


_HANDLERS: dict[type[Message], Callable[[OrderDesk, Address, int, Any], None]] = {
    d.DecisionMade: OrderDesk._late_decision,
    d.IntentRaised: OrderDesk._raised,
    d.CancelAsked: OrderDesk._cancel_asked,
    d.IntentClosed: OrderDesk._closed,
    IntentDecided: OrderDesk._decided,
    FillBooked: OrderDesk._booked,
    FundingBooked: OrderDesk._funded,
    e.OrderPlacing: OrderDesk._placing,
    e.OrderResent: OrderDesk._resent,
    e.OrderSimulated: OrderDesk._simulated,
    e.OrderTransitioned: OrderDesk._moved,
    e.FillReceived: OrderDesk._filled,
    e.OrderSettled: OrderDesk._settled,
    e.IntentEnded: OrderDesk._never_placed,
    RouteStarted: OrderDesk._routed,
    RouteEnded: OrderDesk._route_ended,
    RouteStaged: OrderDesk._route_told,
    RouteStopped: OrderDesk._route_told,
    RouterRecord: OrderDesk._route_told,
    ReplaceStarted: OrderDesk._replace_started,
    ReplaceEnded: OrderDesk._replace_ended,
    ExternalSeen: OrderDesk._external,
}
