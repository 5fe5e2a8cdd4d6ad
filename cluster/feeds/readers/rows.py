"""Parquet files of rows of every kind in the order of their coming: what `raydesk record` writes.

| column | type | what it is |
|---|---|---|
| time | int64 | when the row was received, ns UTC; never decreasing |
| event_time | int64 | the venue's own time, ns UTC |
| symbol | text | the listing |
| kind | text | quote, trade, bar or depth |
| v0 .. v4 | float64 | see `messages.market` |
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from cluster.feeds.columns import Chunk
from cluster.feeds.readers.base import Coverage, ReadOptions, data_error
from messages.market import TickKind

VALUES: Final = ("v0", "v1", "v2", "v3", "v4")
COLUMNS: Final = ("time", "event_time", "symbol", "kind", *VALUES)

KIND_NAMES: Final[Mapping[int, str]] = {
    TickKind.QUOTE: "quote",
    TickKind.TRADE: "trade",
    TickKind.BAR: "bar",
    TickKind.DEPTH: "depth",
}
_KINDS: Final = {name: kind for kind, name in KIND_NAMES.items()}


def holds_rows(names: Sequence[str]) -> bool:
    """Whether a table with these columns is one of rows."""
    return tuple(names) == COLUMNS


def read_rows(
    path: Path, batches: Iterable[Any], options: ReadOptions, coverage: Coverage
) -> Iterator[tuple[str, Chunk]]:
    """The rows of the record batches of one file, by listing. Raises `DataProviderError` for the first bad row."""
    last, first_row = 0, 1
    for batch in batches:
        if batch.num_rows:
            time = _numbers(path, batch, "time", np.int64, first_row)
            _check_order(path, time, last, first_row)
            last = int(time[-1])
            coverage.saw(int(time[0]), last)
            for listing, chunk in _chunks(path, batch, time, first_row):
                yield from _wanted(listing, chunk, options, coverage)
        first_row += batch.num_rows


def _chunks(path: Path, batch: Any, time: npt.NDArray[Any], first_row: int) -> Iterator[tuple[str, Chunk]]:
    kind = _kinds(path, batch, first_row)
    event_time = _numbers(path, batch, "event_time", np.int64, first_row)
    values = [_numbers(path, batch, name, np.float64, first_row) for name in VALUES]
    for listing, flags in _by_name(path, batch, "symbol", first_row):
        columns = [column[flags] for column in values]
        yield listing, Chunk(listing, time[flags], event_time[flags], kind[flags], *columns)


def _wanted(
    listing: str, chunk: Chunk, options: ReadOptions, coverage: Coverage
) -> Iterator[tuple[str, Chunk]]:
    """The chunk in parts, without its book unless that is asked for."""
    if not options.include_depth:
        depth = chunk.kind == TickKind.DEPTH
        coverage.leave_out("depth", int(depth.sum()))
        chunk = chunk.where(~depth)
    coverage.rows += len(chunk)
    for start in range(0, len(chunk), options.chunk_rows):
        yield listing, chunk.part(start, start + options.chunk_rows)


def _numbers(path: Path, batch: Any, name: str, kind: Any, first_row: int) -> npt.NDArray[Any]:
    column = batch.column(name)
    numbers = column.to_numpy(zero_copy_only=False)
    if column.null_count or numbers.dtype != kind:
        raise data_error(
            path,
            f"not a column of {np.dtype(kind)} without holes",
            row=first_row,
            unit="row",
            field=name,
            value=str(column.type),
            remedy="the file was not written by raydesk record: name its columns as those of quotes, trades or bars",
        )
    return np.ascontiguousarray(numbers)


def _kinds(path: Path, batch: Any, first_row: int) -> npt.NDArray[np.int8]:
    kinds = np.zeros(batch.num_rows, dtype=np.int8)
    for name, flags in _by_name(path, batch, "kind", first_row):
        if name not in _KINDS:
            raise data_error(
                path,
                "not a kind of row",
                row=first_row + int(np.argmax(flags)),
                unit="row",
                field="kind",
                value=name,
                remedy=f"it is one of {', '.join(_KINDS)}",
            )
        kinds[flags] = _KINDS[name]
    return kinds


def _by_name(
    path: Path, batch: Any, column: str, first_row: int
) -> Iterator[tuple[str, npt.NDArray[np.bool_]]]:
    """The names in a column of text in order of first appearance, each with the flags of its rows."""
    import pyarrow as pa

    encoded = batch.column(column)
    if not pa.types.is_dictionary(encoded.type):
        encoded = encoded.dictionary_encode()
    if encoded.null_count or not pa.types.is_string(encoded.type.value_type):
        raise data_error(
            path,
            "not a column of names without holes",
            row=first_row,
            unit="row",
            field=column,
            value=str(encoded.type),
            remedy="the file was not written by raydesk record",
        )
    codes = encoded.indices.to_numpy(zero_copy_only=False)
    names = encoded.dictionary.to_pylist()
    found, firsts = np.unique(codes, return_index=True)
    for code in found[np.argsort(firsts)]:
        yield str(names[code]), codes == code


def _check_order(path: Path, time: npt.NDArray[Any], last: int, first_row: int) -> None:
    before = np.concatenate(([last], time[:-1]))
    backwards = time < before
    if backwards.any():
        at = int(np.argmax(backwards))
        raise data_error(
            path,
            f"the time goes backwards, from {int(before[at])}",
            row=first_row + at,
            unit="row",
            field="time",
            value=int(time[at]),
            remedy="sort the file by time",
        )
