"""Feather files of both versions: the same rows as from CSV, and damage that does not pass."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.feather
import pytest

from cluster.feeds.columns import Chunk, concatenate
from cluster.feeds.readers import Coverage, format_of, read
from messages.errors import DataProviderError
from messages.market import TickKind
from tests.cluster.feeds.recordings import START, same_rows, write_text

pytestmark = [pytest.mark.unit, pytest.mark.filterwarnings("ignore:Feather V1:DeprecationWarning")]

MINUTE = 60_000_000_000
VERSIONS = [(1, "uncompressed"), (2, "uncompressed"), (2, "lz4"), (2, "zstd")]


def write_feather(
    path: Path,
    columns: dict[str, object],
    *,
    version: int = 2,
    compression: str = "lz4",
    chunksize: int = 1000,
) -> Path:
    more = {"compression": compression, "chunksize": chunksize} if version == 2 else {}
    pyarrow.feather.write_feather(pa.table(columns), path, version=version, **more)
    return path


def write_bars(path: Path, rows: int = 3000, **form: object) -> Path:
    dates = pa.array(START + np.arange(rows) * 5 * MINUTE).cast(pa.timestamp("ns", tz="UTC"))
    price = 100 + np.arange(rows) % 7
    columns = {"date": dates, "open": price, "high": price + 1, "low": price - 1, "close": price + 0.5}
    return write_feather(path, columns | {"volume": np.arange(rows) * 1.0}, **form)  # type: ignore[arg-type]


def whole(path: Path) -> Chunk:
    return concatenate("", [chunk for _, chunk in read(path)])


@pytest.mark.parametrize(("version", "compression"), VERSIONS)
def test_bars_of_every_version_and_compression(tmp_path: Path, version: int, compression: str) -> None:
    path = write_bars(tmp_path / "ADA_BTC-5m.feather", version=version, compression=compression)
    coverage = Coverage()
    found = list(read(path, coverage=coverage))
    chunk = concatenate("", [part for _, part in found])
    assert format_of(path).name == "feather"
    assert {listing for listing, _ in found} == {"ADA_BTC"}
    assert len(chunk) == coverage.rows == 3000
    assert chunk.time.tolist()[:2] == [START + 5 * MINUTE, START + 10 * MINUTE]
    assert (chunk.v0[1], chunk.v1[1], chunk.v2[1], chunk.v3[1], chunk.v4[1]) == (101, 102, 100, 101.5, 1)


def test_trades_as_freqtrade_stores_them(tmp_path: Path) -> None:
    columns = {
        "timestamp": [START // 10**6, START // 10**6 + 3],
        "id": ["7", "8"],
        "type": pa.nulls(2),
        "side": ["sell", "buy"],
        "price": [0.5, 0.25],
        "amount": [23.0, 54.0],
        "cost": [11.5, 13.5],
    }
    chunk = whole(write_feather(tmp_path / "XRP_ETH-trades.feather", columns))
    assert chunk.kind.tolist() == [TickKind.TRADE] * 2
    assert chunk.time.tolist() == [START, START + 3_000_000]
    assert (chunk.v0.tolist(), chunk.v1.tolist(), chunk.v2.tolist()) == (
        [0.5, 0.25],
        [23.0, 54.0],
        [-1.0, 1.0],
    )


def test_feather_and_csv_of_the_same_quotes_give_the_same_rows(tmp_path: Path) -> None:
    times = [START + row for row in range(2500)]
    columns = {"time": times, "bid": [1.5] * 2500, "ask": [1.75] * 2500, "symbol": ["A"] * 2500}
    feather = write_feather(tmp_path / "a.feather", columns)
    text = "time,bid,ask,symbol\n" + "".join(f"{time},1.5,1.75,A\n" for time in times)
    assert same_rows([whole(feather)], [whole(write_text(tmp_path / "a.csv", text))])


def test_a_category_is_a_text(tmp_path: Path) -> None:
    sides = pa.array(["buy", "sell", "buy"]).dictionary_encode()
    columns = {"time": [START] * 3, "price": [1.0] * 3, "size": [1.0] * 3, "side": sides, "symbol": sides}
    found = {
        listing: chunk.v2.tolist() for listing, chunk in read(write_feather(tmp_path / "a.feather", columns))
    }
    assert found == {"buy": [1.0, 1.0], "sell": [-1.0]}


def test_a_bad_row_far_into_the_file_is_named(tmp_path: Path) -> None:
    price = np.ones(3000)
    price[2500] = -1
    columns = {"time": START + np.arange(3000), "price": price, "size": np.ones(3000)}
    path = write_feather(tmp_path / "t.feather", columns)
    with pytest.raises(
        DataProviderError, match=r"t\.feather, row 2501: not a finite positive number"
    ) as caught:
        list(read(path))
    assert (caught.value.field, caught.value.value) == ("price", -1.0)


@pytest.mark.parametrize("version", [1, 2])
def test_a_file_that_was_cut_off_is_refused(tmp_path: Path, version: int) -> None:
    path = write_bars(tmp_path / "a.feather", version=version)
    path.write_bytes(path.read_bytes()[:-64])
    with pytest.raises(DataProviderError, match="not a whole Feather file"):
        list(read(path))


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"time": [], "bid": [], "ask": []}, "holds no market data"),
        ({"a": [1], "b": [2]}, "the columns fit 0 kinds of table"),
        ({"time": [START], "bid": ["x"], "ask": [1.0]}, "not a column of numbers"),
        ({"time": [None], "bid": [1.0], "ask": [1.0]}, "row 1: not a time"),
    ],
)
def test_what_is_no_market_data_is_refused(tmp_path: Path, columns: dict[str, object], message: str) -> None:
    with pytest.raises(DataProviderError, match=message):
        list(read(write_feather(tmp_path / "a.feather", columns)))
