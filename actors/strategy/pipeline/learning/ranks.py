"""Spearman's rank correlation of many short rows at once."""

from __future__ import annotations

import numpy as np

from actors.strategy.pipeline.arrays import Bools, Floats


def average_ranks(values: Floats, known: Bools) -> Floats:
    """float64[..., N]: the rank of each value in its row, from 1; equal values share the average of their ranks.

    Only what is `known` is ranked and counted; the rest is 0.
    """
    both = known[..., :, None] & known[..., None, :]
    below = ((values[..., None, :] < values[..., :, None]) & both).sum(axis=-1)
    equal = ((values[..., None, :] == values[..., :, None]) & both).sum(axis=-1)
    return np.where(known, below + (equal + 1) / 2, 0.0)


def spearman(x: Floats, y: Floats, minimum: int = 5) -> Floats:
    """float64[...]: the rank correlation of the pairs in each row of x and y[..., N] where both are known (not NaN).

    0 for fewer than `minimum` pairs and where one side is constant: nothing says then that x orders y.
    """
    known = ~(np.isnan(x) | np.isnan(y))
    count = known.sum(axis=-1)
    middle = ((count + 1) / 2)[..., None]
    a = np.where(known, average_ranks(x, known) - middle, 0.0)
    b = np.where(known, average_ranks(y, known) - middle, 0.0)
    # ranks are halves of whole numbers: these sums are exact in any order
    spread = (a * a).sum(axis=-1) * (b * b).sum(axis=-1)
    judged = (count >= minimum) & (spread > 0)
    return np.asarray(np.where(judged, (a * b).sum(axis=-1) / np.sqrt(np.where(judged, spread, 1.0)), 0.0))
