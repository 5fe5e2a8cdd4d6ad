"""A part of a feed in time, and the quotes that bars and prints stand for: feeds made of other feeds."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from actors.venues.matching.instruments import MarketKind
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


class MadeQuotes:
    """A feed with quotes that are made of its own rows; positions count them too."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self.symbol = feed.symbol
        self.first_time = feed.first_time
        self.last_time = feed.last_time

    def open(self, position: int = 0) -> Iterator[Chunk]:
        """See `Feed.open`."""
        return rows_from(position, map(self._with_quotes, self._feed.open(0)))

    def _with_quotes(self, chunk: Chunk) -> Chunk:
        raise NotImplementedError


class ClosingQuotes(MadeQuotes):
    """A feed whose every bar is preceded by a quote at its close, of the same time.

    Strategies price and mark by quotes, and bars alone have none: the close is what is known of bid and ask.
    """

    def _with_quotes(self, chunk: Chunk) -> Chunk:
        bars = chunk.kind == TickKind.BAR
        source = np.repeat(np.arange(len(chunk)), np.where(bars, 2, 1))
        first = np.r_[True, source[1:] != source[:-1]]
        return _quoted(chunk, source, bars[source] & first, chunk.v3)


class LastPrints(MadeQuotes):
    """A feed of trades without quotes, whose every trade is followed by a quote at its price, of the same time.

    Followed and not preceded: an order that is decided on the quote must not meet the very trade that made it.
    """

    def _with_quotes(self, chunk: Chunk) -> Chunk:
        trades = chunk.kind == TickKind.TRADE
        source = np.repeat(np.arange(len(chunk)), np.where(trades, 2, 1))
        last = np.r_[source[1:] != source[:-1], True]
        return _quoted(chunk, source, trades[source] & last, chunk.v0)


def priced(feed: Feed, market: MarketKind) -> Feed:
    """The feed as strategies can price by it, who know quotes alone: bars bring their close, trades of a feed that has
    no quote of its own their price."""
    if market is MarketKind.BARS:
        return ClosingQuotes(feed)
    if market is MarketKind.TRADES and not any((rows.kind == TickKind.QUOTE).any() for rows in feed.open(0)):
        return LastPrints(feed)
    return feed


def rows_from(position: int, chunks: Iterator[Chunk]) -> Iterator[Chunk]:
    """What is left of `chunks` without the first `position` rows."""
    left = position
    for chunk in chunks:
        if left >= len(chunk):
            left -= len(chunk)
            continue
        yield chunk.part(left, len(chunk)) if left else chunk
        left = 0


def _quoted(chunk: Chunk, source: np.ndarray, is_quote: np.ndarray, price: np.ndarray) -> Chunk:
    """The rows `source` of the chunk; those that are to be quotes have `price` on both sides, of unknown size."""
    columns = {name: getattr(chunk, name)[source] for name in COLUMNS}
    price = price[source]
    columns["kind"] = np.where(is_quote, np.int8(TickKind.QUOTE), columns["kind"])
    for name, value in (("v0", price), ("v1", np.nan), ("v2", price), ("v3", np.nan), ("v4", np.nan)):
        columns[name] = np.where(is_quote, value, columns[name])
    return Chunk(chunk.symbol, *(columns[name] for name in COLUMNS))
