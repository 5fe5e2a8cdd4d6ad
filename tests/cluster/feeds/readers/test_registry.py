"""Which reader a file gets, and that no damaged or incomplete file passes as a whole one."""

from __future__ import annotations

import gzip
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest

from cluster.feeds.readers import format_of, origin_of, read
from messages.errors import DataProviderError
from tests.cluster.feeds.recordings import START, write_session, write_text

pytestmark = pytest.mark.unit

CSV = f"time,bid,ask\n{START},1,2\n{START + 1},1,2\n"


def write_parquet(path: Path, rows: int = 50) -> Path:
    table = pa.table({"time": [START + row for row in range(rows)], "bid": [1.0] * rows, "ask": [2.0] * rows})
    pyarrow.parquet.write_table(table, path)
    return path


def test_the_content_decides_the_format_whatever_the_name_says(tmp_path: Path) -> None:
    assert format_of(write_session(tmp_path / "a.csv")).name == "raw Binance stream"
    assert format_of(write_parquet(tmp_path / "b.gz")).name == "parquet"
    assert format_of(write_text(tmp_path / "c.parquet", CSV)).name == "CSV"
    assert format_of(write_text(tmp_path / "d.csv.gz", CSV)).name == "CSV"


def test_a_raw_stream_need_not_be_compressed(tmp_path: Path) -> None:
    packed = write_session(tmp_path / "a.gz", rows=7)
    plain = tmp_path / "plain"
    plain.write_bytes(gzip.decompress(packed.read_bytes()))
    assert sum(len(chunk) for _, chunk in read(plain)) == 7


@pytest.mark.parametrize("content", [b"hello", b"\x00\x01\x02,\n", b"1,2,3\n4,5,6\n", b"PK\x05\x06zip"])
def test_a_file_of_no_known_format_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "mystery.bin"
    path.write_bytes(content)
    with pytest.raises(
        DataProviderError, match=r"mystery\.bin: the file is in no format known here"
    ) as caught:
        list(read(path))
    assert "CSV needs a header" in str(caught.value)


def test_a_missing_or_unreadable_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataProviderError, match="no such file"):
        list(read(tmp_path / "nothing.csv"))
    with pytest.raises(DataProviderError, match="can't be read"):
        list(read(tmp_path))


@pytest.mark.parametrize("content", [b"", gzip.compress(b"")], ids=["no_bytes", "no_bytes_packed"])
def test_an_empty_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "empty.gz"
    path.write_bytes(content)
    with pytest.raises(DataProviderError, match="the file is empty"):
        list(read(path))


def test_a_header_without_rows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataProviderError, match="holds no market data"):
        list(read(write_text(tmp_path / "a.csv", "time,bid,ask\n")))


def test_only_parts_of_a_name_that_matter_are_its_origin(tmp_path: Path) -> None:
    assert origin_of(write_text(tmp_path / "any-name.csv", CSV)).identity == ""
    assert origin_of(write_session(tmp_path / "BTC_USDT-5m.gz")).identity == ""
    assert origin_of(write_text(tmp_path / "BTC_USDT-trades.csv", CSV)).identity == "BTC_USDT-trades-"


@pytest.mark.parametrize("kept", [0.3, 0.7, 0.99])
def test_a_truncated_gzip_never_counts_as_complete(tmp_path: Path, kept: float) -> None:
    path = write_session(tmp_path / "a.gz", rows=2000)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * kept)])
    with pytest.raises(DataProviderError, match="ends early"):
        list(read(path))


def test_a_gzip_with_a_flipped_byte_is_refused(tmp_path: Path) -> None:
    path = write_session(tmp_path / "a.gz", rows=2000)
    data = bytearray(path.read_bytes())
    data[-6] ^= 0xFF  # in the checksum: every byte before it decompresses well
    path.write_bytes(bytes(data))
    with pytest.raises(DataProviderError, match="damaged"):
        list(read(path))


def test_a_truncated_parquet_is_refused(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "a.parquet")
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DataProviderError, match="not a whole Parquet file"):
        list(read(path))
