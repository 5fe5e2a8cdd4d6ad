"""Ratios: what is read, what is refused, and that writing and reading agree."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from config.ratio import PositiveRatio, Ratio, Share, SignalRatio, SignedRatio, format_ratio, parse_ratio

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("written", "fraction"),
    [
        ("5%", "0.05"),
        ("5 %", "0.05"),
        ("150%", "1.5"),
        ("25bps", "0.0025"),
        ("1bp", "0.0001"),
        ("2.5bps", "0.00025"),
        ("-1bps", "-0.0001"),
        ("0.05", "0.05"),
        (0.05, "0.05"),
        (Decimal("0.05"), "0.05"),
        ("1e-3", "0.001"),
        (0, "0"),
        (1, "1"),
        ("0%", "0"),
        ("-0%", "0"),
        (".5", "0.5"),
    ],
)
def test_a_ratio_is_read_as_a_fraction(written: object, fraction: str) -> None:
    assert parse_ratio(written) == Decimal(fraction)
    assert str(parse_ratio(written)) == fraction


@pytest.mark.parametrize("bare", [5, "5", 1.5, "1.01", Decimal(100), -3, "2e1"])
def test_a_bare_number_above_one_is_refused_with_both_meanings(bare: object) -> None:
    with pytest.raises(ValueError, match=r"ambiguous; write .*% or .*%"):
        parse_ratio(bare)


def test_the_remedy_names_what_five_could_have_meant() -> None:
    with pytest.raises(ValueError, match="write 5% or 500%"):
        parse_ratio(5)


@pytest.mark.parametrize(
    "nonsense",
    ["", "five", "5%%", "%", "5 percent", "nan", "inf", float("nan"), True, None, [], "1_0%", "٥%"],
)
def test_what_is_no_ratio_is_refused_with_the_ways_to_write_one(nonsense: object) -> None:
    with pytest.raises(ValueError, match=r"written 5%, 25bps or 0\.05"):
        parse_ratio(nonsense)


def test_more_digits_than_are_kept_exactly_are_refused() -> None:
    with pytest.raises(ValueError, match="more than 28 digits"):
        parse_ratio("0." + "1" * 29)


@pytest.mark.property
@given(st.decimals(min_value=-100, max_value=100, places=12))
def test_a_written_ratio_is_read_back_exactly(fraction: Decimal) -> None:
    assert parse_ratio(format_ratio(fraction)) == fraction


@pytest.mark.parametrize(
    ("fraction", "text"),
    [("0.05", "5%"), ("1.5", "150%"), ("0.0004", "4bps"), ("0", "0%"), ("0.001", "0.1%")],
)
def test_a_ratio_is_written_as_people_say_it(fraction: str, text: str) -> None:
    assert format_ratio(Decimal(fraction)) == text


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (Ratio, ["0%", "150%"], ["-1bps"]),
        (PositiveRatio, ["1bps"], ["0%", "-5%"]),
        (Share, ["0%", "100%"], ["101%", "-1%"]),
        (SignedRatio, ["-1bps", "200%"], ["5"]),
    ],
)
def test_each_kind_of_ratio_has_its_bounds(kind: Any, good: list[str], bad: list[str]) -> None:
    adapter: TypeAdapter[Decimal] = TypeAdapter(kind)
    for text in good:
        assert adapter.validate_python(text) == parse_ratio(text)
    for text in bad:
        with pytest.raises(ValidationError):
            adapter.validate_python(text)


def test_a_signals_ratio_is_a_float_and_a_moneys_ratio_a_decimal() -> None:
    assert TypeAdapter(SignalRatio).validate_python("2bps") == 0.0002
    assert TypeAdapter(Ratio).validate_python("2bps") == Decimal("0.0002")
