"""The array types of the pipeline, NaN where a value is missing, and sums that round alike for one symbol and many.

numpy chooses the order of a sum by the shape and memory layout of its operand. So that one symbol alone gives the
same bits as among a thousand, the stages add up in an order of their own, or along rows that lie in one piece.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

_Kind = TypeVar("_Kind", bound=np.generic)

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
Codes = NDArray[np.int8]
"""Small numbers that stand for reasons; the stage that gives them has the table."""


def sum_first(values: Floats) -> Floats:
    """The sum along the first axis, one after the other."""
    total: Floats = values[0].copy()
    for each in values[1:]:
        total += each
    return total


def models_first(values: NDArray[_Kind]) -> NDArray[_Kind]:
    """[M,S,H] in one piece, of [S,M,H]."""
    return np.ascontiguousarray(values.transpose(1, 0, 2))


def symbols_first(values: NDArray[_Kind]) -> NDArray[_Kind]:
    """[S,M,H] in one piece, of [M,S,H]."""
    return np.ascontiguousarray(values.transpose(1, 0, 2))


def in_range(values: Floats, low: float, high: float) -> Floats:
    """Values limited to [low, high]; NaN stays NaN."""
    return np.minimum(np.maximum(values, low), high)
