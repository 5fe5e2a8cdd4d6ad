"""CSV files, plain or gzipped, with a header line. Columns and times: see `tabular` and `times`."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Final

from cluster.feeds.columns import Chunk
from cluster.feeds.readers.base import Coverage, ReadOptions, data_error, open_bytes
from cluster.feeds.readers.tabular import TEXT_ROLES, Layout, Tabulator, layout_of
from messages.errors import DataProviderError

_BLOCK_BYTES: Final = 1 << 20


def read_delimited(path: Path, options: ReadOptions, coverage: Coverage) -> Iterator[tuple[str, Chunk]]:
    """The rows of a CSV file, by listing. See `cluster.feeds.readers.read` for what is raised."""
    with open_bytes(path) as stream:
        header = stream.readline()
        names = _header(path, header)
        layout = layout_of(path, names)
        tabulator = Tabulator(path, layout, options, coverage, unit="line")
        for first_line, block in _blocks(path, stream):
            lines = _LineNumbers(first_line, block)
            batch = _parse(path, layout, names, tabulator, lines)
            yield from tabulator.chunks(batch, lines.of_row)


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


def _blocks(path: Path, stream: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Whole lines, about a megabyte at a time, with the number of the first line."""
    rest = b""
    line = 2
    while data := stream.read(_BLOCK_BYTES):
        cut = data.rfind(b"\n") + 1
        if not cut:
            rest += data
            continue
        block = rest + data[:cut]
        rest = data[cut:]
        yield line, block
        line += block.count(b"\n")
    if rest:
        raise data_error(
            path,
            "the last line is half written: it has no line end",
            row=line,
            value=rest[-60:],
            remedy="the file was cut off or is still being written; add the line end if the line is whole",
        )


class _LineNumbers:
    """A block of lines and where its rows are in the file (empty lines are no rows)."""

    def __init__(self, first_line: int, block: bytes) -> None:
        self.block = block
        self._first_line = first_line

    def numbered(self) -> Iterator[tuple[int, bytes]]:
        """The rows with their line numbers."""
        for number, line in enumerate(self.block.splitlines(), self._first_line):
            if line:
                yield number, line

    def of_row(self, row: int) -> int:
        """The line number of a row of this block. Only errors ask."""
        return next(number for ordinal, (number, _) in enumerate(self.numbered()) if ordinal == row)


def _parse(
    path: Path, layout: Layout, names: Sequence[str], tabulator: Tabulator, lines: _LineNumbers
) -> dict[str, Any]:
    import pyarrow as pa
    import pyarrow.csv

    types = {
        name: pa.string() if role in TEXT_ROLES else pa.float64() for role, name in layout.columns.items()
    }
    try:
        table = pyarrow.csv.read_csv(
            pa.BufferReader(lines.block),
            read_options=pyarrow.csv.ReadOptions(
                column_names=list(names), use_threads=False, block_size=len(lines.block) + 1
            ),
            convert_options=pyarrow.csv.ConvertOptions(
                column_types=types,
                include_columns=list(types),
                null_values=[""],
                strings_can_be_null=True,
            ),
        )
    except pa.ArrowInvalid as error:
        raise _explained(path, layout, names, tabulator, lines, str(error)) from error
    table = table.combine_chunks()
    return {
        role: table.column(name).chunk(0) if table.num_rows else pa.array([], types[name])
        for role, name in layout.columns.items()
    }


def _explained(
    path: Path, layout: Layout, names: Sequence[str], tabulator: Tabulator, lines: _LineNumbers, reason: str
) -> DataProviderError:
    """Find the line and the field that Arrow refused; it names neither."""
    for number, line in lines.numbered():
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
