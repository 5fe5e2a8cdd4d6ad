"""Every planted bug is found by the campaign; the quick ones in the default tests, all of them in the long ones."""

from __future__ import annotations

import pytest

from actors.execution import placing
from actors.execution.gate import Sending, refusal
from actors.execution.settings import ExecutionSettings
from cluster.simulator.desk.audit.limits import LimitAudit
from cluster.simulator.desk.seed import SeedFailedError, run_seed
from messages.control import Mode
from messages.reasons import Reason
from tests.cluster.simulator.planted.bugs import BUGS, only_halts_at_the_gate, risk_ignores_mode

SEEDS = 500
DEPTH_SEEDS = 40
QUICK = {
    "send_before_commit": "1",
    "no_fencing": "6",
    "worst_price_ignored": "1",
    "mode_ignored": "7",
    "timer_lost_on_restart": "5",
    "fallback_beside_the_maker": "1",
    "group_recovers_one_symbol": "5",
    "removed_symbol_still_trades": "3",
    "exits_of_a_leaving_symbol_refused": "4",
}
"""Bugs that the first seeds find, and the number of the invariant that they break."""


def first_failure(bug: str, seeds: range, patch: pytest.MonkeyPatch) -> SeedFailedError:
    """The first of the seeds that fails with this bug planted."""
    BUGS[bug](patch)
    return failure_of(seeds, bug)


def failure_of(seeds: range, what: str) -> SeedFailedError:
    """How the first of these seeds fails that does."""
    for seed in seeds:
        try:
            run_seed(seed)
        except SeedFailedError as error:
            return error
    pytest.fail(f"{what} went unnoticed for {len(seeds)} seeds")


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


@pytest.mark.long
def test_what_risk_lets_through_the_last_gate_holds_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two guards, each of which holds alone: risk's checks of the mode, and execution's last gate.

    The auditor of approvals looks away, as it would find risk's mistake before anything comes of it.
    """
    monkeypatch.setattr(LimitAudit, "_judge", lambda self, event, terms, now: None)
    risk_ignores_mode(monkeypatch)
    held: list[Reason] = []

    def noted(
        effect: Sending, now: int, mode: Mode, version: int, settings: ExecutionSettings
    ) -> Reason | None:
        reason = refusal(effect, now, mode, version, settings)
        if reason is Reason.MODE_REDUCE:
            held.append(reason)
        return reason

    monkeypatch.setattr(placing, "refusal", noted)
    for seed in range(DEPTH_SEEDS):
        run_seed(seed)
    assert held, "no seed got as far as the gate"
    only_halts_at_the_gate(monkeypatch)
    assert failure_of(range(SEEDS), "the last gate's silence").invariant == "7"
