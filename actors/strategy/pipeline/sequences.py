"""Raw bars for sequence models, normalised: one code for training and trading.

A window is always normalised as a whole, by its own first bar or its own range, when a prediction is made; rows
normalised earlier are never kept and mixed with later ones. Sheet F 16.1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum

import numpy as np

from actors.strategy.pipeline.arrays import Floats
from actors.strategy.pipeline.windows import CHANNELS, CLOSE, VOLUME
from messages.errors import ConfigurationError, DataProviderError

_EPSILON = 1e-8
_LEAST_BARS = 2


class Normalisation(StrEnum):
    """How a window of raw bars is made comparable."""

    RETURNS = "returns"
    LOG_RETURNS = "log_returns"
    MINMAX = "minmax"
    NONE = "none"


def normalise(windows: Floats, method: Normalisation) -> Floats:
    """float64[S,L,C] of model inputs from float64[S,L,C] of raw bars, oldest first; C is 5 unless the method is NONE.

    | method | prices | volume |
    |---|---|---|
    | returns | p / (first close + 1e-8) - 1 | v / (first volume + 1e-8) - 1 |
    | log_returns | ln(p / (first close + 1e-8) + 1e-8) | ln(v / (first volume + 1e-8) + 1e-8) |
    | minmax | each channel to [0, 1] within the window, 0 where it does not change | the same |
    | none | a copy | a copy |

    A window is NaN as a whole when it has fewer than two bars or a bar in it is missing, or when its first volume, by
    which the first two methods divide, is 0: there is no prediction then. Raises `DataProviderError` for other shapes.
    """
    if windows.ndim != 3 or (method is not Normalisation.NONE and windows.shape[2] != len(CHANNELS)):
        raise DataProviderError(
            "not windows of raw bars",
            field="windows",
            value=windows.shape,
            remedy=f"give [windows, bars, channels] with the channels {', '.join(CHANNELS)}",
        )
    if windows.shape[1] < _LEAST_BARS:
        return np.full(windows.shape, np.nan)
    with np.errstate(all="ignore"):
        normal = _NORMALISE[method](windows)
    whole = np.isfinite(normal).all(axis=(1, 2), keepdims=True)
    return np.where(whole, normal, np.nan)


def normalisation(name: str) -> Normalisation:
    """The method of that name. Raises `ConfigurationError` when there is none."""
    if name not in tuple(Normalisation):
        raise ConfigurationError(
            "no such normalisation",
            field="normalisation",
            value=name,
            remedy=f"one of {', '.join(Normalisation)}",
        )
    return Normalisation(name)


def raw_bars(columns: Mapping[str, Floats]) -> Floats:
    """float64[T,5] from columns by name, in any case and order. Raises `DataProviderError` for one that is missing."""
    by_name = {name.lower(): values for name, values in columns.items()}
    missing = [name for name in CHANNELS if name not in by_name]
    if missing:
        raise DataProviderError(
            "a column is missing", field="columns", value=sorted(columns), remedy=f"add {', '.join(missing)}"
        )
    return np.stack([np.asarray(by_name[name], dtype=np.float64) for name in CHANNELS], axis=1)


def _first(windows: Floats) -> Floats:
    """float64[S,1,5]: what each channel is divided by."""
    first = np.repeat(windows[:, :1, CLOSE, None], len(CHANNELS), axis=2)
    volume = windows[:, 0, VOLUME]
    first[:, 0, VOLUME] = np.where(volume > 0.0, volume, np.nan)
    return first + _EPSILON


def _returns(windows: Floats) -> Floats:
    return windows / _first(windows) - 1.0


def _log_returns(windows: Floats) -> Floats:
    return np.asarray(np.log(windows / _first(windows) + _EPSILON))


def _minmax(windows: Floats) -> Floats:
    low = windows.min(axis=1, keepdims=True)
    width = windows.max(axis=1, keepdims=True) - low
    return np.where(width == 0.0, 0.0, (windows - low) / np.where(width == 0.0, 1.0, width))


_NORMALISE: Mapping[Normalisation, Callable[[Floats], Floats]] = {
    Normalisation.RETURNS: _returns,
    Normalisation.LOG_RETURNS: _log_returns,
    Normalisation.MINMAX: _minmax,
    Normalisation.NONE: np.copy,
}
