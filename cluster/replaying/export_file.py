"""The export of a desk: one compressed file that holds all that is needed to replay it elsewhere.

Gzip around frames of `length (4 bytes, big endian), MessagePack`: first the header, then parts of bounded size, last
a frame with the sha256 over all frames before it. It is written beside its place and moved there when it is whole.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import secrets
import zlib
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from cluster.replaying.recorded import DeadLetterRecord, Header, Recorded, RecordedActor
from cluster.store.port import StoredSnapshot
from messages import codec
from messages.errors import (
    CodecError,
    ConfigurationError,
    JournalCorruptError,
    SchemaVersionError,
    StoreError,
)

EXPORT_VERSION = 1
MAGIC = "raydesk-export"
GZIP = b"\x1f\x8b"
"""How every gzip file begins."""

_PART = 500
"""Entries in a frame at most."""

_LARGEST_FRAME = 2**31


def write_export(recorded: Recorded, path: Path) -> int:
    """Write the export to `path`; returns its size in bytes.

    Either the whole file is there afterwards or what was there before. Raises `StoreError` when it can't be written.
    """
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with open(beside, "xb", opener=_private) as raw:
            with gzip.GzipFile(fileobj=raw, mode="wb", filename="", mtime=0) as packed:
                _write(packed, recorded)
            raw.flush()
            os.fsync(raw.fileno())
        beside.replace(path)
    except OSError as error:
        raise StoreError(
            f"the export can't be written: {error.strerror}",
            field="--out",
            value=str(path),
            remedy="name a file in a folder that exists and has room",
        ) from error
    finally:
        beside.unlink(missing_ok=True)
    return path.stat().st_size


def read_export(path: Path) -> Recorded:
    """The desk in an export file.

    Raises `ConfigurationError` for a file that is not there or no export, `JournalCorruptError` for one that is
    damaged or was cut off, `SchemaVersionError` for one written by newer code.
    """
    try:
        with open(path, "rb") as raw:
            if raw.read(2) != GZIP:
                raise _no_export(path)
            raw.seek(0)
            with gzip.GzipFile(fileobj=raw, mode="rb") as packed:
                return _read(packed, path)
    except (EOFError, zlib.error, gzip.BadGzipFile, CodecError) as error:
        if isinstance(error, SchemaVersionError):
            raise
        raise _damaged(path, str(error)) from error
    except OSError as error:
        raise ConfigurationError(
            f"the export can't be read: {error.strerror or error}", field="--export", value=str(path)
        ) from error


# ---------------------------------------------------------------------- writing


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _write(packed: gzip.GzipFile, recorded: Recorded) -> None:
    total = hashlib.sha256()
    for frame in _frames(recorded):
        data = codec.pack(frame)
        total.update(data)
        _put(packed, data)
    _put(packed, codec.pack(["end", total.hexdigest()]))


def _put(packed: gzip.GzipFile, data: bytes) -> None:
    packed.write(len(data).to_bytes(4, "big"))
    packed.write(data)


def _frames(recorded: Recorded) -> Iterator[list[Any]]:
    yield [MAGIC, EXPORT_VERSION, codec.to_plain(recorded.header)]
    for address, actor in recorded.actors.items():
        yield ["actor", address, [[each.step, each.data, each.checksum] for each in actor.snapshots]]
        for name in ("journal", "urgent", "mailbox"):
            for part in _parts(getattr(actor, name)):
                yield [name, address, part]
    for part in _parts(recorded.control):
        yield ["control", "", part]
    for part in _parts([codec.to_plain(letter) for letter in recorded.dead_letters]):
        yield ["dead_letters", "", part]


def _parts(entries: Sequence[Any]) -> Iterator[list[Any]]:
    remaining = iter(entries)
    while part := list(islice(remaining, _PART)):
        yield part


# ---------------------------------------------------------------------- reading


def _read(packed: gzip.GzipFile, path: Path) -> Recorded:
    total = hashlib.sha256()
    first = _next(packed, total)
    if not (isinstance(first, list) and len(first) == 3 and first[0] == MAGIC and isinstance(first[1], int)):
        raise _no_export(path)
    if first[1] > EXPORT_VERSION:
        raise SchemaVersionError(
            f"the export was written with version {first[1]}, this code knows up to {EXPORT_VERSION}",
            field=str(path),
            value=first[1],
            remedy="read it with the version of raydesk that wrote it, or a newer one",
        )
    parts = _Parts()
    while True:
        before = total.hexdigest()
        frame = _next(packed, total)
        if isinstance(frame, list) and len(frame) == 2 and frame[0] == "end":
            if frame[1] != before:
                raise _damaged(path, "it does not match its checksum")
            break
        parts.take(frame, path)
    if packed.read(1):
        raise _damaged(path, "something follows its end")
    return parts.recorded(codec.from_plain(first[2], Header, where=f"{path} header"))


def _next(packed: gzip.GzipFile, total: Any) -> Any:
    head = packed.read(4)
    length = int.from_bytes(head, "big")
    if len(head) < 4 or length > _LARGEST_FRAME:
        raise EOFError("it ends in the middle")
    data = packed.read(length)
    if len(data) < length:
        raise EOFError("it ends in the middle")
    total.update(data)
    return codec.unpack(data)


class _Parts:
    """Puts together what the frames bring."""

    def __init__(self) -> None:
        self.snapshots: dict[str, list[list[Any]]] = {}
        self.lists: dict[tuple[str, str], list[Any]] = {}

    def take(self, frame: Any, path: Path) -> None:
        if not (isinstance(frame, list) and len(frame) == 3 and isinstance(frame[2], list)):
            raise _damaged(path, "a part of it has no known form")
        name, address, content = frame
        if name == "actor":
            self.snapshots[address] = content
        else:
            self.lists.setdefault((name, address), []).extend(content)

    def recorded(self, header: Header) -> Recorded:
        def pairs(name: str, address: str) -> Any:
            return tuple((key, data) for key, data in self.lists.get((name, address), ()))

        actors = {
            address: RecordedActor(
                address,
                pairs("journal", address),
                tuple(StoredSnapshot(*each) for each in snapshots),
                pairs("urgent", address),
                pairs("mailbox", address),
            )
            for address, snapshots in self.snapshots.items()
        }
        letters = tuple(
            codec.from_plain(each, DeadLetterRecord, where="dead letter")
            for each in self.lists.get(("dead_letters", ""), ())
        )
        return Recorded(header, actors, pairs("control", ""), letters)


def _damaged(path: Path, detail: str) -> JournalCorruptError:
    return JournalCorruptError(
        f"the export is damaged or was cut off: {detail}",
        field=str(path),
        remedy="copy it again, or export the desk again",
    )


def _no_export(path: Path) -> ConfigurationError:
    return ConfigurationError(
        "this file is no export of a desk",
        field="--export",
        value=str(path),
        remedy="give a file that `raydesk export` wrote",
    )
