"""The venue is overrun: requests are turned away or lost for a while, some of them after they were carried out."""

from __future__ import annotations

from collections import Counter

from cluster.drill.arrangement import SECOND, Arrangement, Span, Trouble
from cluster.drill.drill import Check, Drill, Finding, counted, none_of
from cluster.drill.evidence import Evidence
from cluster.drill.line import Request
from cluster.drill.places import after, busiest
from cluster.paper.faults import Fault
from messages.control import Mode
from messages.order_events import OrderPlacing, OrderTransitioned
from messages.orders import OrderState
from messages.venue import CancelOrder, PlaceOrder, QueryOrder

STORM = 12 * SECOND
MOST_SENDS = 3
"""An order is sent at most so often under its id."""
FAULTS = (Fault.RATE_LIMITED, Fault.LOST_AFTER, Fault.LOST_BEFORE)


def _arrange(calm: Evidence) -> Arrangement | None:
    """Where most orders are placed."""
    times = [request.time for request, _ in calm.placements()]
    begin = busiest(times, Span(after(calm, 15), after(calm, 75)), STORM)
    if begin is None:
        return None
    storm = Span(begin, begin + STORM)
    troubles = (
        Trouble(storm, (PlaceOrder,), FAULTS),
        Trouble(storm, (QueryOrder, CancelOrder), (Fault.RATE_LIMITED,)),
    )
    return Arrangement(storm, troubles=troubles)


def _sent(run: Evidence) -> list[tuple[Request, PlaceOrder]]:
    return [(each, each.effect) for each in run.requests if isinstance(each.effect, PlaceOrder)]


def _met(run: Evidence) -> dict[str, list[Request]]:
    """The requests of each order that met the storm, by client order id."""
    found: dict[str, list[Request]] = {}
    for request, order in _sent(run):
        found.setdefault(order.client_order_id, []).append(request)
    return {name: all_ for name, all_ in found.items() if any(each.fault is not Fault.NONE for each in all_)}


def _every_kind(run: Evidence, calm: Evidence) -> Finding:
    kinds: Counter[Fault] = Counter(
        request.fault for request, _ in _sent(run) if request.fault is not Fault.NONE
    )
    seen = ", ".join(f"{kinds[each]} {each.value}" for each in FAULTS)
    return Finding(all(kinds[each] for each in FAULTS), seen)


def _bounded(run: Evidence, calm: Evidence) -> Finding:
    met = _met(run)
    most = max((len(each) for each in met.values()), default=0)
    return Finding(0 < most <= MOST_SENDS, f"at most {most}")


def _in_time(run: Evidence, calm: Evidence) -> Finding:
    return none_of([order.client_order_id for request, order in _sent(run) if request.time > order.deadline])


def _frozen(run: Evidence, calm: Evidence) -> Finding:
    """In the order of execution's journal: while an order's fate is unknown, its symbol's exposure does not grow."""
    unknown: dict[str, str] = {}
    symbols = {order.client_order_id: order.symbol or "" for order in run.orders}
    wrong = []
    for happened in run.happened:
        event = happened.event
        if isinstance(event, OrderTransitioned):
            if event.state is OrderState.UNKNOWN:
                unknown[event.client_order_id] = symbols[event.client_order_id]
            else:
                unknown.pop(event.client_order_id, None)
        elif (
            isinstance(event, OrderPlacing)
            and event.increases_exposure
            and event.terms.symbol in unknown.values()
        ):
            wrong.append(event.client_order_id)
    return none_of(wrong)


def _resolved(run: Evidence, calm: Evidence) -> Finding:
    states = {order.client_order_id: order for order in run.orders}
    ends = Counter(states[name].state.value for name in _met(run))
    open_ = [name for name in _met(run) if states[name].open]
    seen = ", ".join(f"{count} {state}" for state, count in sorted(ends.items()))
    return none_of(open_) if open_ else Finding(bool(ends), seen)


def _mode(run: Evidence, calm: Evidence) -> Finding:
    since = [event.mode for span, event in run.modes() if span.end > run.fault.begin]
    seen = ", ".join(dict.fromkeys(each.value for each in since))
    return Finding(set(since) == {Mode.NORMAL}, seen)


def _goes_on(run: Evidence, calm: Evidence) -> Finding:
    return counted(len(run.placements(Span(run.fault.end, run.span.end))))


DRILL = Drill(
    name="retry_storm",
    says="for 12 s the venue answers 429 or not at all, to some orders after it has taken them",
    length=170 * SECOND,
    arrange=_arrange,
    checks=(
        Check("orders met every kind of fault", _every_kind),
        Check("no order is sent more than 3 times", _bounded),
        Check("none is sent behind its deadline", _in_time),
        Check("a symbol with an order of unknown fate does not add exposure", _frozen),
        Check("every order that met the storm has come to its end", _resolved),
        Check("the mode stays NORMAL", _mode),
        Check("orders reach the venue again afterwards", _goes_on),
    ),
)
