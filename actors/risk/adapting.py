"""The part of the risk actor that splits capital over strategies and lets limits adapt; off unless it is asked for.

Apart from `allocation` and `adaptation`, which are pure functions. Both work by messages and events that a person's own
commands use as well: `SetStrategyBudget`, `LimitSet`.
"""

from __future__ import annotations

from decimal import Decimal

from actors.base import Context, applies, receives
from actors.risk import modes
from actors.risk.adaptation import (
    ADAPTATION,
    Loosening,
    Step,
    has_become_worse,
    least,
    proposed,
)
from actors.risk.allocation import Figures, figures_of, plan, weights_of
from actors.risk.facts import investable
from actors.risk.ledger import unrealised_of
from actors.risk.limit_book import own_value
from actors.risk.limit_table import parse, write
from actors.risk.limits import ZERO, RiskLimits
from actors.risk.measuring import Measurer
from actors.risk.state import RiskState
from messages.base import CONTROL, Message
from messages.control import Mode
from messages.decisions import SetStrategyBudget
from messages.limits import DESK, LimitSet
from messages.orders import OrderReport, OrderState
from messages.reasons import Reason
from messages.statistics import (
    AdaptationOutcome,
    AdaptationStep,
    Allotment,
    BudgetPinned,
    CapitalAllocated,
    CycleEnded,
    CycleFigures,
    LimitsAdapted,
    RejectCounted,
    StrategiesObserved,
)

_REJECTED = OrderState.REJECTED
_PARTS = Decimal("0.000001")


