"""Extremes of ranges and thinned series, against the plain way."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.backtest.extremes import BLOCK, RangeExtremes
from cluster.backtest.record import PriceSeries
from cluster.backtest.report.thinning import merged_marks, thinned

LENGTHS = [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK, 5 * BLOCK + 17, 40 * BLOCK]


@pytest.mark.parametrize("length", LENGTHS)
def test_extremes_of_ranges_equal_a_plain_search(length: int) -> None:
    random = np.random.default_rng(length)
    values = random.normal(size=length)
    bounds = np.sort(random.integers(0, length + 1, (300, 2)), axis=1)
    edges = [(0, length), (0, 0), (length, length), (0, min(length, BLOCK)), (length // 2, length)]
    start, stop = np.concatenate((bounds, np.array(edges))).T.astype(np.int64)
    ranges = RangeExtremes(values)
    for first, last, low, high in zip(
        start, stop, ranges.lowest(start, stop), ranges.highest(start, stop), strict=True
    ):
        part = values[first:last]
        assert low == part.min(initial=np.inf)
        assert high == part.max(initial=-np.inf)


@pytest.mark.property
@given(
    st.lists(st.tuples(st.integers(0, 1000), st.integers(1, 10**6)), min_size=1, max_size=200),
    st.integers(1, 50),
)
def test_thinning_keeps_the_ends_and_every_extreme(points: list[tuple[int, int]], columns: int) -> None:
    points.sort(key=lambda point: point[0])
    series = PriceSeries(np.array([t for t, _ in points]), np.array([p for _, p in points], np.float64))
    found = thinned(series, 0, 1000, columns)
    assert 1 <= len(found.times) <= columns
    assert (found.first[0], found.last[-1]) == (series.mids[0], series.mids[-1])
    assert (found.lowest.min(), found.highest.max()) == (series.mids.min(), series.mids.max())
    assert (np.diff(found.times) > 0).all()
    assert (found.lowest <= np.minimum(found.first, found.last)).all()
    assert (found.highest >= np.maximum(found.first, found.last)).all()


def test_prices_outside_the_period_are_not_drawn() -> None:
    series = PriceSeries(np.array([0, 50, 99]), np.array([1.0, 2.0, 3.0]))
    found = thinned(series, 40, 60, 10)
    assert (found.first.tolist(), found.last.tolist()) == ([2.0], [2.0])
    assert len(thinned(series, 60, 80, 10).times) == 0


def test_marks_close_to_each_other_become_one_at_their_mean() -> None:
    times, prices = np.array([10, 12, 90]), np.array([100.0, 106.0, 200.0])
    when, where = merged_marks(times, prices, np.array([1.0, 2.0, 5.0]), 0, 100, 4)
    assert where.tolist() == [104.0, 200.0]
    assert when.tolist() == pytest.approx([34 / 3, 90])
