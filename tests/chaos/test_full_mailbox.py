"""A mailbox that is full refuses intents, and nothing else; the desk goes on when there is room again."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest

from messages.reasons import Reason
from tests.chaos.desks import PROFILE, RISK, Session, session, settings, until
from tests.chaos.evidence import require_sound
from tests.chaos.independent import read_records

pytestmark = [pytest.mark.chaos, pytest.mark.long]


def test_intents_that_find_no_room_are_refused_and_the_desk_goes_on(tmp_path: Path) -> None:
    asyncio.run(_let_the_mail_pile_up(tmp_path))


async def _let_the_mail_pile_up(folder: Path) -> None:
    supervision = {**PROFILE["supervision"], "hang_timeout": "60s"}
    loaded = settings(
        folder,
        "full",
        "feed.synthetic.duration=null",
        "feed.max_quote_age=5s",
        "redis.mailbox_capacity=3",
        supervision=supervision,
    )
    async with session(folder, loaded, speed="1") as desk:
        await until(lambda: _traded(desk, 5), 60, "the desk trades")
        risk = await desk.pid(RISK)
        assert risk is not None
        os.kill(risk, signal.SIGSTOP)
        try:
            await until(lambda: _refused(desk), 60, "an intent finds no room")
        finally:
            os.kill(risk, signal.SIGCONT)
        enough = len(read_records(desk.orders_file).received) + 5
        await until(lambda: _traded(desk, enough), 60, "trading goes on")
        await desk.drain()
        assert await desk.pid(RISK) == risk
        require_sound(await desk.outcome())


async def _traded(desk: Session, orders: int) -> bool:
    return len(read_records(desk.orders_file).received) >= orders


async def _refused(desk: Session) -> bool:
    intents = (await desk.picture()).orders.intents.values()
    return any(each.outcome_reason is Reason.MAILBOX_FULL for each in intents)
