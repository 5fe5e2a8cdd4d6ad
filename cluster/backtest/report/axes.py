"""Scales and ticks: from data to places in a drawing, with marks at numbers and moments people count in."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import overload

import numpy as np
import numpy.typing as npt

from cluster.backtest.equity import DAY, HOUR, MILLISECOND, MINUTE, SECOND, STEPS
from cluster.backtest.record import Values

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAYS = tuple(n * DAY for n in (1, 2, 4, 7, 14))
_MONTHS = (1, 2, 3, 6, 12, 24, 60, 120)
_MONTH = 30 * DAY
_ROUND = (0.2, 0.5, 1, 2, 5, 10, 20)


@dataclass(frozen=True, slots=True)
class Scale:
    """A linear map of `low..high` onto `first..last`; a span of nothing lands in the middle."""

    low: float
    high: float
    first: float
    last: float

    @overload
    def __call__(self, value: float) -> float: ...
    @overload
    def __call__(self, value: npt.NDArray[np.generic]) -> Values: ...

    def __call__(self, value: float | npt.NDArray[np.generic]) -> float | Values:
        span = self.high - self.low
        if not span:
            return (self.first + self.last) / 2 + 0.0 * value  # type: ignore[operator]
        return self.first + (value - self.low) / span * (self.last - self.first)  # type: ignore[operator]


def padded(low: float, high: float, share: float = 0.06) -> tuple[float, float]:
    """The range with some air above and below; a range of nothing is opened around its value."""
    if high > low:
        air = (high - low) * share
        return low - air, high + air
    air = abs(low) * 0.01 or 1.0
    return low - air, high + air


def number_ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Round numbers (1, 2 or 5 times a power of ten) within the range: `most` at most, or the fewest that are two."""
    if not high > low:
        return [low]
    raw = (high - low) / most
    power = 10.0 ** math.floor(math.log10(raw))
    place = next(place for place, factor in enumerate(_ROUND) if factor * power >= raw)
    ticks: list[float] = []
    for factor in reversed(_ROUND[: place + 1]):
        step = factor * power
        ticks = [index * step for index in range(math.ceil(low / step), math.floor(high / step) + 1)]
        if len(ticks) > 1:  # a single one has no scale
            break
    return ticks


def tick_decimals(ticks: list[float]) -> int:
    """Decimals that tell these ticks apart."""
    if len(ticks) < 2:
        return 2
    return max(0, min(10, -math.floor(math.log10(abs(ticks[1] - ticks[0])) + 1e-9)))


def time_ticks(start: int, end: int, most: int = 8) -> list[tuple[int, str]]:
    """Moments (ns UTC) within the range that people count in, with their labels."""
    span = end - start
    if span <= 0:
        return [(start, _label(start, SECOND))]
    for step in (*STEPS, *_DAYS):
        if span <= step * most:
            first = -(-start // step) * step
            return [(time, _label(time, step)) for time in range(first, end + 1, step)]
    months = next((n for n in _MONTHS if span <= n * _MONTH * most), _MONTHS[-1])
    return _month_ticks(start, end, months)


def _month_ticks(start: int, end: int, months: int) -> list[tuple[int, str]]:
    ticks: list[tuple[int, str]] = []
    year = (_EPOCH + timedelta(seconds=start // SECOND)).year
    index = year * 12
    while True:
        first = datetime(index // 12, index % 12 + 1, 1, tzinfo=UTC)
        time = int((first - _EPOCH).total_seconds()) * SECOND
        if time > end:
            return ticks
        if time >= start:
            ticks.append((time, first.strftime("%Y" if months >= 12 else "%b %Y")))
        index += months


def _label(time: int, step: int) -> str:
    moment = _EPOCH + timedelta(seconds=time // SECOND)
    if step >= DAY or (step >= HOUR and time % DAY == 0):
        return moment.strftime("%d %b")
    if step >= MINUTE:
        return moment.strftime("%d %b" if time % DAY == 0 else "%H:%M")
    if step >= SECOND:
        return moment.strftime("%H:%M:%S")
    return moment.strftime("%H:%M:%S") + f".{time % SECOND // MILLISECOND:03d}"
