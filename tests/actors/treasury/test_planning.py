"""Treasury plans row by row: what is swept, purged, trimmed and sold in stages, and the intents that come of it."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.precheck.paying import Conversion
from actors.treasury.planning import (
    Failures,
    Held,
    plan_purge,
    plan_stages,
    plan_sweep,
    plan_trim,
    terms_of,
)
from messages.intents import Purpose, Route, Side

D = Decimal
HOUR = 3_600_000_000_000


def held(symbol: str = "BTC-USDT", quantity: str = "2", gain: str | None = "0", lot: str = "0.1") -> Held:
    """A holding at 100."""
    size = D(quantity)
    return Held(
        symbol, "paper", size, D(100), abs(size) * 100, None if gain is None else D(gain), D(lot), D("0.5")
    )


@pytest.mark.unit
@pytest.mark.parametrize(
    ("balances", "plan"),
    [
        ({"USDC": D(150), "DAI": D(5)}, [("USDC", "50")]),
        ({"USDC": D(105)}, []),  # 5 is less than 10
        ({"EUR": D(900)}, []),  # nobody said that it is idle
        ({"DAI": D(40), "USDC": D(110)}, [("DAI", "40"), ("USDC", "10")]),
    ],
)
def test_the_sweep(balances: dict[str, Decimal], plan: list[tuple[str, str]]) -> None:
    keep = {"USDC": D(100), "DAI": D(0), "USDT": D(0)}
    found = plan_sweep(balances, "USDT", keep, least=D(10))
    assert found == tuple(Conversion(source, "USDT", D(amount)) for source, amount in plan)


@pytest.mark.unit
@pytest.mark.parametrize(
    ("failures", "sold"),
    [
        ({}, ["C", "B"]),
        ({"C": Failures(2, 0)}, ["C", "B"]),
        ({"C": Failures(3, 0)}, ["C", "B"]),  # two hours have passed
        ({"C": Failures(3, HOUR)}, ["B", "A"]),
        ({"C": Failures(9, -HOUR)}, ["B", "A"]),  # four hours at most
        ({"C": Failures(9, -2 * HOUR)}, ["C", "B"]),
    ],
)
def test_the_purge(failures: dict[str, Failures], sold: list[str]) -> None:
    all_held = [
        held("A", "1"),
        held("B", "-2"),
        held("C", "3"),
        held("D", "4"),
        held("E", "0.01", lot="0.01"),
    ]
    sales = plan_purge(all_held, frozenset("ABCE"), failures, 2 * HOUR)
    assert [sale.held.symbol for sale in sales] == sold


@pytest.mark.unit
@pytest.mark.parametrize(
    ("cap", "sold"),
    [
        ("0.5", []),
        ("0.499", []),  # within the band
        ("0.49", [("B", "1.1")]),  # 500 down to 390, the worst first: 1.1 units
        ("0.4", [("B", "2.0")]),
        ("0.2", [("B", "2.0"), ("A", "2.0")]),
        ("0.05", [("B", "2.0"), ("A", "2.0"), ("C", "1.0")]),
    ],
)
def test_the_trim(cap: str, sold: list[tuple[str, str]]) -> None:
    book = [held("A", "2", None), held("B", "2", "-0.3"), held("C", "-1", "0.5")]
    sales = plan_trim(book, D(1_000), D(cap))
    assert [(sale.held.symbol, sale.quantity) for sale in sales] == [(name, D(size)) for name, size in sold]


@pytest.mark.unit
@pytest.mark.parametrize(
    ("quantity", "stages", "least", "parts"),
    [
        ("1.0", 3, "0", ["0.3", "0.3", "0.4"]),
        ("-1.0", 2, "0", ["0.5", "0.5"]),
        ("0.2", 5, "0", ["0.1", "0.1"]),
        ("1.0", 5, "40", ["0.5", "0.5"]),
        ("0.05", 5, "0", []),
        ("1.07", 1, "0", ["1.0"]),
    ],
)
def test_the_stages(quantity: str, stages: int, least: str, parts: list[str]) -> None:
    sales = plan_stages(held(quantity=quantity), stages, least=D(least))
    assert [sale.quantity for sale in sales] == [D(part) for part in parts]


@pytest.mark.property
@given(quantity=st.integers(1, 500), stages=st.integers(1, 9), lot=st.sampled_from(["0.1", "0.3", "1"]))
def test_stages_sell_all_that_can_be_sold(quantity: int, stages: int, lot: str) -> None:
    one = held(quantity=str(D(quantity) / 10), lot=lot)
    sales = plan_stages(one, stages)
    assert sum((sale.quantity for sale in sales), D(0)) == one.quantity // one.lot * one.lot
    assert all(sale.quantity > 0 for sale in sales)
    assert len(sales) <= stages


@pytest.mark.unit
@pytest.mark.parametrize(("quantity", "side", "worst"), [("2", Side.SELL, "98.0"), ("-2", Side.BUY, "102.0")])
def test_a_sale_is_an_intent_that_only_reduces(quantity: str, side: Side, worst: str) -> None:
    (sale,) = plan_stages(held(quantity=quantity), 1)
    terms = terms_of(sale, 9, collar=D("0.02"), route=Route.TWAP)
    assert (terms.side, terms.quantity, terms.worst_price) == (side, D(2), D(worst))
    assert (terms.reduce_only, terms.purpose, terms.route) == (True, Purpose.EXIT, Route.TWAP)
