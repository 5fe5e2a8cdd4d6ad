"""The merged order: by time, then table, then row; and that it can be entered anywhere."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cluster.feeds.columns import ROW, Rows
from cluster.feeds.merge import merged, offsets_at
from tests.cluster.feeds.recordings import table_of

pytestmark = pytest.mark.property

SORTED_TIMES = st.lists(st.integers(0, 30), max_size=25).map(sorted)
TABLES = st.lists(SORTED_TIMES, max_size=4).map(
    lambda columns: [table_of(times, mark=float(index)) for index, times in enumerate(columns)]
)


def flat(pieces: list[Rows]) -> list[tuple[int, float, float]]:
    rows = np.concatenate(pieces) if pieces else np.zeros(0, dtype=ROW)
    return list(zip(rows["time"].tolist(), rows["v0"].tolist(), rows["v1"].tolist(), strict=True))


def reference(tables: list[Rows]) -> list[tuple[int, float, float]]:
    return sorted(row for table in tables for row in flat([table]))


@settings(max_examples=150, deadline=None)
@given(TABLES, st.integers(1, 40))
def test_the_order_is_time_then_table_then_row(tables: list[Rows], chunk_rows: int) -> None:
    assert flat(list(merged(tables, chunk_rows=chunk_rows))) == reference(tables)


DAYS = st.lists(
    st.tuples(st.integers(0, 12), st.lists(st.integers(0, 15), max_size=8).map(sorted)), max_size=25
).map(
    lambda days: [
        table_of([day * 10 + time for time in times], mark=float(index))
        for index, (day, times) in enumerate(days)
    ]
)
"""Many tables, each of a short time, in any order: most follow each other, some overlap."""


@settings(max_examples=150, deadline=None)
@given(DAYS, st.integers(1, 40), st.data())
def test_many_tables_of_short_times_keep_the_order_wherever_it_is_entered(
    tables: list[Rows], chunk_rows: int, data: st.DataObject
) -> None:
    whole = reference(tables)
    assert flat(list(merged(tables, chunk_rows=chunk_rows))) == whole
    position = data.draw(st.integers(0, len(whole)))
    assert flat(list(merged(tables, position, chunk_rows=chunk_rows))) == whole[position:]


def test_tables_that_have_not_begun_do_not_make_the_pieces_small() -> None:
    tables = [table_of(range(day * 5000, day * 5000 + 5000)) for day in range(200)]
    pieces = list(merged(tables, chunk_rows=1000))
    assert len(pieces) == 200 * 5


@settings(max_examples=150, deadline=None)
@given(TABLES, st.data())
def test_entering_at_any_position_gives_the_rest_of_the_whole(
    tables: list[Rows], data: st.DataObject
) -> None:
    whole = reference(tables)
    position = data.draw(st.integers(0, len(whole)))
    assert flat(list(merged(tables, position))) == whole[position:]
    assert sum(offsets_at(tables, position)) == position


def test_the_order_holds_across_many_windows_with_equal_times() -> None:
    random = np.random.default_rng(7)
    tables = [table_of(np.sort(random.integers(0, 40, 3000)), mark=float(mark)) for mark in range(3)]
    pieces = list(merged(tables, chunk_rows=600))
    assert len(pieces) > 10
    assert flat(pieces) == reference(tables)


def test_tables_that_follow_each_other_are_not_copied() -> None:
    tables = [table_of(range(5000)), table_of(range(5000, 5010))]
    last = list(merged(tables, 5005))[-1]
    assert np.shares_memory(last, tables[1])
