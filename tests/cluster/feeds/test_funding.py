"""Funding rates from files."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet
import pytest

from cluster.feeds import funding_listing, read_funding
from messages.errors import DataProviderError
from tests.cluster.feeds.recordings import START, write_session, write_text

pytestmark = pytest.mark.unit

NAME = "XRP_USDT_USDT-8h-funding_rate"
HOURS = 3_600_000_000_000
TIMES = [START, START + 8 * HOURS + 7_000]
RATES = [0.0001, -0.00025]


def freqtrade_table() -> pa.Table:
    nothing = [0.0, 0.0]
    dates = pa.array(TIMES).cast(pa.timestamp("ns", tz="UTC"))
    return pa.table({"date": dates, "open": RATES, "high": nothing, "low": nothing, "close": nothing})


def test_freqtrades_table_in_every_format(tmp_path: Path) -> None:
    feather, parquet = tmp_path / f"{NAME}.feather", tmp_path / f"{NAME}.parquet"
    pyarrow.feather.write_feather(freqtrade_table(), feather)
    pyarrow.parquet.write_table(freqtrade_table(), parquet)
    rows = "".join(f"{time},{rate},0,0,0\n" for time, rate in zip(TIMES, RATES, strict=True))
    csv = write_text(tmp_path / f"{NAME}.csv.gz", f"date,open,high,low,close\n{rows}")
    for path in (feather, parquet, csv):
        times, rates = read_funding(path)
        assert (times.tolist(), rates.tolist()) == (TIMES, RATES)
        assert funding_listing(path) == "XRP_USDT_USDT"


@pytest.mark.parametrize("header", ["time,funding_rate", "fundingTime,fundingRate", "timestamp_ns,rate"])
def test_any_table_of_times_and_rates(tmp_path: Path, header: str) -> None:
    path = write_text(tmp_path / "funding.csv", f"{header}\n{TIMES[0]},{RATES[0]}\n{TIMES[1]},{RATES[1]}\n")
    found = read_funding(str(path))
    assert (found.times.tolist(), found.rates.tolist()) == (TIMES, RATES)
    assert funding_listing(path) == ""


def test_prices_are_not_taken_for_rates(tmp_path: Path) -> None:
    path = write_text(tmp_path / "bars.csv", f"date,open,high,low,close\n{START},0.1,0.1,0.1,0.1\n")
    with pytest.raises(DataProviderError, match="no column of funding rates") as caught:
        read_funding(path)
    assert caught.value.field == "columns"


@pytest.mark.parametrize(
    ("rows", "field", "message"),
    [
        ("{0},0.1\n{1},0.6\n", "rate", "row 2: not a fraction up to 0.5"),
        ("{0},0.1\n{1},-1\n", "rate", "row 2: not a fraction"),
        ("{0},0.1\n{1},\n", "rate", "row 2: not a fraction"),
        ("{0},nan\n", "rate", "row 1: not a fraction"),
        ("{0},x\n", "rate", "not a column of numbers"),
        ("{0},0.1\n{0},0.1\n", "time", "row 2: not later than the one before"),
        ("{1},0.1\n{0},0.1\n", "time", "row 2: not later than the one before"),
        ("{0},0.1\n7,0.1\n", "time", "row 2: not a time"),
        ("", None, "holds no funding rates"),
    ],
)
def test_a_bad_row_is_named(tmp_path: Path, rows: str, field: str | None, message: str) -> None:
    path = write_text(tmp_path / "funding.csv", "time,rate\n" + rows.format(*TIMES))
    with pytest.raises(DataProviderError, match=message) as caught:
        read_funding(path)
    assert caught.value.field == field
    assert caught.value.remedy
    assert "funding.csv" in str(caught.value)


def test_what_is_no_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataProviderError, match="no table of funding rates") as caught:
        read_funding(write_session(tmp_path / "a.gz", rows=3))
    assert caught.value.value == "raw Binance stream"
    with pytest.raises(DataProviderError, match="no such file"):
        read_funding(tmp_path / "nothing.feather")
    with pytest.raises(DataProviderError, match="no column of times"):
        read_funding(write_text(tmp_path / "b.csv", "a,rate\n1,0.1\n"))


@pytest.mark.parametrize("name", [f"{NAME}.feather", f"{NAME}.parquet"])
def test_a_table_that_was_cut_off_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if path.suffix == ".feather":
        pyarrow.feather.write_feather(freqtrade_table(), path)
    else:
        pyarrow.parquet.write_table(freqtrade_table(), path)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(DataProviderError, match="not a whole table"):
        read_funding(path)


def test_a_csv_with_lines_of_different_length_is_refused(tmp_path: Path) -> None:
    path = write_text(tmp_path / "funding.csv", f"time,rate\n{START},0.1\n{START + 1}\n")
    with pytest.raises(DataProviderError, match="not a whole table"):
        read_funding(path)
