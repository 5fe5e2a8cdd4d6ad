"""Chunks: what they hold, and that their stored form loses nothing."""

from __future__ import annotations

import numpy as np
import pytest

from cluster.feeds.columns import COLUMNS, ROW, Chunk, ChunkBuilder, chunk_of_rows, concatenate
from messages.errors import InvariantError
from messages.market import TickKind
from tests.cluster.feeds.recordings import START, chunk_at, same_rows

pytestmark = pytest.mark.unit


def built() -> Chunk:
    builder = ChunkBuilder("BTC-USDT")
    builder.append(START, START - 5, TickKind.QUOTE, (1.0, 2.0, 3.0, 4.0, float("nan")))
    builder.append(START + 1, START - 4, TickKind.TRADE, (1.5, 0.1, -1.0, float("nan"), float("nan")))
    return builder.take()


def test_a_builder_gives_the_rows_it_was_given_and_is_empty_afterwards() -> None:
    builder = ChunkBuilder("BTC-USDT")
    builder.append(START, START - 5, TickKind.QUOTE, (1.0, 2.0, 3.0, 4.0, float("nan")))
    chunk = builder.take()
    assert len(builder) == 0
    assert (chunk.symbol, chunk.time.tolist(), chunk.event_time.tolist()) == (
        "BTC-USDT",
        [START],
        [START - 5],
    )
    assert [getattr(chunk, f"v{column}")[0] for column in range(4)] == [1.0, 2.0, 3.0, 4.0]
    assert np.isnan(chunk.v4[0])


def test_columns_have_the_types_that_nanoseconds_and_prices_need() -> None:
    chunk = built()
    types = [getattr(chunk, name).dtype for name in COLUMNS]
    assert types == [np.int64, np.int64, np.int8, *[np.float64] * 5]


def test_the_stored_form_gives_back_the_same_chunk() -> None:
    chunk = built()
    assert chunk.rows().dtype == ROW
    assert ROW.itemsize == 64
    assert same_rows([chunk_of_rows("BTC-USDT", chunk.rows())], [chunk])


def test_a_part_is_a_slice_and_concatenation_undoes_cutting() -> None:
    chunk = chunk_at(range(10))
    assert chunk.part(3, 5).time.tolist() == [3, 4]
    assert same_rows([concatenate("x", [chunk.part(0, 4), chunk.part(4, 10)])], [chunk])
    assert len(concatenate("x", [])) == 0


def test_columns_of_different_length_are_no_chunk() -> None:
    chunk = built()
    with pytest.raises(InvariantError, match="differ in length"):
        Chunk("X", chunk.time[:1], *(getattr(chunk, name) for name in COLUMNS[1:]))
