"""The tape: every row once, in order of time, each where it belongs; books that are caught up know what they must."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cluster.backtest.tape import Tape
from cluster.feeds.columns import Chunk
from messages.market import TickKind

NEVER = 2**62
LATEST = (TickKind.QUOTE, TickKind.TRADE)


class Rows:
    """A feed of given rows `(time, kind, value)`, in chunks of `size`."""

    first_time = 0

    def __init__(self, symbol: str, rows: list[tuple[int, int, float]], size: int) -> None:
        self.symbol = symbol
        self.given = rows
        self.size = size
        self.last_time: int | None = None

    def open(self, position: int = 0) -> Iterator[Chunk]:
        for start in range(position, len(self.given), self.size):
            part = self.given[start : start + self.size]
            times = np.array([row[0] for row in part], np.int64)
            kinds = np.array([row[1] for row in part], np.int8)
            value = np.array([row[2] for row in part], np.float64)
            yield Chunk(self.symbol, times, times, kinds, value, value, value, value, value)


KINDS = st.sampled_from([TickKind.QUOTE, TickKind.TRADE, TickKind.DEPTH])
FEEDS = st.lists(
    st.tuples(
        st.lists(st.tuples(st.integers(0, 40), KINDS, st.floats(1, 9)), max_size=30).map(
            lambda rows: sorted(rows, key=lambda row: row[0])
        ),
        st.integers(1, 7),
    ),
    min_size=1,
    max_size=4,
)


class Seen:
    """An observer that notes what it sees and asks for attention at every row of a chosen value."""

    def __init__(self, log: list[tuple[str, int, int, float]], stop_at: float) -> None:
        self.log = log
        self.stop_at = stop_at

    def __call__(self, symbol: str, kind: int, time: int, event_time: int, v0: float, *rest: float) -> bool:
        self.log.append((symbol, time, kind, v0))
        return v0 >= self.stop_at


def _tape(given_feeds: list[tuple[list[tuple[int, int, float]], int]], stop_at: float) -> tuple[Tape, list]:
    log: list[tuple[str, int, int, float]] = []
    feeds = [Rows(f"S{index}", rows, size) for index, (rows, size) in enumerate(given_feeds)]
    tape = Tape(feeds, [Seen(log, stop_at) for _ in feeds])
    for _ in feeds:
        tape.watches.append(lambda *row: False)
        tape.catch_ups.append(lambda *row: False)
        tape.latest_only.append(LATEST)
    return tape, log


@given(FEEDS)
def test_every_row_comes_once_in_order_of_time(given_feeds: list) -> None:
    tape, log = _tape(given_feeds, stop_at=100)
    assert tape.play(NEVER, None) is False
    order = [(time, symbol) for symbol, time, _, _ in log]
    assert order == sorted(order)
    for index, (rows, _) in enumerate(given_feeds):
        own = [(time, kind, value) for symbol, time, kind, value in log if symbol == f"S{index}"]
        assert own == rows


@given(FEEDS, st.integers(0, 40), st.booleans())
def test_it_stops_at_the_row_that_asks_and_goes_on_behind_it(
    given_feeds: list, until: int, watched: bool
) -> None:
    tape, log = _tape(given_feeds, stop_at=5)
    watching = [True] * len(given_feeds) if watched else None
    stops = 0
    while tape.play(until, watching):
        stops += 1
        symbol, time, _, value = log[-1]
        assert (f"S{tape.feed}", tape.time) == (symbol, time)
        assert tape.due
        assert value >= 5
        assert tape.position == sum(name == symbol for name, *_ in log)
    expected = [row for rows, _ in given_feeds for row in rows if row[0] <= until]
    assert len(log) == len(expected)
    assert stops == sum(value >= 5 for _, _, value in expected)


@given(FEEDS, st.lists(st.integers(0, 40), max_size=5).map(sorted), st.data())
def test_a_book_that_is_caught_up_has_the_latest_of_each_kind_and_all_of_the_depth(
    given_feeds: list, times: list[int], data: st.DataObject
) -> None:
    tape, _ = _tape(given_feeds, stop_at=100)
    latest: dict[tuple[str, int], float] = {}
    depth: list[tuple[str, float]] = []

    def note(symbol: str, kind: int, time: int, event_time: int, v0: float, *rest: float) -> bool:
        latest[symbol, kind] = v0
        if kind == TickKind.DEPTH:
            depth.append((symbol, v0))
        return False

    tape.watches[:] = tape.catch_ups[:] = [note] * len(given_feeds)
    for until in times:
        watched = data.draw(st.lists(st.booleans(), min_size=len(given_feeds), max_size=len(given_feeds)))
        tape.play(until, watched if any(watched) else None)
        tape.sync_all()
        played = {
            f"S{index}": [row for row in rows if row[0] <= until]
            for index, (rows, _) in enumerate(given_feeds)
        }
        for symbol, rows in played.items():
            for kind in (TickKind.QUOTE, TickKind.TRADE):
                values = [value for _, each, value in rows if each == kind]
                assert latest.get((symbol, kind)) == (values[-1] if values else None)
            told = [value for name, value in depth if name == symbol]
            assert told == [value for _, each, value in rows if each == TickKind.DEPTH]
