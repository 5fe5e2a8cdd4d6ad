"""Several feeds as one sequence: in order of time, the same however it is cut, and counted by one number."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.feeds.cursor import FeedCursor
from cluster.feeds.grouped import GroupCursor, LiveGroupCursor, cursor_of
from cluster.feeds.live.cursor import LiveCursor, Row
from cluster.feeds.queued import QueueFeed
from messages.errors import DataProviderError
from messages.market import TickKind
from tests.cluster.feeds.recordings import chunk_at

pytestmark = pytest.mark.unit

A, B = "BTC-USDT", "ETH-USDT"
NAN = float("nan")
TIMES = st.lists(st.integers(0, 30), max_size=25).map(sorted)


class View:
    """Remembers which rows it saw; due on those whose time is in `due`."""

    def __init__(self, due: frozenset[int] = frozenset()) -> None:
        self.seen: list[tuple[int, str]] = []
        self._due = due

    def observe(
        self,
        symbol: str,
        kind: int,
        time: int,
        event_time: int,
        v0: float,
        v1: float,
        v2: float,
        v3: float,
        v4: float,
    ) -> bool:
        self.seen.append((time, symbol))
        return time in self._due


def feed_of(symbol: str, times: list[int]) -> QueueFeed:
    feed = QueueFeed(symbol)
    for begin in range(0, len(times), 4):
        feed.push_chunk(chunk_at(times[begin : begin + 4]))
    return feed


def group(first: list[int], second: list[int]) -> GroupCursor:
    return GroupCursor([feed_of(A, first), feed_of(B, second)])


def in_order(first: list[int], second: list[int]) -> list[tuple[int, str]]:
    return sorted([(time, A) for time in first] + [(time, B) for time in second])


@given(TIMES, TIMES)
def test_rows_come_by_time_and_at_one_instant_in_the_order_of_the_feeds(
    first: list[int], second: list[int]
) -> None:
    cursor, view = group(first, second), View()
    assert cursor.fold(view.observe) is None
    assert view.seen == in_order(first, second)
    assert cursor.position == len(first) + len(second)
    assert cursor.next_time is None


@given(TIMES, TIMES, st.lists(st.integers(0, 30)).map(sorted), st.frozensets(st.integers(0, 30)))
def test_the_sequence_is_the_same_however_it_is_cut(
    first: list[int], second: list[int], cuts: list[int], due: frozenset[int]
) -> None:
    cursor, view = group(first, second), View(due)
    for until in (*cuts, 31):
        while (at := cursor.fold(view.observe, until)) is not None:
            assert view.seen[-1] == (at, cursor.symbol)
            assert at in due
            assert cursor.position == len(view.seen)
        assert cursor.next_time is None or cursor.next_time > until
    assert view.seen == in_order(first, second)


@given(TIMES, TIMES, st.data())
def test_a_view_is_rebuilt_to_any_position_and_the_cursor_goes_on_from_there(
    first: list[int], second: list[int], data: st.DataObject
) -> None:
    rows = in_order(first, second)
    position = data.draw(st.integers(0, len(rows)))
    cursor, rebuilt, later = group(first, second), View(frozenset(range(31))), View()
    cursor.rebuild(rebuilt.observe, position)
    assert rebuilt.seen == rows[:position]
    assert cursor.position == position
    cursor.fold(later.observe)
    assert later.seen == rows[position:]
    again = View()
    cursor.rebuild(again.observe, position, start=position)
    assert again.seen == []
    assert cursor.position == position


def test_feeds_that_end_before_a_position_are_refused_and_the_cursor_stands_where_it_began() -> None:
    cursor = group([1, 3], [2])
    with pytest.raises(DataProviderError, match="only 3 rows"):
        cursor.rebuild(View().observe, 4)
    assert cursor.position == 0


def test_a_row_that_raised_is_the_next_one_again() -> None:
    cursor, view = group([1, 3], [2]), View()

    def fails(symbol: str, *row: object) -> bool:
        if symbol == B:
            raise RuntimeError("planted")
        return False

    with pytest.raises(RuntimeError, match="planted"):
        cursor.fold(fails)
    cursor.fold(view.observe)
    assert view.seen == [(2, B), (3, A)]


def test_one_feed_needs_no_group() -> None:
    assert isinstance(cursor_of([feed_of(A, [1])]), FeedCursor)
    assert isinstance(cursor_of([feed_of(A, [1]), feed_of(B, [1])]), GroupCursor)


def row(time: int) -> Row:
    return (time, TickKind.QUOTE, time, 1.0, 1.0, 2.0, 1.0, NAN)


def live(symbol: str) -> LiveCursor:
    return LiveCursor(symbol, capacity=10, recent=5)


def test_live_rows_are_merged_as_they_come_and_counted_on_over_a_restart() -> None:
    first, second = live(A), live(B)
    cursor, view = LiveGroupCursor([first, second]), View()
    first.remember([row(1), row(4)])
    second.remember([row(2), row(3)])
    cursor.rebuild(view.observe, 40)
    assert view.seen == [(1, A), (2, B), (3, B), (4, A)]
    assert cursor.position == 40
    for each, time in ((second, 5), (first, 6), (second, 6)):
        each.push(row(time))
    assert cursor.next_time == 5
    cursor.fold(view.observe)
    assert view.seen[4:] == [(5, B), (6, A), (6, B)]
    assert cursor.position == 43
    again = View()
    cursor.rebuild(again.observe, 43)
    assert again.seen == [*view.seen[:4], (5, B), (6, A), (6, B)]
    with pytest.raises(DataProviderError, match="before its start"):
        cursor.rebuild(again.observe, 1, start=2)
