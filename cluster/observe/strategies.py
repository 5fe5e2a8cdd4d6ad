"""The part of the projection that follows strategies: switched on or off, budget, position, what they decided last."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec

from actors.strategy.intelligence.trades import IntelligenceState, count_fill
from actors.strategy.state import StrategyActorState
from messages.base import Address, Message
from messages.decisions import (
    Decision,
    DecisionMade,
    PositionChanged,
    SizerPromoted,
    StageOverran,
    StrategyBudgetSet,
    StrategySwitched,
)
from messages.isolation import StrategyFaulted, StrategyParked, StrategyUnparked
from messages.learning import FillCounted, SymbolSuspended
from messages.reasons import Reason
from messages.shadow import ShadowSwitched

ZERO = Decimal(0)


class StrategyView(msgspec.Struct):
    """One strategy on one symbol, as its actor's journal tells it.

    `enabled`, `budget` and `sizer` (import path and parameters) are None until a person has switched, set or promoted
    them: the settings hold. `position` is its own,
    in base units; `decided_at` is desk time in ns UTC. `recorded` is the last decision, the last one with the trace of
    its stages where it went through some. `suspended_until` (desk time, ns UTC) is how long the symbol is disabled for
    what its trades lost. In `shadow` position and trades are simulated. `faults` counts how often it failed beside
    others, the last time with `error`; `parked` says that it is given up for it. `intelligence` are its closed trades,
    where they are judged.
    """

    strategy: str
    symbol: str
    address: Address
    enabled: bool | None = None
    budget: Decimal | None = None
    sizer: str | None = None
    position: Decimal = ZERO
    average_price: Decimal | None = None
    decision: Decision | None = None
    reason: Reason | None = None
    decided_at: int | None = None
    trades: int = 0
    recorded: DecisionMade | None = None
    suspended_until: int = 0
    shadow: bool = False
    faults: int = 0
    error: str | None = None
    parked: bool = False
    intelligence: IntelligenceState | None = None


class StrategyBook:
    """All strategies by (id, symbol), in the order in which they were heard of."""

    def __init__(self) -> None:
        self.views: dict[tuple[str, str], StrategyView] = {}
        self.overruns: Counter[tuple[Address, str]] = Counter()
        """How often a stage of an actor's decisions took longer than it may."""

    @property
    def parked(self) -> list[StrategyView]:
        """Those that are given up while the others on their symbol trade on."""
        return [view for view in self.views.values() if view.parked]

    def view(self, address: Address, strategy: str, symbol: str) -> StrategyView:
        """The view of this strategy, begun when there was none."""
        found = self.views.get((strategy, symbol))
        if found is None:
            found = self.views[strategy, symbol] = StrategyView(strategy, symbol, address)
        return found

    def last_decision(self, wanted: str) -> DecisionMade | None:
        """The decision recorded last of `strategy/SYMBOL`; None when there is none, or the text names no strategy."""
        strategy, _, symbol = wanted.partition("/")
        view = self.views.get((strategy, symbol))
        return None if view is None else view.recorded

    def take(self, address: Address, event: Message) -> None:
        """Fold one event of the actor at `address` in."""
        if isinstance(event, StageOverran):
            self.overruns[address, event.stage] += event.times
        handler = _HANDLERS.get(type(event))
        if handler is not None:
            handler(self.view(address, event.strategy, event.symbol), event)  # type: ignore[attr-defined]

    def adopt(self, address: Address, state: StrategyActorState) -> None:
        """Take over what a strategy actor remembered at a snapshot; when it decided last is not in it."""
        for stage, times in state.overruns.items():
            self.overruns[address, stage] = times
        for known in state.strategies.values():
            view = self.view(address, known.strategy, known.symbol)
            view.enabled, view.budget, view.sizer = known.enabled, known.budget, known.sizer
            view.suspended_until, view.shadow = known.suspended_until, known.shadow
            view.position, view.average_price = known.position.quantity, known.position.average_price
            view.decision, view.reason, view.trades = known.decision, known.decision_reason, known.trades
            view.intelligence = copy.deepcopy(known.intelligence)
            if known.fault is not None:
                view.faults, view.error, view.parked = (
                    known.fault.total,
                    known.fault.error,
                    known.fault.parked,
                )


def _decided(view: StrategyView, event: DecisionMade) -> None:
    view.decision, view.reason, view.decided_at = event.decision, event.reason, event.time
    view.trades += event.decision is Decision.TRADE
    if event.stages is not None or view.recorded is None or view.recorded.stages is None:
        view.recorded = event


def _changed(view: StrategyView, event: PositionChanged) -> None:
    view.position, view.average_price = event.position, event.average_price


def _shadowed(view: StrategyView, event: ShadowSwitched) -> None:
    view.shadow, view.position, view.average_price = event.shadow, ZERO, None


def _traded(view: StrategyView, event: FillCounted) -> None:
    if view.intelligence is None:
        view.intelligence = IntelligenceState()
    count_fill(view.intelligence, event)


def _switched(view: StrategyView, event: StrategySwitched) -> None:
    view.enabled = event.enabled


def _budget_set(view: StrategyView, event: StrategyBudgetSet) -> None:
    view.budget = event.budget


def _promoted(view: StrategyView, event: SizerPromoted) -> None:
    view.sizer = event.sizer


def _suspended(view: StrategyView, event: SymbolSuspended) -> None:
    view.suspended_until = event.until


def _faulted(view: StrategyView, event: StrategyFaulted) -> None:
    view.faults, view.error = view.faults + 1, event.error


def _parked(view: StrategyView, event: StrategyParked) -> None:
    view.parked, view.error = True, event.error


def _unparked(view: StrategyView, event: StrategyUnparked) -> None:
    view.parked = False


_HANDLERS: dict[type[Message], Callable[[StrategyView, Any], None]] = {
    DecisionMade: _decided,
    FillCounted: _traded,
    PositionChanged: _changed,
    ShadowSwitched: _shadowed,
    StrategyFaulted: _faulted,
    StrategyParked: _parked,
    StrategySwitched: _switched,
    StrategyUnparked: _unparked,
    SizerPromoted: _promoted,
    StrategyBudgetSet: _budget_set,
    SymbolSuspended: _suspended,
}
