"""Windows of feeds, and the quotes that bars and trades stand for: the same rows wherever they are entered."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.venues.matching.depth import DepthMarket
from actors.venues.matching.grid import Grid
from actors.venues.matching.instruments import Instrument, MarketKind, MarketModel
from actors.venues.matching.market import MarketState
from cluster.feeds.columns import Chunk, Feed, concatenate
from cluster.feeds.window import ClosingQuotes, LastPrints, Window, priced
from messages.market import TickKind


class Bars:
    """A feed of bars and trades at given times, in chunks of `size`; the close of the n-th is n + 0.5."""

    symbol = "BTC-USDT"

    def __init__(self, times: list[int], kinds: list[int], size: int) -> None:
        self.times = times
        self.kinds = kinds
        self.size = size
        self.first_time = times[0]
        self.last_time: int | None = times[-1]

    def open(self, position: int = 0) -> Iterator[Chunk]:
        for start in range(position, len(self.times), self.size):
            stop = min(start + self.size, len(self.times))
            times = np.array(self.times[start:stop], np.int64)
            number = np.arange(start, stop, dtype=np.float64)
            kinds = np.array(self.kinds[start:stop], np.int8)
            yield Chunk(
                self.symbol, times, times, kinds, number, number + 1, number - 1, number + 0.5, number * 10
            )


FEEDS = st.builds(
    lambda rows, size: Bars(sorted(time for time, _ in rows), [kind for _, kind in rows], size),
    st.lists(
        st.tuples(st.integers(0, 50), st.sampled_from([TickKind.BAR, TickKind.TRADE])),
        min_size=1,
        max_size=30,
    ),
    st.integers(1, 8),
)


def _rows(feed: Feed, position: int = 0) -> list[tuple[float, ...]]:
    whole = concatenate("", list(feed.open(position)))
    return [
        tuple(-1.0 if value != value else float(value) for value in row)
        for row in zip(whole.time, whole.kind, whole.v0, whole.v1, whole.v2, whole.v3, whole.v4, strict=True)
    ]


@given(FEEDS, st.integers(0, 50), st.integers(0, 50))
def test_a_window_holds_the_rows_between_its_bounds(feed: Bars, one: int, other: int) -> None:
    start, end = min(one, other), max(one, other)
    expected = [row for row in _rows(feed) if start <= row[0] <= end]
    window = Window(feed, start, end)
    assert _rows(window) == expected
    for position in range(len(expected) + 1):
        assert _rows(window, position) == expected[position:]


UPDATES = st.lists(
    st.tuples(
        st.integers(0, 3),  # time since the update before
        st.booleans(),  # a snapshot
        st.lists(
            st.tuples(st.sampled_from([1.0, -1.0]), st.integers(1, 4), st.integers(0, 2)),
            min_size=1,
            max_size=5,
        ),
    ),
    min_size=1,
    max_size=12,
)
"""Updates of a book: levels as (side, price, size)."""


ONE = Instrument(
    symbol="BTC-USDT",
    tick=Decimal(1),
    lot=Decimal(1),
    quote_currency="USDT",
    maker_fee=Decimal(0),
    taker_fee=Decimal(0),
    market=MarketModel(kind=MarketKind.DEPTH),
)


class Depth:
    """A feed of these updates, a print behind each of them, in chunks of `size` rows."""

    symbol = "BTC-USDT"

    def __init__(self, updates: list[Any], size: int) -> None:
        rows: list[tuple[float, ...]] = []
        time = 0
        for wait, snapshot, levels in updates:
            time += wait
            for number, (side, price, amount) in enumerate(levels, start=1):
                ends = float(number == len(levels))
                rows.append((time, TickKind.DEPTH, side, price, amount, float(snapshot), ends))
            rows.append((time, TickKind.TRADE, 1.0, 1.0, 1.0, np.nan, np.nan))
        self.rows = rows
        self.size = size
        self.first_time, self.last_time = int(rows[0][0]), int(rows[-1][0])

    def open(self, position: int = 0) -> Iterator[Chunk]:
        for start in range(position, len(self.rows), self.size):
            time, kind, *values = zip(*self.rows[start : start + self.size], strict=True)
            times = np.array(time, np.int64)
            columns = [np.array(value, np.float64) for value in values]
            yield Chunk(self.symbol, times, times + 7, np.array(kind, np.int8), *columns)


def _books(feed: Feed) -> list[tuple[int, MarketState]]:
    """The levels of a venue's market after each print, with its time."""
    market = DepthMarket(Grid(ONE))
    found: list[tuple[int, MarketState]] = []
    sides: dict[float, list[tuple[float, float]]] = {1.0: [], -1.0: []}
    for time, kind, side, price, size, snapshot, last in _rows(feed):
        if kind == TickKind.TRADE:
            found.append((int(time), market.state()))
            continue
        sides[side].append((price, size))
        if last == 1.0:
            market.depth(sides[1.0], sides[-1.0], snapshot == 1.0)
            sides = {1.0: [], -1.0: []}
    return found


