"""The executor of a supervisor that was replaced, or whose lease is out: it ends and fences nobody."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from cluster.host.executor import Executor, ExecutorSettings
from cluster.host.lease import this_incarnation
from cluster.store.port import Incarnation
from cluster.store.redis_store import RedisStore, connect
from messages.base import Address, Effect, Message
from messages.child_specs import ChildKind
from messages.supervision import (
    ChildFenced,
    ChildrenFound,
    DiscoverChildren,
    FenceChild,
    StartChild,
    StopChild,
    StopFinished,
    StopReason,
)

pytestmark = pytest.mark.integration

SUPERVISOR, CHILD = "supervisor/strategies", "strategy/BTC-USDT"


class Answers:
    """What calling a method of a process leads to."""

    def __init__(self, act: Callable[[], Any]) -> None:
        self.act = act

    async def remote(self) -> Any:
        return self.act()


class FakeHandles:
    """One process under the child's name; what is done to it is written down."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.on_stop: Callable[[], None] = lambda: None

    def find(self, address: Address) -> Any:
        self.done.append("looked")
        return self

    def names(self) -> list[Address]:
        return [CHILD]

    @property
    def stop(self) -> Answers:
        return Answers(self._stop)

    def _stop(self) -> None:
        self.done.append("told to stop")
        self.on_stop()

    @property
    def hold(self) -> Answers:
        return Answers(lambda: None)

    async def identify(self, handle: Any) -> None:
        self.done.append("asked")

    async def end(self, address: Address, incarnation: Incarnation | None) -> None:
        self.done.append("ended")


class Desk:
    """A supervisor's executor over a real store in which it and its child have claimed."""

    def __init__(self, store: RedisStore) -> None:
        self.store, self.handles, self.lease = store, FakeHandles(), True
        self.epoch = 0

    async def begin(self) -> None:
        await self.store.client.flushall()
        self.epoch = (await self.store.claim(SUPERVISOR, this_incarnation())).epoch
        await self.store.claim(CHILD, Incarnation("elsewhere", "", 1, 1), (SUPERVISOR, self.epoch))

    async def replace(self) -> None:
        """A successor takes over and starts the child anew."""
        claimed = await self.store.claim(SUPERVISOR, this_incarnation())
        await self.store.claim(CHILD, this_incarnation(), (SUPERVISOR, claimed.epoch))

    def executor(self) -> Executor:
        async def end(effect: Effect) -> None:
            raise AssertionError(effect)

        return Executor(
            SUPERVISOR,
            None,  # type: ignore[arg-type]
            self.store,
            self.handles,  # type: ignore[arg-type]
            epoch=lambda: self.epoch,
            may_act=lambda: self.lease,
            signal=lambda message: None,
            end=end,
            settings=ExecutorSettings(),
        )


def run(redis_url: str, test: Callable[[Desk], Awaitable[None]]) -> None:
    async def within() -> None:
        store = RedisStore(connect(redis_url), "executor")
        desk = Desk(store)
        try:
            await desk.begin()
            await test(desk)
        finally:
            await store.close()

    asyncio.run(within())


STOP = StopChild(CHILD, 1, ChildKind.ACTOR, 1_000_000_000, StopReason.SHUTDOWN)
FAILED = StopChild(CHILD, 1, ChildKind.ACTOR, None, StopReason.FAILED)
FENCE = FenceChild(CHILD, 1)
DISCOVER = DiscoverChildren(1, 1, (CHILD,))
START = StartChild(CHILD, 2, 1, ChildKind.ACTOR, {})
ERRANDS = (STOP, FAILED, FENCE, DISCOVER, START)


async def performed(desk: Desk, effect: Effect, seconds: float = 0.25) -> Message | None:
    """The answer to an effect; None when it is still waiting after a while, and then it is dropped."""
    try:
        return await asyncio.wait_for(desk.executor().perform(effect, lambda: 0), seconds)
    except TimeoutError:
        return None


@pytest.mark.parametrize("effect", ERRANDS, ids=lambda effect: type(effect).__name__)
@pytest.mark.parametrize("why", ["replaced", "lease is out"])
def test_nothing_is_done_without_claim_or_lease(redis_url: str, effect: Effect, why: str) -> None:
    async def test(desk: Desk) -> None:
        if why == "replaced":
            await desk.replace()
        else:
            desk.lease = False
        before = (await desk.store.where(CHILD)).epoch
        answer = await performed(desk, effect)
        assert answer is None or (
            why == "replaced" and effect is FENCE
        )  # what it would fence is gone already
        assert not {"told to stop", "ended"} & set(desk.handles.done)
        assert (await desk.store.where(CHILD)).epoch == before

    run(redis_url, test)


@pytest.mark.parametrize(
    ("effect", "answer"),
    [(STOP, StopFinished), (FAILED, StopFinished), (FENCE, ChildFenced), (DISCOVER, ChildrenFound)],
)
def test_with_both_it_is_done(redis_url: str, effect: Effect, answer: type[Message]) -> None:
    async def test(desk: Desk) -> None:
        assert isinstance(await performed(desk, effect, 60.0), answer)
        if isinstance(effect, StopChild):
            assert desk.handles.done[-1] == "ended"
        if effect is FENCE:
            assert (await desk.store.where(CHILD)).epoch == 2

    run(redis_url, test)


def test_a_lease_that_is_renewed_lets_it_go_on(redis_url: str) -> None:
    async def test(desk: Desk) -> None:
        desk.lease = False
        asyncio.get_running_loop().call_later(0.2, setattr, desk, "lease", True)
        assert isinstance(await performed(desk, FAILED, 60.0), StopFinished)

    run(redis_url, test)


def test_one_that_is_replaced_half_way_ends_nobody(redis_url: str) -> None:
    """It told the child to stop and was frozen; what bears the name by then is its successor's child."""

    async def test(desk: Desk) -> None:
        async def frozen() -> None:
            await desk.replace()
            desk.lease = False

        desk.handles.on_stop = lambda: asyncio.ensure_future(frozen()) and None  # type: ignore[assignment]
        assert await performed(desk, STOP, 1.5) is None
        assert "told to stop" in desk.handles.done
        assert "ended" not in desk.handles.done
        assert (await desk.store.where(CHILD)).epoch == 2

    run(redis_url, test)
