"""Every planted bug is found by the campaign; the quick ones in the default tests, all of them in the long ones."""

from __future__ import annotations

import pytest

from cluster.simulator.desk.seed import SeedFailedError, run_seed
from tests.cluster.simulator.planted.bugs import BUGS

SEEDS = 500
QUICK = {
    "send_before_commit": "1",
    "no_fencing": "6",
    "worst_price_ignored": "1",
    "timer_lost_on_restart": "5",
    "fallback_beside_the_maker": "1",
    "group_recovers_one_symbol": "5",
    "removed_symbol_still_trades": "3",
    "universe_unknown_to_risk": "3",
}
"""Bugs that the first seeds find, and the number of the invariant that they break."""


def first_failure(bug: str, seeds: range, patch: pytest.MonkeyPatch) -> SeedFailedError:
    """The first of the seeds that fails with this bug planted."""
    BUGS[bug](patch)
    for seed in seeds:
        try:
            run_seed(seed)
        except SeedFailedError as error:
            return error
    pytest.fail(f"{bug} went unnoticed for {len(seeds)} seeds")


@pytest.mark.parametrize("bug", QUICK)
def test_a_planted_bug_is_found_and_the_seed_named(bug: str, monkeypatch: pytest.MonkeyPatch) -> None:
    error = first_failure(bug, range(12), monkeypatch)
    assert error.invariant == QUICK[bug]
    assert f"raydesk chaos --simulated --seeds 1 --first-seed {error.seed}" in str(error)
    assert error.history


@pytest.mark.long
@pytest.mark.parametrize("bug", BUGS)
def test_every_planted_bug_is_found_within_500_seeds(bug: str, monkeypatch: pytest.MonkeyPatch) -> None:
    first_failure(bug, range(SEEDS), monkeypatch)
