"""How a strategy actor's state follows from its events: the one place where it changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actors.base import Actor, Context, applies
from actors.strategy.intelligence.trades import IntelligenceState, count_fill
from actors.strategy.position import Position
from actors.strategy.settings import StrategyActorSettings, strategy_key
from actors.strategy.slot import Slot
from actors.strategy.state import (
    FILLS_REMEMBERED,
    OpenIntent,
    StrategyActorState,
    StrategyState,
    SymbolState,
)
from messages.base import Address, Message
from messages.control import DecisionFailed, Mode
from messages.decisions import (
    CancelAsked,
    CooldownStarted,
    Decision,
    DecisionMade,
    DecisionScheduled,
    ExitArmed,
    ExitRetryScheduled,
    ExitsChosen,
    ExitTriggered,
    FillsAwaited,
    FillUnassigned,
    HaltSeen,
    IntentClosed,
    IntentRaised,
    ModeSeen,
    PositionChanged,
    QuoteFreshAgain,
    QuoteWentStale,
    SizerPromoted,
    StageOverran,
    StrategyBudgetSet,
    StrategySwitched,
    TargetDeferred,
    TargetTaken,
    ValueRemembered,
)
from messages.learning import (
    FillCounted,
    FillLearned,
    LearningBegan,
    PlanAdopted,
    PredictionsKept,
    PredictionsMade,
    PredictorMissing,
    ReturnsRealised,
    RewardBooked,
    SizerTaught,
    SymbolSuspended,
)
from messages.shadow import IntentSimulated

Learned = (
    PredictionsMade
    | PredictionsKept
    | ReturnsRealised
    | PlanAdopted
    | FillLearned
    | RewardBooked
    | SizerTaught
)
"""What a pipeline's memory follows once it has begun."""

if TYPE_CHECKING:
    from actors.strategy.pipeline.memory import (
        PipelineMemory,  # brings numpy, which most strategies do without
    )

_TRADE = Decision.TRADE


