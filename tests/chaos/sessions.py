"""The session that several tests compare with: whole, in lockstep, with or without kills."""

from __future__ import annotations

import asyncio
from pathlib import Path

from config import LoadedConfig
from tests.chaos.desks import Outcome, session, settings
from tests.chaos.evidence import require_all_digests, require_sound
from tests.chaos.kills import Kill, Killer, Report


def settings_of_kills(folder: Path) -> LoadedConfig:
    """The settings of every session here."""
    return settings(folder, "kills")


async def killed_session(folder: Path, failpoints: Path, plan: list[Kill]) -> tuple[Outcome, Report, int]:
    """One session under this plan: its outcome, what was done to it, and how many last words were verified."""
    async with session(folder, settings_of_kills(folder)) as desk:
        killer = Killer(desk, failpoints)
        ending = asyncio.create_task(desk.ended(240))
        await killer.carry_out(plan)
        await ending
        report = await killer.finish()
        outcome = await desk.outcome()
        require_sound(outcome)
        digests = await require_all_digests(desk)
        return outcome, report, digests.last_words
