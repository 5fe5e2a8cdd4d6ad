"""Where Decimals stand in a type: no float takes their place, and what has none is packed at once."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from messages.control import Halt
from messages.decimal_fields import float_finder, is_packed_at_once
from messages.intents import OrderIntent, Refused
from messages.market import Marks
from messages.orders import Fill
from messages.supervision import StartChild

pytestmark = pytest.mark.unit


class Line(msgspec.Struct, array_like=True):
    name: str
    amount: Decimal


class Bill(msgspec.Struct):
    total: Decimal
    share: float | None = None
    either: Decimal | float | None = None
    note: Decimal | int | None = None
    pair: tuple[str, Decimal] | None = None
    lines: list[Line] = []
    rates: dict[str, Decimal] = {}


@pytest.mark.parametrize(
    ("plain", "place"),
    [
        ({"total": "1"}, None),
        ({"total": 1.5}, ".total"),
        ({"total": "1", "share": 0.5, "either": 0.5}, None),
        ({"total": "1", "note": 7}, None),
        ({"total": "1", "note": 0.5}, ".note"),
        ({"total": "1", "pair": ["a", "2"]}, None),
        ({"total": "1", "pair": ["a", 2.0]}, ".pair[1]"),
        ({"total": "1", "lines": [["a", "2"], ["b", 2.0]]}, ".lines[...][1]"),
        ({"total": "1", "rates": {"EUR": "1.1", "USD": 1.0}}, ".rates[...]"),
        ({"total": "1", "lines": "none", "rates": [1.0], "pair": ["a"]}, None),
        ([1.5], None),
    ],
)
def test_a_float_in_a_decimals_place_is_found_with_its_path(plain: object, place: str | None) -> None:
    find = float_finder(Bill)
    assert find is not None
    assert find(plain) == place


def test_where_there_is_no_decimal_there_is_nothing_to_find() -> None:
    assert float_finder(Marks) is None


@pytest.mark.parametrize(
    ("kind", "at_once"),
    [(Marks, True), (Halt, True), (Refused, True), (Fill, False), (OrderIntent, False), (StartChild, False)],
)
def test_what_holds_no_decimal_and_nothing_unknown_is_packed_at_once(kind: type, at_once: bool) -> None:
    assert is_packed_at_once(kind) is at_once
