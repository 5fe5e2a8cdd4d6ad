"""The live cursor: the face of `FeedCursor` over rows that come one by one."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.feeds.cursor import FeedCursor
from cluster.feeds.live.cursor import LiveCursor, Row
from cluster.feeds.queued import QueueFeed
from messages.errors import DataProviderError
from messages.market import TickKind

pytestmark = pytest.mark.unit

Q, T, B, D = TickKind.QUOTE, TickKind.TRADE, TickKind.BAR, TickKind.DEPTH


def row(time: int, kind: int = Q, value: float = 1.0) -> Row:
    return (time, kind, time, value, 0.0, 0.0, 0.0, 0.0)


def cursor(*rows: Row, capacity: int = 100, recent: int = 100) -> LiveCursor:
    made = LiveCursor("X", capacity=capacity, recent=recent)
    for each in rows:
        made.push(each)
    return made


class Seen:
    """Remembers what it saw; due on the times given."""

    def __init__(self, *due: int) -> None:
        self.rows: list[tuple[Any, ...]] = []
        self.due = due

    def __call__(self, *row: Any) -> bool:
        self.rows.append(row)
        return row[2] in self.due

    @property
    def times(self) -> list[int]:
        return [row[2] for row in self.rows]


@pytest.mark.property
@given(
    st.lists(st.integers(0, 20), max_size=15).map(sorted),
    st.sets(st.integers(0, 20)),
    st.lists(st.integers(0, 25), max_size=5).map(sorted),
)
def test_it_folds_as_the_cursor_of_a_stored_feed_does(
    times: list[int], due: set[int], untils: list[int]
) -> None:
    live, feed = cursor(*(row(time, value=float(n)) for n, time in enumerate(times))), QueueFeed("X")
    for number, time in enumerate(times):
        feed.push(Q, time, float(number), 0.0, 0.0, 0.0, 0.0)
    stored = FeedCursor(feed)
    saw_live, saw_stored = Seen(*due), Seen(*due)
    for until in untils:
        for _ in range(3):
            assert live.next_time == stored.next_time
            assert live.fold(saw_live, until) == stored.fold(saw_stored, until)
            assert live.position == stored.position
    assert saw_live.rows == saw_stored.rows


def test_a_row_on_which_observe_raises_is_the_next_one_again() -> None:
    live, seen = cursor(row(1), row(2), row(3)), Seen()

    def broken(*told: Any) -> bool:
        if told[2] == 2:
            raise ZeroDivisionError
        return seen(*told)

    with pytest.raises(ZeroDivisionError):
        live.fold(broken)
    assert (live.position, live.next_time) == (1, 2)
    assert live.fold(seen) is None
    assert seen.times == [1, 2, 3]


def test_rows_pushed_while_others_wait_are_folded_in_order_and_later_ones_go_on() -> None:
    live, seen = cursor(row(1)), Seen()
    live.fold(seen)
    live.push(row(2))
    live.push(row(2, T))
    assert live.fold(seen) is None
    assert [(told[1], told[2]) for told in seen.rows] == [(Q, 1), (Q, 2), (T, 2)]


def test_beyond_its_capacity_quotes_are_let_go_but_the_last_and_nothing_else() -> None:
    live, seen = cursor(capacity=5), Seen()
    for time, kind in enumerate((Q, T, Q, B, Q, Q, D, Q, T), 1):
        live.push(row(time, kind))
    live.fold(seen)
    assert [told[1] for told in seen.rows] == [T, B, Q, D, Q, T]
    assert seen.times == [2, 4, 6, 7, 8, 9]
    assert (live.received, live.shed, live.position) == (9, 3, 6)


def test_trades_alone_are_all_kept() -> None:
    live, seen = cursor(*(row(time, T) for time in range(1000)), capacity=10), Seen()
    live.fold(seen)
    assert (len(seen.rows), live.shed) == (1000, 0)


def test_a_rebuild_folds_the_warm_up_and_the_recent_rows_and_decides_nothing() -> None:
    live = cursor(row(10), row(11), row(12), row(13), recent=2)
    live.remember([row(1, B), row(2, B)])
    seen = Seen(1, 2, 10, 11, 12, 13)
    live.rebuild(seen, 700)
    assert (seen.times, live.position, live.next_time) == ([1, 2], 700, 10)
    while live.fold(Seen(), 12) is not None:
        pass
    again = Seen(1, 2, 11, 12)
    live.rebuild(again, 703)
    assert (again.times, live.position, live.next_time) == ([1, 2, 11, 12], 703, 13)
    with pytest.raises(DataProviderError, match="before its start"):
        live.rebuild(seen, 1, start=2)
