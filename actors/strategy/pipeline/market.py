"""What a symbol's bars say of its market, for the costs and sizes of a decision: volatility, volume, range.

Bars are float64[S, L, 5]: open, high, low, close, volume, oldest first, NaN where there is none.
"""

from __future__ import annotations

import numpy as np

from actors.strategy.pipeline.arrays import Floats
from actors.strategy.pipeline.windows import CLOSE, HIGH, LOW, VOLUME

ATR_BARS = 14


def daily_volatility(bars: Floats, count: int, per_day: float) -> Floats:
    """float64[S]: the standard deviation of a day's return, a fraction, from the last `count` returns of one bar.

    By the square root of time, `per_day` bars being a day; the sample standard deviation. NaN where one of the bars is
    missing, or there are fewer than `count` + 1.
    """
    if bars.shape[1] <= count:
        return np.full(bars.shape[0], np.nan)
    closes = np.ascontiguousarray(bars[:, -count - 1 :, CLOSE])
    returns = closes[:, 1:] / closes[:, :-1] - 1.0
    centred = returns - returns.mean(axis=1)[:, None]
    variance = (centred * centred).sum(axis=1) / (count - 1)
    return np.asarray(np.sqrt(variance * per_day))


def daily_volume(bars: Floats, count: int, per_day: float) -> Floats:
    """float64[S]: what is traded a day, in quote currency, from the last `count` bars; NaN where one has no volume."""
    if bars.shape[1] < count:
        return np.full(bars.shape[0], np.nan)
    values = np.ascontiguousarray(bars[:, -count:, CLOSE] * bars[:, -count:, VOLUME])
    return np.asarray(values.mean(axis=1) * per_day)


def average_true_range(bars: Floats) -> Floats:
    """float64[S]: the mean true range of the last 14 bars as a fraction of the last close; NaN where one is missing."""
    if bars.shape[1] <= ATR_BARS:
        return np.full(bars.shape[0], np.nan)
    before = bars[:, -ATR_BARS - 1 : -1, CLOSE]
    high = np.maximum(bars[:, -ATR_BARS:, HIGH], before)
    ranges = np.ascontiguousarray(high - np.minimum(bars[:, -ATR_BARS:, LOW], before))
    return np.asarray(ranges.mean(axis=1) / bars[:, -1, CLOSE])
