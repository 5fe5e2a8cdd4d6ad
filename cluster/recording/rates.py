"""Paid funding rates as a Parquet file beside the parts: `BTCUSDT-funding_rate.parquet`, which `--funding` reads."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from actors.venues.history_port import PaidRate
from cluster.durable_files import sync_folder
from cluster.feeds.funding import FundingRates, read_funding
from cluster.recording.manifest import Rates, sha256_of


def rates_name(listing: str) -> str:
    """The file of a listing's rates."""
    return f"{listing}-funding_rate.parquet"


def read_rates(folder: Path, rates: Rates) -> tuple[PaidRate, ...] | None:
    """What the file holds; None when it is not the one that was written. Raises `DataProviderError`."""
    path = folder / rates.file
    if not path.is_file() or sha256_of(path) != rates.sha256:
        return None
    held: FundingRates = read_funding(path)
    return tuple(map(PaidRate, held.times.tolist(), held.rates.tolist()))


def write_rates(folder: Path, listing: str, paid: Sequence[PaidRate]) -> Rates:
    """Put all rates of a listing, oldest first and at least one, in the place of the file there was."""
    import pyarrow as pa
    import pyarrow.parquet

    path = folder / rates_name(listing)
    written = folder / f".{path.name}.new"
    times = pa.array([each.time for each in paid], pa.int64())
    table = pa.table(
        {"funding_time_ns": times, "funding_rate": pa.array([each.rate for each in paid], pa.float64())}
    )
    pyarrow.parquet.write_table(table, written)
    with written.open("rb") as file:
        os.fsync(file.fileno())
    digest = sha256_of(written)
    written.replace(path)
    sync_folder(folder)
    return Rates(
        file=path.name,
        listing=listing,
        rows=len(paid),
        first_time=paid[0].time,
        last_time=paid[-1].time,
        sha256=digest,
    )
