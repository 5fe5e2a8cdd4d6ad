"""Several tables of rows as one stream, in the order (desk time, table, row), enterable at any ordinal.

Pure functions over numpy tables: every process computes the same order and the same positions.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from cluster.feeds.columns import CHUNK_ROWS, Rows

_SMALLEST_WINDOW: Final = 256


def merged(tables: Sequence[Rows], position: int = 0, *, chunk_rows: int = CHUNK_ROWS) -> Iterator[Rows]:
    """The rows of all tables from ordinal `position` on, in pieces of about `chunk_rows`.

    Each table is sorted by `time`. Equal times keep the order of the tables, then of their rows.
    """
    offsets = offsets_at(tables, position)
    while True:
        live = [index for index, table in enumerate(tables) if offsets[index] < len(table)]
        if not live:
            return
        if len(live) == 1:
            index = live[0]
            stop = min(offsets[index] + chunk_rows, len(tables[index]))
            yield tables[index][offsets[index] : stop]
            offsets[index] = stop
            continue
        stops = _window(tables, offsets, live, max(_SMALLEST_WINDOW, chunk_rows // len(live)))
        parts = [tables[index][offsets[index] : stops[index]] for index in live]
        offsets = [stops.get(index, offset) for index, offset in enumerate(offsets)]
        yield _interleaved([part for part in parts if len(part)])


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


def _window(tables: Sequence[Rows], offsets: Sequence[int], live: Sequence[int], rows: int) -> dict[int, int]:
    """Where each table's share of the next piece ends: nothing beyond it may come before anything in it.

    The table whose window of `rows` ends first, in the stream's order, bounds the others.
    """
    ends = {index: min(offsets[index] + rows, len(tables[index])) for index in live}
    last_time, last_table = min((int(tables[index]["time"][end - 1]), index) for index, end in ends.items())
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
