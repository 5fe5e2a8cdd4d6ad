"""Markets made from a seed, in memory: prices walk tick by tick, so that every run of a scenario is the same."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import numpy as np

from cluster.feeds.columns import CHUNK_ROWS, Chunk, Feed
from cluster.feeds.window import ClosingQuotes
from messages.market import TickKind

START = 1_704_067_200_000_000_000
"""2024-01-01 00:00 UTC."""

TICK = 0.1
_FIRST = 600_000
"""Where every price begins, in ticks."""

_SIZE = 5.0
_REACH = 40
"""How far a bar's high and low lie beyond its open and close at most, in ticks."""


class Shape(msgspec.Struct, frozen=True):
    """A market: how many rows, `spacing` ns apart, quotes or bars; `volatility` in ticks per row."""

    rows: int
    spacing: int
    bars: bool = False
    volatility: float = 1.0


def made_feed(symbol: str, shape: Shape, seed: int, *, delay: int = 0) -> Feed:
    """The feed of one symbol, its first row `delay` ns after `START`."""
    random = np.random.default_rng(seed)
    moves = np.rint(random.normal(0.0, shape.volatility, shape.rows)).astype(np.int32)
    times = START + delay + np.arange(1, shape.rows + 1, dtype=np.int64) * shape.spacing
    walk = (_FIRST + np.cumsum(moves)).astype(np.int32)
    if not shape.bars:
        return MadeFeed(symbol, times, _quotes(walk), TickKind.QUOTE)
    return ClosingQuotes(MadeFeed(symbol, times, _bars(walk, random), TickKind.BAR))


class MadeFeed:
    """Rows of one kind as whole columns; made into chunks as they are read."""

    def __init__(self, symbol: str, times: np.ndarray, values: tuple[np.ndarray, ...], kind: int) -> None:
        self.symbol = symbol
        self.first_time = START
        self.last_time: int | None = int(times[-1])
        self._times = times
        self._values = values
        self._kind = kind

    def open(self, position: int = 0) -> Iterator[Chunk]:
        """See `Feed.open`."""
        for start in range(position, len(self._times), CHUNK_ROWS):
            times = self._times[start : start + CHUNK_ROWS]
            kinds = np.full(len(times), self._kind, dtype=np.int8)
            values = (column[start : start + CHUNK_ROWS] for column in self._values)
            yield Chunk(self.symbol, times, times, kinds, *values)


def _quotes(walk: np.ndarray) -> tuple[np.ndarray, ...]:
    """One tick of spread, and at both sides more than any order takes."""
    size = np.full(len(walk), _SIZE)
    return _priced(walk), size, _priced(walk + 1), size, np.full(len(walk), np.nan)


def _bars(walk: np.ndarray, random: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Each opens where the one before has closed."""
    opens = np.concatenate([walk[:1], walk[:-1]])
    reach = random.integers(0, _REACH, (2, len(walk)), dtype=np.int32)
    highs, lows = np.maximum(opens, walk) + reach[0], np.minimum(opens, walk) - reach[1]
    return _priced(opens), _priced(highs), _priced(lows), _priced(walk), np.full(len(walk), 1_000.0)


def _priced(ticks: np.ndarray) -> np.ndarray:
    return np.round(ticks * TICK, 1)
