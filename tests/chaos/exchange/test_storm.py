"""Orders under faults of every kind, kills of the execution actor and of the exchange: each accounted for, once."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest

from tests.chaos.exchange.rig import Rig, eventually, is_ready, rig
from tests.chaos.exchange.storm import Storm, require_faulty, require_sound, storm_faults, summary

pytestmark = pytest.mark.chaos

POINTS = ("before_commit", "after_commit", "before_effect", "during_effect", "after_effect", "in_recovery")


async def storm(
    folder: Path,
    *,
    submits: int,
    per_second: float,
    kills: int = 0,
    restarts: int = 0,
    seed: int = 1,
    least: int | None = None,
) -> None:
    """`submits` intents under faults, with so many deaths of the trader and of the exchange spread over them.

    `least` is how many orders must have reached the exchange, a third of the intents if it is not said.
    """
    async with rig(folder, faults=storm_faults(seed)) as running:
        await eventually(running, is_ready, 60.0, "the account is set up and compared")
        load = Storm(running, seed, per_second)
        blows = ["trader"] * kills + ["exchange"] * restarts
        random.Random(seed).shuffle(blows)
        for number, blow in enumerate(blows):
            await load.blow(submits // (len(blows) + 1))
            if blow == "exchange":
                await running.kill_exchange(0.2)
            else:
                await kill(running, number)
        await load.blow(submits - len(load.submitted))
        statistics = await running.control("GET", "stats")
        state = await load.pass_over()
        log = await require_sound(running, state, load.submitted)
        print(await summary(running, state, log, statistics))
        assert len(load.submitted) == submits
        assert running.deaths == kills
        assert log.opened == 1 + restarts
        enough = submits // 3 if least is None else least
        assert len(log.orders) >= enough, "too few orders have reached the exchange to prove anything"
        if not restarts:  # a restart begins the counts anew
            require_faulty(statistics, every_kind=submits >= 1_000)
        assert {order.status for order in log.orders.values()} >= {"filled", "canceled"}


async def kill(running: Rig, number: int) -> None:
    """Kill the trader at whatever it does now, or at a point of its life."""
    before = running.deaths
    if number % 2:
        shot = running.arm(POINTS[number // 2 % len(POINTS)])
        for _ in range(50):
            if shot.with_suffix(".taken").exists():
                break
            await asyncio.sleep(0.02)
        else:
            shot.unlink(missing_ok=True)
    if not any(running.failpoints.glob("*.taken")):
        running.kill_trader()
    for shot in running.failpoints.glob("*"):
        shot.unlink()
    while running.deaths == before:
        running.require_alive()
        await asyncio.sleep(0.01)


def test_a_storm_with_kills_loses_and_doubles_nothing(tmp_path: Path) -> None:
    asyncio.run(storm(tmp_path, submits=150, per_second=15.0, kills=3, restarts=1, least=30))


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_2000_submits_and_cancels_under_faults(tmp_path: Path) -> None:
    asyncio.run(storm(tmp_path, submits=2_000, per_second=12.0, seed=2))


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_2000_submits_and_cancels_with_50_kills_of_the_execution_actor(tmp_path: Path) -> None:
    asyncio.run(storm(tmp_path, submits=2_000, per_second=10.0, kills=50, seed=3))


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_2000_submits_and_cancels_while_the_exchange_is_restarted(tmp_path: Path) -> None:
    asyncio.run(storm(tmp_path, submits=2_000, per_second=12.0, kills=3, restarts=6, seed=4))
