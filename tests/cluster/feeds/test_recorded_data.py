"""The readers on real recordings: the counts of their manifest, and the skew of their recorder's clock."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from cluster.feeds.cursor import FeedCursor
from cluster.feeds.readers import Coverage, read
from cluster.feeds.recording import RecordedFeed
from messages.market import TickKind

pytestmark = pytest.mark.integration

DATA = Path(__file__).resolve().parents[3] / ".." / "shared" / "data"


def recorded(name: str) -> Path:
    path = DATA / name
    if not path.exists():
        pytest.skip("skipped: no recorded data")
    return path


def counted(path: Path, *, include_depth: bool = False) -> tuple[dict[tuple[str, int], int], Coverage]:
    coverage = Coverage()
    counts: Counter[tuple[str, int]] = Counter()
    for listing, chunk in read(path, include_depth=include_depth, coverage=coverage):
        for kind in set(chunk.kind.tolist()):
            counts[listing, kind] += int((chunk.kind == kind).sum())
    return dict(counts), coverage


@pytest.mark.parametrize(
    ("name", "listing", "quotes", "trades", "depth"),
    [
        ("spot_btcusdt", "BTCUSDT", 28040, 9757, 3451),
        ("spot_ethusdt", "ETHUSDT", 24077, 6106, 3434),
        ("usdm_btcusdt", "BTCUSDT", 66089, 21313, 6551),
        ("usdm_ethusdt", "ETHUSDT", 53992, 14076, 6586),
    ],
)
def test_raw_streams_hold_what_the_manifest_says(
    name: str, listing: str, quotes: int, trades: int, depth: int
) -> None:
    counts, coverage = counted(recorded(f"binance_raw_l2/{name}_20240808.gz"))
    assert counts == {(listing, TickKind.QUOTE): quotes, (listing, TickKind.TRADE): trades}
    assert coverage.left_out == {"depth": depth, "snapshot": 1}


def test_depth_updates_end_as_often_as_there_are_updates() -> None:
    path = recorded("binance_raw_l2/usdm_btcusdt_20240808.gz")
    ends = snapshot_rows = 0
    for _, chunk in read(path, include_depth=True):
        depth = chunk.kind == TickKind.DEPTH
        ends += int(chunk.v4[depth].sum())
        snapshot_rows += int(chunk.v3[depth].sum())
    assert (ends, snapshot_rows) == (6551 + 1, 2000)


@pytest.mark.parametrize(
    ("name", "listing", "kind", "rows", "first_time", "last_time"),
    [
        (
            *("nautilus/binance_btcusdt-quotes.parquet", "BTC/USDT", TickKind.QUOTE, 451),
            *(1_610_064_001_076_000_000, 1_610_064_046_674_000_000),
        ),
        (
            *("nautilus/binance_btcusdt-trades.parquet", "", TickKind.TRADE, 2001),
            *(1_610_064_000_278_000_000, 1_610_064_046_355_000_000),
        ),
        (
            *("nautilus/btc-perp-20211231-20220201_1m.csv", "", TickKind.BAR, 45031),
            *(1_640_991_660_000_000_000, 1_643_693_460_000_000_000),
        ),
    ],
)
def test_tables_hold_what_the_manifest_says(
    name: str, listing: str, kind: int, rows: int, first_time: int, last_time: int
) -> None:
    counts, coverage = counted(recorded(name))
    assert counts == {(listing, kind): rows}
    assert (coverage.first_time, coverage.last_time) == (first_time, last_time)


def test_the_recorders_clock_is_behind_the_venue_by_what_the_manifest_says(tmp_path: Path) -> None:
    path = recorded("binance_raw_l2/usdm_btcusdt_20240808.gz")
    feed = RecordedFeed([path], {"BTCUSDT": "BTC-USDT-PERP"}, "BTC-USDT-PERP", cache_folder=tmp_path)
    offset = feed.estimated_clock_offset(path)
    assert offset is not None
    assert offset == pytest.approx(1_270_000_000, rel=0.01)


def test_quotes_and_trades_of_two_files_make_one_feed_that_resumes_anywhere(tmp_path: Path) -> None:
    paths = [recorded(f"nautilus/binance_btcusdt-{name}.parquet") for name in ("quotes", "trades")]
    feed = RecordedFeed(paths, {"BTCUSDT": "BTC-USDT"}, "BTC-USDT", cache_folder=tmp_path)
    whole = folded(feed, 0)
    assert len(whole) == 451 + 2001
    for position in (1, 1000, 2400):
        assert folded(feed, position) == whole[position:]


def folded(feed: RecordedFeed, position: int) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []

    def observe(*row: object) -> bool:
        rows.append(row[:5])
        return False

    FeedCursor(feed, position).fold(observe)
    return rows
