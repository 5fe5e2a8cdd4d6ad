"""Arrow record batches (of Parquet and Feather files) as rows, by way of a `Tabulator`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from operator import add
from pathlib import Path
from typing import Any

from cluster.feeds.columns import Chunk
from cluster.feeds.readers.base import Coverage, ReadOptions
from cluster.feeds.readers.tabular import TEXT_ROLES, Layout, Tabulator


def rows_of(
    path: Path, layout: Layout, batches: Iterable[Any], options: ReadOptions, coverage: Coverage
) -> Iterator[tuple[str, Chunk]]:
    """The rows of the batches of one file, by listing. Raises `DataProviderError`, and Arrow's errors as they are."""
    tabulator = Tabulator(path, layout, options, coverage, unit="row")
    first_row = 1
    for batch in batches:
        columns = _by_role(tabulator, layout, batch, first_row)
        yield from tabulator.chunks(columns, partial(add, first_row))
        first_row += batch.num_rows
    tabulator.end()


def _by_role(tabulator: Tabulator, layout: Layout, batch: Any, first_row: int) -> dict[str, Any]:
    """The columns of a batch by their meaning, numbers as float64.

    Raises `DataProviderError` for a column that holds no numbers where it must; `first_row` is the batch's place.
    """
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
