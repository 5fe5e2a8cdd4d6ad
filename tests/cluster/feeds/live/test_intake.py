"""The host's intake over a live cursor: decisions come due as over a stored feed; a restart folds, not decides."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from cluster.feeds.live.cursor import LiveCursor
from cluster.host.intake import Intake
from cluster.store.port import Position
from messages.market import ObservationDue, TickKind

pytestmark = pytest.mark.unit

STALE = 100


class Looker:
    """An actor that is due on every second quote, and remembers what it saw."""

    def __init__(self) -> None:
        self.seen: list[int] = []

    def observe(self, symbol: str, kind: int, time: int, event_time: int, *values: float) -> bool:
        self.seen.append(time)
        return event_time % 2 == 0


def intake(cursor: LiveCursor, looker: Looker) -> Intake:
    machine: Any = SimpleNamespace(actor=looker, address="strategy/X", position=Position(), timers={})
    store: Any = None
    feed: Any = cursor
    return Intake(machine, store, asyncio.Event(), feed, STALE)


def push(cursor: LiveCursor, *times: int) -> None:
    for time in times:
        cursor.push((time, TickKind.QUOTE, time, 1.0, 1.0, 2.0, 1.0, 0.0))


def test_due_rows_become_observations_one_at_a_time_and_stale_ones_are_only_seen() -> None:
    cursor, looker = LiveCursor("X", capacity=100, recent=100), Looker()
    host = intake(cursor, looker)
    host.rebuild(40)
    push(cursor, 2, 3, 201, 202, 203, 204)
    assert host.next_time() == 2
    (first,) = host.gather(250, 8)
    assert first.data == ObservationDue("X", 44, 202)
    assert looker.seen == [2, 3, 201, 202]
    (second,) = host.gather(250, 8)
    assert second.data == ObservationDue("X", 46, 204)
    assert host.gather(250, 8) == []
    assert (host.next_time(), host.feed_position) == (None, 46)


def test_a_decision_that_is_due_and_not_taken_does_not_count_as_folded() -> None:
    cursor, looker = LiveCursor("X", capacity=100, recent=100), Looker()
    host = intake(cursor, looker)
    push(cursor, 101, 102)
    assert host.advance(150) == 102
    assert host.feed_position == 1


def test_a_restart_goes_on_from_the_last_commits_position_with_the_recent_rows_seen_again() -> None:
    cursor, looker = LiveCursor("X", capacity=100, recent=2), Looker()
    host = intake(cursor, looker)
    push(cursor, 101, 103, 105, 106)
    host.gather(150, 8)
    looker.seen.clear()
    host.rebuild(900)
    assert looker.seen == [105, 106]
    assert host.feed_position == 900
    push(cursor, 107)
    host.advance(150)
    assert (looker.seen, host.feed_position) == ([105, 106, 107], 901)
