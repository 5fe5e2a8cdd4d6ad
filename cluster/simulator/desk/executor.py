"""The outside of a simulated supervisor: starts, adopts, fences and stops processes, and signals what it saw.

The counterpart of `cluster.host.executor`, rule by rule, with processes that are hosts of the same world. It decides
nothing: whether and when to restart is the real supervisor's.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any, Protocol

import msgspec

from cluster.simulator.desk.faults import SECOND, DeskMisfortune
from cluster.simulator.desk.host import DeskHost, Reply
from cluster.simulator.faults import MILLISECOND
from cluster.simulator.ports import VirtualClock
from cluster.store.memory import MemoryStore
from cluster.store.port import Incarnation
from messages.base import Address, Effect, Message
from messages.child_specs import ChildKind
from messages.reasons import Reason
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
    Shutdown,
    StartChild,
    StartFailed,
    StopChild,
    StopFinished,
    StopReason,
)

_START_TIMEOUT = 3 * SECOND
_AGAIN = 20 * MILLISECOND
"""How often the executor looks whether something has come to be."""


class ProcessWorld(Protocol):
    """What executors need of the world: its processes by name, and the store as a witness of epochs and reasons.

    `named` is what Ray knows by a name; a process may live on after Ray has lost it.
    """

    clock: VirtualClock
    chance: Random
    misfortune: DeskMisfortune
    store_away: bool
    named: dict[Address, DeskHost]
    root_left: bool

    @property
    def store(self) -> MemoryStore:
        """The store, as supervisors' hosts see it."""

    def launch(
        self, address: Address, parent: tuple[Address, int] | None, life: int, *, delay: int
    ) -> DeskHost:
        """A new process under this name."""

    def kill(self, host: DeskHost) -> None:
        """Kill -9; may not reach it."""

    def fenced(self, address: Address, epoch: int) -> None:
        """The epoch was raised so that no incarnation before it can commit."""

    def is_gone(self, incarnation: Incarnation) -> bool:
        """Whether that process is proven gone."""


class _Watched(msgspec.Struct):
    """A child under watch: its process, its incarnation, the last heartbeat seen, and since when it stands still."""

    host: DeskHost
    incarnation: int
    heartbeat: int
    since: int


