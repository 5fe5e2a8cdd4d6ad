"""Alarms: who has to be woken next."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.simulator.alarms import NEVER, Alarms

pytestmark = pytest.mark.unit


def test_without_an_alarm_nobody_is_ever_woken() -> None:
    alarms = Alarms()
    assert alarms.first == NEVER
    assert alarms.take(NEVER - 1) == []


def test_an_alarm_that_was_moved_rings_at_its_last_time_only() -> None:
    alarms = Alarms()
    alarms.move("risk", 5)
    alarms.move("risk", 9)
    assert alarms.take(8) == []
    alarms.move("risk", 7)
    assert alarms.first == 7
    assert alarms.take(9) == ["risk"]
    assert alarms.take(20) == []


def test_an_alarm_that_was_taken_away_does_not_ring() -> None:
    alarms = Alarms()
    alarms.move("risk", 5)
    alarms.move("risk", None)
    alarms.move("risk", None)
    assert alarms.first == NEVER


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.none() | st.integers(0, 20)), max_size=30),
    st.integers(0, 20),
)
def test_each_actor_rings_once_at_the_last_time_it_was_set_to(
    moves: list[tuple[str, int | None]], now: int
) -> None:
    alarms, last = Alarms(), dict[str, int]()
    for address, due in moves:
        alarms.move(address, due)
        last.pop(address, None)
        if due is not None:
            last[address] = due
    assert alarms.first == min(last.values(), default=NEVER)
    due_now = sorted((due, address) for address, due in last.items() if due <= now)
    assert alarms.take(now) == [address for _, address in due_now]
    assert alarms.first == min((due for due in last.values() if due > now), default=NEVER)
