"""Where passive orders rest and how far taking ones go: never across the book, never beyond approval or budget."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.execution.routing.pricing import drift, is_beyond, maker_price, slippage_bps, taker_limit
from messages.intents import Side
from messages.routing import RouteQuote

D = Decimal
QUOTE = RouteQuote(D("99.5"), D("101.5"), 0)
FAR = {Side.BUY: D(1_000), Side.SELL: D(1)}


@pytest.mark.unit
@pytest.mark.parametrize(
    ("side", "offset", "worst", "price"),
    [
        (Side.BUY, 0, "1000", "99.5"),
        (Side.BUY, 3, "1000", "98.0"),
        (Side.BUY, -1, "1000", "100.0"),
        (Side.BUY, -9, "1000", "101.0"),  # one tick before the other touch
        (Side.BUY, 0, "98.7", "98.5"),
        (Side.SELL, 0, "1", "101.5"),
        (Side.SELL, 2, "1", "102.5"),
        (Side.SELL, -9, "1", "100.0"),
        (Side.SELL, 0, "103.2", "103.5"),
    ],
)
def test_a_passive_price(side: Side, offset: int, worst: str, price: str) -> None:
    assert maker_price(side, QUOTE, D("0.5"), offset, D(worst)) == D(price)


@pytest.mark.unit
def test_without_a_tick_or_above_zero_there_is_no_passive_price() -> None:
    assert maker_price(Side.BUY, QUOTE, None, 0, D(1_000)) is None
    assert maker_price(Side.BUY, QUOTE, D(50), 9, D(1_000)) is None


@pytest.mark.property
@given(
    side=st.sampled_from(Side),
    bid=st.integers(1_000, 9_000),
    spread=st.integers(1, 50),
    tick=st.sampled_from(["0.01", "0.05", "0.5", "1"]),
    offset=st.integers(-20, 20),
    worst=st.integers(900, 9_500),
)
def test_a_passive_price_is_on_the_tick_passive_and_approved(
    side: Side, bid: int, spread: int, tick: str, offset: int, worst: int
) -> None:
    quote = RouteQuote(D(bid) / 10, D(bid + spread) / 10, 0)
    price = maker_price(side, quote, D(tick), offset, D(worst) / 10)
    if price is None:
        return
    assert price % D(tick) == 0
    if side is Side.BUY:
        assert price < quote.ask
        assert price <= D(worst) / 10
    else:
        assert price > quote.bid
        assert price >= D(worst) / 10


@pytest.mark.unit
@pytest.mark.parametrize(
    ("side", "budget", "fee", "worst", "limit"),
    [
        (Side.BUY, "0.01", "0", "1000", "101.0"),
        (Side.BUY, "0.01", "0.004", "1000", "100.5"),
        (Side.BUY, "0.01", "0", "100.6", "100.5"),
        (Side.SELL, "0.01", "0", "1", "99.0"),
        (Side.SELL, "0.01", "0.004", "1", "99.5"),
        (Side.SELL, "0.01", "0", "99.4", "99.5"),
    ],
)
def test_a_taking_price_is_bounded_by_budget_fee_and_approval(
    side: Side, budget: str, fee: str, worst: str, limit: str
) -> None:
    assert taker_limit(side, D(100), D(budget), D(fee), D(worst), D("0.5")) == D(limit)


@pytest.mark.unit
@pytest.mark.parametrize(
    ("side", "limit", "beyond"),
    [
        (Side.BUY, "101.5", False),
        (Side.BUY, "101.4", True),
        (Side.SELL, "99.5", False),
        (Side.SELL, "99.6", True),
    ],
)
def test_beyond_is_where_nothing_can_be_had(side: Side, limit: str, beyond: bool) -> None:
    assert is_beyond(side, QUOTE, D(limit)) is beyond


@pytest.mark.unit
def test_drift_and_slippage_are_positive_when_the_market_moved_against_the_order() -> None:
    assert drift(Side.BUY, D(100), D(101)) == D("0.01")
    assert drift(Side.SELL, D(100), D(101)) == D("-0.01")
    assert slippage_bps(Side.BUY, D(100), D("100.1")) == 10.0
    assert slippage_bps(Side.SELL, D(100), D("100.1")) == -10.0
