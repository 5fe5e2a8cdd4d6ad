"""A download is the past as it could be known: whole, in order, resumable at any point, and holes are told."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.venues.history_port import PaidRate, PastTrade
from actors.venues.market_port import Bar
from cluster.feeds import expand_data, expand_funding, funding_listing, read_funding
from cluster.recording.checking import Code, check_dataset
from cluster.recording.history import Download, DownloadSettings, begin_history
from cluster.recording.manifest import Manifest, create_dataset, load_manifest
from cluster.recording.recorder import Recorder, RecorderSettings
from cluster.recording.trade_walk import TradeWalk
from messages.errors import ConfigurationError, VenueConnectionError
from messages.venue_account import VenueInstrument
from tests.cluster.recording.test_recording import SYMBOLS, Venue, instrument

pytestmark = pytest.mark.integration

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
START = 1_795_000_020 * SECOND
"""A whole minute."""
END = START + 30 * MINUTE

SMALL = DownloadSettings(
    part=10 * MINUTE, part_of_bars=10 * MINUTE, slice=4 * MINUTE, pause_s=0.001, patience_s=0.2
)


class Past:
    """A venue's past, page by page; it may be away for some questions, and forget trades."""

    longest_search = 3 * MINUTE
    page = 7

    def __init__(self) -> None:
        self.now = END + 5 * MINUTE
        self.trades = {
            symbol: [
                PastTrade(100 + number, START + number * 13 * SECOND + place, 10.0 + number, 0.5, 1.0)
                for number in range(2 * 30 * 60 // 13)
            ]
            for place, symbol in enumerate(SYMBOLS)
        }
        self.rates = [PaidRate(START + number * 8 * MINUTE, 0.0001 * number) for number in range(10)]
        self.missing_bars: set[int] = set()
        self.away: set[int] = set()
        self.asked = 0

    def _answer(self) -> None:
        self.asked += 1
        if self.asked in self.away:
            raise VenueConnectionError("away")

    async def server_time(self) -> int:
        self._answer()
        return self.now

    async def instruments(self, symbols: Sequence[str]) -> tuple[VenueInstrument, ...]:
        self._answer()
        return tuple(map(instrument, symbols))

    async def bars(self, symbol: str, length: int, start: int, end: int) -> tuple[Bar, ...]:
        self._answer()
        first = -(-start // length) * length
        times = (each for each in range(first, end, length) if each + length <= self.now)
        return tuple(
            Bar(symbol, each, length, 1.0, 2.0, 0.5, 1.5, 9.0)
            for each in times
            if each not in self.missing_bars
        )

    async def trades_between(self, symbol: str, start: int, end: int) -> tuple[PastTrade, ...]:
        self._answer()
        assert end - start <= self.longest_search
        found = [each for each in self.trades[symbol] if start <= each.time < end and each.time <= self.now]
        return tuple(found[: self.page])

    async def trades_from(self, symbol: str, number: int) -> tuple[PastTrade, ...]:
        self._answer()
        found = [each for each in self.trades[symbol] if each.number >= number and each.time <= self.now]
        return tuple(found[: self.page])

    async def paid_rates(self, symbol: str, start: int, end: int) -> tuple[PaidRate, ...]:
        self._answer()
        return tuple(each for each in self.rates if start <= each.time < end)


def dataset(folder: Path, *, bars: int | None = MINUTE) -> Path:
    made = folder / "dataset"
    create_dataset(
        made,
        Manifest(
            venue="v", rest_url="http://v", stream_url="ws://v", created_at=1, symbols=SYMBOLS, bar_ns=bars
        ),
    )
    return made


def download(folder: Path, past: Past, end: int = END, given: DownloadSettings = SMALL) -> Download:
    made = Download(folder, past, given)
    asyncio.run(made.run(end))
    return made


def rows_of(folder: Path) -> list[tuple[object, ...]]:
    """All rows of all parts, as they lie there."""
    manifest = load_manifest(folder)
    tables = [pyarrow.parquet.read_table(folder / part.file) for part in manifest.parts]
    return [
        (row["time"], row["symbol"], row["kind"], row["v0"])
        for table in tables
        for row in table.select(["time", "symbol", "kind", "v0"]).to_pylist()
    ]


def expected(past: Past) -> list[tuple[object, ...]]:
    """The rows of the whole span, in order of time; within an instant as the symbols come, bars first."""
    rows: list[tuple[object, ...]] = []
    for symbol, listing in SYMBOLS.items():
        rows += [(time, listing, "bar", 1.0) for time in range(START + MINUTE, END + 1, MINUTE)]
        rows += [(each.time, listing, "trade", each.price) for each in past.trades[symbol] if each.time < END]
    return rows


def test_everything_of_the_span_is_there_once_and_in_order(tmp_path: Path) -> None:
    folder, past = dataset(tmp_path), Past()
    begin_history(folder, start=START, trades=True)
    done = download(folder, past)
    rows = rows_of(folder)
    assert sorted(rows) == sorted(expected(past))
    assert [row[0] for row in rows] == sorted(row[0] for row in rows)  # type: ignore[type-var]
    assert len(done.manifest.parts) == 4, "parts end on the grid of their length"
    assert done.history.done == END
    assert check_dataset(folder) == []
    assert {each.instrument.symbol for each in done.manifest.instruments} == set(SYMBOLS)


def test_funding_rates_lie_beside_the_parts_and_are_found(tmp_path: Path) -> None:
    folder = dataset(tmp_path)
    begin_history(folder, start=START)
    download(folder, Past())
    files = expand_funding([folder])
    assert [funding_listing(each) for each in files] == ["XUSD", "YUSD"]
    assert read_funding(files[0]).times.tolist() == [START + number * 8 * MINUTE for number in range(4)]
    assert all("funding" not in path.name for path in expand_data([folder]))


@given(ends=st.lists(st.integers(START, END), max_size=4), away=st.sets(st.integers(1, 60), max_size=12))
@settings(max_examples=12, deadline=None)
def test_however_it_was_cut_into_lives_it_is_the_same_in_the_end(
    tmp_path_factory: pytest.TempPathFactory, ends: list[int], away: set[int]
) -> None:
    folder, past = dataset(tmp_path_factory.mktemp("lives")), Past()
    past.away = away
    begin_history(folder, start=START, trades=True)
    for end in (*sorted(ends), END):
        download(folder, past, end)
    assert sorted(rows_of(folder)) == sorted(expected(past))
    assert check_dataset(folder) == []
    assert read_funding(folder / "XUSD-funding_rate.parquet").rates.tolist() == [
        0.0001 * each for each in range(4)
    ]


def test_a_download_that_was_killed_goes_on_where_it_was(tmp_path: Path) -> None:
    folder, past = dataset(tmp_path), Past()
    begin_history(folder, start=START, trades=True)

    async def killed() -> None:
        work = asyncio.create_task(Download(folder, past, SMALL).run(END))
        while len(load_manifest(folder).parts) < 2:
            await asyncio.sleep(0.001)
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)

    asyncio.run(killed())
    (folder / ".part-000003.parquet.new").write_bytes(b"PAR1 half")
    past.asked = 0
    download(folder, past)
    whole = dataset(tmp_path / "whole")
    begin_history(whole, start=START, trades=True)
    other = Past()
    download(whole, other)
    assert past.asked < other.asked, "what is there is not asked for again"
    assert load_manifest(folder).parts == load_manifest(whole).parts
    assert sorted(rows_of(folder)) == sorted(expected(past))
    assert not list(folder.glob(".*.new"))


def test_what_is_too_young_is_left_for_the_next_time(tmp_path: Path) -> None:
    folder, past = dataset(tmp_path), Past()
    past.now = START + 5 * MINUTE + 30 * SECOND
    begin_history(folder, start=START, trades=True)
    assert download(folder, past).history.done == past.now - MINUTE
    past.now = END + 5 * MINUTE
    download(folder, past)
    assert sorted(rows_of(folder)) == sorted(expected(past))


def test_what_the_venue_leaves_out_is_a_hole(tmp_path: Path) -> None:
    folder, past = dataset(tmp_path), Past()
    gone = past.trades["X-USD"][20:23]
    past.trades["X-USD"] = [each for each in past.trades["X-USD"] if each not in gone]
    past.missing_bars = {START + 4 * MINUTE, START + 5 * MINUTE}
    begin_history(folder, start=START, trades=True)
    download(folder, past)
    holes = {(hole.listing, hole.detail) for hole in load_manifest(folder).holes}
    assert holes == {
        ("XUSD", "trades 120 to 122 are not told by the venue"),
        ("XUSD", "2 bars are not told by the venue"),
        ("YUSD", "2 bars are not told by the venue"),
    }
    assert {finding.code for finding in check_dataset(folder)} == {Code.HOLE}


def test_a_venue_that_stays_away_ends_it_and_what_was_fetched_is_kept(tmp_path: Path) -> None:
    folder, past = dataset(tmp_path), Past()
    begin_history(folder, start=START)
    past.away = set(range(5, 10_000))
    with pytest.raises(VenueConnectionError, match="away"):
        download(folder, past)
    kept = load_manifest(folder)
    assert kept.history is not None
    assert START < kept.history.done < END
    past.away = set()
    download(folder, past)
    assert check_dataset(folder) == []


def test_rates_that_were_changed_are_found_and_fetched_again(tmp_path: Path) -> None:
    folder, past = dataset(tmp_path), Past()
    begin_history(folder, start=START)
    download(folder, past)
    path = folder / "XUSD-funding_rate.parquet"
    whole = path.read_bytes()
    path.write_bytes(b"PAR1")
    assert [each.code for each in check_dataset(folder)] == [Code.PART_CHANGED]
    download(folder, past)
    assert check_dataset(folder) == []
    assert path.read_bytes() == whole
    path.unlink()
    assert [each.code for each in check_dataset(folder)] == [Code.PART_MISSING]


def test_recorded_and_downloaded_are_not_mixed(tmp_path: Path) -> None:
    folder = dataset(tmp_path)
    with pytest.raises(ConfigurationError, match="where the history begins"):
        begin_history(folder)
    begin_history(folder, start=START)
    with pytest.raises(ConfigurationError, match="download of the past"):
        Recorder(folder, Venue(), RecorderSettings())
    for wanted in ({"start": START + 1}, {"trades": True}, {"funding": False}):
        with pytest.raises(ConfigurationError, match="began with"):
            begin_history(folder, **wanted)  # type: ignore[arg-type]
    assert begin_history(folder, start=START, trades=False) == load_manifest(folder)
    with pytest.raises(ConfigurationError, match="neither bars nor trades"):
        begin_history(dataset(tmp_path / "none", bars=None), start=START)
    with pytest.raises(ConfigurationError, match="no download was begun"):
        download(dataset(tmp_path / "plain"), Past())


def test_a_walk_through_trades_is_cut_at_any_time() -> None:
    past = Past()

    async def patiently(ask):  # type: ignore[no-untyped-def]
        return await ask()

    async def work() -> list[PastTrade]:
        walk = TradeWalk(past, "X-USD", patiently, None, end=END)
        found: list[PastTrade] = []
        for stop in range(START, END, 17 * SECOND):
            found += await walk.until(START, stop)
            assert all(each.time < stop for each in found)
        return found

    found = asyncio.run(work())
    assert [each.number for each in found] == list(range(100, 100 + len(found)))
    assert len(found) > 130
