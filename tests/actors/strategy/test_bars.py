"""Bars: aligned to UTC, no bar invented in a gap, none begun in the middle."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.strategy.bars import Bar, BarBuilder, BarSource
from messages.errors import ConfigurationError
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
