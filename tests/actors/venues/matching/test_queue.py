"""The queue model: where a passive order stands in line, and what moves the line."""

from __future__ import annotations

import pytest

from actors.venues.matching.events import OrderFilled
from actors.venues.matching.instruments import MarketKind
from tests.actors.venues.matching.builders import NAN, Desk, amount, fills, instrument, of

pytestmark = pytest.mark.unit

BUYER, SELLER, UNKNOWN = 1, -1, 0


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.quote(100.0, 5, 100.2, 4)
    return desk


def test_prints_use_up_the_queue_before_they_reach_us(desk: Desk) -> None:
    desk.buy(2, "100.0")
    assert desk.trade(100.0, 3, SELLER) == []
    assert fills(desk.trade(100.0, 3, SELLER)) == [(1, 100.0)]
    assert fills(desk.trade(100.0, 3, SELLER)) == [(1, 100.0)]


def test_inside_the_spread_nobody_is_ahead(desk: Desk) -> None:
    desk.buy(2, "100.1")
    assert fills(desk.trade(100.1, 1, SELLER)) == [(1, 100.1)]


def test_the_same_holds_for_sellers(desk: Desk) -> None:
    desk.sell(2, "100.2")
    assert desk.trade(100.2, 4, BUYER) == []
    assert fills(desk.trade(100.2, 1, BUYER)) == [(1, 100.2)]


def test_prints_of_our_own_side_do_not_fill_us(desk: Desk) -> None:
    desk.buy(2, "100.1")
    assert desk.trade(100.1, 9, BUYER) == []


def test_an_unknown_aggressor_is_read_off_the_touch(desk: Desk) -> None:
    desk.buy(1, "100.0")
    assert desk.trade(100.0, 5, UNKNOWN) == []
    assert fills(desk.trade(100.0, 1, UNKNOWN)) == [(1, 100.0)]
    desk.sell(1, "100.2")
    desk.trade(100.2, 4, UNKNOWN)
    assert fills(desk.trade(100.2, 1, UNKNOWN)) == [(1, 100.2)]


def test_a_print_beyond_our_price_went_through_us(desk: Desk) -> None:
    desk.buy(2, "100.0")
    assert fills(desk.trade(99.9, 1.5, SELLER)) == [(1.5, 100.0)]
    assert fills(desk.trade(100.0, 1.5, SELLER)) == [(0.5, 100.0)]


def test_a_print_fills_the_best_price_first_and_no_more_than_its_size(desk: Desk) -> None:
    desk.buy(1, "99.8")
    desk.buy(1, "99.9")
    assert fills(desk.trade(99.7, 1.5, SELLER)) == [(1, 99.9), (0.5, 99.8)]


def test_a_smaller_displayed_size_cuts_the_queue(desk: Desk) -> None:
    desk.buy(1, "100.0")
    desk.quote(100.0, 1, 100.2, 4)
    desk.quote(100.0, 3, 100.2, 4)
    assert desk.trade(100.0, 1, SELLER) == []
    assert fills(desk.trade(100.0, 1, SELLER)) == [(1, 100.0)]


def test_a_decrease_that_leaves_more_than_our_queue_is_taken_to_be_behind_us(desk: Desk) -> None:
    desk.buy(1, "100.0")
    desk.quote(100.0, 9, 100.2, 4)
    desk.quote(100.0, 6, 100.2, 4)
    assert desk.trade(100.0, 5, SELLER) == []
    assert fills(desk.trade(100.0, 1, SELLER)) == [(1, 100.0)]


def test_a_size_shown_before_the_print_that_shrank_it_is_not_counted_twice(desk: Desk) -> None:
    desk.buy(1, "100.0")
    desk.quote(100.0, 2, 100.2, 4)
    assert desk.trade(100.0, 3, SELLER) == []
    assert desk.trade(100.0, 2, SELLER) == []
    assert fills(desk.trade(100.0, 1, SELLER)) == [(1, 100.0)]


def test_a_deeper_price_has_an_unknown_queue_until_the_touch_comes_to_it(desk: Desk) -> None:
    desk.buy(1, "99.9")
    assert desk.trade(99.9, 100, SELLER) == []
    desk.quote(99.9, 3, 100.1, 4)
    assert desk.trade(99.9, 3, SELLER) == []
    assert fills(desk.trade(99.9, 1, SELLER)) == [(1, 99.9)]


