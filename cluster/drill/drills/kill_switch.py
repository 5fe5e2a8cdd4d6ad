"""A person pulls the kill switch in the middle of trading, and lets go of it later."""

from __future__ import annotations

from cluster.drill.arrangement import SECOND, Arrangement, Command, Span
from cluster.drill.drill import Check, Drill, Finding, none_of
from cluster.drill.evidence import Evidence
from cluster.drill.places import after, busiest, busiest_working
from cluster.drill.stage import OPERATOR
from messages.control import Halt, Mode, Resume
from messages.modes import ResumeRefused
from messages.order_events import ExecutionModeSet, OrderPlacing, OrderResent
from messages.venue import CancelOrder

HALTED = 20 * SECOND
RESTING = (2 * SECOND, SECOND, SECOND // 2)
"""How long orders would work on, to have something to cancel: the longest there is."""
UNSAID = 15 * SECOND
"""When somebody tries to resume without an acknowledgement."""
PROMPT = SECOND // 2
"""How soon a cancel must have left."""
GRACE = 2 * SECOND
"""How long a cancel may take to have its effect."""


def _arrange(calm: Evidence) -> Arrangement | None:
    """Where most orders work and would go on to; where none ever does, where most are placed."""
    within = Span(after(calm, 20), after(calm, 50))
    found = (busiest_working(calm, within, lasting) for lasting in RESTING)
    time = next((each for each in found if each is not None), None)
    if time is None:
        time = busiest([request.time for request, _ in calm.placements()], within, HALTED)
    if time is None:
        return None
    return Arrangement(
        Span(time, time + HALTED),
        commands=(
            Command(time, Halt(by=OPERATOR, reason="a drill")),
            Command(time + UNSAID, Resume(by=OPERATOR, acknowledgement=" ")),
            Command(time + HALTED, Resume(by=OPERATOR, acknowledgement="the drill is over")),
        ),
    )


def _halted(run: Evidence) -> Span:
    return run.first_span_of(Mode.HALTED) or Span(run.span.end, run.span.end)


def _at_once(run: Evidence, calm: Evidence) -> Finding:
    late = _halted(run).begin - run.fault.begin
    if run.first_span_of(Mode.HALTED) is None:
        return Finding(False, "never")
    return Finding(late <= SECOND, f"{late / SECOND:.1f} s later")


def _no_exposure(run: Evidence, calm: Evidence) -> Finding:
    """In the order of execution's journal from its first word of the halt on, and by what reached the venue."""
    wrong: list[str] = []
    halted = False
    risky = {order.client_order_id for _, order in run.placements() if order.increases_exposure}
    for happened in run.happened:
        event = happened.event
        if isinstance(event, ExecutionModeSet):
            halted = event.halt_unconfirmed or event.mode is Mode.HALTED
        elif isinstance(event, OrderPlacing | OrderResent) and halted and event.client_order_id in risky:
            wrong.append(event.client_order_id)
    span = Span(_halted(run).begin + 1, _halted(run).end)
    wrong += [order.client_order_id for _, order in run.placements(span) if order.increases_exposure]
    return none_of(wrong) if run.first_span_of(Mode.HALTED) else Finding(False, "never halted")


def _cancelled(run: Evidence, calm: Evidence) -> Finding:
    """Every order that worked when it was halted is gone soon, by a cancel of ours or by itself."""
    begin = run.fault.begin
    working = [(name, span) for name, span in run.working() if span.begin <= begin < span.end]
    asked = {
        each.effect.client_order_id
        for each in run.requests
        if isinstance(each.effect, CancelOrder) and begin <= each.time < begin + PROMPT
    }
    left = [
        name
        for name, span in working
        if span.end > begin + GRACE or (name not in asked and span.end > begin + PROMPT)
    ]
    return none_of(left) if left else Finding(True, f"{len(working)} worked, {len(asked)} cancelled")


def _no_entries(run: Evidence, calm: Evidence) -> Finding:
    span = Span(_halted(run).begin + 1, run.fault.end)
    return none_of([each.event.intent_id for each in run.entries(span=span)])


def _not_without_a_word(run: Evidence, calm: Evidence) -> Finding:
    refused = run.events(ResumeRefused, run.fault)
    stays = _halted(run).end >= run.fault.end
    return Finding(
        bool(refused) and stays, f"{len(refused)} refused, {'still HALTED' if stays else 'resumed'}"
    )


def _goes_on(run: Evidence, calm: Evidence) -> Finding:
    entries = run.entries(span=Span(run.fault.end, run.span.end))
    last = [event.mode for _, event in run.modes()][-1]
    return Finding(bool(entries) and last is Mode.NORMAL, f"{len(entries)} entries, mode {last.value}")


DRILL = Drill(
    name="kill_switch",
    says="the kill switch is pulled while orders work, and cleared by a person 20 s later",
    length=90 * SECOND,
    arrange=_arrange,
    checks=(
        Check("HALTED at once", _at_once),
        Check("no order that adds exposure from then on", _no_exposure),
        Check("working orders are cancelled", _cancelled),
        Check("strategies enter nothing", _no_entries),
        Check("it is not cleared without an acknowledgement", _not_without_a_word),
        Check("trading goes on when a person has cleared it", _goes_on),
    ),
)
