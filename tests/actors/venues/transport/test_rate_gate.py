"""Waiting for the budget: the important first, nobody for ever, and together with other processes."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest

from actors.venues.transport.budget import NEVER, Budget, Limit, Priority
from actors.venues.transport.rate_gate import RateGate
from tests.actors.venues.scripted import run

pytestmark = pytest.mark.unit

MS = 1_000_000
SMALL = Limit("small", 4, 40 * MS, shared=True)


def gate_of(*limits: Limit) -> RateGate:
    return RateGate(Budget(limits or [SMALL], safety=1.0))


def test_cancels_overtake_orders_that_wait_and_equals_keep_their_order() -> None:
    async def work() -> None:
        gate, entered = gate_of(), []
        for _ in range(4):
            assert await gate.enter({"small": 1}, Priority.CANCEL, 0)

        async def enter(name: str, priority: Priority) -> None:
            if await gate.enter({"small": 1}, priority, 5):
                entered.append(name)

        orders = [asyncio.create_task(enter(f"order{n}", Priority.ORDER)) for n in range(6)]
        await asyncio.sleep(0)
        cancels = [asyncio.create_task(enter(f"cancel{n}", Priority.CANCEL)) for n in range(3)]
        await asyncio.gather(*orders, *cancels)
        assert entered[:3] == ["cancel0", "cancel1", "cancel2"]
        assert entered[3:] == [f"order{n}" for n in range(6)]

    run(work())


def test_who_would_wait_too_long_is_told_at_once_and_takes_nothing() -> None:
    async def work() -> None:
        gate = gate_of(Limit("slow", 2, 3_600_000 * MS))
        assert await gate.enter({"slow": 2}, Priority.CANCEL, 0)
        async with asyncio.timeout(0.5):
            assert not await gate.enter({"slow": 1}, Priority.CANCEL, 60)
            assert not await gate.enter({"slow": 3}, Priority.CANCEL, 60)
        assert gate.used() == 1.0

    run(work())


def test_a_large_request_is_not_starved_by_small_ones() -> None:
    async def work() -> None:
        gate, entered = gate_of(), []
        await gate.enter({"small": 4}, Priority.CANCEL, 0)

        async def enter(name: str, units: int) -> None:
            assert await gate.enter({"small": units}, Priority.CANCEL, 5)
            entered.append(name)

        large = asyncio.create_task(enter("large", 4))
        await asyncio.sleep(0)
        await asyncio.gather(large, *(enter(f"small{n}", 1) for n in range(5)))
        assert entered[0] == "large"

    run(work())


def test_who_gives_up_waiting_leaves_the_way_free() -> None:
    async def work() -> None:
        gate = gate_of()
        await gate.enter({"small": 4}, Priority.CANCEL, 0)
        waiting = asyncio.create_task(gate.enter({"small": 4}, Priority.CANCEL, 5))
        await asyncio.sleep(0)
        waiting.cancel()
        assert await gate.enter({"small": 1}, Priority.CANCEL, 5)

    run(work())


class Others:
    """A shared budget that says what it is told to."""

    def __init__(self, *waits: int) -> None:
        self.waits = list(waits)
        self.taken: list[dict[str, int]] = []
        self.paused: list[int] = []

    async def take(self, costs: Mapping[Limit, int], priority: Priority) -> int:
        self.taken.append({limit.name: units for limit, units in costs.items()})
        return self.waits.pop(0)

    async def pause(self, duration_ns: int) -> None:
        self.paused.append(duration_ns)


def test_what_counts_for_the_address_is_asked_of_the_shared_budget() -> None:
    async def work() -> None:
        shared = Others(5 * MS, 0, 3_600_000 * MS, NEVER)
        own = Limit("own", 100, 1000 * MS)
        gate = RateGate(Budget([Limit("small", 100, 40 * MS, shared=True), own], safety=1.0), shared=shared)
        assert await gate.enter({"own": 1}, Priority.ORDER, 1)
        assert shared.taken == []
        assert await gate.enter({"own": 1, "small": 2}, Priority.CANCEL, 1)
        assert shared.taken == [{"small": 2}, {"small": 2}]
        assert not await gate.enter({"small": 1}, Priority.CANCEL, 1)
        assert not await gate.enter({"small": 1}, Priority.CANCEL, 1)
        gate.pause(0.01)
        gate.pause(0.01, ["own"])
        await asyncio.sleep(0)
        assert shared.paused == [10 * MS]
        assert not await gate.enter({"own": 1}, Priority.CANCEL, 0)

    run(work())
