"""A symbol's feed stands still, then runs behind, then catches up: nobody may trade on what is no longer true."""

from __future__ import annotations

from functools import partial

import msgspec

from cluster.drill.arrangement import SECOND, Arrangement, Command, Span
from cluster.drill.drill import Check, Drill, Finding, counted, none_of
from cluster.drill.evidence import Evidence
from cluster.drill.feeds import stalled
from cluster.drill.places import after, busiest
from cluster.drill.stage import OPERATOR
from cluster.simulator.lockstep import LockstepDesk
from messages.decisions import QuoteFreshAgain, QuoteWentStale
from messages.intents import OrderIntent, Side, Verdict
from messages.portfolio import IntentDecided
from messages.reasons import Reason

STILL = 8 * SECOND
"""How long nothing comes, and how far behind the rows are that come then: longer than a quote or mark may be old."""
BEHIND = 12 * SECOND
"""How long it runs behind before it catches up."""


def _arrange(calm: Evidence) -> Arrangement | None:
    """Where the symbol that decides most would have decided most."""
    best: tuple[int, int, str] | None = None
    for symbol in calm.symbols:
        times = [each.time for each in calm.entries(symbol)]
        begin = busiest(times, Span(after(calm, 15), after(calm, 50)), BEHIND)
        if begin is not None:
            count = sum(1 for time in times if begin <= time < begin + BEHIND)
            if best is None or count > best[0]:
                best = (count, begin, symbol)
    if best is None:
        return None
    _, begin, symbol = best
    return Arrangement(
        Span(begin, begin + STILL + BEHIND),
        seen={symbol: partial(stalled, begin=begin, delay=STILL, lasting=BEHIND)},
        commands=(_probe(calm, symbol, begin),),
        subject=symbol,
    )


def _probe(calm: Evidence, symbol: str, begin: int) -> Command:
    """An intent such as the symbol's strategies raise, straight to risk, at the end of the standstill."""
    time = begin + STILL - SECOND // 2
    model = calm.entries(symbol)[0].event.intent

    def intent(desk: LockstepDesk) -> OrderIntent:
        # on the side of what is held: an order that reduces passes on any mark, as it should
        account = desk.venues[f"execution/{model.terms.venue}"].engine.account(desk.config.desk.name)
        held = account.positions.get(symbol)
        side = Side.SELL if held is not None and held.quantity < 0 else Side.BUY
        terms = msgspec.structs.replace(model.terms, side=side, deadline=time + SECOND)
        return OrderIntent(model.strategy, terms, None, "probe")

    return Command(time, intent, recipient="risk")


def _behind(run: Evidence) -> Span:
    return Span(run.fault.begin + STILL, run.fault.end)


def _probe_refused(run: Evidence, calm: Evidence) -> Finding:
    answers = [each.event for each in run.events(IntentDecided) if each.event.requester == OPERATOR]
    refused = [each for each in answers if each.verdict is Verdict.REJECTED]
    seen = ", ".join(f"{each.verdict.value} {each.reason.value}" for each in answers) or "no answer"
    return Finding(bool(refused) and all(each.reason is Reason.MARK_STALE for each in refused), seen)


def _no_entries(run: Evidence, calm: Evidence) -> Finding:
    return none_of([each.event.intent_id for each in run.entries(run.subject, _behind(run))])


def _told_stale(run: Evidence, calm: Evidence) -> Finding:
    told = run.events(QuoteWentStale, _behind(run))
    return counted(sum(1 for each in told if each.event.symbol == run.subject))


def _others_trade(run: Evidence, calm: Evidence) -> Finding:
    others = [symbol for symbol in run.symbols if symbol != run.subject]
    if not others:
        return Finding(True, "no other symbol is traded")
    expected = [symbol for symbol in others if calm.entries(symbol, run.fault)]
    counts = {symbol: len(run.entries(symbol, run.fault)) for symbol in expected}
    seen = ", ".join(f"{symbol} {count}" for symbol, count in counts.items())
    return Finding(bool(counts) and all(counts.values()), seen or "no other symbol had anything to decide")


def _recovered(run: Evidence, calm: Evidence) -> Finding:
    rest = Span(run.fault.end, run.span.end)
    fresh = [each for each in run.events(QuoteFreshAgain, rest) if each.event.symbol == run.subject]
    entries = run.entries(run.subject, rest)
    return Finding(bool(fresh and entries), f"told fresh {len(fresh)} times, {len(entries)} entries")


DRILL = Drill(
    name="stale_quotes",
    says="a symbol's feed stands still for 8 s, runs 8 s behind for 12 s, and catches up",
    length=90 * SECOND,
    arrange=_arrange,
    checks=(
        Check("an intent on the mark that stood still is refused: mark_stale", _probe_refused),
        Check("no entry on quotes that are 8 s old", _no_entries),
        Check("the quotes are told stale", _told_stale),
        Check("other symbols trade on", _others_trade),
        Check("decisions go on once it has caught up", _recovered),
    ),
)
