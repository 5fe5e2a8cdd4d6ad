"""LEAN's zips: where times and prices come from, what rows they give, and what is refused."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest

from cluster.feeds.columns import Chunk, concatenate
from cluster.feeds.readers import Coverage, OneSided, format_of, origin_of, read
from cluster.feeds.readers import lines as lines_module
from messages.errors import DataProviderError
from messages.market import TickKind
from tests.cluster.feeds.lean_files import MIDNIGHT, NEW_YORK_MIDNIGHT, write_lean
from tests.cluster.feeds.recordings import same_rows

pytestmark = pytest.mark.unit

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
MS = 1_000_000
EQUITY_TICKS = "equity/usa/tick/aig"
CRYPTO_TICKS = "crypto/coinbase/tick/btcusd"


def read_all(path: Path, *, one_sided: OneSided = "absent") -> tuple[Chunk, Coverage]:
    coverage = Coverage()
    chunks = [chunk for _, chunk in read(path, one_sided=one_sided, coverage=coverage)]
    return concatenate("", chunks), coverage


def values(chunk: Chunk, row: int = 0) -> list[float | None]:
    found = [float(getattr(chunk, f"v{column}")[row]) for column in range(5)]
    return [None if np.isnan(value) else value for value in found]


def test_a_trade_bar_is_known_at_the_end_of_its_minute(tmp_path: Path) -> None:
    path = write_lean(tmp_path, ["0,10,12,9,11,1.5", "60000,11,11,11,11,0"])
    chunk, coverage = read_all(path)
    assert format_of(path).name == "LEAN zip"
    assert [listing for listing, _ in read(path)] == ["btcusd"]
    assert chunk.kind.tolist() == [TickKind.BAR] * 2
    assert chunk.time.tolist() == chunk.event_time.tolist() == [MIDNIGHT + MINUTE, MIDNIGHT + 2 * MINUTE]
    assert values(chunk) == [10.0, 12.0, 9.0, 11.0, 1.5]
    assert (coverage.rows, coverage.left_out, coverage.noted) == (2, {}, {})


def test_equities_are_in_new_york_time_and_ten_thousandths(tmp_path: Path) -> None:
    path = write_lean(tmp_path, ["14400000,491800,491900,491700,491800,300"], place="equity/usa/second/aig")
    chunk, _ = read_all(path)
    assert chunk.time.tolist() == [NEW_YORK_MIDNIGHT + 14400 * SECOND + SECOND]
    assert values(chunk) == [49.18, 49.19, 49.17, 49.18, 300.0]


def test_a_quote_bar_is_the_last_quote_at_the_end_of_its_interval(tmp_path: Path) -> None:
    path = write_lean(tmp_path, ["60000,1,5,1,4,7,2,6,2,5,8"], kind="quote")
    chunk, _ = read_all(path)
    assert chunk.kind.tolist() == [TickKind.QUOTE]
    assert chunk.time.tolist() == [MIDNIGHT + 2 * MINUTE]
    assert values(chunk) == [4.0, 7.0, 5.0, 8.0, None]


@pytest.mark.parametrize("absent", [",,,,", "0,0,0,0,0"])
def test_a_side_that_is_absent_from_a_quote_bar_has_neither_price_nor_size(
    tmp_path: Path, absent: str
) -> None:
    path = write_lean(tmp_path, [f"0,{absent},2,6,2,5,8"], kind="quote")
    chunk, coverage = read_all(path)
    assert values(chunk) == [None, None, 5.0, 8.0, None]
    assert coverage.noted == {"one-sided quote": 1}


@pytest.mark.parametrize(
    ("place", "line", "price"),
    [
        (EQUITY_TICKS, "14400688,491800,300,P,2000,0", 49.18),
        (EQUITY_TICKS, "14400688,491800,300", 49.18),
        (CRYPTO_TICKS, "14400688,7424.91,300", 7424.91),
        (CRYPTO_TICKS, "14400688,7424.91,300,0", 7424.91),
    ],
)
def test_tick_trades_tell_no_aggressor(tmp_path: Path, place: str, line: str, price: float) -> None:
    chunk, _ = read_all(write_lean(tmp_path, line, place=place))
    midnight = NEW_YORK_MIDNIGHT if place == EQUITY_TICKS else MIDNIGHT
    assert chunk.kind.tolist() == [TickKind.TRADE]
    assert chunk.time.tolist() == [midnight + 14_400_688 * MS]
    assert values(chunk) == [price, 300.0, None, None, None]


def test_parts_of_a_millisecond_count(tmp_path: Path) -> None:
    chunk, _ = read_all(write_lean(tmp_path, ["86399999.9999,1,2"], place=CRYPTO_TICKS))
    assert chunk.time.tolist() == [MIDNIGHT + 86_400 * SECOND - 100]


ONE_SIDED = [
    "14400152,0,0,494100,300,Q,1,0",
    "14400547,491800,300,0,0,P,1,0",
    "14400547,481800,200,0,0,P,1,1",
    "14400550,0,0,491900,100,P,1,0",
]


def test_tick_quotes_give_the_absent_side_as_absent_and_suspicious_ones_not_at_all(tmp_path: Path) -> None:
    chunk, coverage = read_all(write_lean(tmp_path, ONE_SIDED, place=EQUITY_TICKS, kind="quote"))
    assert [values(chunk, row) for row in range(len(chunk))] == [
        [None, None, 49.41, 300.0, None],
        [49.18, 300.0, None, None, None],
        [None, None, 49.19, 100.0, None],
    ]
    assert coverage.left_out == {"suspicious tick": 1}
    assert coverage.noted == {"one-sided quote": 3}
    assert coverage.rows == 3


def test_carried_sides_make_whole_quotes_and_suspicious_ticks_are_not_remembered(tmp_path: Path) -> None:
    path = write_lean(tmp_path, ONE_SIDED, place=EQUITY_TICKS, kind="quote")
    chunk, coverage = read_all(path, one_sided="carry")
    assert [values(chunk, row) for row in range(len(chunk))] == [
        [None, None, 49.41, 300.0, None],
        [49.18, 300.0, 49.41, 300.0, None],
        [49.18, 300.0, 49.19, 100.0, None],
    ]
    assert coverage.noted == {"one-sided quote": 1}


def test_sides_are_carried_across_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(3)
    lines = []
    for row in range(400):
        price, size = 490_000 + int(random.integers(0, 900)), 100 * int(random.integers(1, 9))
        side = f"{price},{size},0,0" if random.random() < 0.5 else f"0,0,{price + 1000},{size}"
        lines.append(f"{14_400_000 + row},{side},P,1,{int(random.random() < 0.1)}")
    path = write_lean(tmp_path, lines, place=EQUITY_TICKS, kind="quote")
    whole, coverage = read_all(path, one_sided="carry")
    monkeypatch.setattr(lines_module, "BLOCK_BYTES", 300)
    cut, cut_coverage = read_all(path, one_sided="carry")
    assert same_rows([whole], [cut])
    assert coverage == cut_coverage
    assert [values(whole, row)[:4] for row in range(len(whole))] == carried_one_by_one(lines)


def carried_one_by_one(lines: list[str]) -> list[list[float | None]]:
    """The same, computed row by row."""
    last: dict[int, tuple[float | None, float | None]] = {1: (None, None), 3: (None, None)}
    rows: list[list[float | None]] = []
    for line in lines:
        fields = line.split(",")
        if fields[-1] == "1":
            continue
        for at in last:
            if fields[at] != "0":
                last[at] = (int(fields[at]) / 10_000, float(fields[at + 1]))
        rows.append([*last[1], *last[3]])
    return rows


def test_crossed_quotes_are_noted(tmp_path: Path) -> None:
    path = write_lean(
        tmp_path, ["0,11,1,10,1", "1,9,1,10,1", "2,10,1,10,1"], place=CRYPTO_TICKS, kind="quote"
    )
    assert read_all(path)[1].noted == {"crossed quote": 1}


def test_gaps_between_trade_bars_are_noted_and_repeated_ones_left_out(tmp_path: Path) -> None:
    bar = "10,12,9,11,1"
    path = write_lean(tmp_path, [f"{minute * 60000},{bar}" for minute in (0, 1, 1, 5)])
    chunk, coverage = read_all(path)
    assert len(chunk) == 3
    assert coverage.noted == {"gap": 1, "missing bar": 3}
    assert coverage.left_out == {"repeated bar": 1}


def test_the_bounds_cover_what_was_left_out(tmp_path: Path) -> None:
    lines = ["1000,10,1,1", "2000,10,1,0", "3000,10,1,1"]
    _, coverage = read_all(write_lean(tmp_path, lines, place=CRYPTO_TICKS))
    assert coverage.left_out == {"suspicious tick": 2}
    assert (coverage.first_time, coverage.last_time) == (MIDNIGHT + SECOND, MIDNIGHT + 3 * SECOND)


def test_times_on_the_day_the_clock_is_put_forward(tmp_path: Path) -> None:
    bar = "10000,10000,10000,10000,1"
    place = "equity/usa/minute/aig"
    path = write_lean(tmp_path, [f"5400000,{bar}", f"10800000,{bar}"], place=place, day="20140309")
    chunk, _ = read_all(path)
    assert np.diff(chunk.time).tolist() == [30 * MINUTE]  # from 1:30 to 3:00 is half an hour
    never = write_lean(tmp_path, [f"5400000,{bar}", f"9000000,{bar}"], place=place, day="20140309")
    with pytest.raises(DataProviderError, match="line 2: not a time of this day"):
        read_all(never)


def test_origin_and_listing_come_from_the_folders(tmp_path: Path) -> None:
    path = write_lean(tmp_path, "0,1,1,1,1,1", place="cryptofuture/binance/minute/adausdt",
                      member="20131007_adausdt_minute_trade_perp.csv")  # fmt: skip
    origin = origin_of(path)
    assert origin.identity == "cryptofuture/binance/minute/adausdt/20131007_trade"
    assert (origin.market, origin.series, origin.step) == ("cryptofuture/binance", "bars", "minute")
    assert len(read_all(path)[0]) == 1


BAD_LINES = [
    ("trade", "0,1,1,1,1,1\n60000,1,1,1,x,1", "close", "line 2: not a number"),
    ("trade", "0,1,1,1,1,1\n60000,1,1,1,1", None, "line 2: 5 fields where there are 6"),
    ("trade", "0,1,1,1,1,1\n\n60000,1,1,1,1,1", "ms", "line 2: not a time of this day"),
    ("trade", "0,1,1,1,1", None, "line 1: 5 fields where there are 6"),
    ("trade", "0,1,1,1,1,1\n60000,1,1,1,0,1", "close", "line 2: not a finite positive number"),
    ("trade", "0,1,1,1,1,1\n60000,1,1,1,,1", "close", "line 2: not a finite positive number"),
    ("trade", "0,1,1,1,1,-1", "volume", "line 1: not a finite positive number"),
    ("trade", "0,1,1,1,1,1\n60000,2,1,1,1,1", "high", "line 2: the bar's open or close lies outside"),
    ("trade", "60000,1,1,1,1,1\n0,1,1,1,1,1", "ms", "line 2: the time goes backwards"),
    ("trade", "0,1,1,1,1,1\n86400000,1,1,1,1,1", "ms", "line 2: not a time of this day"),
    ("trade", "-1,1,1,1,1,1", "ms", "line 1: not a time of this day"),
    ("trade", ",1,1,1,1,1", "ms", "line 1: not a time of this day"),
    ("trade", "0,1,1,1,1,1\n0,1,2,1,1,1", "ms", "line 2: another bar has the same time"),
    ("quote", "0,1,1,1,-1,1,2,2,2,2,1", "bid", "line 1: not a finite positive number"),
    ("quote", "0,1,1,1,1,-1,2,2,2,2,1", "bid_size", "line 1: not a finite positive number"),
    ("quote", "0,1,1,1,1,1,2,1,2,2,1", "ask", "line 1: the bar's open or close lies outside"),
    ("quote", "0,1,1,1,1,1,2,inf,2,2,1", "ask_high", "line 1: not a finite positive number"),
]


@pytest.mark.parametrize(("kind", "text", "field", "message"), BAD_LINES)
def test_a_bad_line_is_named_with_file_line_field_and_remedy(
    tmp_path: Path, kind: str, text: str, field: str | None, message: str
) -> None:
    path = write_lean(tmp_path, text, kind=kind)
    with pytest.raises(DataProviderError, match=message) as caught:
        read_all(path)
    assert caught.value.field == field
    assert caught.value.remedy
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("text", "field", "message"),
    [
        ("0,1,0,0", "size", "line 1: not a finite positive number"),
        ("0,1,,0", "size", "line 1: not a finite positive number"),
        ("0,0,1,0", "price", "line 1: not a finite positive number"),
        ("0,1,1,0\n0,1,1,2", "suspicious", "line 2: not 0 or 1"),
        ("0,1,1,0,0", None, "line 1: 5 fields where there are 3 or 4 or 6"),
    ],
)
def test_a_bad_tick_is_named(tmp_path: Path, text: str, field: str | None, message: str) -> None:
    with pytest.raises(DataProviderError, match=message) as caught:
        read_all(write_lean(tmp_path, text, place=CRYPTO_TICKS))
    assert caught.value.field == field


def test_errors_far_into_a_large_file_name_their_line(tmp_path: Path) -> None:
    lines = [f"{row},1.25,1.5" for row in range(90_000)]
    lines[80_000] = "80000,1.25,x"
    with pytest.raises(DataProviderError, match="line 80001: not a number"):
        read_all(write_lean(tmp_path, lines, place=CRYPTO_TICKS))


@pytest.mark.parametrize(
    ("place", "field"),
    [
        ("forex/oanda/minute/eurusd", "security"),
        ("equity/japan/minute/x", "security"),
        ("equity/usa/hour/aig", "resolution"),
        ("aig", "security"),
    ],
)
def test_what_is_not_in_one_of_leans_folders_is_refused(tmp_path: Path, place: str, field: str) -> None:
    path = write_lean(tmp_path, "0,1,1,1,1,1", place="x/y/z/aig")
    moved = tmp_path / place / path.name
    moved.parent.mkdir(parents=True, exist_ok=True)
    path.rename(moved)
    with pytest.raises(DataProviderError, match="not one of LEAN's files") as caught:
        read_all(moved)
    assert caught.value.field == field
    assert "equity/usa/minute/aig/20131007_quote.zip" in str(caught.value)


@pytest.mark.parametrize("name", ["btcusd.zip", "20131007_openinterest.zip", "20131340_trade.zip"])
def test_a_name_that_is_none_of_leans_is_refused(tmp_path: Path, name: str) -> None:
    path = write_lean(tmp_path, "0,1,1,1,1,1")
    with pytest.raises(DataProviderError, match="not one of LEAN's files"):
        read_all(path.rename(path.with_name(name)))


@pytest.mark.parametrize(
    "member",
    [
        "20131008_btcusd_minute_trade.csv",
        "20131007_ethusd_minute_trade.csv",
        "20131007_btcusd_second_trade.csv",
        "20131007_btcusd_minute_quote.csv",
        "readme.txt",
    ],
)
def test_a_text_that_is_not_what_the_path_tells_is_refused(tmp_path: Path, member: str) -> None:
    path = write_lean(tmp_path, "0,1,1,1,1,1", member=member)
    with pytest.raises(
        DataProviderError, match="the text inside is not the minute trades of btcusd on 2013-10-07"
    ):
        read_all(path)


def test_a_zip_of_several_texts_is_refused(tmp_path: Path) -> None:
    path = write_lean(tmp_path, "0,1,1,1,1,1")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("more.csv", "0,1")
    with pytest.raises(DataProviderError, match="holds one text") as caught:
        read_all(path)
    assert "more.csv" in str(caught.value)


def test_an_empty_text_is_no_market_data(tmp_path: Path) -> None:
    with pytest.raises(DataProviderError, match="holds no market data"):
        read_all(write_lean(tmp_path, ""))


def test_a_zip_that_was_cut_off_or_spoiled_is_refused(tmp_path: Path) -> None:
    path = write_lean(tmp_path, [f"{row},1.25,1.5" for row in range(5000)], place=CRYPTO_TICKS)
    data = path.read_bytes()
    path.write_bytes(data[:-50])
    with pytest.raises(DataProviderError, match="cut off or damaged"):
        read_all(path)
    spoiled = bytearray(data)
    spoiled[len(data) // 2] ^= 0xFF
    path.write_bytes(bytes(spoiled))
    with pytest.raises(DataProviderError, match="damaged"):
        read_all(path)


def test_an_encrypted_zip_is_refused(tmp_path: Path) -> None:
    path = write_lean(tmp_path, "0,1,1,1,1,1")
    data = bytearray(path.read_bytes())
    data[6] |= 1  # the flag in the member's own header,
    data[data.index(b"PK\x01\x02") + 8] |= 1  # and in the directory
    path.write_bytes(bytes(data))
    with pytest.raises(DataProviderError, match="encrypted"):
        read_all(path)


def test_a_missing_time_zone_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from cluster.feeds.readers import lean_names

    def unknown(name: str) -> None:
        raise lean_names.ZoneInfoNotFoundError(name)

    monkeypatch.setattr(lean_names, "ZoneInfo", unknown)
    with pytest.raises(DataProviderError, match="does not know the time zone"):
        read_all(write_lean(tmp_path, "0,1,1,1,1,1"))


def test_chunks_keep_their_size(tmp_path: Path) -> None:
    path = write_lean(tmp_path, [f"{row},1.25,1.5" for row in range(10_000)], place=CRYPTO_TICKS)
    sizes = [len(chunk) for _, chunk in read(path, chunk_rows=3000)]
    assert sizes == [3000, 3000, 3000, 1000]
