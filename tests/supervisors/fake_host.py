"""A host without machines: it takes steps for one supervisor, keeps its journal, and carries out effects in a small
world of processes. Whoever uses it decides what fails and when."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable

import msgspec

from actors.base import Context, Timer
from messages.base import Address, Effect, Envelope, Message
from messages.child_specs import SECOND, Backoff, ChildKind, ChildSpec, Intensity, SupervisorSpec
from messages.codec import message_from_plain, message_to_plain, pack, to_plain, unpack
from messages.supervision import (
    ChildDown,
    ChildFenced,
    ChildrenFound,
    ChildUp,
    DiscoverChildren,
    EndedChild,
    EndSupervisor,
    ExitReason,
    FenceChild,
    LeaveDesk,
    LivingChild,
    StartChild,
    StartFailed,
    StopChild,
    StopFinished,
    StopReason,
)
from supervisors.state import ChildRecord, SupervisorState
from supervisors.supervisor import Supervisor

ANSWERED = (StartChild, StopChild, FenceChild, DiscoverChildren)


def children(*names: str) -> tuple[ChildSpec, ...]:
    """Permanent actors of these names."""
    return tuple(ChildSpec(id=name) for name in names)


def supervisor_child(name: str) -> ChildSpec:
    """A permanent supervisor as a child."""
    return ChildSpec(id=name, kind=ChildKind.SUPERVISOR, shutdown_timeout=None)


def spec(*kids: ChildSpec, **changes: object) -> SupervisorSpec:
    """A supervisor `s` whose backoff is 1 s without jitter, unless changed."""
    plain = SupervisorSpec(
        id="s",
        children=kids,
        intensity=Intensity(restarts=3, period=60 * SECOND),
        backoff=Backoff(minimum=SECOND, maximum=8 * SECOND, jitter=0.0, reset_after=30 * SECOND),
    )
    return msgspec.structs.replace(plain, **changes)


class Process(msgspec.Struct):
    """One living process."""

    incarnation: int
    current: bool = True
    frozen: bool = False


class World:
    """The machine: which processes live, which epoch each child has, who left with which word."""

    def __init__(self, kinds: dict[Address, ChildKind]) -> None:
        self.kinds = kinds
        self.alive: dict[Address, Process] = {}
        self.epochs: dict[Address, int] = {}
        self.ended: dict[Address, EndedChild] = {}
        self.refusing: dict[Address, int] = {}
        self.history: list[tuple[str, Address]] = []
        self.left: Effect | None = None

    def start(self, effect: StartChild) -> Message:
        self.kinds[effect.child] = effect.kind
        living = self.alive.get(effect.child)
        if living is not None and living.current and not living.frozen:
            return ChildUp(effect.child, effect.attempt, living.incarnation, 1, "node", True)
        self.alive.pop(effect.child, None)
        if self.refusing.get(effect.child, 0) > 0:
            self.refusing[effect.child] -= 1
            return StartFailed(effect.child, effect.attempt, "no such model")
        incarnation = self.epochs[effect.child] = self.epochs.get(effect.child, 0) + 1
        self.alive[effect.child] = Process(incarnation)
        self.history.append(("start", effect.child))
        return ChildUp(effect.child, effect.attempt, incarnation, 1, "node", False)

    def stop(self, effect: StopChild) -> Message:
        living = self.alive.get(effect.child)
        if living is not None and living.incarnation == effect.incarnation:
            word = ExitReason.SHUTDOWN if effect.reason is StopReason.SHUTDOWN else ExitReason.CRASH
            self.die(effect.child, word)
            self.history.append(("stop", effect.child))
        known = self.ended.get(effect.child)
        matches = known is not None and known.incarnation == effect.incarnation
        reason = known.reason if known is not None and matches else ExitReason.CRASH
        return StopFinished(effect.child, effect.incarnation, reason)

    def fence(self, effect: FenceChild) -> Message:
        if self.epochs.get(effect.child) == effect.incarnation:
            self.epochs[effect.child] += 1
        return ChildFenced(effect.child, effect.incarnation)

    def discover(self, effect: DiscoverChildren) -> Message:
        alive = tuple(
            LivingChild(name, self.kinds[name], process.incarnation, 1, "node", process.current)
            for name, process in self.alive.items()
        )
        ended = tuple(end for name, end in self.ended.items() if name not in self.alive)
        return ChildrenFound(effect.life, effect.as_of, alive, ended)

    def die(self, name: Address, reason: ExitReason) -> ChildDown:
        process = self.alive.pop(name)
        self.ended[name] = EndedChild(name, process.incarnation, reason, "boom")
        return ChildDown(name, process.incarnation, reason, "boom")


class FakeHost:
    """Takes steps for one supervisor. `settle` carries out every effect and delivers every answer in order."""

    def __init__(self, spec: SupervisorSpec, *, life: int = 1, begin: bool = True) -> None:
        self.spec = spec
        self.life = life
        self.now = 1_000 * SECOND
        self.journal: list[Message] = []
        self.timers: dict[str, Timer] = {}
        self.lanes: dict[Address, deque[Effect]] = {}
        self.sent: list[Envelope] = []
        self.last_effects: list[Effect] = []
        self.world = World({child.id: child.kind for child in spec.children})
        self.boundaries = [0]
        self.after_step: Callable[[list[Message]], None] = lambda events: None
        self._mount()
        if begin:
            self.settle()

    # ------------------------------------------------------------------ steps

    def _mount(self) -> None:
        self.actor = Supervisor(self.spec, life=self.life)
        for event in self.journal:
            self.actor.apply(event)
        self.context = Context(self.actor, seed=1)
        self.lanes = {}
        self._queue(self.actor.outstanding())

    def take(self, message: Message, sender: Address = "host") -> list[Message]:
        """One step on one input, its effects queued; returns the events."""
        context = self.context
        context.clear()
        context.now = self.now
        name = f"{sender}#{len(self.boundaries)}"
        context.begin(sender, name, name)
        self.actor.receive(message, context)
        self.journal += context.events
        self.boundaries.append(len(self.journal))
        self.sent += context.envelopes
        for key in context.cancelled_timers:
            self.timers.pop(key, None)
        self.timers.update(context.timers)
        self.last_effects = list(context.effects)
        self._queue(context.effects)
        self.after_step(context.events)
        return list(context.events)

    def _queue(self, effects: Iterable[Effect]) -> None:
        for effect in effects:
            self.lanes.setdefault(effect.lane, deque()).append(effect)

    def perform(self, lane: Address) -> Message | None:
        """Carry out the next effect of a lane in the world; its answer is returned, not delivered."""
        queue = self.lanes[lane]
        effect = queue.popleft()
        if not queue:
            del self.lanes[lane]
        match effect:
            case StartChild():
                return self.world.start(effect)
            case StopChild():
                return self.world.stop(effect)
            case FenceChild():
                return self.world.fence(effect)
            case DiscoverChildren():
                return self.world.discover(effect)
            case EndSupervisor() | LeaveDesk():
                self.world.left = effect
                return None
        raise AssertionError(f"unexpected effect {effect}")

    def pass_on(self, lane: Address) -> None:
        """Carry out the next effect of a lane and take its answer."""
        answer = self.perform(lane)
        if answer is not None:
            self.take(answer)

    def settle(self) -> None:
        """Carry out effects and deliver their answers until none is left."""
        while self.lanes:
            self.pass_on(next(iter(self.lanes)))

    # ------------------------------------------------------------------ time and death

    def elapse(self, time: int, *, settle: bool = True) -> None:
        """Let time pass, taking due timers in their order."""
        until = self.now + time
        while due := [timer for timer in self.timers.values() if timer.due <= until]:
            timer = min(due, key=lambda timer: (timer.due, timer.key))
            self.now = max(self.now, timer.due)
            del self.timers[timer.key]
            self.take(timer.message, self.actor.address)
            if settle:
                self.settle()
        self.now = until

    def tell(self, message: Message, *, settle: bool = True) -> list[Message]:
        """A command, and what follows from it."""
        events = self.take(message, "operator")
        if settle:
            self.settle()
        return events

    def kill(
        self, name: Address, reason: ExitReason = ExitReason.CRASH, *, settle: bool = True
    ) -> list[Message]:
        """A child ends, and the supervisor hears of it."""
        events = self.take(self.world.die(name, reason))
        if settle:
            self.settle()
        return events

    def hang(self, name: Address, reason: ExitReason = ExitReason.HUNG, *, settle: bool = True) -> None:
        """A child lives on, but is reported hung or lost."""
        process = self.world.alive[name]
        process.frozen = True
        self.take(ChildDown(name, process.incarnation, reason, "silent"))
        if settle:
            self.settle()

    def recover(
        self, *, life: int | None = None, spec: SupervisorSpec | None = None, settle: bool = True
    ) -> None:
        """The supervisor's process dies; what it had not carried out is lost, and its successor takes over."""
        self.life = self.life if life is None else life
        self.spec = self.spec if spec is None else spec
        self._mount()
        if settle:
            self.settle()

    # ------------------------------------------------------------------ looking

    @property
    def state(self) -> SupervisorState:
        """The supervisor's state."""
        return self.actor.state

    def child(self, name: Address) -> ChildRecord:
        """One child's record."""
        return self.state.children[name]

    def statuses(self) -> dict[Address, str]:
        """The status of every child."""
        return {name: child.status.value for name, child in self.state.children.items()}

    def since(self, mark: int) -> list[tuple[str, Address]]:
        """What happened in the world since `mark`, a former length of its history."""
        return self.world.history[mark:]

    def kinds(self) -> list[str]:
        """The kinds of the events so far."""
        return [type(event).__name__ for event in self.journal]

    def replayed(self) -> bytes:
        """The state of a fresh supervisor after all events, as snapshots store it; the events travel as stored."""
        fresh = Supervisor(self.spec, life=self.life)
        for event in self.journal:
            fresh.apply(message_from_plain(unpack(pack(message_to_plain(event)))))
        return pack(to_plain(fresh.state))
