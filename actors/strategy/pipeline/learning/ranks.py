"""Spearman's rank correlation of many short rows at once."""

from __future__ import annotations

import numpy as np

from actors.strategy.pipeline.arrays import Bools, Floats, every


def average_ranks(values: Floats, known: Bools) -> Floats:
    """float64[..., N]: the rank of each value in its row, from 1; equal values share the average of their ranks.

    Only what is `known` is ranked and counted; the rest is 0.
    """
    width = values.shape[-1]
    rows = np.where(known, values, np.nan).reshape(-1, width)  # what is not known comes last, each alone
    cells = rows.argsort(axis=1)
    cells += np.arange(0, rows.size, width)[:, None]
    ordered = rows.reshape(-1)[cells]
    begins = np.ones(ordered.shape, dtype=np.bool_)
    begins[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    places, ranks = np.arange(1.0, width + 1.0), np.empty(rows.size)
    if every(begins):
        ranks[cells] = places
    else:
        ends = np.ones(ordered.shape, dtype=np.bool_)
        ends[:, :-1] = begins[:, 1:]
        first = np.maximum.accumulate(np.where(begins, places, 0.0), axis=1)
        last = np.minimum.accumulate(np.where(ends, places, width)[:, ::-1], axis=1)[:, ::-1]
        ranks[cells] = (first + last) / 2.0
    return np.where(known, ranks.reshape(values.shape), 0.0)


def spearman(x: Floats, y: Floats, minimum: int = 5) -> Floats:
    """float64[...]: the rank correlation of the pairs in each row of x and y[..., N] where both are known (not NaN).

    0 for fewer than `minimum` pairs and where one side is constant: nothing says then that x orders y.
    """
    known = ~(np.isnan(x) | np.isnan(y))
    count = known.sum(axis=-1)
    middle = ((count + 1) / 2)[..., None]
    ranks = average_ranks(np.stack((x, y)), np.broadcast_to(known, (2, *known.shape)))
    a, b = np.where(known, ranks - middle, 0.0)
    # ranks are halves of whole numbers: these sums are exact in any order
    spread = (a * a).sum(axis=-1) * (b * b).sum(axis=-1)
    judged = (count >= minimum) & (spread > 0)
    return np.asarray(np.where(judged, (a * b).sum(axis=-1) / np.sqrt(np.where(judged, spread, 1.0)), 0.0))
