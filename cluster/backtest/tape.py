"""The tape: several feeds as one sequence of rows in desk-time order, folded at full speed.

A row goes to its venue's book first, if anything rests there, and then to its actor. A book in which nothing rests is
not fed at all: it is brought up to date when the next command reaches it, of quotes, prints and bars by the last one.
At one instant the feeds come in the order they were given.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import islice, repeat
from typing import Any

import numpy as np

from cluster.feeds.columns import COLUMNS, Chunk, Feed, Observe, concatenate
from messages.market import TickKind

Watch = Callable[[str, int, int, int, float, float, float, float, float], bool]
"""A book's way of taking a row; True when something happened in it."""

_Row = tuple[int, int, Observe, str, int, int, int, float, float, float, float, float]


class Tape:
    """See the module docstring. After `play` has stopped at a row, `time` is its desk time (ns UTC), `feed` and
    `position` say which row of which feed it was, `due` whether its actor has to decide and `matched` whether
    something happened in its book.
    """

    __slots__ = (
        "_ahead",
        "_before",
        "_chunks",
        "_columns",
        "_feed_rows",
        "_kinds",
        "_next",
        "_observers",
        "_passed",
        "_pending",
        "_rows",
        "_symbols",
        "_synced",
        "_times",
        "_window",
        "catch_ups",
        "due",
        "feed",
        "latest_only",
        "matched",
        "time",
        "watches",
    )

    def __init__(self, feeds: Sequence[Feed], observers: Sequence[Observe]) -> None:
        self._symbols = [feed.symbol for feed in feeds]
        self._observers = list(observers)
        self._chunks: list[Iterator[Chunk]] = [iter(feed.open(0)) for feed in feeds]
        self._pending: list[Chunk | None] = [None] * len(feeds)
        self._ahead: list[Chunk | None] = [None] * len(feeds)
        self._before = [0] * len(feeds)
        """Rows of each feed that lie before the present window."""
        self.watches: list[Watch] = []
        """How each feed's book takes rows as they are played; set by whoever has the books."""
        self.latest_only: list[Collection[int]] = []
        """The kinds of rows of which a feed's book need only be told the last; of others it must see all."""
        self.catch_ups: list[Watch] = []
        """How each feed's book takes rows that were played before; their time may lie behind the book's."""
        self.time = 0
        self.feed = 0
        self.due = self.matched = False
        self._passed = 0
        self._columns: list[list[Any]] = []
        """Kind, event time and the five values of the window's rows."""
        self._times: list[int] = []
        self._rows: Iterator[_Row] = iter(())
        self._feed_rows: list[list[int]] = []
        self._kinds: list[int] = []
        """How many kinds of rows each feed has in the window, of those of which only the latest counts."""
        self._synced: list[int] = []
        self._next = 0

    @property
    def rows(self) -> int:
        """Rows played so far, over all feeds."""
        return self._passed + self._next

    @property
    def symbol(self) -> str:
        """The symbol of the feed it stopped in."""
        return self._symbols[self.feed]

    @property
    def position(self) -> int:
        """How many rows of the feed it stopped in have been folded."""
        return self._before[self.feed] + bisect_left(self._feed_rows[self.feed], self._next)

    def folded(self, feed: int) -> int:
        """How many rows of `feed` have been folded."""
        own = self._feed_rows[feed] if self._feed_rows else ()
        return self._before[feed] + bisect_left(own, self._next)

    def play(self, until: int, watched: Sequence[bool] | None) -> bool:
        """Fold rows up to and including desk time `until`, or to the first that asks for attention; True if one does.

        `watched` says for each feed whether something rests in its book; None when nothing rests anywhere.
        """
        while True:
            start = self._next
            if start == len(self._times):
                if not self._load():
                    return False
                start = 0
            stop = bisect_right(self._times, until, start)
            if stop == start:
                return False
            rows = islice(self._rows, stop - start)
            if self._fold(rows) if watched is None else self._fold_watched(rows, watched):
                return True
            self._next = stop
            if stop < len(self._times):
                return False

    def _fold(self, rows: Iterator[_Row]) -> bool:
        for index, feed, observe, symbol, time, kind, event_time, v0, v1, v2, v3, v4 in rows:
            if observe(symbol, kind, time, event_time, v0, v1, v2, v3, v4):
                return self._stopped(index, feed, time, due=True, matched=False)
        return False

    def _fold_watched(self, rows: Iterator[_Row], watched: Sequence[bool]) -> bool:
        watches, synced = self.watches, self._synced
        for index, feed, observe, symbol, time, kind, event_time, v0, v1, v2, v3, v4 in rows:
            matched = False
            if watched[feed]:
                matched = watches[feed](symbol, kind, time, event_time, v0, v1, v2, v3, v4)
                synced[feed] = index + 1
            due = observe(symbol, kind, time, event_time, v0, v1, v2, v3, v4)
            if due or matched:
                return self._stopped(index, feed, time, due=due, matched=matched)
        return False

    def _stopped(self, index: int, feed: int, time: int, *, due: bool, matched: bool) -> bool:
        self._next = index + 1
        self.time, self.feed, self.due, self.matched = time, feed, due, matched
        return True

    # ------------------------------------------------------------------ books

    def sync(self, feed: int) -> None:
        """Give the book of `feed` what it has not seen of the rows played so far."""
        synced, played = self._synced, self._next
        if not synced or synced[feed] >= played:
            return
        own = self._feed_rows[feed]
        start, stop = bisect_left(own, synced[feed]), bisect_left(own, played)
        synced[feed] = played
        if start == stop:
            return
        catch_up, symbol, times = self.catch_ups[feed], self._symbols[feed], self._times
        kinds, event_times, v0, v1, v2, v3, v4 = self._columns
        at = own[stop - 1]
        if self._kinds[feed] == 1 and (
            kinds[at] == TickKind.QUOTE or v0[at] == v0[at]
        ):  # the rule: quotes alone
            catch_up(symbol, kinds[at], times[at], event_times[at], v0[at], v1[at], v2[at], v3[at], v4[at])
            return
        latest_only = self.latest_only[feed]
        latest: dict[int, int] = {}
        for row in range(stop - 1, start - 1, -1):
            at = own[row]
            kind = kinds[at]
            if kind not in latest_only:  # what builds on what came before: all of it counts
                latest = dict(enumerate(own[start:stop]))
                break
            price = v0[at]
            if kind not in latest and (
                kind == TickKind.QUOTE or price == price
            ):  # a void print or bar says nothing
                latest[kind] = at
                if len(latest) == self._kinds[feed]:
                    break
        for at in sorted(latest.values()):
            catch_up(symbol, kinds[at], times[at], event_times[at], v0[at], v1[at], v2[at], v3[at], v4[at])

    def sync_all(self) -> None:
        """Give every book what it has not seen of the rows played so far."""
        for feed in range(len(self._symbols)):
            self.sync(feed)

    # ------------------------------------------------------------------ windows

    def _load(self) -> bool:
        """Go on to the next window of rows that no feed can have earlier ones of; False at the end of all feeds."""
        self.sync_all()
        self._passed += len(self._times)
        for feed, own in enumerate(self._feed_rows):
            self._before[feed] += len(own)
        parts = self._parts()
        live = [feed for feed, part in enumerate(parts) if part is not None]
        if not live:
            self._times, self._feed_rows, self._next = [], [], 0
            self._synced, self._columns = [], []
            return False
        if len(live) == 1 and len(parts) == 1:
            window = parts[0]
            assert window is not None
            owners = np.zeros(len(window), dtype=np.int64)
        else:
            window, owners = _interleaved(
                [(feed, part) for feed, part in enumerate(parts) if part is not None]
            )
        self._times = window.time.tolist()
        self._feed_rows = [np.flatnonzero(owners == feed).tolist() for feed in range(len(parts))]
        self._kinds = [
            0 if part is None else _latest_kinds(part, latest_only)
            for part, latest_only in zip(parts, self.latest_only, strict=True)
        ]
        self._synced = [0] * len(parts)
        self._next = 0
        feeds = owners.tolist()
        single = len(parts) == 1
        observers = repeat(self._observers[0]) if single else map(self._observers.__getitem__, feeds)
        symbols = repeat(self._symbols[0]) if single else map(self._symbols.__getitem__, feeds)
        self._columns = [
            _listed(getattr(window, name)) for name in ("kind", "event_time", "v0", "v1", "v2", "v3", "v4")
        ]
        self._rows = zip(
            range(len(feeds)), feeds, observers, symbols, self._times, *self._columns, strict=False
        )
        return True

    def _next_chunk(self, feed: int) -> Chunk | None:
        """The next rows of a feed, with all there are of their last instant: at one instant feeds come in order."""
        chunks = (each for each in self._chunks[feed] if len(each))
        ahead, self._ahead[feed] = self._ahead[feed], None
        found = ahead if ahead is not None else next(chunks, None)
        while found is not None:
            behind = next(chunks, None)
            if behind is None or int(behind.time[0]) != int(found.time[-1]):
                self._ahead[feed] = behind
                break
            found = concatenate(found.symbol, (found, behind))
        return found

    def _parts(self) -> list[Chunk | None]:
        """The rows of each feed that belong to the next window; what lies behind it stays pending."""
        for feed, chunk in enumerate(self._pending):
            if chunk is None or not len(chunk):
                self._pending[feed] = self._next_chunk(feed)
        live = [chunk for chunk in self._pending if chunk is not None]
        if not live:
            return [None] * len(self._pending)
        end = min(int(chunk.time[-1]) for chunk in live)
        parts: list[Chunk | None] = []
        for feed, chunk in enumerate(self._pending):
            if chunk is None:
                parts.append(None)
                continue
            stop = int(np.searchsorted(chunk.time, end, side="right"))
            parts.append(chunk.part(0, stop) if stop else None)
            self._pending[feed] = chunk.part(stop, len(chunk))
        return parts


def _listed(column: np.ndarray[Any, Any]) -> list[Any]:
    """A column as numbers of Python. Where all rows are equal, or all void, there is one number for them all."""
    first = column[:1]
    if bool((column == first).all()) or bool((column != column).all()):
        return list(first.tolist()) * len(column)
    listed: list[Any] = column.tolist()
    return listed


def _latest_kinds(part: Chunk, latest_only: Collection[int]) -> int:
    """After how many kinds a search for the latest of each is over: never, where some must all be found."""
    kinds = set(np.unique(part.kind).tolist())
    return len(kinds) if kinds.issubset(latest_only) else len(kinds) + 1


def _interleaved(
    parts: Sequence[tuple[int, Chunk]],
) -> tuple[Chunk, np.ndarray[tuple[int], np.dtype[np.int64]]]:
    """The rows of all parts in order of time, and which feed each belongs to."""
    owners = np.concatenate([np.full(len(part), feed, dtype=np.int64) for feed, part in parts])
    columns = {name: np.concatenate([getattr(part, name) for _, part in parts]) for name in COLUMNS}
    order = np.argsort(columns["time"], kind="stable")
    return Chunk("", *(columns[name][order] for name in COLUMNS)), owners[order]
