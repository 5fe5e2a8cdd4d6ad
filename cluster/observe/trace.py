"""The whole story of one order: quote, decision, intent, risk's checks, the order's states, fills, ledger.

Built from the projection alone; every moment carries its desk time and how long it came after the one before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

import msgspec

from cluster.observe.check_views import CheckView, check_views
from cluster.observe.orders import OrderDesk
from cluster.observe.projection import Projection
from cluster.observe.routes import route_moments
from cluster.observe.views import IntentView, OrderView
from cluster.observe.wording import number
from messages.base import Address
from messages.decisions import DecisionMade
from messages.errors import DeskError
from messages.stages import StageRecords

Detail = str | int | float | bool | None
"""What is told of a moment; amounts are decimal text."""

Told = Detail | Decimal


class TraceStep(msgspec.Struct, frozen=True):
    """One moment. `time` is desk time in ns UTC, `after_ns` the time since the moment before it.

    `kind` is quote, decision, intent, risk, route, order, fill, ledger, funding or outcome. A moment whose time is not
    known has None for both.
    """

    kind: str
    time: int | None
    after_ns: int | None
    actor: Address | None
    title: str
    details: dict[str, Detail]
    checks: tuple[CheckView, ...] = ()
    stages: StageRecords | None = None


class Trace(msgspec.Struct, frozen=True):
    """One intent with everything that came of it. `complete` is False when parts of the journals were gone."""

    intent_id: str
    symbol: str | None
    strategy: str | None
    orders: tuple[str, ...]
    outcome: str
    total_ns: int | None
    complete: bool
    steps: tuple[TraceStep, ...]


class UnknownOrderError(DeskError):
    """There is no order or intent of this id."""

    reason_code = "unknown_order"


def trace(projection: Projection, wanted: str) -> Trace:
    """The trace of the intent or order of this id (client or venue order id, or a unique beginning of one), or of the
    last decision that a strategy recorded on a symbol (`strategy/SYMBOL`).

    Raises `UnknownOrderError`.
    """
    decision = projection.strategies.last_decision(wanted)
    if decision is not None:
        return _of_decision(projection, decision)
    intent = projection.orders.find(wanted)
    if intent is None:
        raise UnknownOrderError(
            "no order or intent of this id is known, nor a recorded decision of such a strategy on such a symbol",
            field="order",
            value=wanted,
            remedy="take an id from `raydesk orders`, or strategy/SYMBOL from `raydesk strategies list`; "
            "what was trimmed from the journals can't be traced; what a strategy would do now: `raydesk probe`",
        )
    moments = sorted(
        _moments(projection.orders, intent),
        key=lambda step: (step.time is None, step.time or 0, _RANK[step.kind]),
    )
    steps = tuple(_timed(moments))
    times = [step.time for step in steps if step.time is not None and step.kind != _FUNDING]
    return Trace(
        intent_id=intent.intent_id,
        symbol=intent.symbol,
        strategy=intent.strategy,
        orders=tuple(intent.orders),
        outcome=_outcome(projection.orders, intent),
        total_ns=times[-1] - times[0] if times else None,
        complete=intent.raised_at is not None and intent.decided_at is not None,
        steps=steps,
    )


def _of_decision(projection: Projection, decision: DecisionMade) -> Trace:
    """A decision by itself: what it saw, whether it traded or not."""
    view = projection.strategies.views[decision.strategy, decision.symbol]
    return Trace(
        intent_id="",
        symbol=decision.symbol,
        strategy=decision.strategy,
        orders=(),
        outcome=decision.decision.value,
        total_ns=None,
        complete=True,
        steps=(_decided(decision, view.address),),
    )


_FUNDING = "funding"

_RANK = {
    kind: rank
    for rank, kind in enumerate(
        ("quote", "decision", "intent", "risk", "route", "order", "fill", "ledger", _FUNDING, "outcome")
    )
}


def _timed(moments: list[TraceStep]) -> Iterator[TraceStep]:
    before: int | None = None
    for step in moments:
        if step.time is not None and before is not None:
            step = msgspec.structs.replace(step, after_ns=step.time - before)
        yield step
        before = step.time if step.time is not None else before


def _moments(desk: OrderDesk, intent: IntentView) -> Iterator[TraceStep]:
    yield from _deciding(intent)
    yield from _judging(intent)
    for client_order_id in intent.orders:
        order = desk.orders.get(client_order_id)
        if order is not None:
            yield from _working(order)
    yield from _routing(intent)
    yield from _filling(desk, intent)
    yield from _holding(desk, intent)
    yield from _ending(intent)


def _step(
    kind: str, time: int | None, actor: Address | None, title: str, told: Mapping[str, Told]
) -> TraceStep:
    details: dict[str, Detail] = {
        name: number(value) if isinstance(value, Decimal) else value for name, value in told.items()
    }
    return TraceStep(kind, time, None, actor, title, details)


def _deciding(intent: IntentView) -> Iterator[TraceStep]:
    quote, decision, terms = intent.quote, intent.decision, intent.terms
    if quote is not None:
        details: dict[str, Told] = {
            "bid": quote.bid,
            "bid_size": quote.bid_size,
            "ask": quote.ask,
            "ask_size": quote.ask_size,
            "venue_time": quote.event_time,
        }
        yield _step("quote", quote.time, "feed", f"{intent.symbol} {quote.bid:g} / {quote.ask:g}", details)
    if decision is not None:
        yield _decided(decision, intent.requester)
    if terms is not None:
        limits: dict[str, Told] = {
            "worst_price": terms.worst_price,
            "limit_price": terms.limit_price,
            "stop_price": terms.stop_price,
            "deadline": terms.deadline,
            "time_to_live_ns": terms.time_to_live,
            "time_in_force": terms.time_in_force.value,
            "post_only": terms.post_only,
            "reduce_only": terms.reduce_only,
            "purpose": terms.purpose.value,
            "reason": intent.reason,
        }
        title = f"{terms.side.value} {number(terms.quantity)} {terms.symbol} {terms.order_type.value}"
        yield _step("intent", intent.raised_at, intent.requester, title, limits)


def _decided(decision: DecisionMade, actor: Address | None) -> TraceStep:
    title = f"{decision.decision.value}: {decision.reason.value}"
    step = _step("decision", decision.time, actor, title, dict(decision.trace))
    return msgspec.structs.replace(step, stages=decision.stages)


def _judging(intent: IntentView) -> Iterator[TraceStep]:
    if intent.verdict is None:
        return
    reason = "" if intent.verdict_reason is None else intent.verdict_reason.value
    details: dict[str, Told] = {
        "requested": intent.requested,
        "approved": intent.approved,
        "reason": reason,
        "checks_failed": sum(not check.passed for check in intent.checks),
    }
    step = _step("risk", intent.decided_at, "risk", f"{intent.verdict.value}: {reason}", details)
    yield msgspec.structs.replace(step, checks=check_views(intent.checks))


def _routing(intent: IntentView) -> Iterator[TraceStep]:
    for moment in route_moments(intent.routing):
        yield _step("route", moment.time, f"execution/{intent.venue}", moment.title, moment.told)


def _working(order: OrderView) -> Iterator[TraceStep]:
    actor = f"execution/{order.venue}"
    for change in order.history:
        details: dict[str, Told] = {
            "client_order_id": order.client_order_id,
            "venue_order_id": order.venue_order_id,
            "trigger": change.trigger,
            "reason": change.reason.value,
            "detail": change.detail or None,
        }
        yield _step("order", change.time, actor, change.state.value, details)
    if order.settled_at is not None:
        settled: dict[str, Told] = {"client_order_id": order.client_order_id, "filled": order.filled}
        yield _step("order", order.settled_at, actor, "settled", settled)


def _filling(desk: OrderDesk, intent: IntentView) -> Iterator[TraceStep]:
    for view in desk.fills.values():
        fill = view.fill
        if fill.intent_id != intent.intent_id:
            continue
        details: dict[str, Told] = {
            "fill_id": fill.fill_id,
            "price": fill.price,
            "quantity": fill.quantity,
            "fee": fill.fee,
            "fee_currency": fill.fee_currency,
            "liquidity": fill.liquidity.value,
            "venue_time": fill.event_time,
        }
        title = f"{fill.side.value} {number(fill.quantity)} at {number(fill.price)} ({fill.liquidity.value})"
        yield _step("fill", view.seen_at, f"execution/{fill.venue}", title, details)
    for entry in intent.ledger:
        booked: dict[str, Told] = {
            "fill_id": entry.fill_id,
            "position": entry.desk.position,
            "cost": entry.desk.cost,
            "realized": entry.desk.realised,
            "fee": entry.fee,
            "cash": entry.cash,
            "currency": entry.currency,
        }
        title = f"position {number(entry.desk.position)}, cash {number(entry.cash)} {entry.currency}"
        yield _step("ledger", entry.time, "risk", title, booked)


def _holding(desk: OrderDesk, intent: IntentView) -> Iterator[TraceStep]:
    """The funding that the strategy bore on the symbol from the intent's first fill until its position was flat."""
    if not intent.ledger:
        return
    first = intent.ledger[0]
    of_position = (first.strategy, first.venue, first.symbol)
    ends = [
        entry.time
        for other in desk.intents.values()
        for entry in other.ledger
        if (entry.strategy, entry.venue, entry.symbol) == of_position
        and not entry.own.position
        and entry.time >= first.time
    ]
    until = min(ends, default=None)
    for paid in desk.funding:
        share = paid.shares.get(first.strategy)
        on_it = share is not None and (paid.venue, paid.symbol) == of_position[1:]
        if on_it and first.time <= paid.time and (until is None or paid.time <= until):
            details: dict[str, Told] = {
                "payment_id": paid.payment_id,
                "rate": paid.funding_rate,
                "share": share,
                "amount": paid.amount,
                "currency": paid.currency,
                "venue_time": paid.event_time,
            }
            yield _step(
                _FUNDING, paid.time, "risk", f"funding {number(share)} of {number(paid.value)}", details
            )


def _ending(intent: IntentView) -> Iterator[TraceStep]:
    if intent.outcome is None:
        return
    details: dict[str, Told] = {
        "reason": None if intent.outcome_reason is None else intent.outcome_reason.value,
        "layer": None if intent.outcome_layer is None else intent.outcome_layer.value,
        "filled": intent.outcome_filled,
    }
    yield _step("outcome", intent.closed_at, intent.requester, intent.outcome.value, details)


def _outcome(desk: OrderDesk, intent: IntentView) -> str:
    if intent.outcome is not None:
        return intent.outcome.value
    if intent.ended and intent.verdict is not None:
        return intent.verdict.value
    states = [desk.orders[each].state.value for each in intent.orders if each in desk.orders]
    return states[-1] if states else "open"
