"""Walk-forward splits: each part of time is predicted by models that knew only what came before it.

Purged and embargoed (M. Lopez de Prado, Advances in Financial Machine Learning, 2018, chapter 7): a sample whose
label reaches into what is tested is not trained on, nor one that ends within the embargo before it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from actors.strategy.pipeline.arrays import Ints
from messages.errors import DataProviderError

LEAST_ROWS: Final = 100
"""Rows that a fold needs to learn from; fewer say nothing."""


@dataclass(frozen=True, eq=False)
class Split:
    """One fold: rows to learn from, and later rows to predict."""

    train: Ints
    test: Ints


def walk_forward(times: Ints, label_ends: Ints, folds: int, embargo: int) -> tuple[Split, ...]:
    """`folds` tests that follow each other, each with all that was known before it.

    `times` int64[n] are when the rows were known, `label_ends` int64[n] when their labels were; ns UTC. The time is
    cut into `folds + 1` parts of as many moments, the first of which is only learnt from. A row is learnt from when
    its label is known at least `embargo` ns before the test begins. Raises `DataProviderError` when a fold would have
    too little to learn from, or nothing to predict.
    """
    moments = np.unique(times)
    cuts = [moments[len(moments) * part // (folds + 1)] for part in range(folds + 1)] if len(moments) else []
    found: list[Split] = []
    for number, begin in enumerate(cuts[1:], 1):
        end = cuts[number + 1] if number < folds else None
        in_test = (times >= begin) & (True if end is None else times < end)
        split = Split(np.flatnonzero(label_ends + embargo <= begin), np.flatnonzero(in_test))
        if len(split.train) < LEAST_ROWS or not len(split.test):
            found.clear()
            break
        found.append(split)
    if not found:
        raise DataProviderError(
            f"too little data for {folds} folds: each needs {LEAST_ROWS} rows with known labels before its test",
            field="data",
            value=f"{len(times)} rows at {len(moments)} times",
            remedy="give more data, fewer folds, or a shorter horizon",
        )
    return tuple(found)
