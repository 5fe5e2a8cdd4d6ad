"""Tables of bars: timed by their close whatever the file stamps, and what gaps, repetitions and contradictions do."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cluster.feeds.columns import Chunk, chunk_of_rows, concatenate
from cluster.feeds.readers import BarTime, Coverage, lines, read
from cluster.feeds.readers.bars import BarSeries
from messages.errors import DataProviderError
from messages.market import TickKind
from tests.cluster.feeds.recordings import START, table_of, write_text

pytestmark = pytest.mark.unit

MINUTE = 60_000_000_000
VALUES = "1,4,0.5,2,9"


def bars(column: str, minutes: list[float], *, values: str = VALUES) -> str:
    lines = "".join(f"{START + round(minute * MINUTE)},{values}\n" for minute in minutes)
    return f"{column},open,high,low,close,volume\n{lines}"


def read_bars(
    tmp_path: Path, text: str, name: str = "bars.csv", *, bar_time: BarTime = "auto"
) -> tuple[Chunk, Coverage]:
    coverage = Coverage()
    path = write_text(tmp_path / name, text)
    chunks = [chunk for _, chunk in read(path, bar_time=bar_time, coverage=coverage)]
    return concatenate("", chunks), coverage


def minutes_of(chunk: Chunk) -> list[float]:
    assert (chunk.time == chunk.event_time).all()
    return [(time - START) / MINUTE for time in chunk.time.tolist()]


@pytest.mark.parametrize("column", ["close_time", "timestamp", "time", "ts", "close_time_ns"])
def test_these_columns_tell_the_close(tmp_path: Path, column: str) -> None:
    chunk, coverage = read_bars(tmp_path, bars(column, [1, 2, 3]))
    assert minutes_of(chunk) == [1, 2, 3]
    assert (coverage.first_time, coverage.last_time) == (START + MINUTE, START + 3 * MINUTE)


@pytest.mark.parametrize(
    "column", ["date", "Date", "datetime", "open_time", "open_time_ns", "open_timestamp"]
)
def test_these_columns_tell_the_open_and_the_bar_is_known_one_length_later(
    tmp_path: Path, column: str
) -> None:
    chunk, coverage = read_bars(tmp_path, bars(column, [0, 1, 2]))
    assert minutes_of(chunk) == [1, 2, 3]
    assert (coverage.first_time, coverage.last_time) == (START + MINUTE, START + 3 * MINUTE)
    assert chunk.kind.tolist() == [TickKind.BAR] * 3


def test_a_close_time_is_taken_where_both_are_there(tmp_path: Path) -> None:
    text = f"open_time,open,high,low,close,volume,close_time\n{START},{VALUES},{START + MINUTE - 1}\n"
    chunk, _ = read_bars(tmp_path, text)
    assert chunk.time.tolist() == [START + MINUTE - 1]


def test_an_open_time_is_no_time_of_quotes_or_trades(tmp_path: Path) -> None:
    with pytest.raises(DataProviderError, match="no time column"):
        read_bars(tmp_path, f"open_time,bid,ask\n{START},1,2\n")


def test_the_option_overrules_the_name_of_the_column(tmp_path: Path) -> None:
    opened, _ = read_bars(tmp_path, bars("timestamp", [0, 1]), bar_time="open")
    closed, _ = read_bars(tmp_path, bars("date", [0, 1]), bar_time="close")
    assert (minutes_of(opened), minutes_of(closed)) == ([1, 2], [0, 1])


def test_the_length_in_the_file_name_comes_before_the_distance_of_the_bars(tmp_path: Path) -> None:
    chunk, coverage = read_bars(tmp_path, bars("date", [0, 10, 20]), "BTC_USDT-5m.csv")
    assert minutes_of(chunk) == [5, 15, 25]
    assert coverage.noted == {"gap": 2, "missing bar": 2}


def test_one_bar_of_a_named_length_closes_after_it(tmp_path: Path) -> None:
    chunk, _ = read_bars(tmp_path, bars("date", [0]), "BTC_USDT_USDT-1h-futures.csv.gz")
    assert minutes_of(chunk) == [60]


def test_a_clock_of_its_own_stays_as_it_is(tmp_path: Path) -> None:
    rows = "".join(f"{START + n * MINUTE},{START + n * MINUTE + 7},{VALUES}\n" for n in range(2))
    chunk, _ = read_bars(tmp_path, f"date,event_time,open,high,low,close,volume\n{rows}")
    assert chunk.time.tolist() == [START + MINUTE, START + 2 * MINUTE]
    assert chunk.event_time.tolist() == [START + 7, START + MINUTE + 7]


def test_gaps_are_counted_with_the_bars_that_would_be_in_them(tmp_path: Path) -> None:
    for column in ("date", "close_time"):
        _, coverage = read_bars(tmp_path, bars(column, [0, 1, 2, 5, 6, 8]))
        assert coverage.noted == {"gap": 2, "missing bar": 3}


def test_a_repeated_bar_counts_once(tmp_path: Path) -> None:
    text = f"symbol,{bars('date', []).strip()}\n" + "".join(
        f"{symbol},{START + minute * MINUTE},{VALUES}\n"
        for symbol in ("A", "B")
        for minute in (0, 1, 1, 1, 2)
    )
    coverage = Coverage()
    found = {
        listing: len(chunk)
        for listing, chunk in read(write_text(tmp_path / "t.csv", text), coverage=coverage)
    }
    assert found == {"A": 3, "B": 3}
    assert (coverage.rows, coverage.left_out) == (6, {"repeated bar": 4})


def test_a_batch_of_nothing_but_repetitions_gives_no_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "BLOCK_BYTES", 60)
    chunk, coverage = read_bars(tmp_path, bars("close_time", [1, 2, 2, 2, 2, 2, 2, 3]))
    assert minutes_of(chunk) == [1, 2, 3]
    assert coverage.left_out == {"repeated bar": 5}


@pytest.mark.parametrize("values", ["1,4,0.5,2,8", "1,4,0.5,3,9", "1,4,0.5,2,"])
def test_two_different_bars_of_one_time_are_refused(tmp_path: Path, values: str) -> None:
    text = bars("close_time", [1, 2]) + f"{START + 2 * MINUTE},{values}\n"
    with pytest.raises(DataProviderError, match=r"line 4: another bar has the same time") as caught:
        read_bars(tmp_path, text)
    assert caught.value.field == "close_time"
    assert caught.value.remedy


def test_unknown_volumes_of_a_repeated_bar_are_the_same(tmp_path: Path) -> None:
    text = bars("close_time", [1, 1, 2], values="1,4,0.5,2,")
    chunk, coverage = read_bars(tmp_path, text)
    assert len(chunk) == 2
    assert coverage.left_out == {"repeated bar": 1}


def test_one_bar_alone_does_not_tell_its_length(tmp_path: Path) -> None:
    with pytest.raises(
        DataProviderError, match="line 2: a bar alone does not tell how long it lasts"
    ) as caught:
        read_bars(tmp_path, bars("date", [0]))
    assert caught.value.field == "date"
    assert minutes_of(read_bars(tmp_path, bars("close_time", [1]))[0]) == [1]


def test_bars_that_begin_before_the_last_ended_are_refused(tmp_path: Path) -> None:
    with pytest.raises(
        DataProviderError, match=r"line 6: the bar begins 30000000000 ns after the one before"
    ):
        read_bars(tmp_path, bars("date", [0, 1, 2, 3, 3.5]))


def test_bars_that_are_longer_than_the_file_name_says_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataProviderError, match="never closer than 300000000000 ns") as caught:
        read_bars(tmp_path, bars("date", [5 * n for n in range(9)]), "BTC_USDT-1m.csv")
    assert "the one its name tells" in str(caught.value)


def test_a_listing_whose_bars_are_longer_than_the_others_is_refused(tmp_path: Path) -> None:
    rows = [(minute, "A") for minute in range(41)] + [(minute, "B") for minute in range(0, 41, 5)]
    lines = "".join(f"{symbol},{START + minute * MINUTE},{VALUES}\n" for minute, symbol in sorted(rows))
    with pytest.raises(DataProviderError, match="the bars of B are never closer than 300000000000 ns"):
        read_bars(tmp_path, f"symbol,date,open,high,low,close,volume\n{lines}")


def test_the_bad_row_is_named_in_a_table_of_several_symbols(tmp_path: Path) -> None:
    rows = [("A", 0), ("B", 0), ("A", 1), ("B", 1), ("A", 2), ("B", 1)]
    text = "symbol,date,open,high,low,close\n" + "".join(
        f"{symbol},{START + minute * MINUTE},1,4,0.5,{2 + row / 10}\n"
        for row, (symbol, minute) in enumerate(rows)
    )
    with pytest.raises(DataProviderError, match=r"line 7: another bar has the same time"):
        read_bars(tmp_path, text)


@pytest.mark.parametrize(
    ("values", "field"),
    [("1,0.4,0.5,2,9", "high"), ("1,4,1.5,2,9", "high"), ("0,4,0,2,9", "open"), ("1,4,-1,2,9", "low")],
)
def test_prices_that_can_not_be_are_refused(tmp_path: Path, values: str, field: str) -> None:
    with pytest.raises(DataProviderError, match="line 2") as caught:
        read_bars(tmp_path, bars("close_time", [1], values=values))
    assert caught.value.field == field


def test_a_month_of_minutes_in_parquet_is_one_series_over_all_batches(tmp_path: Path) -> None:
    rows = 150_000
    minutes = np.delete(np.arange(rows + 1), 70_000)  # one bar is missing behind the first batch
    price = np.full(rows, 2.0)
    table = pa.table(
        {"date": START + minutes * MINUTE} | dict.fromkeys(("open", "high", "low", "close"), price)
    )
    path = tmp_path / "bars.parquet"
    pyarrow.parquet.write_table(table, path)
    coverage = Coverage()
    chunks = [chunk for _, chunk in read(path, coverage=coverage)]
    whole = concatenate("", chunks)
    assert max(map(len, chunks)) <= 4096
    assert (whole.time == START + (minutes + 1) * MINUTE).all()
    assert coverage.noted == {"gap": 1, "missing bar": 1}


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.integers(0, 60), min_size=2, max_size=30).map(sorted),
    st.lists(st.integers(1, 29), max_size=3),
    st.booleans(),
)
def test_however_bars_are_cut_into_batches_the_result_is_the_same(
    minutes: list[int], cuts: list[int], stamped_open: bool
) -> None:
    """Whole or in pieces: the same rows, the same counts; none is timed before it closed, none is lost."""

    def taken(pieces: list[tuple[int, int]]) -> tuple[list[int], Coverage]:
        coverage = Coverage()
        series = BarSeries(coverage, length=MINUTE, stamped_open=stamped_open)
        rows = table_of([minute * MINUTE for minute in minutes])
        rows["v1"] = 0.0
        times: list[int] = []
        for start, stop in pieces:
            if start < stop:
                times += series.take(chunk_of_rows("A", rows[start:stop]), unexpected).time.tolist()
        return times, coverage

    bounds = [0, *sorted(min(cut, len(minutes)) for cut in cuts), len(minutes)]
    times, coverage = taken([(0, len(minutes))])
    distinct = sorted(set(minutes))
    assert times == [(minute + stamped_open) * MINUTE for minute in distinct]
    assert coverage.left_out.get("repeated bar", 0) == len(minutes) - len(distinct)
    assert coverage.noted.get("missing bar", 0) == distinct[-1] - distinct[0] + 1 - len(distinct)
    cut_times, cut_coverage = taken(list(pairwise(bounds)))
    assert cut_times == times
    assert (cut_coverage.left_out, cut_coverage.noted) == (coverage.left_out, coverage.noted)


def unexpected(row: int, message: str, *, value: object, remedy: str) -> DataProviderError:
    return DataProviderError(f"row {row}: {message}", value=value, remedy=remedy)
