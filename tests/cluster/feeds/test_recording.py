"""Recorded feeds: one stream per symbol over all files, the same in every process, entered anywhere."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cluster.feeds import expand_data
from cluster.feeds.columns import Chunk, concatenate
from cluster.feeds.recording import RecordedFeed, Recording
from messages.errors import DataProviderError
from messages.market import TickKind
from tests.cluster.feeds.lean_files import write_lean
from tests.cluster.feeds.recordings import (
    LISTINGS,
    MS,
    START,
    depth_line,
    quote_line,
    same_rows,
    spot_quote_line,
    write_session,
    write_stream,
    write_text,
)

pytestmark = pytest.mark.unit


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Path], Path]:
    """Two overlapping BTC files, an ETH file that begins earliest and ends last, and a cache folder."""
    folder = tmp_path_factory.mktemp("recorded")
    paths = [
        write_session(folder / "btc-1.gz", rows=300),
        write_session(folder / "btc-2.gz", rows=300, start=START + 100 * MS, step=MS // 2),
        write_session(folder / "eth.gz", rows=50, listing="ETHUSDT", start=START - MS, step=20 * MS),
    ]
    return paths, folder / "cache"


def open_feed(files: tuple[list[Path], Path], symbol: str = "BTC-USDT") -> RecordedFeed:
    paths, cache = files
    return RecordedFeed(paths, LISTINGS, symbol, cache_folder=cache)


def whole(feed: RecordedFeed, position: int = 0) -> Chunk:
    return concatenate(feed.symbol, list(feed.open(position)))


def test_a_symbol_has_the_rows_of_all_its_files_in_time_order(files: tuple[list[Path], Path]) -> None:
    rows = whole(open_feed(files))
    assert len(rows) == 600
    assert (rows.time[1:] >= rows.time[:-1]).all()
    assert rows.symbol == "BTC-USDT"


def test_equal_times_keep_the_order_of_the_files(tmp_path: Path) -> None:
    paths = [
        write_stream(tmp_path / f"{name}.gz", [quote_line(START, name), quote_line(START, name + "1")])
        for name in ("7", "5")
    ]
    feed = RecordedFeed(paths, LISTINGS, "BTC-USDT", cache_folder=tmp_path)
    assert whole(feed).v0.tolist() == [7.0, 71.0, 5.0, 51.0]


def test_the_window_covers_all_files_whatever_the_symbol(files: tuple[list[Path], Path]) -> None:
    bounds = {(feed.first_time, feed.last_time) for feed in (open_feed(files, s) for s in LISTINGS.values())}
    assert bounds == {(START - MS, START - MS + 49 * 20 * MS)}


def test_the_window_does_not_depend_on_depth_being_read(tmp_path: Path) -> None:
    lines = [
        depth_line(START, [["1", "1"]], []),
        quote_line(START + 1),
        depth_line(START + 2, [["1", "2"]], []),
    ]
    path = write_stream(tmp_path / "s.gz", lines)
    with_depth, without = (
        Recording([path], LISTINGS, cache_folder=tmp_path, include_depth=include) for include in (True, False)
    )
    assert (with_depth.first_time, with_depth.last_time) == (without.first_time, without.last_time)
    assert (RecordedFeed.of(with_depth, "BTC-USDT").rows, RecordedFeed.of(without, "BTC-USDT").rows) == (3, 1)


@settings(max_examples=40, deadline=None)
@given(position=st.integers(0, 600), chunk_rows=st.integers(1, 300))
def test_resuming_at_any_position_equals_the_uninterrupted_run(
    files: tuple[list[Path], Path], position: int, chunk_rows: int
) -> None:
    feed = open_feed(files)
    rest = list(feed.open(position, chunk_rows=chunk_rows))
    assert same_rows(rest, [whole(feed).part(position, feed.rows)])


@pytest.mark.parametrize("position", [-1, 601])
def test_a_position_outside_of_the_feed_is_refused(files: tuple[list[Path], Path], position: int) -> None:
    with pytest.raises(DataProviderError, match="the feed has 600 rows"):
        open_feed(files).open(position)


def test_a_symbol_without_rows_is_refused_and_told_what_there_is(files: tuple[list[Path], Path]) -> None:
    paths, cache = files
    with pytest.raises(DataProviderError, match="they hold BTCUSDT, ETHUSDT") as caught:
        RecordedFeed(paths, LISTINGS | {"SOLUSDT": "SOL-USDT"}, "SOL-USDT", cache_folder=cache)
    assert caught.value.value == "SOL-USDT"


def test_listings_that_are_not_mapped_are_not_part_of_the_run(files: tuple[list[Path], Path]) -> None:
    paths, cache = files
    recording = Recording(paths, {"ETHUSDT": "ETH-USDT"}, cache_folder=cache)
    assert recording.symbols == ("ETH-USDT",)


def test_files_of_other_listings_make_the_run_no_longer(files: tuple[list[Path], Path]) -> None:
    paths, cache = files
    feed = RecordedFeed(paths, {"BTCUSDT": "BTC-USDT"}, "BTC-USDT", cache_folder=cache)
    assert (feed.first_time, feed.last_time) == (START, START + 299 * MS)
    both = Recording(paths, LISTINGS, cache_folder=cache)
    assert both.bounds(["BTC-USDT"]) == (feed.first_time, feed.last_time)
    assert both.bounds([]) == (both.first_time, both.last_time)


@pytest.mark.parametrize("listing", ["btcusdt", "BTC/USDT", "BTC-USDT"])
def test_listings_match_whatever_their_spelling(files: tuple[list[Path], Path], listing: str) -> None:
    paths, cache = files
    assert RecordedFeed(paths, {listing: "X"}, "X", cache_folder=cache).rows == 600


def test_a_file_without_symbols_belongs_to_the_listing_in_its_name(tmp_path: Path) -> None:
    path = write_text(tmp_path / "binance_ethusdt-quotes.csv", f"time,bid,ask\n{START},1,2\n")
    assert RecordedFeed([path], LISTINGS, "ETH-USDT", cache_folder=tmp_path).rows == 1
    only = write_text(tmp_path / "quotes.csv", f"time,bid,ask\n{START},1,3\n")
    assert RecordedFeed([only], {"BTCUSDT": "BTC-USDT"}, "BTC-USDT", cache_folder=tmp_path).rows == 1
    with pytest.raises(DataProviderError, match="does not say which listing"):
        Recording([only], LISTINGS, cache_folder=tmp_path)


def test_the_same_recording_twice_would_count_its_trades_twice(tmp_path: Path) -> None:
    path = write_session(tmp_path / "a.gz")
    copy = tmp_path / "b.gz"
    copy.write_bytes(path.read_bytes())
    with pytest.raises(DataProviderError, match=r"b\.gz: the same data as"):
        Recording([path, copy], LISTINGS, cache_folder=tmp_path)


def test_a_listing_mapped_twice_and_a_run_without_files_are_refused(tmp_path: Path) -> None:
    path = write_session(tmp_path / "a.gz")
    with pytest.raises(DataProviderError, match="mapped to two symbols"):
        Recording([path], {"BTCUSDT": "A", "BTC/USDT": "B"}, cache_folder=tmp_path)
    with pytest.raises(DataProviderError, match="no data file"):
        Recording([], LISTINGS, cache_folder=tmp_path)


def test_one_bad_file_stops_the_run_before_its_first_row(tmp_path: Path) -> None:
    good = write_session(tmp_path / "a.gz")
    bad = write_session(tmp_path / "b.gz", rows=300)
    bad.write_bytes(bad.read_bytes()[:-30])
    with pytest.raises(DataProviderError, match=r"b\.gz: the compressed file ends early"):
        RecordedFeed([good, bad], LISTINGS, "BTC-USDT", cache_folder=tmp_path)


def test_the_clock_offset_is_the_median_of_what_the_venue_says(tmp_path: Path) -> None:
    path = write_session(tmp_path / "a.gz", rows=100)
    feed = RecordedFeed([path], LISTINGS, "BTC-USDT", cache_folder=tmp_path)
    assert feed.estimated_clock_offset(path) == 1270 * MS


def test_the_clock_offset_is_unknown_when_the_venue_tells_no_time(tmp_path: Path) -> None:
    path = write_stream(tmp_path / "spot.gz", [spot_quote_line(START)])
    feed = RecordedFeed([path], LISTINGS, "BTC-USDT", cache_folder=tmp_path)
    assert feed.estimated_clock_offset(path) is None
    with pytest.raises(DataProviderError, match="not part of this recording"):
        feed.estimated_clock_offset(tmp_path / "other.gz")


def test_quotes_and_trades_of_one_symbol_from_two_tables_interleave(tmp_path: Path) -> None:
    quotes = write_text(tmp_path / "q.csv", f"time,bid,ask\n{START},1,2\n{START + 10},1,2\n")
    trades = write_text(tmp_path / "t.csv", f"time,price,size\n{START + 5},1,2\n")
    feed = RecordedFeed([quotes, trades], {"BTCUSDT": "BTC-USDT"}, "BTC-USDT", cache_folder=tmp_path)
    assert whole(feed).kind.tolist() == [TickKind.QUOTE, TickKind.TRADE, TickKind.QUOTE]


def test_many_daily_files_of_many_listings_are_one_recording(tmp_path: Path) -> None:
    paths = [
        write_lean(tmp_path, lines, place=f"crypto/coinbase/minute/{listing}", kind=kind, day=f"2013100{day}")
        for day in range(1, 10)
        for listing in ("btcusd", "ethusd", "ltcusd")
        for kind, lines in (
            ("quote", ["0,1,1,1,1,1,2,2,2,2,1", "60000,1,1,1,1,1,2,2,2,2,1"]),
            ("trade", ["0,1,1,1,1,1", "60000,1,1,1,1,1"]),
        )
    ]
    listings = {"BTC/USD": "BTC-USD", "ETHUSD": "ETH-USD"}
    recording = Recording(expand_data([tmp_path / "crypto"]), listings, cache_folder=tmp_path / "cache")
    assert len(recording.files) == len(paths) == 54
    assert recording.symbols == ("BTC-USD", "ETH-USD")
    rows = whole(RecordedFeed.of(recording, "BTC-USD"))
    assert (
        rows.kind.tolist() == [TickKind.QUOTE, TickKind.BAR] * 18
    )  # at one instant in the order of the files
    assert np.diff(rows.time.reshape(-1, 2)[:, 0]).tolist().count(60 * 10**9) == 9
    assert recording.first_time == int(rows.time[0])
    assert recording.last_time == int(rows.time[-1])


def test_two_exchanges_are_not_one_market(tmp_path: Path) -> None:
    paths = [
        write_lean(tmp_path, "0,1,1,1,1,1", place=place, day=day)
        for place, day in (
            ("crypto/coinbase/minute/btcusd", "20131007"),
            ("cryptofuture/binance/minute/btcusd", "20131008"),
        )
    ]
    with pytest.raises(DataProviderError, match="X is of crypto/coinbase in") as caught:
        Recording(paths, {"BTCUSD": "X"}, cache_folder=tmp_path / "cache")
    assert (caught.value.field, caught.value.value) == ("market", "cryptofuture/binance")


def test_bars_of_two_lengths_would_count_every_trade_twice(tmp_path: Path) -> None:
    bars = f"date,open,high,low,close\n{START},1,1,1,1\n"
    paths = [write_text(tmp_path / f"A_B-{timeframe}.csv", bars) for timeframe in ("1m", "5m")]
    with pytest.raises(DataProviderError, match="the bars of X are of another resolution, 1m"):
        Recording(paths, {"AB": "X"}, cache_folder=tmp_path / "cache")
    other = write_text(tmp_path / "C_D-5m.csv", bars)
    both = Recording([paths[0], other], {"AB": "X", "C_D": "Y"}, cache_folder=tmp_path / "cache")
    assert both.symbols == ("X", "Y")


def test_files_of_bars_that_overlap_are_refused(tmp_path: Path) -> None:
    def bars(name: str, minutes: range, price: int) -> Path:
        rows = "".join(
            f"{START + minute * 60 * 10**9},{price},{price},{price},{price}\n" for minute in minutes
        )
        return write_text(tmp_path / name, f"close_time,open,high,low,close\n{rows}")

    first, second = bars("btcusdt-1.csv", range(5), 1), bars("btcusdt-2.csv", range(5, 9), 2)
    feed = RecordedFeed([second, first], LISTINGS, "BTC-USDT", cache_folder=tmp_path)
    assert whole(feed).v0.tolist() == [1.0] * 5 + [2.0] * 4
    third = bars("btcusdt-3.csv", range(8, 12), 3)
    with pytest.raises(
        DataProviderError, match=r"btcusdt-3\.csv: it holds bars of BTC-USDT of the same time as .*2\.csv"
    ) as caught:
        Recording([first, second, third], LISTINGS, cache_folder=tmp_path)
    assert caught.value.value == START + 8 * 60 * 10**9


def test_rows_of_all_kinds_in_one_file_are_no_bars_twice(tmp_path: Path) -> None:
    names = ("time", "event_time", "symbol", "kind", "v0", "v1", "v2", "v3", "v4")
    for part in range(2):
        kinds = ["bar", "trade", "trade"]
        times = [START + part * 10**9 + each for each in (0, 1, 1)]
        columns = (
            times,
            times,
            ["BTCUSDT"] * 3,
            kinds,
            [1.0] * 3,
            [2.0] * 3,
            [1.0] * 3,
            [1.0] * 3,
            [3.0] * 3,
        )
        path = tmp_path / f"part-00000{part}.parquet"
        pyarrow.parquet.write_table(pa.table(dict(zip(names, columns, strict=True))), path)
    feed = RecordedFeed(
        sorted(tmp_path.glob("part-*")), LISTINGS, "BTC-USDT", cache_folder=tmp_path / "cache"
    )
    assert whole(feed).kind.tolist() == [TickKind.BAR, TickKind.TRADE, TickKind.TRADE] * 2


def test_ticks_and_bars_of_one_symbol_go_together(tmp_path: Path) -> None:
    paths = [
        write_lean(tmp_path, "0,1,1,1,1,1", place="crypto/coinbase/minute/btcusd"),
        write_lean(tmp_path, "30000,1,1,0", place="crypto/coinbase/tick/btcusd"),
    ]
    feed = RecordedFeed(paths, {"BTCUSD": "X"}, "X", cache_folder=tmp_path / "cache")
    assert whole(feed).kind.tolist() == [TickKind.TRADE, TickKind.BAR]


def test_what_is_told_to_the_readers_reaches_them(tmp_path: Path) -> None:
    minute = 60 * 10**9
    rows = "".join(f"{START + row * minute},1,1,1,1\n" for row in range(2))
    path = write_text(tmp_path / "bars.csv", f"timestamp,open,high,low,close\n{rows}")
    feed = RecordedFeed([path], {"A": "X"}, "X", cache_folder=tmp_path, bar_time="open")
    assert feed.first_time == START + minute
    ticks = write_lean(tmp_path, "0,0,0,9,1\n1,8,1,0,0", place="crypto/coinbase/tick/btcusd", kind="quote")
    carried = RecordedFeed([ticks], {"BTCUSD": "X"}, "X", cache_folder=tmp_path, one_sided="carry")
    assert whole(carried).v2.tolist() == [9.0, 9.0]


def test_an_error_about_thousands_of_files_stays_readable(tmp_path: Path) -> None:
    paths = [write_lean(tmp_path, "0,1,1,1,1,1", day=f"201310{day:02}") for day in range(1, 31)]
    recording = Recording(paths, {"ETHUSD": "X"}, cache_folder=tmp_path / "cache")
    with pytest.raises(DataProviderError, match=r"and 20 more; they hold btcusd \(found 'X'\)"):
        recording.tables("X")
