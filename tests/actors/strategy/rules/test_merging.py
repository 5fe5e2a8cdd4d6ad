"""Bars of a longer interval from those of a shorter one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.strategy.bars import Bar, BarBuilder, BarSource
from actors.strategy.rules.merging import BarMerger
from messages.errors import ConfigurationError

pytestmark = pytest.mark.unit


@given(
    rows=st.lists(
        st.tuples(st.integers(0, 7), st.integers(90, 110), st.integers(1, 5)), min_size=1, max_size=120
    )
)
def test_merged_bars_are_those_that_the_same_trades_build(rows: list[tuple[int, int, int]]) -> None:
    short, long = BarBuilder(10, BarSource.TRADES), BarBuilder(30, BarSource.TRADES)
    merger = BarMerger(10, 30)
    built: list[Bar] = []
    merged: list[Bar] = []
    time = 1_000 * 30
    for step, price, size in [*rows, (7, 100, 1)] * 2:
        time += step
        whole = long.close_before(time)
        if whole is not None:
            built.append(whole)
        part = short.close_before(time)
        if part is not None:
            merger.push(part, merged.append)
        for each in (short, long):
            each.add(time, float(price), float(size))
    last = min(len(built), len(merged))
    assert last >= len(built) - 1  # a bar whose last part had no trades is done with the next one
    figures = ("start", "open", "high", "low", "close", "volume", "count")
    for one, other in zip(built, merged, strict=False):
        assert [getattr(one, name) for name in figures] == [getattr(other, name) for name in figures]


def test_half_a_bar_is_left_out() -> None:
    merger, merged = BarMerger(10, 30), []
    for start in (10, 20, 30, 40, 50):
        merger.push(Bar(BarSource.FEED, 10, start, 1.0, 2.0, 0.5, 1.5, 1.0, None), merged.append)
    assert [each.start for each in merged] == [30]
    assert (merged[0].volume, merged[0].interval, merged[0].count) == (3.0, 30, None)


@pytest.mark.parametrize(("interval", "into"), [(10, 25), (10, 5), (0, 10)])
def test_intervals_that_do_not_fit_are_refused(interval: int, into: int) -> None:
    with pytest.raises(ConfigurationError, match="whole number"):
        BarMerger(interval, into)
