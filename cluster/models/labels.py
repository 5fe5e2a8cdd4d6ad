"""What models learn to predict: what came after each bar. NaN where it is not known, never 0.

Labels look ahead, and nothing else in training may. Sources: the forward return of sheet practice, and for peaks and
valleys the first barrier touched (M. Lopez de Prado, Advances in Financial Machine Learning, 2018, chapter 3).
"""

from __future__ import annotations

from typing import Final

import numpy as np

from actors.strategy.models import Target
from actors.strategy.pipeline.arrays import Floats
from cluster.models.bars import Bars

BARRIER: Final = 1.0
"""Standard deviations over the horizon at which the barriers of peaks and valleys stand, unless told otherwise."""
VOLATILITY_BARS: Final = 20

_OPEN, _HIGH, _LOW, _CLOSE = range(4)


def labels_of(bars: Bars, target: Target, horizon: int, barrier: float = BARRIER) -> Floats:
    """float64[n]: the label of each bar for what happens in the `horizon` ns after its close.

    `forward_return` is close to close, a fraction. `peak` is 1 where the price fell by `barrier` standard deviations
    before it rose by as much, else 0, `valley` the other way round; unknown where both happened within one bar.
    """
    if target is Target.FORWARD_RETURN:
        return forward_returns(bars, horizon)
    fell, rose = _first_touches(bars, horizon, barrier)
    return fell if target is Target.PEAK else rose


def forward_returns(bars: Bars, horizon: int) -> Floats:
    """float64[n]: close after `horizon` ns / close - 1; NaN where there is no bar that closes at that very time."""
    closes = bars.values[:, _CLOSE]
    later, known = _later(bars, horizon)
    return np.where(known, closes[later] / closes - 1.0, np.nan)


def _later(bars: Bars, horizon: int) -> tuple[np.ndarray, np.ndarray]:
    """For each bar the index of the one that closes `horizon` later, and whether there is one."""
    wanted = bars.closes + horizon
    index = np.minimum(np.searchsorted(bars.closes, wanted), len(bars) - 1)
    return index, bars.closes[index] == wanted


def _first_touches(bars: Bars, horizon: int, barrier: float) -> tuple[Floats, Floats]:
    """For each bar whether the lower, and the upper barrier was touched first: 1, 0, or NaN where it is not known."""
    closes = bars.values[:, _CLOSE]
    distance = barrier * bar_volatility(bars) * np.sqrt(horizon / bars.interval)
    lower, upper = closes * (1.0 - distance), closes * (1.0 + distance)
    fell, rose = np.zeros(len(bars), dtype=bool), np.zeros(len(bars), dtype=bool)
    both = np.zeros(len(bars), dtype=bool)
    for ahead in range(1, min(horizon // bars.interval, len(bars) - 1) + 1):
        start, then = slice(0, len(bars) - ahead), slice(ahead, len(bars))
        open_ = ~(fell[start] | rose[start] | both[start])
        inside = open_ & (bars.closes[then] <= bars.closes[start] + horizon)
        low, high = bars.values[then, _LOW] <= lower[start], bars.values[then, _HIGH] >= upper[start]
        fell[start] |= inside & low & ~high
        rose[start] |= inside & high & ~low
        both[start] |= inside & low & high
    known = np.isfinite(distance) & ~both & (bars.closes + horizon <= bars.closes[-1])
    return np.where(known, fell, np.nan), np.where(known, rose, np.nan)


def bar_volatility(bars: Bars) -> Floats:
    """float64[n]: the standard deviation of the last 20 returns from bar to bar, the bar's own among them.

    NaN where a bar is missing among them, and where the price did not move.
    """
    found = np.full(len(bars), np.nan)
    if len(bars) <= VOLATILITY_BARS:
        return found
    closes = bars.values[:, _CLOSE]
    returns = np.where(np.diff(bars.closes) == bars.interval, closes[1:] / closes[:-1] - 1.0, np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(returns, VOLATILITY_BARS)
    deviations = windows.std(axis=1, ddof=1)
    found[VOLATILITY_BARS:] = np.where(deviations > 0.0, deviations, np.nan)
    return found
