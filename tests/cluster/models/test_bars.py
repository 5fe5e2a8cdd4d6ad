"""Bars to learn from: those that a desk would have seen, whatever pieces the feed comes in."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.strategy.bars import BarBuilder, BarSource
from actors.strategy.pipeline.arrays import Floats
from cluster.feeds.columns import Chunk
from cluster.models.bars import Bars, Source, bars_of
from config.duration import MINUTE
from messages.errors import DataProviderError
from messages.market import TickKind
from tests.cluster.models.making import START

pytestmark = pytest.mark.unit


class Rows:
    """A feed of rows (time, kind, five values), in chunks of `size`."""

    symbol = "BTC-USDT"
    first_time = START
    last_time: int | None = None

    def __init__(self, rows: list[tuple[int, int, tuple[float, ...]]], size: int = 3) -> None:
        self.rows = rows
        self.size = size

    def open(self, position: int = 0) -> Iterator[Chunk]:
        for start in range(position, len(self.rows), self.size):
            part = self.rows[start : start + self.size]
            times = np.array([row[0] for row in part], np.int64)
            values = np.array([row[2] for row in part], np.float64)
            kinds = np.array([row[1] for row in part], np.int8)
            yield Chunk(self.symbol, times, times, kinds, *(values[:, column] for column in range(5)))


NAN = float("nan")


def trade(minute: float, price: float, size: float = 1.0) -> tuple[int, int, tuple[float, ...]]:
    return START + int(minute * MINUTE), TickKind.TRADE, (price, size, 1.0, NAN, NAN)


def quote(minute: float, bid: float, ask: float) -> tuple[int, int, tuple[float, ...]]:
    return START + int(minute * MINUTE), TickKind.QUOTE, (bid, 1.0, ask, 1.0, NAN)


def bar(minute: float, *values: float, start: int = START) -> tuple[int, int, tuple[float, ...]]:
    return start + int(minute * MINUTE), TickKind.BAR, values


def rows_of(bars: Bars) -> list[tuple[float, ...]]:
    return [
        ((close - START) / MINUTE, *values)
        for close, values in zip(bars.closes.tolist(), bars.values.tolist(), strict=True)
    ]


def test_bars_of_the_feed_are_put_together() -> None:
    ones = [bar(n, 10.0 + n, 11.0 + n, 9.0 + n, 10.5 + n, 2.0) for n in range(1, 11)]
    found = bars_of(Rows(ones), 5 * MINUTE)
    assert found.source is BarSource.FEED
    assert rows_of(found) == [(5.0, 11.0, 16.0, 10.0, 15.5, 10.0), (10.0, 16.0, 21.0, 15.0, 20.5, 10.0)]
    assert rows_of(bars_of(Rows(ones), MINUTE)) == [(n, *values) for n, (_, _, values) in enumerate(ones, 1)]


def test_a_bar_that_the_data_cuts_off_is_none() -> None:
    ones = [bar(n, 1.0, 1.0, 1.0, 1.0, 1.0) for n in range(2, 14)]
    assert [row[0] for row in rows_of(bars_of(Rows(ones), 5 * MINUTE))] == [10.0]


def test_an_interval_without_data_gives_no_bar() -> None:
    ones = [bar(n, 1.0, 1.0, 1.0, 1.0, 1.0) for n in (1, 2, 3, 4, 5, 16, 17, 18, 20)]
    found = rows_of(bars_of(Rows(ones), 5 * MINUTE))
    assert [(row[0], row[5]) for row in found] == [(5.0, 5.0), (20.0, 4.0)]


@pytest.mark.parametrize(
    ("source", "kind"),
    [("auto", BarSource.TRADES), ("trades", BarSource.TRADES), ("quotes", BarSource.QUOTES)],
)
def test_without_bars_trades_come_before_quotes(source: Source, kind: BarSource) -> None:
    rows = [quote(0, 9.0, 11.0), trade(0, 10.0), trade(1, 12.0), quote(1, 11.0, 13.0), quote(2, 1.0, 1.0)]
    found = bars_of(Rows([*rows, trade(2, 1.0)]), MINUTE, source)
    assert found.source is kind
    assert found.values[:, 3].tolist() == [10.0, 12.0]
    assert np.isnan(found.values[:, 4]).all() == (kind is BarSource.QUOTES)


def test_quotes_with_one_side_or_crossed_are_no_price() -> None:
    rows = [
        quote(0, 9.0, 11.0),
        quote(0.1, 12.0, 11.0),
        quote(0.2, NAN, 50.0),
        quote(0.3, 1.0, NAN),
        quote(1, 1.0, 1.0),
    ]
    assert rows_of(bars_of(Rows(rows), MINUTE))[0][1:5] == (10.0, 10.0, 10.0, 10.0)


def test_bars_that_do_not_fit_are_refused() -> None:
    twos = [bar(n, 1.0, 1.0, 1.0, 1.0, 1.0) for n in range(2, 20, 2)]
    with pytest.raises(DataProviderError, match="bars of 2 minutes do not fit"):
        bars_of(Rows(twos), 5 * MINUTE)
    with pytest.raises(DataProviderError, match="do not fit"):
        bars_of(Rows(twos), MINUTE)


def test_a_feed_without_what_is_wanted_is_refused() -> None:
    for source in ("feed", "quotes"):
        with pytest.raises(DataProviderError, match="nothing to make bars of"):
            bars_of(Rows([trade(0, 1.0)]), MINUTE, source)


@given(
    st.lists(st.tuples(st.integers(0, 600), st.integers(1, 50), st.integers(0, 9)), min_size=1, max_size=60),
    st.integers(1, 20),
)
def test_bars_of_trades_are_those_that_a_desk_builds(drawn: list[tuple[int, int, int]], size: int) -> None:
    rows = [trade(second / 60, float(price), float(amount)) for second, price, amount in sorted(drawn)]
    found = bars_of(Rows(rows, size), MINUTE, "trades")
    assert rows_of(found) == built(rows)


def built(rows: list[tuple[int, int, tuple[float, ...]]]) -> list[tuple[float, ...]]:
    """What the desk's own builder makes of trades."""
    builder = BarBuilder(MINUTE, BarSource.TRADES)
    bars = []
    for time, _, (price, size, *_) in rows:
        made = builder.close_before(time)
        if made is not None:
            bars.append(made)
        builder.add(time, price, size)
    return [
        (
            (each.start + MINUTE - START) / MINUTE,
            each.open,
            each.high,
            each.low,
            each.close,
            each.volume or 0.0,
        )
        for each in bars
    ]


def test_the_past_of_bars_is_what_had_closed() -> None:
    values: Floats = np.ones((3, 5))
    bars = Bars("BTC-USDT", BarSource.FEED, MINUTE, START + MINUTE * np.arange(1, 4), values)
    assert len(bars.until(START + 2 * MINUTE)) == 2
    assert len(bars.until(START + 2 * MINUTE - 1)) == 1
