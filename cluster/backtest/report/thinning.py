"""Fewer points with the same picture: a million prices become a few hundred columns that keep every extreme."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cluster.backtest.record import PriceSeries, Times, Values


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """Prices by columns of equal time: the middle of each column that has any, and the first, lowest, highest and
    last price in it."""

    times: Values
    first: Values
    lowest: Values
    highest: Values
    last: Values


def thinned(series: PriceSeries, start: int, end: int, columns: int) -> Columns:
    """The prices from `start` to `end` (ns UTC) in at most `columns` columns."""
    edges = np.linspace(start, max(end, start + 1), columns + 1)
    bounds = np.searchsorted(series.times, edges, side="left")
    bounds[-1] = np.searchsorted(series.times, end, side="right")
    filled = np.flatnonzero(bounds[1:] > bounds[:-1])
    if not len(filled):
        nothing = np.empty(0)
        return Columns(nothing, nothing, nothing, nothing, nothing)
    begin, stop = bounds[filled], bounds[filled + 1]
    # columns follow each other without a gap in the rows, so that one reduceat serves all
    mids = series.mids[: stop[-1]]
    return Columns(
        times=(edges[filled] + edges[filled + 1]) / 2,
        first=mids[begin],
        lowest=np.minimum.reduceat(mids, begin),
        highest=np.maximum.reduceat(mids, begin),
        last=mids[stop - 1],
    )


def merged_marks(
    times: Times, prices: Values, sizes: Values, start: int, end: int, columns: int
) -> tuple[Values, Values]:
    """Marks that would lie on each other as one: times and size-weighted mean prices, at most one per column."""
    if not len(times):
        return np.empty(0), np.empty(0)
    width = max(end - start, 1) / columns
    column = np.clip(((times - start) / width).astype(np.int64), 0, columns - 1)
    weight = np.bincount(column, sizes, columns)
    chosen = weight > 0
    # times relative to the start: a float holds no ns of this century
    offset = np.bincount(column, sizes * (times - start), columns)[chosen] / weight[chosen]
    return offset + start, np.bincount(column, sizes * prices, columns)[chosen] / weight[chosen]
