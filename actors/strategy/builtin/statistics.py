"""The last samples of a figure, and how far the next one is from them."""

from __future__ import annotations

from collections import deque
from math import fsum, sqrt
from typing import NamedTuple

_FLAT = 1e-12
"""A deviation below this part of the mean is rounding."""


class Away(NamedTuple):
    """A sample beside those before it: `score` in their population deviations, `distance` from their mean."""

    score: float
    distance: float


class RollingSamples:
    """The last `items` samples; a new one is compared with them before it is one of them."""

    __slots__ = ("_samples",)

    def __init__(self, items: int) -> None:
        self._samples: deque[float] = deque(maxlen=items)

    def push(self, value: float) -> Away | None:
        """Fold a sample in; how far it is from those before, None while those are too few or did not move."""
        samples = self._samples
        away = self._away(value) if len(samples) == samples.maxlen else None
        samples.append(value)
        return away

    def _away(self, value: float) -> Away | None:
        count = len(self._samples)
        mean = fsum(self._samples) / count
        deviation = sqrt(fsum((each - mean) ** 2 for each in self._samples) / count)
        if deviation <= _FLAT * max(abs(mean), 1.0):
            return None
        return Away((value - mean) / deviation, value - mean)
