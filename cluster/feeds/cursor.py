"""The host's fast path through a feed: rows as Python scalars, folded into a view until a decision is due.

A backtest spends its time here, so a row costs one step of a `zip` over plain lists and one call of `observe`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from itertools import islice
from typing import Final

from cluster.feeds.columns import Chunk, Feed, Observe
from messages.errors import DataProviderError

END_OF_TIME: Final = 2**63 - 1
"""An `until_time` that no row lies beyond."""

_Row = tuple[int, int, int, int, float, float, float, float, float]


class FeedCursor:
    """Folds one feed row by row into `observe` and knows how far it is.

    `position` is the number of rows folded since the beginning of the feed: what a commit stores, and where a
    new cursor is opened after a restart.
    """

    __slots__ = ("_chunks", "_feed", "_next", "_passed", "_rows", "_symbol", "_times")

    def __init__(self, feed: Feed, position: int = 0) -> None:
        self._feed = feed
        self._symbol = feed.symbol
        self._next = 0
        self._open(position)

    @property
    def symbol(self) -> str:
        """The symbol of all rows."""
        return self._symbol

    @property
    def position(self) -> int:
        """How many rows of the feed are folded."""
        return self._passed + self._next

    @property
    def next_time(self) -> int | None:
        """The desk time of the next row not yet folded, ns UTC; None at the end of what the feed has."""
        if self._next == len(self._times) and not self._load():
            return None
        return self._times[self._next]

    def fold(self, observe: Observe, until_time: int = END_OF_TIME) -> int | None:
        """Give `observe` every row up to and including `until_time`, or up to the first that makes a decision due.

        Returns the time of that row (the row itself is folded; it may be 0, so compare with None), or None when
        nothing came due. A row on which `observe` raises is not folded: it is the next one again.
        """
        symbol = self._symbol
        while True:
            start = self._next
            if start == len(self._times):
                if not self._load():
                    return None
                start = 0
            times = self._times
            stop = bisect_right(times, until_time, start)
            if stop == start:
                return None
            index = start - 1
            time = 0
            try:
                for index, time, kind, event_time, v0, v1, v2, v3, v4 in islice(self._rows, stop - start):
                    if observe(symbol, kind, time, event_time, v0, v1, v2, v3, v4):
                        self._next = index + 1
                        return time
            except BaseException:
                self._open(self._passed + max(index, start))
                raise
            self._next = stop
            if stop < len(times):
                return None

    def rebuild(self, observe: Observe, position: int, start: int = 0) -> None:
        """Fold the rows `start` to `position` again, ignoring what `observe` answers: the way back to a view.

        The cursor then stands at `position`. Raises `DataProviderError` when the feed ends before it; after that,
        or when `observe` raises, it stands at `start`. To begin where the cursor stands costs nothing.
        """
        if start != self.position:
            self._open(start)
        try:
            while self.position < position:
                self._refold(observe, position)
        except BaseException:
            self._open(start)
            raise

    def _refold(self, observe: Observe, position: int) -> None:
        """Fold what the current chunk holds before `position`."""
        if self._next == len(self._times) and not self._load():
            raise DataProviderError(
                f"the feed has only {self.position} rows",
                field=f"{self._symbol}.position",
                value=position,
                remedy="give the files the run was started with, in the same order",
            )
        stop = min(len(self._times), self._next + position - self.position)
        for _, time, kind, event_time, v0, v1, v2, v3, v4 in islice(self._rows, stop - self._next):
            observe(self._symbol, kind, time, event_time, v0, v1, v2, v3, v4)
        self._next = stop

    def _open(self, position: int) -> None:
        self._chunks: Iterator[Chunk] = iter(self._feed.open(position))
        self._passed = position
        self._times: list[int] = []
        self._rows: Iterator[_Row] = iter(())
        self._next = 0

    def _load(self) -> bool:
        """Go on to the next chunk that has rows; False when there is none (yet: a live feed may grow)."""
        for chunk in self._chunks:
            if len(chunk):
                self._passed += len(self._times)
                self._next = 0
                self._times = chunk.time.tolist()
                self._rows = zip(
                    range(len(self._times)),
                    self._times,
                    chunk.kind.tolist(),
                    chunk.event_time.tolist(),
                    chunk.v0.tolist(),
                    chunk.v1.tolist(),
                    chunk.v2.tolist(),
                    chunk.v3.tolist(),
                    chunk.v4.tolist(),
                    strict=True,
                )
                return True
        return False
