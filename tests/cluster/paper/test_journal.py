"""The journal's frames: nothing whole is lost, nothing damaged is taken for whole."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cluster.durable_files import write_atomically
from cluster.paper.journal import JournalWriter, frame, read_frames
from messages.errors import JournalCorruptError

pytestmark = pytest.mark.unit

PAYLOADS = st.lists(st.binary(min_size=1, max_size=40), min_size=1, max_size=6)


def payloads_of(data: bytes) -> list[bytes]:
    return [payload for _, payload in read_frames(data, "journal")]


@given(PAYLOADS, st.data())
@settings(max_examples=100)
def test_a_journal_cut_anywhere_gives_its_whole_records(payloads: list[bytes], data: st.DataObject) -> None:
    whole = b"".join(map(frame, payloads))
    cut = data.draw(st.integers(0, len(whole)))
    ends = [len(b"".join(map(frame, payloads[: count + 1]))) for count in range(len(payloads))]
    assert payloads_of(whole[:cut]) == payloads[: sum(end <= cut for end in ends)]


@given(PAYLOADS, st.data())
@settings(max_examples=100)
def test_a_flipped_bit_is_always_noticed(payloads: list[bytes], data: st.DataObject) -> None:
    whole = bytearray(b"".join(map(frame, payloads)))
    position = data.draw(st.integers(0, len(whole) - 1))
    whole[position] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(JournalCorruptError, match="at byte"):
        payloads_of(bytes(whole))


def test_a_tail_of_zeros_counts_as_never_written() -> None:
    assert payloads_of(frame(b"one") + bytes(64)) == [b"one"]


def test_a_half_written_record_is_cut_off_before_the_next_is_appended(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    path.write_bytes(frame(b"one") + frame(b"two")[:-1])
    with JournalWriter(path, fsync=False, size=len(frame(b"one"))) as journal:
        journal.append(b"three")
    assert payloads_of(path.read_bytes()) == [b"one", b"three"]


def test_a_full_disk_leaves_nothing_of_the_record_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "journal"
    with JournalWriter(path, fsync=False) as journal:
        journal.append(b"one")

        def half_a_write(file: int, data: bytes) -> None:
            path.open("ab").write(data[:5])
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patched:
            patched.setattr("cluster.paper.journal.write_all", half_a_write)
            with pytest.raises(OSError, match="No space"):
                journal.append(b"two")
        journal.append(b"three")
    assert payloads_of(path.read_bytes()) == [b"one", b"three"]


def test_a_file_is_replaced_as_a_whole_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "token"
    write_atomically(path, b"old")
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["token"]
