"""The executor: moves the real processes towards what a supervisor wants.

It is the outside of a supervisor actor. It starts, adopts, fences and stops children on Ray, watches them — a death
is noticed by a never-ending call, a hang by a heartbeat that stands still while Redis answers — and signals what it
saw. It decides nothing: whether and when to restart is the supervisor's.

Children are named by address, and so a supervisor that was replaced would stop its successor's: every discovery and
every act waits until the supervisor's own claim and lease are found in force; if it was replaced, until it is ended.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import msgspec
from ray.exceptions import ActorUnavailableError, RayError

from cluster.host.handles import Handles, kill_here
from cluster.host.launch import ChildLaunch, Launch, Started
from cluster.host.lease import proven_gone
from cluster.store.port import ActorStatus
from cluster.store.redis_store import RedisStore
from messages.base import Address, Effect, Message
from messages.child_specs import ChildKind
from messages.errors import ConfigurationError, StoreUnavailableError
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
    StartChild,
    StartFailed,
    StopChild,
    StopFinished,
    StopReason,
)

_LOOK_AGAIN_S = 0.05


class ExecutorSettings(msgspec.Struct, frozen=True):
    """Machine time in seconds: how often to look, what counts as hung, how long a start may take."""

    heartbeat_s: float = 0.5
    hang_s: float = 5.0
    start_s: float = 60.0


class _Watched(msgspec.Struct):
    """A child under watch: its incarnation, the last heartbeat seen, and since when it stands still."""

    incarnation: int
    heartbeat: int
    since: float
    task: asyncio.Task[None]


class Executor:
    """See the module docstring.

    `epoch` is what the supervisor has claimed, `may_act` whether its lease is in force; `signal` hands a message to
    the supervisor; `end` lets its process end.
    """

    def __init__(
        self,
        address: Address,
        launch: Launch,
        store: RedisStore,
        handles: Handles,
        *,
        epoch: Callable[[], int],
        may_act: Callable[[], bool],
        signal: Callable[[Message], None],
        end: Callable[[Effect], Awaitable[None]],
        settings: ExecutorSettings,
    ) -> None:
        self.address = address
        self.launch = launch
        self.store = store
        self.handles = handles
        self.settings = settings
        self._epoch = epoch
        self._may_act = may_act
        self._signal = signal
        self._end = end
        self._watched: dict[Address, _Watched] = {}
        self._perform: dict[type[Effect], Callable[[Any], Awaitable[Message | None]]] = {
            StartChild: self._start,
            StopChild: self._stop,
            FenceChild: self._fence,
            DiscoverChildren: self._discover,
            EndSupervisor: self._leave,
            LeaveDesk: self._leave,
        }

    async def perform(self, effect: Effect, now: Callable[[], int]) -> Message | None:
        """See `Outside.perform`. Waits while Redis is away: nothing is started without its word."""
        while True:
            try:
                return await self._perform[type(effect)](effect)
            except StoreUnavailableError:
                await asyncio.sleep(0.1)

    def withheld(self, effect: Effect, reason: Reason) -> Message | None:
        """See `Outside.withheld`: an attempt to start is refused, everything else waits for the lease."""
        if isinstance(effect, StartChild):
            return StartFailed(effect.child, effect.attempt, reason.value, withheld=True)
        return None

    def store_away(self) -> list[Effect]:
        """See `Outside.store_away`: a supervisor does nothing without the store."""
        return []

    async def _in_force(self) -> None:
        """Wait until nobody else can act in this supervisor's name: until its end, once it has been replaced."""
        while True:
            where = await self.store.where(self.address)
            if where.epoch == self._epoch() and self._may_act():
                return
            await asyncio.sleep(_LOOK_AGAIN_S)

    # ------------------------------------------------------------------ starting

    async def _start(self, effect: StartChild) -> Message:
        adopted = await self._adoptable(effect.child)
        if adopted is not None:
            return self._up(effect, adopted, adopted=True)
        await self._clear_the_way(effect.child)
        child = ChildLaunch(
            self.launch,
            effect.child,
            effect.kind.value,
            {**effect.arguments, "life": effect.life},
            (self.address, self._epoch()),
        )
        await self._in_force()
        try:
            handle = self.handles.create(child)
            started = await asyncio.wait_for(_awaited(handle.begin.remote()), self.settings.start_s)
        except (RayError, ConfigurationError, ValueError, TimeoutError) as error:
            await self._clear_the_way(effect.child)
            return StartFailed(child=effect.child, attempt=effect.attempt, detail=_headline(error))
        return self._up(effect, started, adopted=False)

    def _up(self, effect: StartChild, started: Started, *, adopted: bool) -> ChildUp:
        self._watch(effect.child, started.epoch)
        return ChildUp(
            child=effect.child,
            attempt=effect.attempt,
            incarnation=started.epoch,
            pid=started.pid,
            node=started.node,
            adopted=adopted,
        )

    async def _adoptable(self, address: Address) -> Started | None:
        """The living process of that name, if it is of this code and config and no newer one has claimed."""
        handle = self.handles.find(address)
        started = await self.handles.identify(handle) if handle is not None else None
        if started is None or not self._current(started):
            return None
        return started if (await self.store.where(address)).epoch == started.epoch else None

    def _current(self, started: Started) -> bool:
        launch = self.launch
        return (started.config_hash, started.code_version) == (launch.config_hash, launch.code_version)

    async def _clear_the_way(self, address: Address) -> None:
        """Fence and end whatever lives under that name."""
        status = await self._status(address)
        self._unwatch(address)
        if status.incarnation is not None and not proven_gone(status.incarnation):
            await self._in_force()
            await self.store.fence(address)
        await self._in_force()
        await self.handles.end(address, status.incarnation)

    # ------------------------------------------------------------------ stopping

    async def _stop(self, effect: StopChild) -> Message:
        status = await self._status(effect.child)
        await self._in_force()
        handle = self.handles.find(effect.child)
        if handle is not None and effect.reason is StopReason.SHUTDOWN:
            timeout = effect.timeout / 1e9 if effect.timeout is not None else None
            with suppress(RayError, TimeoutError):
                await asyncio.wait_for(_awaited(handle.stop.remote()), timeout)
            await self._in_force()
        if status.incarnation is not None and effect.reason is not StopReason.SHUTDOWN:
            kill_here(status.incarnation)
        self._unwatch(effect.child)
        await self._gone(effect.child, status)
        reason, detail = await self._exit_reason(effect.child, effect.incarnation)
        return StopFinished(child=effect.child, incarnation=effect.incarnation, reason=reason, detail=detail)

    async def _gone(self, address: Address, status: ActorStatus) -> None:
        """Give an orderly end a moment to finish, then make sure."""
        deadline = time.monotonic() + 1.0
        while time.monotonic() < deadline:
            if status.incarnation is None or proven_gone(status.incarnation):
                break
            await asyncio.sleep(0.01)
        await self._in_force()
        await self.handles.end(address, status.incarnation)

    async def _fence(self, effect: FenceChild) -> Message:
        if (await self.store.where(effect.child)).epoch == effect.incarnation:
            await self._in_force()
            await self.store.fence(effect.child)
        return ChildFenced(child=effect.child, incarnation=effect.incarnation)

    async def _leave(self, effect: EndSupervisor | LeaveDesk) -> None:
        for address in list(self._watched):
            self._unwatch(address)
        await self._end(effect)

    # ------------------------------------------------------------------ discovering

    async def _discover(self, effect: DiscoverChildren) -> Message:
        await self._in_force()
        names = list(dict.fromkeys((*effect.children, *self.handles.names())))
        found = await asyncio.gather(*(self._look(name, name in effect.children) for name in names))
        alive = tuple(child for child in found if isinstance(child, LivingChild))
        for child in alive:
            self._watch(child.child, child.incarnation)
        ended = tuple(child for child in found if isinstance(child, EndedChild))
        return ChildrenFound(life=effect.life, as_of=effect.as_of, alive=alive, ended=ended)

    async def _look(self, address: Address, mine: bool) -> LivingChild | EndedChild | None:
        handle = self.handles.find(address)
        started = await self.handles.identify(handle) if handle is not None else None
        if started is not None and (mine or started.parent == self.address):
            return LivingChild(
                child=address,
                kind=ChildKind(started.kind),
                incarnation=started.epoch,
                pid=started.pid,
                node=started.node,
                current=self._current(started),
            )
        if not mine:
            return None
        status = await self._status(address)
        gone = status.incarnation is not None and proven_gone(status.incarnation)
        if status.exit_reason is None and not gone:
            return None
        reason, detail = await self._exit_reason(address, status.epoch)
        return EndedChild(child=address, incarnation=status.epoch, reason=reason, detail=detail)

    # ------------------------------------------------------------------ watching

    def _watch(self, address: Address, incarnation: int) -> None:
        self._unwatch(address)
        task = asyncio.create_task(self._hold(address, incarnation))
        self._watched[address] = _Watched(incarnation, -1, time.monotonic(), task)

    def _unwatch(self, address: Address) -> None:
        watched = self._watched.pop(address, None)
        if watched is not None and watched.task is not asyncio.current_task():
            watched.task.cancel()

    async def _hold(self, address: Address, incarnation: int) -> None:
        """Wait for the end of a child's process and signal it."""
        lost = False
        while True:
            handle = self.handles.find(address)
            if handle is None:
                break
            try:
                await handle.hold.remote()
                break
            except ActorUnavailableError:
                lost = True  # not reachable is not dead: the heartbeat decides, unless Ray changes its mind
                await asyncio.sleep(self.settings.heartbeat_s)
                continue
            except RayError:
                break
        while True:
            try:
                reason, detail = await self._exit_reason(address, incarnation)
                break
            except StoreUnavailableError:
                await asyncio.sleep(0.1)
        if lost and reason is ExitReason.CRASH:
            reason = ExitReason.LOST
        self._down(address, incarnation, reason, detail)

    def _down(self, address: Address, incarnation: int, reason: ExitReason, detail: str) -> None:
        watched = self._watched.get(address)
        if watched is not None and watched.incarnation == incarnation:
            self._unwatch(address)
            self._signal(ChildDown(child=address, incarnation=incarnation, reason=reason, detail=detail))

    async def watch_heartbeats(self) -> None:
        """Look at the children's life signs for ever. Time without Redis counts against nobody."""
        while True:
            await asyncio.sleep(self.settings.heartbeat_s)
            addresses = list(self._watched)
            try:
                statuses = await self.store.status(addresses) if addresses else []
            except StoreUnavailableError:
                for watched in self._watched.values():
                    watched.since = time.monotonic()
                continue
            for status in statuses:
                self._judge(status)

    def _judge(self, status: ActorStatus) -> None:
        watched, now = self._watched.get(status.address), time.monotonic()
        if watched is None:
            return
        if status.heartbeat != watched.heartbeat:
            watched.heartbeat, watched.since = status.heartbeat, now
        elif now - watched.since > self.settings.hang_s:
            detail = f"no life sign for {now - watched.since:.1f} s"
            self._down(status.address, watched.incarnation, ExitReason.HUNG, detail)

    # ------------------------------------------------------------------ the store's word

    async def _status(self, address: Address) -> ActorStatus:
        [status] = await self.store.status([address])
        return status

    async def _exit_reason(self, address: Address, incarnation: int) -> tuple[ExitReason, str]:
        """What the incarnation wrote before it left; no word means a crash, a newer epoch that it was fenced."""
        status = await self._status(address)
        if status.epoch != incarnation:
            return ExitReason.FENCED, f"epoch {status.epoch} has been claimed"
        if status.exit_reason is None:
            return ExitReason.CRASH, "it left no word"
        word, _, detail = status.exit_reason.partition(": ")
        return ExitReason(word), detail


def _headline(error: Exception) -> str:
    """The last line of an error that came over Ray, which is the original one's."""
    text = str(error).strip() or type(error).__name__
    return text.splitlines()[-1][:500]


async def _awaited(reference: Any) -> Any:
    return await reference
