"""A venue that answers late, twice, or not at all: nothing is doubled, and the books are its own."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from messages.orders import OrderState
from tests.chaos.desks import PROFILE, session, settings
from tests.chaos.evidence import require_all_digests, require_sound

pytestmark = [pytest.mark.chaos, pytest.mark.long]


def test_late_doubled_and_lost_answers_double_nothing(tmp_path: Path) -> None:
    asyncio.run(_trade_on_a_faulty_venue(tmp_path))


async def _trade_on_a_faulty_venue(folder: Path) -> None:
    faults = {"late_ratio": 0.15, "late_by": "200ms", "duplicate_ratio": 0.3, "drop_ratio": 0.3, "seed": 3}
    venue = {**PROFILE["venues"]["paper"], "faults": faults}
    loaded = settings(folder, "faulty", "feed.synthetic.duration=20s", venues={"paper": venue})
    async with session(folder, loaded) as desk:
        await desk.ended()
        outcome = await desk.outcome()
        orders = outcome.projection.orders.orders.values()
        doubted = [
            order for order in orders if any(change.state is OrderState.UNKNOWN for change in order.history)
        ]
        assert len(doubted) >= 3, "no answer was lost: the venue was not faulty enough to show anything"
        assert len(outcome.records.fills) >= 10
        require_sound(outcome)
        await require_all_digests(desk)
