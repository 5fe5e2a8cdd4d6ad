"""Feather files: Arrow IPC (version 2, also compressed) and the older version 1. Columns and times: see `tabular`."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from cluster.feeds.columns import Chunk
from cluster.feeds.readers.base import Coverage, ReadOptions, data_error
from cluster.feeds.readers.columnar import rows_of
from cluster.feeds.readers.tabular import layout_of

VERSION_1: Final = b"FEA1"
"""How a file of version 1 begins."""


def read_feather(path: Path, options: ReadOptions, coverage: Coverage) -> Iterator[tuple[str, Chunk]]:
    """The rows of a Feather file, by listing. See `cluster.feeds.readers.read` for what is raised.

    Version 2 is streamed batch by batch; version 1 has no batches and is read whole.
    """
    import pyarrow as pa

    try:
        with open_batches(path) as (names, batches):
            layout = layout_of(path, names)
            yield from rows_of(path, layout, batches, options, coverage)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise data_error(
            path,
            f"not a whole Feather file ({error})",
            remedy="it was cut off, is still being written or is damaged: fetch it again",
        ) from error


@contextmanager
def open_batches(path: Path) -> Iterator[tuple[list[str], Iterator[Any]]]:
    """The names of the columns and the record batches. Arrow's own errors are the caller's to explain."""
    import pyarrow as pa
    import pyarrow.feather

    with path.open("rb") as opened:
        first_version = opened.read(len(VERSION_1)) == VERSION_1
    if first_version:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # the user's files are what they are
            table = pyarrow.feather.read_table(path, use_threads=False, memory_map=False)
        yield table.schema.names, iter(table.to_batches())
        return
    with pa.OSFile(str(path)) as source, pa.ipc.open_file(source) as file:
        yield file.schema.names, (file.get_batch(index) for index in range(file.num_record_batches))
