"""Labels: what came after a bar, and nothing where that is not known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.strategy.bars import BarSource
from actors.strategy.models import Target
from cluster.models.bars import Bars
from cluster.models.labels import VOLATILITY_BARS, bar_volatility, forward_returns, labels_of
from config.duration import MINUTE
from tests.cluster.models.making import INTERVAL, START, made_bars

pytestmark = pytest.mark.unit


def closing(*closes: float, high: float = 0.0, low: float = 0.0) -> Bars:
    close = np.array(closes)
    values = np.column_stack([close, close + high, close - low, close, np.ones(len(close))])
    return Bars("BTC-USDT", BarSource.FEED, MINUTE, START + MINUTE * np.arange(1, len(close) + 1), values)


def test_a_forward_return_is_close_to_close() -> None:
    found = forward_returns(closing(100.0, 110.0, 99.0, 99.0), 2 * MINUTE)
    np.testing.assert_allclose(found[:2], [-0.01, -0.1])
    assert np.isnan(found[2:]).all(), "the future is not known there"


def test_where_the_later_bar_is_missing_there_is_no_return() -> None:
    bars = closing(100.0, 110.0, 99.0, 99.0)
    kept = np.array([0, 1, 3])
    found = forward_returns(replace(bars, closes=bars.closes[kept], values=bars.values[kept]), 2 * MINUTE)
    assert np.isnan(found[0])
    np.testing.assert_allclose(found[1], -0.1)


def wave(tail: tuple[float, ...]) -> Bars:
    """Quiet bars that go up and down by 1 %, then a tail; barriers for 4 bars stand near 2 %."""
    quiet = [100.0 if n % 2 else 101.0 for n in range(VOLATILITY_BARS + 1)]
    return closing(*quiet, *tail)


@pytest.mark.parametrize(
    ("tail", "peak", "valley"),
    [
        ((95.0, 120.0, 100.0, 100.0), 1.0, 0.0),
        ((120.0, 80.0, 100.0, 100.0), 0.0, 1.0),
        ((101.0, 101.0, 101.0, 101.0), 0.0, 0.0),
        ((101.0, 101.0, 101.0, 80.0), 1.0, 0.0),
    ],
)
def test_the_barrier_that_is_touched_first_counts(
    tail: tuple[float, ...], peak: float, valley: float
) -> None:
    bars = wave(tail)
    row = VOLATILITY_BARS
    assert labels_of(bars, Target.PEAK, 4 * MINUTE)[row] == peak
    assert labels_of(bars, Target.VALLEY, 4 * MINUTE)[row] == valley


def test_both_barriers_within_one_bar_are_not_known() -> None:
    bars = wave((101.0, 101.0, 101.0, 101.0))
    bars.values[VOLATILITY_BARS + 1, 1:3] = 130.0, 70.0
    for target in (Target.PEAK, Target.VALLEY):
        assert np.isnan(labels_of(bars, target, 4 * MINUTE)[VOLATILITY_BARS])


def test_without_a_volatility_or_a_whole_future_there_are_no_barriers() -> None:
    found = labels_of(made_bars(count=60), Target.PEAK, 4 * INTERVAL)
    assert np.isnan(found[:VOLATILITY_BARS]).all()
    assert np.isnan(found[-4:]).all()
    assert not np.isnan(found[VOLATILITY_BARS:-4]).all()
    assert np.isnan(bar_volatility(closing(*[5.0] * 40))).all(), "a price that never moves has no barrier"


@given(
    target=st.sampled_from(list(Target)),
    ahead=st.integers(1, 12),
    cut=st.integers(30, 119),
    seed=st.integers(0, 9),
)
def test_a_label_is_known_when_its_horizon_is_over_and_never_changes(
    target: Target, ahead: int, cut: int, seed: int
) -> None:
    bars = made_bars(count=120, seed=seed)
    whole = labels_of(bars, target, ahead * INTERVAL)
    known = labels_of(bars.until(int(bars.closes[cut - 1])), target, ahead * INTERVAL)
    over = bars.closes[:cut] + ahead * INTERVAL <= bars.closes[cut - 1]
    assert np.array_equal(known[over], whole[:cut][over], equal_nan=True)
    assert np.isnan(known[~over]).all()
