"""Facts against limits: what fills, marks and costs made of the portfolio, and the mode that follows from it.

Apart from `checks`, which judges what is asked for: a fact can't be refused, only answered. Pure functions.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from actors.risk import modes
from actors.risk.exposure import symbol_exposure
from actors.risk.ledger import PEAK_FACTOR
from actors.risk.limits import ONE, ZERO, RiskLimits, listing_id
from actors.risk.state import RiskState
from messages.base import Message
from messages.control import Mode
from messages.modes import (
    Clearing,
    DailyLossBreached,
    DrawdownBreached,
    DrawdownState,
    DrawdownStateChanged,
    LimitBreached,
    ModeSource,
    NavAnomalyFound,
    WeeklyLossBreached,
)
from messages.reasons import Reason

_GROSS_EXPOSURE, _SYMBOL_EXPOSURE = Reason.GROSS_EXPOSURE, Reason.SYMBOL_EXPOSURE
_CASH_RESERVE, _MAX_POSITIONS = Reason.CASH_RESERVE, Reason.MAX_POSITIONS
"""Bound once: to look a member up on its enum class costs as much as the comparison it is for."""

RECOVERED = Decimal("0.5")
"""The drawdown source, and each drawdown state, ends by itself once the fall is back to this part of its limit."""

_NORMAL, _CAUTIOUS, _DEFENSIVE = DrawdownState.NORMAL, DrawdownState.CAUTIOUS, DrawdownState.DEFENSIVE


class Findings(msgspec.Struct):
    """Sources that facts bring up or end, and the events that say so."""

    raised: dict[str, ModeSource] = {}
    ended: list[str] = []
    events: list[Message] = []


def judge(state: RiskState, limits: RiskLimits, now: int, *, unreserved: str | None = None) -> Findings:
    """Compare the portfolio with its limits. `unreserved`: a symbol that grew by what was never approved.

    Nothing that depends on NAV is judged while NAV is unknown: sources stand as they are.
    """
    findings = Findings()
    if state.totals.unvalued or state.corrections or modes.MISSING_MARKS in state.sources:
        _judge_marks(state, findings, now)
    nav = state.nav
    if nav is None:
        return findings
    _judge_exposures(state, limits, now, nav, findings, unreserved)
    _judge_day(state, limits, now, nav, findings)
    if limits.weekly_loss_limit is not None:
        _judge_week(state, limits.weekly_loss_limit, now, nav, findings)
    _judge_drawdown(state, limits, now, nav, findings)
    return findings


def _judge_marks(state: RiskState, findings: Findings, now: int) -> None:
    """What is held without a mark has no known value: exposure may not grow beside it."""
    waiting = {listing_id(each.venue, each.symbol): None for each in state.corrections.values()}
    unvalued = {**state.totals.unvalued, **waiting}
    if not unvalued:
        findings.ended.append(modes.MISSING_MARKS)
    elif modes.MISSING_MARKS not in state.sources:
        text = "no mark for " + ", ".join(unvalued)
        findings.raised[modes.MISSING_MARKS] = modes.reducing(text, now, Clearing.FACT)


def _judge_exposures(
    state: RiskState, limits: RiskLimits, now: int, nav: Decimal, findings: Findings, unreserved: str | None
) -> None:
    symbol_limit, gross_limit = limits.max_symbol_exposure * nav, limits.max_gross_exposure * nav
    # spent cash is measured from what may be spent, so that one rule compares them all
    spendable = nav - limits.min_cash_reserve * nav
    gross, spent, count = state.totals.exposure, nav - state.totals.cash, len(state.totals.active)
    calm = gross <= symbol_limit and gross <= gross_limit and spent <= spendable
    if calm and count <= limits.max_open_positions and not state.sources:
        return  # the rule: no symbol has more than all of them, and nothing stands that could end
    slack = ONE + limits.breach_tolerance
    for symbol in _symbols_to_judge(state):
        bound = symbol_limit if symbol == unreserved else symbol_limit * slack
        observed = symbol_exposure(state, symbol)
        name = modes.EXPOSURE + symbol
        judge_fact(state, findings, now, name, _SYMBOL_EXPOSURE, symbol_limit, observed, bound)
    bound = gross_limit if unreserved else gross_limit * slack
    judge_fact(state, findings, now, modes.GROSS_EXPOSURE, _GROSS_EXPOSURE, gross_limit, gross, bound)
    bound = spendable if unreserved else spendable + limits.breach_tolerance * limits.min_cash_reserve * nav
    judge_fact(state, findings, now, modes.CASH_RESERVE, _CASH_RESERVE, spendable, spent, bound)
    most, active = Decimal(limits.max_open_positions), Decimal(count)
    judge_fact(state, findings, now, modes.OPEN_POSITIONS, _MAX_POSITIONS, most, active, most)


def _symbols_to_judge(state: RiskState) -> dict[str, None]:
    holdings = state.holdings
    symbols = {holdings[listing].symbol: None for listing in state.totals.active}
    for name in state.sources:
        if name.startswith(modes.EXPOSURE):
            symbols[name.removeprefix(modes.EXPOSURE)] = None
    return symbols


def judge_fact(
    state: RiskState,
    findings: Findings,
    now: int,
    name: str,
    reason: Reason,
    limit: Decimal,
    observed: Decimal,
    bound: Decimal,
) -> None:
    """Beyond `bound` the source comes up; it ends at `limit`."""
    if name in state.sources:
        if observed <= limit:
            findings.ended.append(name)
    elif observed > bound:
        findings.raised[name] = modes.reducing(reason.value, now, Clearing.FACT)
        findings.events.append(LimitBreached(name, reason, limit, observed, now))


def _judge_day(state: RiskState, limits: RiskLimits, now: int, nav: Decimal, findings: Findings) -> None:
    anchor = state.day_anchor
    if anchor is None or anchor <= 0 or modes.DAILY_LOSS in state.sources:
        return
    limit = limits.daily_loss_limit * anchor
    if anchor - nav >= limit:
        findings.raised[modes.DAILY_LOSS] = modes.reducing(Reason.DAILY_LOSS.value, now, Clearing.DAY)
        findings.events.append(DailyLossBreached(limit, anchor - nav, now))


def _judge_week(state: RiskState, part: Decimal, now: int, nav: Decimal, findings: Findings) -> None:
    anchor = state.week_anchor
    if anchor is None or anchor <= 0 or modes.WEEKLY_LOSS in state.sources:
        return
    limit = part * anchor
    if anchor - nav >= limit:
        findings.raised[modes.WEEKLY_LOSS] = modes.reducing(Reason.WEEKLY_LOSS.value, now, Clearing.WEEK)
        findings.events.append(WeeklyLossBreached(limit, anchor - nav, now))


def _judge_drawdown(state: RiskState, limits: RiskLimits, now: int, nav: Decimal, findings: Findings) -> None:
    peak = state.peak
    if peak is None or peak <= 0:
        return
    fall, reduce = peak - nav, limits.drawdown_reduce * peak
    if fall < 0 and modes.NAV_ANOMALY not in state.sources:  # or it were the peak itself
        findings.raised[modes.NAV_ANOMALY] = modes.reducing(Reason.NAV_ANOMALY.value, now)
        findings.events.append(NavAnomalyFound(nav, peak, PEAK_FACTOR, now))
    cautious = limits.drawdown_cautious * peak
    if fall >= cautious or state.drawdown_state is not _NORMAL:
        after = _drawdown_state(state.drawdown_state, fall, cautious, limits.drawdown_defensive * peak)
        if after is not state.drawdown_state:
            findings.events.append(DrawdownStateChanged(state.drawdown_state, after, nav, peak, now))
    if fall < reduce and modes.DRAWDOWN not in state.sources:
        return  # nor has it fallen by what halts, which is no less
    levels = (
        (modes.DRAWDOWN_HALT, Mode.HALTED, limits.drawdown_halt * peak),
        (modes.DRAWDOWN, Mode.REDUCE, reduce),
    )
    for name, mode, limit in levels:
        if fall >= limit and name not in state.sources:
            findings.raised[name] = ModeSource(mode, Reason.DRAWDOWN.value, Clearing.PERSON, now)
            findings.events.append(DrawdownBreached(limit, fall, mode, now))
    recovered = fall <= reduce * RECOVERED
    if modes.DRAWDOWN in state.sources and modes.DRAWDOWN_HALT not in state.sources and recovered:
        findings.ended.append(modes.DRAWDOWN)


def _drawdown_state(
    before: DrawdownState, fall: Decimal, cautious: Decimal, defensive: Decimal
) -> DrawdownState:
    """The deepest state whose threshold was reached and that has not recovered since."""
    if fall >= defensive or (before is _DEFENSIVE and fall > defensive * RECOVERED):
        return _DEFENSIVE
    if fall >= cautious or (before is not _NORMAL and fall > cautious * RECOVERED):
        return _CAUTIOUS
    return _NORMAL


def loss_of_day(state: RiskState) -> Decimal | None:
    """What was lost since the day's anchor (negative: gained); None while it is not known."""
    nav = state.nav
    return None if nav is None or state.day_anchor is None else state.day_anchor - nav


def loss_of_week(state: RiskState) -> Decimal | None:
    """What was lost since the week's anchor (negative: gained); None while it is not known."""
    nav = state.nav
    return None if nav is None or state.week_anchor is None else state.week_anchor - nav


def drawdown(state: RiskState) -> Decimal | None:
    """The fall from the highest NAV; None while it is not known."""
    nav = state.nav
    return None if nav is None or state.peak is None else max(state.peak - nav, ZERO)


def investable(state: RiskState, min_cash_reserve: Decimal) -> Decimal | None:
    """What of NAV may be spent: all but the cash reserve and the treasury's part; None while NAV is not known."""
    nav = state.nav
    return None if nav is None else (ONE - min_cash_reserve) * nav - state.capital.treasury
