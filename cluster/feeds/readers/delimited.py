"""CSV files, plain or gzipped, with a header line. Columns and times: see `tabular` and `times`."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from cluster.feeds.columns import Chunk
from cluster.feeds.readers.base import Coverage, ReadOptions, data_error, open_bytes
from cluster.feeds.readers.lines import Block, blocks
from cluster.feeds.readers.tabular import TEXT_ROLES, Layout, Tabulator, layout_of
from messages.errors import DataProviderError


def read_delimited(path: Path, options: ReadOptions, coverage: Coverage) -> Iterator[tuple[str, Chunk]]:
    """The rows of a CSV file, by listing. See `cluster.feeds.readers.read` for what is raised."""
    with open_bytes(path) as stream:
        header = stream.readline()
        names = _header(path, header)
        layout = layout_of(path, names)
        tabulator = Tabulator(path, layout, options, coverage, unit="line")
        for block in blocks(path, stream, first_line=2):
            batch = _parse(path, layout, names, tabulator, block)
            yield from tabulator.chunks(batch, block.line_of_row)
        tabulator.end()


def _header(path: Path, line: bytes) -> list[str]:
    try:
        names = next(csv.reader([line.decode("utf-8-sig")]))
    except (UnicodeDecodeError, csv.Error, StopIteration) as error:
        raise data_error(
            path, "the header is not readable", row=1, value=line[:60], remedy="write the header in UTF-8"
        ) from error
    if len(set(names)) != len(names):
        raise data_error(
            path,
            "a column name is given twice",
            row=1,
            field="columns",
            value=", ".join(names),
            remedy="rename one",
        )
    return names


def _parse(
    path: Path, layout: Layout, names: Sequence[str], tabulator: Tabulator, block: Block
) -> dict[str, Any]:
    import pyarrow as pa
    import pyarrow.csv

    types = {
        name: pa.string() if role in TEXT_ROLES else pa.float64() for role, name in layout.columns.items()
    }
    try:
        table = pyarrow.csv.read_csv(
            pa.BufferReader(block.data),
            read_options=pyarrow.csv.ReadOptions(
                column_names=list(names), use_threads=False, block_size=len(block.data) + 1
            ),
            convert_options=pyarrow.csv.ConvertOptions(
                column_types=types,
                include_columns=list(types),
                null_values=[""],
                strings_can_be_null=True,
            ),
        )
    except pa.ArrowInvalid as error:
        raise _explained(path, layout, names, tabulator, block, str(error)) from error
    table = table.combine_chunks()
    return {
        role: table.column(name).chunk(0) if table.num_rows else pa.array([], types[name])
        for role, name in layout.columns.items()
    }


def _explained(
    path: Path, layout: Layout, names: Sequence[str], tabulator: Tabulator, block: Block, reason: str
) -> DataProviderError:
    """Find the line and the field that Arrow refused; it names neither."""
    for number, line in block.numbered():
        fields = next(csv.reader([line.decode("utf-8", errors="replace")]))
        if len(fields) != len(names):
            return tabulator.error(
                f"{len(fields)} fields where the header has {len(names)}",
                row=number,
                value=line[:60],
                remedy="the line is half written or has a stray comma",
            )
        found = dict(zip(names, fields, strict=True))
        for role, name in layout.columns.items():
            if role not in TEXT_ROLES and not _is_number(found[name]):
                return tabulator.error(
                    "not a number",
                    row=number,
                    role=role,
                    value=found[name],
                    remedy="correct or drop this line",
                )
    return data_error(path, f"not readable as CSV ({reason})", remedy="check quotes and encoding")


def _is_number(text: str) -> bool:
    try:
        float(text or "nan")
    except ValueError:
        return False
    return True
