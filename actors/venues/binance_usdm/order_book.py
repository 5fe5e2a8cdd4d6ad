"""A book kept by the venue's sequence numbers: a snapshot, then every change after it, and nothing missed.

Pure: it says what is needed next, the stream fetches it. The rule differs a little from the venue's text. An event
covers the changes after `pu` up to `u`, so it may follow a snapshot `last` exactly when pu <= last <= u: that also
takes events that begin right behind the snapshot, which `U <= last` would refuse in a quiet market.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

from actors.venues.binance_usdm.market_frames import DepthUpdate
from actors.venues.books import OrderBook
from actors.venues.books.order_book import Levels

MOST_WAITING: Final = 5_000
"""Events kept while a snapshot is fetched; a snapshot later than that is of no use."""


class Taken(Enum):
    """What became of an event."""

    APPLIED = "applied"
    OLD = "old"
    """The book has it already."""
    WAITING = "waiting"
    """It is kept until there is a snapshot."""
    GAP = "gap"
    """Something between it and the book was missed. It is kept, and the book wants a snapshot."""


class SequencedBook:
    """The book of one symbol and where in the venue's sequence it stands."""

    __slots__ = ("_begun", "_waiting", "book", "last", "wants_snapshot")

    def __init__(self) -> None:
        self.book = OrderBook()
        self.last = 0
        """The last change that is in the book."""
        self.wants_snapshot = True
        self._begun = False
        """Whether an event was applied since the snapshot; from then on the chain is strict."""
        self._waiting: list[DepthUpdate] = []

    def lose(self) -> None:
        """The stream was interrupted: what the book shows is no longer sure, and what comes next is kept."""
        self.wants_snapshot = True
        self._waiting.clear()

    def take(self, update: DepthUpdate) -> Taken:
        """Apply an event of the diff stream, or keep it."""
        if self.wants_snapshot:
            if len(self._waiting) == MOST_WAITING:
                self._waiting.clear()
            self._waiting.append(update)
            return Taken.WAITING
        taken = self._apply(update)
        if taken is Taken.GAP:
            self.wants_snapshot = True
            self._waiting = [update]
        return taken

    def begin(self, last: int, bids: Levels, asks: Levels) -> list[DepthUpdate] | None:
        """Begin anew with the snapshot that holds all changes up to `last`.

        Returns the kept events that were then applied; None when the snapshot is older than the first of them, so
        that another one is wanted and the book is what it was. Another one is also wanted when the kept events
        themselves have a gap: see `wants_snapshot`.
        """
        kept = [update for update in self._waiting if update.u >= last]
        if kept and kept[0].pu > last:
            return None
        self.book.replace(bids, asks)
        self.last, self._begun, self.wants_snapshot = last, False, False
        self._waiting = []
        applied: list[DepthUpdate] = []
        for index, update in enumerate(kept):
            taken = self._apply(update)
            if taken is Taken.GAP:
                self.wants_snapshot = True
                self._waiting = kept[index:]
                break
            if taken is Taken.APPLIED:
                applied.append(update)
        return applied

    def _apply(self, update: DepthUpdate) -> Taken:
        if update.pu != self.last:
            if self._begun:
                if update.u <= self.last:
                    return Taken.OLD
                return Taken.GAP
            if update.u < self.last:
                return Taken.OLD
            if update.pu > self.last:
                return Taken.GAP
        self.last = update.u
        self._begun = True
        self.book.change(update.b, update.a)
        return Taken.APPLIED