class StrategyMemory(Actor[StrategyActorState]):
    """State, slots, and the table from events to changes. Each change refreshes what quotes are compared with."""

    def __init__(self, address: Address, settings: StrategyActorSettings, state: StrategyActorState) -> None:
        super().__init__(address, state)
        self._slots = {each.key: Slot(each, settings) for each in settings.strategies}
        self._learners: dict[str, PipelineMemory] = {}
        for slot in self._slots.values():
            slot.learners = self._learners
        self._bind()

    def receive(self, message: Message, ctx: Context) -> None:
        """Decide on one input; see `Actor.receive`."""
        if self.state is not self._bound:
            self._bind()
        handler = self._receive.get(type(message))
        if handler is not None:
            handler(message, ctx)
        else:
            super().receive(message, ctx)

    def apply(self, event: Message) -> None:
        """Remember one event; see `Actor.apply`."""
        if self.state is not self._bound:
            self._bind()
        handler = self._apply.get(type(event))
        if handler is not None:
            handler(event)
        else:
            super().apply(event)

    def _bind(self) -> None:
        """Take the slots' figures from the state, which the host replaces when it recovers."""
        self._bound = self.state
        self._learners.clear()
        if self.state.learned:
            from actors.strategy.pipeline.memory import PipelineMemory

            for strategy, stored in self.state.learned.items():
                learner = self._learners[strategy] = PipelineMemory.restored(stored)
                self.state.learned[strategy] = learner.state
        for slot in self._slots.values():
            slot.bind(self.state)

    def _of(self, strategy: str, symbol: str) -> StrategyState:
        key = strategy_key(strategy, symbol)
        found = self.state.strategies.get(key)
        if found is None:
            slot = self._slots.get(key)
            # a strategy that is no longer configured is remembered all the same
            found = slot.state if slot is not None else StrategyState(strategy=strategy, symbol=symbol)
            self.state.strategies[key] = found
        return found

    def _refresh(self, strategy: str, symbol: str) -> None:
        slot = self._slots.get(strategy_key(strategy, symbol))
        if slot is not None:
            slot.refresh()

    @applies(DecisionMade)
    def _decision_made(self, event: DecisionMade) -> None:
        state = self._of(event.strategy, event.symbol)
        state.decision, state.decision_reason = event.decision, event.reason
        if event.decision is _TRADE:
            state.trades += 1

    @applies(IntentRaised)
    def _intent_raised(self, event: IntentRaised | IntentSimulated) -> None:
        terms = event.intent.terms
        state = self._of(event.intent.strategy, terms.symbol)
        state.intents[event.intent_id] = OpenIntent(
            side=terms.side,
            quantity=terms.quantity,
            leaving=event.leaving,
            adds=not terms.reduce_only,
            raised_at=event.time,
        )
        if event.leaving:
            state.retry_due = None
        self._refresh(state.strategy, state.symbol)

    @applies(CancelAsked)
    def _cancel_asked(self, event: CancelAsked) -> None:
        intent = self._of(event.strategy, event.symbol).intents.get(event.intent_id)
        if intent is not None:
            intent.cancel_asked = True

    @applies(FillsAwaited)
    def _fills_awaited(self, event: FillsAwaited) -> None:
        intent = self._of(event.strategy, event.symbol).intents.get(event.intent_id)
        if intent is not None:
            intent.final_filled, intent.final_state = event.filled, event.state
            intent.final_reason = event.reason

    @applies(IntentClosed)
    def _intent_closed(self, event: IntentClosed) -> None:
        self._of(event.strategy, event.symbol).intents.pop(event.intent_id, None)
        self._refresh(event.strategy, event.symbol)

    @applies(PositionChanged)
    def _position_changed(self, event: PositionChanged) -> None:
        state = self._of(event.strategy, event.symbol)
        before = state.position.direction
        state.position = Position(event.position, event.average_price, event.opened_at, event.realized)
        state.fills[event.fill_id] = None
        if len(state.fills) > FILLS_REMEMBERED:
            del state.fills[next(iter(state.fills))]
        intent = state.intents.get(event.intent_id)
        if intent is not None:
            intent.filled += event.quantity
        if state.position.direction != before:
            if before > 0:
                state.long_exits = None
            elif before < 0:
                state.short_exits = None
            state.levels = state.exiting = state.retry_due = None
            state.exit_attempts = 0
        elif intent is not None and intent.leaving:
            state.exit_attempts = 0  # it gets somewhere
        self._refresh(event.strategy, event.symbol)

    @applies(ExitArmed)
    def _exit_armed(self, event: ExitArmed) -> None:
        self._of(event.strategy, event.symbol).levels = event.levels
        self._refresh(event.strategy, event.symbol)

    @applies(ExitsChosen)
    def _exits_chosen(self, event: ExitsChosen) -> None:
        state = self._of(event.strategy, event.symbol)
        if event.direction > 0:
            state.long_exits = event.exits
        else:
            state.short_exits = event.exits

    @applies(ExitTriggered)
    def _exit_triggered(self, event: ExitTriggered) -> None:
        self._of(event.strategy, event.symbol).exiting = event.reason
        self._refresh(event.strategy, event.symbol)

    @applies(ExitRetryScheduled)
    def _exit_retry_scheduled(self, event: ExitRetryScheduled) -> None:
        state = self._of(event.strategy, event.symbol)
        state.exit_attempts, state.retry_due = event.attempt, event.due
        self._refresh(event.strategy, event.symbol)

    @applies(CooldownStarted)
    def _cooldown_started(self, event: CooldownStarted) -> None:
        self._of(event.strategy, event.symbol).cooldown_until = event.until

    @applies(TargetDeferred)
    def _target_deferred(self, event: TargetDeferred) -> None:
        state = self._of(event.strategy, event.symbol)
        state.deferred, state.deferred_until = event.direction, event.until
        state.deferred_notional = event.notional

    @applies(TargetTaken)
    def _target_taken(self, event: TargetTaken) -> None:
        state = self._of(event.strategy, event.symbol)
        state.deferred, state.deferred_until, state.deferred_notional = None, 0, None

    @applies(StrategySwitched)
    def _strategy_switched(self, event: StrategySwitched) -> None:
        self._of(event.strategy, event.symbol).enabled = event.enabled

    @applies(StrategyBudgetSet)
    def _budget_set(self, event: StrategyBudgetSet) -> None:
        self._of(event.strategy, event.symbol).budget = event.budget

    @applies(SizerPromoted)
    def _sizer_promoted(self, event: SizerPromoted) -> None:
        self._of(event.strategy, event.symbol).sizer = event.sizer

    @applies(DecisionScheduled)
    def _decision_scheduled(self, event: DecisionScheduled) -> None:
        self._of(event.strategy, event.symbol).scheduled = event.due

    @applies(ValueRemembered)
    def _value_remembered(self, event: ValueRemembered) -> None:
        values = self._of(event.strategy, event.symbol).values
        if event.value is None:
            values.pop(event.name, None)
        else:
            values[event.name] = event.value

    @applies(LearningBegan)
    def _learning_began(self, event: LearningBegan) -> None:
        from actors.strategy.pipeline.memory import PipelineMemory

        learner = PipelineMemory.begun(event, self._learners.get(event.strategy))
        self._learners[event.strategy] = learner
        self.state.learned[event.strategy] = learner.state

    @applies(
        PredictionsMade, PredictionsKept, ReturnsRealised, PlanAdopted, FillLearned, RewardBooked, SizerTaught
    )
    def _learned(self, event: Learned) -> None:
        self._learners[event.strategy].apply(event)

    @applies(FillCounted)
    def _fill_counted(self, event: FillCounted) -> None:
        state = self._of(event.strategy, event.symbol)
        if state.intelligence is None:
            state.intelligence = IntelligenceState()
        count_fill(state.intelligence, event)

    @applies(SymbolSuspended)
    def _symbol_suspended(self, event: SymbolSuspended) -> None:
        self._of(event.strategy, event.symbol).suspended_until = event.until

    @applies(QuoteWentStale)
    def _quote_went_stale(self, event: QuoteWentStale) -> None:
        symbol = self.state.symbols.setdefault(event.symbol, SymbolState())
        symbol.stale = True
        symbol.episodes += 1

    @applies(QuoteFreshAgain)
    def _quote_fresh_again(self, event: QuoteFreshAgain) -> None:
        self.state.symbols.setdefault(event.symbol, SymbolState()).stale = False

    @applies(ModeSeen)
    def _mode_seen(self, event: ModeSeen) -> None:
        self.state.mode, self.state.mode_version = event.mode, event.version
        if event.mode.strictness >= Mode.HALTED.strictness:
            self.state.halt_heard = False
        for slot in self._slots.values():
            slot.refresh()

    @applies(HaltSeen)
    def _halt_seen(self, event: HaltSeen) -> None:
        self.state.halt_heard = True

    @applies(DecisionFailed)
    def _decision_failed(self, event: DecisionFailed) -> None:
        self.state.failed_decisions += 1

    @applies(StageOverran)
    def _stage_overran(self, event: StageOverran) -> None:
        overruns = self.state.overruns
        overruns[event.stage] = overruns.get(event.stage, 0) + event.times

    @applies(FillUnassigned, PredictorMissing)
    def _nothing_to_change(self, event: FillUnassigned | PredictorMissing) -> None:
        """Journalled for people only."""
