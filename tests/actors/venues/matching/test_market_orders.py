"""Market orders: what they take, at which price, and what becomes of the rest."""

from __future__ import annotations

import pytest

from actors.venues.matching.events import OrderFilled
from actors.venues.matching.instruments import MarketKind
from messages.intents import TimeInForce
from messages.orders import Liquidity
from messages.reasons import Reason
from tests.actors.venues.matching.builders import (
    NAN,
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


def test_a_market_order_takes_the_displayed_touch() -> None:
    desk = Desk()
    desk.quote(100.0, 5, 100.1, 2)
    assert fills(desk.buy(1)) == [(1, 100.1)]
    assert fills(desk.sell(1)) == [(1, 100.0)]


def test_a_fill_says_all_that_the_ledger_needs() -> None:
    desk = Desk(instrument(taker_fee=amount("0.0005")))
    desk.quote(100.0, 5, 100.1, 2)
    (fill,) = of(OrderFilled, desk.buy("0.33", id="x"))
    assert (fill.price, fill.quantity, fill.cumulative, fill.leaves) == (
        amount("100.1"),
        amount("0.33"),
        amount("0.33"),
        amount("0"),
    )
    assert fill.fee == amount("0.01651650")
    assert fill.fee_currency == "USDT"
    assert fill.liquidity is Liquidity.TAKER
    assert (fill.venue_order_id, fill.fill_id) == ("a:x", "a:x/1")


def test_two_orders_can_not_take_the_same_displayed_size() -> None:
    desk = Desk()
    desk.quote(100.0, 5, 100.1, 2)
    assert fills(desk.buy("1.5")) == [(1.5, 100.1)]
    assert fills(desk.buy("1.5", account="b")) == [(0.5, 100.1)]


def test_the_rest_waits_for_the_next_update_when_no_slippage_is_configured() -> None:
    desk = Desk()
    desk.quote(100.0, 5, 100.1, 2)
    assert fills(desk.buy(3)) == [(2, 100.1)]
    assert fills(desk.quote(100.0, 5, 100.3, 0.5)) == [(0.5, 100.3)]
    assert fills(desk.quote(100.0, 5, 100.2, 4)) == [(0.5, 100.2)]
    assert desk.engine.open_orders("a") == []


def test_waiting_orders_go_on_in_the_order_they_came() -> None:
    desk = Desk()
    desk.quote(100.0, 5, 100.1, 1)
    desk.buy(2, account="b")
    desk.buy(1, account="a")
    events = desk.quote(100.0, 5, 100.1, 1)
    assert [(event.account, event.quantity) for event in of(OrderFilled, events)] == [("b", amount(1))]


def test_with_slippage_every_further_displayed_size_costs_a_step_more() -> None:
    desk = Desk(instrument(model_slippage=amount("0.002"), model_slippage_levels=2))
    desk.quote(99.9, 5, 100.0, 2)
    assert fills(desk.buy(5)) == [(2, 100.0), (2, 100.2), (1, 100.4)]


def test_slippage_is_at_least_a_tick_and_goes_against_sellers_too() -> None:
    desk = Desk(instrument(model_slippage=amount("0.00001"), model_slippage_levels=1))
    desk.quote(100.0, 1, 100.1, 1)
    assert fills(desk.sell(3)) == [(1, 100.0), (1, 99.9)]


def test_slipped_liquidity_is_used_up_like_displayed_liquidity() -> None:
    desk = Desk(instrument(model_slippage=amount("0.001"), model_slippage_levels=5))
    desk.quote(99.9, 5, 100.0, 2)
    desk.buy(3)
    assert fills(desk.buy(2, account="b")) == [(1, 100.1), (1, 100.2)]


def test_an_ioc_market_order_never_waits() -> None:
    desk = Desk()
    desk.quote(100.0, 5, 100.1, 2)
    events = desk.buy(3, tif=TimeInForce.IOC)
    assert fills(events) == [(2, 100.1)]
    assert ending(events) is Reason.IMMEDIATE_OR_CANCEL


def test_without_any_price_a_market_order_is_rejected() -> None:
    assert rejection(Desk().buy(1)) is Reason.NO_LIQUIDITY
    assert rejection(Desk(instrument(MarketKind.NONE)).buy(1)) is Reason.NO_LIQUIDITY


def test_an_unknown_size_offers_nothing() -> None:
    desk = Desk()
    desk.quote(100.0, NAN, 100.1, NAN)
    assert names(desk.buy(1)) == ["OrderAccepted"]
    assert fills(desk.quote(100.0, 1, 100.1, 1)) == [(1, 100.1)]


def test_an_unknown_size_can_be_assumed() -> None:
    desk = Desk(instrument(model_assumed_size=amount("0.5")))
    desk.quote(100.0, NAN, 100.1, NAN)
    assert fills(desk.buy(1)) == [(0.5, 100.1)]


def test_an_absent_side_is_no_liquidity() -> None:
    desk = Desk()
    desk.quote(100.0, 1, NAN, NAN)
    assert rejection(desk.buy(1)) is Reason.NO_LIQUIDITY


def test_market_prices_between_ticks_are_never_rounded_in_our_favour() -> None:
    desk = Desk()
    desk.quote(99.97, 5, 100.03, 5)
    assert fills(desk.buy(1)) == [(1, 100.1)]
    assert fills(desk.sell(1)) == [(1, 99.9)]


def test_binary_noise_in_a_price_is_not_a_tick() -> None:
    desk = Desk()
    desk.quote(0.1 * 3 * 10, 5, (0.1 + 0.2) * 100, 0.1 + 0.2)
    assert fills(desk.buy("0.3")) == [(0.3, 30.0)]
    assert fills(desk.sell(1)) == [(1, 3.0)]
