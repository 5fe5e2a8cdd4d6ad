"""Spans of time as people write them (`250ms`, `30s`, `5m`) and as the code uses them: int nanoseconds.

Apart because a bare 30 would be seconds to one reader and milliseconds to the next: the unit is always written.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, PlainSerializer, WithJsonSchema

NANOSECOND = 1
MICROSECOND = 1_000 * NANOSECOND
MILLISECOND = 1_000 * MICROSECOND
SECOND = 1_000 * MILLISECOND
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

WAYS_TO_WRITE = "a duration is written with its unit: 250ms, 30s, 5m, 1h or 1d"

_UNITS = {
    "d": DAY,
    "h": HOUR,
    "m": MINUTE,
    "s": SECOND,
    "ms": MILLISECOND,
    "us": MICROSECOND,
    "ns": NANOSECOND,
}
_PATTERN = re.compile(r"(\d{1,19})(?:\.(\d{1,19}))?\s*(d|h|ms|m|us|ns|s)", re.ASCII)
_LONGEST = 2**63 - 1  # durations are added to int64 nanoseconds


def parse_duration(value: object) -> int:
    """The nanoseconds that `value` stands for: a number with one of the units d, h, m, s, ms, us, ns.

    Raises ValueError for a bare number, a negative or unknown form, parts of a nanosecond, and spans beyond
    292 years.
    """
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        raise ValueError(f"a bare number has no unit; write {value}s or {value}ms")
    match = _PATTERN.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise ValueError(f"not a duration; {WAYS_TO_WRITE}")
    whole, decimals, unit = match.group(1), match.group(2) or "", match.group(3)
    scale = int("1" + "0" * len(decimals))
    nanoseconds, rest = divmod(int(whole + decimals) * _UNITS[unit], scale)
    if rest:
        raise ValueError("finer than a nanosecond; write fewer decimals")
    if nanoseconds > _LONGEST:
        raise ValueError("longer than 292 years; write a shorter span")
    return nanoseconds


def format_duration(nanoseconds: int) -> str:
    """The text in the largest unit that divides the span evenly, which `parse_duration` reads back."""
    if nanoseconds == 0:
        return "0s"
    return next(f"{nanoseconds // size}{unit}" for unit, size in _UNITS.items() if nanoseconds % size == 0)


def _above_zero(nanoseconds: int) -> int:
    if nanoseconds <= 0:
        raise ValueError("must be longer than zero")
    return nanoseconds


_JSON_SCHEMA: dict[str, Any] = {"type": "string", "pattern": _PATTERN.pattern, "examples": ["250ms", "30s"]}

Duration = Annotated[
    int,
    BeforeValidator(parse_duration),
    PlainSerializer(format_duration, return_type=str),
    WithJsonSchema(_JSON_SCHEMA),
]
"""A span of zero or more, stored as int nanoseconds."""

PositiveDuration = Annotated[Duration, AfterValidator(_above_zero)]
"""A span longer than zero, stored as int nanoseconds."""
