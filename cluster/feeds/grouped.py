"""Several feeds as one sequence of rows in desk-time order: what an actor of a group of symbols folds.

At one instant the feeds come in the order they were given. `position` counts the rows of all of them together, so
that one number says how far the group is; the sequence is the same however it is cut.
"""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heapify, heapreplace, merge
from typing import TYPE_CHECKING, Final, Protocol

from cluster.feeds.live.cursor import END_OF_TIME, LiveCursor, Observe
from messages.errors import DataProviderError

if TYPE_CHECKING:  # brings numpy, and who has live prices alone does without
    from cluster.feeds.columns import Feed
    from cluster.feeds.cursor import FeedCursor

_NEVER: Final = END_OF_TIME + 1


class Cursor(Protocol):
    """What a host folds: a `FeedCursor`, a `LiveCursor`, or a group of either."""

    @property
    def symbol(self) -> str:
        """The symbol of the row folded last, or of all rows."""

    @property
    def position(self) -> int:
        """How many rows are folded."""

    @property
    def next_time(self) -> int | None:
        """The desk time of the next row, ns UTC; None when there is none (yet)."""

    def fold(self, observe: Observe, until_time: int = END_OF_TIME) -> int | None:
        """See `FeedCursor.fold`."""

    def rebuild(self, observe: Observe, position: int, start: int = 0) -> None:
        """See `FeedCursor.rebuild`."""


class _Merged:
    """Folds cursors in order of time. `symbol` is that of the row folded last."""

    def __init__(self, cursors: Sequence[Cursor]) -> None:
        self._cursors = list(cursors)
        self._symbol = self._cursors[0].symbol

    @property
    def symbol(self) -> str:
        """The symbol of the row folded last; before the first row that of the first feed."""
        return self._symbol

    @property
    def next_time(self) -> int | None:
        """The desk time of the next row not yet folded, ns UTC; None when no feed has one."""
        times = [each.next_time for each in self._cursors]
        return min((time for time in times if time is not None), default=None)

    def _fold(self, observe: Observe, until_time: int) -> int | None:
        cursors = self._cursors
        heap = [(_due(cursor), turn) for turn, cursor in enumerate(cursors)]
        heapify(heap)
        while heap[0][0] <= until_time:
            turn = heap[0][1]
            cursor = cursors[turn]
            self._symbol = cursor.symbol
            bound = until_time
            if len(heap) > 1:
                time, other = min(heap[1:3])
                # at the next one's time, those before it in the list come first
                bound = min(until_time, time if turn < other else time - 1)
            due = cursor.fold(observe, bound)
            if due is not None:
                return due
            heapreplace(heap, (_due(cursor), turn))
        return None


class GroupCursor(_Merged):
    """`FeedCursor` for several stored feeds."""

    def __init__(self, feeds: Sequence[Feed]) -> None:
        self._feeds = tuple(feeds)
        super().__init__(self._opened())

    def _opened(self) -> list[FeedCursor]:
        from cluster.feeds.cursor import FeedCursor

        return [FeedCursor(feed) for feed in self._feeds]

    @property
    def position(self) -> int:
        """How many rows are folded, over all feeds."""
        return sum(each.position for each in self._cursors)

    def fold(self, observe: Observe, until_time: int = END_OF_TIME) -> int | None:
        """See `FeedCursor.fold`."""
        return self._fold(observe, until_time)

    def rebuild(self, observe: Observe, position: int, start: int = 0) -> None:
        """Fold the rows `start` to `position` of the sequence again, ignoring what `observe` answers.

        Raises `DataProviderError` when the feeds end before; after that, or when `observe` raises, it stands at
        `start`.
        """
        if start != self.position:
            self._begin_at(start)
        try:
            self._fold_rows(observe, position - start)
        except BaseException:
            self._begin_at(start)
            raise

    def _begin_at(self, start: int) -> None:
        self._cursors = list(self._opened())
        self._fold_rows(_unseen, start)

    def _fold_rows(self, observe: Observe, rows: int) -> None:
        """Fold exactly so many rows."""
        left = rows

        def counted(
            symbol: str,
            kind: int,
            time: int,
            event_time: int,
            v0: float,
            v1: float,
            v2: float,
            v3: float,
            v4: float,
        ) -> bool:
            nonlocal left
            observe(symbol, kind, time, event_time, v0, v1, v2, v3, v4)
            left -= 1
            return not left

        if rows > 0 and self._fold(counted, END_OF_TIME) is None:
            raise DataProviderError(
                f"the feeds of the group have only {self.position} rows",
                field=f"{self._symbol}.position",
                value=self.position + left,
                remedy="give the files the run was started with, in the same order",
            )


class LiveGroupCursor(_Merged):
    """`LiveCursor` for several live feeds: what waits at one instant comes in the order of the symbols."""

    def __init__(self, cursors: Sequence[LiveCursor]) -> None:
        super().__init__(cursors)
        self._live = tuple(cursors)
        self._begun_at = 0

    @property
    def position(self) -> int:
        """How many rows were folded, over all lives of the actor."""
        return self._begun_at + sum(each.position for each in self._live)

    def fold(self, observe: Observe, until_time: int = END_OF_TIME) -> int | None:
        """See `FeedCursor.fold`."""
        return self._fold(observe, until_time)

    def rebuild(self, observe: Observe, position: int, start: int = 0) -> None:
        """Give `observe` what all symbols remember, in order of time, ignoring its answers; see `LiveCursor`."""
        if position < start:
            raise DataProviderError(
                "a feed can't be rebuilt to before its start",
                field=f"{self._symbol}.position",
                value=position,
            )
        known = [[(row, each.symbol) for row in each.remembered] for each in self._live]
        for (time, kind, event_time, v0, v1, v2, v3, v4), symbol in merge(
            *known, key=lambda known_row: known_row[0][0]
        ):
            observe(symbol, kind, time, event_time, v0, v1, v2, v3, v4)
        self._begun_at = position - sum(each.position for each in self._live)


def cursor_of(feeds: Sequence[Feed]) -> FeedCursor | GroupCursor:
    """The cursor of an actor that sees these stored feeds."""
    from cluster.feeds.cursor import FeedCursor

    return FeedCursor(feeds[0]) if len(feeds) == 1 else GroupCursor(feeds)


def _due(cursor: Cursor) -> int:
    time = cursor.next_time
    return _NEVER if time is None else time


def _unseen(
    symbol: str, kind: int, time: int, event_time: int, v0: float, v1: float, v2: float, v3: float, v4: float
) -> bool:
    """Nobody looks at these rows: they are counted."""
    return False
