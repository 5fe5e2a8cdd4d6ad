"""What triggers and the screener measure on bars: averages, slopes, RSI, z-scores, pivots.

Bars are float64[S, L, 5] as `BarWindow` gives them: open, high, low, close, volume, oldest first, NaN where there is
none; the last is the current one. All results are float64[S] unless told, NaN where a bar that is needed is missing.
"""

from __future__ import annotations

import numpy as np

from actors.strategy.pipeline.arrays import Floats
from actors.strategy.pipeline.windows import CLOSE, HIGH, LOW, VOLUME

HOURS_A_YEAR = 8_760.0


def missing(bars: Floats) -> Floats:
    """float64[S] of NaN."""
    return np.full(bars.shape[0], np.nan)


def last_returns(bars: Floats, count: int) -> Floats:
    """float64[S, count]: the returns (fractions) of the last `count` bars, each against the close before it."""
    if bars.shape[1] <= count:
        return np.full((bars.shape[0], count), np.nan)
    closes = bars[:, -count - 1 :, CLOSE]
    return np.asarray(closes[:, 1:] / closes[:, :-1] - 1.0)


def total_return(bars: Floats, count: int) -> Floats:
    """The return (fraction) over the last `count` bars."""
    if bars.shape[1] <= count:
        return missing(bars)
    return np.asarray(bars[:, -1, CLOSE] / bars[:, -count - 1, CLOSE] - 1.0)


def annual_volatility(bars: Floats, count: int, bars_a_year: float, least: int = 24) -> Floats:
    """The population deviation of the last returns, at most `count` of them, in percent a year.

    NaN with fewer than `least` bars in a row up to now (sheet T 4 says 50 then, which looks like an answer).
    """
    closes = bars[:, -count - 1 :, CLOSE]
    known = ~np.isnan(closes)
    # only what is connected with the current bar counts
    joined = np.logical_and.accumulate(known[:, ::-1], axis=1)[:, ::-1]
    pairs = joined[:, :-1] & known[:, 1:]
    with np.errstate(invalid="ignore"):
        returns = np.where(pairs, closes[:, 1:] / closes[:, :-1] - 1.0, 0.0)
    number = pairs.sum(axis=1)
    enough = number + 1 >= least
    divisor = np.maximum(number, 1)
    mean = returns.sum(axis=1) / divisor
    variance = (np.where(pairs, returns - mean[:, None], 0.0) ** 2).sum(axis=1) / divisor
    return np.where(enough, np.sqrt(variance * bars_a_year) * 100.0, np.nan)


def range_before(bars: Floats, count: int) -> tuple[Floats, Floats]:
    """The highest high and the lowest low of the `count` bars before the current one."""
    if bars.shape[1] <= count:
        return missing(bars), missing(bars)
    before = bars[:, -count - 1 : -1]
    return before[:, :, HIGH].max(axis=1), before[:, :, LOW].min(axis=1)


def volume_ratio(bars: Floats, count: int) -> Floats:
    """The current volume over the mean of the `count` bars before it; NaN where those traded nothing."""
    if bars.shape[1] <= count:
        return missing(bars)
    mean = np.ascontiguousarray(bars[:, -count - 1 : -1, VOLUME]).mean(axis=1)
    return np.asarray(bars[:, -1, VOLUME] / np.where(mean > 0.0, mean, np.nan))


def ema_slope(bars: Floats, period: int, over: int) -> Floats:
    """The slope of the EMA of the closes, in percent a bar over the last `over` bars (sheet T 4).

    The EMA begins with the mean of the first `period` of all closes that are there.
    """
    closes = bars[:, :, CLOSE]
    length = closes.shape[1]
    if length < period + over:
        return missing(bars)
    first = np.argmax(~np.isnan(closes), axis=1)
    average, before = missing(bars), missing(bars)
    weight = 2.0 / (period + 1)
    rows = np.arange(len(closes))
    for bar in range(length):
        begins = first + period - 1 == bar
        if begins.any():
            window = closes[rows[begins, None], first[begins, None] + np.arange(period)]
            average = average.copy()
            average[begins] = np.ascontiguousarray(window).mean(axis=1)
        average = np.where(begins, average, average + weight * (closes[:, bar] - average))
        if bar == length - 1 - over:
            before = average
    return (average / before - 1.0) * 100.0 / over


