"""The host of a service: its life signs go on when the store has forgotten its claim, unless it was replaced."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import msgspec
import pytest

from cluster.host.actor_host import HostSettings
from cluster.host.services import ServiceHost
from cluster.store.memory import MemoryStore
from cluster.store.port import Claimed, Incarnation, Where
from messages.base import Address
from messages.errors import FencedError
from messages.supervision import ExitReason

pytestmark = pytest.mark.unit

ME, PARENT = "venue/paper", "supervisor/venues"


class Spec(msgspec.Struct):
    """What a service's host reads of its process's spec."""

    address: Address
    parent: tuple[Address, int]
    host: HostSettings


class AwaitedStore:
    """The memory store, awaited."""

    def __init__(self) -> None:
        self.kept = MemoryStore()

    async def claim(
        self, address: Address, incarnation: Incarnation, parent: tuple[Address, int] | None, at_least: int
    ) -> Claimed:
        return self.kept.claim(address, incarnation, parent, at_least)

    async def heartbeat(self, address: Address, epoch: int) -> Where:
        return self.kept.heartbeat(address, epoch)

    async def leave(self, address: Address, epoch: int, reason: str) -> bool:
        return self.kept.leave(address, epoch, reason)


class Idle:
    """A service that serves until it is cancelled."""

    def __init__(self) -> None:
        self.ready = asyncio.Event()

    async def run(self) -> None:
        await asyncio.Event().wait()


def served(
    then: Callable[[AwaitedStore, ServiceHost], Awaitable[None]], *, by_itself: bool = False
) -> ExitReason:
    """Let a service of a supervisor's first epoch live; after `then` stop it, unless it ends `by_itself`."""

    async def live() -> ExitReason:
        store = AwaitedStore()
        parent = (PARENT, store.kept.claim(PARENT, Incarnation("node", "boot", 1, 1)).epoch)
        spec = Spec(ME, parent, HostSettings(heartbeat_s=0.001))
        host = ServiceHost(spec, Idle(), store)  # type: ignore[arg-type]
        life = asyncio.create_task(host.run())
        await until(lambda: store.kept.where(ME).epoch == 1)
        await then(store, host)
        if not by_itself:
            host.stop()
        return await asyncio.wait_for(life, 60)

    return asyncio.run(live())


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.001)


def test_a_store_that_forgot_the_claim_is_claimed_anew_and_gets_life_signs() -> None:
    async def forget(store: AwaitedStore, host: ServiceHost) -> None:
        del store.kept.actors[ME]
        await until(lambda: host.epoch == 2)
        before = store.kept.status([ME])[0].heartbeat
        await until(lambda: store.kept.status([ME])[0].heartbeat > before)

    assert served(forget) is ExitReason.SHUTDOWN


def test_a_service_whose_supervisor_was_replaced_meanwhile_ends_as_fenced() -> None:
    async def forget(store: AwaitedStore, host: ServiceHost) -> None:
        del store.kept.actors[ME]
        store.kept.claim(PARENT, Incarnation("node", "boot", 2, 2))

    with pytest.raises(FencedError, match="superseded"):
        served(forget, by_itself=True)
