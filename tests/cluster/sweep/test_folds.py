"""Walking forward: windows that tile the data, and accounts that go on where the last one ended."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.sweep.evaluate import Curve
from cluster.sweep.folds import WalkForward, chained, folds_of, parse_walk_forward
from messages.errors import ConfigurationError

pytestmark = pytest.mark.unit

DAY = 86_400_000_000_000


def test_lengths_are_read_and_the_step_is_a_test_long_by_default() -> None:
    assert parse_walk_forward("train=2d,test=1d") == WalkForward(2 * DAY, DAY, DAY)
    assert parse_walk_forward("test=1d, train=2d, step=3d") == WalkForward(2 * DAY, DAY, 3 * DAY)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "train=2d",
        "train=2d,test=0s",
        "train=2,test=1d",
        "train=2d,test=1d,test=1d",
        "train=2d,test=1d,step=1h",
    ],
)
def test_what_makes_no_windows_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        parse_walk_forward(text)
    assert raised.value.field == "--walk-forward"
    assert raised.value.remedy


@pytest.mark.property
@given(
    train=st.integers(1, 1000),
    test=st.integers(1, 1000),
    gap=st.integers(0, 500),
    start=st.integers(0, 10**18),
    length=st.integers(2, 10_000),
)
def test_tests_follow_their_training_and_never_overlap(
    train: int, test: int, gap: int, start: int, length: int
) -> None:
    plan, end = WalkForward(train, test, test + gap), start + length - 1
    if train + test > length:
        with pytest.raises(ConfigurationError, match="walk forward"):
            folds_of(plan, start, end)
        return
    folds = folds_of(plan, start, end)
    assert folds[0].train_start == start
    for fold in folds:
        assert fold.train_end - fold.train_start + 1 == train
        assert fold.test_end - fold.test_start + 1 == test
        assert fold.train_end + 1 == fold.test_start
        assert fold.test_end <= end
    for earlier, later in itertools.pairwise(folds):
        assert later.test_start == earlier.test_end + 1 + gap
    assert folds[-1].test_end + plan.step > end, "another pair would have fitted"


def test_accounts_are_compounded_and_a_fall_across_two_windows_is_one_drawdown() -> None:
    up_then_down = Curve((0, 1, 2), (100.0, 120.0, 108.0), (("d1", 0.08),))
    down = Curve((3, 4), (50.0, 25.0), (("d2", -0.5),))

    found = chained([up_then_down, down], 365)

    assert found["total_return"] == pytest.approx(1.08 * 0.5 - 1)
    assert found["max_drawdown"] == pytest.approx(1 - 0.54 / 1.2)


def test_days_that_two_windows_share_are_one_return() -> None:
    morning = Curve((0, 1), (100.0, 110.0), (("d1", 0.1),))
    evening = Curve((2, 3), (100.0, 120.0), (("d1", 0.2),))
    next_day = Curve((4, 5), (100.0, 132.0), (("d2", 0.32),))

    shared = chained([morning, evening, next_day], 365)

    assert shared["total_return"] == pytest.approx(1.1 * 1.2 * 1.32 - 1)
    assert shared["sharpe"] is None, "two equal days (32 % each) have no deviation"


def test_nothing_makes_no_account() -> None:
    assert chained([], 365) == {}
