"""The strategy actor: sees the feed, decides with the strategies of one symbol (or a group), books their fills.

Of a step in which an observation is due, the marks for risk come first, so that it judges by the market the decision
was made on; then exits, then the strategies that are due in their order. A due observation belongs to the last row
folded: the host takes it before it folds the next one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from actors.base import Context, Observer, receives
from actors.strategy import judging, leaving, precedence, registry
from actors.strategy.absent import Absent
from actors.strategy.desk import Desk
from actors.strategy.gates import is_fresh
from actors.strategy.intents import RISK, cancel_entries, forget_deferred
from actors.strategy.isolating import described
from actors.strategy.lane import Lane, MarksClock
from actors.strategy.probing import Probing
from actors.strategy.schedule import next_multiple
from actors.strategy.settings import SECOND, StrategyActorSettings, check_settings, strategy_key
from actors.strategy.slot import Slot
from actors.strategy.state import StrategyActorState
from actors.strategy.strategy import History, Strategy
from messages.base import Address
from messages.control import Halt, Mode, ModeChanged
from messages.decisions import (
    DecisionDue,
    DecisionScheduled,
    DisableStrategy,
    EnableStrategy,
    ExitRetryDue,
    HaltSeen,
    HoldingTimeUp,
    ModeSeen,
    PromoteSizer,
    QuoteFreshAgain,
    QuoteWentStale,
    SetStrategyBudget,
    SizerPromoted,
    StageOverran,
    StrategyBudgetSet,
    StrategySwitched,
    StrategyTimerDue,
)
from messages.errors import DeskError
from messages.intents import Route
from messages.market import Mark, Marks, ObservationDue
from messages.reasons import Reason

if TYPE_CHECKING:
    from actors.strategy.models import Model  # brings numpy, which most strategies do without


WAKES_LATER = 60 * SECOND
"""When a timer of a strategy that can't be called now is tried again."""


