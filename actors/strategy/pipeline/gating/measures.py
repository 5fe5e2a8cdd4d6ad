"""What gates are asked about, measured from quotes and bars: spread, bad ticks, chop, probabilities of barrier models.

Bars are float64[S, L, 5]: open, high, low, close, volume; oldest first, NaN where there is none; the last is the
current one. No mean or median that the current bar is compared with contains it.
"""

from __future__ import annotations

import numpy as np

from actors.strategy.pipeline.arrays import Floats

BAD_TICK_BARS = 20
"""How many bars before the current one a close is compared with."""

ATR_PERIOD = 14
CHOP_BARS = 28
"""With fewer bars there is no ratio to the median."""
CHOP_LOOKBACK = 100
"""From how many bars the median is taken."""
_BLOCK = 256
"""Symbols worked on at once: few enough for their bars to stay in the processor's cache."""

_HIGH, _LOW, _CLOSE, _VOLUME = 1, 2, 3, 4


def spread_bps(bid: Floats, ask: Floats) -> Floats:
    """float64[S]: ask less bid in bps of the mid; infinite for a quote that is none (not above 0, crossed).

    NaN where a side is missing.
    """
    spread = (ask - bid) / ((ask + bid) * 0.5) * 1e4
    return np.where((bid <= 0) | (ask < bid), np.inf, spread)


def bad_tick_measures(bars: Floats) -> tuple[Floats, Floats]:
    """float64[S] twice: how far the last close is from the mean of the 20 closes before it (fraction of that mean,
    not signed), and its volume over their mean volume.

    NaN where one of the 21 bars is missing or the mean is not above 0 (sheet T 4).
    """
    count = bars.shape[0]
    if bars.shape[1] <= BAD_TICK_BARS:
        return np.full(count, np.nan), np.full(count, np.nan)
    before, last = bars[:, -BAD_TICK_BARS - 1 : -1], bars[:, -1]
    price = _mean_above_zero(before[:, :, _CLOSE])
    volume = _mean_above_zero(before[:, :, _VOLUME])
    return np.abs(last[:, _CLOSE] - price) / price, last[:, _VOLUME] / volume


def bars_seen(bars: Floats) -> Floats:
    """float64[S]: how many of the last 21 bars, in a row and the last among them, have a close."""
    known = ~np.isnan(bars[:, : -BAD_TICK_BARS - 2 : -1, _CLOSE])
    return np.asarray(np.where(known.all(axis=1), known.shape[1], known.argmin(axis=1)), np.float64)


def atr_ratio(bars: Floats, lookback: int = CHOP_LOOKBACK) -> Floats:
    """float64[S]: ATR(14) as a fraction of the price now, over the median of those of the bars before.

    The ATR is the simple mean of the true range; the median is over those among the last `lookback` bars. An ATR that a
    missing bar touches counts for nothing; NaN where fewer are left than 28 bars have, or the median is not above 0.
    """
    bars = bars[:, -lookback:]
    count, length = bars.shape[:2]
    if length < CHOP_BARS:
        return np.full(count, np.nan)
    blocks = [_atr_ratio(bars[start : start + _BLOCK]) for start in range(0, count, _BLOCK)]
    return np.concatenate(blocks) if len(blocks) > 1 else blocks[0]


def _atr_ratio(bars: Floats) -> Floats:
    atr = _rolling_atr(bars)
    ranked = np.sort(atr[:, :-1], axis=1)  # NaN last
    width = ranked.shape[1]
    known = width - np.count_nonzero(np.isnan(ranked), axis=1)
    if np.count_nonzero(known == width) == len(known):
        median = (ranked[:, (width - 1) // 2] + ranked[:, width // 2]) * 0.5
    else:
        rows = np.arange(len(ranked))
        lower = ranked[rows, np.maximum(known - 1, 0) // 2]
        median = (lower + ranked[rows, np.minimum(known // 2, width - 1)]) * 0.5
    median[(known < CHOP_BARS - ATR_PERIOD - 1) | ~(median > 0.0)] = np.nan
    return np.asarray(atr[:, -1] / median)


def _rolling_atr(bars: Floats) -> Floats:
    """float64[S, L - 14]: 14 times the ATR over the close, at each bar that has 14 true ranges behind it."""
    before = bars[:, :-1, _CLOSE]
    ranges: Floats = np.maximum(bars[:, 1:, _HIGH], before)
    ranges -= np.minimum(bars[:, 1:, _LOW], before)
    # sums of 2 and 4 make the sum of 14: no running sum, so that a missing bar spoils only what it touches
    two = ranges[:, :-1] + ranges[:, 1:]
    four = two[:, :-2] + two[:, 2:]
    total: Floats = four[:, :-10] + four[:, 4:-6]
    total += four[:, 8:-2]
    total += two[:, 12:]
    total /= bars[:, ATR_PERIOD:, _CLOSE]
    return total


def _mean_above_zero(values: Floats) -> Floats:
    # rows in one piece add up alike for one symbol and many
    mean = np.ascontiguousarray(values).mean(axis=1)
    return np.where(mean > 0, mean, np.nan)


def barrier_probability(raw: Floats, steepness: float = 5.0) -> Floats:
    """float64[S]: the probability that a barrier model's raw output stands for, 1 / (1 + exp(-5 raw)) (sheet F 5).

    NaN stays NaN: a probability nobody told is not a neutral one.
    """
    with np.errstate(over="ignore"):
        return 1.0 / (1.0 + np.exp(-steepness * raw))


def valid_probability(values: Floats) -> Floats:
    """float64[S]: NaN where it is not between 0 and 1."""
    return np.where((values >= 0) & (values <= 1), values, np.nan)
