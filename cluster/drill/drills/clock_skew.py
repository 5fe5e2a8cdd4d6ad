"""The venue's clock is off: a little all along, which must not matter, and for a while by more than can be believed."""

from __future__ import annotations

from functools import partial

from actors.strategy.view import OFFSET_WINDOW
from cluster.drill.arrangement import SECOND, Arrangement, Span
from cluster.drill.drill import Check, Drill, Finding, counted, none_of
from cluster.drill.evidence import Evidence
from cluster.drill.feeds import skewed
from cluster.drill.places import after
from messages.decisions import QuoteFreshAgain, QuoteWentStale

AHEAD = 2 * SECOND
JUMP = 10 * SECOND
LASTING = 10 * SECOND
FORGOTTEN = 2 * OFFSET_WINDOW
"""After this long without it, an offset that was seen once is not believed in any more."""


def _jump(run: Evidence) -> Span:
    """When the clock can't be believed; the same in a run with the fault and without."""
    return Span(after(run, 30), after(run, 30) + LASTING)


def _arrange(calm: Evidence) -> Arrangement | None:
    fault = _jump(calm)
    skew = partial(skewed, ahead=AHEAD, begin=fault.begin, end=fault.end, jump=JUMP)
    return Arrangement(fault, seen=dict.fromkeys(calm.symbols, skew)) if calm.entries() else None


def _decided_before(run: Evidence) -> list[tuple[int, str, str]]:
    """What was decided before the jump."""
    return [
        (each.time, each.event.intent_id, str(each.event.intent.terms))
        for each in run.entries(span=Span(run.span.begin, _jump(run).begin))
    ]


def _constant_is_harmless(run: Evidence, calm: Evidence) -> Finding:
    with_skew, without = _decided_before(run), _decided_before(calm)
    return Finding(bool(without) and with_skew == without, f"{len(with_skew)} of {len(without)} decisions")


def _no_entries(run: Evidence, calm: Evidence) -> Finding:
    """From a second behind the jump on, in which the first quotes come that tell of it."""
    span = Span(run.fault.begin + SECOND, run.fault.end)
    return none_of([each.event.intent_id for each in run.entries(span=span)])


def _not_on_memory(run: Evidence, calm: Evidence) -> Finding:
    """Back at its own time the venue seems to lag by the jump: nothing to tell that from old quotes."""
    rest = Span(run.fault.end, run.fault.end + SECOND)
    return none_of([each.event.intent_id for each in run.entries(span=rest)])


def _told(run: Evidence, calm: Evidence) -> Finding:
    span = Span(run.fault.begin, run.fault.end + OFFSET_WINDOW)
    return counted(len(run.events(QuoteWentStale, span)))


def _recovered(run: Evidence, calm: Evidence) -> Finding:
    rest = Span(run.fault.end, run.fault.end + FORGOTTEN + 10 * SECOND)
    fresh, entries = run.events(QuoteFreshAgain, rest), run.entries(span=rest)
    seconds = (fresh[0].time - run.fault.end) / SECOND if fresh else None
    return Finding(bool(fresh and entries), "never" if seconds is None else f"after {seconds:.0f} s")


DRILL = Drill(
    name="clock_skew",
    says="the venue's clock is 2 s ahead all along, and for 10 s by a further 10 s",
    length=200 * SECOND,
    arrange=_arrange,
    checks=(
        Check("a constant skew changes no decision", _constant_is_harmless),
        Check("no entry while the clock can't be believed", _no_entries),
        Check("nor at once when it is back", _not_on_memory),
        Check("the quotes are told stale", _told),
        Check("decisions go on within 130 s", _recovered),
    ),
)
