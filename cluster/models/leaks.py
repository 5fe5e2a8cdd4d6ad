"""Does a feature know the future? Found by taking the future away: what was known then must not change."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from actors.strategy.pipeline.arrays import Floats
from cluster.models.bars import Bars
from messages.errors import ModelLoadError

FeatureBuilder = Callable[[Bars], Floats]
"""Features of every bar of a series, float64[n, f], each from this bar and those before it."""

_CUTS: Final = (0.35, 0.6, 0.85)


def require_no_lookahead(bars: Bars, build: FeatureBuilder, names: Sequence[str]) -> Floats:
    """The features of the bars, float64[n, f], found to be the same with and without what came later.

    Raises `ModelLoadError` naming the first feature that changes when the series ends earlier.
    """
    whole = build(bars)
    for share in _CUTS:
        count = int(len(bars) * share)
        if not count:
            continue
        part = build(bars.until(int(bars.closes[count - 1])))
        same = (part == whole[:count]) | (np.isnan(part) & np.isnan(whole[:count]))
        if not same.all():
            row, column = (int(index[0]) for index in np.nonzero(~same))
            raise ModelLoadError(
                f"the feature {names[column]} looks ahead: without the bars after {int(bars.closes[count - 1])} "
                f"its value at {int(bars.closes[row])} is another one",
                field=bars.symbol,
                value=(float(whole[row, column]), float(part[row, column])),
                remedy="build each feature from the bar and those before it only",
            )
    return whole
