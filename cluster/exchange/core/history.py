"""Bars from before the exchange opened, out of the same paths that its market runs along."""

from __future__ import annotations

import numpy as np

from cluster.exchange.core.candles import MINUTE, SECOND, Bar
from cluster.exchange.core.noise import Floats, Ints, normal, uniform
from cluster.exchange.core.path import MINUTE_LEVEL, Path


class HistoryModel:
    """What a listing's history is made of: its paths, its place on the grid, how much of it is traded."""

    def __init__(self, shared: Path, own: Path, beta: float, start_price: float, tick: float) -> None:
        self._shared, self._own, self._beta = shared, own, beta
        self._start, self._tick = start_price, tick

    def minutes(self, first: int, count: int) -> Floats:
        """The price in ticks at `count` ends of minutes, from the beginning of minute number `first` on."""
        shared = self._shared.knots(MINUTE_LEVEL, first, count)
        own = self._own.knots(MINUTE_LEVEL, first, count)
        return self._start * np.exp(self._beta * shared + own) / self._tick

    def seconds(self, times: Ints) -> Floats:
        """The price in ticks at any times (rising)."""
        return self._start * np.exp(self._beta * self._shared.at(times) + self._own.at(times)) / self._tick

    def deviations(self, minute: int, count: int) -> Floats:
        """The standard deviation of the log price within each of `count` minutes from number `minute` on."""
        shared = self._beta * self._shared.minute_deviations(minute, count)
        return np.hypot(shared, self._own.minute_deviations(minute, count))


def bars(
    model: HistoryModel,
    keys: tuple[np.uint64, np.uint64],
    lots_a_second: float,
    length: int,
    first: int,
    end: int,
) -> list[Bar]:
    """Bars of `length` ns that begin in [first, end): a second, or whole minutes.

    A minute's extremes are drawn as those of a Brownian bridge between its ends; longer bars are made of minutes, and
    seconds stay within theirs.
    """
    if end <= first:
        return []
    if length % MINUTE:
        return _seconds(model, keys, lots_a_second, first, end)
    open_, high, low, close, lots = _minutes(
        model, keys, lots_a_second, first // MINUTE, (end - first) // MINUTE
    )
    return _joined(open_, high, low, close, lots, length // MINUTE, first, length)


def _minutes(
    model: HistoryModel, keys: tuple[np.uint64, np.uint64], lots_a_second: float, minute: int, count: int
) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    index = np.arange(minute, minute + count, dtype=np.int64)
    prices = model.minutes(minute, count + 1)
    open_, close = prices[:-1], prices[1:]
    deviation = model.deviations(minute, count) * open_
    high, low = _extremes(open_, close, deviation, keys[0], index)
    lots = 60.0 * lots_a_second * np.exp(0.5 * normal(keys[1], index))
    return open_, high, low, close, lots


def _extremes(
    open_: Floats, close: Floats, deviation: Floats, key: np.uint64, index: Ints
) -> tuple[Floats, Floats]:
    """The maximum and minimum of Brownian bridges: M = (a + b + sqrt((a - b)^2 - 2 s^2 ln U)) / 2."""
    reach = [
        np.sqrt((open_ - close) ** 2 - 2.0 * deviation**2 * np.log1p(-uniform(key, index * 2 + side)))
        for side in (0, 1)
    ]
    middle = 0.5 * (open_ + close)
    return middle + 0.5 * reach[0], middle - 0.5 * reach[1]


def _seconds(
    model: HistoryModel, keys: tuple[np.uint64, np.uint64], lots_a_second: float, first: int, end: int
) -> list[Bar]:
    times = np.arange(first, end + SECOND, SECOND, dtype=np.int64)
    minute = first // MINUTE
    _, tops, bottoms, _, _ = _minutes(model, keys, lots_a_second, minute, (end - 1) // MINUTE - minute + 1)
    within = times[:-1] // MINUTE - minute
    prices = model.seconds(times)
    open_, close = (np.clip(each, bottoms[within], tops[within]) for each in (prices[:-1], prices[1:]))
    lots = lots_a_second * np.exp(0.8 * normal(keys[1], times[:-1]))
    high, low = np.maximum(open_, close), np.minimum(open_, close)
    return _joined(open_, high, low, close, lots, 1, first, SECOND)


def _joined(
    open_: Floats,
    high: Floats,
    low: Floats,
    close: Floats,
    lots: Floats,
    size: int,
    first: int,
    length: int,
) -> list[Bar]:
    """Each `size` bars put together to one of `length` ns."""
    starts = np.arange(0, len(open_), size)
    ends = np.minimum(starts + size, len(open_)) - 1
    whole_lots = np.maximum(1, np.add.reduceat(lots, starts)).astype(np.int64).tolist()
    opened, closed = _ticks(open_[starts]), _ticks(close[ends])
    tops, bottoms = _ticks(np.maximum.reduceat(high, starts)), _ticks(np.minimum.reduceat(low, starts))
    values = np.add.reduceat(lots * (high + low) / 2, starts) / np.add.reduceat(lots, starts)
    found = []
    rows = zip(opened, tops, bottoms, closed, whole_lots, values.tolist(), strict=True)
    for number, (o, h, low_, c, amount, price) in enumerate(rows):
        value = round(amount * price)
        start = first + number * length
        found.append(Bar(start, o, h, low_, c, amount, value, max(1, amount // 50), amount // 2, value // 2))
    return found


def _ticks(prices: Floats) -> list[int]:
    ticks: list[int] = np.maximum(1, np.rint(prices)).astype(np.int64).tolist()
    return ticks
