"""The points of a sweep: from `path=a,b,c` and `path=low..high` to lists of settings, in a fixed order."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from itertools import product

import msgspec

from actors.randomness import Randomness
from messages.errors import ConfigurationError

_NUMBER = r"([+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)"
_RANGE = re.compile(rf"{_NUMBER}\s*([a-z%]*)\.\.{_NUMBER}\s*([a-z%]*)((?::(?:log|int))*)", re.ASCII)
_DIGITS = 6
"""Significant digits of a drawn number: more would only make settings hard to read."""
_TRIES = 20
_MOST_POINTS = 100_000


class Axis(msgspec.Struct, frozen=True):
    """One setting and the values it takes, as they would be written behind `--set path=`."""

    path: str
    values: tuple[str, ...]


class Range(msgspec.Struct, frozen=True):
    """One setting and the bounds between which it is drawn; `unit` is that of both bounds, such as `ms` or `bps`."""

    path: str
    low: float
    high: float
    unit: str = ""
    logarithmic: bool = False
    whole: bool = False

    def at(self, share: float) -> str:
        """The value at this share (0 to 1) of the way from `low` to `high`."""
        if self.whole:
            # every whole number is as likely as any other, the bounds too
            low, high = self.low - 0.5, self.high + 0.5
            number = _between(max(low, 0.5) if self.logarithmic else low, high, share, self.logarithmic)
            return f"{min(max(round(number), round(self.low)), round(self.high))}{self.unit}"
        return f"{_between(self.low, self.high, share, self.logarithmic):.{_DIGITS}g}{self.unit}"


class Point(msgspec.Struct, frozen=True):
    """One combination: pairs of path and value, in the order of the axes."""

    settings: tuple[tuple[str, str], ...]

    @property
    def label(self) -> str:
        """Its name in tables and baselines: the settings as one would type them."""
        return " ".join(self.overrides) or "as configured"

    @property
    def overrides(self) -> tuple[str, ...]:
        """`path=value` for the settings' loader."""
        return tuple(f"{path}={value}" for path, value in self.settings)


def parse_axis(text: str) -> Axis:
    """`path=a,b,c` as an axis; commas within brackets or quotes do not part values.

    Raises `ConfigurationError` for a text without a path or values, and for a value given twice.
    """
    path, equals, listed = text.partition("=")
    values = [each.strip() for each in _parted(listed)]
    if not (path.strip() and equals and all(values)):
        raise _wrong(
            "--grid", text, "write path=value,value,..., such as strategies.ema.parameters.fast=4,8,12"
        )
    twice = [value for value in values if values.count(value) > 1]
    if twice:
        raise _wrong("--grid", text, f"give each value once; {twice[0]} is there twice")
    return Axis(path.strip(), tuple(values))


def parse_range(text: str) -> Range:
    """`path=low..high` with `:log` and `:int` as wanted; both bounds have the unit of the upper one.

    Raises `ConfigurationError` for anything else, and for bounds that make no range.
    """
    path, _, bounds = text.partition("=")
    match = _RANGE.fullmatch(bounds.strip())
    if match is None or not path.strip():
        raise _wrong("--range", text, "write path=low..high, path=2..40:int or path=10ms..2000ms:log")
    low, unit, high, other, flags = match.groups()
    found = Range(path.strip(), float(low), float(high), other, ":log" in flags, ":int" in flags)
    if unit not in ("", other):
        raise _wrong("--range", text, "give both bounds the same unit")
    if not found.low < found.high or not math.isfinite(found.high - found.low):
        raise _wrong("--range", text, "put the lower bound first")
    if found.logarithmic and found.low <= 0:
        raise _wrong("--range", text, "a logarithmic range begins above zero")
    if found.whole and not (found.low.is_integer() and found.high.is_integer()):
        raise _wrong("--range", text, "bounds of an :int range are whole numbers")
    return found


def grid_points(axes: Sequence[Axis]) -> tuple[Point, ...]:
    """Every combination; the last axis changes fastest. Raises `ConfigurationError` for too many."""
    _require_different([axis.path for axis in axes])
    count = math.prod(len(axis.values) for axis in axes)
    if count > _MOST_POINTS:
        raise _wrong("--grid", f"{count} points", f"stay below {_MOST_POINTS}, or draw some with --random")
    pairs = [[(axis.path, value) for value in axis.values] for axis in axes]
    return tuple(Point(settings) for settings in product(*pairs))


def random_points(axes: Sequence[Axis], ranges: Sequence[Range], count: int, seed: int) -> tuple[Point, ...]:
    """`count` different points drawn from ranges and axes; fewer where there are not as many.

    A longer draw with the same seed begins with the shorter one. Raises `ConfigurationError` for no range and axis.
    """
    if not (axes or ranges):
        raise _wrong("--random", str(count), "say with --range or --grid what is drawn")
    _require_different([*(axis.path for axis in axes), *(each.path for each in ranges)])
    found: dict[Point, None] = {}
    for attempt in range(count * _TRIES):
        drawn = Randomness(f"sweep/{seed}/{attempt}")
        settings = [(axis.path, drawn.choice(axis.values)) for axis in axes]
        settings += [(each.path, each.at(drawn.random())) for each in ranges]
        found[Point(tuple(settings))] = None
        if len(found) == count:
            break
    return tuple(found)


def _between(low: float, high: float, share: float, logarithmic: bool) -> float:
    if logarithmic:
        return float(math.exp(math.log(low) + (math.log(high) - math.log(low)) * share))
    return low + (high - low) * share


def _parted(text: str) -> list[str]:
    """`text` at its commas outside of brackets and quotes."""
    parts, depth, quoted = [""], 0, False
    for letter in text:
        quoted ^= letter == '"'
        depth += 0 if quoted else (letter in "[{") - (letter in "]}")
        if letter == "," and not depth and not quoted:
            parts.append("")
        else:
            parts[-1] += letter
    return parts


def _require_different(paths: Sequence[str]) -> None:
    for path in paths:
        if paths.count(path) > 1:
            raise _wrong("--grid, --range", path, "name each setting once")


def _wrong(field: str, value: str, remedy: str) -> ConfigurationError:
    return ConfigurationError("not something to sweep over", field=field, value=value, remedy=remedy)
