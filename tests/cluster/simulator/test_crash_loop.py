"""The crash loop: it passes on the desk's code, reaches every fault, repeats itself, and catches planted bugs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cluster.simulator.crash_loop import SeedFailedError, main, run_campaign, run_seed
from cluster.simulator.faults import KINDS, FaultPlan
from cluster.simulator.world import Build
from cluster.steps.inputs import InputFailedError
from cluster.steps.machine import StepMachine, Steps
from cluster.steps.requests import Perform
from cluster.store.memory import MemoryStore
from cluster.store.port import CommitStatus, Section

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[3]


def test_a_campaign_holds_all_invariants_and_reaches_every_kind_of_fault() -> None:
    campaign = run_campaign(range(200))
    assert campaign.never == ()
    assert set(campaign.struck) == set(KINDS)
    assert campaign.steps > 10_000


def test_without_faults_every_number_is_counted_too() -> None:
    outcome = run_seed(1, plan=FaultPlan.none())
    assert outcome.steps > 50
    assert not any(outcome.struck.values())


def test_the_same_seed_gives_the_same_history() -> None:
    assert [run_seed(seed) for seed in range(10)] == [run_seed(seed) for seed in range(10)]


def test_different_seeds_give_different_histories() -> None:
    assert len({run_seed(seed).trace for seed in range(20)}) == 20


def test_a_history_does_not_depend_on_the_hash_seed_of_the_process() -> None:
    command = [sys.executable, "-m", "cluster.simulator.crash_loop", "--seed", "17"]
    traces = {
        subprocess.run(
            command,
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for hash_seed in ("1", "2")
    }
    assert len(traces) == 1
    assert json.loads(traces.pop())["trace"] == run_seed(17).trace


def test_a_campaign_that_never_reached_a_fault_fails(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--seeds", "1"]) == 1
    assert json.loads(capsys.readouterr().out)["never"]


# ---------------------------------------------------------------- planted bugs


class FencelessStore(MemoryStore):
    """Forgets to look at the epoch."""

    def _judge(self, section: Section) -> CommitStatus:
        verdict = super()._judge(section)
        in_step = self.actors[section.address].position.step == section.position.step - 1
        return CommitStatus.COMMITTED if in_step else verdict


class StepBlindStore(MemoryStore):
    """Forgets to look at the step, so that a commit sent again is written again."""

    def _judge(self, section: Section) -> CommitStatus:
        same_epoch = self.actors[section.address].epoch == section.epoch
        return CommitStatus.COMMITTED if same_epoch else CommitStatus.FENCED


class ForgetfulStore(MemoryStore):
    """Does not store timers."""

    def _write(self, section: Section) -> None:
        section.timers = {}
        super()._write(section)


class HastyMachine(StepMachine):
    """Performs before it commits."""

    def _commit(
        self, section: Section, refused: CommitStatus | None = None, *, perform: bool = True
    ) -> Steps:
        if self.context.effects:
            yield Perform(tuple(self.context.effects), owed=False)
        yield from super()._commit(section, refused, perform=False)


class OptimisticMachine(StepMachine):
    """Takes a commit without an answer for one that happened."""

    def _settle(self, section: Section, status: CommitStatus | None) -> Steps:
        return
        yield


class IndebtedMachine(StepMachine):
    """Forgets after a recovery what it owes."""

    def _recover(self) -> Steps:
        self.actor.outstanding = tuple  # type: ignore[method-assign, assignment]
        yield from super()._recover()


class CarelessMachine(StepMachine):
    """Goes on after a dead letter without having loaded again where it stands."""

    def _fail(self, failed: InputFailedError) -> Steps:
        recover, self._recover = self._recover, _nothing  # type: ignore[method-assign]
        try:
            yield from super()._fail(failed)
        finally:
            self._recover = recover  # type: ignore[method-assign]


def _nothing() -> Steps:
    return
    yield


PLANTED = {
    "a store without a fence": Build(store=FencelessStore),
    "a store that does not look at the step": Build(store=StepBlindStore),
    "a store without timers": Build(store=ForgetfulStore),
    "a machine that performs before it commits": Build(machine=HastyMachine),
    "a machine that never doubts": Build(machine=OptimisticMachine),
    "a machine that forgets what it owes": Build(machine=IndebtedMachine),
    "a machine that goes on after a dead letter as if nothing had been": Build(machine=CarelessMachine),
}


@pytest.mark.parametrize("bug", PLANTED)
def test_a_planted_bug_is_caught_and_the_seed_named(bug: str) -> None:
    caught: list[SeedFailedError] = []
    for seed in range(60):
        try:
            run_seed(seed, build=PLANTED[bug])
        except SeedFailedError as error:
            caught.append(error)
            break
    assert caught, f"{bug} went unnoticed"
    assert f"python -m cluster.simulator.crash_loop --seed {seed}" in str(caught[0])
