"""A market known by its prints only."""

from __future__ import annotations

import pytest

from actors.venues.matching.instruments import MarketKind
from messages.intents import TimeInForce
from messages.reasons import Reason
from tests.actors.venues.matching.builders import Desk, amount, ending, fills, instrument, rejection

pytestmark = pytest.mark.unit

BUYER, SELLER, UNKNOWN = 1, -1, 0


@pytest.fixture
def desk() -> Desk:
    return Desk(instrument(MarketKind.TRADES))


def test_a_buyers_print_shows_what_a_buyer_pays(desk: Desk) -> None:
    desk.trade(100.1, 2, BUYER)
    desk.trade(100.0, 3, SELLER)
    assert fills(desk.buy(1)) == [(1, 100.1)]
    assert fills(desk.sell(1)) == [(1, 100.0)]


def test_a_print_is_used_up_and_the_rest_waits_for_the_next(desk: Desk) -> None:
    desk.trade(100.1, 2, BUYER)
    assert fills(desk.buy(3)) == [(2, 100.1)]
    assert desk.trade(99.0, 5, SELLER) == []
    assert fills(desk.trade(100.5, 5, BUYER)) == [(1, 100.5)]


def test_a_side_that_a_print_ran_past_moves_with_it(desk: Desk) -> None:
    desk.trade(100.1, 2, BUYER)
    desk.trade(101.0, 2, SELLER)
    assert fills(desk.buy(1)) == [(1, 101.0)]


def test_a_print_of_an_unknown_aggressor_costs_either_side_a_tick(desk: Desk) -> None:
    desk.trade(100.0, 2, UNKNOWN)
    assert fills(desk.buy(1)) == [(1, 100.1)]
    assert fills(desk.sell(1)) == [(1, 99.9)]


def test_the_queue_is_never_visible_so_only_a_print_beyond_our_price_fills(desk: Desk) -> None:
    desk.trade(100.5, 2, BUYER)
    desk.buy(1, "100.0")
    assert desk.trade(100.0, 50, SELLER) == []
    assert desk.trade(100.0, 50, UNKNOWN) == []
    assert fills(desk.trade(99.9, 5, SELLER)) == [(1, 100.0)]


def test_with_queue_position_off_a_print_at_our_price_is_enough() -> None:
    desk = Desk(instrument(MarketKind.TRADES, model_queue_position=False))
    desk.trade(100.5, 2, BUYER)
    desk.buy(1, "100.0")
    assert fills(desk.trade(100.0, 0.5, SELLER)) == [(0.5, 100.0)]
    assert fills(desk.trade(100.0, 0.25, UNKNOWN)) == [(0.25, 100.0)]


def test_a_print_is_shared_between_resting_orders_and_takers(desk: Desk) -> None:
    desk.trade(100.5, 2, BUYER)
    desk.buy(1, "100.0")
    desk.trade(99.9, 3, SELLER)
    assert fills(desk.sell(3, account="b", tif=TimeInForce.IOC)) == [(2, 99.9)]


def test_a_buyers_print_at_our_bid_crosses_it(desk: Desk) -> None:
    desk.trade(100.5, 2, BUYER)
    desk.buy(1, "100.0")
    assert fills(desk.trade(100.0, 0.5, BUYER)) == [(0.5, 100.0)]


def test_slippage_works_behind_a_print_too() -> None:
    desk = Desk(instrument(MarketKind.TRADES, model_slippage=amount("0.001")))
    desk.trade(100.0, 1, BUYER)
    assert fills(desk.buy(2)) == [(1, 100.0), (1, 100.1)]


def test_stops_look_at_prints(desk: Desk) -> None:
    desk.trade(100.0, 1, SELLER)
    desk.sell(1, stop="99.5")
    assert desk.quote(90.0, 1, 90.1, 1) == []
    assert fills(desk.trade(99.5, 3, SELLER)) == [(1, 99.5)]


def test_before_the_first_print_there_is_no_market(desk: Desk) -> None:
    assert rejection(desk.buy(1)) is Reason.NO_LIQUIDITY
    desk.trade(100.0, 1, SELLER)
    assert rejection(desk.buy(1)) is Reason.NO_LIQUIDITY
    assert ending(desk.buy(1, "100.0", tif=TimeInForce.IOC)) is Reason.IMMEDIATE_OR_CANCEL
