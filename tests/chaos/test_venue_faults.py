"""A venue that answers late, twice, or not at all: nothing is doubled, and the books are its own."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import httpx
import pytest

from messages.decisions import DisableStrategy
from messages.orders import OrderState
from tests.chaos.desks import PROFILE, SECOND, Session, session, settings, until
from tests.chaos.evidence import require_all_digests, require_sound

pytestmark = [pytest.mark.chaos, pytest.mark.long]

TRADING_NS = 20 * SECOND
"""Desk time in which the strategies enter, at a venue that loses answers."""

PATIENCE_NS = 100 * SECOND
"""Desk time the healthy venue has for what is in doubt by then. An order of 20 s is asked about 0, 1 and 6 s after
its doubt began; these answers may be lost. The next question, 30 s later, is answered. Where that says `absent`,
it is asked once more, 60 s later: one absence proves nothing."""


@pytest.mark.parametrize("seed", [3, 4])
def test_late_doubled_and_lost_answers_double_nothing(seed: int, tmp_path: Path) -> None:
    asyncio.run(_trade_on_a_faulty_venue(tmp_path, seed))


async def _trade_on_a_faulty_venue(folder: Path, seed: int) -> None:
    faults = {"late_ratio": 0.15, "late_by": "200ms", "duplicate_ratio": 0.3, "drop_ratio": 0.3, "seed": seed}
    venue = {**PROFILE["venues"]["paper"], "faults": faults}
    length = f"feed.synthetic.duration={(TRADING_NS + PATIENCE_NS) // SECOND}s"
    loaded = settings(folder, "faulty", length, venues={"paper": venue})
    async with session(folder, loaded) as desk:
        await until(lambda: _has_come_to(desk, TRADING_NS), 240, "the desk trades for its time")
        for strategy in PROFILE["strategies"]:
            await desk.desk.post(DisableStrategy(strategy, "operator"))
        await _heal(desk)
        await desk.ended(240)
        outcome = await desk.outcome()
        orders = outcome.projection.orders.orders.values()
        doubted = [
            order for order in orders if any(change.state is OrderState.UNKNOWN for change in order.history)
        ]
        assert len(doubted) >= 3, "no answer was lost: the venue was not faulty enough to show anything"
        assert len(outcome.records.fills) >= 10
        require_sound(outcome)
        await require_all_digests(desk)


async def _has_come_to(desk: Session, time: int) -> bool:
    return await desk.time() >= time


async def _heal(desk: Session) -> None:
    """From now on the venue answers every request, at once and a single time."""
    folder = desk.desk.launch.venue_folder("paper")
    address = json.loads((folder / "address.json").read_text())
    async with httpx.AsyncClient(base_url=f"http://{address['host']}:{address['port']}") as venue:
        token = (folder / "token").read_text().strip()
        answer = await venue.post(
            "/faults", json={"settings": {}}, headers={"authorization": f"Bearer {token}"}
        )
        answer.raise_for_status()
