"""Displayed levels as the market: walking them, using them up, and what is not displayed."""

from __future__ import annotations

import pytest

from actors.venues.matching.instruments import MarketKind
from messages.intents import TimeInForce
from messages.reasons import Reason
from tests.actors.venues.matching.builders import NAN, Desk, ending, fills, instrument, names, rejection

pytestmark = pytest.mark.unit


@pytest.fixture
def desk() -> Desk:
    desk = Desk(instrument(MarketKind.DEPTH))
    desk.depth([(100.0, 1), (99.9, 2), (99.7, 3)], [(100.1, 1), (100.3, 2), (100.6, 3)], snapshot=True)
    return desk


def test_a_taker_walks_the_levels(desk: Desk) -> None:
    assert fills(desk.buy(4)) == [(1, 100.1), (2, 100.3), (1, 100.6)]
    assert fills(desk.sell("1.5")) == [(1, 100.0), (0.5, 99.9)]


def test_a_limit_stops_the_walk(desk: Desk) -> None:
    assert fills(desk.buy(4, "100.5", tif=TimeInForce.IOC)) == [(1, 100.1), (2, 100.3)]


def test_levels_stay_taken_until_they_are_updated(desk: Desk) -> None:
    desk.buy(2)
    desk.depth([(100.0, 2)], [(100.6, 9)])
    assert fills(desk.buy(1, account="b")) == [(1, 100.3)]
    desk.depth([], [(100.1, 1)])
    assert fills(desk.buy(1, account="b")) == [(1, 100.1)]


def test_size_zero_removes_a_level_and_a_snapshot_replaces_all(desk: Desk) -> None:
    desk.depth([], [(100.1, 0), (100.3, 0), (55.5, 0)])
    assert fills(desk.buy(1)) == [(1, 100.6)]
    desk.depth([(90.0, 1)], [(91.0, 1)], snapshot=True)
    assert fills(desk.sell(1)) == [(1, 90.0)]
    assert fills(desk.buy(1)) == [(1, 91.0)]


def test_a_market_order_waits_when_the_levels_end(desk: Desk) -> None:
    assert fills(desk.buy(7)) == [(1, 100.1), (2, 100.3), (3, 100.6)]
    assert fills(desk.depth([], [(101.0, 5)])) == [(1, 101.0)]


def test_fill_or_kill_counts_all_levels_up_to_the_limit(desk: Desk) -> None:
    assert rejection(desk.buy("3.01", "100.5", tif=TimeInForce.FOK)) is Reason.FILL_OR_KILL
    assert fills(desk.buy(3, "100.5", tif=TimeInForce.FOK)) == [(1, 100.1), (2, 100.3)]


def test_levels_that_cross_a_resting_order_fill_it_at_its_price(desk: Desk) -> None:
    desk.buy(2, "100.0")
    assert fills(desk.depth([], [(99.9, 0.5), (100.0, 0.5), (100.1, 5)])) == [(0.5, 100.0), (0.5, 100.0)]


def test_the_queue_is_what_is_displayed_at_our_level(desk: Desk) -> None:
    desk.buy(1, "99.9")
    assert desk.trade(99.9, 2, -1) == []
    assert fills(desk.trade(99.9, 1, -1)) == [(1, 99.9)]


def test_between_displayed_levels_nobody_is_ahead(desk: Desk) -> None:
    desk.buy(1, "99.8")
    assert fills(desk.trade(99.8, 1, -1)) == [(1, 99.8)]


def test_below_the_last_displayed_level_the_queue_is_unknown(desk: Desk) -> None:
    desk.buy(1, "99.0")
    assert desk.trade(99.0, 100, -1) == []
    desk.depth([(99.0, 2), (98.0, 1)], [])
    assert desk.trade(99.0, 2, -1) == []
    assert fills(desk.trade(99.0, 1, -1)) == [(1, 99.0)]


def test_a_removed_level_leaves_us_first_in_line(desk: Desk) -> None:
    desk.buy(1, "99.9")
    desk.depth([(99.9, 0)], [])
    desk.depth([(99.7, 1)], [])
    assert fills(desk.trade(99.9, 1, -1)) == [(1, 99.9)]


def test_a_stop_looks_at_the_best_levels(desk: Desk) -> None:
    desk.sell(1, stop="99.9")
    assert fills(desk.depth([(100.0, 0)], [])) == [(1, 99.9)]


def test_quotes_are_not_its_market(desk: Desk) -> None:
    desk.buy(1, "100.0")
    assert desk.quote(90.0, 9, 90.1, 9) == []


def test_a_level_without_a_price_or_a_size_is_no_level(desk: Desk) -> None:
    desk.depth([], [(NAN, 5), (100.2, NAN)])
    assert fills(desk.buy(1)) == [(1, 100.1)]


def test_an_unknown_aggressor_is_read_off_the_best_levels(desk: Desk) -> None:
    desk.sell(1, "100.1")
    assert desk.trade(100.1, 1, 0) == []
    assert fills(desk.trade(100.1, 1, 0)) == [(1, 100.1)]
    desk.buy(1, "100.0")
    desk.trade(100.0, 1, 0)
    assert fills(desk.trade(100.0, 1, 0)) == [(1, 100.0)]


def test_an_empty_book_has_no_liquidity() -> None:
    desk = Desk(instrument(MarketKind.DEPTH))
    assert rejection(desk.buy(1)) is Reason.NO_LIQUIDITY
    assert names(desk.buy(1, "100.0")) == ["OrderAccepted"]
    assert ending(desk.buy(1, "99.0", tif=TimeInForce.IOC)) is Reason.IMMEDIATE_OR_CANCEL
