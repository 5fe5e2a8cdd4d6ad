"""Marks from strategies: only newer, sound ones count, and they are put on the symbol's tick."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest

from actors.risk.limits import SECOND
from actors.risk.marks import on_tick
from messages.market import Mark, Marks
from messages.portfolio import MarksTaken
from messages.reasons import Reason
from tests.actors.risk import desk as bench
from tests.actors.risk.desk import BUY, D, Desk

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("price", "tick", "expected"),
    [
        (0.1 + 0.2, "0.01", "0.30"),
        (65000.1, "0.1", "65000.1"),
        (100.0, "0.25", "100.00"),
        (100.13, "0.25", "100.25"),
        (1e-7, "0.0000001", "0.0000001"),
        (123456.78, None, "123456.78"),
    ],
)
def test_a_price_is_the_nearest_multiple_of_its_tick(price: float, tick: str | None, expected: str) -> None:
    assert on_tick(price, None if tick is None else Decimal(tick)) == D(expected)


@pytest.mark.parametrize(
    ("bid", "ask"),
    [
        (math.nan, 100.0),
        (100.0, math.nan),
        (0.0, 100.0),
        (-1.0, 1.0),
        (101.0, 100.0),
        (1.0, math.inf),
        (0.001, 1.0),
    ],
)
def test_an_unsound_mark_is_passed_over(bid: float, ask: float) -> None:
    desk = Desk().seed()
    desk.mark(bid=bid, ask=ask)
    assert desk.last_events == []
    assert desk.risk.state.marks == {}


def test_an_older_mark_does_not_replace_a_newer_one() -> None:
    desk = Desk().seed().mark(bid=100)
    now = desk.ctx.now
    for time in (now - 1, now):
        desk.give(Marks((Mark("BTC-USDT", 90.0, 90.0, time),)), "strategy/BTC-USDT")
        assert desk.last_events == []
    desk.wait(1).give(
        Marks((Mark("BTC-USDT", 90.0, 90.0, now + 1), Mark("ETH-USDT", 5.0, 5.0, now))), "strategy/BTC-USDT"
    )
    assert len(desk.events(MarksTaken)[0].marks) == 2
    assert desk.risk.state.marks["BTC-USDT"].bid == D(90)


def test_a_mark_of_the_future_is_as_old_as_its_arrival() -> None:
    """Its process has a wrong clock: it neither outdates what others see later nor stays young when it falls silent."""
    desk = Desk(bench.settings(bench.limits(max_mark_age=5 * SECOND))).seed().mark(bid=100)
    ahead = Mark("BTC-USDT", 200.0, 200.0, desk.ctx.now + 3_600 * SECOND)
    desk.wait(1).give(Marks((ahead,)), "strategy/ahead")
    assert desk.risk.state.marks["BTC-USDT"].time == desk.ctx.now
    desk.wait(5 * SECOND + 1)
    desk.intend(BUY, 1, worst=200)
    assert desk.decision.reason is Reason.MARK_STALE
    desk.mark(bid=100)
    assert desk.risk.state.marks["BTC-USDT"].bid == D(100)


def test_a_symbol_neither_listed_nor_held_is_passed_over() -> None:
    desk = Desk().seed().mark("XRP-USDT", 1.0)
    assert desk.risk.state.marks == {}
