"""A process's line to the store: calls may not arrive, answers may get lost, the server may be away or another one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Protocol, TypeVar

from cluster.simulator.driver import MemoryMail
from cluster.simulator.faults import MILLISECOND, Misfortune
from cluster.simulator.invariants import Watch
from cluster.simulator.ports import VirtualClock
from cluster.steps.machine import StepMachine
from cluster.steps.requests import Input
from cluster.store.memory import MemoryStore
from cluster.store.port import (
    Claimed,
    CommitStatus,
    Incarnation,
    Loaded,
    Section,
    StoredSnapshot,
    StreamName,
    Where,
)
from messages.base import Address, Envelope
from messages.errors import StoreLostError, StoreUnavailableError

T = TypeVar("T")


class StoreWorld(Protocol):
    """What a line needs of its world: the store and its whereabouts, time, chance, and the watch.

    `histories` counts how often the store has lost history: a line that began before finds another server.
    """

    store_away: bool
    histories: int
    clock: VirtualClock
    chance: Random

    @property
    def store(self) -> MemoryStore:
        """The store itself."""

    @property
    def misfortune(self) -> Misfortune:
        """What decides whether a fault strikes."""

    @property
    def watch(self) -> Watch:
        """Who is shown what really happens at the store."""

    def at(self, time: int, act: Callable[[], object]) -> None:
        """Call `act` when the clock reaches `time`."""


class Line:
    """The store as one process sees it; what really happens there is shown to the world's watch."""

    def __init__(self, world: StoreWorld, machine: StepMachine) -> None:
        self._world = world
        self._machine = machine
        self._history = world.histories
        self._mail = MemoryMail(world.store)
        self.stood = (0, b"")
        """What was committed when this process last loaded."""

    @property
    def away(self) -> bool:
        """Whether the store can't be reached."""
        return self._world.store_away

    def claim(
        self,
        address: Address,
        incarnation: Incarnation,
        parent: tuple[Address, int] | None = None,
        at_least: int = 0,
    ) -> Claimed:
        """See `Store.claim`."""
        world = self._world

        def claim() -> Claimed:
            claimed = world.store.claim(address, incarnation, parent, at_least)
            world.watch.claimed(address, claimed.epoch, world.clock.now, incarnation.pid)
            return claimed

        return self._call("reply_lost", claim)

    def commit(self, sections: Sequence[Section]) -> list[CommitStatus]:
        """See `Store.commit`."""
        world = self._world

        def commit() -> list[CommitStatus]:
            answers = world.store.commit(sections)
            for section, answer in zip(sections, answers, strict=True):
                if answer is CommitStatus.COMMITTED:
                    world.watch.committed(section, self._machine.actor)
            return answers

        if (
            self._history == world.histories
            and not world.store_away
            and world.misfortune.strikes("late_commit")
        ):
            self._deliver_late(commit)
            raise StoreUnavailableError("the request is under way for long")
        return self._call("commit_reply_lost", commit)

    def _deliver_late(self, commit: Callable[[], object]) -> None:
        """The request was taken for lost and arrives all the same, unless the server it was sent to is gone."""
        world, history = self._world, self._history

        def arrive() -> None:
            if history == world.histories:
                commit()

        world.at(world.clock.now + world.chance.randrange(2 * MILLISECOND), arrive)

    def load(self, address: Address, steps_after: int | None = None) -> Loaded:
        """See `Store.load`."""
        world = self._world

        def load() -> Loaded:
            self.stood = world.watch.stands(address)
            return world.store.load(address, steps_after)

        return self._call("reply_lost", load)

    def where(self, address: Address) -> Where:
        """See `Store.where`."""
        return self._call("reply_lost", lambda: self._world.store.where(address))

    def heartbeat(self, address: Address, epoch: int) -> Where:
        """See `Store.heartbeat`."""
        self._need_store()
        return self._world.store.heartbeat(address, epoch)

    def owe(self, address: Address, epoch: int, outstanding: int) -> bool:
        """See `Store.owe`."""
        return self._call("reply_lost", lambda: self._world.store.owe(address, epoch, outstanding))

    def save_snapshot(self, address: Address, epoch: int, snapshot: StoredSnapshot) -> bool:
        """See `Store.save_snapshot`."""
        return self._call("reply_lost", lambda: self._world.store.save_snapshot(address, epoch, snapshot))

    def count_attempt(self, address: Address, key: str) -> int:
        """See `Store.count_attempt`."""
        return self._call("reply_lost", lambda: self._world.store.count_attempt(address, key))

    def put_aside(self, address: Address, key: str, data: bytes, error: str) -> None:
        """See `Store.put_aside`."""
        self._call("reply_lost", lambda: self._world.store.put_aside(address, key, data, error))

    def leave(self, address: Address, epoch: int, reason: str) -> bool:
        """See `Store.leave`."""
        return self._call("reply_lost", lambda: self._world.store.leave(address, epoch, reason))

    def renew(self, old_generation: str, new_generation: str, notice: Envelope) -> str:
        """See `Store.renew`."""
        self._need_store()
        return self._world.store.renew(old_generation, new_generation, notice)

    def heads(self, address: Address) -> tuple[int, int, int]:
        """See `Mail.heads`."""
        return self._mail.heads(address) if self._connected() else (0, 0, 0)

    def read_inputs(self, address: Address, stream: StreamName, cursor: int, count: int) -> list[Input]:
        """See `Mail.read_inputs`; nothing comes through a dead line, nor from a server that is another one now."""
        return self._mail.read_inputs(address, stream, cursor, count) if self._connected() else []

    def _connected(self) -> bool:
        return not self._world.store_away and self._history == self._world.histories

    def _call(self, reply_lost: str, method: Callable[[], T]) -> T:
        world = self._world
        self._need_store()
        if self._history != world.histories:
            self._history = world.histories
            raise StoreLostError("the server is another one", field=self._machine.address)
        if world.misfortune.strikes("request_lost"):
            raise StoreUnavailableError("the request was lost")
        answer = method()
        if world.misfortune.strikes(reply_lost):
            raise StoreUnavailableError("the answer was lost")
        return answer

    def _need_store(self) -> None:
        if self._world.store_away:
            raise StoreUnavailableError("the store is away")
