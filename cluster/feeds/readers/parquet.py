"""Parquet files of quotes, trades or bars. Columns and times: see `tabular` and `times`."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from operator import add
from pathlib import Path
from typing import Any

from cluster.feeds.columns import Chunk
from cluster.feeds.readers.base import Coverage, ReadOptions, data_error
from cluster.feeds.readers.tabular import TEXT_ROLES, Layout, Tabulator, layout_of


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
                batch_size=options.chunk_rows, columns=list(layout.columns.values()), use_threads=False
            )
            for batch in batches:
                columns = _by_role(tabulator, layout, batch, first_row)
                yield from tabulator.chunks(columns, partial(add, first_row))
                first_row += batch.num_rows
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise data_error(
            path,
            f"not a whole Parquet file ({error})",
            remedy="it was cut off, is still being written or is damaged: fetch it again",
        ) from error


def _by_role(tabulator: Tabulator, layout: Layout, batch: Any, first_row: int) -> dict[str, Any]:
    import pyarrow as pa

    columns: dict[str, Any] = {}
    for role, name in layout.columns.items():
        column = batch.column(batch.schema.get_field_index(name))
        if role not in TEXT_ROLES and not pa.types.is_floating(column.type):
            try:
                column = column.cast(pa.float64())
            except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
                raise tabulator.error(
                    f"not a column of numbers ({error})",
                    row=first_row,
                    role=role,
                    value=str(column.type),
                    remedy="store it as float64",
                ) from error
        if role == "symbol":
            column = column.cast(pa.string())
        columns[role] = column
    return columns
