"""The journal file: framed, checksummed records, appended before anything is acknowledged.

A frame is `length, checksum of the length, checksum of the payload` (3 x uint32, little endian) and the payload.
The length has a checksum of its own because a damaged length would look like a record that was cut off, and all
that follows would be dropped in silence.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

from cluster.durable_files import sync_folder, write_all
from messages.errors import JournalCorruptError

_HEADER = struct.Struct("<III")


def frame(payload: bytes) -> bytes:
    """One record as it stands in the file."""
    length = len(payload)
    return _HEADER.pack(length, zlib.crc32(length.to_bytes(4, "little")), zlib.crc32(payload)) + payload


def read_frames(data: bytes, where: str) -> Iterator[tuple[int, bytes]]:
    """The records in `data`, each with the offset behind it. A half-written last record is left out.

    Raises `JournalCorruptError` for a record that is whole and damaged.
    """
    offset = 0
    while offset + _HEADER.size <= len(data):
        length, length_sum, payload_sum = _HEADER.unpack_from(data, offset)
        start = offset + _HEADER.size
        if zlib.crc32(length.to_bytes(4, "little")) != length_sum:
            if not any(data[offset:]):
                return  # the file was extended and never written: what a power failure leaves
            raise _corrupt(where, offset)
        if start + length > len(data):
            return
        payload = data[start : start + length]
        if zlib.crc32(payload) != payload_sum:
            raise _corrupt(where, offset)
        offset = start + length
        yield offset, payload


class JournalWriter:
    """Appends records to one file. What `append` returned from survives the end of this process.

    With `fsync` it also survives the end of the machine's power.
    """

    def __init__(self, path: Path, *, fsync: bool, size: int | None = None) -> None:
        """Opens the file for appending; `size` cuts a half-written record off its end first."""
        self._fsync = fsync
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        if size is not None:
            os.ftruncate(self._file, size)
        self._size = os.fstat(self._file).st_size
        if fsync:
            os.fsync(self._file)
            sync_folder(path.parent)

    def append(self, payload: bytes) -> None:
        """Write one record. Raises `OSError` when the disk refuses; nothing of the record is left in the file."""
        record = frame(payload)
        try:
            write_all(self._file, record)
            if self._fsync:
                os.fsync(self._file)
        except OSError:
            os.ftruncate(self._file, self._size)
            raise
        self._size += len(record)

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._file)

    def __enter__(self) -> JournalWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _corrupt(where: str, offset: int) -> JournalCorruptError:
    return JournalCorruptError(
        "a record fails its checksum",
        field=where,
        value=f"at byte {offset}",
        remedy="restore the venue's folder from a copy, or cut the file at that byte and lose what follows",
    )
