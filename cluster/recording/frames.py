"""Market data files as data frames, for a look at them in a notebook: recordings, and whatever else `--data` takes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from cluster.feeds import expand_data, read
from cluster.feeds.columns import Chunk
from cluster.frames import data_frames
from messages.market import TickKind

if TYPE_CHECKING:
    import pandas  # type: ignore[import-untyped]  # an extra; it has no types of its own

_NAMES: Final[Mapping[str, tuple[int, tuple[str, ...]]]] = {
    "quotes": (TickKind.QUOTE, ("bid", "bid_size", "ask", "ask_size")),
    "trades": (TickKind.TRADE, ("price", "size", "aggressor")),
    "bars": (TickKind.BAR, ("open", "high", "low", "close", "volume")),
    "depth": (TickKind.DEPTH, ("side", "price", "size", "is_snapshot", "is_last")),
}
"""Of each table its kind of row and what the row's values are called; see `messages.market`."""


def frames(paths: Iterable[Path | str], *, include_depth: bool = True) -> dict[str, pandas.DataFrame]:
    """`quotes`, `trades`, `bars` and `depth` of all files, in the order of time; tables without rows are left out.

    `paths` are files, folders or patterns. Each table has `listing`, `time` and `event_time` (UTC, NaT where the venue
    told none), and its values by name. All of it is held in memory. Raises `ConfigurationError` when pandas is not
    installed, `DataProviderError` for files that can't be read.
    """
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in _NAMES}
    for path in expand_data(paths):
        for listing, chunk in read(path, include_depth=include_depth):
            for name, (kind, columns) in _NAMES.items():
                rows = chunk.where(chunk.kind == kind)
                if len(rows):
                    found[name].append(_columns(listing, rows, columns))
    return data_frames(
        {name: _in_order(parts) for name, parts in found.items() if parts}, {"time", "event_time"}
    )


def _columns(listing: str, rows: Chunk, names: Sequence[str]) -> dict[str, Any]:
    values = (rows.v0, rows.v1, rows.v2, rows.v3, rows.v4)
    return {
        "time": rows.time,
        "event_time": rows.event_time.view("datetime64[ns]"),  # `NO_EVENT_TIME` has the bits of NaT
        "listing": np.full(len(rows), listing, dtype=object),
        **dict(zip(names, values, strict=False)),
    }


def _in_order(parts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    whole = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    order = np.argsort(whole["time"], kind="stable")
    return {name: column[order] for name, column in whole.items()}
