"""What all readers share: their options, what they report, how they open files and how they complain.

It is apart so that each format's module holds nothing but its format.
"""

from __future__ import annotations

import gzip
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final, Literal, cast

from cluster.feeds.columns import CHUNK_ROWS
from messages.errors import DataProviderError

UNNAMED: Final = ""
"""The listing of rows from a file that does not say which listing it holds."""

GZIP_MAGIC: Final = b"\x1f\x8b"

BarTime = Literal["auto", "open", "close"]
"""What the time column of a table of bars means; `auto` goes by its name (see `tabular`)."""

OneSided = Literal["absent", "carry"]
"""What a tick quote that tells one side only says about the other: it is absent, or it is what it was."""

REPEATED_BAR: Final = "repeated bar"
"""Left out: a bar that follows an identical one of the same time."""

SUSPICIOUS: Final = "suspicious tick"
"""Left out: a tick that the recorder itself marked as suspicious."""

GAP: Final = "gap"
"""Noted: a place where two bars that follow each other are further apart than their length."""

MISSING_BAR: Final = "missing bar"
"""Noted: a bar that would have been in a gap. Nothing traded then, or the recording has a hole."""

CROSSED_QUOTE: Final = "crossed quote"
"""Noted: a quote whose bid is above its ask."""

ONE_SIDED_QUOTE: Final = "one-sided quote"
"""Noted: a quote given out with one side absent. Nobody can decide on it."""


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How to read: the listing of files that name none, whether depth rows are wanted, rows per chunk.

    `bar_time` overrides what the name of a bar table's time column says; `one_sided` is for LEAN's tick quotes.
    """

    listing: str = UNNAMED
    include_depth: bool = False
    chunk_rows: int = CHUNK_ROWS
    bar_time: BarTime = "auto"
    one_sided: OneSided = "absent"


@dataclass(slots=True)
class Coverage:
    """What a reader has seen: rows given out, rows left out (by reason), and the bounds over both, ns UTC.

    The bounds do not depend on which rows were wanted, so that all processes agree on the replay window. `noted`
    counts what is odd but leaves nothing out: gaps, missing bars, crossed and one-sided quotes.
    """

    rows: int = 0
    first_time: int | None = None
    last_time: int | None = None
    left_out: dict[str, int] = field(default_factory=dict)
    noted: dict[str, int] = field(default_factory=dict)

    def saw(self, first_time: int, last_time: int) -> None:
        """Widen the bounds."""
        self.first_time = first_time if self.first_time is None else min(self.first_time, first_time)
        self.last_time = last_time if self.last_time is None else max(self.last_time, last_time)

    def leave_out(self, reason: str, count: int = 1) -> None:
        """Count records that give no row."""
        if count:
            self.left_out[reason] = self.left_out.get(reason, 0) + count

    def note(self, what: str, count: int) -> None:
        """Count what is odd about rows that are given out."""
        if count:
            self.noted[what] = self.noted.get(what, 0) + count


def data_error(
    path: Path,
    message: str,
    *,
    row: int | None = None,
    unit: str = "line",
    field: str | None = None,
    value: object = None,
    remedy: str,
) -> DataProviderError:
    """The error for something wrong in a file; `row` counts from 1 in lines of text or rows of a table."""
    place = f"{path}" if row is None else f"{path}, {unit} {row}"
    return DataProviderError(f"{place}: {message}", field=field, value=value, remedy=remedy)


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn the ways in which a file can be unreadable into `DataProviderError`."""
    try:
        yield
    except FileNotFoundError as error:
        raise data_error(path, "no such file", remedy="check the path given as data") from error
    except EOFError as error:
        raise data_error(
            path,
            "the compressed file ends early",
            remedy="the recording or its copy was cut off: fetch it again, or record anew",
        ) from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise data_error(
            path, f"the compressed file is damaged ({error})", remedy="fetch it again"
        ) from error
    except zipfile.BadZipFile as error:
        raise data_error(
            path, f"the zip file is cut off or damaged ({error})", remedy="fetch it again"
        ) from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise data_error(
            path, f"can't be read ({reason})", remedy="check the file and its permissions"
        ) from error


@contextmanager
def open_bytes(path: Path) -> Iterator[BinaryIO]:
    """The file's bytes, decompressed when it is gzip by its first bytes, whatever its name says."""
    with path.open("rb") as file:
        compressed = file.read(len(GZIP_MAGIC)) == GZIP_MAGIC
        file.seek(0)
        if not compressed:
            yield file
            return
        with gzip.GzipFile(fileobj=file, mode="rb") as stream:
            yield cast(BinaryIO, stream)
