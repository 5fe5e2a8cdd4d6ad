"""The price jumps against the largest position: beyond its limits the desk reduces, and further on it is halted."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from cluster.drill.arrangement import SECOND, Arrangement, Span
from cluster.drill.drill import Check, Drill, Finding, none_of
from cluster.drill.evidence import Evidence
from cluster.drill.feeds import shocked
from cluster.drill.places import after, largest_position
from messages.control import Mode
from messages.modes import DrawdownBreached

REDUCE_AT, HALT_AT = 0.005, 0.012
"""The limits the drill sets, parts of NAV: small enough for one position to reach them."""
_DEEPEST = 0.9
"""A price can't fall by more than all of it."""


def _overrides() -> tuple[str, ...]:
    return (
        f"risk.drawdown_reduce={REDUCE_AT}",
        f"risk.drawdown_halt={HALT_AT}",
        "risk.daily_loss_limit=50%",  # the day's limit is another drill's matter
    )


def _arrange(loss: float) -> Callable[[Evidence], Arrangement | None]:
    """A jump that costs this part of NAV at the largest position there is."""

    def arrange(calm: Evidence) -> Arrangement | None:
        held = largest_position(calm, Span(after(calm, 15), after(calm, 60)))
        nav = calm.projection.books.nav
        if held is None or nav is None:
            return None
        move = loss * float(nav) / float(held.value)
        if held.quantity > 0 and move > _DEEPEST:
            return None
        factor = 1 - move if held.quantity > 0 else 1 + move
        tick = float(calm.desk.config.symbols[held.symbol].tick)
        return Arrangement(
            Span(held.time, calm.desk.plan.end or held.time),
            market={held.symbol: partial(shocked, begin=held.time, factor=factor, tick=tick)},
            subject=held.symbol,
        )

    return arrange


def _normal_before(run: Evidence, calm: Evidence) -> Finding:
    before = run.mode_at(run.fault.begin - 1)
    return Finding(before is Mode.NORMAL, before.value)


def _breached(mode: Mode, run: Evidence, calm: Evidence) -> Finding:
    told = [each.event for each in run.events(DrawdownBreached, run.fault) if each.event.mode is mode]
    seen = ", ".join(f"{each.observed:.2f} of {each.limit:.2f}" for each in told)
    return Finding(bool(told) and all(each.observed >= each.limit for each in told), seen or "not told")


def _at_once(mode: Mode, run: Evidence, calm: Evidence) -> Finding:
    span = run.first_span_of(mode)
    if span is None:
        return Finding(False, "never")
    late = span.begin - run.fault.begin
    return Finding(late <= SECOND, f"{late / SECOND:.1f} s later")


def _no_exposure(mode: Mode, run: Evidence, calm: Evidence) -> Finding:
    span = run.first_span_of(mode)
    if span is None:
        return Finding(False, "the mode never came")
    wrong = [
        order.client_order_id
        for _, order in run.placements(Span(span.begin + 1, run.span.end))
        if order.increases_exposure
    ]
    return none_of(wrong)


def _stays(mode: Mode, run: Evidence, calm: Evidence) -> Finding:
    last = [event.mode for _, event in run.modes()][-1]
    return Finding(last is mode, last.value)


def _no_resting(run: Evidence, calm: Evidence) -> Finding:
    span = run.first_span_of(Mode.HALTED)
    if span is None:
        return Finding(False, "never halted")
    return none_of(
        [
            name
            for name, worked in run.working()
            if worked.begin < span.begin and worked.end > span.begin + 2 * SECOND
        ]
    )


def _checks(mode: Mode) -> tuple[Check, ...]:
    shown = mode.value.upper()
    return (
        Check("NORMAL until then", _normal_before),
        Check("the fall is told with its limit", partial(_breached, mode)),
        Check(f"{shown} at once", partial(_at_once, mode)),
        Check("no order that adds exposure from then on", partial(_no_exposure, mode)),
        Check(f"still {shown} in the end: a person has to look", partial(_stays, mode)),
    )


REDUCE = Drill(
    name="drawdown",
    says="the price jumps so that NAV falls by 0.8%, where 0.5% reduces and 1.2% halts",
    length=90 * SECOND,
    arrange=_arrange(0.008),
    checks=_checks(Mode.REDUCE),
    overrides=_overrides(),
)

HALT = Drill(
    name="drawdown_halt",
    says="the price jumps so that NAV falls by 1.6%, where 0.5% reduces and 1.2% halts",
    length=90 * SECOND,
    arrange=_arrange(0.016),
    checks=(*_checks(Mode.HALTED), Check("working orders are cancelled", _no_resting)),
    overrides=_overrides(),
)
