"""Backups of the simulated store, and losing what came after one: its server comes back with what the last one has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from cluster.simulator.desk.audit.auditor import Auditor
from cluster.simulator.desk.host import DeskHost
from cluster.simulator.desk.store import NotingStore
from cluster.simulator.invariants import Memory
from cluster.simulator.ports import Crash
from messages.base import Address

_WITNESSES = 3
"""How many processes must live that can tell that the store has lost history."""


class BackedUpWorld(Protocol):
    """What backups need of their world; `histories` counts the losses."""

    store: NotingStore
    watch: Auditor
    hosts: dict[int, DeskHost]
    named: dict[Address, DeskHost]
    histories: int

    @property
    def exchanges(self) -> Mapping[str, Any]:
        """By venue."""

    def wake(self, host: DeskHost) -> None:
        """There may be something to take for this process."""

    def bury_dead(self) -> None:
        """Take note of the processes that have ended."""


class Backups:
    """See the module docstring."""

    def __init__(self, world: BackedUpWorld) -> None:
        self._world = world
        self._last: tuple[NotingStore, Memory] | None = None

    def take(self) -> None:
        """Keep a copy of the store as it is, once every account was read: a desk without one has nothing to lose."""
        world = self._world
        if any(venue not in world.watch.limits.portfolio.opened for venue in world.exchanges):
            return
        self._last = (world.store.copy(), world.watch.remember())

    def restore(self) -> bool:
        """The store's server comes back with what its last backup has; its clients see another one at their next call.

        Processes that Ray has lost are gone by then: nothing in the store would tell them from their successors. Some
        must be left that know more than the backup: a store that is restored while nobody lives keeps its generation,
        and nothing tells it from one that lost nothing.
        """
        if self._last is None:
            return False
        world, (store, memory) = self._world, self._last
        witnesses = [
            host
            for host in world.named.values()
            if host.ready and not host.paused and host.machine.position.step > store.where(host.address).step
        ]
        if len(witnesses) < _WITNESSES:
            return False
        world.store.become(store)
        world.watch.forget_to(memory)
        world.histories += 1
        for host in list(world.hosts.values()):
            if world.named.get(host.address) is not host:
                host.die(Crash("replaced"))
            world.wake(host)
        world.bury_dead()
        return True
