"""The budget that processes share: together they keep to the limit, and without Redis each keeps to its share."""

from __future__ import annotations

import asyncio
import itertools
import time

import pytest
import redis.asyncio as aioredis

from actors.venues.transport.budget import NEVER, Limit, Priority
from cluster.host.rate_budget import RedisBudget
from cluster.store.redis_store import connect
from messages.errors import ConfigurationError

pytestmark = pytest.mark.integration

MS = 1_000_000
SLOW = Limit("slow", 20, 60_000 * MS, shared=True)
BRISK = Limit("brisk", 5, 100 * MS, shared=True)
_desks = itertools.count()


def pair(client: aioredis.Redis) -> tuple[RedisBudget, RedisBudget]:
    desk = f"budget-{next(_desks)}"
    return (
        RedisBudget(client, desk, "v", "here", safety=1.0),
        RedisBudget(client, desk, "v", "here", safety=1.0),
    )


def test_two_processes_together_keep_to_the_limit_and_leave_room_for_cancels(redis_url: str) -> None:
    async def work() -> None:
        client = connect(redis_url)
        one, other = pair(client)
        taken = [
            await budget.take({SLOW: 1}, Priority.ORDER) == 0 for _ in range(15) for budget in (one, other)
        ]
        assert sum(taken) == 17
        assert await other.take({SLOW: 1}, Priority.ORDER) > 0
        assert await one.take({SLOW: 3}, Priority.CANCEL) == 0
        assert await one.take({SLOW: 1}, Priority.CANCEL) > 0
        assert await one.take({SLOW: 21}, Priority.CANCEL) == NEVER
        await client.aclose()

    asyncio.run(work())


def test_what_was_spent_comes_back_when_the_window_is_over(redis_url: str) -> None:
    async def work() -> None:
        client = connect(redis_url)
        one, other = pair(client)
        for _ in range(5):
            spent = time.monotonic()
            assert await one.take({BRISK: 1}, Priority.CANCEL) == 0
        while wait := await other.take({BRISK: 5, SLOW: 1}, Priority.CANCEL):
            assert 0 < wait <= 120 * MS
            await asyncio.sleep(wait / 1e9 + 0.002)
        assert time.monotonic() - spent > 0.09
        assert await one.take({SLOW: 19}, Priority.CANCEL) == 0, "the refused attempt took nothing"
        await client.aclose()

    asyncio.run(work())


def test_a_pause_holds_all_processes(redis_url: str) -> None:
    async def work() -> None:
        client = connect(redis_url)
        one, other = pair(client)
        began = time.monotonic()
        await one.pause(150 * MS)
        await one.pause(10 * MS)
        while wait := await other.take({SLOW: 1}, Priority.CANCEL):
            assert wait <= 150 * MS
            await asyncio.sleep(wait / 1e9 + 0.002)
        assert time.monotonic() - began > 0.14
        await one.pause(30_000 * MS)
        await one.pause(10 * MS)
        assert 10_000 * MS < await other.take({SLOW: 1}, Priority.CANCEL) <= 30_000 * MS
        await client.aclose()

    asyncio.run(work())


def test_without_redis_a_process_goes_on_with_a_share_of_its_own() -> None:
    async def work() -> None:
        client = connect("redis://127.0.0.1:1/0", timeout_s=0.2)
        budget = RedisBudget(client, "nobody", "v", "here", safety=1.0, own_share=0.25)
        taken = [await budget.take({SLOW: 1}, Priority.CANCEL) == 0 for _ in range(10)]
        assert taken == [True] * 5 + [False] * 5
        assert budget.away
        await budget.pause(1_000 * MS)
        await client.aclose()

    asyncio.run(work())


def test_parts_that_make_no_sense_are_refused(redis_url: str) -> None:
    with pytest.raises(ConfigurationError, match="rate_budget"):
        RedisBudget(connect(redis_url), "d", "v", "here", own_share=0)
