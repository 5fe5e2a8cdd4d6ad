"""Bars: aligned to UTC, no bar invented in a gap, none begun in the middle."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.strategy.bars import Bar, BarAggregator, BarBuilder, BarSource
from messages.errors import ConfigurationError
from messages.market import TickKind
from tests.actors.strategy.sample_strategies import Watcher
from tests.actors.strategy.stage import MILLISECOND, SAMPLES, SECOND, START, Stage, strategy

pytestmark = pytest.mark.unit


def build(rows: list[tuple[int, float, float]], interval: int) -> list[Bar]:
    builder, bars = BarBuilder(interval, BarSource.TRADES), []
    for time, price, size in rows:
        bar = builder.close_before(time)
        if bar is not None:
            bars.append(bar)
        builder.add(time, price, size)
    return bars


def test_a_bar_tells_open_high_low_close_volume_and_count() -> None:
    rows = [(100, 5.0, 1.0), (120, 9.0, 2.0), (140, 3.0, 0.5), (199, 4.0, 0.5), (200, 7.0, 9.0)]
    assert build(rows, 100) == [Bar(BarSource.TRADES, 100, 100, 5.0, 9.0, 3.0, 4.0, 4.0, 4, gap=0)]


def test_a_row_on_the_boundary_belongs_to_the_next_bar() -> None:
    bars = build([(100, 1.0, 1.0), (200, 2.0, 1.0), (300, 3.0, 1.0)], 100)
    assert [(bar.start, bar.close) for bar in bars] == [(100, 1.0), (200, 2.0)]


def test_the_first_bar_is_left_out_when_it_had_begun_before_the_first_row() -> None:
    bars = build([(150, 1.0, 1.0), (210, 2.0, 1.0), (310, 3.0, 1.0)], 100)
    assert [bar.start for bar in bars] == [200]


def test_a_gap_gives_no_bars_but_is_told_by_the_next_one() -> None:
    bars = build([(100, 1.0, 1.0), (550, 2.0, 1.0), (600, 3.0, 1.0)], 100)
    assert [(bar.start, bar.gap) for bar in bars] == [(100, 0), (500, 3)]


def test_an_interval_of_zero_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="interval"):
        BarBuilder(0, BarSource.TRADES)


def watcher(source: str) -> Stage:
    return Stage(strategy(f"{SAMPLES}:Watcher", "watch", parameters={"interval": "1s", "source": source}))


def bars_of(stage: Stage) -> list[Bar]:
    return stage.actor._slots["watch/BTC-USDT"].strategy.bars  # type: ignore[attr-defined,no-any-return]


def test_bars_of_trades_are_closed_by_a_quote_too() -> None:
    stage = watcher("trades")
    stage.now = START - MILLISECOND
    stage.trade(10.0, 2.0)
    stage.trade(11.0, 1.0)
    assert not bars_of(stage)
    stage.quote(after=SECOND)
    assert [(bar.start, bar.open, bar.close, bar.volume) for bar in bars_of(stage)] == [
        (START, 10.0, 11.0, 3.0)
    ]
    assert stage.state("watch").values == {"bars": 1}


def test_bars_of_quotes_use_the_mid_and_have_no_volume() -> None:
    stage = watcher("quotes")
    stage.now = START - MILLISECOND
    stage.quote(10.0, 12.0)
    stage.trade(99.0)
    stage.quote(10.0, 14.0)
    stage.quote(after=SECOND)
    assert [(bar.open, bar.high, bar.close, bar.volume, bar.count) for bar in bars_of(stage)] == [
        (11.0, 12.0, 12.0, None, 2)
    ]


def test_bars_of_the_feed_pass_through_to_who_subscribed_to_them() -> None:
    stage = watcher("feed")
    stage.row("BTC-USDT", 3, START, 1.0, 4.0, 0.5, 2.0, 77.0)
    assert bars_of(stage) == [Bar(BarSource.FEED, None, START, 1.0, 4.0, 0.5, 2.0, 77.0, None)]


def test_the_feeds_own_bars_have_no_interval_to_choose() -> None:
    with pytest.raises(ConfigurationError, match="subscribe_feed_bars"):
        Stage().actor._slots["obey/BTC-USDT"].strategy.subscribe_bars(SECOND, BarSource.FEED)


rows = st.lists(st.tuples(st.integers(0, 4_000), st.floats(1, 100), st.floats(0, 5)), min_size=1, max_size=60)


@pytest.mark.property
@settings(max_examples=80, deadline=None)
@given(st.integers(1, 1_000), st.integers(0, 10_000), rows)
def test_every_bar_equals_the_rows_of_its_interval(interval, begin, steps) -> None:
    time, trades = begin, []
    for gap, price, size in steps:
        time += gap
        trades.append((time, price, size))
    bars = build(trades, interval)
    first = trades[0][0]
    last_start = trades[-1][0] // interval * interval
    starts = sorted({time // interval * interval for time, _, _ in trades})
    whole = [start for start in starts if start >= first and start != last_start]
    assert [bar.start for bar in bars] == whole
    for bar in bars:
        inside = [(price, size) for time, price, size in trades if bar.start <= time < bar.start + interval]
        prices = [price for price, _ in inside]
        assert (bar.open, bar.high, bar.low, bar.close) == (prices[0], max(prices), min(prices), prices[-1])
        assert bar.volume == pytest.approx(sum(size for _, size in inside))
        before = [start for start in starts if start < bar.start]
        assert bar.gap == ((bar.start - before[-1]) // interval - 1 if before else 0)


# --- bars of a feed, put together to longer ones -----------------------------------------------------------------


def whole(bars: Sequence[tuple[int, float, float]], interval: int) -> list[Bar]:
    """What is told of the feed's bars, given as end, price and volume: each is open, high, low and close in one."""
    aggregator = BarAggregator(interval)
    told = []
    for end, price, volume in bars:
        bar = Bar(BarSource.FEED, None, end, price, price + 1, price - 1, price, volume, None)
        told += aggregator.add(bar)
    return told


