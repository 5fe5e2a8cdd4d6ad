"""What happens on the bars that a rule may act on; each trigger says on which symbols, which way, how strongly.

All take bars float64[S, L, 5] (see `indicators`), the last bar being the current one, which no window that it is
compared with contains. Moves keep their sign. A symbol on which a bar is missing that a trigger needs never fires.

| trigger | fires when | strength | confidence |
|---|---|---|---|
| `price_move` | the largest of the last 4 moves / the last / both are large | 0.6 / 0.7 / 0.8 | 0.70 / 0.75 / 0.85 |
| `volume_spike` | volume / mean of the 24 before >= r; the way of the bar | (r-1)/3 | r/4 |
| `breakout` | the close is beyond the range of the 24 bars before | 0.7 | 0.8 |
| `reversal` | 5 to 10 % off the extreme of the 24 before, the trend turned, 3 of 4 confirm | recovery / 20 % | 0.6 |
| `momentum` | 2 % over 24 bars; up not in a bear market or crash | move / 10 % | share of the last 12 moves |
| `screener` | 0.8 deviations from the 20 closes before, against the move | z / 3 | distance of RSI(14) from 50 |
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from actors.strategy.pipeline.arrays import Bools, Codes, Floats, in_range
from actors.strategy.pipeline.windows import CLOSE, HIGH, LOW
from actors.strategy.rules import indicators
from actors.strategy.rules.regime import Regime
from actors.strategy.rules.settings import TriggerSettings

CONFIRMATIONS = ("vwap", "pivot", "rsi", "bounce")
"""What may confirm a reversal, in the order of `Fired.confirmed`."""

_VWAP_BARS, _PIVOT_BARS, _PIVOT_SIDE, _RSI_PERIOD, _RSI_SPAN, _BOUNCE_BARS = 12, 48, 2, 14, 42, 36
_SCORE_BARS = 20


class Fired(NamedTuple):
    """One trigger's answer, per symbol.

    `direction` float64[S]: +1 up, -1 down, 0 not fired. `strength`, `confidence` float64[S], 0 to 1, 0 where it did not
    fire. `move` float64[S] is what it saw: a return (fraction), for a spike that of its bar; NaN where it did not.
    `confirmed` bool[S, 4], see `CONFIRMATIONS`: of a reversal alone.
    """

    direction: Floats
    strength: Floats
    confidence: Floats
    move: Floats
    confirmed: Bools


class Seen(NamedTuple):
    """What triggers look at: the bars, those of a shorter interval that confirm reversals, the regimes int8[S]."""

    bars: Floats
    fast: Floats
    regime: Codes


Trigger = Callable[[Seen, TriggerSettings], Fired]


def price_move(seen: Seen, settings: TriggerSettings) -> Fired:
    """A move of one bar beyond the regime's threshold; where the two disagree in their way, the last bar has it."""
    moves = indicators.last_returns(seen.bars, settings.recent)
    enough = _whole(seen.bars, settings.least_bars)
    largest = _largest(moves)
    last = moves[:, -1]
    fast = enough & (np.abs(largest) >= _threshold(seen, settings, "fast_move") * settings.scale)
    slow = enough & (np.abs(last) >= _threshold(seen, settings, "slow_move") * settings.scale)
    both = fast & slow & (largest * last > 0.0)
    move = np.where(slow, last, largest)
    strength = np.where(both, 0.8, np.where(slow, 0.7, 0.6))
    confidence = np.where(both, 0.85, np.where(slow, 0.75, 0.70))
    return _fired(fast | slow, np.sign(move), strength, confidence, move)


def volume_spike(seen: Seen, settings: TriggerSettings) -> Fired:
    """Much more is traded than in the bars before, the way the bar went."""
    ratio = indicators.volume_ratio(seen.bars, settings.lookback)
    move = indicators.total_return(seen.bars, 1)
    fires = ratio >= _threshold(seen, settings, "volume")
    strength, confidence = spike_figures(ratio)
    return _fired(fires, np.sign(move), strength, confidence, move)


def spike_figures(ratio: Floats) -> tuple[Floats, Floats]:
    """Strength and confidence of a volume `ratio` float64[S]."""
    return in_range((ratio - 1.0) / 3.0, 0.0, 1.0), in_range(ratio / 4.0, 0.0, 1.0)


def breakout(seen: Seen, settings: TriggerSettings) -> Fired:
    """The close is above the highest high, or below the lowest low, of the bars before."""
    high, low = indicators.range_before(seen.bars, settings.lookback)
    close, margin = seen.bars[:, -1, CLOSE], settings.breakout_margin
    up, down = close > high * (1.0 + margin), close < low * (1.0 - margin)
    move = np.where(up, close / high - 1.0, close / low - 1.0)
    ones = np.ones(len(close))
    return _fired(up | down, np.where(up, 1.0, -1.0), 0.7 * ones, 0.8 * ones, move)


def reversal(seen: Seen, settings: TriggerSettings) -> Fired:
    """A turn from the low of the bars before, or from their high, that the trend and shorter bars confirm."""
    high, low = indicators.range_before(seen.bars, settings.lookback)
    close = seen.bars[:, -1, CLOSE]
    risen, fallen = close / low - 1.0, 1.0 - close / high
    up, down = _turned(risen, settings), _turned(fallen, settings)
    if not (up.any() or down.any()):  # the trend of many bars costs more than all else
        nothing = np.zeros(len(close))
        return _fired(nothing > 0.0, nothing, nothing, nothing, np.full(len(close), np.nan))
    slope = indicators.ema_slope(seen.bars, settings.ema, settings.slope_over)
    up = up & (slope >= settings.slope)
    down = down & (slope <= -settings.slope)
    up &= ~down | (risen >= fallen)
    down &= ~up
    direction = np.where(up, 1.0, np.where(down, -1.0, 0.0))
    confirmed = confirmations(seen.fast, direction, settings)
    fires = (direction != 0.0) & (confirmed.sum(axis=1) >= settings.confirmations)
    recovery = np.where(down, fallen, risen)
    strength = in_range(recovery / settings.recovery_full, 0.0, 1.0)
    fired = _fired(fires, direction, strength, np.full(len(close), 0.6), recovery * direction)
    return fired._replace(confirmed=confirmed & fires[:, None])


