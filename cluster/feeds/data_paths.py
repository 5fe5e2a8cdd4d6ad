"""What a user gives as data - files, folders, patterns - as the list of files to read, the same in every process."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from cluster.feeds.readers.names import table_name
from messages.errors import DataProviderError

SUFFIXES: Final = frozenset({".csv", ".gz", ".parquet", ".feather", ".arrow", ".zip"})
"""Files in a folder that are taken for market data; one that is named itself may be called anything."""

_PATTERN: Final = frozenset("*?[")


def expand_data(paths: Iterable[Path | str]) -> list[Path]:
    """The market data files that `paths` stand for, sorted, each once.

    A file stands for itself; a folder for all data files below it, by their suffix; a pattern such as
    `data/*/btcusd/*_trade.zip` (`**` = any folders) for the files that match. Hidden files are left out of folders
    and patterns, and so are files whose name says that they hold no market data (freqtrade's funding rates, mark
    and index candles). Raises `DataProviderError` for a path that stands for no file.
    """
    found: set[Path] = set()
    for path in map(Path, paths):
        files = [path] if path.is_file() else [file for file in _below(path) if _is_market_data(file)]
        if not files:
            raise _nothing(path, "market data file")
        found.update(files)
    return sorted(found)


def expand_funding(paths: Iterable[Path | str]) -> list[Path]:
    """The files of funding rates (by freqtrade's names) that `paths` stand for, sorted, each once; perhaps none.

    The counterpart of `expand_data`: what it leaves out. Raises `DataProviderError` for a path that is not there.
    """
    found: set[Path] = set()
    for path in map(Path, paths):
        files = [path] if path.is_file() else list(_below(path))
        if not files:
            raise _nothing(path, "file")
        found.update(file for file in files if table_name(file).is_funding)
    return sorted(found)


def _below(path: Path) -> Iterator[Path]:
    root = path
    candidates: Iterator[Path] = iter(())
    if path.is_dir():
        candidates = path.rglob("*")
    else:
        fixed = list(_until_pattern(path.parts))
        root = Path(*fixed) if fixed else Path()
        rest = path.parts[len(fixed) :]
        if rest and root.is_dir():
            candidates = root.glob(str(Path(*rest)))
    for file in candidates:
        hidden = any(part.startswith(".") for part in file.relative_to(root).parts)
        if not hidden and file.suffix.lower() in SUFFIXES and file.is_file():
            yield file


def _until_pattern(parts: Iterable[str]) -> Iterator[str]:
    for part in parts:
        if _PATTERN & set(part):
            return
        yield part


def _is_market_data(path: Path) -> bool:
    return table_name(path).is_market_data


def _nothing(path: Path, what: str) -> DataProviderError:
    return DataProviderError(
        f"there is no {what} of this name, in this folder or of this pattern",
        field="data",
        value=str(path),
        remedy="check the path; files in folders must end in " + ", ".join(sorted(SUFFIXES)),
    )
