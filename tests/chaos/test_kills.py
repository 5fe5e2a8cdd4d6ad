"""The kill test: processes of a desk in lockstep are killed with -9, and nobody can tell from what it traded."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from cluster.host.failpoints import NAMES
from tests.chaos.desks import BTC, EXECUTION, RISK, SECOND, VENUE, Outcome
from tests.chaos.kills import EVERYTHING, Kill, Report, campaign
from tests.chaos.sessions import killed_session

pytestmark = pytest.mark.chaos

DURATION = 22 * SECOND


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
    outcome, report, last_words = asyncio.run(killed_session(tmp_path, failpoints, plan))
    print(report)
    assert report.killed == {BTC: 1, VENUE: 1, EVERYTHING: 1}
    assert report.hit == {"before_commit": 1, "during_effect": 1}
    assert last_words >= 5
    assert outcome.fingerprint == baseline.fingerprint


@pytest.mark.long
def test_two_undisturbed_sessions_have_one_fingerprint(
    baseline: Outcome, tmp_path: Path, failpoints: Path
) -> None:
    outcome, _, _ = asyncio.run(killed_session(tmp_path, failpoints, []))
    assert outcome.fingerprint == baseline.fingerprint


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_sixty_kills_leave_no_trace_in_what_was_traded(
    baseline: Outcome, tmp_path: Path, failpoints: Path
) -> None:
    seed = int(os.environ.get("RAYDESK_CHAOS_SEED", "1"))
    total = Report()
    for number, plan in enumerate(campaign(seed, sessions=8, shots=4, blows=33, duration=DURATION)):
        outcome, report, _ = asyncio.run(killed_session(tmp_path / str(number), failpoints, plan))
        total.add(report)
        assert outcome.fingerprint == baseline.fingerprint, f"session {number} of seed {seed}: {plan}"
    print(total)
    assert total.total >= 60
    assert {point: total.hit[point] for point in NAMES if total.hit[point] < 3} == {}
