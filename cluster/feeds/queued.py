"""A feed whose rows are pushed in by hand: for tests and for relays that are not files."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from cluster.feeds.columns import Chunk, ChunkBuilder
from messages.errors import DataProviderError

_NAN = float("nan")


class QueueFeed:
    """A growing `Feed` of one symbol. What was pushed stays, so that it can be opened again at any position.

    An open iterator that has given out everything goes on when more is pushed.
    """

    def __init__(self, symbol: str) -> None:
        self._symbol = symbol
        self._chunks: list[Chunk] = []
        self._rows = 0

    @property
    def symbol(self) -> str:
        """The symbol of all rows."""
        return self._symbol

    @property
    def first_time(self) -> int:
        """The time of the first row, ns UTC. Raises `DataProviderError` while there is none."""
        if not self._chunks:
            raise DataProviderError(
                "the feed has no rows yet",
                field=self._symbol,
                remedy="push a row before asking where it begins",
            )
        return int(self._chunks[0].time[0])

    @property
    def last_time(self) -> int | None:
        """The time of the last row so far, ns UTC."""
        return int(self._chunks[-1].time[-1]) if self._chunks else None

    @property
    def rows(self) -> int:
        """How many rows were pushed."""
        return self._rows

    def push(
        self,
        kind: int,
        time: int,
        v0: float,
        v1: float = _NAN,
        v2: float = _NAN,
        v3: float = _NAN,
        v4: float = _NAN,
        *,
        event_time: int | None = None,
    ) -> None:
        """Add one row; the venue's clock agrees with ours unless `event_time` is given."""
        builder = ChunkBuilder(self._symbol)
        builder.append(time, time if event_time is None else event_time, kind, (v0, v1, v2, v3, v4))
        self.push_chunk(builder.take())

    def push_chunk(self, chunk: Chunk) -> None:
        """Add rows. Raises `DataProviderError` when their times go backwards."""
        if not len(chunk):
            return
        last = self.last_time
        first = int(chunk.time[0])
        if (last is not None and first < last) or bool((chunk.time[1:] < chunk.time[:-1]).any()):
            raise DataProviderError(
                f"the time goes backwards in the queue of {self._symbol}, from {last}",
                field="time",
                value=first,
                remedy="push rows in time order",
            )
        self._chunks.append(chunk.named(self._symbol))
        self._rows += len(chunk)

    def open(self, position: int = 0) -> Iterator[Chunk]:
        """The rows from `position` on, and those pushed later. Raises `DataProviderError` beyond the last row."""
        if not 0 <= position <= self._rows:
            raise DataProviderError(
                f"the feed has {self._rows} rows",
                field=f"{self._symbol}.position",
                value=position,
                remedy="push more",
            )
        return _Following(self._chunks, position)


class _Following(Iterator[Chunk]):
    """An iterator over a list that may still grow: its end is not final, unlike a generator's."""

    def __init__(self, chunks: list[Chunk], position: int) -> None:
        self._chunks = chunks
        self._index = 0
        self._skip = position

    def __next__(self) -> Chunk:
        for chunk in islice(self._chunks, self._index, None):
            self._index += 1
            skipped = min(self._skip, len(chunk))
            self._skip -= skipped
            if skipped < len(chunk):
                return chunk.part(skipped, len(chunk))
        raise StopIteration
