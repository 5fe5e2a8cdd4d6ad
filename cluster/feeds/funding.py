"""Funding rates of perpetuals from files: when they were paid, and the rate. They are no market data rows.

Read are freqtrade's tables (`XRP_USDT_USDT-8h-funding_rate.feather`: `date` is when the rate was paid, `open` the
rate) and any CSV, Parquet or Feather table with a time and a rate column.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from cluster.feeds.columns import Times, Values
from cluster.feeds.readers import UNNAMED, format_of
from cluster.feeds.readers.base import data_error, open_bytes, reading
from cluster.feeds.readers.feather import open_batches
from cluster.feeds.readers.names import table_name
from cluster.feeds.readers.times import TIME_SUFFIXES, TimeColumn
from messages.errors import DataProviderError

TIME_NAMES: Final = ("funding_time", "fundingtime", "time", "timestamp", "datetime", "date", "calc_time")
RATE_NAMES: Final = ("funding_rate", "fundingrate", "rate", "last_funding_rate")

LARGEST_RATE: Final = 0.5
"""A rate is a fraction of the position's value; what is larger was written in percent, or is no rate."""


class FundingRates(NamedTuple):
    """`times` (ns UTC, increasing) and `rates` (fractions; longs pay where positive)."""

    times: Times
    rates: Values


def funding_listing(path: Path | str) -> str:
    """The listing that the file's name tells (`XRP_USDT_USDT`), "" when it tells none."""
    return table_name(Path(path)).listing or UNNAMED


def read_funding(path: Path | str) -> FundingRates:
    """All funding rates of one file.

    Raises `DataProviderError` naming file, row, field, value and remedy when the file is missing, unreadable, no
    such table or empty, for a rate that is none, and for times that do not increase.
    """
    path = Path(path)
    known = format_of(path).name
    with reading(path):
        table = _TABLES[known](path) if known in _TABLES else None
    if table is None:
        raise data_error(
            path,
            "no table of funding rates",
            field="format",
            value=known,
            remedy=f"give {', '.join(_TABLES)}",
        )
    time_name, rate_name = _columns(path, table.column_names)
    if not table.num_rows:
        raise data_error(path, "the file holds no funding rates", remedy="check the file")
    times = _times(path, time_name, table.column(time_name).combine_chunks())
    return FundingRates(times, _rates(path, rate_name, table.column(rate_name)))


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    import pyarrow as pa

    try:
        yield
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise data_error(path, f"not a whole table ({error})", remedy="fetch it again") from error


def _from_csv(path: Path) -> Any:
    import pyarrow.csv

    with _explained(path), open_bytes(path) as stream:
        return pyarrow.csv.read_csv(stream, read_options=pyarrow.csv.ReadOptions(use_threads=False))


def _from_parquet(path: Path) -> Any:
    import pyarrow.parquet

    with _explained(path), pyarrow.parquet.ParquetFile(path) as file:
        return file.read(use_threads=False)


def _from_feather(path: Path) -> Any:
    import pyarrow as pa

    with _explained(path), open_batches(path) as (names, batches):
        found = list(batches)
        return pa.Table.from_batches(found) if found else pa.table({name: [] for name in names})


_TABLES: Final[Mapping[str, Any]] = {"feather": _from_feather, "parquet": _from_parquet, "CSV": _from_csv}


def _columns(path: Path, names: Sequence[str]) -> tuple[str, str]:
    by_lower = {name.strip().lower(): name for name in names}
    times = (alias + suffix for alias in TIME_NAMES for suffix in ("", *TIME_SUFFIXES))
    rates = (*RATE_NAMES, "open") if table_name(path).is_funding else RATE_NAMES
    time = next((by_lower[name] for name in times if name in by_lower), None)
    rate = next((by_lower[name] for name in rates if name in by_lower), None)
    if time is None or rate is None:
        raise data_error(
            path,
            "no column of times" if time is None else "no column of funding rates",
            field="columns",
            value=", ".join(names),
            remedy=f"name them {TIME_NAMES[0]} and {RATE_NAMES[0]}, or the file as freqtrade does "
            "(BTC_USDT_USDT-8h-funding_rate.feather)",
        )
    return time, rate


def _times(path: Path, name: str, column: Any) -> Times:
    times, bad = TimeColumn(name).nanoseconds(column)
    if bad is not None:
        raise _bad_row(path, bad, name, column[bad].as_py(), "not a time")
    late = np.diff(times) <= 0
    if late.any():
        row = int(np.argmax(late)) + 1
        raise _bad_row(path, row, name, int(times[row]), "not later than the one before")
    return times


def _rates(path: Path, name: str, column: Any) -> Values:
    import pyarrow as pa

    try:
        rates: Values = np.array(column.cast(pa.float64()).to_numpy(), dtype=np.float64)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise data_error(
            path,
            f"not a column of numbers ({error})",
            field=name,
            value=str(column.type),
            remedy="correct it",
        ) from error
    wrong = ~(np.abs(rates) <= LARGEST_RATE)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise _bad_row(path, row, name, column[row].as_py(), f"not a fraction up to {LARGEST_RATE}")
    return rates


def _bad_row(path: Path, row: int, name: str, value: object, message: str) -> DataProviderError:
    return data_error(
        path, message, row=row + 1, unit="row", field=name, value=value, remedy="correct or drop this row"
    )