def test_when_the_market_leaves_us_alone_at_the_best_price_we_are_first(desk: Desk) -> None:
    desk.buy(1, "99.9")
    desk.quote(99.8, 9, 100.1, 4)
    assert fills(desk.trade(99.9, 1, SELLER)) == [(1, 99.9)]


def test_an_unknown_displayed_size_is_an_unknown_queue(desk: Desk) -> None:
    desk.quote(100.0, NAN, 100.2, 4)
    desk.buy(1, "100.0")
    assert desk.trade(100.0, 1000, SELLER) == []


def test_less_than_a_lot_adds_up(desk: Desk) -> None:
    desk.buy("0.02", "100.1")
    assert desk.trade(100.1, 0.004, SELLER) == []
    assert desk.trade(100.1, 0.004, SELLER) == []
    assert fills(desk.trade(100.1, 0.004, SELLER)) == [(0.01, 100.1)]


def test_outside_volume_between_two_of_ours_counts_for_the_later_one_only(desk: Desk) -> None:
    desk.buy(1, "100.0", account="a")
    desk.quote(100.0, 8, 100.2, 4)
    desk.buy(1, "100.0", account="b")
    events = desk.trade(100.0, 7, SELLER)
    assert fills(events, "a") == [(1, 100.0)]
    assert fills(events, "b") == []
    assert desk.trade(100.0, 2, SELLER) == []
    assert fills(desk.trade(100.0, 1, SELLER), "b") == [(1, 100.0)]


def test_with_queue_position_off_a_print_at_our_price_fills_us() -> None:
    desk = Desk(instrument(model_queue_position=False))
    desk.quote(100.0, 5, 100.2, 4)
    desk.buy(1, "100.0")
    assert fills(desk.trade(100.0, 1, SELLER)) == [(1, 100.0)]


def test_a_print_of_unknown_size_fills_nobody(desk: Desk) -> None:
    desk.buy(1, "100.1")
    assert desk.trade(100.0, NAN, SELLER) == []


def test_an_account_takes_the_outside_that_was_ahead_of_a_resting_order_first() -> None:
    desk = Desk(instrument(MarketKind.DEPTH))
    desk.depth([(100.0, 2)], [(100.2, 4)], snapshot=True)
    desk.buy(1, "100.0", account="a")
    desk.depth([(100.0, 5)], [])
    events = desk.sell(4, account="b")
    assert [(event.account, *pair) for event, pair in zip(events[1:], fills(events), strict=True)] == [
        ("b", 2, 100.0),
        ("b", 1, 100.0),
        ("a", 1, 100.0),
        ("b", 1, 100.0),
    ]


def test_what_an_account_takes_of_the_queue_moves_those_who_wait_in_it() -> None:
    desk = Desk(instrument(MarketKind.DEPTH))
    desk.depth([(100.0, 3)], [(100.2, 4)], snapshot=True)
    desk.buy(1, "100.0", account="a")
    desk.sell(2, account="b")
    assert fills(desk.trade(100.0, 1.5, SELLER)) == [(0.5, 100.0)]


def test_a_queue_that_is_not_a_whole_number_of_lots_stays_ahead() -> None:
    desk = Desk()
    desk.quote(100.0, 0.005, 100.2, 4)
    desk.buy("0.01", "100.0")
    assert desk.trade(100.0, 0.014, SELLER) == []
    assert fills(desk.trade(100.0, float(amount("0.001")), SELLER)) == [(0.01, 100.0)]


def test_a_large_print_passes_the_outside_volume_once(desk: Desk) -> None:
    desk.buy(1, "100.0", account="a")
    desk.quote(100.0, 8, 100.2, 4)
    desk.buy(1, "100.0", account="b")
    events = desk.trade(100.0, 9.5, SELLER)
    assert fills(events, "a") == [(1, 100.0)]
    assert fills(events, "b") == [(0.5, 100.0)]


def test_a_print_ends_what_can_no_longer_reduce_and_goes_on_to_the_next(desk: Desk) -> None:
    desk.buy(1, "100.2", account="a")
    desk.sell(1, "100.1", account="a", reduce_only=True)
    desk.sell(1, "100.1", account="a", reduce_only=True)
    desk.sell(1, "100.1", account="b")
    assert [event.account for event in of(OrderFilled, desk.trade(100.1, 2, BUYER))] == ["a", "b"]
    assert desk.engine.open_orders("a") == []
