"""Prices, quantities and money in integers."""

from __future__ import annotations

from decimal import Decimal, Inexact
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.venues.matching.grid import EXACT, Grid, fee, whole
from actors.venues.matching.orders import UNKNOWN_QUEUE
from tests.actors.venues.matching.builders import NAN, amount, instrument

pytestmark = pytest.mark.unit


@given(st.integers(1, 10**12), st.sampled_from(["0.1", "0.01", "0.25", "0.00000001", "5", "1000"]))
def test_prices_and_quantities_come_back_as_they_went_in(count: int, step: str) -> None:
    grid = Grid(instrument(tick=amount(step), lot=amount(step)))
    assert grid.to_ticks(grid.price(count)) == count
    assert grid.to_lots(grid.quantity(count)) == count


@given(st.integers(1, 10**9), st.sampled_from(["0.1", "0.01", "0.25", "0.00001", "5"]))
def test_a_float_price_on_the_grid_is_that_price(ticks: int, step: str) -> None:
    grid = Grid(instrument(tick=amount(step)))
    price = float(ticks * amount(step))
    assert grid.ticks_down(price) == grid.ticks_up(price) == ticks


@pytest.mark.parametrize("price", [NAN, inf, -inf, 0.0, -1.0, 1e300])
def test_what_is_no_price_is_none(price: float) -> None:
    grid = Grid(instrument())
    assert grid.ticks_down(price) is None
    assert grid.ticks_up(price) is None


def test_sizes_keep_their_fraction_and_unknown_is_unknown() -> None:
    grid = Grid(instrument())
    assert grid.size(0.025) == pytest.approx(2.5)
    assert grid.size(-1.0) == 0.0
    assert grid.size(NAN) == UNKNOWN_QUEUE
    assert whole(2.9999999) == 3
    assert whole(2.99) == 2


@pytest.mark.parametrize(
    ("notional", "ratio", "expected"),
    [
        ("100", "0.0005", "0.05000000"),
        ("0.00001", "0.0005", "0.00000000"),
        ("0.00003", "0.0005", "0.00000002"),
        ("100", "-0.0001", "-0.01000000"),
    ],
)
def test_fees_have_eight_digits(notional: str, ratio: str, expected: str) -> None:
    assert fee(amount(notional), amount(ratio)).compare_total(amount(expected)) == 0


def test_money_is_never_rounded_silently() -> None:
    with pytest.raises(Inexact):
        EXACT.divide(Decimal(1), Decimal(3))


def test_the_caches_stay_bounded_and_right() -> None:
    grid = Grid(instrument())
    for ticks in range(1, 70_000):
        grid.price(ticks)
    assert grid.price(69_999) == amount("6999.9")
    assert grid.price(1) == amount("0.1")
