"""The watch of a simulated desk: the step machine's invariants, and those of orders, limits and halts beside it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from actors.base import Actor, Timer
from actors.execution.state import ExecutionState
from actors.risk.actor import RiskActor
from actors.risk.state import RiskState
from actors.strategy.state import StrategyActorState
from cluster.simulator.desk.audit.budgets import BudgetAudit
from cluster.simulator.desk.audit.conversions import check_conversions
from cluster.simulator.desk.audit.finding import Finding
from cluster.simulator.desk.audit.halts import HaltAudit
from cluster.simulator.desk.audit.identity import check_ledger
from cluster.simulator.desk.audit.kept import check_kept
from cluster.simulator.desk.audit.limits import BooksMemory, LimitAudit
from cluster.simulator.desk.audit.members import MemberAudit
from cluster.simulator.desk.audit.orders import OrderAudit, OrderMemory
from cluster.simulator.desk.audit.strangers import StrangerAudit, StrangerMemory
from cluster.simulator.desk.reached import Reached
from cluster.simulator.invariants import Memory, Shadow, Watch
from cluster.steps.journal import InputKind
from cluster.store.memory import MemoryStore
from cluster.store.port import EARLIER_KEPT, Section
from messages.base import Address, Effect, Envelope
from messages.portfolio import ReservationReleased
from messages.supervision import StartChild
from messages.venue import PlaceOrder, ReplaceOrder

_UNDER_LEASE = (PlaceOrder, ReplaceOrder, StartChild)
"""What a host without a lease withholds; everything else is harmless to repeat, by the word of its outside."""

_Backup = tuple[dict[Address, dict[str, Timer]], OrderMemory, BooksMemory, StrangerMemory]


class Auditor(Watch):
    """Sees every commit, every request that is written and every event in a venue's book. See the module docstring."""

    def __init__(
        self,
        cast: Mapping[Address, Callable[[], Actor[Any]]],
        lease: int,
        *,
        compare_every: int,
        orders: OrderAudit,
        limits: LimitAudit,
        budgets: BudgetAudit,
        members: MemberAudit,
        store: MemoryStore,
        reached: Reached,
        tell: Callable[[Section], None],
    ) -> None:
        super().__init__(cast, lease, compare_every)
        self.orders = orders
        self.limits = limits
        self.halts = HaltAudit(store)
        self.members = members
        self.strangers = StrangerAudit()
        self.budgets = budgets
        self.reached = reached
        self.renewals = 0
        """how often history was lost"""
        self._store = store
        self._tell = tell
        self._timers: dict[Address, dict[str, Timer]] = {address: {} for address in cast}
        self._backup: _Backup = ({}, orders.remember(), limits.remember(), self.strangers.remember())

    def committed(self, section: Section, actor: Actor[Any]) -> None:
        """See `Watch.committed`."""
        self._tell(section)
        shadow = self.shadows[section.address]
        before, state = shadow.cursors[InputKind.CONTROL], shadow.actor.state
        held = self.budgets.held(state, section) if isinstance(state, StrategyActorState) else {}
        super().committed(section, actor)
        heard = before, shadow.cursors[InputKind.CONTROL]
        self.members.committed(section, heard, self.shadows)
        if held:
            self.budgets.committed(section, heard, held)
        timers = self._timers[section.address]
        for key in section.cancelled_timers:
            timers.pop(key, None)
        timers.update(section.timers)
        if section.address.startswith("execution/"):
            self.strangers.committed(section)
            for item in section.record.inputs:
                if item.kind is InputKind.URGENT:
                    self.orders.took(section.address, self._mail(section.address, item.reference))
        self.orders.committed(section)
        if section.address == "risk":
            self.limits.committed(section)
            if shadow.step % self._compare_every == 0:
                assert isinstance(state, RiskState)
                check_ledger(state, self.limits.portfolio)
                if self.limits.measures:
                    assert isinstance(actor, RiskActor)
                    check_kept(actor, state, self.limits.settings)
            check_conversions(section)
            for event in section.record.events:
                if isinstance(event, ReservationReleased):
                    self._released(event.intent_id)
        self.reached.committed(section)

    def _mail(self, address: Address, reference: str) -> object:
        stream = self._store.actors[address].urgent
        entry = stream.entries[int(reference.partition("-")[0]) - stream.first]
        return entry.message if isinstance(entry, Envelope) else None

    def _released(self, intent_id: str) -> None:
        booked = self.limits.portfolio.intents[intent_id].booked
        for shadow in self.shadows.values():
            state = shadow.actor.state
            if isinstance(state, ExecutionState):
                plan = state.routing.plans.get(intent_id)
                name = state.intents.get(intent_id)
                self.orders.released(plan.orders if plan is not None else [name] if name else [], booked)

    def timers_recovered(self, address: Address, step: int, timers: Mapping[str, Timer]) -> None:
        """An incarnation has recovered at `step` with these timers: those that were set, and no others."""
        if self.shadows[address].step == step and dict(timers) != self._timers[address]:
            found = {"found": sorted(timers), "set": sorted(self._timers[address])}
            raise Finding(5, "timers were lost or came back", actors=(address,), value=found)

    def succeeds(self, address: Address, pid: int, alive: Collection[int], now: int) -> None:
        """The process `pid` writes a request while these processes of its actor live.

        It waits until all that have claimed before it are gone or the lease is over; the store names as many to it as
        it remembers. Of what a lost store had given nothing is left: neither claims nor who has made them.
        """
        claims = [each for each in self._claims[address] if each.pid is not None]
        own = next((each for each in reversed(claims) if each.pid == pid), None)
        if own is None or now >= own.at + self.lease:
            return
        before = [each.pid for each in claims if each.epoch < own.epoch][-EARLIER_KEPT - 1 :]
        if any(each != pid and each in alive for each in before):
            what = "acted while one before it could still act"
            raise Finding(6, what, actors=(address,), value=f"epoch {own.epoch}")

    def promised(self, shadow: Shadow) -> None:
        """See `Watch.promised`: which orders were promised is the order audit's matter, from the events."""

    def written(self, address: Address, epoch: int, effect: Effect, now: int, *, control: str) -> None:
        """A request is written by an actor that has heard the control stream up to `control`."""
        if isinstance(effect, _UNDER_LEASE):
            self.within_lease(address, epoch, effect, now)
        if isinstance(effect, PlaceOrder):
            promise = self.orders.written(address, effect)
            self.halts.written(address, effect, control)
            self.reached.written(promise)
        elif isinstance(effect, ReplaceOrder):
            self.orders.change_written(address, effect)
            self.halts.written(address, effect, control)

    def remember(self) -> Memory:
        """See `Watch.remember`."""
        timers = {address: dict(timers) for address, timers in self._timers.items()}
        told = self.strangers.remember()
        self._backup = (timers, self.orders.remember(), self.limits.remember(), told)
        return super().remember()

    def forget_to(self, memory: Memory) -> None:
        """See `Watch.forget_to`."""
        self.renewals += 1
        timers, orders, books, told = self._backup
        self.strangers.forget_to(told)
        self._timers = {address: dict(each) for address, each in timers.items()}
        self.orders.forget_to(orders)
        self.limits.forget_to(books)
        super().forget_to(memory)
