"""How many restarts within a window are too many."""

from __future__ import annotations

import pytest

from messages.child_specs import Intensity
from supervisors.intensity import exceeded, with_restart, within

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("times", "now", "expected"),
    [([], 0, []), ([1, 5], 10, [1, 5]), ([0, 5], 11, [5]), ([0], 10, [0]), ([0], 11, [])],
)
def test_a_time_counts_until_it_is_older_than_the_period(
    times: list[int], now: int, expected: list[int]
) -> None:
    assert within(times, 10, now) == expected


@pytest.mark.parametrize(
    ("restarts", "times", "now", "too_many"),
    [
        (0, [], 0, True),
        (1, [], 0, False),
        (1, [0], 5, True),
        (1, [0], 10, True),
        (1, [0], 11, False),
        (2, [0, 1], 2, True),
        (2, [0, 9], 11, False),
    ],
)
def test_one_restart_more_than_is_borne_within_the_period_is_too_many(
    restarts: int, times: list[int], now: int, too_many: bool
) -> None:
    assert exceeded(times, Intensity(restarts=restarts, period=10), now) is too_many


def test_the_window_stays_bounded_however_often_it_is_added_to() -> None:
    times: list[int] = []
    for now in range(1_000):
        times = with_restart(times, Intensity(restarts=3, period=100), now)
    assert times == [996, 997, 998, 999]
