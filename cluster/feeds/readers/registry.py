"""Which reader a file needs, decided by its content, and the one entrance for reading any of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cluster.feeds.columns import CHUNK_ROWS, Chunk
from cluster.feeds.readers.base import (
    UNNAMED,
    BarTime,
    Coverage,
    OneSided,
    ReadOptions,
    data_error,
    open_bytes,
    reading,
)
from cluster.feeds.readers.binance_stream import read_binance_stream
from cluster.feeds.readers.delimited import read_delimited
from cluster.feeds.readers.feather import read_feather
from cluster.feeds.readers.lean import read_lean
from cluster.feeds.readers.lean_names import lean_file
from cluster.feeds.readers.names import Origin, table_origin
from cluster.feeds.readers.parquet import read_parquet

Reader = Callable[[Path, ReadOptions, Coverage], Iterator[tuple[str, Chunk]]]

_HEAD_BYTES: Final = 4096


@dataclass(frozen=True, slots=True)
class Format:
    """A file format: its name, how its (decompressed) first bytes look, its reader, what a file's name tells."""

    name: str
    head: re.Pattern[bytes]
    reader: Reader
    origin: Callable[[Path], Origin] = table_origin


FORMATS: Final = (
    Format("parquet", re.compile(rb"PAR1"), read_parquet),
    Format("feather", re.compile(rb"ARROW1|FEA1"), read_feather),
    Format("LEAN zip", re.compile(rb"PK\x03\x04"), read_lean, lambda path: lean_file(path).origin),
    Format("raw Binance stream", re.compile(rb"\d{16,20} \{"), read_binance_stream, lambda path: Origin()),
    Format("CSV", re.compile(rb"(\xef\xbb\xbf)?[\"A-Za-z_][^\x00\r\n]*,[^\x00\r\n]*\r?\n"), read_delimited),
)
"""Tried in this order; the first whose pattern matches the head of the file reads it."""


def read(
    path: Path,
    *,
    listing: str = UNNAMED,
    include_depth: bool = False,
    chunk_rows: int = CHUNK_ROWS,
    bar_time: BarTime = "auto",
    one_sided: OneSided = "absent",
    coverage: Coverage | None = None,
) -> Iterator[tuple[str, Chunk]]:
    """The rows of a file as `(listing, chunk)`, streamed in bounded memory.

    `listing` names the rows of files that don't name theirs. Bars are timed by their close; `bar_time` says what a
    table's own times mean when the name of their column does not. `one_sided="carry"` completes LEAN's tick quotes,
    which tell one side per row, with the last value of the other. `coverage` is filled while reading; it is whole only
    when the iterator has ended without an error.

    Raises `DataProviderError` naming file, line or row, field, value and remedy when the file is missing,
    unreadable, of no known format, cut off, empty, not numeric where it must be, contradicts itself, or goes back
    in time. A file that
    ends early raises at its end, after its good rows: only the end of the iterator says that it was complete.
    """
    seen = coverage if coverage is not None else Coverage()
    known = format_of(path)
    options = ReadOptions(listing, include_depth, chunk_rows, bar_time, one_sided)
    with reading(path):
        yield from known.reader(path, options, seen)
    if seen.first_time is None:
        raise data_error(path, f"the {known.name} file holds no market data", remedy="check the recording")


def origin_of(path: Path) -> Origin:
    """What the file's name and folders tell beyond its content. Raises as `format_of`."""
    return format_of(path).origin(path)


def format_of(path: Path) -> Format:
    """The format of the file, by its content. Raises `DataProviderError` when it is none we read."""
    with reading(path), open_bytes(path) as stream:
        head = stream.read(_HEAD_BYTES)
    for known in FORMATS:
        if known.head.match(head):
            return known
    if not head:
        raise data_error(path, "the file is empty", remedy="check the recording")
    raise data_error(
        path,
        "the file is in no format known here",
        value=head[:40],
        remedy="give "
        + ", ".join(known.name for known in FORMATS)
        + " (text may be gzipped; CSV needs a header)",
    )
