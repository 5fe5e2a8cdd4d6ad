"""Tables as pandas DataFrames. pandas is an extra, so it is imported only when somebody asks for one."""

from __future__ import annotations

import importlib
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from messages.errors import ConfigurationError

if TYPE_CHECKING:
    import pandas  # type: ignore[import-untyped]  # it has no types of its own


def data_frames(
    tables: Mapping[str, Mapping[str, Any]], times: Collection[str]
) -> dict[str, pandas.DataFrame]:
    """Each table, given by its columns, as a DataFrame; columns named in `times` (ns UTC) become UTC timestamps.

    Raises `ConfigurationError` when pandas is not installed.
    """
    try:
        library = importlib.import_module("pandas")
    except ModuleNotFoundError:
        raise ConfigurationError(
            "frames need pandas, which is not installed",
            field="pandas",
            remedy="install raydesk[pandas], or read the CSV files of write_report",
        ) from None
    found: dict[str, pandas.DataFrame] = {}
    for name, columns in tables.items():
        frame = found[name] = library.DataFrame(columns)
        for column in set(times) & set(frame.columns):
            frame[column] = library.to_datetime(frame[column], unit="ns", utc=True)
    return found
