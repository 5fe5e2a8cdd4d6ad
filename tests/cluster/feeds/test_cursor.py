"""The cursor: stops right after the row that makes a decision due, and always knows where it is."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cluster.feeds.cursor import FeedCursor
from cluster.feeds.queued import QueueFeed
from messages.errors import DataProviderError
from messages.market import TickKind
from tests.cluster.feeds.recordings import chunk_at

pytestmark = pytest.mark.unit


class View:
    """Remembers the times it saw; due when `due` says so."""

    def __init__(self, due: Callable[[int], bool] = lambda time: False) -> None:
        self.seen: list[int] = []
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
        self.seen.append(time)
        return self._due(time)


def feed_of(*chunks: list[int]) -> QueueFeed:
    feed = QueueFeed("BTC-USDT")
    for times in chunks:
        feed.push_chunk(chunk_at(times))
    return feed


def test_observe_gets_the_scalars_of_the_row() -> None:
    feed = QueueFeed("BTC-USDT")
    feed.push(TickKind.BAR, 9, 1.0, 2.0, 3.0, 4.0, 5.0, event_time=8)
    rows: list[tuple[object, ...]] = []

    def observe(*row: object) -> bool:
        rows.append(row)
        return False

    cursor = FeedCursor(feed)
    cursor.fold(observe)
    assert cursor.symbol == "BTC-USDT"
    assert rows == [("BTC-USDT", TickKind.BAR, 9, 8, 1.0, 2.0, 3.0, 4.0, 5.0)]
    assert {type(value) for value in rows[0]} == {str, int, float}


def test_folding_stops_right_after_the_first_row_that_is_due() -> None:
    cursor = FeedCursor(feed_of([1, 2, 3], [4, 5]))
    view = View(due=lambda time: time in (2, 4))
    assert cursor.fold(view.observe) == 2
    assert (cursor.position, cursor.next_time, view.seen) == (2, 3, [1, 2])
    assert cursor.fold(view.observe) == 4
    assert (cursor.position, cursor.next_time) == (4, 5)
    assert cursor.fold(view.observe) is None
    assert (cursor.position, cursor.next_time) == (5, None)
    assert view.seen == [1, 2, 3, 4, 5]


def test_folding_includes_rows_at_the_time_and_none_after_it() -> None:
    cursor = FeedCursor(feed_of([1, 2, 2], [2, 3]))
    view = View()
    assert cursor.fold(view.observe, 0) is None
    assert cursor.position == 0
    cursor.fold(view.observe, 2)
    assert (view.seen, cursor.position, cursor.next_time) == ([1, 2, 2, 2], 4, 3)


def test_a_row_due_at_time_zero_is_told_from_nothing_due() -> None:
    assert FeedCursor(feed_of([0, 1])).fold(View(due=lambda time: True).observe) == 0


def test_a_row_on_which_observe_fails_is_the_next_one_again() -> None:
    cursor = FeedCursor(feed_of([1, 2, 3, 4]))
    cursor.fold(View().observe, 1)

    def fail(*row: object) -> bool:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        cursor.fold(fail)
    assert (cursor.position, cursor.next_time) == (1, 2)
    view = View()
    cursor.fold(view.observe)
    assert (view.seen, cursor.position) == ([2, 3, 4], 4)


@settings(max_examples=150, deadline=None)
@given(
    chunks=st.lists(st.integers(1, 7), min_size=1, max_size=5),
    due=st.sets(st.integers(0, 20)),
    stops=st.lists(st.integers(0, 22), max_size=6).map(sorted),
)
def test_however_it_is_cut_a_run_folds_every_row_once_and_in_order(
    chunks: list[int], due: set[int], stops: list[int]
) -> None:
    starts = [sum(chunks[:index]) for index in range(len(chunks))]
    times = [[(start + row) // 2 for row in range(rows)] for start, rows in zip(starts, chunks, strict=True)]
    flat = [time for part in times for time in part]
    feed = feed_of(*times)
    view = View(due=due.__contains__)
    cursor = FeedCursor(feed)
    for stop in [*stops, 100]:
        while (time := cursor.fold(view.observe, stop)) is not None:
            assert time in due
            assert flat[cursor.position - 1] == time
            cursor = FeedCursor(feed, cursor.position)  # a restart at the committed position
        assert view.seen == [time for time in flat if time <= stop]
        assert cursor.position == len(view.seen)


def test_rebuilding_folds_up_to_the_position_without_deciding() -> None:
    cursor = FeedCursor(feed_of([1, 2, 3], [4, 5]))
    cursor.fold(View().observe)
    view = View(due=lambda time: True)
    cursor.rebuild(view.observe, 4)
    assert (view.seen, cursor.position, cursor.next_time) == ([1, 2, 3, 4], 4, 5)
    warm = View()
    cursor.rebuild(warm.observe, 4, start=2)
    assert (warm.seen, cursor.position) == ([3, 4], 4)


def test_rebuilding_to_a_position_that_the_feed_does_not_have_is_refused() -> None:
    cursor = FeedCursor(feed_of([1, 2, 3]))
    with pytest.raises(DataProviderError, match="the feed has only 3 rows") as caught:
        cursor.rebuild(View().observe, 4)
    assert caught.value.field == "BTC-USDT.position"


def test_a_cursor_at_the_end_goes_on_when_the_feed_grows() -> None:
    feed = feed_of([1])
    cursor = FeedCursor(feed)
    view = View()
    cursor.fold(view.observe)
    assert cursor.next_time is None
    feed.push_chunk(chunk_at([2, 3]))
    assert cursor.next_time == 2
    cursor.fold(view.observe)
    assert (view.seen, cursor.position) == ([1, 2, 3], 3)
