"""A strategy's own position: average cost, flips, realised profit."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.strategy.position import ZERO, Position, after_fill
from messages.intents import Side

pytestmark = pytest.mark.unit

CASES: list[tuple[str, list[tuple[str, str, str]], tuple[str, str | None, str]]] = [
    ("opens long", [("buy", "2", "10")], ("2", "10", "0")),
    ("adds at an average", [("buy", ".01", "50000"), ("buy", ".01", "52000")], (".02", "51000", "0")),
    ("reduces, average unchanged", [("buy", "2", "10"), ("sell", "1", "12")], ("1", "10", "2")),
    ("closes", [("buy", "2", "10"), ("sell", "2", "9")], ("0", None, "-2")),
    ("turns short", [("buy", "2", "10"), ("sell", "5", "11")], ("-3", "11", "2")),
    ("turns long", [("sell", "2", "10"), ("buy", "3", "9")], ("1", "9", "2")),
    ("a short gains when it falls", [("sell", "1", "10"), ("buy", "1", "8")], ("0", None, "2")),
]


def played(fills: list[tuple[str, str, str]]) -> Position:
    position = Position()
    for number, (side, quantity, price) in enumerate(fills):
        position = after_fill(
            position, Side(side), Decimal(quantity), Decimal(price), number, multiplier=Decimal(1)
        )
    return position


@pytest.mark.golden
@pytest.mark.parametrize(("name", "fills", "expected"), CASES, ids=[case[0] for case in CASES])
def test_a_position_after_its_fills(
    name: str, fills: list[Any], expected: tuple[str, str | None, str]
) -> None:
    position = played(fills)
    quantity, average, realized = expected
    assert position.quantity == Decimal(quantity)
    assert position.average_price == (None if average is None else Decimal(average))
    assert position.realized == Decimal(realized)


def test_the_opening_time_is_kept_until_the_position_turns() -> None:
    assert played([("buy", "1", "10"), ("buy", "1", "10")]).opened_at == 0
    assert played([("buy", "1", "10"), ("sell", "2", "10")]).opened_at == 1
    assert played([("buy", "1", "10"), ("sell", "1", "10")]).opened_at is None


def test_a_contracts_multiplier_scales_what_is_realised() -> None:
    opened = after_fill(Position(), Side.BUY, Decimal(2), Decimal(10), 0, multiplier=Decimal(100))
    assert after_fill(opened, Side.SELL, Decimal(1), Decimal(11), 0, multiplier=Decimal(100)).realized == 100


@pytest.mark.property
@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(list(Side)), st.integers(1, 50), st.integers(1, 500)), max_size=30))
def test_cash_and_value_tell_the_same_profit(fills) -> None:
    position, cash, mark = Position(), ZERO, Decimal(77)
    for side, quantity, price in fills:
        position = after_fill(position, side, Decimal(quantity), Decimal(price), 0, multiplier=Decimal(1))
        cash -= side.sign * quantity * price
    open_profit = ZERO
    if position.average_price is not None:
        open_profit = (mark - position.average_price) * position.quantity
    assert abs(cash + position.quantity * mark - position.realized - open_profit) < Decimal("1e-15")
    assert (position.quantity == 0) == (position.average_price is None) == (position.opened_at is None)
