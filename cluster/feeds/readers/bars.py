"""The bars of one file: how long they last, when they close, which are repeated and which are missing.

Nobody can know a bar before it closes. So whatever stamp a file gives its bars, rows are timed by the close.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, Protocol

import numpy as np

from cluster.feeds.columns import Chunk, Flags, Times, Values
from cluster.feeds.readers.base import GAP, MISSING_BAR, REPEATED_BAR, Coverage
from messages.errors import DataProviderError

_ENOUGH_STEPS: Final = 8
"""From so many distances on, bars that are never one length apart are taken for longer bars, not for gaps."""

_VALUES: Final = ("v0", "v1", "v2", "v3", "v4")


class Wrong(Protocol):
    """Makes the error for a row of the chunk at hand."""

    def __call__(self, row: int, message: str, *, value: object, remedy: str) -> DataProviderError:
        """The error that names the row's place in the file."""


class BarSeries:
    """Takes the bars of one file, chunk by chunk, and gives them out timed by their close.

    `length` (ns) is how long every bar of the file lasts; None: to be learnt from the first rows. `stamped_open`
    says that the file's times are those at which bars open. `own_event_time` says that the file has a clock of
    its own for the event time, which stays as it is.
    """

    def __init__(
        self, coverage: Coverage, *, length: int | None, stamped_open: bool, own_event_time: bool = False
    ) -> None:
        self._coverage = coverage
        self._length = length
        self._stamped_open = stamped_open
        self._own_event_time = own_event_time
        self._learnt = length is not None
        self._last: dict[str, Chunk] = {}
        self._distances: dict[str, tuple[int, int]] = {}

    def learn(self, times: Sequence[Times]) -> None:
        """Learn the length from the stamps of the first rows, one array per listing: their most common distance.

        Of two distances that are as common the longer one counts: a bar given out late tells no future.
        """
        if self._learnt:
            return
        self._learnt = True
        steps = np.concatenate([np.diff(each) for each in times])
        distances, counts = np.unique(steps[steps > 0], return_counts=True)
        if len(distances):
            self._length = int(distances[len(counts) - 1 - int(np.argmax(counts[::-1]))])

    def take(self, chunk: Chunk, wrong: Wrong) -> Chunk:
        """The bars of one listing, in order, without the repeated ones.

        Raises what `wrong` makes for two different bars of one time and, where times are those of the open, for
        bars that begin before the last one ended, or that do not tell how long they last.
        """
        last = self._last.get(chunk.symbol)
        self._last[chunk.symbol] = chunk.part(len(chunk) - 1, len(chunk))
        first = int(last.time[0]) if last is not None else int(chunk.time[0])
        steps = np.diff(chunk.time, prepend=first)
        repeated = steps == 0
        if last is None:
            repeated[0] = False
        self._refuse_contradictions(chunk, last, repeated, wrong)
        if self._stamped_open:
            self._refuse_lengths(chunk, steps, wrong)
            self._remember_distance(chunk.symbol, steps)
        self._note_gaps(steps)
        self._coverage.leave_out(REPEATED_BAR, int(repeated.sum()))
        kept = self._closed(chunk)
        return kept if not repeated.any() else kept.where(~repeated)

    def longer(self) -> tuple[str, int] | None:
        """At the end of the file: a listing whose bars seem to last longer than the others', and how long (ns).

        Those bars were timed before they closed.
        """
        for listing, (count, closest) in self._distances.items():
            if self._length is not None and count >= _ENOUGH_STEPS and closest > self._length:
                return listing, closest
        return None

    def _refuse_contradictions(self, chunk: Chunk, last: Chunk | None, repeated: Flags, wrong: Wrong) -> None:
        if not repeated.any():
            return
        differs = np.zeros(len(chunk), dtype=np.bool_)
        for name in _VALUES:
            column = getattr(chunk, name)
            before = np.concatenate((column[:1] if last is None else getattr(last, name), column[:-1]))
            differs |= (column != before) & ~(np.isnan(column) & np.isnan(before))
        differs &= repeated
        if differs.any():
            row = int(np.argmax(differs))
            raise wrong(
                row,
                "another bar has the same time",
                value=int(chunk.time[row]),
                remedy="keep one of the two; bars of several symbols need a symbol column",
            )

    def _refuse_lengths(self, chunk: Chunk, steps: Times, wrong: Wrong) -> None:
        length = self._length
        if length is None:
            raise wrong(
                0,
                "a bar alone does not tell how long it lasts",
                value=int(chunk.time[0]),
                remedy="name the file like BTC_USDT-5m.csv, or give the bars a close_time",
            )
        close = (steps > 0) & (steps < length)
        if close.any():
            row = int(np.argmax(close))
            raise wrong(
                row,
                f"the bar begins {int(steps[row])} ns after the one before, which lasts {length} ns",
                value=int(chunk.time[row]),
                remedy="one file holds bars of one length; give bars of uneven length a close_time",
            )

    def _remember_distance(self, listing: str, steps: Times) -> None:
        apart = steps[steps > 0]
        if len(apart):
            count, closest = self._distances.get(listing, (0, int(apart[0])))
            self._distances[listing] = (count + len(apart), min(closest, int(apart.min())))

    def _note_gaps(self, steps: Times) -> None:
        if self._length is None:
            return
        gaps = steps[steps > self._length]
        self._coverage.note(GAP, len(gaps))
        self._coverage.note(MISSING_BAR, int((-(-gaps // self._length) - 1).sum()))

    def _closed(self, chunk: Chunk) -> Chunk:
        if not self._stamped_open or self._length is None:
            return chunk
        closes = chunk.time + self._length
        event_time = chunk.event_time if self._own_event_time else chunk.event_time + self._length
        return replace(chunk, time=closes, event_time=event_time)


def misshapen(opening: Values, high: Values, low: Values, close: Values) -> Flags:
    """Where a bar's open or close lies outside of its low and high. Missing values (nan) are not misshapen."""
    flags: Flags = (high < np.maximum(opening, close)) | (low > np.minimum(opening, close))
    return flags
