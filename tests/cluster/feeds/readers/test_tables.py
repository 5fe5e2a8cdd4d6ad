"""CSV and Parquet tables: the columns accepted, what they mean, and what is refused."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

from cluster.feeds.columns import Chunk, concatenate
from cluster.feeds.readers import UNNAMED, Coverage, read
from messages.errors import DataProviderError
from messages.market import TickKind
from tests.cluster.feeds.recordings import START, same_rows, write_text

pytestmark = pytest.mark.unit


def read_csv(tmp_path: Path, text: str, name: str = "table.csv") -> Chunk:
    return concatenate("", [chunk for _, chunk in read(write_text(tmp_path / name, text))])


def read_table(tmp_path: Path, **columns: object) -> Chunk:
    path = tmp_path / "table.parquet"
    pyarrow.parquet.write_table(pa.table(columns), path)
    return concatenate("", [chunk for _, chunk in read(path)])


def first_row(chunk: Chunk) -> list[float | None]:
    found = [float(getattr(chunk, f"v{column}")[0]) for column in range(5)]
    return [None if np.isnan(value) else value for value in found]


@pytest.mark.parametrize("name", ["table.csv", "table.csv.gz"])
def test_quotes(tmp_path: Path, name: str) -> None:
    chunk = read_csv(tmp_path, f"time,bid,bid_size,ask,ask_size\n{START},1.5,10,1.6,20\n", name)
    assert chunk.kind.tolist() == [TickKind.QUOTE]
    assert first_row(chunk) == [1.5, 10.0, 1.6, 20.0, None]


def test_columns_come_in_any_order_and_case_and_others_are_ignored(tmp_path: Path) -> None:
    chunk = read_csv(tmp_path, f"Note,ASK,Bid,Timestamp\nx,1.6,1.5,{START}\n")
    assert first_row(chunk) == [1.5, None, 1.6, None, None]


def test_an_absent_side_of_a_quote_is_missing_whether_empty_or_zero(tmp_path: Path) -> None:
    chunk = read_csv(tmp_path, f"time,bid,ask\n{START},,1.6\n{START},0,1.6\n{START},1.5,\n")
    assert np.isnan(chunk.v0).tolist() == [True, True, False]
    assert np.isnan(chunk.v2).tolist() == [False, False, True]


def test_crossed_quotes_are_given_out_and_noted(tmp_path: Path) -> None:
    coverage = Coverage()
    path = write_text(tmp_path / "t.csv", f"time,bid,ask\n{START},2,1\n{START},1,1\n{START},1,\n")
    assert sum(len(chunk) for _, chunk in read(path, coverage=coverage)) == 3
    assert coverage.noted == {"crossed quote": 1}


@pytest.mark.parametrize(
    ("column", "word", "aggressor"),
    [
        ("side", "buy", 1.0),
        ("side", "SELL", -1.0),
        ("side", "-1", -1.0),
        ("side", "", None),
        ("buyer_maker", "True", -1.0),
        ("is_buyer_maker", "false", 1.0),
    ],
)
def test_trades_tell_their_aggressor(tmp_path: Path, column: str, word: str, aggressor: float | None) -> None:
    chunk = read_csv(tmp_path, f"time,price,quantity,{column}\n{START},1.5,10,{word}\n")
    assert chunk.kind.tolist() == [TickKind.TRADE]
    assert first_row(chunk) == [1.5, 10.0, aggressor, None, None]


def test_a_trade_without_side_has_an_unknown_aggressor(tmp_path: Path) -> None:
    assert first_row(read_csv(tmp_path, f"time,price,size\n{START},1.5,10\n")) == [
        1.5,
        10.0,
        None,
        None,
        None,
    ]


def test_bars_are_stamped_with_their_close(tmp_path: Path) -> None:
    chunk = read_csv(
        tmp_path, f"open_time,open,high,low,close,volume,close_time\n{START},1,4,0.5,2,9,{START + 60}\n"
    )
    assert chunk.kind.tolist() == [TickKind.BAR]
    assert chunk.time.tolist() == [START + 60]
    assert first_row(chunk) == [1.0, 4.0, 0.5, 2.0, 9.0]


def test_a_table_with_one_clock_has_one_time(tmp_path: Path) -> None:
    one = read_csv(tmp_path, f"time,bid,ask\n{START},1,2\n")
    assert one.event_time.tolist() == [START]
    two = read_csv(tmp_path, f"time,event_time,bid,ask\n{START},{START - 7},1,2\n")
    assert (two.time.tolist(), two.event_time.tolist()) == ([START], [START - 7])


@pytest.mark.parametrize(
    ("column", "text", "time"),
    [
        ("time", "1723161255000000123", START + 123),
        ("time", "1723161255000001", START + 1_000),
        ("time", "1723161255001", START + 1_000_000),
        ("time", "1723161255", START),
        ("time", "1723161255.25", START + 250_000_000),
        ("time_ms", "1723161255001", START + 1_000_000),
        ("time", "2024-08-08 23:54:15.001", START + 1_000_000),
        ("time", "2024-08-08T23:54:15.000000123Z", START + 123),
        ("time", "2024-08-09T01:54:15+02:00", START),
    ],
)
def test_times_in_every_form(tmp_path: Path, column: str, text: str, time: int) -> None:
    assert read_csv(tmp_path, f"{column},bid,ask\n{text},1,2\n").time.tolist() == [time]


@pytest.mark.parametrize("text", ["noon", "", "20240808", "17231612550000000000", "2024-13-01 00:00:00"])
def test_what_is_no_time_is_refused_with_its_line(tmp_path: Path, text: str) -> None:
    good = f"{START}" if not text.startswith("2024-") else "2024-08-08 23:54:15"
    with pytest.raises(DataProviderError, match=r"line 3: .*time") as caught:
        read_csv(tmp_path, f"time,bid,ask\n{good},1,2\n{text},1,2\n")
    assert caught.value.field == "time"


def test_a_unit_that_changes_half_way_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataProviderError, match="line 3"):
        read_csv(tmp_path, f"time,bid,ask\n{START},1,2\n{START // 1000},1,2\n")


def test_rows_of_several_symbols_come_out_apart_and_in_order(tmp_path: Path) -> None:
    text = f"time,symbol,bid,ask\n{START},B,1,2\n{START + 1},A,3,4\n{START + 2},B,5,6\n"
    found = {listing: chunk.v0.tolist() for listing, chunk in read(write_text(tmp_path / "t.csv", text))}
    assert found == {"B": [1.0, 5.0], "A": [3.0]}
    assert list(found) == ["B", "A"]


def test_a_table_that_names_no_symbol_takes_the_name_given(tmp_path: Path) -> None:
    path = write_text(tmp_path / "t.csv", f"time,bid,ask\n{START},1,2\n")
    assert [listing for listing, _ in read(path)] == [UNNAMED]
    assert [listing for listing, _ in read(path, listing="BTCUSDT")] == ["BTCUSDT"]


def test_time_may_go_back_between_symbols_but_not_within_one(tmp_path: Path) -> None:
    blocks = f"time,symbol,bid,ask\n{START + 5},B,1,2\n{START},A,3,4\n"
    assert len(read_csv(tmp_path, blocks)) == 2
    with pytest.raises(DataProviderError, match=r"line 4: the time goes backwards") as caught:
        read_csv(tmp_path, blocks + f"{START + 4},B,1,2\n")
    assert caught.value.value == START + 4


@pytest.mark.parametrize(
    ("text", "field", "message"),
    [
        ("time,bid,ask\n{0},1,2\n{0},x,2\n", "bid", "line 3: not a number"),
        ("time,bid,ask\n{0},1,2\n\n{0},1,-2\n", "ask", "line 4: not a finite positive number"),
        ("time,bid,ask\n{0},1,2\n{0},1,inf\n", "ask", "line 3: not a finite positive number"),
        ("time,price,size\n{0},1,2\n{0},0,2\n", "price", "line 3: not a finite positive number"),
        ("time,price,size\n{0},1,2\n{0},1,\n", "size", "line 3: not a finite positive number"),
        ("time,price,size,side\n{0},1,2,buy\n{0},1,2,up\n", "side", "line 3: not a side"),
        ("time,bid,ask\n{0},1,2\n{0},1\n", None, "line 3: 2 fields where the header has 3"),
        ("time,symbol,bid,ask\n{0},A,1,2\n{0},,1,2\n", "symbol", "line 3: no symbol"),
        ("time,open,high,low,close\n{0},1,3,1,2\n{0},1,1,1,2\n", "high", "line 3: the bar's open or close"),
    ],
)
def test_a_bad_row_is_named_with_file_line_field_and_remedy(
    tmp_path: Path, text: str, field: str | None, message: str
) -> None:
    with pytest.raises(DataProviderError, match=message) as caught:
        read_csv(tmp_path, text.format(START))
    assert caught.value.field == field
    assert caught.value.remedy
    assert "table.csv" in str(caught.value)


@pytest.mark.parametrize("name", ["table.csv", "table.csv.gz"])
def test_a_last_line_without_line_end_may_be_half_a_number(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataProviderError, match="line 3: the last line is half written"):
        read_csv(tmp_path, f"time,bid,ask\n{START},1,2\n{START},1,2", name)


@pytest.mark.parametrize("line", [b"time,b\xffd,ask\n", b"time\n,bid,ask\n"])
def test_a_header_that_is_not_readable_is_refused(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(line)
    with pytest.raises(DataProviderError, match=r"table\.csv"):
        list(read(path))


@pytest.mark.parametrize(
    "header", ["time,bid", "bid,ask", "a,b,c", "time,bid,ask,price,size", "time,bid,ask,bid"]
)
def test_columns_that_fit_no_kind_or_several_are_refused(tmp_path: Path, header: str) -> None:
    with pytest.raises(DataProviderError) as caught:
        read_csv(tmp_path, header + "\n")
    assert caught.value.field == "columns"


def test_errors_far_into_a_large_file_name_their_line(tmp_path: Path) -> None:
    rows = [f"{START + row},1.25,1.50" for row in range(60_000)]
    rows[50_000] = f"{START},1.25,1.50"
    with pytest.raises(DataProviderError, match="line 50002: the time goes backwards"):
        read_csv(tmp_path, "time,bid,ask\n" + "\n".join(rows) + "\n")


def test_parquet_and_csv_of_the_same_table_give_the_same_rows(tmp_path: Path) -> None:
    rows = 10_000
    times = [START + 1000 * row for row in range(rows)]
    prices = [100 + row % 7 / 10 for row in range(rows)]
    parquet = read_table(tmp_path, time=times, bid=prices, ask=[price + 1 for price in prices])
    text = "time,bid,ask\n" + "".join(
        f"{time},{price},{price + 1}\n" for time, price in zip(times, prices, strict=True)
    )
    assert same_rows([parquet], [read_csv(tmp_path, text)])
    assert len(parquet) == rows


@pytest.mark.parametrize(
    "column",
    [
        pa.array([datetime(2024, 8, 8, 23, 54, 15, tzinfo=UTC)], pa.timestamp("ms", tz="UTC")),
        pa.array([datetime(2024, 8, 8, 23, 54, 15)], pa.timestamp("us")),
        pa.array([START // 10**9], pa.int32()),
        pa.array([START / 10**9], pa.float64()),
        pa.array(["2024-08-08T23:54:15Z"]),
    ],
)
def test_parquet_times_of_any_type(tmp_path: Path, column: pa.Array) -> None:
    assert read_table(tmp_path, timestamp=column, bid=[1.0], ask=[2.0]).time.tolist() == [START]


def test_a_date_is_its_midnight(tmp_path: Path) -> None:
    midnight = START // (86_400 * 10**9) * 86_400 * 10**9
    dates = pa.array([datetime(2024, 8, 8)], pa.date32())
    assert read_table(tmp_path, date=dates, bid=[1.0], ask=[2.0]).time.tolist() == [midnight]


@pytest.mark.parametrize("seconds", [0.0, float("inf"), 1e12])
def test_a_float_that_is_no_time_is_refused(tmp_path: Path, seconds: float) -> None:
    with pytest.raises(DataProviderError, match="row 1: not a time"):
        read_table(tmp_path, time_s=[seconds], bid=[1.0], ask=[2.0])


def test_parquet_numbers_of_any_type(tmp_path: Path) -> None:
    chunk = read_table(tmp_path, time=[START], price=pa.array([Decimal("1.25")]), quantity=[3], side=[-1])
    assert first_row(chunk) == [1.25, 3.0, -1.0, None, None]


def test_a_bad_parquet_row_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataProviderError, match="row 2: not a time"):
        read_table(tmp_path, time=[START, None], bid=[1.0, 1.0], ask=[2.0, 2.0])
    with pytest.raises(DataProviderError, match="row 6001: not a finite positive number"):
        read_table(tmp_path, time=[START] * 7000, price=[1.0] * 6000 + [0.0] * 1000, size=[1.0] * 7000)
    with pytest.raises(DataProviderError, match="not a column of numbers"):
        read_table(tmp_path, time=[START], bid=["x"], ask=[2.0])


def test_a_byte_order_mark_and_windows_line_ends_are_no_obstacle(tmp_path: Path) -> None:
    path = tmp_path / "windows.csv"
    path.write_bytes(gzip.compress(b"\xef\xbb\xbftime,bid,ask\r\n%d,1,2\r\n" % START))
    assert [chunk.v2.tolist() for _, chunk in read(path)] == [[2.0]]
