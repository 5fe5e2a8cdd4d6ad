"""Parameters: where they are read from, and the code for each way in which they can be wrong."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.exchange.fronts.binance_usdm.errors import ApiError
from cluster.exchange.fronts.binance_usdm.parameters import Parameters, parse
from cluster.exchange.fronts.binance_usdm.wire import decimals, text

pytestmark = pytest.mark.unit


def test_the_query_counts_where_the_body_says_otherwise() -> None:
    assert parse(b"a=1&b=%7E", b"a=2&c=3+4") == {"a": "1", "b": "~", "c": "3 4"}


def test_a_parameter_may_be_there_once() -> None:
    with pytest.raises(ApiError) as refused:
        parse(b"a=1&a=2", b"")
    assert refused.value.code == -1101


@pytest.mark.parametrize(
    ("sent", "read", "code"),
    [
        ({}, lambda p: p.text("x"), -1102),
        ({"x": ""}, lambda p: p.text("x"), -1102),
        ({}, lambda p: p.required_whole("x"), -1102),
        ({"x": "1.5"}, lambda p: p.whole("x"), -1100),
        ({"x": "-1"}, lambda p: p.whole("x"), -1100),
        ({"x": "1e5"}, lambda p: p.decimal("x"), -1100),
        ({"x": "-1"}, lambda p: p.decimal("x"), -1100),
        ({"x": "NaN"}, lambda p: p.decimal("x"), -1100),
        ({"x": "y"}, lambda p: p.choice("x", ("A", "B")), -1130),
        ({"x": "y"}, lambda p: p.flag("x"), -1130),
        ({"x": "a" * 37}, lambda p: p.client_id("x"), -4015),
        ({"x": "a b"}, lambda p: p.client_id("x"), -1100),
        ({"x": "[1"}, lambda p: p.listed("x", list[int]), -1130),
        ({"x": "{}"}, lambda p: p.batch("x"), -1130),
        ({"x": "1001"}, lambda p: p.limit(500, 1_000, "x"), -1130),
        ({"x": "0"}, lambda p: p.limit(500, 1_000, "x"), -1130),
    ],
)
def test_what_is_wrong_is_named(
    sent: dict[str, str], read: Callable[[Parameters], object], code: int
) -> None:
    with pytest.raises(ApiError) as refused:
        read(Parameters(sent))
    assert refused.value.code == code


def test_what_is_right_is_read() -> None:
    given = Parameters(
        {"n": "12", "d": "0.10", "f": "TRUE", "c": "a-Z_0.:/", "l": "[1,2]", "b": '[{"q":"1","r":true}]'}
    )
    assert given.whole("n") == 12
    assert given.decimal("d") == Decimal("0.10")
    assert given.flag("f")
    assert given.client_id("c") == "a-Z_0.:/"
    assert given.listed("l", list[int]) == [1, 2]
    (row,) = given.batch("b")
    assert (row.decimal("q"), row.flag("r")) == (Decimal(1), True)
    assert given.limit(500, 1_000) == 500


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12, places=8))
def test_numbers_on_the_wire_are_plain_and_exact(value: Decimal) -> None:
    assert "E" not in text(value).upper()
    assert Decimal(text(value)) == value


@pytest.mark.parametrize(
    ("step", "count"), [("0.10", 1), ("0.001", 3), ("1", 0), ("10", 0), ("1E-5", 5), ("0.5", 1)]
)
def test_a_step_has_so_many_decimals(step: str, count: int) -> None:
    assert decimals(Decimal(step)) == count
