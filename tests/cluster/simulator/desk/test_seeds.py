"""Seeds of the whole desk: they hold, repeat themselves, and their faults strike."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from random import Random

import msgspec
import pytest

from cluster.simulator.desk.campaign import ENFORCED_FROM, CampaignResult, run_campaign
from cluster.simulator.desk.seed import SeedOutcome, run_seed
from cluster.simulator.desk.shape import drawn_shape
from cluster.simulator.faults import FaultPlan

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[4]
SEEDS = 60


@pytest.fixture(scope="module")
def campaign() -> CampaignResult:
    """The first seeds, once for all tests."""
    return run_campaign(SEEDS)


@pytest.fixture(scope="module")
def outcomes() -> list[SeedOutcome]:
    """What became of the first seeds, each by itself."""
    return [run_seed(seed) for seed in range(8)]


def test_no_seed_breaks_an_invariant(campaign: CampaignResult) -> None:
    assert campaign.failures == ()
    assert campaign.orders > 10 * SEEDS
    assert campaign.fills > 5 * SEEDS


def test_most_of_what_can_happen_comes_up_in_few_seeds(campaign: CampaignResult) -> None:
    possible = len(campaign.struck) + len(campaign.reached)
    assert len(campaign.unreached) < 0.2 * possible, campaign.unreached
    for name in ("a zombie was fenced", "the store was renewed", "an order was adopted after a restart"):
        assert campaign.reached[name] > 0, name


def test_few_seeds_need_not_reach_everything_many_must(campaign: CampaignResult) -> None:
    unreached = CampaignResult(
        **{name: getattr(campaign, name) for name in CampaignResult.__struct_fields__ if name != "unreached"},
        unreached=("an order was sent again",),
    )
    assert unreached.passed
    many = CampaignResult(
        **{name: getattr(unreached, name) for name in CampaignResult.__struct_fields__ if name != "seeds"},
        seeds=ENFORCED_FROM,
    )
    assert not many.passed


def test_without_faults_everything_trades_and_comes_to_rest_at_once() -> None:
    for seed in range(3):
        chance = Random(seed)
        shape = msgspec.structs.replace(drawn_shape(chance, FaultPlan({}, {}, False, 0)), lame=None)
        outcome = run_seed(seed, chance=chance, shape=shape)
        assert not outcome.struck
        assert outcome.fills > 0
        assert outcome.rested_after < 10**10


def test_the_same_seed_gives_the_same_history(outcomes: list[SeedOutcome]) -> None:
    assert [run_seed(seed) for seed in range(8)] == outcomes


def test_different_seeds_give_different_histories(outcomes: list[SeedOutcome]) -> None:
    assert len({outcome.trace for outcome in outcomes}) == 8


def test_a_history_depends_neither_on_the_hash_seed_nor_on_the_number_of_workers() -> None:
    traces = {_trace("1", workers=1), _trace("2", workers=2)}
    assert traces == {run_campaign(6).trace}


def _trace(hash_seed: str, *, workers: int) -> str:
    command = [sys.executable, "-m", "cluster", "chaos", "--simulated", "--seeds", "6", "--json"]
    ended = subprocess.run(
        [*command, "--workers", str(workers)],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        check=True,
        text=True,
    )
    trace = json.loads(ended.stdout)["trace"]
    assert isinstance(trace, str)
    return trace


@pytest.mark.long
def test_a_campaign_reaches_everything_and_breaks_nothing() -> None:
    result = run_campaign(2_000, first_seed=10_000, workers=2)
    assert result.failures == ()
    assert result.unreached == ()
    assert result.passed
