"""A part of a feed in time, and the closing quotes that bars stand for: feeds made of other feeds."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from cluster.feeds.columns import COLUMNS, Chunk, Feed
from cluster.feeds.opening_book import OpeningBook
from messages.market import TickKind


class Window:
    """The rows of `feed` from `start` to `end`, both inclusive, ns UTC. Positions count from the window's first row.

    Displayed levels build on each other: where there are any before `start`, the window begins with the book that they
    add up to, as one update at `start`.
    """

    def __init__(self, feed: Feed, start: int, end: int) -> None:
        self._feed = feed
        self._end = end
        self.symbol = feed.symbol
        self.first_time = start
        self.last_time: int | None = end

    def open(self, position: int = 0) -> Iterator[Chunk]:
        """See `Feed.open`."""
        return rows_from(position, self._inside())

    def _inside(self) -> Iterator[Chunk]:
        book: OpeningBook | None = OpeningBook()
        for chunk in self._feed.open(0):
            if len(chunk) and int(chunk.time[0]) > self._end:
                return
            begin = int(np.searchsorted(chunk.time, self.first_time, side="left"))
            stop = int(np.searchsorted(chunk.time, self._end, side="right"))
            if book is not None:
                book.fold(chunk.part(0, begin))
                if begin < stop:
                    opening, book = book.chunk(self.symbol, self.first_time), None
                    if opening is not None:
                        yield opening
            if begin < stop:
                yield chunk if (begin, stop) == (0, len(chunk)) else chunk.part(begin, stop)


class ClosingQuotes:
    """A feed whose every bar is preceded by a quote at its close, of the same time.

    Strategies price and mark by quotes, and bars alone have none: the close is what is known of bid and ask.
    """

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self.symbol = feed.symbol
        self.first_time = feed.first_time
        self.last_time = feed.last_time

    def open(self, position: int = 0) -> Iterator[Chunk]:
        """See `Feed.open`."""
        return rows_from(position, map(_with_quotes, self._feed.open(0)))


def rows_from(position: int, chunks: Iterator[Chunk]) -> Iterator[Chunk]:
    """What is left of `chunks` without the first `position` rows."""
    left = position
    for chunk in chunks:
        if left >= len(chunk):
            left -= len(chunk)
            continue
        yield chunk.part(left, len(chunk)) if left else chunk
        left = 0


def _with_quotes(chunk: Chunk) -> Chunk:
    bars = chunk.kind == TickKind.BAR
    source = np.repeat(np.arange(len(chunk)), np.where(bars, 2, 1))
    is_quote = np.zeros(len(source), dtype=bool)
    is_quote[np.flatnonzero(bars[source] & np.r_[True, source[1:] != source[:-1]])] = True
    columns = {name: getattr(chunk, name)[source] for name in COLUMNS}
    close = columns["v3"].copy()
    columns["kind"] = np.where(is_quote, np.int8(TickKind.QUOTE), columns["kind"])
    for name, value in (("v0", close), ("v1", np.nan), ("v2", close), ("v3", np.nan), ("v4", np.nan)):
        columns[name] = np.where(is_quote, value, columns[name])
    return Chunk(chunk.symbol, *(columns[name] for name in COLUMNS))
