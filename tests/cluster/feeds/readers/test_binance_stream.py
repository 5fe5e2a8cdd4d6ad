"""The raw Binance stream: what each line becomes, and what is wrong with lines that are none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cluster.feeds.columns import NO_EVENT_TIME, Chunk, concatenate
from cluster.feeds.readers import Coverage, read
from messages.errors import DataProviderError
from messages.market import TickKind
from tests.cluster.feeds.recordings import (
    MS,
    START,
    depth_line,
    quote_line,
    snapshot_line,
    spot_quote_line,
    stream_line,
    trade_line,
    write_stream,
)

pytestmark = pytest.mark.unit


def read_lines(tmp_path: Path, *lines: str, include_depth: bool = False) -> Chunk:
    path = write_stream(tmp_path / "session.gz", lines)
    return concatenate("", [chunk for _, chunk in read(path, include_depth=include_depth)])


def values(chunk: Chunk, row: int) -> list[float | None]:
    found = [float(getattr(chunk, f"v{column}")[row]) for column in range(5)]
    return [None if np.isnan(value) else value for value in found]


def test_a_book_ticker_is_a_quote_at_its_receive_time(tmp_path: Path) -> None:
    chunk = read_lines(tmp_path, quote_line(START, "100.1", "100.2"))
    assert chunk.kind.tolist() == [TickKind.QUOTE]
    assert chunk.time.tolist() == [START]
    assert chunk.event_time.tolist() == [(START // MS + 1270) * MS]
    assert values(chunk, 0) == [100.1, 2.5, 100.2, 3.5, None]


def test_a_spot_book_ticker_has_no_event_time(tmp_path: Path) -> None:
    assert read_lines(tmp_path, spot_quote_line(START)).event_time.tolist() == [NO_EVENT_TIME]


@pytest.mark.parametrize(("buyer_maker", "aggressor"), [(True, -1.0), (False, 1.0)])
def test_the_aggressor_of_a_trade_is_whoever_was_not_the_maker(
    tmp_path: Path, buyer_maker: bool, aggressor: float
) -> None:
    chunk = read_lines(tmp_path, trade_line(START, "100.2", "0.5", buyer_maker=buyer_maker))
    assert values(chunk, 0) == [100.2, 0.5, aggressor, None, None]


def test_an_empty_side_of_the_book_is_missing_not_zero(tmp_path: Path) -> None:
    chunk = read_lines(tmp_path, quote_line(START, "0.00000000", "100.2"))
    assert values(chunk, 0) == [None, None, 100.2, 3.5, None]


def test_transfers_outside_of_the_book_are_left_out_and_counted(tmp_path: Path) -> None:
    lines = [quote_line(START), trade_line(START, "0", "0", X="NA"), trade_line(START, X="INSURANCE_FUND")]
    coverage = Coverage()
    rows = [len(chunk) for _, chunk in read(write_stream(tmp_path / "s.gz", lines), coverage=coverage)]
    assert rows == [1]
    assert coverage.left_out == {"trade NA": 1, "trade INSURANCE_FUND": 1}


def test_fields_and_streams_that_are_not_known_are_ignored(tmp_path: Path) -> None:
    mark = stream_line(START + 1, {"stream": "btcusdt@markPrice", "data": {"p": "1"}})
    answer = stream_line(START + 2, {"result": None, "id": 1})
    assert len(read_lines(tmp_path, quote_line(START, new_field=[1, 2]), mark, answer)) == 1


def test_several_listings_in_one_file_come_out_apart(tmp_path: Path) -> None:
    lines = [quote_line(START), quote_line(START + 1, listing="ETHUSDT"), quote_line(START + 2)]
    path = write_stream(tmp_path / "s.gz", lines)
    assert {listing: chunk.time.tolist() for listing, chunk in read(path)} == {
        "BTCUSDT": [START, START + 2],
        "ETHUSDT": [START + 1],
    }


def test_chunks_are_cut_at_the_rows_asked_for(tmp_path: Path) -> None:
    path = write_stream(tmp_path / "s.gz", [quote_line(START + row) for row in range(10)])
    assert [len(chunk) for _, chunk in read(path, chunk_rows=4)] == [4, 4, 2]


def test_a_depth_update_becomes_a_row_per_level_with_its_end_marked(tmp_path: Path) -> None:
    update = depth_line(START, [["99.9", "2"], ["99.8", "0"]], [["100.1", "1"]])
    chunk = read_lines(tmp_path, quote_line(START), update, include_depth=True)
    assert chunk.kind.tolist() == [TickKind.QUOTE, *[TickKind.DEPTH] * 3]
    assert [values(chunk, row) for row in (1, 2, 3)] == [
        [1.0, 99.9, 2.0, 0.0, 0.0],
        [1.0, 99.8, 0.0, 0.0, 0.0],
        [-1.0, 100.1, 1.0, 0.0, 1.0],
    ]


def test_without_depth_the_bounds_are_the_same(tmp_path: Path) -> None:
    lines = [
        depth_line(START, [["1", "1"]], []),
        quote_line(START + 1),
        depth_line(START + 2, [["1", "2"]], []),
    ]
    path = write_stream(tmp_path / "s.gz", lines)
    bounds = []
    for include_depth in (False, True):
        coverage = Coverage()
        list(read(path, include_depth=include_depth, coverage=coverage))
        bounds.append((coverage.first_time, coverage.last_time))
    assert bounds == [(START, START + 2)] * 2


def test_a_snapshot_belongs_to_the_only_listing_of_its_file(tmp_path: Path) -> None:
    snapshot = snapshot_line(START + 1, [["99.9", "2"]], [["100.1", "1"]])
    chunk = read_lines(tmp_path, quote_line(START), snapshot, include_depth=True)
    assert [values(chunk, row) for row in (1, 2)] == [
        [1.0, 99.9, 2.0, 1.0, 0.0],
        [-1.0, 100.1, 1.0, 1.0, 1.0],
    ]
    assert chunk.event_time[1] == NO_EVENT_TIME


def test_a_snapshot_before_any_listing_waits_for_it(tmp_path: Path) -> None:
    snapshot = snapshot_line(START, [["99.9", "2"]], [])
    chunk = read_lines(tmp_path, snapshot, quote_line(START + 1), include_depth=True)
    assert chunk.kind.tolist() == [TickKind.DEPTH, TickKind.QUOTE]
    assert chunk.time.tolist() == [START, START + 1]


def test_a_snapshot_alone_belongs_to_the_listing_the_caller_names(tmp_path: Path) -> None:
    path = write_stream(tmp_path / "s.gz", [snapshot_line(START, [["99.9", "2"]], [])])
    assert [(name, len(chunk)) for name, chunk in read(path, listing="BTCUSDT", include_depth=True)] == [
        ("BTCUSDT", 1)
    ]
    coverage = Coverage()
    assert list(read(path, include_depth=True, coverage=coverage)) == []
    assert coverage.left_out == {"snapshot": 1}


def test_a_snapshot_among_several_listings_is_refused(tmp_path: Path) -> None:
    lines = [quote_line(START), quote_line(START, listing="ETHUSDT"), snapshot_line(START, [["1", "1"]], [])]
    with pytest.raises(DataProviderError, match="names no symbol") as caught:
        read_lines(tmp_path, *lines, include_depth=True)
    assert caught.value.field == "symbol"


@pytest.mark.parametrize(
    ("line", "field", "message"),
    [
        (quote_line(START, "x"), "b", "Expected `float`"),
        (quote_line(START, "nan"), "b", "not a price or size"),
        (quote_line(START, "-1"), "b", "not a price or size"),
        (trade_line(START, "0"), "p", "not a price or size"),
        (trade_line(START, "100", "inf"), "q", "not a price or size"),
        (stream_line(START, {"stream": "btcusdt@trade", "data": {"s": "BTCUSDT"}}), "p", "missing required"),
        (depth_line(START, [["1", "-1"]], []), "size", "not a price or size"),
        (depth_line(START, [["1"]], []), "b[0]", "length 2"),
        (f"{START} [1]\n", None, "Expected `object`"),
        (f"{START} {{oops}}\n", None, "not a JSON document"),
        ("12 {}\n", "time", "receive time"),
        ("noon {}\n", "time", "receive time"),
        (quote_line(START - 2), "time", "goes backwards"),
    ],
)
def test_a_bad_line_is_named_with_file_line_field_and_remedy(
    tmp_path: Path, line: str, field: str | None, message: str
) -> None:
    with pytest.raises(DataProviderError, match=message) as caught:
        read_lines(tmp_path, quote_line(START - 1), line, quote_line(START), include_depth=True)
    assert caught.value.field == field
    assert caught.value.remedy
    assert "session.gz, line 2:" in str(caught.value)


def test_a_half_written_last_line_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataProviderError, match="line 2: the last line is half written"):
        read_lines(tmp_path, quote_line(START), quote_line(START)[:-20])


def test_a_whole_last_line_needs_no_line_end(tmp_path: Path) -> None:
    assert len(read_lines(tmp_path, quote_line(START), quote_line(START).rstrip("\n"))) == 2
