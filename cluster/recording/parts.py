"""Rows become a Parquet part: written under a hidden name, whole and on disk before it gets its own."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from cluster.durable_files import sync_folder
from cluster.feeds.readers.rows import COLUMNS, KIND_NAMES
from cluster.recording.manifest import Part, sha256_of

RecordedRow = tuple[int, int, str, int, float, float, float, float, float]
"""Desk time, event time, listing, kind, and the five values of `messages.market`."""

_COMPRESSION: Final = "zstd"


class PartWriter:
    """One part in the making. Its methods block; one thread at a time may call them."""

    def __init__(self, folder: Path, name: str) -> None:
        import pyarrow.parquet

        self._path = folder / name
        self._written = folder / f".{name}.new"
        self._writer: Any = pyarrow.parquet.ParquetWriter(self._written, _schema(), compression=_COMPRESSION)
        self._counts: dict[str, Counter[str]] = {}
        self._first = self._last = 0
        self.rows = 0

    def write(self, rows: Sequence[RecordedRow]) -> None:
        """Add rows, in time order."""
        import pyarrow as pa

        if not rows:
            return
        columns = list(zip(*rows, strict=True))
        columns[3] = tuple(map(KIND_NAMES.__getitem__, columns[3]))
        schema = _schema()
        arrays = [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
        self._writer.write_batch(pa.record_batch(arrays, schema=schema))
        for (listing, kind), count in Counter(zip(columns[2], columns[3], strict=True)).items():
            self._counts.setdefault(listing, Counter())[kind] += count
        if not self.rows:
            self._first = rows[0][0]
        self._last = rows[-1][0]
        self.rows += len(rows)

    def finish(self) -> Part | None:
        """Close the file and give it its name; None, and no file, when it has no rows."""
        self._writer.close()
        if not self.rows:
            self._written.unlink()
            return None
        with self._written.open("rb") as file:
            os.fsync(file.fileno())
        digest = sha256_of(self._written)
        self._written.rename(self._path)
        sync_folder(self._path.parent)
        return Part(
            file=self._path.name,
            rows=self.rows,
            counts={listing: dict(counts) for listing, counts in self._counts.items()},
            first_time=self._first,
            last_time=self._last,
            sha256=digest,
        )


def _schema() -> Any:
    import pyarrow as pa

    names = pa.dictionary(pa.int32(), pa.string())
    types = (pa.int64(), pa.int64(), names, names, *(pa.float64(),) * 5)
    return pa.schema(
        [pa.field(name, kind, nullable=False) for name, kind in zip(COLUMNS, types, strict=True)]
    )
