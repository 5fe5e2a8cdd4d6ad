"""The way to a venue: what lasts is told, what flickers is not, and its end has to last as well."""

from __future__ import annotations

import pytest

from actors.venues.port import PortHealth
from cluster.host.venue_way import WayJudge

pytestmark = pytest.mark.unit

SECOND = 1_000_000_000
FINE = PortHealth(stream_up=True, clock_error_ns=SECOND // 10)
DOWN = PortHealth(stream_up=False)


def told(*looks: tuple[float, PortHealth], lasts_s: float = 5.0) -> list[tuple[float, list[str]]]:
    """What is told at which second by a judge that has told already that all is well."""
    judge = WayJudge(SECOND, lasts_s)
    judge.look(FINE, -10.0, 0)
    assert judge.look(FINE, -1.0, 0) is not None
    return told_by(judge, *looks)


def told_by(judge: WayJudge, *looks: tuple[float, PortHealth]) -> list[tuple[float, list[str]]]:
    found = [(at, judge.look(health, at, round(at * SECOND))) for at, health in looks]
    return [(at, sorted(judged.troubles)) for at, judged in found if judged is not None]


def test_a_trouble_is_told_once_it_has_lasted() -> None:
    assert told((0, DOWN), (4.9, DOWN), (5, DOWN), (6, DOWN)) == [(5, ["stream_down"])]


def test_a_reconnection_is_none() -> None:
    assert told((0, DOWN), (4, FINE), (5, DOWN), (9, DOWN), (9.5, FINE)) == []


def test_its_end_has_to_last_too() -> None:
    looks = ((0, DOWN), (5, DOWN), (6, FINE), (8, DOWN), (9, FINE), (13.9, FINE), (14, FINE))
    assert told(*looks) == [(5, ["stream_down"]), (14, [])]


def test_several_troubles_are_told_together_each_in_its_own_time() -> None:
    both = PortHealth(stream_up=False, circuit_open_until=100 * SECOND, clock_error_ns=2 * SECOND)
    assert told((0, DOWN), (3, both), (5, both), (8, both)) == [
        (5, ["stream_down"]),
        (8, ["circuit_open", "clock_skew", "stream_down"]),
    ]


def test_after_a_start_it_is_told_in_any_case_as_that_may_end_what_was_before() -> None:
    looks = ((0, FINE), (4.9, FINE), (5, FINE), (6, FINE))
    assert told_by(WayJudge(SECOND), *looks) == [(5, [])]
    looks = ((0, DOWN), (1, FINE), (5, DOWN), (9, FINE))
    assert told_by(WayJudge(SECOND), *looks) == [(5, [])]


def test_what_outlasts_a_restart_is_not_ended_by_it() -> None:
    assert told_by(WayJudge(SECOND), (0, DOWN), (4.9, DOWN), (5, DOWN), (6, DOWN)) == [(5, ["stream_down"])]


def test_what_is_not_known_is_no_trouble_and_a_breaker_that_has_closed_neither() -> None:
    unknown = PortHealth()
    closed = PortHealth(stream_up=True, circuit_open_until=SECOND, clock_error_ns=SECOND)
    assert told((2, unknown), (9, unknown), (10, closed), (20, closed)) == []
