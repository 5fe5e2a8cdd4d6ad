"""Windows of feeds, and the quotes at which bars close: the same rows wherever they are entered."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cluster.feeds.columns import Chunk, Feed, concatenate
from cluster.feeds.window import ClosingQuotes, Window
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
