"""An export: whole or not there, told from a damaged one, and without secrets."""

from __future__ import annotations

import gzip
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cluster.replaying import export_file
from cluster.replaying.export_file import read_export, write_export
from cluster.replaying.recorded import DeadLetterRecord, Recorded
from cluster.replaying.settings import recorded_settings, restored
from config import load_config
from messages import codec
from messages.errors import (
    ConfigurationError,
    DeskError,
    JournalCorruptError,
    SchemaVersionError,
    StoreError,
)

pytestmark = pytest.mark.unit


@pytest.fixture(scope="module")
def export(recorded: Recorded, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sound export."""
    path = tmp_path_factory.mktemp("export") / "desk.export"
    write_export(recorded, path)
    return path


def test_what_is_read_is_what_was_written(recorded: Recorded, tmp_path: Path) -> None:
    letter = DeadLetterRecord("1-0", "risk", "risk<-mailbox:1-0", "ValueError: no", b"\x00\xff")
    whole = msgspec.structs.replace(recorded, dead_letters=(letter,))
    path = tmp_path / "desk.export"
    assert write_export(whole, path) == path.stat().st_size
    assert read_export(path) == whole
    assert (path.stat().st_mode & 0o777) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_one_history_gives_one_file(recorded: Recorded, export: Path, tmp_path: Path) -> None:
    write_export(recorded, tmp_path / "again.export")
    assert (tmp_path / "again.export").read_bytes() == export.read_bytes()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.floats(0, 1, exclude_max=True), flip=st.integers(1, 255))
def test_a_damaged_byte_is_noticed(export: Path, tmp_path: Path, place: float, flip: int) -> None:
    data = bytearray(export.read_bytes())
    index = int(place * len(data))
    data[index] ^= flip
    path = tmp_path / "damaged.export"
    path.write_bytes(data)
    if index in range(3, 10):  # gzip's hints: flags, time of writing, system; some of them mean nothing
        return
    with pytest.raises(DeskError, match=r"damaged\.export"):
        read_export(path)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(share=st.floats(0, 1, exclude_max=True))
def test_a_file_that_was_cut_off_is_noticed(export: Path, tmp_path: Path, share: float) -> None:
    data = export.read_bytes()
    path = tmp_path / "cut.export"
    path.write_bytes(data[: int(share * len(data))])
    with pytest.raises((JournalCorruptError, ConfigurationError), match=r"cut\.export"):
        read_export(path)


def repacked(export: Path, path: Path, change: object) -> Path:
    """The same export with its uncompressed content changed, and packed again."""
    assert callable(change)
    path.write_bytes(gzip.compress(change(gzip.decompress(export.read_bytes()))))
    return path


def test_a_forged_content_does_not_match_the_checksum(export: Path, tmp_path: Path) -> None:
    path = repacked(
        export, tmp_path / "forged.export", lambda data: data.replace(b"replayed", b"repl4yed", 1)
    )
    with pytest.raises(JournalCorruptError, match="checksum"):
        read_export(path)


def test_what_follows_the_end_is_noticed(export: Path, tmp_path: Path) -> None:
    path = repacked(export, tmp_path / "longer.export", lambda data: data + b"\x00")
    with pytest.raises(JournalCorruptError, match="follows its end"):
        read_export(path)


def test_an_export_of_a_newer_version_says_so(
    recorded: Recorded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "newer.export"
    monkeypatch.setattr(export_file, "EXPORT_VERSION", 2)
    write_export(recorded, path)
    monkeypatch.undo()
    with pytest.raises(SchemaVersionError, match="version 2"):
        read_export(path)


@pytest.mark.parametrize(
    "content",
    [b"", b"{}", gzip.compress(b"", mtime=0), gzip.compress(b"\x00\x00\x00\x01\xc0", mtime=0)],
    ids=["empty", "json", "packed_nothing", "packed_nil"],
)
def test_another_file_is_no_export(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other"
    path.write_bytes(content)
    with pytest.raises((ConfigurationError, JournalCorruptError), match="other"):
        read_export(path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="nowhere"):
        read_export(tmp_path / "nowhere")


def test_a_write_that_fails_leaves_what_was_there(
    recorded: Recorded, export: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "desk.export"
    path.write_bytes(export.read_bytes())

    def full(value: object) -> bytes:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(codec, "pack", full)
    with pytest.raises(StoreError, match="No space left"):
        write_export(recorded, path)
    monkeypatch.undo()
    assert path.read_bytes() == export.read_bytes()
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_not_there_is_an_error(recorded: Recorded, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="--out"):
        write_export(recorded, tmp_path / "nowhere" / "desk.export")


def test_secrets_stay_behind_and_the_settings_still_hold() -> None:
    loaded = load_config(
        "synthetic", environ={}, overrides=("redis.mode=url", "redis.url=redis://:hush@host:6379/0")
    )
    document = recorded_settings(loaded.config)
    assert "hush" not in repr(document)
    again = restored(document)
    assert again.redis.url is not None
    assert again.model_copy(update={"redis": loaded.config.redis}) == loaded.config


def test_numbers_of_an_export_that_kept_other_forms_come_back_in_them() -> None:
    overrides = ("symbols.BTC-USDT.tick=0.10", "risk.max_order_notional=1500.000")
    config = load_config("synthetic", environ={}, overrides=overrides).config
    kept = recorded_settings(config)
    assert kept.exact == {}
    forms = {"symbols.BTC-USDT.tick": "0.10", "risk.max_order_notional": "1500.000"}
    kept = msgspec.structs.replace(kept, exact=forms)
    again = restored(kept)
    assert str(again.symbols["BTC-USDT"].tick) == "0.10"
    assert str(again.risk.max_order_notional) == "1500.000"
    assert again == config
    assert recorded_settings(again).exact == forms
    changed = restored(kept, ("symbols.BTC-USDT.tick=0.5",))
    assert str(changed.symbols["BTC-USDT"].tick) == "0.5"
    assert str(changed.risk.max_order_notional) == "1500.000"
