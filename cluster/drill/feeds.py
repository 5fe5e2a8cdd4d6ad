"""Feeds that something is wrong with: rows that come late, clocks that are off, prices that jump.

Each is a `Feed` with the rows of another at the same positions, altered column-wise; nothing is lost or added.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

import numpy as np

from cluster.feeds import NO_EVENT_TIME, Chunk, Feed
from messages.market import TickKind

Change = Callable[[Chunk], Chunk]


class Altered:
    """The rows of `feed` after `change`, which must not move times backwards."""

    def __init__(self, feed: Feed, change: Change) -> None:
        self._feed = feed
        self._change = change

    @property
    def symbol(self) -> str:
        """See `Feed.symbol`."""
        return self._feed.symbol

    @property
    def first_time(self) -> int:
        """See `Feed.first_time`."""
        return self._feed.first_time

    @property
    def last_time(self) -> int | None:
        """See `Feed.last_time`."""
        return self._feed.last_time

    def open(self, position: int = 0) -> Iterator[Chunk]:
        """See `Feed.open`."""
        return (self._change(chunk) for chunk in self._feed.open(position))


def stalled(feed: Feed, begin: int, delay: int, lasting: int) -> Feed:
    """A connection that stands still at `begin` for `delay`, then runs that far behind for `lasting`, and then catches
    up at once. All in ns; the rows keep the venue's own times."""
    return Altered(feed, partial(_stalled, begin=begin, delay=delay, caught_up=begin + lasting))


def skewed(feed: Feed, ahead: int, begin: int, end: int, jump: int) -> Feed:
    """A venue whose clock is `ahead` of what it was (ns) all the time, and by a further `jump` in `begin` to `end`."""
    return Altered(feed, partial(_skewed, ahead=ahead, begin=begin, end=end, jump=jump))


def shocked(feed: Feed, begin: int, factor: float, tick: float) -> Feed:
    """A market whose prices are `factor` times what they were from `begin` on (ns UTC), on the symbol's tick."""
    return Altered(feed, partial(_shocked, begin=begin, factor=factor, tick=tick))


def _stalled(chunk: Chunk, begin: int, delay: int, caught_up: int) -> Chunk:
    times = chunk.time
    late = np.where(times < caught_up, times + delay, np.maximum(times, caught_up + delay))
    return replace(chunk, time=np.where(times < begin, times, late))


def _skewed(chunk: Chunk, ahead: int, begin: int, end: int, jump: int) -> Chunk:
    off = ahead + np.where((chunk.time >= begin) & (chunk.time < end), jump, 0)
    known = chunk.event_time != NO_EVENT_TIME
    return replace(chunk, event_time=np.where(known, chunk.event_time + off, chunk.event_time))


def _shocked(chunk: Chunk, begin: int, factor: float, tick: float) -> Chunk:
    after, kind = chunk.time >= begin, chunk.kind
    quotes, bars = after & (kind == TickKind.QUOTE), after & (kind == TickKind.BAR)
    firsts = quotes | bars | (after & (kind == TickKind.TRADE))
    columns = {
        "v0": np.where(firsts, _moved(chunk.v0, factor, tick), chunk.v0),
        "v1": np.where(bars | (after & (kind == TickKind.DEPTH)), _moved(chunk.v1, factor, tick), chunk.v1),
        "v2": np.where(quotes | bars, _moved(chunk.v2, factor, tick), chunk.v2),
        "v3": np.where(bars, _moved(chunk.v3, factor, tick), chunk.v3),
    }
    # rounding may bring both sides to one price: a tick stays between them
    wide = columns["v2"] > columns["v0"]
    columns["v2"] = np.where(quotes & ~wide, columns["v0"] + tick, columns["v2"])
    return replace(chunk, v0=columns["v0"], v1=columns["v1"], v2=columns["v2"], v3=columns["v3"])


def _moved(prices: np.ndarray, factor: float, tick: float) -> np.ndarray:
    digits = max(0, 12 - int(np.ceil(np.log10(max(1.0, 1.0 / tick)))))
    return np.round(np.maximum(np.round(prices * factor / tick), 1.0) * tick, digits)
