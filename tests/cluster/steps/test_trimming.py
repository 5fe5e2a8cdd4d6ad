"""Trimming: a commit drops what is consumed, snapshotted twice, and past what replay wants to keep."""

from __future__ import annotations

import pytest

from cluster.steps.journal import InputKind
from cluster.steps.machine import StepSettings
from cluster.store.port import BEGINNING, StreamName, Trim
from tests.cluster.steps.stage import Stage
from tests.samples import Ping

pytestmark = pytest.mark.unit


def run(stage: Stage, steps: int) -> list[Trim | None]:
    """Count pings one per step; returns what each commit trimmed."""
    host = stage.start()
    for number in range(steps):
        stage.post(Ping(number=3 * number + 1))
        host.settle()
    return [section.trim for section in stage.line.sections]


def test_nothing_is_trimmed_before_there_are_two_snapshots() -> None:
    stage = Stage(settings=StepSettings(snapshot_every=5, trim_every=1, keep_steps=0))
    assert run(stage, 10) == [None] * 10


def test_the_older_snapshot_bounds_what_goes() -> None:
    stage = Stage(settings=StepSettings(snapshot_every=5, trim_every=4, keep_steps=0))
    trims = run(stage, 16)
    assert {step: trim for step, trim in enumerate(trims, start=1) if trim} == {
        12: Trim(5, "0-0", "5-0"),
        16: Trim(10, "0-0", "10-0"),
    }
    assert [record.step for record in stage.journal()] == list(range(10, 17))


def test_replay_keeps_so_many_steps_more() -> None:
    stage = Stage(settings=StepSettings(snapshot_every=5, trim_every=1, keep_steps=3))
    trims = run(stage, 12)
    assert trims[10] == Trim(2, "0-0", "5-0")
    assert stage.journal()[0].step == 2


def test_every_kept_record_still_has_its_mail() -> None:
    stage = Stage(settings=StepSettings(snapshot_every=5, trim_every=1, keep_steps=3))
    run(stage, 40)
    records = stage.journal()
    assert records[0].step > 20
    there = {entry.id for entry in stage.store.read("counter", {StreamName.MAILBOX: BEGINNING}, 100)}
    named = {item.reference for record in records for item in record.inputs if item.kind is InputKind.MAILBOX}
    assert len(named) == len(records)
    assert named <= there
    assert len(there) <= len(named) + 1


def test_a_restart_forgets_nothing_of_what_may_go() -> None:
    stage = Stage(settings=StepSettings(snapshot_every=5, trim_every=1, keep_steps=3))
    for _ in range(4):  # lives shorter than what is kept
        run(stage, 7)
    assert len(stage.journal()) < 20
    assert len(stage.store.actors["counter"].mailbox.entries) < 20


def test_what_is_left_still_recovers_even_from_the_older_snapshot() -> None:
    stage = Stage(settings=StepSettings(snapshot_every=5, trim_every=1, keep_steps=0, digest_every=1))
    run(stage, 13)
    stored = stage.store.actors["counter"].snapshots
    stored[0] = type(stored[0])(stored[0].step, b"damaged", stored[0].checksum)
    assert len(stage.start().machine.actor.state.numbers) == 13
