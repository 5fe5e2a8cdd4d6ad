"""The 29 features that models are given, each a function of the last bars alone; the same code trains and trades.

`c`, `h`, `l`, `v` are close, high, low and volume, `[0]` of the newest bar, `[1]` of the one before it. No feature
depends on the price level or on anything before its own window, so that folding one more bar gives the bits of
computing it all anew. What a bar is compared with never includes that bar.

| name | formula | bars |
|---|---|---|
| `return_n`, n = 1 5 10 20 60 | c[0] / c[n] - 1 | n + 1 |
| `volatility_n`, n = 5 10 20 60 | sample standard deviation of the last n returns of one bar | n + 1 |
| `rsi_n`, n = 7 14 21 | 100 x gains / (gains + losses) over the last n changes of c, by plain sums (Cutler) | n + 1 |
| `ma_ratio_n`, n = 10 20 50 | c[0] / mean(c[1] .. c[n]) - 1 | n + 1 |
| `bollinger_position` | (c[0] - lower) / (upper - lower), 2 population deviations about mean(c[1] .. c[20]) | 21 |
| `bollinger_width` | (upper - lower) / mean(c[1] .. c[20]) | 21 |
| `macd` | (EMA12 - EMA26) / c[0], each EMA over 104 bars with weights (1 - 2 / (n + 1))^age, normalised | 104 |
| `macd_signal` | EMA9, over 36 bars, of EMA12 - EMA26, / c[0] | 139 |
| `macd_histogram` | macd - macd_signal | 139 |
| `momentum_n`, n = 5 10 20 | n x the slope by bar of the least-squares line through ln c[0] .. ln c[n] | n + 1 |
| `atr_14` | mean(max(h[i], c[i+1]) - min(l[i], c[i+1]), i = 0 .. 13) / c[0] | 15 |
| `range` | (h[0] - l[0]) / c[0] | 1 |
| `volume_ratio` | v[0] / mean(v[1] .. v[20]) | 21 |
| `volume_change` | v[0] / v[1] - 1 | 2 |
| `year_high_distance` | c[0] / max(h[1] .. h[252]) - 1 | 253 |
| `year_low_distance` | c[0] / min(l[1] .. l[252]) - 1 | 253 |

A year is 252 bars, whatever their interval: 52 weeks of trading days for daily bars. A feature is NaN where a bar of
its window is missing and where it is not defined: no change at all has no RSI, no volume has no ratio.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from actors.strategy.pipeline.arrays import Floats, Ints, every
from actors.strategy.pipeline.windows import CHANNELS, CLOSE, HIGH, LOW, VOLUME
from messages.errors import ConfigurationError, DataProviderError

_RETURNS = (1, 5, 10, 20, 60)
_VOLATILITIES = (5, 10, 20, 60)
_RSI = (7, 14, 21)
_AVERAGES = (10, 20, 50)
_MOMENTA = (5, 10, 20)
_BANDS = 20
_BAND_WIDTH = 2.0
_FAST, _SLOW, _SIGNAL = 12, 26, 9
_SLOW_BARS, _SIGNAL_BARS = 4 * _SLOW, 4 * _SIGNAL
_MACD_BARS = _SLOW_BARS + _SIGNAL_BARS - 1
_ATR = 14
_VOLUMES = 20
_YEAR = 252

_FLAT = 1e-12
"""A deviation below this part of the price is rounding."""

_FAMILIES: dict[str, dict[str, int]] = {
    "returns": {f"return_{n}": n + 1 for n in _RETURNS},
    "volatility": {f"volatility_{n}": n + 1 for n in _VOLATILITIES},
    "rsi": {f"rsi_{n}": n + 1 for n in _RSI},
    "averages": {f"ma_ratio_{n}": n + 1 for n in _AVERAGES},
    "bands": {"bollinger_position": _BANDS + 1, "bollinger_width": _BANDS + 1},
    "macd": {"macd": _SLOW_BARS, "macd_signal": _MACD_BARS, "macd_histogram": _MACD_BARS},
    "momentum": {f"momentum_{n}": n + 1 for n in _MOMENTA},
    "ranges": {"atr_14": _ATR + 1, "range": 1},
    "volume": {"volume_ratio": _VOLUMES + 1, "volume_change": 2},
    "year": {"year_high_distance": _YEAR + 1, "year_low_distance": _YEAR + 1},
}
"""The features in their order, and how many bars each needs; all but the last three families are of closes alone."""

_BARS: dict[str, int] = {name: bars for family in _FAMILIES.values() for name, bars in family.items()}

FEATURES: tuple[str, ...] = tuple(_BARS)
"""The names, in the order of the last axis of `features`."""

_LONGEST = max(_BARS.values())
_ROWS_AT_ONCE = 2048


def _windows(lengths: tuple[int, ...]) -> Floats:
    """float64[k, longest]: 1 for the last values of each length, 0 for those before them."""
    ages = np.arange(max(lengths) - 1, -1, -1)
    return np.array([ages < length for length in lengths], dtype=np.float64)


def _mean_weights(lengths: tuple[int, ...]) -> Floats:
    """float64[k, longest]: the weights of the means over the last values of each length."""
    return np.asarray(_windows(lengths) / np.array(lengths)[:, None])


def _ema_weights(period: int, bars: int) -> Floats:
    """The weights of an exponential average over `bars`, oldest first, that sum to 1."""
    weights = (1.0 - 2.0 / (period + 1)) ** np.arange(bars - 1, -1, -1, dtype=np.float64)
    return np.asarray(weights / weights.sum())


def _macd_weights() -> Floats:
    """float64[2, bars]: what each close counts for in the MACD and in its signal; both sum to 0."""
    line = _ema_weights(_FAST, _SLOW_BARS) - _ema_weights(_SLOW, _SLOW_BARS)
    weights = np.zeros((2, _MACD_BARS))
    weights[0, -_SLOW_BARS:] = line
    weights[1] = np.convolve(_ema_weights(_SIGNAL, _SIGNAL_BARS), line)
    return weights


def _momentum_weights() -> Floats:
    """float64[k, bars]: n x the weights of a least-squares slope through the last n + 1 values."""
    weights = np.zeros((len(_MOMENTA), max(_MOMENTA) + 1))
    for index, n in enumerate(_MOMENTA):
        steps = np.arange(n + 1) - n / 2.0
        weights[index, -n - 1 :] = n * steps / (steps * steps).sum()
    return weights


_RETURN_COLUMNS = np.array([-1 - n for n in _RETURNS])
_AVERAGE_WEIGHTS = _mean_weights(_AVERAGES)
_BAND_MEAN = _AVERAGES.index(_BANDS)
_MOMENTUM_WEIGHTS = _momentum_weights()
_MACD_WEIGHTS = _macd_weights()
_VOLATILITY_WEIGHTS = _mean_weights(_VOLATILITIES)
_SHORTER_WINDOWS = _windows(_VOLATILITIES[:-1])
_DEGREES = np.array([n - 1.0 for n in _VOLATILITIES])
_RSI_WINDOWS = _windows(_RSI)
_HUNDRED_RSI_WINDOWS = 100.0 * _RSI_WINDOWS


def _places() -> dict[str, slice]:
    """Where each family is in the last axis."""
    places, start = {}, 0
    for family, members in _FAMILIES.items():
        places[family] = slice(start, start + len(members))
        start += len(members)
    return places


_AT = _places()
_OF_CLOSES = _AT["ranges"].start
_CLOSES_NEEDED = np.array([_BARS[name] for name in FEATURES[:_OF_CLOSES]])


def bars_needed(names: Iterable[str] = FEATURES) -> int:
    """How many bars a window must hold for these features. Raises `ConfigurationError` for a name there is not."""
    longest = 1
    for name in names:
        if name not in _BARS:
            raise ConfigurationError(
                "no such feature", field="features", value=name, remedy=f"one of {', '.join(FEATURES)}"
            )
        longest = max(longest, _BARS[name])
    return longest


def neediest(names: Iterable[str]) -> str:
    """Of these features one that needs the most bars. Raises `ConfigurationError` for a name there is not."""
    wanted = list(names)
    bars_needed(wanted)
    return max(wanted, key=lambda name: _BARS[name])


def feature_columns(names: Iterable[str]) -> list[int]:
    """Where these features are in the last axis of `features`. Raises `ConfigurationError` for a name there is not."""
    wanted = list(names)
    bars_needed(wanted)
    return [FEATURES.index(name) for name in wanted]


def features(bars: Floats) -> Floats:
    """float64[S,29] of the features at the last bar, from float64[S,L,5] of bars, oldest first.

    With fewer than `bars_needed` bars, those features are NaN that need more. Raises `DataProviderError` when the
    last axis is not open, high, low, close, volume.
    """
    _check(bars, 3)
    out = np.empty((bars.shape[0], len(FEATURES)))
    with np.errstate(all="ignore"):
        _compute(_padded(bars), out)
    known = np.isfinite(out)
    if not every(known):
        out[~known] = np.nan
    return out


def feature_history(bars: Floats) -> Floats:
    """float64[T,29]: the features at each of float64[T,5] consecutive bars of one symbol, with what came before it.

    To the last bit what `features` gives for a window that ends there.
    """
    _check(bars, 2)
    length = _LONGEST
    padded = np.concatenate([np.full((length - 1, len(CHANNELS)), np.nan), bars])
    windows = np.lib.stride_tricks.sliding_window_view(padded, length, axis=0).transpose(0, 2, 1)
    out = np.empty((bars.shape[0], len(FEATURES)))
    for start in range(0, bars.shape[0], _ROWS_AT_ONCE):
        out[start : start + _ROWS_AT_ONCE] = features(windows[start : start + _ROWS_AT_ONCE])
    return out


def _check(bars: Floats, axes: int) -> None:
    if bars.ndim != axes or bars.shape[-1] != len(CHANNELS):
        raise DataProviderError(
            "not an array of bars",
            field="bars",
            value=bars.shape,
            remedy=f"give {axes} axes, the last of them {', '.join(CHANNELS)}",
        )


def _padded(bars: Floats) -> Floats:
    missing = _LONGEST - bars.shape[1]
    if missing <= 0:
        return bars
    return np.concatenate([np.full((bars.shape[0], missing, bars.shape[2]), np.nan), bars], axis=1)


def _compute(bars: Floats, out: Floats) -> None:
    """Fill `out` from at least `bars_needed` bars, in the order of `FEATURES`.

    Closes are taken relative to the last one, so that nothing depends on the price level. One that is missing, and
    all before it, count as no change; what needs them is blanked in the end. Sums go along rows that lie in one piece,
    in numpy's own order or that of a dot product: both are the same for any number of rows.
    """
    close = bars[:, -_MACD_BARS:, CLOSE]
    last = close[:, -1:]
    relative = np.divide(close, last, out=np.empty(close.shape))
    relative -= 1.0
    usable = None
    if not every(np.isfinite(np.add.reduce(relative, axis=1))):
        usable = _usable(relative)
    longest = max(_VOLATILITIES)
    steps = relative[:, -longest:] - relative[:, -longest - 1 : -1]
    _volatilities(relative, steps, out[:, _AT["volatility"]])
    _rsi(steps, out[:, _AT["rsi"]])
    means = _dots(relative[:, -max(_AVERAGES) - 1 : -1], _AVERAGE_WEIGHTS)
    _bollinger(relative, means[:, _BAND_MEAN], out[:, _AT["bands"]])
    levels = np.concatenate((relative[:, _RETURN_COLUMNS], means), axis=1)
    levels += 1.0
    np.divide(1.0, levels, out=levels)
    levels -= 1.0
    out[:, _AT["returns"]], out[:, _AT["averages"]] = levels[:, : len(_RETURNS)], levels[:, len(_RETURNS) :]
    _macd(relative, out[:, _AT["macd"]])
    out[:, _AT["momentum"]] = _dots(np.log1p(relative[:, -max(_MOMENTA) - 1 :]), _MOMENTUM_WEIGHTS)
    if usable is not None:
        out[:, :_OF_CLOSES][usable[:, None] < _CLOSES_NEEDED] = np.nan
    _ranges(bars, last, out[:, _AT["ranges"]])
    _volumes(bars, out[:, _AT["volume"]])
    _year(bars, last, out[:, _AT["year"]])


def _dots(rows: Floats, weights: Floats) -> Floats:
    """float64[S,K]: the sum of float64[S,L], each row in one piece, times each of the weights float64[K,L]."""
    return np.asarray(np.vecdot(rows[:, None], weights))


def _usable(relative: Floats) -> Ints:
    """How many closes up to the last are there; what is before them becomes 0 in place."""
    missing = ~np.isfinite(relative)
    length = relative.shape[1]
    newest_first = missing[:, ::-1]
    usable: Ints = np.where(missing.any(axis=1), newest_first.argmax(axis=1), length)
    relative[np.arange(length) < length - usable[:, None]] = 0.0
    return usable


def _volatilities(relative: Floats, steps: Floats, out: Floats) -> None:
    changes = 1.0 + relative[:, -steps.shape[1] - 1 : -1]
    np.divide(steps, changes, out=changes)
    means = _dots(changes, _VOLATILITY_WEIGHTS)
    shorter = changes[:, None, -_SHORTER_WINDOWS.shape[1] :] - means[:, :-1, None]
    shorter *= _SHORTER_WINDOWS
    out[:, :-1] = np.vecdot(shorter, shorter)
    changes -= means[:, -1:]
    out[:, -1] = np.vecdot(changes, changes)
    out /= _DEGREES
    np.sqrt(out, out=out)


def _rsi(steps: Floats, out: Floats) -> None:
    changes = steps[:, -max(_RSI) :]
    np.divide(
        _dots(np.maximum(changes, 0.0), _HUNDRED_RSI_WINDOWS), _dots(np.abs(changes), _RSI_WINDOWS), out=out
    )


def _bollinger(relative: Floats, mean: Floats, out: Floats) -> None:
    """Position and width of the bands before the last close, which is at 0."""
    from_mean = relative[:, -_BANDS - 1 : -1] - mean[:, None]
    deviation = np.sqrt(np.vecdot(from_mean, from_mean) / _BANDS)
    deviation[deviation <= _FLAT / _BAND_WIDTH] = np.nan
    width = (2.0 * _BAND_WIDTH) * deviation
    out[:, 0] = 0.5 - mean / width
    out[:, 1] = width / (1.0 + mean)


def _macd(relative: Floats, out: Floats) -> None:
    out[:, :2] = _dots(relative, _MACD_WEIGHTS)
    np.subtract(out[:, 0], out[:, 1], out=out[:, 2])


def _ranges(bars: Floats, last: Floats, out: Floats) -> None:
    high, low, before = bars[:, -_ATR:, HIGH], bars[:, -_ATR:, LOW], bars[:, -_ATR - 1 : -1, CLOSE]
    true_range = np.maximum(high, before, out=np.empty(high.shape))
    true_range -= np.minimum(low, before)
    np.add.reduce(true_range, axis=1, out=out[:, 0])
    out[:, 0] /= _ATR
    np.subtract(high[:, -1], low[:, -1], out=out[:, 1])
    out /= last


def _volumes(bars: Floats, out: Floats) -> None:
    last = bars[:, -1, VOLUME]
    out[:, 0] = np.add.reduce(np.ascontiguousarray(bars[:, -_VOLUMES - 1 : -1, VOLUME]), axis=1)
    out[:, 0] /= _VOLUMES
    out[:, 1] = bars[:, -2, VOLUME]
    np.divide(last[:, None], out, out=out)
    out[:, 1] -= 1.0


def _year(bars: Floats, last: Floats, out: Floats) -> None:
    out[:, 0] = np.maximum.reduce(bars[:, -_YEAR - 1 : -1, HIGH], axis=1)
    out[:, 1] = np.minimum.reduce(bars[:, -_YEAR - 1 : -1, LOW], axis=1)
    np.divide(last, out, out=out)
    out -= 1.0
