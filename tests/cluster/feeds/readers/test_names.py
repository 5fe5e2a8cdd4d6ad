"""What file names tell about tables."""

from __future__ import annotations

from pathlib import Path

import pytest

from cluster.feeds.readers import read
from cluster.feeds.readers.names import TableName, table_name, table_origin
from messages.errors import DataProviderError
from tests.cluster.feeds.recordings import START, write_text

pytestmark = pytest.mark.unit

MINUTE = 60_000_000_000


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("ADA_BTC-5m.feather", TableName("ADA_BTC", 5 * MINUTE, "5m")),
        ("1000SHIB_USDT-1d.parquet", TableName("1000SHIB_USDT", 1440 * MINUTE, "1d")),
        ("XRP_USDT_USDT-5m-futures.feather", TableName("XRP_USDT_USDT", 5 * MINUTE, "5m", "futures")),
        (
            "XRP_USDT_USDT-8h-funding_rate.csv.gz",
            TableName("XRP_USDT_USDT", 480 * MINUTE, "8h", "funding_rate"),
        ),
        ("XRP_ETH-trades.feather", TableName("XRP_ETH")),
        ("BTC_USDT-1M.feather", TableName()),  # months differ in length
        ("BTC_USDT-0m.feather", TableName()),
        ("binance_btcusdt-trades.parquet", TableName()),
        ("btc-perp-20211231-20220201_1m.csv", TableName()),
        ("quotes.csv", TableName()),
    ],
)
def test_names_of_freqtrades_form_tell_listing_and_length(name: str, told: TableName) -> None:
    assert table_name(Path("folder") / name) == told


def test_the_listing_in_the_name_is_the_listing_of_the_rows(tmp_path: Path) -> None:
    path = write_text(tmp_path / "XRP_ETH-trades.csv", f"timestamp,price,amount\n{START},1,2\n")
    assert [listing for listing, _ in read(path, listing="OTHER")] == ["XRP_ETH"]


@pytest.mark.parametrize(
    ("candle", "remedy"),
    [("funding_rate", "read_funding"), ("mark", "traded candles"), ("index", "traded candles")],
)
def test_rates_and_mark_prices_are_no_market_data(tmp_path: Path, candle: str, remedy: str) -> None:
    text = f"date,open,high,low,close,volume\n{START},1,1,1,1,0\n"
    path = write_text(tmp_path / f"XRP_USDT_USDT-8h-{candle}.csv", text)
    with pytest.raises(DataProviderError, match="holds no traded prices") as caught:
        list(read(path))
    assert remedy in str(caught.value)


def test_origins_tell_files_of_one_content_apart() -> None:
    origins = [
        table_origin(Path(name)) for name in ("A_B-5m.csv", "A_B-1m.csv", "A_C-5m.csv", "A_B-trades.csv")
    ]
    assert len({origin.identity for origin in origins}) == 4
    assert [(origin.series, origin.step) for origin in origins[::3]] == [("bars", "5m"), ("trades", "tick")]
    assert table_origin(Path("x.csv")).identity == ""
