"""The table models learn from: for each closed bar of each symbol its features and what came after it.

Features are built as the desk builds them: bar by bar through the pipeline's own window and the pipeline's own
function. There is no second implementation that could differ.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from actors.strategy.models import Target
from actors.strategy.pipeline.arrays import Bools, Floats, Ints
from actors.strategy.pipeline.features import FEATURES, bars_needed, features
from actors.strategy.pipeline.windows import BarWindow, WindowSettings
from cluster.models.bars import Bars
from cluster.models.labels import labels_of
from cluster.models.leaks import FeatureBuilder, require_no_lookahead
from messages.errors import DataProviderError

_BATCH: Final = 1024
"""Windows that are computed in one call: what fits into the processor's cache."""

Key = tuple[Target, str]
"""A target at a horizon."""


@dataclass(frozen=True, eq=False)
class Dataset:
    """Rows of all symbols in the order (time, symbol).

    `times` int64[n] when the row was known, ns UTC; `symbols` int64[n] index into `names`; `x` float64[n, f] of
    `features`; `y` float64[n] by target and horizon, NaN where it is not known; `horizons` ns by name.
    """

    names: tuple[str, ...]
    features: tuple[str, ...]
    times: Ints
    symbols: Ints
    x: Floats
    y: Mapping[Key, Floats]
    horizons: Mapping[str, int]

    def __len__(self) -> int:
        return len(self.times)

    @property
    def known_until(self) -> int:
        """When the last label was known, ns UTC."""
        ends = [
            int(self.times[np.isfinite(y)].max()) + self.horizons[horizon]
            for (_, horizon), y in self.y.items()
            if np.isfinite(y).any()
        ]
        return max(ends, default=int(self.times[-1]))


def window_features(bars: Bars) -> Floats:
    """float64[n, 29]: the pipeline's features of each bar, NaN where the window is not long enough or has a gap."""
    length = bars_needed()
    window = BarWindow(1, WindowSettings(items=length, interval=bars.interval))
    found = np.full((len(bars), len(FEATURES)), np.nan)
    # channels first, as in the window: sums over another layout may differ in their last bit
    batch = np.empty((5, min(_BATCH, len(bars)), length))
    for first in range(0, len(bars), _BATCH):
        rows = range(first, min(first + _BATCH, len(bars)))
        for place, row in enumerate(rows):
            start = int(bars.closes[row]) - bars.interval
            window.push_row(0, start, tuple(bars.values[row].tolist()))
            batch[:, place, :] = window.bars()[0].T
        found[rows.start : rows.stop] = features(batch[:, : len(rows)].transpose(1, 2, 0))
    return found


def build_dataset(
    series: Sequence[Bars],
    targets: Sequence[Target],
    horizons: Mapping[str, int],
    *,
    barrier: float,
    names: Sequence[str] | None = None,
    build: FeatureBuilder = window_features,
    built: Sequence[str] = FEATURES,
) -> Dataset:
    """The rows of all symbols whose features are known.

    `names` are the features wanted, of those `built`; None: all that the data has, as bars of quotes have no volume.
    Features are tested for looking ahead. Raises `ModelLoadError` for one that does, `DataProviderError` when a
    wanted one is missing throughout, or no row is left.
    """
    tables = [require_no_lookahead(bars, build, built) for bars in series]
    stacked = np.concatenate(tables)
    chosen = _chosen(stacked, built, names)
    columns = [built.index(name) for name in chosen]
    times = np.concatenate([bars.closes for bars in series])
    symbols = np.concatenate([np.full(len(bars), number) for number, bars in enumerate(series)]).astype(
        np.int64
    )
    keys = [(target, horizon) for target in targets for horizon in horizons]
    y = {
        (target, horizon): np.concatenate(
            [labels_of(bars, target, horizons[horizon], barrier) for bars in series]
        )
        for target, horizon in keys
    }
    x = stacked[:, columns]
    whole: Bools = np.asarray(np.isfinite(x).all(axis=1))
    order = np.lexsort((symbols, times))
    order = order[whole[order]]
    if not len(order):
        raise DataProviderError(
            f"no bar has all features: {bars_needed()} bars in a row are needed before the first",
            field="data",
            value=f"{len(times)} bars",
            remedy="give more data, shorter bars, or choose fewer features",
        )
    return Dataset(
        tuple(bars.symbol for bars in series),
        chosen,
        times[order],
        symbols[order],
        np.ascontiguousarray(x[order]),
        {key: values[order] for key, values in y.items()},
        dict(horizons),
    )


def _chosen(table: Floats, built: Sequence[str], names: Sequence[str] | None) -> tuple[str, ...]:
    """The features to use, in the order in which they are built."""
    some = np.asarray(np.isfinite(table).any(axis=0))
    there = [name for name, known in zip(built, some, strict=True) if known]
    if names is None:
        return tuple(there)
    for name in names:
        if name not in there:
            raise DataProviderError(
                "the data does not have this feature" if name in built else "there is no such feature",
                field="features",
                value=name,
                remedy=f"choose of {', '.join(there) or 'none: the data is too short for any'}",
            )
    return tuple(name for name in built if name in names)