class SimulatedExecutor:
    """See the module docstring; the outside of one supervisor process, see `desk.host.Errands`."""

    def __init__(self, world: ProcessWorld, hang_timeout: int) -> None:
        self._world = world
        self._hang = hang_timeout
        self._me: DeskHost | None = None
        self._life = 0
        self._watched: dict[Address, _Watched] = {}
        self._carriers: dict[type[Effect], Callable[[Any, Reply], None]] = {
            StartChild: self._start,
            StopChild: self._stop,
            FenceChild: self._fence,
            DiscoverChildren: self._discover,
            EndSupervisor: self._leave,
            LeaveDesk: self._leave,
        }

    # ------------------------------------------------------------------ as an outside

    def latency(self, effect: Effect) -> tuple[int, int]:
        """See `Outside.latency`; not used, as errands take the time they take."""
        return 0, 0

    def perform(self, effect: Effect, now: int) -> Message | None:
        """See `Outside.perform`; nothing is performed at once here."""
        raise NotImplementedError("an executor answers later")

    def held(self, effect: Effect, now: int) -> Message | None:
        """See `Errands.held`."""
        return None

    def withheld(self, effect: Effect, reason: Reason) -> Message | None:
        """See `Outside.withheld`: an attempt to start is refused, everything else may be repeated."""
        if isinstance(effect, StartChild):
            return StartFailed(effect.child, effect.attempt, reason.value, withheld=True)
        return None

    def carry_out(self, host: DeskHost, effect: Effect, reply: Reply) -> None:
        """See `Errands.carry_out`."""
        self._me = host
        self._soon(lambda: self._carriers[type(effect)](effect, reply))

    def begun(self, host: DeskHost) -> None:
        """See `Errands.begun`."""
        self._me = host

    def interrupted(self, host: DeskHost) -> None:
        """See `Errands.interrupted`: what was being carried out is dropped, as its tasks are cancelled."""
        self._me = host
        self._life += 1

    def store_away(self) -> list[Effect]:
        """See `Errands.store_away`: a supervisor does nothing without the store."""
        return []

    def _soon(self, act: Callable[[], None], delay: int | None = None, *, watching: bool = False) -> None:
        """Go on in a moment, if the supervisor's process is there to do it; waits while the store is away.

        What is not `watching` is dropped when the supervisor loads anew.
        """
        me, world, life = self._me, self._world, self._life
        assert me is not None

        def go_on() -> None:
            if life != self._life and not watching:
                return
            world.misfortune.victim = me.address
            if world.store_away:
                self._soon(act, _AGAIN, watching=watching)
            else:
                act()

        me.later(world.chance.randrange(1, 4 * MILLISECOND) if delay is None else delay, go_on)

    # ------------------------------------------------------------------ starting

    def _start(self, effect: StartChild, reply: Reply) -> None:
        host = self._adoptable(effect.child)
        if host is not None:
            reply(self._up(effect, host, adopted=True))
            return
        self._clear_the_way(effect.child)
        self._when_gone(effect.child, lambda: self._launch(effect, reply))

    def _launch(self, effect: StartChild, reply: Reply) -> None:
        world, me = self._world, self._me
        assert me is not None
        world.misfortune.victim = effect.child
        if world.misfortune.strikes("start_fails"):
            reply(StartFailed(child=effect.child, attempt=effect.attempt, detail="planned"))
            return
        delay = world.chance.randrange(MILLISECOND, 60 * MILLISECOND)
        if world.misfortune.strikes("start_hangs"):
            delay = 2 * _START_TIMEOUT
        host = world.launch(effect.child, (me.address, me.machine.epoch), effect.life, delay=delay)
        self._await(effect, host, world.clock.now + _START_TIMEOUT, reply)

    def _await(self, effect: StartChild, host: DeskHost, until: int, reply: Reply) -> None:
        """Wait until the child has recovered, ended, or takes too long."""
        if host.ended_here or self._world.clock.now > until:
            self._clear_the_way(effect.child)
            detail = str(host.ended) if host.ended_here else "no answer in time"
            reply(StartFailed(child=effect.child, attempt=effect.attempt, detail=detail[:200]))
        elif host.ready and not host.paused:
            reply(self._up(effect, host, adopted=False))
        else:
            self._soon(lambda: self._await(effect, host, until, reply), _AGAIN)

    def _up(self, effect: StartChild, host: DeskHost, *, adopted: bool) -> ChildUp:
        self._watch(effect.child, host)
        incarnation = host.machine.incarnation
        return ChildUp(
            child=effect.child,
            attempt=effect.attempt,
            incarnation=host.machine.epoch,
            pid=incarnation.pid,
            node=incarnation.node,
            adopted=adopted,
        )

    def _adoptable(self, address: Address) -> DeskHost | None:
        """The living process of that name, if no newer one has claimed."""
        host = self._answering(address)
        if host is None or self._world.store.where(address).epoch != host.machine.epoch:
            return None
        return host

    def _answering(self, address: Address) -> DeskHost | None:
        host = self._world.named.get(address)
        return host if host is not None and host.ready and not host.paused and not host.ended_here else None

    def _clear_the_way(self, address: Address) -> None:
        """Fence and end whatever lives under that name."""
        world = self._world
        self._watched.pop(address, None)
        [status] = world.store.status([address])
        host = world.named.get(address)
        gone = host is None or world.is_gone(host.machine.incarnation)
        if status.incarnation is not None and not gone:
            world.fenced(address, world.store.fence(address))
        if host is not None:
            world.kill(host)

    def _when_gone(self, address: Address, act: Callable[[], None]) -> None:
        host = self._world.named.get(address)
        if host is None or host.ended_here:
            act()
        else:
            self._soon(lambda: self._when_gone(address, act), _AGAIN)

    # ------------------------------------------------------------------ stopping

    def _stop(self, effect: StopChild, reply: Reply) -> None:
        world = self._world
        host = world.named.get(effect.child)
        if host is None or host.ended_here:
            self._stopped(effect, reply)
        elif effect.reason is StopReason.SHUTDOWN:
            self._tell_to_stop(effect, host)
            until = None if effect.timeout is None else world.clock.now + effect.timeout
            self._await_end(effect, host, until, reply)
        else:
            world.kill(host)
            self._await_end(effect, host, world.clock.now, reply)

    def _tell_to_stop(self, effect: StopChild, host: DeskHost) -> None:
        if effect.kind is ChildKind.SUPERVISOR:
            host._guarded(lambda: host.intake.signal(Shutdown(by="parent", reason=ExitReason.SHUTDOWN.value)))
        else:
            host.stop = ExitReason.SHUTDOWN
            host.wake(host)

    def _await_end(self, effect: StopChild, host: DeskHost, until: int | None, reply: Reply) -> None:
        world = self._world
        if host.ended_here or world.named.get(effect.child) is not host:
            self._stopped(effect, reply)
            return
        if until is not None and world.clock.now >= until:
            world.kill(host)
        self._soon(lambda: self._await_end(effect, host, until, reply), _AGAIN)

    def _stopped(self, effect: StopChild, reply: Reply) -> None:
        self._watched.pop(effect.child, None)
        reason, detail = self._exit_reason(effect.child, effect.incarnation)
        reply(StopFinished(child=effect.child, incarnation=effect.incarnation, reason=reason, detail=detail))

    def _fence(self, effect: FenceChild, reply: Reply) -> None:
        world = self._world
        if world.store.where(effect.child).epoch == effect.incarnation:
            world.fenced(effect.child, world.store.fence(effect.child))
        reply(ChildFenced(child=effect.child, incarnation=effect.incarnation))

    def _leave(self, effect: EndSupervisor | LeaveDesk, reply: Reply) -> None:
        assert self._me is not None
        self._watched.clear()
        if isinstance(effect, LeaveDesk):
            self._world.root_left = True
        self._me.stop = ExitReason.SHUTDOWN
        reply(None)

    # ------------------------------------------------------------------ discovering

    def _discover(self, effect: DiscoverChildren, reply: Reply) -> None:
        names = list(dict.fromkeys((*effect.children, *sorted(self._world.named))))
        found = [self._look(name, name in effect.children) for name in names]
        alive = tuple(child for child in found if isinstance(child, LivingChild))
        for child in alive:
            self._watch(child.child, self._world.named[child.child])
        ended = tuple(child for child in found if isinstance(child, EndedChild))
        reply(ChildrenFound(life=effect.life, as_of=effect.as_of, alive=alive, ended=ended))

    def _look(self, address: Address, mine: bool) -> LivingChild | EndedChild | None:
        assert self._me is not None
        host = self._answering(address)
        if host is not None:
            parent = host.machine.parent
            if not mine and (parent is None or parent[0] != self._me.address):
                return None
            kind = ChildKind.SUPERVISOR if address.startswith("supervisor/") else ChildKind.ACTOR
            incarnation = host.machine.incarnation
            return LivingChild(address, kind, host.machine.epoch, incarnation.pid, incarnation.node)
        if not mine:
            return None
        [status] = self._world.store.status([address])
        named = self._world.named.get(address)
        gone = status.incarnation is not None and (
            named is None or self._world.is_gone(named.machine.incarnation)
        )
        if status.exit_reason is None and not gone:
            return None
        reason, detail = self._exit_reason(address, status.epoch)
        return EndedChild(address, status.epoch, reason, detail)

    # ------------------------------------------------------------------ watching

    def _watch(self, address: Address, host: DeskHost) -> None:
        self._watched[address] = _Watched(host, host.machine.epoch, -1, self._world.clock.now)

    def notice_end(self, host: DeskHost) -> None:
        """A process has ended, or Ray takes it for dead: its supervisor's never-ending call comes back."""
        watched = self._watched.get(host.address)
        if watched is not None and watched.host is host and self._me is not None:
            delay = self._world.chance.randrange(1, 20 * MILLISECOND)
            self._soon(lambda: self._signal_end(watched), delay, watching=True)

    def _signal_end(self, watched: _Watched) -> None:
        address = watched.host.address
        reason, detail = self._exit_reason(address, watched.incarnation)
        self._down(watched, reason, detail)

    def _down(self, watched: _Watched, reason: ExitReason, detail: str) -> None:
        address = watched.host.address
        if self._watched.get(address) is watched and self._me is not None:
            del self._watched[address]
            down = ChildDown(child=address, incarnation=watched.incarnation, reason=reason, detail=detail)
            me = self._me
            me._guarded(lambda: me.intake.signal(down))

    def judge_heartbeats(self) -> None:
        """Look at the children's life signs. Time without the store counts against nobody."""
        world, now = self._world, self._world.clock.now
        for watched in list(self._watched.values()):
            [status] = world.store.status([watched.host.address])
            heartbeat = status.heartbeat
            if world.store_away or heartbeat != watched.heartbeat:
                watched.heartbeat, watched.since = heartbeat, now
            elif now - watched.since > self._hang:
                self._down(watched, ExitReason.HUNG, "no life sign")

    def _exit_reason(self, address: Address, incarnation: int) -> tuple[ExitReason, str]:
        """What the incarnation wrote before it left; no word means a crash, a newer epoch that it was fenced."""
        [status] = self._world.store.status([address])
        if status.epoch != incarnation:
            return ExitReason.FENCED, f"epoch {status.epoch} has been claimed"
        if status.exit_reason is None:
            return ExitReason.CRASH, "it left no word"
        word, _, detail = status.exit_reason.partition(": ")
        return ExitReason(word), detail
