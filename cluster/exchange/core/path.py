"""The price of a seeded market as a function of time, forwards and backwards without end.

A Brownian path by midpoint displacement: anchors every eleven days, then the middle between two knots is drawn
again and again, each from its own place in the random numbers. So any stretch of any fineness can be had without
what came before it, and a coarse stretch agrees with a fine one. Four-minute spells have their own volatility
(regimes), and displacements over spans of minutes are enlarged (trends that a follower could follow).
"""

from __future__ import annotations

import numpy as np

from cluster.exchange.core.noise import Floats, Ints, bits, key_of, normal

MINUTE = 60_000_000_000
MINUTE_LEVEL = 14
FINEST_LEVEL = 24
ANCHOR = MINUTE << MINUTE_LEVEL
"""ns between two anchors. Halved 14 times it is a minute, halved 24 times 58.6 ms, still a whole number of ns."""

_REGIME_LEVEL = 12
_REGIMES = np.array([0.45, 0.6, 0.6, 0.8, 0.8, 1.0, 1.3, 2.4])
"""Volatility of a spell of four minutes as a multiple of the base; each is equally likely."""
_TREND = {10: 1.3, 11: 1.5, 12: 1.5}


class Path:
    """A log price around 0; `volatility` is its standard deviation over one second."""

    def __init__(self, volatility: float, *names: object) -> None:
        self._keys = [key_of(*names, level) for level in range(FINEST_LEVEL + 1)]
        self._regimes = key_of(*names, "regime")
        self._volatility = volatility

    def knots(self, level: int, first: int, count: int) -> Floats:
        """The path at `count` times that are `ANCHOR >> level` ns apart, from number `first` on."""
        spans = [(first, first + count - 1)]
        for _ in range(level):
            low, high = spans[-1]
            spans.append((low // 2, -(-high // 2)))
        low, high = spans[level]
        start = low
        # Anchors are independent: half a span's variance each gives their difference the path's own.
        values: Floats = self._deviation(ANCHOR) * 0.5**0.5 * normal(self._keys[0], np.arange(low, high + 1))
        for depth in range(1, level + 1):
            low, high = spans[level - depth]
            fine = np.empty(2 * len(values) - 1)
            fine[::2] = values
            middle = 0.5 * (values[:-1] + values[1:])
            fine[1::2] = middle + self._displacement(depth, start, len(middle))
            values = fine[low - 2 * start : high - 2 * start + 1]
            start = low
        return values

    def at(self, times: Ints) -> Floats:
        """The path at times (ns UTC, rising), straight between its finest knots."""
        spacing = ANCHOR >> FINEST_LEVEL
        first = int(times[0]) // spacing
        count = int(times[-1]) // spacing - first + 2
        knots = self.knots(FINEST_LEVEL, first, count)
        found: Floats = np.interp((times - first * spacing) / spacing, np.arange(count), knots)
        return found

    def minute_deviations(self, first: int, count: int) -> Floats:
        """The standard deviation of the path within each minute from number `first` on."""
        spells = np.arange(first, first + count) >> (MINUTE_LEVEL - _REGIME_LEVEL)
        return self._deviation(MINUTE) * self._multiples(spells)

    def _displacement(self, depth: int, start: int, count: int) -> Floats:
        """How far the middles of the spans of level `depth - 1`, from number `start` on, lie off the straight line."""
        index = np.arange(start, start + count)
        deviation = 0.5 * self._deviation(ANCHOR >> (depth - 1)) * _TREND.get(depth, 1.0)
        drawn = deviation * normal(self._keys[depth], index)
        if depth > _REGIME_LEVEL:
            drawn *= self._multiples(index >> (depth - 1 - _REGIME_LEVEL))
        return drawn

    def _multiples(self, spells: Ints) -> Floats:
        multiples: Floats = _REGIMES[(bits(self._regimes, spells) & np.uint64(7)).astype(np.int64)]
        return multiples

    def _deviation(self, span: int) -> float:
        return self._volatility * float((span / 1e9) ** 0.5)
