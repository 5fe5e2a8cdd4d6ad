"""Recorded files as feeds: one resumable stream per symbol over all files, in time order."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from cluster.feeds.cache import DecodedFile, decoded
from cluster.feeds.columns import CHUNK_ROWS, NO_EVENT_TIME, Chunk, Rows, chunk_of_rows
from cluster.feeds.merge import merged
from cluster.feeds.mixture import Mixture, refuse_bars_twice
from cluster.feeds.readers import UNNAMED, BarTime, OneSided
from cluster.feeds.readers.base import data_error
from messages.errors import DataProviderError

CLOCK_ROWS: Final = 1000
"""Rows from which a recording's clock offset is estimated."""

_NAMED: Final = 10


class Recording:
    """A set of recorded files, decoded and checked to their ends before the first row is given out.

    `listing_to_symbol` maps the files' listings (`BTCUSDT`, `BTC/USDT`: case and punctuation don't count) to
    canonical symbols; rows of other listings are not part of the run. `LISTING@PLACE` takes only the files of a market
    (`btcusd@crypto/coinbase`), of a resolution (`spy@second`), or of both (`spy@equity/usa/second`).
    A file that names no listing belongs to the
    only symbol mapped, or to the listing found in its file name. `bar_time` and `one_sided` are told to the readers
    (`cluster.feeds.readers.read`). Any number of files may hold rows of one symbol, such as one a day and kind.

    Raises `DataProviderError` for unreadable, incomplete, ambiguous or repeated files, and for files that can't be
    one market: of two exchanges, or of bars of two lengths.
    """

    def __init__(
        self,
        paths: Sequence[Path | str],
        listing_to_symbol: Mapping[str, str],
        *,
        cache_folder: Path | str,
        include_depth: bool = False,
        bar_time: BarTime = "auto",
        one_sided: OneSided = "absent",
    ) -> None:
        if not paths:
            raise DataProviderError(
                "no data file is given", field="data", remedy="give at least one recorded file"
            )
        symbols = _by_normal_listing(listing_to_symbol)
        self._files: list[DecodedFile] = []
        by_symbol: dict[str, list[tuple[Path, Rows]]] = {}
        self._held: set[str] = set()
        mixture = Mixture()
        for path in map(Path, paths):
            file = decoded(
                path,
                Path(cache_folder),
                include_depth=include_depth,
                bar_time=bar_time,
                one_sided=one_sided,
            )
            self._held |= set(file.tables)
            named = {listing: _symbol_of(file, listing, symbols) for listing in file.tables}
            # rows of other listings are let go: each large table holds a file open
            wanted = {listing: rows for listing, rows in file.tables.items() if named[listing] is not None}
            self._files.append(replace(file, tables=wanted))
            for listing, rows in wanted.items():
                symbol = named[listing]
                assert symbol is not None
                mixture.add(symbol, file.path, file.origin)
                by_symbol.setdefault(symbol, []).append((file.path, rows))
        _refuse_repeated(self._files)
        for symbol, placed in by_symbol.items():
            refuse_bars_twice(symbol, placed)
        self._tables = {symbol: [rows for _, rows in placed] for symbol, placed in by_symbol.items()}
        self._paths = {symbol: {path for path, _ in placed} for symbol, placed in by_symbol.items()}
        self._tables_by_path = {file.path: list(file.tables.values()) for file in self._files}

    @property
    def files(self) -> tuple[DecodedFile, ...]:
        """The files in the order given: digest, bounds, what was left out or noted, the tables that are wanted."""
        return tuple(self._files)

    @property
    def symbols(self) -> tuple[str, ...]:
        """The symbols that have rows, sorted."""
        return tuple(sorted(self._tables))

    @property
    def first_time(self) -> int:
        """The earliest time in the files of the run, ns UTC: the same in every process that replays these files."""
        return self.bounds(self._tables)[0]

    @property
    def last_time(self) -> int:
        """The latest time in the files of the run, ns UTC."""
        return self.bounds(self._tables)[1]

    def bounds(self, symbols: Collection[str]) -> tuple[int, int]:
        """The earliest and the latest time (ns UTC) in the files that hold rows of `symbols`; in all files where none
        does. A year of another market in the same folder makes the run no longer."""
        wanted = {path for symbol in symbols for path in self._paths.get(symbol, ())}
        files = [file for file in self._files if file.path in wanted] or self._files
        return min(file.first_time for file in files), max(file.last_time for file in files)

    def tables(self, symbol: str) -> Sequence[Rows]:
        """The tables of one symbol, in the order of the files. Raises `DataProviderError` when it has none."""
        tables = self._tables.get(symbol)
        if not tables:
            held = sorted(listing or "(unnamed)" for listing in self._held)
            raise DataProviderError(
                f"no rows for this symbol in {_some(str(file.path) for file in self._files)}; "
                f"they hold {_some(held)}",
                field="symbol",
                value=symbol,
                remedy="map one of the listings to the symbol, or give its file",
            )
        return tables

    def estimated_clock_offset(self, path: Path | str, rows: int = CLOCK_ROWS) -> int | None:
        """How far the venue's clock was ahead of the recorder's, ns: the median of `event_time - time`.

        Taken over the first `rows` rows that tell both, per listing mapped. The network's delay is in it, so it
        is low by that much. None when no row tells the venue's time. Raises `DataProviderError` for a file that
        is not part of the recording.
        """
        tables = self._tables_by_path.get(Path(path))
        if tables is None:
            raise data_error(Path(path), "not part of this recording", remedy="give a path as it was opened")
        differences = [part for table in tables if len(part := _clock_differences(table, rows))]
        return round(float(np.median(np.concatenate(differences)))) if differences else None


