"""Stages are held to their budgets on machine time."""

from __future__ import annotations

import logging

import pytest

from cluster.host.stage_timer import BUDGETS, StageTimer
from messages.decisions import StageOverran

pytestmark = pytest.mark.unit

MS = 1_000_000


def test_a_stage_beyond_its_target_is_counted_and_beyond_its_limit_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    times = iter([0, 5 * MS, 25 * MS, 85 * MS, 90 * MS])
    timer = StageTimer(lambda: next(times))
    with caplog.at_level(logging.WARNING):
        for stage in ("begin", "prediction", "blending", "gating", "decision"):
            timer(stage)
    assert timer.missed == {"blending": 1, "gating": 1}
    assert timer.breached == {"gating": 1}
    assert [each.getMessage() for each in caplog.records] == [
        "the stage gating took 60 ms, its limit is 50 ms"
    ]


def test_a_whole_decision_is_measured_from_its_begin() -> None:
    times = iter([0, 900 * MS, 2_100 * MS])
    timer = StageTimer(lambda: next(times))
    for stage in ("begin", "inference", "decision"):
        timer(stage)
    assert timer.breached == {"inference": 1, "decision": 1}


def test_a_stage_without_a_budget_is_only_passed() -> None:
    times = iter([0, 10_000 * MS, 10_001 * MS])
    timer = StageTimer(lambda: next(times))
    for stage in ("begin", "thinking", "sizing"):
        timer(stage)
    assert not timer.missed


def test_the_limits_are_above_the_targets() -> None:
    assert all(each.target < each.limit for each in BUDGETS.values())


def test_a_stage_that_is_always_too_slow_is_told_of_once_a_minute_with_how_often_it_was() -> None:
    now = 0

    def clock() -> int:
        return now

    timer, told = StageTimer(clock), list[StageOverran]()
    timer.tell = told.append
    for second in range(0, 100, 10):
        now = second * 1_000 * MS
        timer("begin")
        now += 60 * MS
        timer("gating")
    assert told == [
        StageOverran("gating", 60 * MS, 50 * MS, 1),
        StageOverran("gating", 60 * MS, 50 * MS, 6),
    ]
    assert timer.breached == {"gating": 10}
