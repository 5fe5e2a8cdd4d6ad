"""The venue's own store: a folder with snapshots, the journals that follow them, and the lock of its one process.

Generation n is `snapshot-n` and `journal-n`, which begins where the snapshot was taken. Two generations are kept,
so that a damaged snapshot costs time and nothing else.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

from cluster.durable_files import write_atomically
from cluster.paper.journal import JournalWriter, frame, read_frames
from cluster.paper.records import FORMAT, JournalRecord, VenueSnapshot, encode_record, read_journal
from messages.errors import DeskLockedError, JournalCorruptError, StoreError

_KEPT = 2
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(VenueSnapshot)


class VenueStore:
    """Opens the folder for one process. Call `load`, take in `records`, then `begin`; only then append."""

    def __init__(self, folder: Path, *, fsync: bool) -> None:
        """Raises `DeskLockedError` when another process has the folder open."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder = folder
        self._fsync = fsync
        self._journal: JournalWriter | None = None
        self._whole_bytes = 0
        self._lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._lock)
            raise DeskLockedError(
                "another process serves this venue",
                field="paper.folder",
                value=str(folder),
                remedy="stop it first, or give another folder",
            ) from error
        generations = self._generations()
        self._loaded = 0
        self._newest = max(generations, default=0)

    def load(self) -> VenueSnapshot | None:
        """The newest whole snapshot; None when the store is new.

        Raises `JournalCorruptError` when there are snapshots or journals and none of the snapshots can be read.
        """
        for generation in sorted(self._generations(), reverse=True):
            snapshot = self._read_snapshot(generation)
            if snapshot is not None:
                self._loaded = generation
                return snapshot
        if self._newest:
            raise JournalCorruptError(
                "no snapshot can be read",
                field=str(self._folder),
                value=f"generation {self._newest}",
                remedy="restore the venue's folder from a copy, or begin with an empty one",
            )
        return None

    def records(self) -> Iterator[JournalRecord]:
        """What followed the loaded snapshot. A half-written last record is left out.

        Raises `JournalCorruptError` for damage anywhere else.
        """
        for generation in range(self._loaded, self._newest + 1):
            path = self._journal_path(generation)
            whole = 0
            for offset, record in read_journal(path):
                whole = offset
                yield record
            if generation == self._newest:
                self._whole_bytes = whole
            elif path.exists() and path.stat().st_size != whole:
                raise JournalCorruptError(
                    "a journal ends within a record and another one follows",
                    field=str(path),
                    value=f"at byte {whole}",
                    remedy="restore the venue's folder from a copy",
                )

    def begin(self) -> None:
        """Make ready to append, behind the last whole record."""
        self._journal = JournalWriter(
            self._journal_path(self._newest), fsync=self._fsync, size=self._whole_bytes
        )

    def append(self, record: JournalRecord) -> None:
        """Make a record durable. Raises `StoreError` when it can't be; nothing of it is in the journal then."""
        if self._journal is None:
            raise StoreError("the store is not open for writing", field=str(self._folder))
        try:
            self._journal.append(encode_record(record))
        except OSError as error:
            raise StoreError(
                f"the journal can't be written: {error.strerror}",
                field=str(self._folder),
                remedy="make room on the disk and start the venue again",
            ) from error

    def write_snapshot(self, snapshot: VenueSnapshot) -> None:
        """Begin a new generation and drop those no longer kept."""
        generation = self._newest + 1
        write_atomically(self._snapshot_path(generation), frame(_encoder.encode(snapshot)))
        if self._journal is not None:
            self._journal.close()
        self._newest = generation
        self._whole_bytes = 0
        self.begin()
        for old in self._generations():
            if old <= generation - _KEPT:
                self._snapshot_path(old).unlink(missing_ok=True)
                self._journal_path(old).unlink(missing_ok=True)

    def close(self) -> None:
        """Let go of the folder. Harmless to repeat."""
        if self._journal is not None:
            self._journal.close()
            self._journal = None
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def _generations(self) -> set[int]:
        names = [*self._folder.glob("snapshot-*.msgpack"), *self._folder.glob("journal-*.log")]
        return {int(name.stem.split("-")[1]) for name in names}

    def _read_snapshot(self, generation: int) -> VenueSnapshot | None:
        path = self._snapshot_path(generation)
        try:
            frames = list(read_frames(path.read_bytes(), str(path)))
            if len(frames) != 1:
                return None
            snapshot = _decoder.decode(frames[0][1])
        except (FileNotFoundError, JournalCorruptError, msgspec.DecodeError):
            # The generation before it is the remedy; the journals since then are still there.
            return None
        if snapshot.format != FORMAT:
            raise JournalCorruptError(
                "the store has another format",
                field=str(path),
                value=snapshot.format,
                remedy=f"this version reads format {FORMAT}; begin with an empty folder or start that version",
            )
        return snapshot

    def _snapshot_path(self, generation: int) -> Path:
        return self._folder / f"snapshot-{generation:06d}.msgpack"

    def _journal_path(self, generation: int) -> Path:
        return self._folder / f"journal-{generation:06d}.log"
