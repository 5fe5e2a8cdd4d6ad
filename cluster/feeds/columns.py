"""Market data as columns: the chunk that readers, caches, merges and cursors pass on.

A chunk holds rows of one symbol in desk-time order. There is no object per quote anywhere on the way from a file
to an actor; what the five values of each kind of row mean is written in `messages.market`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt

from messages.errors import InvariantError

Times = npt.NDArray[np.int64]
Kinds = npt.NDArray[np.int8]
Values = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Rows = npt.NDArray[Any]
"""A structured array of dtype `ROW`."""

NO_EVENT_TIME: Final = -(2**63)
"""`event_time` of a row whose source does not tell the venue's time (the bit pattern of numpy's NaT).

It lies before any real time, so whatever computes an age from it finds the row too old: missing fails closed.
"""

CHUNK_ROWS: Final = 4096
"""Rows a chunk aims at: about 260 kB as rows, and one `.tolist()` of about 0.5 ms."""

COLUMNS: Final = ("time", "event_time", "kind", "v0", "v1", "v2", "v3", "v4")

ROW: Final = np.dtype(
    [
        ("time", "<i8"),
        ("event_time", "<i8"),
        ("v0", "<f8"),
        ("v1", "<f8"),
        ("v2", "<f8"),
        ("v3", "<f8"),
        ("v4", "<f8"),
        ("kind", "i1"),
    ],
    align=True,
)
"""The stored form of one row: 64 bytes, little endian."""

Observe = Callable[[str, int, int, int, float, float, float, float, float], bool]
"""`observe(symbol, kind, time, event_time, v0, v1, v2, v3, v4)`; True says that a decision is due."""


@dataclass(frozen=True, slots=True, eq=False)
class Chunk:
    """Rows of one symbol: `time` (desk time) never decreases; `event_time` is the venue's clock; both ns UTC.

    Raises `InvariantError` when the columns differ in length.
    """

    symbol: str
    time: Times
    event_time: Times
    kind: Kinds
    v0: Values
    v1: Values
    v2: Values
    v3: Values
    v4: Values

    def __post_init__(self) -> None:
        lengths = {name: len(getattr(self, name)) for name in COLUMNS}
        if len(set(lengths.values())) != 1:
            raise InvariantError("the columns of a chunk differ in length", field=self.symbol, value=lengths)

    def __len__(self) -> int:
        return len(self.time)

    def named(self, symbol: str) -> Chunk:
        """The same rows under another symbol."""
        return replace(self, symbol=symbol)

    def part(self, start: int, stop: int) -> Chunk:
        """The rows `start` to `stop` (exclusive), without copying."""
        return Chunk(self.symbol, *(getattr(self, name)[start:stop] for name in COLUMNS))

    def where(self, flags: Flags) -> Chunk:
        """The rows that are flagged."""
        return Chunk(self.symbol, *(getattr(self, name)[flags] for name in COLUMNS))

    def rows(self) -> Rows:
        """The chunk in its stored form."""
        rows = np.zeros(len(self), dtype=ROW)
        for name in COLUMNS:
            rows[name] = getattr(self, name)
        return rows


def chunk_of_rows(symbol: str, rows: Rows) -> Chunk:
    """The stored form as a chunk. The columns are copies: they outlive the file behind `rows`."""
    return Chunk(symbol, *(np.ascontiguousarray(rows[name]) for name in COLUMNS))


class ChunkBuilder:
    """Collects rows one by one for readers whose source is not columnar."""

    __slots__ = ("_event_times", "_kinds", "_times", "_values", "symbol")

    def __init__(self, symbol: str) -> None:
        self.symbol = symbol
        self._times: list[int] = []
        self._event_times: list[int] = []
        self._kinds: list[int] = []
        self._values: list[float] = []

    def __len__(self) -> int:
        return len(self._times)

    def append(
        self, time: int, event_time: int, kind: int, values: tuple[float, float, float, float, float]
    ) -> None:
        """Add one row; the caller sees to it that `time` does not decrease."""
        self._times.append(time)
        self._event_times.append(event_time)
        self._kinds.append(kind)
        self._values.extend(values)

    def take(self) -> Chunk:
        """All rows collected so far; the builder is empty afterwards."""
        values = np.array(self._values, dtype=np.float64).reshape(-1, 5)
        chunk = Chunk(
            self.symbol,
            np.array(self._times, dtype=np.int64),
            np.array(self._event_times, dtype=np.int64),
            np.array(self._kinds, dtype=np.int8),
            *(np.ascontiguousarray(values[:, column]) for column in range(5)),
        )
        for collected in (self._times, self._event_times, self._kinds, self._values):
            collected.clear()
        return chunk


class Feed(Protocol):
    """A source of market data for one symbol that can be opened at any position.

    A position is the ordinal of a row in the feed's own order; the same feed gives the same rows at the same
    positions for ever, in every process.
    """

    @property
    def symbol(self) -> str:
        """The canonical symbol of all rows."""

    @property
    def first_time(self) -> int:
        """Where the replay window begins, ns UTC."""

    @property
    def last_time(self) -> int | None:
        """Where the replay window ends (inclusive), ns UTC; None when it has no end."""

    def open(self, position: int = 0) -> Iterator[Chunk]:
        """The rows from `position` on, as chunks."""


def concatenate(symbol: str, chunks: Sequence[Chunk]) -> Chunk:
    """The rows of `chunks`, one after the other, as one chunk of `symbol`."""
    if not chunks:
        return chunk_of_rows(symbol, np.zeros(0, dtype=ROW))
    return Chunk(symbol, *(np.concatenate([getattr(chunk, name) for chunk in chunks]) for name in COLUMNS))
