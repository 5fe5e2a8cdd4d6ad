"""Several tables of rows as one stream, in the order (desk time, table, row), enterable at any ordinal.

Pure functions over numpy tables: every process computes the same order and the same positions.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from heapq import heapify, heappop, heappush
from typing import Final

import numpy as np

from cluster.feeds.columns import CHUNK_ROWS, Rows

_SMALLEST_WINDOW: Final = 256


def merged(tables: Sequence[Rows], position: int = 0, *, chunk_rows: int = CHUNK_ROWS) -> Iterator[Rows]:
    """The rows of all tables from ordinal `position` on, in pieces of about `chunk_rows`.

    Each table is sorted by `time`. Equal times keep the order of the tables, then of their rows.
    """
    offsets = offsets_at(tables, position)
    waiting = [
        (int(table["time"][offset]), index)
        for index, (table, offset) in enumerate(zip(tables, offsets, strict=True))
        if offset < len(table)
    ]
    heapify(waiting)
    share = chunk_rows
    while waiting:
        stops = _window(tables, offsets, waiting, share)
        parts = [tables[index][offsets[index] : stops[index]] for index in sorted(stops)]
        yield _interleaved([part for part in parts if len(part)])
        for index, stop in stops.items():
            offsets[index] = stop
            if stop < len(tables[index]):
                heappush(waiting, (int(tables[index]["time"][stop]), index))
        share = max(_SMALLEST_WINDOW, chunk_rows // len(stops))


def offsets_at(tables: Sequence[Rows], position: int) -> list[int]:
    """How many rows of each table come before ordinal `position` of the merged stream."""
    if position <= 0:
        return [0] * len(tables)
    if position >= sum(map(len, tables)):
        return [len(table) for table in tables]
    times = [_Times(table) for table in tables]
    earliest = min(column[0] for column in times if len(column))
    latest = max(column[len(column) - 1] for column in times if len(column))
    # The time of row `position`: the first time at which more than `position` rows are over.
    time = earliest + bisect_right(
        range(latest - earliest + 1),
        position,
        key=lambda elapsed: sum(bisect_right(column, earliest + elapsed) for column in times),
    )
    offsets = [bisect_left(column, time) for column in times]
    left = position - sum(offsets)
    for index, column in enumerate(times):
        taken = min(left, bisect_right(column, time) - offsets[index])
        offsets[index] += taken
        left -= taken
    return offsets


class _Times(Sequence[int]):
    """The times of a table as a sequence for `bisect`: searching must not copy a column of a large file."""

    def __init__(self, table: Rows) -> None:
        self._column = table["time"]

    def __len__(self) -> int:
        return len(self._column)

    def __getitem__(self, index: int) -> int:  # type: ignore[override]
        return int(self._column[index])


def _window(
    tables: Sequence[Rows], offsets: Sequence[int], waiting: list[tuple[int, int]], rows: int
) -> dict[int, int]:
    """Which tables give rows to the next piece, and where the share of each ends. Takes them off the heap.

    Nothing beyond the piece may come before anything in it: of the tables that begin within it, the one whose
    window of `rows` ends first, in the stream's order, bounds the others. All other tables are left alone, so that
    thousands of them (one a day) cost no more than those of one day.
    """
    ends: dict[int, int] = {}
    bound: tuple[int, int] | None = None
    while waiting and (bound is None or waiting[0] <= bound):
        _, index = heappop(waiting)
        ends[index] = end = min(offsets[index] + rows, len(tables[index]))
        last = (int(tables[index]["time"][end - 1]), index)
        bound = last if bound is None else min(bound, last)
    assert bound is not None  # the heap was not empty
    last_time, last_table = bound
    stops = {}
    for index, end in ends.items():
        search = bisect_right if index <= last_table else bisect_left
        stops[index] = search(_Times(tables[index]), last_time, offsets[index], end)
    return stops


def _interleaved(parts: Sequence[Rows]) -> Rows:
    if len(parts) == 1:
        return parts[0]
    rows = np.concatenate(parts)
    order = np.argsort(rows["time"], kind="stable")
    taken: Rows = rows[order]
    return taken
