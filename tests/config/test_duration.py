"""Durations: what is read, what is refused, and that writing and reading agree."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from config.duration import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    Duration,
    PositiveDuration,
    format_duration,
    parse_duration,
)

pytestmark = pytest.mark.unit

LONGEST = 2**63 - 1


@pytest.mark.parametrize(
    ("written", "nanoseconds"),
    [
        ("1ns", 1),
        ("1us", 1_000),
        ("250ms", 250_000_000),
        ("30s", 30 * SECOND),
        ("1.5s", 1_500_000_000),
        ("0.000000001s", 1),
        ("5m", 5 * MINUTE),
        ("1h", HOUR),
        ("1d", DAY),
        ("0s", 0),
        (" 5 m ", 5 * MINUTE),
        (f"{LONGEST}ns", LONGEST),
    ],
)
def test_a_duration_is_read_as_nanoseconds(written: str, nanoseconds: int) -> None:
    assert parse_duration(written) == nanoseconds


@pytest.mark.parametrize("bare", [5, 0, 2.5])
def test_a_bare_number_is_refused_with_its_units(bare: object) -> None:
    with pytest.raises(ValueError, match=f"no unit; write {bare}s or {bare}ms"):
        parse_duration(bare)


@pytest.mark.parametrize("nonsense", ["", "5", "s", "-5s", "5 weeks", "1h30m", "5S", True, None, [], "٥s"])
def test_what_is_no_duration_is_refused_with_the_ways_to_write_one(nonsense: object) -> None:
    with pytest.raises(ValueError, match="250ms, 30s, 5m, 1h or 1d"):
        parse_duration(nonsense)


@pytest.mark.parametrize(
    ("written", "reason"),
    [("0.5ns", "finer"), ("1.0000000001s", "finer"), (f"{LONGEST + 1}ns", "longer"), ("200000d", "longer")],
)
def test_what_nanoseconds_cannot_hold_is_refused(written: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse_duration(written)


@pytest.mark.property
@given(st.integers(min_value=0, max_value=LONGEST))
def test_a_written_duration_is_read_back_exactly(nanoseconds: int) -> None:
    assert parse_duration(format_duration(nanoseconds)) == nanoseconds


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [(0, "0s"), (90 * SECOND, "90s"), (DAY, "1d"), (1_500_000_000, "1500ms"), (7, "7ns")],
)
def test_a_duration_is_written_in_its_largest_whole_unit(nanoseconds: int, text: str) -> None:
    assert format_duration(nanoseconds) == text


def test_a_positive_duration_is_longer_than_zero() -> None:
    assert TypeAdapter(Duration).validate_python("0s") == 0
    with pytest.raises(ValidationError, match="longer than zero"):
        TypeAdapter(PositiveDuration).validate_python("0s")