def minutes(*ends: int) -> list[tuple[int, float, float]]:
    return [(end, 100.0 + end, 1.0) for end in ends]


def test_a_bar_is_told_with_the_part_that_ends_with_it() -> None:
    five = whole(minutes(*range(1, 11)), 5)
    assert [(bar.start, bar.end, bar.count, bar.gap) for bar in five] == [(0, 5, 5, 0), (5, 10, 5, 0)]
    first = five[0]
    assert (first.open, first.high, first.low, first.close, first.volume) == (101.0, 106.0, 100.0, 105.0, 5.0)
    assert len(whole(minutes(*range(1, 5)), 5)) == 0


def test_where_its_last_part_is_missing_the_next_bar_tells_it_and_gaps_are_counted() -> None:
    five = whole(minutes(1, 2, 3, 4, 5, 6, 7, 22, 25), 5)
    assert [(bar.start, bar.count, bar.gap) for bar in five] == [(0, 5, 0), (5, 2, 0), (20, 2, 2)]


@pytest.mark.parametrize("begin", [1, 2, 3, 4, 5, 6])
def test_the_interval_that_the_feed_began_within_is_left_out(begin: int) -> None:
    five = whole(minutes(*range(begin, 21)), 5)
    assert five[0].start == (0 if begin == 1 else 5)
    assert all(bar.count == 5 for bar in five)


def test_bars_of_the_same_length_are_told_once_that_is_known() -> None:
    told = whole(minutes(5, 10, 15), 5)
    assert [(bar.start, bar.count) for bar in told] == [(0, 1), (5, 1), (10, 1)]


@pytest.mark.parametrize(("step", "interval"), [(5, 1), (15, 10), (2, 5)])
def test_bars_that_do_not_fit_are_not_told(step: int, interval: int) -> None:
    assert whole(minutes(*range(step, 20 * step, step)), interval) == []


def test_a_bar_that_comes_twice_counts_once() -> None:
    assert whole(minutes(1, 2, 2, 3, 4, 5), 5)[0].count == 5


@pytest.mark.property
@settings(max_examples=80, deadline=None)
@given(st.integers(1, 12), st.sets(st.integers(1, 200), min_size=3))
def test_every_aggregate_equals_the_bars_of_its_interval(factor: int, ends: set[int]) -> None:
    given_bars = minutes(*sorted({1, 2} | ends))
    for bar in whole(given_bars, factor):
        inside = [(price, volume) for end, price, volume in given_bars if bar.start < end <= bar.end]
        prices = [price for price, _ in inside]
        assert (bar.open, bar.close, bar.count) == (prices[0], prices[-1], len(inside))
        assert (bar.high, bar.low) == (max(prices) + 1, min(prices) - 1)
        assert bar.volume == sum(volume for _, volume in inside)


class OfFiveSeconds(Watcher):
    """Wants the feed's bars as bars of five seconds."""

    def on_start(self) -> None:
        self.bars = []
        self.subscribe_feed_bars(5 * SECOND)


def test_a_strategy_is_given_the_feeds_bars_as_long_as_it_wants_them() -> None:
    stage = Stage(strategy(f"{__name__}:OfFiveSeconds", "watch"))
    begin = stage.now - stage.now % (5 * SECOND)
    for second in range(1, 11):
        stage.now = begin + second * SECOND
        stage.row("BTC-USDT", TickKind.BAR, stage.now, 1.0, 2.0, 0.5, 1.5, 3.0)
    [watcher] = stage.actor.strategies
    assert [(bar.end - begin, bar.volume) for bar in watcher.bars] == [
        (5 * SECOND, 15.0),
        (10 * SECOND, 15.0),
    ]  # type: ignore[attr-defined]
