"""A feed whose rows are written by hand while the venue runs; it keeps them, so that a restart sees them again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cluster.conformance.bench import Level
from cluster.feeds.columns import Chunk, ChunkBuilder
from messages.intents import Side
from messages.market import TickKind

_Row = tuple[int, int, tuple[float, float, float, float, float]]


class HandFeed:
    """A `Feed` of one symbol without an end."""

    def __init__(self, symbol: str, first_time: int) -> None:
        self.symbol = symbol
        self.first_time = first_time
        self.last_time: int | None = None
        self._rows: list[_Row] = []

    def show(self, time: int, bids: Sequence[Level], asks: Sequence[Level]) -> None:
        """The whole book at `time` (ns UTC)."""
        levels = [(1.0, *level) for level in bids] + [(-1.0, *level) for level in asks]
        last = len(levels) - 1
        for number, (side, price, size) in enumerate(levels):
            values = (side, float(price), float(size), 1.0, 1.0 if number == last else 0.0)
            self._rows.append((time, TickKind.DEPTH, values))

    def print_trade(self, time: int, price: str, quantity: str, aggressor: Side) -> None:
        """A trade of outsiders."""
        self._rows.append(
            (time, TickKind.TRADE, (float(price), float(quantity), float(aggressor.sign), 0.0, 0.0))
        )

    def open(self, position: int = 0) -> Iterator[Chunk]:
        """The rows from `position` on; after the last one it can be asked again once there are more."""
        return _Reader(self.symbol, self._rows, position)


class _Reader:
    def __init__(self, symbol: str, rows: list[_Row], position: int) -> None:
        self._symbol = symbol
        self._rows = rows
        self._next = position

    def __iter__(self) -> Iterator[Chunk]:
        return self

    def __next__(self) -> Chunk:
        if self._next == len(self._rows):
            raise StopIteration
        builder = ChunkBuilder(self._symbol)
        for time, kind, values in self._rows[self._next :]:
            builder.append(time, time, kind, values)
        self._next = len(self._rows)
        return builder.take()
