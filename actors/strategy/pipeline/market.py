"""What a symbol's bars say of its market, for the costs and sizes of a decision: volatility and volume.

Bars are float64[S, L, 5]: open, high, low, close, volume, oldest first, NaN where there is none.
"""

from __future__ import annotations

import numpy as np

from actors.strategy.pipeline.arrays import Floats
from actors.strategy.pipeline.windows import CLOSE, VOLUME


def daily_volatility(bars: Floats, count: int, per_day: float) -> Floats:
    """float64[S]: the standard deviation of a day's return, a fraction, from the last `count` returns of one bar.

    By the square root of time, `per_day` bars being a day; the sample standard deviation. NaN where one of the bars is
    missing, or there are fewer than `count` + 1.
    """
    if bars.shape[1] <= count:
        return np.full(bars.shape[0], np.nan)
    closes = bars[:, -count - 1 :, CLOSE]
    returns = np.divide(closes[:, 1:], closes[:, :-1], out=np.empty((bars.shape[0], count)))
    returns -= 1.0
    mean = np.add.reduce(returns, axis=1, keepdims=True)
    mean /= count
    returns -= mean
    returns *= returns
    variance = np.add.reduce(returns, axis=1)
    variance /= count - 1
    variance *= per_day
    return np.asarray(np.sqrt(variance))


def daily_volume(bars: Floats, count: int, per_day: float) -> Floats:
    """float64[S]: what is traded a day, in quote currency, from the last `count` bars; NaN where one has no volume."""
    if bars.shape[1] < count:
        return np.full(bars.shape[0], np.nan)
    values = np.empty((bars.shape[0], count))
    np.multiply(bars[:, -count:, CLOSE], bars[:, -count:, VOLUME], out=values)
    mean = np.add.reduce(values, axis=1)
    mean /= count
    mean *= per_day
    return np.asarray(mean)
