"""Reproducible randomness for actors: a stream of numbers that is a function of its key alone."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TypeVar

from messages.errors import InvariantError

T = TypeVar("T")


class Randomness:
    """Numbers drawn from sha256 over (key, how-many-eth draw): same key, same numbers, on every machine."""

    __slots__ = ("_draws", "_key")

    def __init__(self, key: str) -> None:
        self._key = key.encode()
        self._draws = 0

    def random(self) -> float:
        """A float in [0, 1) with 53 random bits."""
        return (self._draw() >> 11) / (1 << 53)

    def uniform(self, low: float, high: float) -> float:
        """A float between `low` and `high`."""
        return low + (high - low) * self.random()

    def below(self, bound: int) -> int:
        """An int in [0, bound). Raises `InvariantError` unless `bound` is positive."""
        if bound <= 0:
            raise InvariantError("a random int needs a positive bound", field="bound", value=bound)
        return self._draw() % bound

    def choice(self, items: Sequence[T]) -> T:
        """One of `items`. Raises `InvariantError` when there is none."""
        return items[self.below(len(items))]

    def _draw(self) -> int:
        self._draws += 1
        return int.from_bytes(hashlib.sha256(b"%d:%b" % (self._draws, self._key)).digest()[:8], "big")
