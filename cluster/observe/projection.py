"""All journals of a desk folded into one picture: intents, orders, fills, books, modes, tree, counters.

A pure fold (`apply`), so that it is tested without a store. Journals of different actors may be read in any order;
those of one actor in theirs. What it keeps in detail is bounded; what it counts is not forgotten.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec

from actors.execution.state import ExecutionState
from actors.operations.universe.memory import UniverseState
from actors.risk.state import RiskState
from actors.strategy.state import StrategyActorState
from cluster.observe.books import Books
from cluster.observe.family import Family
from cluster.observe.fingerprint import FingerprintBuilder
from cluster.observe.latency import Histogram, Hop
from cluster.observe.orders import OrderDesk
from cluster.observe.strategies import StrategyBook
from cluster.observe.universe import UniverseBook
from cluster.observe.views import ActorView, HappeningView
from cluster.observe.wording import describe
from cluster.steps.journal import InputKind, JournalRecord
from messages.anomalies import DegradeChanged
from messages.base import Address, Message
from messages.control import DeadLettered, DecisionFailed, Mode
from messages.events import EventType, severity
from messages.modes import ModeDecided, ModeSource, ResumeRefused
from supervisors.state import SupervisorState


class Bounds(msgspec.Struct, frozen=True):
    """How much is kept in detail; what ended longest ago goes first, counted and fingerprinted before it does."""

    intents: int = 50_000
    orders: int = 50_000
    fills: int = 200_000
    happenings: int = 500
    curve_points: int = 2_000


class DeskMode(msgspec.Struct):
    """The desk's mode as risk decided it last, with every source; None before its first word."""

    mode: Mode | None = None
    version: int = 0
    sources: dict[str, ModeSource] = {}
    reason: str = ""
    since: int | None = None


class DegradeView(msgspec.Struct):
    """How far the desk trades less because of anomalies; `manual` is the level that an operator asks for."""

    level: int = 0
    manual: int = 0
    factor: Decimal = Decimal(1)
    because: str = ""


class Projection:
    """See the module docstring."""

    def __init__(self, bounds: Bounds | None = None) -> None:
        self.bounds = bounds or Bounds()
        self.actors: dict[Address, ActorView] = {}
        self.books = Books(self.bounds.curve_points)
        self.family = Family()
        self.mode = DeskMode()
        self.degrade = DegradeView()
        self.latencies = {hop: Histogram() for hop in Hop}
        self.sealed = FingerprintBuilder()
        self.orders = OrderDesk(self.latencies)
        self.strategies = StrategyBook()
        self.universe = UniverseBook()
        self.event_counts: Counter[EventType] = Counter()
        self.happenings: deque[HappeningView] = deque(maxlen=self.bounds.happenings)
        self.dead_lettered = 0
        self.failed_decisions = 0
        self.resumes_refused = 0
        self.last_refusal_by = ""

    def apply(self, address: Address, record: JournalRecord) -> None:
        """Fold one step of one actor in. A step that was folded already changes nothing."""
        actor = self.actor(address)
        if record.step <= actor.step:
            return
        if record.step > actor.step + 1:
            actor.complete = False
        self._progress(actor, record)
        for event in record.events:
            self._take(address, record, event)
        if record.fault is not None:
            actor.faults += 1
            self._take(address, record, record.fault)
        self.orders.trim(self.bounds.intents, self.bounds.orders, self.bounds.fills, self.sealed)

    def adopt(self, address: Address, step: int, now: int, state: msgspec.Struct) -> None:
        """Begin an actor whose first records are gone with its state at `step`; see `cluster.observe.snapshots`."""
        actor = self.actor(address)
        actor.step, actor.now = step, max(actor.now, now)
        actor.complete, actor.recovered_from = False, step
        if isinstance(state, RiskState):
            self.books.adopt(state)
            standing = state.degrade
            self.degrade = DegradeView(
                standing.level, standing.manual, standing.factor, ", ".join(standing.active)
            )
            if state.version:
                self.mode = DeskMode(
                    state.mode, state.version, dict(state.sources), "as of the snapshot", now
                )
        elif isinstance(state, ExecutionState):
            self.orders.adopt(state)
        elif isinstance(state, SupervisorState):
            self.family.adopt(address, state)
        elif isinstance(state, StrategyActorState):
            self.strategies.adopt(address, state)
        elif isinstance(state, UniverseState):
            self.universe.adopt(state)

    def actor(self, address: Address) -> ActorView:
        """The view of this actor, begun when there was none."""
        found = self.actors.get(address)
        if found is None:
            found = self.actors[address] = ActorView(address)
        return found

    @property
    def complete(self) -> bool:
        """Whether every journal was read from its first step on."""
        return all(actor.complete and not actor.damaged for actor in self.actors.values())

    @property
    def now(self) -> int | None:
        """The latest desk time that any trading actor reached; None before the first step.

        Supervisors run on machine time and are left out.
        """
        times = [a.now for a in self.actors.values() if not a.address.startswith("supervisor/") and a.now]
        return max(times, default=None)

    def _progress(self, actor: ActorView, record: JournalRecord) -> None:
        if record.epoch != actor.epoch:
            actor.epoch = record.epoch
            actor.epochs += 1
        actor.step, actor.now = record.step, record.now
        actor.records += 1
        actor.events += len(record.events)
        actor.observations += sum(item.kind is InputKind.OBSERVATION for item in record.inputs)

    def _take(self, address: Address, record: JournalRecord, event: Message) -> None:
        kind = type(event)
        if address == RISK:
            self.books.apply(event, record.now)
        elif address.startswith("supervisor/"):
            self.family.apply(address, event)
        elif address.startswith("strategy/"):
            self.strategies.take(address, event)
        elif address == UNIVERSE:
            self.universe.take(event)
        self.orders.take(address, record.now, event)
        handler = _HANDLERS.get(kind)
        if handler is not None:
            handler(self, event)
        if kind.event_type is not None:
            self.event_counts[kind.event_type] += 1
            self._happened(address, record, event, kind.event_type)

    def _happened(self, address: Address, record: JournalRecord, event: Message, named: EventType) -> None:
        self.happenings.append(
            HappeningView(record.now, address, named, severity(named), record.step, describe(event))
        )

    def _mode_decided(self, event: ModeDecided) -> None:
        self.mode = DeskMode(event.mode, event.version, dict(event.sources), event.reason, event.time)

    def _degrade_changed(self, event: DegradeChanged) -> None:
        level = max(event.found, event.manual)
        self.degrade = DegradeView(level, event.manual, event.factor, event.because if level else "")

    def _dead_lettered(self, event: DeadLettered) -> None:
        self.dead_lettered += 1

    def _decision_failed(self, event: DecisionFailed) -> None:
        self.failed_decisions += 1

    def _resume_refused(self, event: ResumeRefused) -> None:
        self.resumes_refused += 1
        self.last_refusal_by = event.by


RISK: Address = "risk"
UNIVERSE: Address = "universe"
"""The address of the portfolio risk actor, whose journal is the ledger."""

_HANDLERS: dict[type[Message], Callable[[Projection, Any], None]] = {
    ModeDecided: Projection._mode_decided,
    DegradeChanged: Projection._degrade_changed,
    DeadLettered: Projection._dead_lettered,
    DecisionFailed: Projection._decision_failed,
    ResumeRefused: Projection._resume_refused,
}
