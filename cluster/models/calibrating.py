"""What predictions were worth on data that the model had not seen: slope, IC, RMSE, and how much evidence there is."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from actors.strategy.models import Calibration
from actors.strategy.pipeline.arrays import Floats, Ints
from actors.strategy.pipeline.prediction import PredictionSettings, Standardiser
from actors.strategy.pipeline.ranking import percentiles, rank_scores


def calibration_of(
    times: Ints,
    symbols: Ints,
    predictions: Floats,
    returns: Floats,
    *,
    overlap: int,
    ranked: bool = False,
    settings: PredictionSettings = PredictionSettings(),  # noqa: B008 — frozen
) -> Calibration | None:
    """The calibration of predictions in time order, all of them out of sample.

    `predictions` and `returns` float64[n] belong to `times` and the symbols with these indices; `overlap` is how many
    bars a horizon has, so that as many labels in a row share a stretch of time. The slope is that of the least squares
    line through zero of returns on z-scores, which are made as the desk makes them: against each symbol's own past,
    or for models whose predictions are to be `ranked`, among the symbols of one time. None where nothing can be told:
    too few pairs, predictions that never move, too few symbols to rank.
    """
    if ranked:
        z = said = _ranked(times, predictions)
    else:
        z, said = _standardised(times, symbols, predictions, settings), predictions
    known = np.isfinite(z) & np.isfinite(returns)
    pairs = int(known.sum()) // overlap
    ic = rank_correlation(said[known], returns[known])
    square = float(z[known] @ z[known])
    if pairs < settings.minimum or ic is None or square <= 0.0:
        return None
    slope = float(z[known] @ returns[known]) / square
    errors = returns[known] - slope * z[known]
    rmse = float(np.sqrt(errors @ errors / len(errors)))
    return Calibration(slope, ic, rmse, pairs, settings.window, ranked)


def _standardised(times: Ints, symbols: Ints, raw: Floats, settings: PredictionSettings) -> Floats:
    """z-scores by the pipeline's standardiser, NaN while it has too few observations to make one."""
    count = int(symbols.max(initial=-1)) + 1
    standardiser = Standardiser((count, 1, 1), settings)
    z = np.full(len(raw), np.nan)
    for rows in _moments(times):
        now = np.full((count, 1, 1), np.nan)
        now[symbols[rows], 0, 0] = raw[rows]
        made = standardiser.standardise(now)[:, 0, 0]
        # with fewer observations the raw value stands in for z, in other units
        made[standardiser.rings.counts()[:, 0, 0] < settings.minimum] = np.nan
        z[rows] = made[symbols[rows]]
    return z


def _ranked(times: Ints, raw: Floats) -> Floats:
    """Ranks in normal deviates among the rows of one time, NaN where there are too few of them."""
    z = np.full(len(raw), np.nan)
    for rows in _moments(times):
        z[rows] = rank_scores(raw[rows])
    return z


def _moments(times: Ints) -> Iterator[slice]:
    """The rows of each time; they are in its order."""
    if len(times):
        bounds = [*np.flatnonzero(np.r_[True, times[1:] != times[:-1]]).tolist(), len(times)]
        yield from (slice(start, stop) for start, stop in pairwise(bounds))


def rank_correlation(first: Floats, second: Floats) -> float | None:
    """Spearman's correlation, ties by average rank; None where it is not defined."""
    if len(first) < 2:
        return None
    a, b = percentiles(np.column_stack([first, second])).T
    a, b = a - a.mean(), b - b.mean()
    size = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / size if size > 0.0 else None