def mean_rsi(bars: Floats, period: int) -> Floats:
    """RSI by plain means of the last `period` changes; 50 where nothing moved at all (Cutler)."""
    if bars.shape[1] <= period:
        return missing(bars)
    closes = np.ascontiguousarray(bars[:, -period - 1 :, CLOSE])
    changes = closes[:, 1:] - closes[:, :-1]
    gains = np.maximum(changes, 0.0).sum(axis=1)
    total = np.abs(changes).sum(axis=1)
    return np.where(total == 0.0, 50.0, 100.0 * gains / np.where(total == 0.0, 1.0, total))


def wilder_rsi(bars: Floats, period: int, span: int) -> tuple[Floats, Floats]:
    """Wilder's RSI at the bar before the current one and at the current one, begun `span` bars ago."""
    if bars.shape[1] <= span or span <= period:
        return missing(bars), missing(bars)
    changes = np.diff(bars[:, -span - 1 :, CLOSE], axis=1)
    up, down = np.maximum(changes, 0.0), np.maximum(-changes, 0.0)
    gain = np.ascontiguousarray(up[:, :period]).mean(axis=1)
    loss = np.ascontiguousarray(down[:, :period]).mean(axis=1)
    before = now = _rsi(gain, loss)
    for bar in range(period, span):
        gain = (gain * (period - 1) + up[:, bar]) / period
        loss = (loss * (period - 1) + down[:, bar]) / period
        before, now = now, _rsi(gain, loss)
    return before, now


def _rsi(gain: Floats, loss: Floats) -> Floats:
    total = gain + loss
    return np.where(total == 0.0, 50.0, 100.0 * gain / np.where(total == 0.0, 1.0, total))


def zscore_before(bars: Floats, count: int) -> Floats:
    """How many deviations the current close is from the mean of the `count` closes before it.

    NaN where those did not move.
    """
    if bars.shape[1] <= count:
        return missing(bars)
    before = np.ascontiguousarray(bars[:, -count - 1 : -1, CLOSE])
    mean = before.mean(axis=1)
    centred = before - mean[:, None]
    deviation = np.sqrt((centred * centred).mean(axis=1))
    known = np.where(deviation > 1e-12 * np.abs(mean), deviation, np.nan)
    return np.asarray((bars[:, -1, CLOSE] - mean) / known)


def vwap_before(bars: Floats, count: int) -> Floats:
    """The volume-weighted typical price of the `count` bars before the current one; NaN where nothing traded."""
    if bars.shape[1] <= count:
        return missing(bars)
    before = bars[:, -count - 1 : -1]
    typical = (before[:, :, HIGH] + before[:, :, LOW] + before[:, :, CLOSE]) / 3.0
    volume = np.ascontiguousarray(before[:, :, VOLUME])
    total = volume.sum(axis=1)
    worth = np.ascontiguousarray(typical * volume).sum(axis=1)
    return np.asarray(worth / np.where(total > 0.0, total, np.nan))


def last_pivots(lows: Floats, beside: int) -> tuple[Floats, Floats]:
    """The last two pivots of `lows` float64[S, L], the older one first: bars below `beside` others on each side.

    NaN where there are fewer than two. For the pivots of highs give their negatives.
    """
    width = lows.shape[1] - 2 * beside
    if width < 1:
        return np.full(len(lows), np.nan), np.full(len(lows), np.nan)
    middle = lows[:, beside : beside + width]
    pivot = np.ones(middle.shape, dtype=np.bool_)
    for step in range(1, beside + 1):
        pivot &= middle < lows[:, beside - step : beside - step + width]
        pivot &= middle < lows[:, beside + step : beside + step + width]
    order = np.cumsum(pivot[:, ::-1], axis=1)[:, ::-1]  # 1 at the last pivot, 2 at the one before
    return _at(middle, pivot & (order == 2)), _at(middle, pivot & (order == 1))


def _at(values: Floats, chosen: np.ndarray) -> Floats:
    found = chosen.any(axis=1)
    return np.where(found, values[np.arange(len(values)), chosen.argmax(axis=1)], np.nan)
