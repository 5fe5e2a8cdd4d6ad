"""The kill test: processes of a desk in lockstep are killed with -9, and nobody can tell from what it traded."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from cluster.host.failpoints import NAMES
from tests.chaos.desks import BTC, EXECUTION, RISK, SECOND, VENUE, Outcome, session, settings
from tests.chaos.evidence import require_all_digests, require_sound
from tests.chaos.kills import EVERYTHING, Kill, Killer, Report, campaign

pytestmark = pytest.mark.chaos

NAME = "kills"
DURATION = 22 * SECOND


async def run(folder: Path, failpoints: Path, plan: list[Kill]) -> tuple[Outcome, Report, int]:
    """One session under this plan: its outcome, what was done to it, and how many last words were verified."""
    async with session(folder, settings(folder, NAME)) as desk:
        killer = Killer(desk, failpoints)
        ending = asyncio.create_task(desk.ended(240))
        await killer.carry_out(plan)
        await ending
        report = await killer.finish()
        outcome = await desk.outcome()
        require_sound(outcome)
        digests = await require_all_digests(desk)
        return outcome, report, digests.last_words


@pytest.fixture(scope="module")
def baseline(tmp_path_factory: pytest.TempPathFactory, failpoints: Path, ray_cluster: None) -> Outcome:
    """The session that nothing happens to."""
    outcome, _, _ = asyncio.run(run(tmp_path_factory.mktemp("baseline"), failpoints, []))
    return outcome


def test_a_session_trades_enough_to_be_worth_killing(baseline: Outcome) -> None:
    passive = [order for order in baseline.records.received if order.post_only]
    assert len(baseline.records.received) >= 40
    assert len(passive) >= 10
    assert baseline.records.cancels >= 5
    assert {order.symbol for order in baseline.records.received} == {"BTC-USDT", "ETH-USDT"}
    assert {order.side for order in baseline.records.received} == {"buy", "sell"}


def test_five_kills_leave_no_trace_in_what_was_traded(
    baseline: Outcome, tmp_path: Path, failpoints: Path
) -> None:
    plan = [
        Kill(3 * SECOND, BTC),
        Kill(6 * SECOND, RISK, "before_commit"),
        Kill(9 * SECOND, EXECUTION, "during_effect"),
        Kill(13 * SECOND, VENUE),
        Kill(16 * SECOND, EVERYTHING),
    ]
    outcome, report, last_words = asyncio.run(run(tmp_path, failpoints, plan))
    print(report)
    assert report.killed == {BTC: 1, VENUE: 1, EVERYTHING: 1}
    assert report.hit == {"before_commit": 1, "during_effect": 1}
    assert last_words >= 5
    assert outcome.fingerprint == baseline.fingerprint


@pytest.mark.long
def test_two_undisturbed_sessions_have_one_fingerprint(
    baseline: Outcome, tmp_path: Path, failpoints: Path
) -> None:
    outcome, _, _ = asyncio.run(run(tmp_path, failpoints, []))
    assert outcome.fingerprint == baseline.fingerprint


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_sixty_kills_leave_no_trace_in_what_was_traded(
    baseline: Outcome, tmp_path: Path, failpoints: Path
) -> None:
    seed = int(os.environ.get("RAYDESK_CHAOS_SEED", "1"))
    total = Report()
    for number, plan in enumerate(campaign(seed, sessions=8, shots=4, blows=33, duration=DURATION)):
        outcome, report, _ = asyncio.run(run(tmp_path / str(number), failpoints, plan))
        total.add(report)
        assert outcome.fingerprint == baseline.fingerprint, f"session {number} of seed {seed}: {plan}"
    print(total)
    assert total.total >= 60
    assert {point: total.hit[point] for point in NAMES if total.hit[point] < 3} == {}
