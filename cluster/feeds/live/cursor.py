"""The cursor of a feed that is not stored: rows wait here until the host folds them. The same face as `FeedCursor`.

Apart from it because a live row comes alone: making a chunk of columns of it would cost more than folding it, and a
strategy's process would need numpy for nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import Final

from messages.errors import DataProviderError
from messages.market import TickKind

END_OF_TIME: Final = 2**63 - 1

_QUOTE: Final = TickKind.QUOTE

Row = tuple[int, int, int, float, float, float, float, float]
"""Desk time, kind, event time, and the five values of `messages.market`."""

Observe = Callable[[str, int, int, int, float, float, float, float, float], bool]
"""`observe(symbol, kind, time, event_time, v0, v1, v2, v3, v4)`; True says that a decision is due."""


class LiveCursor:
    """Rows of one symbol. At most about `capacity` wait: beyond it all quotes but the last are let go.

    Trades, bars and the book are never shed; they can't pile up for long, as rows come and are folded on one loop.
    `position` counts folded rows on from where the actor's last commit stood; the rows before it are gone. What a
    view is rebuilt from is a warm-up given by `remember` and the last `recent` rows.
    """

    def __init__(self, symbol: str, *, capacity: int, recent: int) -> None:
        self._symbol = symbol
        self._capacity = self._limit = capacity
        self._rows: deque[Row] = deque()
        self._past: deque[Row] = deque(maxlen=recent)
        self._warm_up: tuple[Row, ...] = ()
        self._position = 0
        self.received = 0
        """Rows pushed."""
        self.shed = 0
        """Quotes let go unseen."""

    @property
    def symbol(self) -> str:
        """The symbol of all rows."""
        return self._symbol

    @property
    def position(self) -> int:
        """How many rows were folded, over all lives of the actor."""
        return self._position

    @property
    def waiting(self) -> int:
        """How many rows wait."""
        return len(self._rows)

    @property
    def next_time(self) -> int | None:
        """The desk time of the next row not yet folded, ns UTC; None when none waits."""
        return self._rows[0][0] if self._rows else None

    @property
    def remembered(self) -> tuple[Row, ...]:
        """What a view is rebuilt from: the warm-up and the last rows folded, in order of time."""
        return (*self._warm_up, *self._past)

    def remember(self, rows: Iterable[Row]) -> None:
        """What happened before the first row: folded whenever a view is rebuilt, never decided on."""
        self._warm_up = tuple(rows)

    def push(self, row: Row) -> None:
        """Add a row; its time is not before the one pushed last."""
        self.received += 1
        self._rows.append(row)
        if len(self._rows) > self._limit:
            self._conflate()

    def _conflate(self) -> None:
        """Let go of all waiting quotes but the last."""
        rows = self._rows
        last = next((row for row in reversed(rows) if row[1] == _QUOTE), None)
        kept = deque(row for row in rows if row[1] != _QUOTE or row is last)
        self.shed += len(rows) - len(kept)
        self._rows = kept
        # what is kept may be more than the capacity: looking at it again with every row would cost its square
        self._limit = max(self._capacity, 2 * len(kept))

    def fold(self, observe: Observe, until_time: int = END_OF_TIME) -> int | None:
        """See `FeedCursor.fold`."""
        rows, past, symbol = self._rows, self._past, self._symbol
        while rows:
            row = rows[0]
            time, kind, event_time, v0, v1, v2, v3, v4 = row
            if time > until_time:
                return None
            due = observe(symbol, kind, time, event_time, v0, v1, v2, v3, v4)
            rows.popleft()
            past.append(row)
            self._position += 1
            if due:
                return time
        self._limit = self._capacity
        return None

    def rebuild(self, observe: Observe, position: int, start: int = 0) -> None:
        """Give `observe` what is remembered and the last rows folded, ignoring its answers; then stand at `position`.

        The rows before `position` need not be those of this life: what they made of the view is gone with them.
        """
        if position < start:
            raise DataProviderError(
                "a feed can't be rebuilt to before its start",
                field=f"{self._symbol}.position",
                value=position,
            )
        for time, kind, event_time, v0, v1, v2, v3, v4 in self.remembered:
            observe(self._symbol, kind, time, event_time, v0, v1, v2, v3, v4)
        self._position = position
