"""A strategy that raises beside another on its symbol: parked with its position closed, also after kill -9, and tried
again by a person; the other trades on, and its process is never restarted for it."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest

from messages.decisions import EnableStrategy
from tests.chaos.desks import BTC, PROFILE, Session, session, settings, until
from tests.chaos.evidence import require_all_ended, require_equal_fills, require_nothing_doubled

pytestmark = [pytest.mark.chaos, pytest.mark.long]

RAISING = {
    "kind": "tests.chaos.strategies:BuysThenRaises",
    "symbols": ["BTC-USDT"],
    "order": {"style": "market", "notional": 2000, "deadline": "2s"},
    "on_give_up": "flatten",
}


def test_a_strategy_that_raises_is_parked_flat_and_its_neighbour_trades_on(tmp_path: Path) -> None:
    asyncio.run(_until_it_is_tried_again(tmp_path))


async def _until_it_is_tried_again(folder: Path) -> None:
    supervision = {
        **PROFILE["supervision"],
        "intensity": {"restarts": 3, "period": "60s"},
        "backoff": {"minimum": "100ms", "maximum": "1s", "jitter": 0},
    }
    loaded = settings(
        folder,
        "beside",
        "feed.synthetic.duration=null",
        strategies={"raising": RAISING, "ema": PROFILE["strategies"]["ema"]},
        supervision=supervision,
    )
    async with session(folder, loaded, "1") as desk:
        await until(lambda: _is_parked_flat(desk), 60, "the strategy is parked and flat", desk.standing)
        row = await desk.row(BTC)
        assert (row["status"], row["restarts"]) == ("running", 0), "its neighbour was restarted"

        pid = await desk.pid(BTC)
        assert pid is not None
        os.kill(pid, signal.SIGKILL)

        async def is_back() -> bool:
            return (await desk.row(BTC))["status"] == "running" and await desk.pid(BTC) not in (None, pid)

        await until(is_back, 60, "its actor is back", desk.standing)
        assert await _is_parked_flat(desk)
        before = await _trades(desk, "ema")

        async def trades_on() -> bool:
            return await _trades(desk, "ema") >= before + 2

        await until(trades_on, 60, "the other strategy trades on", desk.standing)
        assert await _is_parked_flat(desk)

        bought = await _trades(desk, "raising")
        await desk.desk.post(EnableStrategy("raising", "me"))

        async def is_tried_again() -> bool:
            return await _trades(desk, "raising") > bought

        await until(is_tried_again, 60, "it trades again", desk.standing)
        await desk.drain()
        outcome = await desk.outcome()
        require_nothing_doubled(outcome.records)
        require_equal_fills(outcome.projection, outcome.records)
        require_all_ended(outcome.projection, outcome.records)


async def _is_parked_flat(desk: Session) -> bool:
    view = (await desk.picture()).strategies.views.get(("raising", "BTC-USDT"))
    return view is not None and view.parked and view.faults >= 4 and not view.position


async def _trades(desk: Session, strategy: str) -> int:
    return (await desk.picture()).strategies.views[strategy, "BTC-USDT"].trades
