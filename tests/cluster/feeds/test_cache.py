"""The cache of decoded files: decoded once, never wrong, never from a file that did not decode to its end."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cluster.feeds import cache
from cluster.feeds.cache import decoded
from cluster.feeds.columns import Chunk, chunk_of_rows
from cluster.feeds.readers import read
from messages.errors import DataProviderError
from tests.cluster.feeds.lean_files import write_lean
from tests.cluster.feeds.recordings import START, same_rows, write_session, write_text

pytestmark = pytest.mark.unit


class Decodings:
    """Counts how often a file is really decoded."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, path: Path, **options: Any) -> Iterator[tuple[str, Chunk]]:
        self.count += 1
        return read(path, **options)


@pytest.fixture
def decodings(monkeypatch: pytest.MonkeyPatch) -> Decodings:
    counter = Decodings()
    monkeypatch.setattr(cache, "read", counter)
    return counter


@pytest.fixture
def session(tmp_path: Path) -> Path:
    return write_session(tmp_path / "session.gz", rows=10_000)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def test_the_cached_rows_are_the_rows_of_the_file(session: Path, folder: Path) -> None:
    found = decoded(session, folder)
    assert list(found.tables) == ["BTCUSDT"]
    assert same_rows([chunk_of_rows("", found.tables["BTCUSDT"])], [chunk for _, chunk in read(session)])
    assert (found.first_time, found.last_time) == (START, START + 9_999 * 1_000_000)


def test_a_file_is_decoded_once_however_it_is_called(
    session: Path, folder: Path, decodings: Decodings, tmp_path: Path
) -> None:
    copy = tmp_path / "another-name.gz"
    copy.write_bytes(session.read_bytes())
    for path in (session, session, copy):
        assert len(decoded(path, folder).tables["BTCUSDT"]) == 10_000
    assert decodings.count == 1


def test_changed_content_is_decoded_again(session: Path, folder: Path, decodings: Decodings) -> None:
    decoded(session, folder)
    write_session(session, rows=5)
    assert len(decoded(session, folder).tables["BTCUSDT"]) == 5
    assert decodings.count == 2


def test_with_and_without_depth_are_different_entries(
    session: Path, folder: Path, decodings: Decodings
) -> None:
    decoded(session, folder)
    decoded(session, folder, include_depth=True)
    assert decodings.count == 2


def test_whatever_was_asked_of_the_reader_has_an_entry_of_its_own(tmp_path: Path, folder: Path) -> None:
    minute = 60 * 10**9
    rows = "".join(f"{START + row * minute},1,4,0.5,2\n" for row in range(3))
    path = write_text(tmp_path / "bars.csv", f"date,open,high,low,close\n{rows}")
    first = {asked: decoded(path, folder, bar_time=asked).first_time for asked in ("auto", "open", "close")}
    assert first == {"auto": START + minute, "open": START + minute, "close": START}
    ticks = write_lean(tmp_path, "0,0,0,9,1\n1,8,1,0,0", place="crypto/coinbase/tick/btcusd", kind="quote")
    for one_sided, noted in (("absent", 2), ("carry", 1)):
        assert decoded(ticks, folder, one_sided=one_sided).noted == {"one-sided quote": noted}


def test_one_content_under_two_names_that_tell_something_is_two_recordings(
    tmp_path: Path, folder: Path, decodings: Decodings
) -> None:
    text = f"timestamp,price,amount\n{START},1,2\n"
    paths = [write_text(tmp_path / f"{pair}-trades.csv", text) for pair in ("A_B", "C_D")]
    paths += [write_lean(tmp_path, "0,1,1,1,1,1", day=day) for day in ("20131007", "20131008")]
    found = [decoded(path, folder) for path in paths for _ in range(2)]
    assert [list(file.tables) for file in found[::2]] == [["A_B"], ["C_D"], ["btcusd"], ["btcusd"]]
    assert found[6].first_time - found[4].first_time == 86_400 * 10**9
    assert decodings.count == 4
    assert found[6].origin.identity == "crypto/coinbase/minute/btcusd/20131008_trade"


def test_what_was_noted_and_left_out_is_kept(tmp_path: Path, folder: Path) -> None:
    path = write_lean(tmp_path, "0,1,1,1,1,1\n0,1,1,1,1,1\n180000,1,1,1,1,1")
    for _ in range(2):
        found = decoded(path, folder)
        assert found.noted == {"gap": 1, "missing bar": 2}
        assert found.left_out == {"repeated bar": 1}
        assert found.rows == 2


def test_thousands_of_small_files_are_not_held_open(tmp_path: Path, folder: Path) -> None:
    small = write_session(tmp_path / "small.gz", rows=100)
    large = write_session(tmp_path / "large.gz", rows=20_000)
    assert not isinstance(decoded(small, folder).tables["BTCUSDT"], np.memmap)
    assert isinstance(decoded(large, folder).tables["BTCUSDT"], np.memmap)


def test_processes_that_come_together_wait_for_the_one_that_decodes(
    session: Path, folder: Path, decodings: Decodings
) -> None:
    rows: list[int] = []
    threads = [
        threading.Thread(target=lambda: rows.append(len(decoded(session, folder).tables["BTCUSDT"])))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert rows == [10_000] * 4
    assert decodings.count == 1


def cut_table(entry: Path) -> None:
    table = entry / "0.npy"
    table.write_bytes(table.read_bytes()[:-64])


def flip_bit(entry: Path) -> None:
    table = entry / "0.npy"
    data = bytearray(table.read_bytes())
    data[-10] ^= 1
    table.write_bytes(bytes(data))


def lose_table(entry: Path) -> None:
    (entry / "0.npy").unlink()


def change_index(entry: Path) -> None:
    index = entry / "index.json"
    index.write_text(index.read_text().replace("10000", "10001"))


def empty_index(entry: Path) -> None:
    (entry / "index.json").write_text("")


@pytest.mark.parametrize("damage", [cut_table, flip_bit, lose_table, change_index, empty_index])
def test_a_damaged_entry_is_rebuilt(session: Path, folder: Path, decodings: Decodings, damage: Any) -> None:
    decoded(session, folder)
    (entry,) = [path for path in folder.iterdir() if path.is_dir()]
    damage(entry)
    rebuilt = decoded(session, folder)
    assert decodings.count == 2
    assert same_rows([chunk_of_rows("", rebuilt.tables["BTCUSDT"])], [chunk for _, chunk in read(session)])


def test_what_a_killed_process_left_behind_is_swept_away(session: Path, folder: Path) -> None:
    decoded(session, folder)
    (entry,) = [path for path in folder.iterdir() if path.is_dir()]
    entry.rename(folder / f"{entry.name}.12345.part")
    assert len(decoded(session, folder).tables["BTCUSDT"]) == 10_000
    assert [path for path in folder.iterdir() if path.is_dir()] == [entry]


def test_a_file_that_ends_early_leaves_no_entry_and_fails_every_time(session: Path, folder: Path) -> None:
    session.write_bytes(session.read_bytes()[:-200])
    for _ in range(2):
        with pytest.raises(DataProviderError, match="ends early"):
            decoded(session, folder)
    assert [path for path in folder.iterdir() if path.is_dir()] == []


def test_a_cache_folder_that_can_not_be_written_is_named(session: Path, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(DataProviderError, match="the feed cache can't be used"):
        decoded(session, blocked)
