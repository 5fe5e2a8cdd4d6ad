"""Limit orders: taking, resting, time in force, post-only, and how the moving market fills them."""

from __future__ import annotations

import pytest

from actors.venues.matching.events import OrderCancelled, OrderFilled
from messages.intents import TimeInForce
from messages.orders import Liquidity
from messages.reasons import Reason
from tests.actors.venues.matching.builders import (
    Desk,
    amount,
    ending,
    fills,
    instrument,
    names,
    of,
    rejection,
)

pytestmark = pytest.mark.unit


@pytest.fixture
def desk() -> Desk:
    desk = Desk(instrument(maker_fee=amount("-0.0001"), taker_fee=amount("0.001")))
    desk.quote(100.0, 5, 100.2, 2)
    return desk


def test_a_marketable_limit_takes_up_to_its_limit_and_rests(desk: Desk) -> None:
    events = desk.buy(3, "100.3", id="x")
    assert fills(events) == [(2, 100.2)]
    (order,) = desk.engine.open_orders("a")
    assert (order.client_order_id, order.filled, order.quantity) == ("x", amount(2), amount(3))


def test_a_limit_below_the_ask_rests(desk: Desk) -> None:
    assert names(desk.buy(1, "100.1")) == ["OrderAccepted"]


def test_the_opposite_best_at_our_price_fills_us_at_our_price_as_maker(desk: Desk) -> None:
    desk.buy(3, "100.1")
    events = desk.quote(99.9, 1, 100.0, 2)
    assert fills(events) == [(2, 100.1)]
    (fill,) = of(OrderFilled, events)
    assert fill.liquidity is Liquidity.MAKER
    assert fill.fee == amount("-0.02002000")
    assert fills(desk.quote(99.9, 1, 100.1, 2)) == [(1, 100.1)]


def test_crossed_orders_share_what_the_market_offers_in_price_time_order(desk: Desk) -> None:
    desk.buy(1, "100.0", account="a")
    desk.buy(1, "100.1", account="b")
    desk.buy(1, "100.1", account="c")
    events = desk.quote(99.0, 1, 99.9, 2.5)
    assert [(fill.account, float(fill.quantity), float(fill.price)) for fill in of(OrderFilled, events)] == [
        ("b", 1, 100.1),
        ("c", 1, 100.1),
        ("a", 0.5, 100.0),
    ]


def test_what_resting_orders_took_is_gone_for_takers(desk: Desk) -> None:
    desk.buy(1, "100.1")
    desk.quote(99.9, 1, 100.1, 1.5)
    assert fills(desk.buy(1, account="b", tif=TimeInForce.IOC)) == [(0.5, 100.1)]


def test_immediate_or_cancel_takes_what_is_there(desk: Desk) -> None:
    events = desk.buy(3, "100.2", tif=TimeInForce.IOC)
    assert fills(events) == [(2, 100.2)]
    assert ending(events) is Reason.IMMEDIATE_OR_CANCEL
    assert desk.engine.open_orders("a") == []


def test_an_ioc_that_reaches_nothing_expires(desk: Desk) -> None:
    events = desk.buy(1, "100.1", tif=TimeInForce.IOC)
    assert names(events) == ["OrderAccepted", "OrderExpired"]


def test_fill_or_kill_is_all_or_nothing(desk: Desk) -> None:
    assert rejection(desk.buy("2.01", "100.2", tif=TimeInForce.FOK)) is Reason.FILL_OR_KILL
    assert fills(desk.buy(2, "100.2", tif=TimeInForce.FOK)) == [(2, 100.2)]


@pytest.mark.parametrize("price", ["100.2", "100.3"])
def test_post_only_is_rejected_when_it_would_take(desk: Desk, price: str) -> None:
    assert rejection(desk.buy(1, price, post_only=True)) is Reason.POST_ONLY_WOULD_TAKE


def test_post_only_is_judged_by_the_price_even_when_its_size_is_taken(desk: Desk) -> None:
    desk.buy(2)
    assert rejection(desk.buy(1, "100.2", post_only=True)) is Reason.POST_ONLY_WOULD_TAKE


def test_post_only_rests_otherwise(desk: Desk) -> None:
    assert names(desk.buy(1, "100.1", post_only=True)) == ["OrderAccepted"]


def test_cancel_takes_out_the_rest(desk: Desk) -> None:
    desk.buy(3, "100.2", id="x")
    (event,) = of(OrderCancelled, desk.cancel("x"))
    assert (event.reason, event.cumulative) == (Reason.CANCEL_REQUESTED, amount(2))
    assert fills(desk.quote(90.0, 1, 90.1, 9)) == []


def test_after_the_last_order_is_gone_the_market_moves_freely(desk: Desk) -> None:
    desk.buy(1, "100.1", id="x")
    desk.cancel("x")
    assert desk.quote(90.0, 1, 90.1, 9) == []
    assert fills(desk.buy(1)) == [(1, 90.1)]