@given(UPDATES, st.integers(1, 7), st.integers(0, 30))
def test_a_window_between_snapshots_begins_with_the_book_of_then(
    updates: list[Any], size: int, start: int
) -> None:
    whole = Depth(updates, size)
    window = Window(whole, start, whole.last_time)
    assert _books(window) == [(time, book) for time, book in _books(whole) if time >= start]
    rows = _rows(window)
    assert all(row[0] >= start for row in rows)
    for position in range(len(rows) + 1):
        assert _rows(window, position) == rows[position:]


def test_the_book_a_window_begins_with_is_one_update_with_the_venues_time() -> None:
    feed = Depth(
        [
            (1, True, [(1.0, 3, 1), (1.0, 2, 2), (-1.0, 4, 1)]),
            (1, False, [(1.0, 3, 0)]),
            (5, True, [(1.0, 1, 1)]),
        ],
        2,
    )
    opening = next(iter(Window(feed, 4, 9).open()))
    assert opening.time.tolist() == [4, 4]
    assert opening.event_time.tolist() == [9, 9]
    assert list(zip(opening.v0, opening.v1, opening.v2, opening.v3, opening.v4, strict=True)) == [
        (1.0, 2.0, 2.0, 1.0, 0.0),
        (-1.0, 4.0, 1.0, 1.0, 1.0),
    ]


@given(FEEDS)
def test_every_bar_comes_after_a_quote_at_its_close(feed: Bars) -> None:
    expected = []
    for row in _rows(feed):
        if row[1] == TickKind.BAR:
            time, _, _, _, _, close, _ = row
            expected.append((time, float(TickKind.QUOTE), close, -1.0, close, -1.0, -1.0))
        expected.append(row)
    quoted = ClosingQuotes(feed)
    assert _rows(quoted) == expected
    for position in range(len(expected) + 1):
        assert _rows(quoted, position) == expected[position:]


@given(FEEDS)
def test_every_trade_comes_before_a_quote_at_its_price(feed: Bars) -> None:
    expected = []
    for row in _rows(feed):
        expected.append(row)
        if row[1] == TickKind.TRADE:
            time, _, price, *_ = row
            expected.append((time, float(TickKind.QUOTE), price, -1.0, price, -1.0, -1.0))
    quoted = LastPrints(feed)
    assert _rows(quoted) == expected
    for position in range(len(expected) + 1):
        assert _rows(quoted, position) == expected[position:]


@pytest.mark.parametrize(
    ("market", "kinds", "made"),
    [
        (MarketKind.BARS, [TickKind.BAR], ClosingQuotes),
        (MarketKind.TRADES, [TickKind.TRADE, TickKind.BAR], LastPrints),
        (MarketKind.TRADES, [TickKind.TRADE, TickKind.QUOTE], Bars),
        (MarketKind.TOP, [TickKind.TRADE], Bars),
        (MarketKind.DEPTH, [TickKind.TRADE], Bars),
    ],
)
def test_who_brings_no_quotes_is_given_some(
    market: MarketKind, kinds: list[int], made: type[ClosingQuotes | LastPrints | Bars]
) -> None:
    assert type(priced(Bars([1, 2][: len(kinds)], kinds, 1), market)) is made
