"""Arrow record batches (of Parquet and Feather files) as the columns that a `Tabulator` takes."""

from __future__ import annotations

from typing import Any

from cluster.feeds.readers.tabular import TEXT_ROLES, Layout, Tabulator


def by_role(tabulator: Tabulator, layout: Layout, batch: Any, first_row: int) -> dict[str, Any]:
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
