"""Lowest and highest value within many ranges of a long series at once, for excursions and for drawing.

A trade held for a week spans half a million quotes; ten thousand such trades must not read each of them. The series
is cut into blocks whose extremes are known in powers of two (a sparse table), so that a range costs its two ragged
ends and two look-ups.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from cluster.backtest.record import Values

Indices = npt.NDArray[np.int64]

BLOCK = 256


class RangeExtremes:
    """Answers lowest and highest of `values[start:stop]` for arrays of ranges."""

    def __init__(self, values: Values) -> None:
        self._lowest = _Table(values, np.minimum, np.inf)
        self._highest = _Table(values, np.maximum, -np.inf)

    def lowest(self, start: Indices, stop: Indices) -> Values:
        """The lowest value of each range; +inf for an empty one."""
        return self._lowest.over(start, stop)

    def highest(self, start: Indices, stop: Indices) -> Values:
        """The highest value of each range; -inf for an empty one."""
        return self._highest.over(start, stop)


class _Table:
    def __init__(self, values: Values, better: np.ufunc, nothing: float) -> None:
        self._better, self._nothing = better, nothing
        whole = -(-len(values) // BLOCK) if len(values) else 0
        # one more than needed: reduceat wants the end of the last range inside the array
        padding = np.full(whole * BLOCK - len(values) + 1, nothing)
        self._values = np.concatenate((values, padding))
        blocks = better.reduce(self._values[:-1].reshape(whole, BLOCK), axis=1) if whole else np.empty(0)
        self._levels = [blocks]
        while 2 ** len(self._levels) <= whole:
            half = 2 ** (len(self._levels) - 1)
            below = self._levels[-1]
            self._levels.append(better(below[:-half], below[half:]))

    def over(self, start: Indices, stop: Indices) -> Values:
        found = np.full(len(start), self._nothing)
        first, last = -(-start // BLOCK), stop // BLOCK
        within = first >= last  # no whole block inside: read it all
        self._read(found, within, start, stop)
        spanning = ~within
        self._read(found, spanning, start, first * BLOCK)
        self._read(found, spanning, last * BLOCK, stop)
        self._look_up(found, spanning, first, last)
        return found

    def _read(self, found: Values, chosen: npt.NDArray[np.bool_], start: Indices, stop: Indices) -> None:
        chosen = chosen & (stop > start)
        if not chosen.any():
            return
        pairs = np.column_stack((start[chosen], stop[chosen])).ravel()
        combine: Callable[..., Values] = self._better.reduceat
        found[chosen] = self._better(found[chosen], combine(self._values, pairs)[::2])

    def _look_up(self, found: Values, chosen: npt.NDArray[np.bool_], first: Indices, last: Indices) -> None:
        if not chosen.any():
            return
        levels = np.zeros(len(first), np.int64)
        levels[chosen] = np.log2(last[chosen] - first[chosen]).astype(np.int64)
        for level in np.unique(levels[chosen]):
            here = chosen & (levels == level)
            table = self._levels[level]
            best = self._better(table[first[here]], table[last[here] - 2**level])
            found[here] = self._better(found[here], best)
