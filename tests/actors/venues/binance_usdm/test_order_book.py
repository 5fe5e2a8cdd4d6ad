"""The sequenced book: whatever is lost, late or repeated, it shows what the venue shows, or says that it does not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.venues.binance_usdm.market_frames import DepthUpdate
from actors.venues.binance_usdm.order_book import MOST_WAITING, SequencedBook, Taken

pytestmark = pytest.mark.unit


def update(first: int, last: int, before: int, bid: float = 1.0, size: float = 1.0) -> DepthUpdate:
    return DepthUpdate(s="X", E=0, U=first, u=last, pu=before, b=[(bid, size)], a=[])


@pytest.mark.parametrize(
    ("case", "event", "taken"),
    [
        ("it spans the snapshot", update(95, 105, 90), Taken.APPLIED),
        ("it ends with the snapshot", update(95, 100, 90), Taken.APPLIED),
        ("it begins right behind it", update(101, 105, 100), Taken.APPLIED),
        ("nothing changed between its predecessor and the snapshot", update(103, 105, 98), Taken.APPLIED),
        ("it ends before it", update(95, 99, 90), Taken.OLD),
        ("something lies between", update(103, 105, 102), Taken.GAP),
    ],
)
def test_the_first_event_after_a_snapshot(case: str, event: DepthUpdate, taken: Taken) -> None:
    book = SequencedBook()
    assert book.begin(100, [], []) == []
    assert book.take(event) is taken
    assert book.wants_snapshot == (taken is Taken.GAP)


@pytest.mark.parametrize(
    ("event", "taken"),
    [
        (update(106, 109, 105), Taken.APPLIED),
        (update(101, 105, 100), Taken.OLD),
        (update(107, 109, 106), Taken.GAP),
        (update(101, 109, 100), Taken.GAP),
    ],
)
def test_after_the_first_event_the_chain_is_strict(event: DepthUpdate, taken: Taken) -> None:
    book = SequencedBook()
    book.begin(100, [], [])
    book.take(update(101, 105, 100))
    assert book.take(event) is taken


def test_events_before_the_snapshot_are_kept_and_a_snapshot_older_than_they_are_is_refused() -> None:
    book = SequencedBook()
    for event in (update(101, 105, 100, 1.0), update(106, 107, 105, 2.0), update(108, 110, 107, 3.0)):
        assert book.take(event) is Taken.WAITING
    assert book.begin(99, [(9.0, 9.0)], []) is None
    assert book.book.bids.sizes == {}
    applied = book.begin(107, [(9.0, 9.0)], [])
    assert applied is not None
    assert [event.u for event in applied] == [107, 110]
    assert book.book.bids.sizes == {9.0: 9.0, 2.0: 1.0, 3.0: 1.0}


def test_a_gap_among_the_kept_events_wants_another_snapshot() -> None:
    book = SequencedBook()
    book.take(update(101, 105, 100))
    book.take(update(110, 112, 109))
    applied = book.begin(103, [], [])
    assert applied is not None
    assert [event.u for event in applied] == [105]
    assert book.wants_snapshot
    assert book.begin(112, [], []) is not None
    assert not book.wants_snapshot


def test_what_is_kept_is_bounded() -> None:
    book = SequencedBook()
    for number in range(MOST_WAITING + 10):
        book.take(update(number + 1, number + 1, number))
    assert book.begin(MOST_WAITING - 1, [], []) is None
    assert book.begin(MOST_WAITING, [], []) is not None


@pytest.mark.property
@given(st.data())
def test_a_book_that_wants_no_snapshot_shows_what_the_venue_shows(data: st.DataObject) -> None:
    changes = data.draw(
        st.lists(st.tuples(st.integers(1, 5), st.sampled_from([0.0, 1.0, 2.0])), min_size=1, max_size=30)
    )
    events: list[DepthUpdate] = []
    shows: list[dict[float, float]] = [{}]
    for number, (price, size) in enumerate(changes, 1):
        events.append(update(number, number, number - 1, float(price), size))
        now = dict(shows[-1])
        now.pop(float(price), None)
        if size:
            now[float(price)] = size
        shows.append(now)
    book, newest = SequencedBook(), 0
    for number in range(len(events)):
        fate = data.draw(st.sampled_from(["told", "told", "told", "lost", "twice", "cut"]))
        if fate == "cut":
            book.lose()
        if fate != "lost":
            for _ in range(2 if fate == "twice" else 1):
                book.take(events[number])
            newest = number + 1
        if book.wants_snapshot and data.draw(st.booleans()):
            at = data.draw(st.integers(0, number + 1))
            book.begin(at, shows[at].items(), [])
        if not book.wants_snapshot:
            assert dict(book.book.bids.sizes) == shows[book.last]
            assert book.last >= min(newest, book.last)
            assert fate == "lost" or book.last >= newest
