"""Decoded files on disk, so that the many processes of a desk decode a recording once.

An entry is a folder named by the sha256 of the recording's content, what its name tells beyond it, the decoder's
version and what was asked for.
It holds one .npy table per listing and an index with a checksum of each; it appears whole, by a rename, or not at
all. A damaged entry is rebuilt. A recording that fails to decode leaves no entry.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np

from cluster.feeds.columns import ROW, Rows
from cluster.feeds.readers import BarTime, Coverage, OneSided, Origin, origin_of, read
from cluster.feeds.readers.base import data_error, reading
from messages.errors import DataProviderError

DECODER_VERSION: Final = 2
"""Raised when the readers give other rows for the same file, or `ROW` changes."""

_INDEX: Final = "index.json"

_MAPPED_BYTES: Final = 1 << 20
"""Tables up to this size are read into memory: a mapping holds a file open, and there may be thousands of days."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked of the reader, see `cluster.feeds.readers.read`."""

    include_depth: bool = False
    bar_time: BarTime = "auto"
    one_sided: OneSided = "absent"

    @property
    def suffix(self) -> str:
        """What tells entries of one file apart."""
        depth = "-depth" if self.include_depth else ""
        bars = "" if self.bar_time == "auto" else f"-{self.bar_time}"
        return depth + bars + ("-carry" if self.one_sided == "carry" else "")


@dataclass(frozen=True, slots=True)
class DecodedFile:
    """One recording, decoded: a table per listing (in order of first appearance) and the bounds of all of it.

    `first_time` and `last_time` (ns UTC) cover also the rows that were left out. `noted` counts gaps, missing bars,
    crossed and one-sided quotes; `origin` is what the file's name tells beyond its content.
    """

    path: Path
    digest: str
    first_time: int
    last_time: int
    left_out: Mapping[str, int]
    tables: Mapping[str, Rows]
    noted: Mapping[str, int]
    origin: Origin

    @property
    def rows(self) -> int:
        """How many rows the file gives, over all its listings."""
        return sum(map(len, self.tables.values()))


def decoded(
    path: Path,
    folder: Path,
    *,
    include_depth: bool = False,
    bar_time: BarTime = "auto",
    one_sided: OneSided = "absent",
) -> DecodedFile:
    """The decoded form of `path`, from the cache in `folder` or decoded into it.

    Raises `DataProviderError` when the recording can't be read to its end, or the cache can't be written.
    """
    asked = Asked(include_depth, bar_time, one_sided)
    digest = _digest(path)
    origin = origin_of(path)
    entry = folder / f"{_key(digest, origin)}-v{DECODER_VERSION}{asked.suffix}"
    found = _load(path, digest, origin, entry)
    if found is not None:
        return found
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _locked(entry.with_suffix(".lock")):
            found = _load(path, digest, origin, entry)
            if found is None:
                _build(path, entry, asked)
                found = _load(path, digest, origin, entry)
    except OSError as error:
        raise _cache_error(folder, error.strerror or str(error)) from error
    if found is None:
        raise _cache_error(folder, "what was just written can't be read back")
    return found


def _cache_error(folder: Path, reason: str) -> DataProviderError:
    return data_error(
        folder,
        f"the feed cache can't be used ({reason})",
        remedy="check its disk, or give another cache folder",
    )


def _key(digest: str, origin: Origin) -> str:
    """What the rows depend on besides what was asked: the content and, where a reader looks at it, the name."""
    if not origin.identity:
        return digest[:40]
    return hashlib.sha256(f"{digest} {origin.identity}".encode()).hexdigest()[:40]


def _digest(path: Path) -> str:
    with reading(path), path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Held by the one process that decodes; the kernel lets go when that process dies."""
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@dataclass(frozen=True, slots=True)
class _Table:
    """A table's line in the index."""

    listing: str
    file: str
    rows: int
    crc32: int


def _build(path: Path, entry: Path, asked: Asked) -> None:
    """Decode into a folder beside the entry, then put it in place. The caller holds the lock."""
    for left_behind in entry.parent.glob(f"{entry.name}.*.part"):  # by a process that was killed here
        shutil.rmtree(left_behind, ignore_errors=True)
    fresh = entry.with_suffix(f".{os.getpid()}.part")
    fresh.mkdir()
    try:
        coverage = Coverage()
        tables: dict[str, _Table] = {}
        for listing, chunk in read(path, **asdict(asked), coverage=coverage):
            known = tables.get(listing) or _begin(fresh, listing, len(tables))
            data = chunk.rows().tobytes()
            with (fresh / known.file).open("ab") as file:
                file.write(data)
            crc32 = zlib.crc32(data, known.crc32)
            tables[listing] = _Table(listing, known.file, known.rows + len(chunk), crc32)
        for table in tables.values():
            _finish(fresh / table.file, table.rows)
        _write_index(fresh / _INDEX, coverage, list(tables.values()))
        shutil.rmtree(entry, ignore_errors=True)
        fresh.rename(entry)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _begin(folder: Path, listing: str, ordinal: int) -> _Table:
    """A table with no rows yet; its header is rewritten in place when their number is known."""
    name = f"{ordinal}.npy"
    _write_header(folder / name, 0, "xb")
    return _Table(listing, name, 0, 0)


def _finish(path: Path, rows: int) -> None:
    _write_header(path, rows, "r+b")


def _write_header(path: Path, rows: int, mode: str) -> None:
    # numpy pads a header so that the first axis can grow in place.
    shape = {"descr": np.lib.format.dtype_to_descr(ROW), "fortran_order": False, "shape": (rows,)}
    with path.open(mode) as file:
        np.lib.format.write_array_header_1_0(file, shape)


def _write_index(path: Path, coverage: Coverage, tables: list[_Table]) -> None:
    body = {
        "first_time": coverage.first_time,
        "last_time": coverage.last_time,
        "left_out": coverage.left_out,
        "noted": coverage.noted,
        "tables": [asdict(table) for table in tables],
    }
    text = json.dumps(body)
    path.write_text(json.dumps({"crc32": zlib.crc32(text.encode()), "body": text}))


def _load(path: Path, digest: str, origin: Origin, entry: Path) -> DecodedFile | None:
    """The entry, or None when it is not there or damaged."""
    try:
        body = _read_index(entry / _INDEX)
        return DecodedFile(
            path,
            digest,
            int(body["first_time"]),
            int(body["last_time"]),
            dict(body["left_out"]),
            {table["listing"]: _read_table(entry, _Table(**table)) for table in body["tables"]},
            dict(body["noted"]),
            origin,
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None  # absent or damaged: the same to the caller, who rebuilds it


def _read_index(path: Path) -> dict[str, Any]:
    index = json.loads(path.read_text())
    text = index["body"]
    if zlib.crc32(text.encode()) != index["crc32"]:
        raise ValueError("the index does not match its checksum")
    body: dict[str, Any] = json.loads(text)
    return body


def _read_table(entry: Path, table: _Table) -> Rows:
    mode: Literal["r"] | None = "r" if table.rows * ROW.itemsize > _MAPPED_BYTES else None
    rows = np.load(entry / table.file, mmap_mode=mode, allow_pickle=False)
    if rows.dtype != ROW or rows.shape != (table.rows,):
        raise ValueError("the table has another shape than its index says")
    if zlib.crc32(rows.view(np.uint8).reshape(-1)) != table.crc32:
        raise ValueError("the table does not match its checksum")
    found: Rows = rows
    return found
