"""Pauses between connections, and the alarm."""

from __future__ import annotations

import random

import pytest

from actors.venues.transport.reconnecting import Backoff, StormAlarm

pytestmark = pytest.mark.unit

SECOND = 1_000_000_000


def test_pauses_double_to_their_bound_and_vary() -> None:
    backoff = Backoff(draw=random.Random(1))
    pauses = [backoff.pause_s() for _ in range(10)]
    for pause, whole in zip(pauses, [0.5, 1, 2, 4, 8, 16, 30, 30, 30, 30], strict=True):
        assert whole / 2 <= pause <= whole
    assert len(set(pauses[6:])) == 4
    backoff.reset()
    assert backoff.pause_s() <= 0.5


def test_the_alarm_is_raised_once_per_storm_and_ends() -> None:
    alarm = StormAlarm(count=3, window_ns=10 * SECOND)
    assert [alarm.reconnected(second * SECOND) for second in (0, 4, 8, 9)] == [False, False, True, False]
    assert alarm.raised(13 * SECOND)
    assert not alarm.raised(14 * SECOND)
    assert [alarm.reconnected(second * SECOND) for second in (20, 40, 60)] == [False] * 3
