"""Funding on the real stack: whoever is killed while it is paid, each payment is in the books once."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from cluster.observe.fingerprint import fingerprint
from cluster.session_feed import replay_plan
from cluster.simulator.lockstep import LockstepDesk
from tests.chaos.desks import EXECUTION, PROFILE, RISK, SECOND, VENUE, Outcome, session, settings
from tests.chaos.evidence import require_all_digests, require_sound
from tests.chaos.kills import Kill, Killer

pytestmark = pytest.mark.chaos

PAPER = {**PROFILE["venues"]["paper"], "funding": {"rate": "1bps", "interval": "350ms"}}
FEED = {**PROFILE["feed"], "synthetic": {**PROFILE["feed"]["synthetic"], "duration": "12s"}}


async def _killed(folder: Path, failpoints: Path) -> Outcome:
    loaded = settings(folder, "funding", venues={"paper": PAPER}, feed=FEED)
    async with session(folder, loaded) as desk:
        killer = Killer(desk, failpoints)
        ending = asyncio.create_task(desk.ended(240))
        await killer.carry_out(
            [
                Kill(3 * SECOND, RISK),
                Kill(5 * SECOND, EXECUTION, "after_commit"),
                Kill(7 * SECOND, VENUE),
                Kill(9 * SECOND, EXECUTION),
            ]
        )
        await ending
        report = await killer.finish()
        assert report.total >= 4
        outcome = await desk.outcome()
        await require_all_digests(desk)
        return outcome


def test_each_payment_is_booked_once_whoever_is_killed(
    tmp_path: Path, failpoints: Path, ray_cluster: None
) -> None:
    outcome = asyncio.run(_killed(tmp_path, failpoints))
    require_sound(outcome)
    booked = [event.payment_id for event in outcome.projection.orders.funding]
    assert len(booked) >= 10
    assert len(set(booked)) == len(booked)
    assert set(booked) == set(outcome.records.funding)
    loaded = settings(tmp_path / "simulated", "funding", venues={"paper": PAPER}, feed=FEED)
    simulated = LockstepDesk(loaded.config, replay_plan(loaded.config, (), tmp_path / "cache"))
    simulated.run()
    expected = simulated.projection()
    assert outcome.fingerprint == fingerprint(expected)
    assert [(each.event_time, each.amount) for each in outcome.projection.orders.funding] == [
        (each.event_time, each.amount) for each in expected.orders.funding
    ]