class Adapter(Measurer):
    """Splits and adapts; see the module's docstring."""

    def _adapt(self, message: Message, ctx: Context) -> None:
        """After every input: what has come due."""
        allocation, adaptation = self._settings.allocation, self._settings.adaptation
        if (
            allocation.enabled
            and ctx.now // allocation.every > self.state.allocation.observed_at // allocation.every
        ):
            self._observe_strategies(ctx)
        if not adaptation.enabled:
            return
        if type(message) is OrderReport and message.final and message.state is _REJECTED:
            ctx.emit(RejectCounted(message.reason is Reason.RATE_LIMIT))
        if ctx.now >= self.state.adaptation.ends_at:
            self._end_cycle(ctx)

    # --- capital ----------------------------------------------------------------------------------------------

    @receives(SetStrategyBudget)
    def on_budget(self, message: SetStrategyBudget, ctx: Context) -> None:
        """A person has set a budget: splits leave it alone from here on, until it is given back."""
        settings = self._settings.allocation
        takes_part = settings.enabled and message.strategy in settings.strategies
        if takes_part and ctx.sender != self.address:
            ctx.emit(BudgetPinned(message.strategy, message.budget, message.by, ctx.now))

    def _observe_strategies(self, ctx: Context) -> None:
        """Note what strategies have made since the last time; then split the capital, where its size is known."""
        state, settings = self.state, self._settings.allocation
        free = investable(state, self._limits.min_cash_reserve)
        if free is None:
            return
        capital = settings.share * max(ZERO, free)
        profits = {name: profit_of(state, name) for name in settings.strategies}
        returns = {}
        if state.allocation.observed_at and capital > 0:
            equal = capital / len(profits)
            returns = {name: self._return_of(name, profit, equal) for name, profit in profits.items()}
        ctx.emit(StrategiesObserved(profits, returns, settings.lookback, ctx.now))
        self._split(capital, ctx)

    def _return_of(self, strategy: str, profit: Decimal | None, equal: Decimal) -> float | None:
        """What a strategy has made since the last time, as a part of its budget."""
        known = self.state.allocation
        before = known.profits.get(strategy)
        budget = known.pinned.get(strategy) or known.budgets.get(strategy) or equal
        return None if profit is None or before is None else float((profit - before) / budget)

    def _split(self, capital: Decimal, ctx: Context) -> None:
        settings, known = self._settings.allocation, self.state.allocation
        record = figures_of(known.returns, settings)
        free = {name: figures for name, figures in record.items() if name not in known.pinned}
        capital -= sum((known.pinned[name] for name in record if name in known.pinned), ZERO)
        weights = weights_of(free, settings)
        changes = plan(weights, capital, known.budgets, settings, self.state.mode)
        if not changes:
            return
        allotments = [
            _allotment(each.strategy, weights[each.strategy], each.before, each.after, record[each.strategy])
            for each in changes
        ]
        ctx.emit(CapitalAllocated(capital, tuple(allotments), ctx.now))
        for each in changes:
            ctx.send(CONTROL, SetStrategyBudget(each.strategy, f"{self.address}/allocation", each.after))

    # --- limits -----------------------------------------------------------------------------------------------

    def _end_cycle(self, ctx: Context) -> None:
        """Look at the cycle that is over, and at those before it; then begin another."""
        state, settings = self.state, self._settings.adaptation
        figures = _figures(state, self._limits) if state.adaptation.ends_at else None
        ends_at = (ctx.now // settings.cycle + 1) * settings.cycle
        ctx.emit(CycleEnded(figures, state.nav, state.deposits, settings.window, ends_at, ctx.now))
        if figures is None:
            return
        loosening = state.adaptation.loosening
        if loosening is not None and has_become_worse(loosening.cycles, settings):
            self._roll_back(loosening, ctx)
            return
        present = {name: parse(name, text) for name, text in state.limit_changes.get(ADAPTATION, {}).items()}
        steps = proposed(state.adaptation.cycles, self._configured(), present, settings)  # type: ignore[arg-type]
        if steps:
            self._take_steps(steps, ctx)

    def _configured(self) -> RiskLimits:
        """The desk's limits as settings and people have them."""
        return self._engine.book(self.state).configured

    def _take_steps(self, steps: list[Step], ctx: Context) -> None:
        state = self.state
        told = tuple(
            AdaptationStep(
                step.limit, write(step.before), None if step.after is None else write(step.after), step.sign
            )
            for step in steps
        )
        loosens = any(step.after is None or step.after > step.before for step in steps)
        before, applied = dict(state.limit_changes.get(ADAPTATION, {})), state.mode is Mode.NORMAL
        outcome = AdaptationOutcome.APPLIED if applied else AdaptationOutcome.REJECTED
        version = state.limit_version + (len(steps) if applied else 0)
        ctx.emit(LimitsAdapted(outcome, told, loosens, before, version, ctx.now))
        if applied:
            self._set_limits(told, ctx)

    def _roll_back(self, loosening: Loosening, ctx: Context) -> None:
        """Back to what limits were adapted to before the last loosening; one that is tighter by now stays."""
        state = self.state
        present = state.limit_changes.get(ADAPTATION, {})
        configured, settings = self._configured(), self._settings.adaptation
        wanted = {
            name: max(parse(name, text), least(name, configured, settings))
            for name, text in loosening.before.items()
        }
        told = tuple(
            AdaptationStep(name, present.get(name), write(value), "worse")
            for name, value in wanted.items()
            if name not in present or value < parse(name, present[name])  # type: ignore[operator]
        )
        version = state.limit_version + len(told)
        ctx.emit(LimitsAdapted(AdaptationOutcome.ROLLED_BACK, told, False, dict(present), version, ctx.now))
        self._set_limits(told, ctx)

    def _set_limits(self, steps: tuple[AdaptationStep, ...], ctx: Context) -> None:
        state = self.state
        for step in steps:
            of_desk = own_value(self._settings, state.limit_changes, DESK, step.limit)
            whole = None if of_desk is None else write(of_desk)
            ctx.emit(
                LimitSet(
                    command=ctx.message_id,
                    by=f"{self.address}/{ADAPTATION}",
                    name=step.limit,
                    scope=ADAPTATION,
                    value=step.after,
                    before=step.before,
                    after=step.after or whole,
                    acknowledgement="",
                    version=state.limit_version + 1,
                    time=ctx.now,
                )
            )
        self._judge(ctx, "limits were adapted")

    # --- memory -----------------------------------------------------------------------------------------------

    @applies(StrategiesObserved)
    def remember_observation(self, event: StrategiesObserved) -> None:
        """What was made so far, and returns since the last time."""
        known = self.state.allocation
        known.observed_at = event.time
        known.profits |= {name: profit for name, profit in event.profits.items() if profit is not None}
        for name, made in event.returns.items():
            known.returns[name] = [*known.returns.get(name, ()), made][-event.lookback :]

    @applies(CapitalAllocated)
    def remember_split(self, event: CapitalAllocated) -> None:
        """The budgets told."""
        self.state.allocation.budgets |= {each.strategy: each.budget for each in event.allotments}

    @applies(BudgetPinned)
    def remember_pin(self, event: BudgetPinned) -> None:
        """Whose budget is a person's. One that is given back starts from what the settings have, not from the last."""
        known = self.state.allocation
        known.budgets.pop(event.strategy, None)
        if event.budget is None:
            known.pinned.pop(event.strategy, None)
        else:
            known.pinned[event.strategy] = event.budget

    @applies(RejectCounted)
    def remember_reject(self, event: RejectCounted) -> None:
        """Count it in the present cycle."""
        known = self.state.adaptation
        known.rejects += not event.throttled
        known.throttled += event.throttled

    @applies(CycleEnded)
    def remember_cycle(self, event: CycleEnded) -> None:
        """Keep its figures, and begin the next."""
        known = self.state.adaptation
        known.ends_at, known.nav, known.deposits = event.ends_at, event.nav, event.deposits
        known.rejects = known.throttled = 0
        if event.figures is not None:
            known.cycles = [*known.cycles, event.figures][-event.window :]
            if known.loosening is not None:
                known.loosening.cycles = [*known.loosening.cycles, event.figures][-event.window :]

    @applies(LimitsAdapted)
    def remember_adaptation(self, event: LimitsAdapted) -> None:
        """What a loosening changed may be taken back, once; the cycles that spoke for a change are used up."""
        known = self.state.adaptation
        if event.outcome is AdaptationOutcome.APPLIED:
            known.loosening = Loosening(dict(event.adapted)) if event.loosens else known.loosening
            known.cycles = []
        elif event.outcome is AdaptationOutcome.ROLLED_BACK:
            known.loosening, known.cycles = None, []


def profit_of(state: RiskState, strategy: str) -> Decimal | None:
    """What a strategy has made since the desk began, with what is open and after all costs; None while not known."""
    total = ZERO
    for book in state.strategies.values():
        if book.strategy != strategy:
            continue
        total += book.realised - book.fees + book.funding
        at_mark = unrealised_of(state, book)
        if at_mark is None:
            return None
        total += at_mark
    return total


def _allotment(strategy: str, weight: float, before: Decimal, budget: Decimal, figures: Figures) -> Allotment:
    return Allotment(
        strategy,
        weight,
        before,
        budget,
        figures.score,
        figures.sharpe,
        figures.volatility,
        figures.correlation,
    )


def _figures(state: RiskState, limits: RiskLimits) -> CycleFigures:
    """What the cycle that is over was like."""
    known, nav, peak = state.adaptation, state.nav, state.peak
    drawdown = profit = None
    if nav is not None and peak is not None and peak > 0:
        drawdown = ((peak - nav) / (limits.drawdown_reduce * peak)).quantize(_PARTS)
    if nav is not None and known.nav is not None and known.nav > 0:
        profit = ((nav - known.nav - state.deposits + known.deposits) / known.nav).quantize(_PARTS)
    missing = bool(state.totals.unvalued) or modes.MISSING_MARKS in state.sources
    return CycleFigures(known.rejects, known.throttled, missing, drawdown, profit)
