"""What gates are asked about, measured from quotes and bars: spread, bad ticks, chop, probabilities of barrier models.

Bars are float64[S, L, 5]: open, high, low, close, volume; oldest first, NaN where there is none; the last is the
current one. No mean or median that the current bar is compared with contains it.
"""

from __future__ import annotations

import numpy as np

from actors.strategy.pipeline.arrays import Floats, every, some

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
    spread = ask - bid
    none = spread < 0.0
    none |= bid <= 0.0
    middle = ask + bid
    middle *= 0.5
    spread /= middle
    spread *= 1e4
    if some(none):
        spread[none] = np.inf
    return spread


def bad_tick_measures(bars: Floats) -> tuple[Floats, Floats]:
    """float64[S] twice: how far the last close is from the mean of the 20 closes before it (fraction of that mean,
    not signed), and its volume over their mean volume.

    NaN where one of the 21 bars is missing or the mean is not above 0 (sheet T 4).
    """
    count = bars.shape[0]
    if bars.shape[1] <= BAD_TICK_BARS:
        return np.full(count, np.nan), np.full(count, np.nan)
    # rows in one piece add up alike for one symbol and many
    both = bars[:, -BAD_TICK_BARS - 1 :, _CLOSE : _VOLUME + 1].transpose(2, 0, 1)
    last, before = both[..., -1], np.ascontiguousarray(both[..., :-1])
    mean = np.add.reduce(before, axis=2)
    mean /= BAD_TICK_BARS
    known = mean > 0.0
    if not every(known):
        mean[~known] = np.nan
    price, volume = mean
    deviation = last[0] - price
    deviation /= price
    return np.abs(deviation, out=deviation), last[1] / volume


def bars_seen(bars: Floats) -> Floats:
    """float64[S]: how many of the last 21 bars, in a row and the last among them, have a close."""
    missing = np.isnan(bars[:, : -BAD_TICK_BARS - 2 : -1, _CLOSE])
    count = np.full(missing.shape[0], float(missing.shape[1]))
    if some(missing):
        touched = np.logical_or.reduce(missing, axis=1)
        count[touched] = missing.argmax(axis=1)[touched]
    return count


def atr_ratio(bars: Floats, lookback: int = CHOP_LOOKBACK) -> Floats:
    """The second that `average_true_range` tells."""
    return average_true_range(bars, lookback)[1]


def average_true_range(bars: Floats, lookback: int = CHOP_LOOKBACK) -> tuple[Floats, Floats]:
    """float64[S] twice: ATR(14) as a fraction of the price now, and its ratio to the median of those before it.

    The ATR is the simple mean of the true range, NaN where a bar of it is missing; the median is over those among the
    last `lookback` bars. An ATR that a missing bar touches counts for nothing in it; the ratio is NaN where fewer are
    left than 28 bars have, or the median is not above 0.
    """
    bars = bars[:, -lookback:]
    count, length = bars.shape[:2]
    atr, ratio = np.full((2, count), np.nan)
    if length > ATR_PERIOD:
        for start in range(0, count, _BLOCK):
            block = slice(start, start + _BLOCK)
            rolling = _rolling_atr(bars[block])
            np.divide(rolling[:, -1], ATR_PERIOD, out=atr[block])
            if length >= CHOP_BARS:
                ratio[block] = _ratio_to_median(rolling)
    return atr, ratio


def _ratio_to_median(atr: Floats) -> Floats:
    """Of float64[S,N] of rolling ATRs the last over the median of those before, which are put in order in place."""
    last, ranked = atr[:, -1], atr[:, :-1]
    ranked.sort(axis=1)  # NaN last
    width = ranked.shape[1]
    median = ranked[:, (width - 1) // 2] + ranked[:, width // 2]
    median *= 0.5
    if not every(ranked[:, -1] == ranked[:, -1]):
        rows = np.arange(len(ranked))
        known = width - np.count_nonzero(np.isnan(ranked), axis=1)
        lower = ranked[rows, np.maximum(known - 1, 0) // 2]
        median = (lower + ranked[rows, np.minimum(known // 2, width - 1)]) * 0.5
        median[known < CHOP_BARS - ATR_PERIOD - 1] = np.nan
    usable = median > 0.0
    if not every(usable):
        median[~usable] = np.nan
    return np.asarray(last / median)


def _rolling_atr(bars: Floats) -> Floats:
    """float64[S, L - 14]: 14 times the ATR over the close, at each bar that has 14 true ranges behind it.

    All symbols are worked on as one row, the fastest that numpy can do; what it adds up across two of them is at the
    first bars of the second, and left out.
    """
    count, length = bars.shape[:2]
    high, low, close = (np.ascontiguousarray(bars[..., each]).reshape(-1) for each in (_HIGH, _LOW, _CLOSE))
    ranges: Floats = np.maximum(high[1:], close[:-1])
    ranges -= np.minimum(low[1:], close[:-1])
    # sums of 2 and 4 make the sum of 14: no running sum, so that a missing bar spoils only what it touches
    two = ranges[:-1] + ranges[1:]
    four = two[:-2] + two[2:]
    total = np.empty(count * length)
    np.add(four[:-10], four[4:-6], out=total[ATR_PERIOD:])
    total[ATR_PERIOD:] += four[8:-2]
    total[ATR_PERIOD:] += two[12:]
    total[ATR_PERIOD:] /= close[ATR_PERIOD:]
    return total.reshape(count, length)[:, ATR_PERIOD:]


def barrier_probability(raw: Floats, steepness: float = 5.0) -> Floats:
    """float64[S]: the probability that a barrier model's raw output stands for, 1 / (1 + exp(-5 raw)) (sheet F 5).

    NaN stays NaN: a probability nobody told is not a neutral one.
    """
    with np.errstate(over="ignore"):
        return 1.0 / (1.0 + np.exp(-steepness * raw))


def valid_probability(values: Floats) -> Floats:
    """float64[S]: NaN where it is not between 0 and 1."""
    return np.where((values >= 0) & (values <= 1), values, np.nan)
