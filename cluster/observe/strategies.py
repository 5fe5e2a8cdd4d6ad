"""The part of the projection that follows strategies: switched on or off, budget, position, what they decided last."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec

from actors.strategy.state import StrategyActorState
from messages.base import Address, Message
from messages.decisions import (
    Decision,
    DecisionMade,
    PositionChanged,
    StageOverran,
    StrategyBudgetSet,
    StrategySwitched,
)
from messages.learning import SymbolSuspended
from messages.reasons import Reason
from messages.shadow import ShadowSwitched

ZERO = Decimal(0)


class StrategyView(msgspec.Struct):
    """One strategy on one symbol, as its actor's journal tells it.

    `enabled` and `budget` are None until a person has switched or set them: the settings hold. `position` is its own,
    in base units; `decided_at` is desk time in ns UTC. `recorded` is the last decision, the last one with the trace of
    its stages where it went through some. `suspended_until` (desk time, ns UTC) is how long the symbol is disabled for
    what its trades lost. In `shadow` position and trades are simulated.
    """

    strategy: str
    symbol: str
    address: Address
    enabled: bool | None = None
    budget: Decimal | None = None
    position: Decimal = ZERO
    average_price: Decimal | None = None
    decision: Decision | None = None
    reason: Reason | None = None
    decided_at: int | None = None
    trades: int = 0
    recorded: DecisionMade | None = None
    suspended_until: int = 0
    shadow: bool = False


class StrategyBook:
    """All strategies by (id, symbol), in the order in which they were heard of."""

    def __init__(self) -> None:
        self.views: dict[tuple[str, str], StrategyView] = {}
        self.overruns: Counter[tuple[Address, str]] = Counter()
        """How often a stage of an actor's decisions took longer than it may."""

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
            view.enabled, view.budget = known.enabled, known.budget
            view.suspended_until, view.shadow = known.suspended_until, known.shadow
            view.position, view.average_price = known.position.quantity, known.position.average_price
            view.decision, view.reason, view.trades = known.decision, known.decision_reason, known.trades


def _decided(view: StrategyView, event: DecisionMade) -> None:
    view.decision, view.reason, view.decided_at = event.decision, event.reason, event.time
    view.trades += event.decision is Decision.TRADE
    if event.stages is not None or view.recorded is None or view.recorded.stages is None:
        view.recorded = event


def _changed(view: StrategyView, event: PositionChanged) -> None:
    view.position, view.average_price = event.position, event.average_price


def _shadowed(view: StrategyView, event: ShadowSwitched) -> None:
    view.shadow, view.position, view.average_price = event.shadow, ZERO, None


def _switched(view: StrategyView, event: StrategySwitched) -> None:
    view.enabled = event.enabled


def _budget_set(view: StrategyView, event: StrategyBudgetSet) -> None:
    view.budget = event.budget


def _suspended(view: StrategyView, event: SymbolSuspended) -> None:
    view.suspended_until = event.until


_HANDLERS: dict[type[Message], Callable[[StrategyView, Any], None]] = {
    DecisionMade: _decided,
    PositionChanged: _changed,
    ShadowSwitched: _shadowed,
    StrategySwitched: _switched,
    StrategyBudgetSet: _budget_set,
    SymbolSuspended: _suspended,
}
