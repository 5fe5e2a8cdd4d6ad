"""From size and quote to an order's terms: ticks, lots, collars, styles."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.strategy.pricing import (
    Unpriceable,
    bounded_entry,
    decimal_of,
    entry_quantity,
    entry_terms,
    exit_terms,
)
from actors.strategy.settings import Instrument, OrderSettings, OrderStyle
from messages.intents import OrderType, Purpose, Side, TimeInForce
from messages.market import QuoteSnapshot
from messages.reasons import Reason
from tests.actors.strategy.stage import BTC, SECOND, START

pytestmark = pytest.mark.unit

QUOTE = QuoteSnapshot(1000.0, 1000.4, 1.0, 1.0, START, START)
ONE = Decimal(1)


def terms(style: OrderStyle, side: Side, offset: int = 0, quote: QuoteSnapshot = QUOTE):
    order = OrderSettings(Decimal(1000), style=style, offset_ticks=offset, time_to_live=3 * SECOND)
    return entry_terms(BTC, order, side, ONE, quote, START)


@pytest.mark.parametrize(
    ("style", "side", "offset", "price"),
    [
        (OrderStyle.LIMIT, Side.BUY, 0, "1000.0"),
        (OrderStyle.LIMIT, Side.BUY, 3, "999.7"),
        (OrderStyle.LIMIT, Side.BUY, -5, "1000.5"),
        (OrderStyle.LIMIT, Side.SELL, 3, "1000.7"),
        (OrderStyle.POST_ONLY, Side.BUY, -3, "1000.3"),
        (OrderStyle.POST_ONLY, Side.BUY, -9, "1000.3"),
        (OrderStyle.POST_ONLY, Side.SELL, -9, "1000.1"),
        (OrderStyle.POST_ONLY, Side.SELL, 0, "1000.4"),
    ],
)
def test_a_working_order_is_priced_from_its_own_side_and_post_only_never_takes(
    style, side, offset, price
) -> None:
    found = terms(style, side, offset)
    assert found.limit_price == found.worst_price == Decimal(price)
    assert found.order_type is OrderType.LIMIT
    assert found.post_only is (style is OrderStyle.POST_ONLY)
    assert found.time_to_live == 3 * SECOND
    assert found.deadline == START + 2 * SECOND


def test_a_market_order_is_bounded_by_the_collar_on_the_tick() -> None:
    buy, sell = terms(OrderStyle.MARKET, Side.BUY), terms(OrderStyle.MARKET, Side.SELL)
    assert (buy.worst_price, sell.worst_price) == (Decimal("1005.4"), Decimal("995.0"))
    assert (buy.order_type, buy.time_in_force, buy.limit_price) == (OrderType.MARKET, TimeInForce.IOC, None)
    assert buy.time_to_live is None


def test_a_collar_narrower_than_a_tick_still_reaches_the_touch() -> None:
    order = OrderSettings(Decimal(1000), collar=Decimal("0.00001"))
    assert entry_terms(BTC, order, Side.BUY, ONE, QUOTE, START).worst_price == Decimal("1000.4")
    assert entry_terms(BTC, order, Side.SELL, ONE, QUOTE, START).worst_price == Decimal("1000.0")


def test_an_exit_is_a_market_order_that_can_only_reduce_whatever_the_style() -> None:
    order = OrderSettings(Decimal(1000), style=OrderStyle.POST_ONLY)
    found = exit_terms(BTC, order, Side.SELL, ONE, QUOTE, START, Purpose.STOP)
    assert (found.order_type, found.reduce_only, found.purpose) == (OrderType.MARKET, True, Purpose.STOP)
    assert found.worst_price == Decimal("992.0")


def test_an_exit_larger_than_the_instrument_allows_goes_in_parts() -> None:
    small = Instrument("X-Y", "v", Decimal(1), Decimal(1), max_quantity=Decimal(5))
    assert (
        exit_terms(small, OrderSettings(ONE), Side.SELL, Decimal(12), QUOTE, START, Purpose.EXIT).quantity
        == 5
    )


def test_a_quantity_is_rounded_down_to_the_lot() -> None:
    assert entry_quantity(BTC, Decimal(1000), Decimal("1000.4")) == Decimal("0.999")
    ten = Instrument("X-Y", "v", Decimal(1), Decimal(1), multiplier=Decimal(10))
    assert entry_quantity(ten, Decimal(1000), Decimal(9)) == 11


@pytest.mark.parametrize(
    ("quantity", "price", "reason"),
    [("0.0009", "1000", Reason.MIN_QUANTITY), ("0.005", "1000", Reason.MIN_NOTIONAL)],
)
def test_an_entry_below_the_instruments_minimum_is_none(quantity, price, reason) -> None:
    with pytest.raises(Unpriceable) as caught:
        bounded_entry(BTC, Decimal(quantity), Decimal(price))
    assert caught.value.reason is reason


def test_an_entry_a_little_below_the_minimum_is_made_large_enough_where_that_is_set() -> None:
    assert bounded_entry(BTC, Decimal("0.0095"), ONE * 1000, Decimal("0.2")) == Decimal("0.010")
    with pytest.raises(Unpriceable):
        bounded_entry(BTC, Decimal("0.005"), ONE * 1000, Decimal("0.2"))
    small = Instrument("X-Y", "v", ONE, ONE, min_quantity=Decimal(6), max_quantity=Decimal(5))
    with pytest.raises(Unpriceable):
        bounded_entry(small, Decimal(5), ONE, Decimal("0.5"))


def test_what_is_left_of_an_entry_after_a_fee_in_kind_must_be_enough_to_be_sold() -> None:
    charged = msgspec.structs.replace(BTC, fee_in_kind=Decimal("0.001"))
    assert bounded_entry(BTC, Decimal("0.010"), ONE * 1000) == Decimal("0.010")
    with pytest.raises(Unpriceable) as caught:
        bounded_entry(charged, Decimal("0.010"), ONE * 1000)
    assert caught.value.reason is Reason.MIN_NOTIONAL
    assert bounded_entry(charged, Decimal("0.010"), ONE * 1000, Decimal("0.1")) == Decimal("0.011")
    assert bounded_entry(charged, Decimal("0.5"), ONE * 1000) == Decimal("0.5")


def test_an_offset_that_leaves_no_price_is_none() -> None:
    with pytest.raises(Unpriceable) as caught:
        terms(OrderStyle.LIMIT, Side.BUY, 20_000)
    assert caught.value.reason is Reason.TICK_SIZE


def test_a_float_becomes_the_decimal_that_was_written() -> None:
    assert decimal_of(0.1) == Decimal("0.1")
    assert decimal_of(61234.7) == Decimal("61234.7")


@pytest.mark.property
@settings(max_examples=80, deadline=None)
@given(
    st.integers(10, 10**7),
    st.integers(0, 50),
    st.sampled_from(list(Side)),
    st.sampled_from(list(OrderStyle)),
    st.integers(-20, 20),
)
def test_every_price_is_on_the_tick_and_the_touch_is_always_within_reach(
    ticks, spread, side, style, offset
) -> None:
    bid, ask = ticks * BTC.tick, (ticks + spread) * BTC.tick
    quote = QuoteSnapshot(float(bid), float(ask), None, None, START, START)
    try:
        found = terms(style, side, offset, quote)
    except Unpriceable:
        return
    assert found.worst_price % BTC.tick == 0
    assert found.worst_price > 0
    if style is OrderStyle.MARKET:
        assert found.worst_price >= ask if side is Side.BUY else found.worst_price <= bid
    if style is OrderStyle.POST_ONLY:
        assert found.worst_price < ask if side is Side.BUY else found.worst_price > bid


def test_what_an_order_is_worth_counts_in_base_currency() -> None:
    plain = entry_quantity(BTC, Decimal(1000), Decimal(100))
    euro = msgspec.structs.replace(BTC, rate=Decimal("1.25"))
    assert entry_quantity(euro, Decimal(1250), Decimal(100)) == plain == Decimal(10)