class StrategyActor(Probing):
    """One or more strategies on one symbol, or on a group of them.

    `models` are those of each strategy, by its id, `unloaded` why those of others could not be loaded. `watch` is told
    the name of each stage of a decision when it has ended, by a host that measures how long they take.

    Raises `ConfigurationError` for settings, strategy names or parameters that can't be worked with; where strategies
    are isolated, only for what concerns all of them.
    """

    def __init__(
        self,
        address: Address,
        settings: StrategyActorSettings,
        state: StrategyActorState | None = None,
        *,
        models: Mapping[str, Sequence[Model]] | None = None,
        unloaded: Mapping[str, DeskError] | None = None,
        watch: Callable[[str], None] | None = None,
    ) -> None:
        check_settings(settings)
        super().__init__(address, settings, StrategyActorState() if state is None else state)
        self.settings = settings
        self._models = models or {}
        self._unloaded = unloaded or {}
        self._made: dict[str, Strategy] = {}
        by_symbol: dict[str, list[Slot]] = {}
        by_group: dict[str, dict[str, Slot]] = {}
        for slot in precedence.in_order(self._slots.values()):
            slot.desk = Desk(slot)
            slot.isolated = settings.isolates and len({each.id for each in settings.strategies}) > 1
            if watch is not None:
                slot.watch = watch
            symbol = slot.settings.instrument.symbol
            by_symbol.setdefault(symbol, []).append(slot)
            if slot.settings.group:
                slot.siblings = by_group.setdefault(slot.settings.id, {})
                slot.siblings[symbol] = slot
        for slots in by_symbol.values():
            for slot in slots:
                shadow = slot.settings.shadow
                slot.peers = tuple(
                    each for each in slots if each is not slot and each.settings.shadow is shadow
                )
        self._clocked = tuple(
            slot
            for slot in self._slots.values()
            if slot.settings.schedule.interval is not None and slot.leads
        )
        self._marks = MarksClock(settings.marks_interval)
        self._routes = any(one.order.route is not Route.DIRECT for one in settings.strategies)
        self._lanes = {
            symbol: Lane(symbol, tuple(slots), self._marks, self._make) for symbol, slots in by_symbol.items()
        }

    # seeing

    def forget_view(self) -> None:
        """Begin anew with the feed: strategies, indicators and bars as if nothing had been seen."""
        self._bind()
        self._marks.due_at = 0
        self._made.clear()
        for lane in self._lanes.values():
            lane.begin(self._make)

    def _make(self, slot: Slot) -> Strategy:
        """The strategy of this slot, started; one for all symbols of a group. One that can't be made is no matter of
        its neighbours: nobody takes its place."""
        slot.broken = None
        if not slot.isolated:
            return self._started(slot)
        try:
            return self._started(slot)
        except Exception as error:  # noqa: BLE001 — a strategy's own code, and not the only strategy here
            slot.broken = described(error)
            return Absent(slot.settings.instrument.symbol)

    def _started(self, slot: Slot) -> Strategy:
        settings = slot.settings
        made = self._made.get(settings.id) if settings.group else None
        if made is None:
            if settings.id in self._unloaded:
                raise self._unloaded[settings.id]
            made = registry.make(settings)
            made.symbols = tuple(slot.siblings)
            made.models = self._models.get(settings.id, ())
            made.on_start()
            if settings.group:
                self._made[settings.id] = made
        return made

    def observe(
        self,
        symbol: str,
        kind: int,
        time: int,
        event_time: int,
        v0: float,
        v1: float,
        v2: float,
        v3: float,
        v4: float,
    ) -> bool:
        """Fold one row; True when a strategy, an exit or the marks are due. See `messages.market`."""
        if self.state is not self._bound:
            self._bind()
        lane = self._lanes.get(symbol)
        return lane is not None and lane.observe(symbol, kind, time, event_time, v0, v1, v2, v3, v4)

    def observer(self, symbol: str) -> Observer:
        """What folds the rows of one symbol, for whoever has a million of them: `observe` without the way there."""
        lane = self._lanes.get(symbol)
        return super().observe if lane is None else lane.observe

    @property
    def strategies(self) -> tuple[Strategy, ...]:
        """The strategies as they run now, each once; for tests and measurements."""
        return tuple({id(slot.strategy): slot.strategy for slot in self._slots.values()}.values())

    @property
    def histories(self) -> tuple[History, ...]:
        """What its strategies must have seen of the past before they decide, each once."""
        wanted = (strategy.history for strategy in self.strategies)
        return tuple(dict.fromkeys(each for each in wanted if each is not None))

    @receives(ObservationDue)
    def _on_observation(self, message: ObservationDue, ctx: Context) -> None:
        lane = self._lanes.get(message.symbol)
        if lane is None:
            return
        row = lane.row
        due = [
            slot
            for slot in lane.slots
            if slot.due_row == row and slot.enabled and slot.may_call("decide", ctx.now)
        ]
        # a group decides on symbols whose rows came after the last marks: risk must judge it by those as well
        if lane.marks_row == row or any(slot.settings.group for slot in due):
            self._send_marks(ctx)
        if self._clocked:
            self._keep_clocks(ctx)
        for slot in lane.slots:
            leaving.check_levels(slot, ctx)
        if due and self._decidable(due[0], ctx):
            for slot in due:
                slot.desk.within(ctx, slot.strategy.decide)

    def _decidable(self, slot: Slot, ctx: Context) -> bool:
        """Whether the symbol's quote is fresh; says so once when that changes."""
        symbol, fresh = slot.settings.instrument.symbol, is_fresh(slot, ctx.now)
        known = self.state.symbols.get(symbol)
        was_stale = known is not None and known.stale
        if not fresh and not was_stale:
            ctx.emit(QuoteWentStale(symbol, slot.view.quote_age(ctx.now), Reason.STALE_QUOTE, ctx.now))
        elif fresh and was_stale:
            ctx.emit(QuoteFreshAgain(symbol, ctx.now))
        return fresh

    def _send_marks(self, ctx: Context) -> None:
        views = [lane.view for lane in self._lanes.values() if lane.view.quote_time]
        marks = tuple([Mark(view.symbol, view.bid, view.ask, view.quote_time) for view in views])
        ctx.send(RISK, Marks(marks))
        if self._routes:
            self._send_quotes(ctx, marks)

    def _send_quotes(self, ctx: Context, marks: tuple[Mark, ...]) -> None:
        """Execution has no feed of its own: it is told the quotes of symbols on which a routed intent may be open."""
        venues: dict[str, dict[str, None]] = {}
        for slot in self._slots.values():
            settings = slot.settings
            if settings.order.route is not Route.DIRECT and slot.state.intents:
                venues.setdefault(settings.instrument.venue, {})[settings.instrument.symbol] = None
        for venue, symbols in venues.items():
            told = tuple(mark for mark in marks if mark.symbol in symbols)
            if told:
                ctx.send(f"execution/{venue}", Marks(told))

    # timers

    @receives(ExitRetryDue)
    def _on_exit_retry(self, message: ExitRetryDue, ctx: Context) -> None:
        slot = self._slots.get(strategy_key(message.strategy, message.symbol))
        if slot is None or slot.state.retry_due != message.due:
            return
        if slot.view.has_quote:
            leaving.pursue(slot, ctx)
        else:
            leaving.schedule_retry(slot, ctx, Reason.STALE_QUOTE)

    @receives(HoldingTimeUp)
    def _on_holding_time_up(self, message: HoldingTimeUp, ctx: Context) -> None:
        slot = self._slots.get(strategy_key(message.strategy, message.symbol))
        if slot is None or slot.state.levels is None or slot.state.exiting is not None:
            return
        if slot.state.levels.hold_until == message.hold_until:
            leaving.leave(slot, ctx, Reason.TIME_EXIT)

    @receives(StrategyTimerDue)
    def _on_strategy_timer(self, message: StrategyTimerDue, ctx: Context) -> None:
        slot = self._slots.get(strategy_key(message.strategy, message.symbol))
        if slot is None:
            return
        if slot.may_call("on_timer", ctx.now):
            slot.desk.within(ctx, partial(slot.strategy.on_timer, message.name))
        else:  # it is not to be missed: it wakes a strategy that is there again
            slot.desk.within(ctx, lambda desk: desk.after(WAKES_LATER, message.name))

    def _keep_clocks(self, ctx: Context) -> None:
        """Begin the timers of strategies that decide by the clock, also one whose interval was shortened."""
        for slot in self._clocked:
            interval, scheduled = slot.settings.schedule.interval or 0, slot.state.scheduled
            if scheduled is None or not ctx.now - interval < scheduled <= ctx.now + interval:
                self._schedule(slot, interval, ctx)

    def _schedule(self, slot: Slot, interval: int, ctx: Context) -> None:
        strategy, symbol = slot.settings.id, slot.settings.instrument.symbol
        due = next_multiple(interval, ctx.now)
        ctx.emit(DecisionScheduled(strategy, symbol, due))
        ctx.after(due - ctx.now, DecisionDue(strategy, symbol, due), key=f"decision/{slot.key}")

    @receives(DecisionDue)
    def _on_decision_due(self, message: DecisionDue, ctx: Context) -> None:
        slot = self._slots.get(strategy_key(message.strategy, message.symbol))
        if slot is None or slot not in self._clocked or slot.state.scheduled != message.due:
            return
        self._schedule(slot, slot.settings.schedule.interval or 0, ctx)
        if slot.enabled and slot.may_call("decide", ctx.now) and self._decidable(slot, ctx):
            slot.desk.within(ctx, slot.strategy.decide)

    @receives(StageOverran)
    def _on_overrun(self, message: StageOverran, ctx: Context) -> None:
        """What the host has measured is put on record."""
        ctx.emit(message)

    # control

    @receives(ModeChanged)
    def _on_mode(self, message: ModeChanged, ctx: Context) -> None:
        """Take the mode over; when it forbids to add exposure, what would add some is cancelled."""
        if message.version <= self.state.mode_version:
            return
        ctx.emit(ModeSeen(message.mode, message.version))
        if message.mode is Mode.OBSERVE:
            return
        for slot in self._slots.values():
            if message.mode is not Mode.NORMAL:
                forget_deferred(slot, ctx)
                reason = Reason.MODE_REDUCE if message.mode is Mode.REDUCE else Reason.HALTED
                cancel_entries(slot, ctx, reason, adding_only=True)
            leaving.pursue(slot, ctx)

    @receives(Halt)
    def _on_halt(self, message: Halt, ctx: Context) -> None:
        """Stop entering at once; positions are closed, if at all, by risk, and orders cancelled by execution."""
        if self.state.mode.strictness < Mode.HALTED.strictness and not self.state.halt_heard:
            ctx.emit(HaltSeen(message.by, message.reason))

    @receives(EnableStrategy, DisableStrategy)
    def _on_switch(self, message: EnableStrategy | DisableStrategy, ctx: Context) -> None:
        """Switch a strategy; one that is disabled cancels its entries, its exits go on."""
        enabled = isinstance(message, EnableStrategy)
        for slot in self._slots.values():
            settings = slot.settings
            concerned = (
                message.symbol in (None, settings.instrument.symbol) and message.strategy == settings.id
            )
            if concerned and enabled:
                judging.lift(slot, ctx, message.by)
                self._try_again(slot, ctx, message.by)
            if not concerned or slot.enabled is enabled:
                continue
            ctx.emit(StrategySwitched(settings.id, settings.instrument.symbol, enabled, message.by))
            if not enabled and not slot.observing:
                forget_deferred(slot, ctx)
                cancel_entries(slot, ctx, Reason.DISABLED, adding_only=True)

    @receives(SetStrategyBudget)
    def _on_budget(self, message: SetStrategyBudget, ctx: Context) -> None:
        """Take the budget over; entries from now on are bounded by it."""
        for slot in self._slots.values():
            if message.strategy == slot.settings.id and slot.state.budget != message.budget:
                symbol = slot.settings.instrument.symbol
                ctx.emit(StrategyBudgetSet(message.strategy, symbol, message.budget, message.by))

    @receives(PromoteSizer)
    def _on_sizer(self, message: PromoteSizer, ctx: Context) -> None:
        """Let the sizer in shadow decide on sizes from the next decision on, or the configured one again."""
        for slot in self._slots.values():
            settings = slot.settings
            if message.strategy != settings.id or (message.promoted and slot.broken is not None):
                continue
            sizer = slot.strategy.shadow_sizer if message.promoted else None
            if sizer == slot.state.sizer or (message.promoted and sizer is None):
                continue
            symbol, learner = settings.instrument.symbol, slot.learners.get(settings.id)
            trades = 0 if learner is None else learner.sizer_trades(sizer or slot.state.sizer, symbol)
            ctx.emit(SizerPromoted(settings.id, symbol, sizer, trades, message.by, message.reason, ctx.now))

    def summary(self) -> str:
        """Positions, open intents and mode, for the process list."""
        parts = []
        for state in self.state.strategies.values():
            position = state.position
            held = (
                f"{position.quantity:f} @ {position.average_price:.8g}" if position.average_price else "flat"
            )
            waits = f", {len(state.intents)} open" if state.intents else ""
            leaves = f", leaving ({state.exiting.value})" if state.exiting is not None else ""
            parked = (
                f", parked ({state.fault.error})" if state.fault is not None and state.fault.parked else ""
            )
            parts.append(f"{state.strategy} {state.symbol} {held}{waits}{leaves}{parked}")
        return "; ".join([*parts, self.state.mode.value])
