"""Bars to learn from: whatever a feed has, as bars of one length that are closed, aligned to UTC and never invented.

The rules are those of `actors.strategy.bars`: the first bar is left out when its interval had begun before the data,
the last when its interval was not over; an interval without data gives no bar.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, get_args

import numpy as np

from actors.strategy.bars import BarSource
from actors.strategy.pipeline.arrays import Floats, Ints
from cluster.feeds.columns import Chunk, Feed
from config.duration import MINUTE
from messages.errors import DataProviderError
from messages.market import TickKind

Source = Literal["auto", "feed", "trades", "quotes"]
SOURCES: Final[tuple[Source, ...]] = get_args(Source)

_PREFERRED: Final = (BarSource.FEED, BarSource.TRADES, BarSource.QUOTES)


@dataclass(frozen=True, eq=False)
class Bars:
    """Bars of one symbol, each `interval` ns long.

    `closes` int64[n] are the times at which they ended, ns UTC, ascending; `values` float64[n, 5] are open, high, low,
    close, volume, NaN where there is no volume.
    """

    symbol: str
    source: BarSource
    interval: int
    closes: Ints
    values: Floats

    def __len__(self) -> int:
        return len(self.closes)

    def until(self, time: int) -> Bars:
        """The bars that had closed by `time`, ns UTC."""
        stop = int(np.searchsorted(self.closes, time, side="right"))
        return Bars(self.symbol, self.source, self.interval, self.closes[:stop], self.values[:stop])


@dataclass(frozen=True, eq=False)
class _Parts:
    """Parts of bars in time order: when the bar ends, when the first and last row of the part came, and its values."""

    ends: Ints
    first: Ints
    last: Ints
    values: Floats


def bars_of(feed: Feed, interval: int, source: Source = "auto") -> Bars:
    """The bars of a feed.

    `auto` takes the feed's own bars, else its trades, else the middle of its quotes. Raises `DataProviderError` when
    it has none of them, or its own bars do not fit into the interval.
    """
    wanted = _PREFERRED if source == "auto" else (BarSource(source),)
    found: dict[BarSource, list[_Parts]] = {kind: [] for kind in wanted}
    for chunk in feed.open(0):
        for kind in wanted:
            times, values = _ROWS[kind](chunk)
            if len(times):
                ends = _ends(times, interval, closes=kind is BarSource.FEED)
                found[kind].append(_folded([_Parts(ends, times, times, values)]))
    used = next((kind for kind in wanted if found[kind]), None)
    if used is None:
        raise DataProviderError(
            "has nothing to make bars of",
            field=feed.symbol,
            value=source,
            remedy="give other data, or choose another source of bars",
        )
    parts = _folded(found[used])  # a bar may have been begun in one chunk and ended in the next
    whole = _whole_ones(parts, interval, found[used], feed.symbol, used)
    return Bars(feed.symbol, used, interval, parts.ends[whole], parts.values[whole])


def _whole_ones(
    parts: _Parts, interval: int, chunks: Sequence[_Parts], symbol: str, source: BarSource
) -> slice:
    """Which bars are not cut off by the beginning or the end of the data."""
    begin, end = int(parts.first[0]), int(parts.last[-1])
    if source is BarSource.FEED:
        begin -= _length_of(chunks, interval, symbol)
        return slice(int(begin > parts.ends[0] - interval), len(parts.ends) - int(end < parts.ends[-1]))
    # whether a bar of ticks is over shows the next row, and behind the last one there is none
    return slice(int(begin > parts.ends[0] - interval), len(parts.ends) - 1)


def _length_of(chunks: Sequence[_Parts], interval: int, symbol: str) -> int:
    """How long the feed's own bars are: their smallest distance. Raises `DataProviderError` when it does not fit."""
    times = np.concatenate([np.union1d(each.first, each.last) for each in chunks])
    steps = np.diff(np.unique(times))
    length = int(steps.min()) if len(steps) else interval
    if interval % length:
        raise DataProviderError(
            f"its bars of {length / MINUTE:g} minutes do not fit into the interval",
            field=symbol,
            value=f"{interval / MINUTE:g} minutes",
            remedy="choose an interval that is a multiple of the data's, or have bars made of its trades",
        )
    return length


def _ends(times: Ints, interval: int, *, closes: bool) -> Ints:
    """When the bar of each row ends. A row that is a bar is timed by its close, and belongs to what ends with it."""
    shifted = times - 1 if closes else times
    return shifted - shifted % interval + interval


def _folded(pieces: Sequence[_Parts]) -> _Parts:
    """The pieces as one, all rows of a bar put together."""
    ends = np.concatenate([each.ends for each in pieces])
    values = np.concatenate([each.values for each in pieces])
    starts = np.flatnonzero(np.r_[True, ends[1:] != ends[:-1]])
    stops = np.r_[starts[1:], len(ends)] - 1
    columns = (
        values[starts, 0],
        np.maximum.reduceat(values[:, 1], starts),
        np.minimum.reduceat(values[:, 2], starts),
        values[stops, 3],
        np.add.reduceat(values[:, 4], starts),
    )
    first = np.concatenate([each.first for each in pieces])[starts]
    last = np.concatenate([each.last for each in pieces])[stops]
    return _Parts(ends[starts], first, last, np.column_stack(columns))


def _own_bars(chunk: Chunk) -> tuple[Ints, Floats]:
    flags = chunk.kind == TickKind.BAR
    columns = (chunk.v0, chunk.v1, chunk.v2, chunk.v3, chunk.v4)
    return chunk.time[flags], np.column_stack([column[flags] for column in columns])


def _prints(chunk: Chunk) -> tuple[Ints, Floats]:
    flags = (chunk.kind == TickKind.TRADE) & (chunk.v0 > 0) & np.isfinite(chunk.v0)
    prices = chunk.v0[flags]
    return chunk.time[flags], np.column_stack([prices, prices, prices, prices, chunk.v1[flags]])


def _mids(chunk: Chunk) -> tuple[Ints, Floats]:
    flags = (chunk.kind == TickKind.QUOTE) & (chunk.v0 > 0) & (chunk.v2 >= chunk.v0) & np.isfinite(chunk.v2)
    mids = (chunk.v0[flags] + chunk.v2[flags]) / 2
    return chunk.time[flags], np.column_stack([mids, mids, mids, mids, np.full(len(mids), np.nan)])


_ROWS: dict[BarSource, Callable[[Chunk], tuple[Ints, Floats]]] = {
    BarSource.FEED: _own_bars,
    BarSource.TRADES: _prints,
    BarSource.QUOTES: _mids,
}
