"""A recording is the market as it came: every row, in order, in files that are whole, and a manifest that says so."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet
import pytest

from actors.venues.market_port import StreamHealth
from cluster.cli.main import run as raydesk
from cluster.feeds import Recording, read
from cluster.feeds.data_paths import expand_data
from cluster.feeds.merge import merged
from cluster.recording.checking import MEANINGS, Code, check_dataset
from cluster.recording.manifest import Manifest, create_dataset, load_manifest, store_manifest
from cluster.recording.recorder import Recorder, RecorderSettings
from messages.errors import ConfigurationError, DataProviderError
from messages.market import TickKind
from messages.venue_account import ListingStatus, VenueInstrument
from tests.cluster.feeds.live.market import ByHand, until

pytestmark = pytest.mark.integration

Q, T, B, D = TickKind.QUOTE, TickKind.TRADE, TickKind.BAR, TickKind.DEPTH
SYMBOLS = {"X-USD": "XUSD", "Y-USD": "YUSD"}


def instrument(symbol: str, tick: str = "0.1") -> VenueInstrument:
    return VenueInstrument(
        symbol=symbol,
        listing=SYMBOLS[symbol],
        status=ListingStatus.TRADING,
        base_currency=symbol[0],
        quote_currency="USD",
        settle_currency="USD",
        tick=Decimal(tick),
        lot=Decimal("0.01"),
        min_quantity=Decimal("0.01"),
    )


class Venue(ByHand):
    """With rules that can change."""

    tick = "0.1"

    async def instruments(self, symbols: Any) -> tuple[VenueInstrument, ...]:
        return tuple(instrument(symbol, self.tick) for symbol in symbols)

    def health(self) -> StreamHealth:
        return StreamHealth()


def dataset(folder: Path) -> Path:
    made = folder / "dataset"
    create_dataset(
        made,
        Manifest(
            venue="v", rest_url="http://v", stream_url="ws://v", created_at=1, symbols=SYMBOLS, depth=True
        ),
    )
    return made


@asynccontextmanager
async def recording(folder: Path, venue: Venue, **settings: Any) -> AsyncIterator[Recorder]:
    made = RecorderSettings(**{"write_s": 0.01} | settings)
    recorder = Recorder(folder, venue, made, count(1_000).__next__)
    task = asyncio.create_task(recorder.run())
    await venue.streaming.wait()
    await until(lambda: recorder._listed or recorder.manifest.instruments)
    try:
        yield recorder
    finally:
        task.cancel()
        for result in await asyncio.gather(task, return_exceptions=True):
            if isinstance(result, Exception):
                raise result


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(work)


def tell_some(venue: Venue, symbol: str = "X-USD", first: int = 1) -> None:
    """A quote, a trade, a book and a bar."""
    venue.quote(symbol, first)
    venue.tell(symbol, T, first + 1, 100.0, 0.5, -1.0)
    for side, price, last in ((1.0, 99.0, 0.0), (-1.0, 101.0, 1.0)):
        venue.tell(symbol, D, first + 2, side, price, 3.0, 1.0, last)
    venue.tell(symbol, B, first + 3, 1.0, 2.0, 0.5, 1.5, 9.0)


def rows_of(folder: Path, *, depth: bool = True, cache: str = "cache") -> dict[str, list[tuple[Any, ...]]]:
    """The rows by symbol, read as a run reads them."""
    files = expand_data([folder])
    held = Recording(
        files, {listing: symbol for symbol, listing in SYMBOLS.items()}, cache_folder=folder.parent / cache,
        include_depth=depth,
    )  # fmt: skip
    return {
        symbol: [tuple(row.tolist()) for chunk in merged(held.tables(symbol)) for row in chunk]
        for symbol in held.symbols
    }


def test_every_row_is_read_back_as_it_came_with_its_place_in_the_order(tmp_path: Path) -> None:
    async def work() -> None:
        folder, venue = dataset(tmp_path), Venue()
        async with recording(folder, venue, part_rows=12) as recorder:
            for number in range(5):
                tell_some(venue, "X-USD", 10 * number + 1)
                tell_some(venue, "Y-USD", 10 * number + 1)
                await until(lambda number=number: sum(p.rows for p in recorder.manifest.parts) >= 10 * number)
        manifest = load_manifest(folder)
        assert sum(part.rows for part in manifest.parts) == 50
        assert len(manifest.parts) >= 2
        assert manifest.parts[0].counts["XUSD"]["depth"] == 2 * manifest.parts[0].counts["XUSD"]["quote"]
        assert check_dataset(folder) == []
        rows = rows_of(folder)
        kinds = [row[-1] for row in rows["X-USD"]]
        assert kinds == [Q, T, D, D, B] * 5
        assert [row[1] for row in rows["Y-USD"]][:6] == [1, 2, 3, 3, 4, 11]
        assert [row[0] for row in rows["X-USD"]] == sorted(row[0] for row in rows["X-USD"])
        assert rows["X-USD"][3][2:7] == (-1.0, 101.0, 3.0, 1.0, 1.0)
        assert len(rows_of(folder, depth=False, cache="other")["X-USD"]) == 15

    run(work())


def test_a_recorder_goes_on_with_its_dataset_and_notes_what_it_missed(tmp_path: Path) -> None:
    async def work() -> None:
        folder = dataset(tmp_path)
        for life in range(2):
            venue = Venue()
            venue.tick = f"0.{life + 1}"
            async with recording(folder, venue):
                assert venue.sink is not None
                venue.sink.restored(list(SYMBOLS))
                tell_some(venue)
                tell_some(venue, "Y-USD")
                venue.sink.interrupted(["Y-USD"], "cut")
        manifest = load_manifest(folder)
        assert [part.file for part in manifest.parts] == ["part-000001.parquet", "part-000002.parquet"]
        holes = [(hole.listing, hole.end is None, hole.detail) for hole in manifest.holes]
        assert holes == [
            ("YUSD", True, "cut"),
            ("XUSD", False, "not recorded"),
            ("YUSD", False, "not recorded"),
            ("YUSD", True, "cut"),
        ]
        assert [str(each.instrument.tick) for each in manifest.instruments] == ["0.1", "0.1", "0.2", "0.2"]
        assert {finding.code for finding in check_dataset(folder)} == {Code.HOLE}
        assert len(rows_of(folder)["X-USD"]) == 10

    run(work())


def test_what_a_killed_recorder_left_is_found_and_removed_by_the_next(tmp_path: Path) -> None:
    async def work() -> None:
        folder = dataset(tmp_path)
        (folder / ".part-000001.parquet.new").write_bytes(b"PAR1 half")
        assert Code.INTERRUPTED_WRITE in {finding.code for finding in check_dataset(folder)}
        async with recording(folder, Venue()):
            pass
        assert not list(folder.glob(".*.new"))

    run(work())


def test_a_folder_that_cannot_be_written_ends_the_recording_with_a_clear_error(tmp_path: Path) -> None:
    async def work() -> None:
        folder, venue = dataset(tmp_path), Venue()
        recorder = Recorder(folder, venue, RecorderSettings(write_s=0.01))
        task = asyncio.create_task(recorder.run())
        await venue.streaming.wait()
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()
        venue.quote("X-USD", 1)
        with pytest.raises((DataProviderError, ExceptionGroup)) as error:
            await asyncio.wait_for(task, 5)
        assert "can't be written" in repr(error.value) or error.group_contains(DataProviderError)

    run(work())


# ---------------------------------------------------------------------- checking


async def _recorded(folder: Path) -> Path:
    made = dataset(folder)
    venue = Venue()
    async with recording(made, venue, part_rows=5) as recorder:
        for number in range(2):
            tell_some(venue, "X-USD", 10 * number + 1)
            tell_some(venue, "Y-USD", 10 * number + 1)
            await until(lambda number=number: len(recorder.manifest.parts) > number)
    return made


def _rewritten(folder: Path, part: int, change: Any) -> None:
    """A part with another content, which the manifest knows the hash of."""
    manifest = load_manifest(folder)
    path = folder / manifest.parts[part].file
    table = change(pyarrow.parquet.read_table(path))
    pyarrow.parquet.write_table(table, path)
    parts = list(manifest.parts)
    from cluster.recording.manifest import sha256_of

    parts[part] = msgspec.structs.replace(parts[part], sha256=sha256_of(path))
    store_manifest(folder, msgspec.structs.replace(manifest, parts=tuple(parts)))


def _with(column: str, value: Any) -> Any:
    def change(table: Any) -> Any:
        place = table.schema.get_field_index(column)
        return table.set_column(place, column, pa.array([value] * table.num_rows))

    return change


@pytest.mark.parametrize(
    ("code", "harm"),
    [
        (Code.MANIFEST_INVALID, lambda folder: (folder / "manifest.json").write_text("{}")),
        (Code.MANIFEST_INVALID, lambda folder: (folder / "manifest.json").unlink()),
        (Code.PART_MISSING, lambda folder: (folder / "part-000001.parquet").unlink()),
        (Code.PART_CHANGED, lambda folder: (folder / "part-000002.parquet").write_bytes(b"PAR1")),
        (Code.PART_UNKNOWN, lambda folder: (folder / "more.parquet").write_bytes(b"PAR1")),
        (Code.PART_UNREADABLE, lambda folder: _rewritten(folder, 0, lambda table: table.drop(["v4"]))),
        (Code.PART_UNREADABLE, lambda folder: _rewritten(folder, 0, _with("kind", "rumour"))),
        (Code.PART_UNREADABLE, lambda folder: _rewritten(folder, 0, _with("symbol", None))),
        (Code.PART_UNREADABLE, lambda folder: _rewritten(folder, 0, _with("v1", "two"))),
        (Code.COUNTS_DIFFER, lambda folder: _rewritten(folder, 0, lambda table: table.slice(1))),
        (Code.SYMBOL_MISMATCH, lambda folder: _rewritten(folder, 0, _with("symbol", "ZUSD"))),
        (Code.NON_MONOTONIC_TIMESTAMP, lambda folder: _swapped(folder)),
    ],
)
def test_whatever_was_done_to_a_dataset_is_found(tmp_path: Path, code: Code, harm: Any) -> None:
    folder = asyncio.run(_recorded(tmp_path))
    assert check_dataset(folder) == []
    harm(folder)
    found = check_dataset(folder)
    assert code in {finding.code for finding in found}
    assert [finding.grave for finding in found] == sorted((finding.grave for finding in found), reverse=True)


def _swapped(folder: Path) -> None:
    manifest = load_manifest(folder)
    store_manifest(folder, msgspec.structs.replace(manifest, parts=manifest.parts[::-1]))


def test_what_is_no_dataset_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert [each.code for each in check_dataset(tmp_path / "nothing")] == [Code.DATASET_MISSING]
    assert [each.code for each in check_dataset(tmp_path / "file")] == [Code.DATASET_NOT_DIRECTORY]
    empty = {finding.code for finding in check_dataset(dataset(tmp_path))}
    assert empty == {Code.INSUFFICIENT_ROWS, Code.INSTRUMENT_MISSING}
    assert set(MEANINGS) == set(Code)
    with pytest.raises(ConfigurationError, match="something already"):
        dataset(tmp_path)


def test_a_file_of_rows_that_goes_back_in_time_is_refused(tmp_path: Path) -> None:
    folder = asyncio.run(_recorded(tmp_path))
    path = folder / "part-000001.parquet"
    table = pyarrow.parquet.read_table(path)
    pyarrow.parquet.write_table(table.take(list(range(table.num_rows))[::-1]), path)
    with pytest.raises(DataProviderError, match="goes backwards"):
        list(read(path))


# ---------------------------------------------------------------------- the command


def test_the_command_makes_and_checks_datasets(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "made"
    given = [
        "record",
        "init",
        str(folder),
        "--symbols",
        "BTC-USDT-PERP,ETH-USDT-PERP=ETHUSDC",
        "--bars",
        "1m",
    ]
    assert raydesk(given) == 0
    manifest = load_manifest(folder)
    assert manifest.symbols == {"BTC-USDT-PERP": "BTCUSDT", "ETH-USDT-PERP": "ETHUSDC"}
    assert (manifest.bar_ns, manifest.depth) == (60_000_000_000, False)
    assert raydesk(given) == 2
    capsys.readouterr()
    assert raydesk(["record", "check", str(folder), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["sound"]
    assert {finding["code"] for finding in told["findings"]} == {"insufficient_rows", "instrument_missing"}
    assert raydesk(["record", "check", str(tmp_path / "nothing")]) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["record"],
        ["record", "init", "D", "--symbols", ","],
        ["record", "init", "D", "--symbols", "A-B,A-B"],
        ["record", "init", "D", "--symbols", "A-B", "--bars", "7m"],
        ["record", "init", "D", "--symbols", "A-B", "--bars", "60"],
        ["record", "--out", "D", "--part", "0s"],
    ],
)
def test_usage_that_makes_no_sense_is_refused(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert raydesk(arguments) == 2
    assert not (tmp_path / "D").exists()
