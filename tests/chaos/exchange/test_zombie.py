"""A trader that stood still right before its order left, and was replaced: only its successor writes to the venue."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import psutil
import pytest

from messages.order_events import OrderPlacing
from messages.orders import OrderState
from tests.chaos.desks import until
from tests.chaos.exchange.rig import Rig, eventually, is_ready, rig
from tests.chaos.exchange.storm import Storm, require_sound
from tests.chaos.exchange.trader import EXECUTION

pytestmark = [pytest.mark.chaos, pytest.mark.long]


def test_a_replaced_trader_that_wakes_up_places_nothing(tmp_path: Path) -> None:
    async def run() -> None:
        async with rig(tmp_path) as running:
            await eventually(running, is_ready, 30.0, "the account is set up and compared")
            load = Storm(running, 1, 50.0)
            await load.blow(5)
            held = await _stopped_before_an_order(running, load)
            epoch = await _epoch(running)
            zombie = running.replace_trader()

            async def replaced() -> bool:
                return await _epoch(running) > epoch

            await until(replaced, 60.0, "the successor has begun")
            order = (
                await eventually(running, lambda state: held not in state.live, 30.0, "it is settled")
            ).orders[held]
            assert order.state is OrderState.NOT_SENT
            placed = await _placed(running)

            os.kill(zombie.pid, signal.SIGCONT)
            await until(lambda: _gone(zombie.pid), 60.0, "the zombie ends by itself")
            assert await _placed(running) == placed, "the zombie placed an order"
            assert held not in running.log().ids_of_orders

            await load.blow(20)
            await require_sound(running, await load.pass_over(), load.submitted)
            assert running.deaths == 0

    asyncio.run(run())


async def _stopped_before_an_order(running: Rig, load: Storm) -> str:
    """Let the trader stand still between the commit of an order and its request; returns the order's id."""
    assert running.trader is not None
    process = psutil.Process(running.trader.pid)

    async def stopped() -> bool:
        return process.status() == psutil.STATUS_STOPPED

    while True:
        shot = running.arm("before_effect", "STOP")
        await load.submit()
        await until(stopped, 60.0, "the trader stands still before an effect")
        shot.with_suffix(".taken").unlink()
        record = (await running.store.load(EXECUTION, 0)).records[-1]
        placing = [event for event in record.events if isinstance(event, OrderPlacing)]
        if placing:
            return placing[-1].client_order_id
        process.send_signal(signal.SIGCONT)  # it was a question or a cancel: those may be sent by anybody


async def _epoch(running: Rig) -> int:
    [status] = await running.store.status([EXECUTION])
    return status.epoch


async def _placed(running: Rig) -> int:
    """How many requests to place the exchange has answered, in whatever way."""
    answers = (await running.control("GET", "stats"))["requests"].get("POST /fapi/v1/order", {})
    return sum(answers.values())


async def _gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
