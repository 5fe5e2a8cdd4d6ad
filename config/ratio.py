"""Ratios as people write them (`5%`, `25bps`, `0.05`) and as the code uses them: fractions.

Apart because one misread percent sign is a hundredfold position: a bare number above one is never guessed at.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, WithJsonSchema

WAYS_TO_WRITE = "a ratio is written 5%, 25bps or 0.05"

_UNIT_EXPONENTS = {"": 0, "%": -2, "bps": -4, "bp": -4}
_PATTERN = re.compile(
    r"([+-]?(?:\d{1,10}(?:\.\d{0,40})?|\.\d{1,40})(?:[eE][+-]?\d{1,2})?)\s*(%|bps|bp|)", re.ASCII
)
_MOST_DIGITS = 28  # what decimal arithmetic keeps exactly
_PERCENT_FROM = Decimal("0.001")


def parse_ratio(value: object) -> Decimal:
    """The fraction that `value` stands for: `5%`, `25bps`, `0.05`, or a number between -1 and 1.

    Raises ValueError for a bare number beyond one (5 could be 5% or 500%), for anything that is not a number,
    and for NaN and infinities.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise ValueError(f"not a ratio; {WAYS_TO_WRITE}")
    match = _PATTERN.fullmatch(str(value).strip())
    if match is None:
        raise ValueError(f"not a ratio; {WAYS_TO_WRITE}")
    digits, unit = match.groups()
    number = Decimal(digits)
    if len(number.as_tuple().digits) > _MOST_DIGITS:
        raise ValueError(f"has more than {_MOST_DIGITS} digits; write fewer")
    fraction = number.scaleb(_UNIT_EXPONENTS[unit])
    if not unit and abs(fraction) > 1:
        raise ValueError(
            f"a bare number above 1 is ambiguous; write {fraction:f}% or {format_ratio(fraction)}"
        )
    return _plain(fraction)


def format_ratio(ratio: Decimal | float) -> str:
    """The shortest exact text that `parse_ratio` reads back as the same fraction: `0.05` -> `5%`."""
    fraction = Decimal(str(ratio))
    small = fraction != 0 and abs(fraction) < _PERCENT_FROM
    exponent, unit = (4, "bps") if small else (2, "%")
    return f"{_plain(fraction.scaleb(exponent)):f}{unit}"


def _plain(number: Decimal) -> Decimal:
    """`number` without trailing zeros and without an exponent, so that equal ratios are written alike."""
    normal = number.normalize() if number else Decimal(0)  # also for -0
    return normal.quantize(Decimal(1)) if normal.as_tuple().exponent > 0 else normal  # type: ignore[operator]


def _fraction(value: object) -> float:
    return float(parse_ratio(value))


def _above_zero(ratio: Decimal) -> Decimal:
    if ratio <= 0:
        raise ValueError("must be above zero")
    return ratio


_JSON_SCHEMA: dict[str, Any] = {
    "anyOf": [
        {"type": "string", "examples": ["5%", "25bps"]},
        {"type": "number", "minimum": -1, "maximum": 1},
    ]
}
_text = PlainSerializer(format_ratio, return_type=str)

SignedRatio = Annotated[Decimal, BeforeValidator(parse_ratio), _text, WithJsonSchema(_JSON_SCHEMA)]
"""A fraction that may be negative, such as a maker fee that is a rebate."""

Ratio = Annotated[Decimal, Field(ge=0), BeforeValidator(parse_ratio), _text, WithJsonSchema(_JSON_SCHEMA)]
"""A fraction of zero or more; may exceed one (`150%`). Decimal, because it multiplies money."""

PositiveRatio = Annotated[Ratio, AfterValidator(_above_zero)]
"""A fraction above zero."""

Share = Annotated[
    Decimal, Field(ge=0, le=1), BeforeValidator(parse_ratio), _text, WithJsonSchema(_JSON_SCHEMA)
]
"""A fraction from zero to one: a probability, a part of a whole."""

PositiveShare = Annotated[Share, AfterValidator(_above_zero)]
"""A part of a whole that is not nothing."""

SignalRatio = Annotated[float, BeforeValidator(_fraction), _text, WithJsonSchema(_JSON_SCHEMA)]
"""A fraction that meets market data rather than money: thresholds and volatilities of signals, as float64."""