def _turned(recovery: Floats, settings: TriggerSettings) -> Bools:
    return (recovery > settings.recovered) & (recovery <= settings.near)


def confirmations(fast: Floats, direction: Floats, settings: TriggerSettings) -> Bools:
    """bool[S, 4]: which of `CONFIRMATIONS` speak for a turn to `direction` (float64[S]) on the shorter bars.

    The close beyond the VWAP of the 12 before; the last pivot inside the one before it (48 bars, 2 on each side);
    Wilder's RSI(14) crossing 50 now; 0.6 % away from the extreme of the 36 before.
    """
    close = fast[:, -1, CLOSE] if fast.shape[1] else indicators.missing(fast)
    up = direction > 0.0
    vwap = indicators.vwap_before(fast, _VWAP_BARS)
    window = fast[:, -_PIVOT_BARS:]
    low_before, low = indicators.last_pivots(window[:, :, LOW], _PIVOT_SIDE)
    high_before, high = indicators.last_pivots(-window[:, :, HIGH], _PIVOT_SIDE)
    was, rsi = indicators.wilder_rsi(fast, _RSI_PERIOD, _RSI_SPAN)
    top, bottom = indicators.range_before(fast, _BOUNCE_BARS)
    said = [
        np.where(up, close > vwap, close < vwap),
        np.where(up, low > low_before, high > high_before),
        np.where(up, (was < 50.0) & (rsi >= 50.0), (was > 50.0) & (rsi <= 50.0)),
        np.where(up, close / bottom - 1.0 >= settings.bounce, 1.0 - close / top >= settings.bounce),
    ]
    return np.asarray(np.stack(said, axis=1) & (direction != 0.0)[:, None])


def momentum(seen: Seen, settings: TriggerSettings) -> Fired:
    """A move over a day's bars; one up counts for nothing in a bear market or a crash."""
    move = indicators.total_return(seen.bars, settings.lookback)
    moves = indicators.last_returns(seen.bars, settings.agreement)
    direction = np.sign(move)
    against = np.isin(seen.regime, (Regime.BEAR, Regime.CRASH)) & (direction > 0.0)
    fires = (np.abs(move) >= settings.momentum) & ~against
    same = (np.sign(moves) == direction[:, None]).sum(axis=1) / settings.agreement
    return _fired(fires, direction, in_range(np.abs(move) / settings.momentum_full, 0.0, 1.0), same, move)


def screener(seen: Seen, settings: TriggerSettings) -> Fired:
    """A close far from those before it, to be traded back to them; more so the further RSI is on the same side."""
    score = indicators.zscore_before(seen.bars, _SCORE_BARS)
    rsi = indicators.mean_rsi(seen.bars, _RSI_PERIOD)
    direction = -np.sign(score)
    fires = np.abs(score) > settings.screener_score
    confidence = in_range((50.0 - rsi) * direction / 50.0, 0.0, 1.0)
    strength = in_range(np.abs(score) / settings.screener_full, 0.0, 1.0)
    return _fired(fires, direction, strength, confidence, indicators.total_return(seen.bars, 1))


TRIGGERS: Mapping[str, Trigger] = MappingProxyType(
    {
        "price_move": price_move,
        "volume_spike": volume_spike,
        "breakout": breakout,
        "reversal": reversal,
        "momentum": momentum,
        "screener": screener,
    }
)
"""All of them by name; in this order the first wins where two are equally strong."""


def _whole(bars: Floats, count: int) -> Bools:
    """bool[S]: whether the last `count` bars are all there."""
    if bars.shape[1] < count:
        return np.zeros(bars.shape[0], dtype=np.bool_)
    return np.asarray(~np.isnan(bars[:, -count:, CLOSE]).any(axis=1))


def _threshold(seen: Seen, settings: TriggerSettings, name: str) -> Floats:
    """float64[S]: the threshold of each symbol's regime; NaN, which nothing reaches, where that is unknown."""
    table = np.array([getattr(settings.thresholds[each], name) for each in Regime if each >= 0] + [np.nan])
    return np.asarray(table[seen.regime])  # UNKNOWN is -1: the last


def _largest(moves: Floats) -> Floats:
    """float64[S]: the largest move whichever its way, with its sign; NaN where one is missing."""
    rows = np.arange(len(moves))
    found = moves[rows, np.abs(moves).argmax(axis=1)]
    return np.where(np.isnan(moves).any(axis=1), np.nan, found)


def _fired(fires: Bools, direction: Floats, strength: Floats, confidence: Floats, move: Floats) -> Fired:
    fires = fires & ~np.isnan(direction) & (direction != 0.0) & ~np.isnan(strength) & ~np.isnan(confidence)
    return Fired(
        np.where(fires, direction, 0.0),
        np.where(fires, strength, 0.0),
        np.where(fires, confidence, 0.0),
        np.where(fires, move, np.nan),
        np.zeros((len(fires), len(CONFIRMATIONS)), dtype=np.bool_),
    )
