"""Redis away: the desk stands still and fails closed, nobody is replaced for it, and it goes on where it was."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path

import pytest

from tests.chaos.desks import SECOND, Session, session, settings, until
from tests.chaos.evidence import require_digests, require_sound
from tests.chaos.independent import read_records

pytestmark = [pytest.mark.chaos, pytest.mark.long]

AWAY_S = 10.0
IN_FLIGHT_NS = 2 * SECOND
"""A request whose step was committed before may still be on its way for half a lease."""


def test_ten_seconds_without_redis_cost_no_actor_and_send_no_stale_order(tmp_path: Path) -> None:
    asyncio.run(_stop_redis_for_a_while(tmp_path))


async def _stop_redis_for_a_while(folder: Path) -> None:
    loaded = settings(
        folder,
        "away",
        "feed.synthetic.duration=null",
        "feed.max_quote_age=5s",
        "redis.on_store_loss=2s",
        supervision={"digest_every": 1, "lease": "3s"},
    )
    async with session(folder, loaded, speed="1") as desk:
        await until(lambda: _traded(desk, 10), 60, "the desk trades")
        before = await _pids(desk)
        redis = await desk.pid("redis")
        assert redis is not None
        gone_at = time.time_ns()
        os.kill(redis, signal.SIGSTOP)
        await asyncio.sleep(AWAY_S)
        back_at = time.time_ns()  # before the signal: what waited for Redis goes on within microseconds of it
        os.kill(redis, signal.SIGCONT)

        taken = len(read_records(desk.orders_file).received)
        await until(lambda: _traded(desk, taken + 5), 60, "trading goes on")
        await desk.drain()
        assert await _pids(desk) == before, "an actor was replaced although only Redis was away"
        outcome = await desk.outcome()
        require_sound(outcome)
        for address in before:
            if not address.startswith(("supervisor", "clock", "venue")):
                await require_digests(desk, address)

        # desk time is wall time at this speed
        received = outcome.records.received
        meanwhile = [each for each in received if gone_at + IN_FLIGHT_NS < each.sent_at < back_at]
        assert not meanwhile, f"orders that left without Redis: {meanwhile}"
        owner = {
            order: intent for intent in outcome.projection.orders.intents.values() for order in intent.orders
        }
        stale = [
            each
            for each in received
            if (terms := owner[each.client_order_id].terms) is not None and each.sent_at > terms.deadline
        ]
        assert not stale, f"orders sent past their deadline: {stale}"


async def _traded(desk: Session, orders: int) -> bool:
    return len(read_records(desk.orders_file).received) >= orders


async def _pids(desk: Session) -> dict[str, int]:
    statuses = await desk.desk.store.status(await desk.desk.addresses())
    return {each.address: each.incarnation.pid for each in statuses if each.incarnation is not None}
