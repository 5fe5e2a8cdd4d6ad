"""The store has lost history, the account does not answer and the private stream is silent: no exposure is added until
the books are known to agree."""

from __future__ import annotations

from itertools import pairwise

from cluster.drill.arrangement import SECOND, Arrangement, Command, Span, Trouble
from cluster.drill.drill import Check, Drill, Finding, counted, none_of
from cluster.drill.evidence import Evidence
from cluster.drill.places import after
from cluster.paper.faults import Fault
from messages.account_events import VenueAccountCompared, VenueAccountDiffers
from messages.control import Mode, StoreRenewed
from messages.order_events import FillReceived
from messages.venue import Outcome
from messages.venue_account import AccountResult, QueryAccount
from messages.venue_stream import VenueEvent

UNANSWERED = 8 * SECOND
SILENT = 20 * SECOND
"""Long enough for the account to be looked at again and again while fills are under way."""
SOURCE = "reconciliation:"
LOST = StoreRenewed(generation="drilled")


def _arrange(calm: Evidence) -> Arrangement | None:
    """Right behind an order that is filled at once: its fill is under way when everything goes quiet."""
    filled = {event.client_order_id: event.time for event in calm.venue_events() if event.fill is not None}
    for request, order in calm.placements(Span(after(calm, 20), after(calm, 45))):
        if request.time < filled.get(order.client_order_id, 0) < request.time + SECOND:
            begin = request.time + 1
            return Arrangement(
                Span(begin, begin + SILENT),
                troubles=(Trouble(Span(begin, begin + UNANSWERED), (QueryAccount,), (Fault.LATE,)),),
                silence=Span(begin, begin + SILENT),
                commands=(Command(begin, LOST),),
                subject=order.symbol,
            )
    return None


def _reduced(run: Evidence) -> Span:
    """When the desk waited for reconciliation: from the first such mode behind the fault to the first without."""
    begin = end = run.span.end
    for span, event in run.modes():
        if span.begin < run.fault.begin:
            continue
        waits = any(name.startswith(SOURCE) for name in event.sources)
        if waits and begin == run.span.end:
            begin = span.begin
        elif not waits and begin < span.begin:
            end = span.begin
            break
    return Span(begin, end)


def _held(run: Evidence) -> list[VenueEvent]:
    """The fills that were made while the stream was silent."""
    return [each for each in run.venue_events() if each.fill is not None and each.time in run.fault]


def _at_once(run: Evidence, calm: Evidence) -> Finding:
    begin = _reduced(run).begin
    late = begin - run.fault.begin
    modes = [event.mode for span, event in run.modes() if span.begin == begin]
    if begin == run.span.end:
        return Finding(False, "never")
    return Finding(late <= SECOND and Mode.REDUCE in modes, f"{late / SECOND:.1f} s later")


def _asked(run: Evidence, calm: Evidence) -> Finding:
    times = [
        each.time
        for each in run.requests
        if isinstance(each.answer, AccountResult) and each.answer.outcome is Outcome.NO_ANSWER
    ]
    waits = [later - earlier for earlier, later in pairwise(times)]
    growing = all(later > earlier for earlier, later in pairwise(waits))
    seen = ", ".join(f"{wait / SECOND:.1f} s" for wait in waits)
    return Finding(len(times) >= 3 and growing, f"{len(times)} times, {seen} apart")


def _under_way(run: Evidence, calm: Evidence) -> Finding:
    return counted(len(_held(run)))


def _differs(run: Evidence, calm: Evidence) -> Finding:
    told = [each.event.detail for each in run.events(VenueAccountDiffers, run.fault)]
    return Finding(bool(told), told[0] if told else "not told")


def _no_exposure(run: Evidence, calm: Evidence) -> Finding:
    reduced = _reduced(run)
    span = Span(reduced.begin + 1, reduced.end)
    wrong = [order.client_order_id for _, order in run.placements(span) if order.increases_exposure]
    return Finding(False, "never reduced") if reduced.begin == run.span.end else none_of(wrong)


def _booked(run: Evidence, calm: Evidence) -> Finding:
    booked = {each.event.fill.fill_id: each.time for each in run.events(FillReceived)}
    held = [each.fill.fill_id for each in _held(run) if each.fill is not None]
    wrong = [name for name in held if booked.get(name, 0) < run.fault.end]
    return none_of(wrong) if wrong else Finding(bool(held), f"{len(held)} fills")


def _agrees(run: Evidence, calm: Evidence) -> Finding:
    reduced = _reduced(run)
    compared = run.events(VenueAccountCompared, Span(run.fault.end, run.span.end))
    last = [event.mode for _, event in run.modes()][-1]
    entries = run.entries(span=Span(reduced.end, run.span.end))
    seconds = (reduced.end - run.fault.begin) / SECOND
    return Finding(
        bool(compared and entries) and last is Mode.NORMAL,
        f"after {seconds:.0f} s, {len(entries)} entries since, mode {last.value}",
    )


DRILL = Drill(
    name="reconcile_lag",
    says="history is lost, the account does not answer for 8 s, the private stream is silent for 20 s",
    length=150 * SECOND,
    arrange=_arrange,
    checks=(
        Check("REDUCE at once", _at_once),
        Check("the account is asked for again, ever later", _asked),
        Check("fills were under way meanwhile", _under_way),
        Check("what differs is told", _differs),
        Check("no order adds exposure until the account agrees", _no_exposure),
        Check("the fills are booked when they come", _booked),
        Check("it agrees in the end, and trading goes on", _agrees),
    ),
)
