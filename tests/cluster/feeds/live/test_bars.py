"""Bars of a live feed close by the venue's time, and history warms views up exactly."""

from __future__ import annotations

from math import nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.strategy.bars import BarBuilder, BarSource
from actors.strategy.view import SymbolView
from actors.venues.market_port import Bar
from cluster.feeds.live.bars import BarMaker
from cluster.feeds.live.settings import BarsFrom
from cluster.feeds.live.warm_up import warm_up_rows
from messages.market import TickKind

pytestmark = pytest.mark.unit

Q, T = TickKind.QUOTE, TickKind.TRADE


def test_a_bar_closes_with_the_first_row_of_the_next_one() -> None:
    bars = BarMaker(10, BarsFrom.TRADES)
    assert bars.take(T, 20, 5.0, 1.0, 1.0) is None
    assert bars.take(Q, 21, 9.0, 1.0, 9.0) is None
    assert bars.take(T, 29, 7.0, 2.0, 1.0) is None
    closed = bars.take(T, 30, 6.0, 1.0, 1.0)
    assert closed is not None
    assert (closed.start, closed.open, closed.high, closed.low, closed.close, closed.volume) == (
        20,
        5,
        7,
        5,
        7,
        3,
    )


def test_a_bar_closes_by_the_venues_clock_and_a_late_row_belongs_to_the_next() -> None:
    bars = BarMaker(10, BarsFrom.TRADES)
    bars.take(T, 20, 5.0, 1.0, 1.0)
    assert bars.close_before(29) is None
    closed = bars.close_before(31)
    assert closed is not None
    assert closed.start == 20
    assert bars.close_before(39) is None
    bars.take(T, 28, 8.0, 4.0, 1.0)
    late = bars.close_before(40)
    assert late is not None
    assert (late.start, late.volume) == (30, 4.0)


def test_a_bar_with_an_interruption_in_it_is_not_told() -> None:
    bars = BarMaker(10, BarsFrom.TRADES)
    bars.take(T, 20, 5.0, 1.0, 1.0)
    bars.interrupted()
    bars.take(T, 27, 5.0, 1.0, 1.0)
    assert bars.take(T, 31, 5.0, 1.0, 1.0) is None
    assert bars.take(T, 41, 5.0, 1.0, 1.0) is not None


def test_bars_of_quotes_take_the_middle_and_pass_over_one_sided_ones() -> None:
    bars = BarMaker(10, BarsFrom.QUOTES)
    bars.take(Q, 20, 4.0, 1.0, 6.0)
    bars.take(Q, 22, nan, nan, 9.0)
    bars.take(Q, 23, 8.0, 1.0, 7.0)
    closed = bars.take(Q, 33, 6.0, 1.0, 8.0)
    assert closed is not None
    assert (closed.open, closed.high, closed.close, closed.count) == (5.0, 5.0, 5.0, 1)


@pytest.mark.property
@given(
    st.lists(
        st.tuples(st.lists(st.integers(1, 50), min_size=4, max_size=4), st.integers(0, 100)),
        min_size=1,
        max_size=12,
    ),
    st.sampled_from([1, 2, 3]),
)
def test_bars_built_from_a_warm_up_are_those_of_the_venue(
    told: list[tuple[list[int], int]], multiple: int
) -> None:
    length = 60
    bars = []
    for number, (prices, volume) in enumerate(told):
        low, *between, high = sorted(map(float, prices))
        bars.append(Bar("X", number * length, length, between[0], high, low, between[1], float(volume)))
    builder, built = BarBuilder(length * multiple, BarSource.TRADES), []
    view = SymbolView("X")
    last = 0
    for time, kind, event_time, v0, v1, v2, v3, _ in warm_up_rows(bars):
        assert time >= last
        last = time
        if kind == Q:
            assert view.fold_quote(time, event_time, v0, v1, v2, v3)
        if kind == T:
            built += [bar for bar in [builder.close_before(time)] if bar is not None]
            assert view.fold_trade(time, v0, v1, v2)
            builder.add(time, v0, v1)
    built += [bar for bar in [builder.close_before(10**9)] if bar is not None]
    groups = [bars[at : at + multiple] for at in range(0, len(bars), multiple)]
    assert [(b.open, b.high, b.low, b.close) for b in built] == [
        (g[0].open, max(b.high for b in g), min(b.low for b in g), g[-1].close) for g in groups
    ]
    assert [b.volume for b in built] == pytest.approx([sum(b.volume for b in g) for g in groups])
    assert view.clock_offset is None
