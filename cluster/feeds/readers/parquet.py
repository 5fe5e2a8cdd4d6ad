"""Parquet files of quotes, trades or bars (see `tabular` and `times`), or of rows of every kind (see `rows`)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from cluster.feeds.columns import Chunk
from cluster.feeds.readers.base import Coverage, ReadOptions, data_error
from cluster.feeds.readers.columnar import rows_of
from cluster.feeds.readers.rows import holds_rows, read_rows
from cluster.feeds.readers.tabular import layout_of

_BATCH_ROWS: Final = 1 << 16
"""Apart from the rows of a chunk, because the length of bars is learnt from the first batch."""


def read_parquet(path: Path, options: ReadOptions, coverage: Coverage) -> Iterator[tuple[str, Chunk]]:
    """The rows of a Parquet file, by listing. See `cluster.feeds.readers.read` for what is raised."""
    import pyarrow as pa
    import pyarrow.parquet

    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            if holds_rows(file.schema_arrow.names):
                batches = file.iter_batches(batch_size=_BATCH_ROWS, use_threads=False)
                yield from read_rows(path, batches, options, coverage)
                return
            layout = layout_of(path, file.schema_arrow.names)
            batches = file.iter_batches(
                batch_size=_BATCH_ROWS, columns=list(layout.columns.values()), use_threads=False
            )
            yield from rows_of(path, layout, batches, options, coverage)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise data_error(
            path,
            f"not a whole Parquet file ({error})",
            remedy="it was cut off, is still being written or is damaged: fetch it again",
        ) from error
