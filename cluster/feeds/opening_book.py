"""The displayed levels at a point in time, so that a feed can be entered between two snapshots of an order book."""

from __future__ import annotations

import numpy as np

from cluster.feeds.columns import NO_EVENT_TIME, Chunk
from messages.market import TickKind


class OpeningBook:
    """The levels that changes and snapshots add up to, for the rows of one symbol; rows of other kinds are passed by.

    What its rows give to a book is what all the rows folded into it would have given, in one update.
    """

    def __init__(self) -> None:
        self._sides: dict[float, dict[float, float]] = {1.0: {}, -1.0: {}}
        self._known = False
        """whether a snapshot was seen: without one the levels are changes to a book that nobody knows"""
        self._complete = True
        """whether the last update has ended"""
        self._event_time = NO_EVENT_TIME

    def fold(self, chunk: Chunk) -> None:
        """Take the next rows."""
        depth = np.flatnonzero(chunk.kind == TickKind.DEPTH)
        if not len(depth):
            return
        side, price, size, snapshot, last = (
            getattr(chunk, name)[depth] for name in ("v0", "v1", "v2", "v3", "v4")
        )
        begins = np.r_[self._complete, last[:-1] == 1.0]
        snapshots = np.flatnonzero(begins & (snapshot == 1.0))
        if len(snapshots):
            self._known = True
            self._sides = {1.0: {}, -1.0: {}}
            rest = slice(int(snapshots[-1]), None)
            side, price, size = side[rest], price[rest], size[rest]
        for sign, levels in self._sides.items():
            own = side == sign
            levels.update(zip(price[own].tolist(), size[own].tolist(), strict=True))
        self._complete = bool(last[-1] == 1.0)
        self._event_time = int(chunk.event_time[depth[-1]])

    def chunk(self, symbol: str, time: int) -> Chunk | None:
        """The book as one update at `time` (ns UTC), bids from the highest and asks from the lowest on; None without
        a level. It is a snapshot if one was seen; else the changes, removed levels included."""
        rows = [
            (sign, price, size)
            for sign, levels in self._sides.items()
            for price, size in sorted(levels.items(), key=lambda level: -sign * level[0])
            if size or not self._known
        ]
        if not rows:
            return None
        side, price, size = (np.array(column, np.float64) for column in zip(*rows, strict=True))
        count = len(rows)
        last = np.zeros(count)
        last[-1] = 1.0
        return Chunk(
            symbol,
            np.full(count, time, np.int64),
            np.full(count, self._event_time, np.int64),
            np.full(count, TickKind.DEPTH, np.int8),
            side,
            price,
            size,
            np.full(count, float(self._known)),
            last,
        )