class RecordedFeed:
    """The rows of one symbol over all files in the order (time, file, row); a `Feed`.

    Files that don't overlap follow each other; those that do are merged. Desk time is the time of reception.
    Raises what `Recording` raises, and `DataProviderError` when the symbol has no rows.
    """

    def __init__(
        self,
        paths: Sequence[Path | str],
        listing_to_symbol: Mapping[str, str],
        symbol: str,
        *,
        cache_folder: Path | str,
        include_depth: bool = False,
        bar_time: BarTime = "auto",
        one_sided: OneSided = "absent",
    ) -> None:
        recording = Recording(
            paths,
            listing_to_symbol,
            cache_folder=cache_folder,
            include_depth=include_depth,
            bar_time=bar_time,
            one_sided=one_sided,
        )
        self._attach(recording, symbol)

    @classmethod
    def of(cls, recording: Recording, symbol: str) -> RecordedFeed:
        """A feed over files that are already open: a process with many symbols opens them once."""
        feed = cls.__new__(cls)
        feed._attach(recording, symbol)
        return feed

    def _attach(self, recording: Recording, symbol: str) -> None:
        self.recording = recording
        self._symbol = symbol
        self._tables = recording.tables(symbol)

    @property
    def symbol(self) -> str:
        """The canonical symbol of all rows."""
        return self._symbol

    @property
    def first_time(self) -> int:
        """Where the run begins, ns UTC: over all its files, not only over this symbol's rows."""
        return self.recording.first_time

    @property
    def last_time(self) -> int:
        """Where the run ends, ns UTC: over all its files, not only over this symbol's rows."""
        return self.recording.last_time

    @property
    def rows(self) -> int:
        """How many rows the feed has: the position at its end."""
        return sum(map(len, self._tables))

    def open(self, position: int = 0, *, chunk_rows: int = CHUNK_ROWS) -> Iterator[Chunk]:
        """The rows from ordinal `position` on. Finding the place takes a binary search, not a read.

        Raises `DataProviderError` for a position outside of the feed.
        """
        if not 0 <= position <= self.rows:
            raise DataProviderError(
                f"the feed has {self.rows} rows",
                field=f"{self._symbol}.position",
                value=position,
                remedy="the files are not those the position was taken in: give the same files in the same order",
            )
        return (
            chunk_of_rows(self._symbol, rows)
            for rows in merged(self._tables, position, chunk_rows=chunk_rows)
        )

    def estimated_clock_offset(self, path: Path | str) -> int | None:
        """See `Recording.estimated_clock_offset`."""
        return self.recording.estimated_clock_offset(path)


def normal_listing(listing: str) -> str:
    """A listing without what venues write differently: `BTC/USDT`, `btc-usdt` and `BTCUSDT` are one.

    Where its data comes from (`btcusd@crypto/coinbase`) is no part of it.
    """
    return "".join(filter(str.isalnum, listing.partition("@")[0])).upper()


_Mapped = dict[str, dict[str, str]]
"""Symbols by normal listing and place; the place is empty where any will do."""


def _by_normal_listing(listing_to_symbol: Mapping[str, str]) -> _Mapped:
    symbols: _Mapped = {}
    for listing, symbol in listing_to_symbol.items():
        known = symbols.setdefault(normal_listing(listing), {}).setdefault(listing.partition("@")[2], symbol)
        if known != symbol:
            raise DataProviderError(
                f"the listing is mapped to two symbols, {known} and {symbol}",
                field="listings",
                value=listing,
                remedy="map each listing once, or tell them apart by LISTING@PLACE",
            )
    return symbols


def _refuse_repeated(files: Sequence[DecodedFile]) -> None:
    by_content: dict[tuple[str, str], Path] = {}
    for file in files:
        other = by_content.setdefault((file.digest, file.origin.identity), file.path)
        if other is not file.path:
            raise data_error(
                file.path,
                f"the same data as {other}",
                field="data",
                remedy="give each recording once, or its trades would count twice",
            )


def _some(names: Iterable[str]) -> str:
    """Names for an error, which must stay readable when there are thousands."""
    known = list(names)
    left = len(known) - _NAMED
    return ", ".join(known[:_NAMED]) + (f" and {left} more" if left > 0 else "")


def _symbol_of(file: DecodedFile, listing: str, symbols: _Mapped) -> str | None:
    """The symbol of a table, or None when its listing is not mapped."""
    if listing != UNNAMED:
        return _at(file, symbols.get(normal_listing(listing), {}))
    known = list(symbols)
    if len(known) > 1:
        name = normal_listing(file.path.name)
        named = [each for each in known if each in name]
        longest = max(map(len, named), default=0)
        known = [each for each in named if len(each) == longest]
    if len(known) == 1:
        return _at(file, symbols[known[0]])
    raise data_error(
        file.path,
        "the file does not say which listing it holds",
        field="symbol",
        value=", ".join(sorted(symbols)),
        remedy="add a symbol column, or put exactly one of these listings into the file name",
    )


def _at(file: DecodedFile, places: Mapping[str, str]) -> str | None:
    """The symbol mapped for where the file is from, else the one that is mapped for any place."""
    origin = file.origin
    for place in (f"{origin.market}/{origin.step}", origin.market, origin.step, ""):
        if place in places:
            return places[place]
    return None


def _clock_differences(table: Rows, rows: int) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    found: list[np.ndarray[tuple[int, ...], np.dtype[np.int64]]] = []
    left = rows
    for start in range(0, len(table), CHUNK_ROWS):
        part = table[start : start + CHUNK_ROWS]
        known = part[part["event_time"] != NO_EVENT_TIME][:left]
        found.append(known["event_time"] - known["time"])
        left -= len(known)
        if left <= 0:
            break
    return np.concatenate(found) if found else np.zeros(0, dtype=np.int64)
