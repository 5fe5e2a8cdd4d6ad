"""Parquet files of quotes, trades or bars. Columns and times: see `tabular` and `times`."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from operator import add
from pathlib import Path
from typing import Final

from cluster.feeds.columns import Chunk
from cluster.feeds.readers.base import Coverage, ReadOptions, data_error
from cluster.feeds.readers.columnar import by_role
from cluster.feeds.readers.tabular import Tabulator, layout_of

_BATCH_ROWS: Final = 1 << 16
"""Apart from the rows of a chunk, because the length of bars is learnt from the first batch."""


def read_parquet(path: Path, options: ReadOptions, coverage: Coverage) -> Iterator[tuple[str, Chunk]]:
    """The rows of a Parquet file, by listing. See `cluster.feeds.readers.read` for what is raised."""
    import pyarrow as pa
    import pyarrow.parquet

    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            layout = layout_of(path, file.schema_arrow.names)
            tabulator = Tabulator(path, layout, options, coverage, unit="row")
            first_row = 1
            batches = file.iter_batches(
                batch_size=_BATCH_ROWS, columns=list(layout.columns.values()), use_threads=False
            )
            for batch in batches:
                columns = by_role(tabulator, layout, batch, first_row)
                yield from tabulator.chunks(columns, partial(add, first_row))
                first_row += batch.num_rows
            tabulator.end()
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise data_error(
            path,
            f"not a whole Parquet file ({error})",
            remedy="it was cut off, is still being written or is damaged: fetch it again",
        ) from error
