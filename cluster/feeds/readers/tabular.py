"""Tables of quotes, trades or bars: which column means what, and how a batch becomes chunks.

Shared by the CSV, Parquet and Arrow readers. Column names are compared without case; times: see `times`.

| meaning     | column names accepted, first present wins |
|-------------|-------------------------------------------|
| time        | time, local_time, receive_time, local_timestamp, close_time, timestamp, ts, datetime, date, event_time |
| event time  | event_time, exchange_time, venue_time, transaction_time |
| listing     | symbol, listing, instrument, ticker (optional) |
| quote       | bid, ask, and optionally bid_size, ask_size |
| trade       | price, size, and optionally side (buy/sell, the aggressor's) or buyer_maker |
| bar         | open, high, low, close, and optionally volume |

A table with one clock has `event_time` = `time`. In quotes an empty price, or 0, is a side that is absent (nan).

**Bars are timed by their close**, because nobody knows them before. What a file's own times mean goes by the name
of the column: `datetime`, `date` and (when there is no other) `open_time` are when a bar opens, every other name
when it closes. Files do exist that say `timestamp` and mean the open: `ReadOptions.bar_time` overrules the name.
Where the open is given, the length of the bars is added: the one in a file name such as `BTC_USDT-5m.csv`, or else
the most common distance of the first bars. Bars closer than that are refused, larger distances counted as gaps.
Two identical bars of one time count once; two different ones are refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from cluster.feeds.columns import Chunk, Times, Values
from cluster.feeds.readers.bars import BarSeries, Wrong, misshapen
from cluster.feeds.readers.base import CROSSED_QUOTE, Coverage, ReadOptions, data_error
from cluster.feeds.readers.names import market_table_name
from cluster.feeds.readers.times import TIME_SUFFIXES, TimeColumn
from messages.errors import DataProviderError
from messages.market import TickKind

ALIASES: Final[Mapping[str, tuple[str, ...]]] = {
    "time": (
        *("time", "local_time", "receive_time", "local_timestamp", "close_time"),
        *("timestamp", "ts", "datetime", "date", "event_time"),
    ),
    "open_time": ("open_time", "open_timestamp"),
    "event_time": ("event_time", "exchange_time", "venue_time", "transaction_time"),
    "symbol": ("symbol", "listing", "instrument", "ticker"),
    "bid": ("bid", "bid_price", "best_bid_price"),
    "bid_size": ("bid_size", "bid_qty", "bid_quantity", "best_bid_qty"),
    "ask": ("ask", "ask_price", "best_ask_price"),
    "ask_size": ("ask_size", "ask_qty", "ask_quantity", "best_ask_qty"),
    "price": ("price",),
    "size": ("size", "quantity", "qty", "amount"),
    "side": ("side", "aggressor", "aggressor_side"),
    "buyer_maker": ("buyer_maker", "is_buyer_maker"),
    "open": ("open",),
    "high": ("high",),
    "low": ("low",),
    "close": ("close",),
    "volume": ("volume",),
}
"""Every meaning a column can have, and the names that carry it."""

TIME_ROLES: Final = ("time", "event_time")

OPEN_STAMPS: Final = ("open_time", "open_timestamp", "datetime", "date")
"""Names of time columns (without a unit's suffix) that tell when a bar opens."""

TEXT_ROLES: Final = ("time", "event_time", "symbol", "side", "buyer_maker")
"""Columns that are read as text from CSV; all others are numbers."""


@dataclass(frozen=True, slots=True)
class TableKind:
    """A kind of table: its tick kind, and the five value columns as `(role, needed)`, None where v_n is unused."""

    name: str
    kind: int
    values: tuple[tuple[str, bool] | None, ...]
    zero_is_absent: bool
    """0 means "not there" in every value; otherwise a needed value must be above 0."""


TABLE_KINDS: Final = (
    TableKind(
        "quotes",
        TickKind.QUOTE,
        (("bid", True), ("bid_size", False), ("ask", True), ("ask_size", False), None),
        zero_is_absent=True,
    ),
    TableKind(
        "trades", TickKind.TRADE, (("price", True), ("size", True), None, None, None), zero_is_absent=False
    ),
    TableKind(
        "bars",
        TickKind.BAR,
        (("open", True), ("high", True), ("low", True), ("close", True), ("volume", False)),
        zero_is_absent=False,
    ),
)

_AGGRESSORS: Final[Mapping[str, float]] = {
    **dict.fromkeys(("buy", "b", "bid", "1", "+1", "1.0"), 1.0),
    **dict.fromkeys(("sell", "s", "ask", "-1", "-1.0"), -1.0),
    **dict.fromkeys(("", "unknown", "none", "0"), float("nan")),
}
_BUYER_MAKER: Final[Mapping[str, float]] = {
    **dict.fromkeys(("true", "1", "t"), -1.0),
    **dict.fromkeys(("false", "0", "f"), 1.0),
}

Locate = Callable[[int], int]
"""From the ordinal of a row in its batch to its line or row number in the file."""


@dataclass(frozen=True, slots=True)
class Layout:
    """What a table holds: its kind and, for each meaning, the name of the column that carries it.

    `stamped_open` says that the name of a bar table's time column stands for the open.
    """

    table: TableKind
    columns: Mapping[str, str]
    stamped_open: bool = False


def layout_of(path: Path, names: Sequence[str]) -> Layout:
    """Find the meaning of the columns `names`. Raises `DataProviderError` when they fit no kind or several."""
    by_lower = {name.strip().lower(): name for name in names}
    columns = {role: found for role in ALIASES if (found := _column(role, by_lower)) is not None}
    fitting = [
        table
        for table in TABLE_KINDS
        if all(value is None or not value[1] or value[0] in columns for value in table.values)
    ]
    table = fitting[0] if len(fitting) == 1 else None
    if table is not None and table.kind == TickKind.BAR and "time" not in columns and "open_time" in columns:
        columns["time"] = columns["open_time"]
    if table is None or "time" not in columns:
        problem = (
            f"the columns fit {len(fitting)} kinds of table, not one" if table is None else "no time column"
        )
        raise data_error(
            path,
            problem,
            field="columns",
            value=", ".join(names),
            remedy="name them time and bid, ask, bid_size, ask_size / price, size, side / open, high, low, close, "
            "volume; the time of a bar is its close_time or its open_time",
        )
    roles = {value[0] for value in table.values if value is not None} | {"time", "event_time", "symbol"}
    if table.kind == TickKind.TRADE:
        roles |= {"side", "buyer_maker"}
    stamped_open = table.kind == TickKind.BAR and _without_unit(columns["time"]) in OPEN_STAMPS
    return Layout(table, {role: name for role, name in columns.items() if role in roles}, stamped_open)


def _column(role: str, by_lower: Mapping[str, str]) -> str | None:
    suffixes = ("", *TIME_SUFFIXES) if role in (*TIME_ROLES, "open_time") else ("",)
    candidates = (alias + suffix for alias in ALIASES[role] for suffix in suffixes)
    return next((by_lower[name] for name in candidates if name in by_lower), None)


def _without_unit(name: str) -> str:
    lower = name.strip().lower()
    suffix = next((suffix for suffix in TIME_SUFFIXES if lower.endswith(suffix)), "")
    return lower.removesuffix(suffix)


class Tabulator:
    """Turns the batches of one file into chunks by listing; remembers the last time of each listing.

    Raises `DataProviderError` when the file's name says that it holds no market data.
    """

    def __init__(
        self, path: Path, layout: Layout, options: ReadOptions, coverage: Coverage, *, unit: str
    ) -> None:
        name = market_table_name(path)
        stamped_open = layout.stamped_open if options.bar_time == "auto" else options.bar_time == "open"
        self._path = path
        self._layout = layout
        self._options = options
        self._listing = name.listing or options.listing
        self._coverage = coverage
        self._unit = unit
        self._times = {
            role: TimeColumn(layout.columns[role]) for role in TIME_ROLES if role in layout.columns
        }
        self._last_time: dict[str, int] = {}
        self._bars = (
            BarSeries(
                coverage,
                length=name.bar_length,
                stamped_open=stamped_open,
                own_event_time="event_time" in layout.columns,
            )
            if layout.table.kind == TickKind.BAR
            else None
        )

    def chunks(self, batch: Mapping[str, Any], locate: Locate) -> Iterator[tuple[str, Chunk]]:
        """The chunks of one batch of pyarrow arrays by role. Raises `DataProviderError` for the first bad row."""
        time = self._time("time", batch, locate)
        event_time = self._time("event_time", batch, locate) if "event_time" in batch else time
        values = self._values(batch, locate)
        kind = np.full(len(time), self._layout.table.kind, dtype=np.int8)
        groups = list(self._by_listing(batch, len(time), locate))
        if self._bars is not None and groups:
            self._bars.learn([time[rows] for _, rows in groups])
        for listing, rows in groups:
            self._check_order(listing, time[rows], rows, locate)
            whole = Chunk(
                listing, time[rows], event_time[rows], kind[rows], *(column[rows] for column in values)
            )
            if self._bars is not None:
                whole = self._bars.take(whole, self._wrong_bar(rows, locate))
            if not len(whole):
                continue
            self._coverage.rows += len(whole)
            self._coverage.saw(int(whole.time[0]), int(whole.time[-1]))
            for start in range(0, len(whole), self._options.chunk_rows):
                yield listing, whole.part(start, start + self._options.chunk_rows)

    def end(self) -> None:
        """The end of the file. Raises `DataProviderError` when some of its bars were given out too early."""
        longer = self._bars.longer() if self._bars is not None else None
        if longer is not None:
            listing, distance = longer
            raise self.error(
                f"the bars of {listing or 'this file'} are never closer than {distance} ns: they last longer than "
                "the file's name or its other bars tell",
                row=None,
                role="time",
                remedy="one file holds bars of one length, the one its name tells; or give them a close_time",
            )

    def error(
        self, message: str, *, row: int | None, role: str | None = None, value: object = None, remedy: str
    ) -> DataProviderError:
        """The error at a line or row number, naming the file's own column for `role`."""
        column = None if role is None else self._layout.columns.get(role, role)
        return data_error(
            self._path, message, row=row, unit=self._unit, field=column, value=value, remedy=remedy
        )

    def _wrong_bar(self, rows: npt.NDArray[np.int64] | slice, locate: Locate) -> Wrong:
        def wrong(row: int, message: str, *, value: object, remedy: str) -> DataProviderError:
            at = row if isinstance(rows, slice) else int(rows[row])
            return self.error(message, row=locate(at), role="time", value=value, remedy=remedy)

        return wrong

    def _time(self, role: str, batch: Mapping[str, Any], locate: Locate) -> Times:
        times, bad = self._times[role].nanoseconds(batch[role])
        if bad is not None:
            raise self.error(
                "not a time",
                row=locate(bad),
                role=role,
                value=batch[role][bad].as_py(),
                remedy="write ISO 8601, or a count of seconds, ms, us or ns since 1970 in one unit all through",
            )
        return times

    def _values(self, batch: Mapping[str, Any], locate: Locate) -> list[Values]:
        table = self._layout.table
        rows = len(batch["time"])
        columns: list[Values] = []
        for value in table.values:
            if value is None or value[0] not in batch:
                columns.append(np.full(rows, np.nan))
                continue
            columns.append(self._numbers(value[0], batch[value[0]], locate, needed=value[1]))
        if table.kind == TickKind.TRADE:
            columns[2] = self._aggressor(batch, rows, locate)
        elif table.kind == TickKind.BAR:
            self._check_bars(columns, locate)
        else:
            self._coverage.note(CROSSED_QUOTE, int((columns[0] > columns[2]).sum()))
        return columns

    def _numbers(self, role: str, column: Any, locate: Locate, *, needed: bool) -> Values:
        numbers: Values = np.array(column.to_numpy(zero_copy_only=False), dtype=np.float64)
        missing = np.isnan(numbers)
        if self._layout.table.zero_is_absent:
            wrong = ~missing & ~((numbers >= 0) & np.isfinite(numbers))
            if needed:  # the size 0 of a side that is there is a fact; its price 0 is not
                numbers[numbers == 0] = np.nan
        elif needed:
            wrong = ~((numbers > 0) & np.isfinite(numbers))
        else:
            wrong = ~missing & ~((numbers >= 0) & np.isfinite(numbers))
        if wrong.any():
            row = int(np.argmax(wrong))
            raise self.error(
                "not a finite positive number",
                row=locate(row),
                role=role,
                value=column[row].as_py(),
                remedy="correct or drop this row",
            )
        return numbers

    def _aggressor(self, batch: Mapping[str, Any], rows: int, locate: Locate) -> Values:
        for role, meaning in (("side", _AGGRESSORS), ("buyer_maker", _BUYER_MAKER)):
            if role not in batch:
                continue
            words = ["" if word is None else str(word).strip().lower() for word in batch[role].to_pylist()]
            known = {word: meaning.get(word) for word in set(words)}
            unknown = {word for word, sign in known.items() if sign is None}
            if unknown:
                row = next(row for row, word in enumerate(words) if word in unknown)
                raise self.error(
                    "not a side",
                    row=locate(row),
                    role=role,
                    value=words[row],
                    remedy="one of " + ", ".join(filter(None, meaning)),
                )
            return np.array([known[word] for word in words], dtype=np.float64)
        return np.full(rows, np.nan)

    def _check_bars(self, columns: Sequence[Values], locate: Locate) -> None:
        opening, high, low, close = columns[:4]
        wrong = misshapen(opening, high, low, close)
        if wrong.any():
            row = int(np.argmax(wrong))
            raise self.error(
                "the bar's open or close lies outside of its low and high",
                row=locate(row),
                role="high",
                value=tuple(float(column[row]) for column in (opening, high, low, close)),
                remedy="correct or drop this bar",
            )

    def _by_listing(
        self, batch: Mapping[str, Any], rows: int, locate: Locate
    ) -> Iterator[tuple[str, npt.NDArray[np.int64] | slice]]:
        """The listings in order of first appearance, each with its rows in their order."""
        if not rows:
            return
        if "symbol" not in batch:
            yield self._listing, slice(0, rows)
            return
        encoded = batch["symbol"].dictionary_encode()
        codes = encoded.indices.to_numpy(zero_copy_only=False)
        names = encoded.dictionary.to_pylist()
        if batch["symbol"].null_count or "" in names:
            words = batch["symbol"].to_pylist()
            row = next(row for row, word in enumerate(words) if not word)
            raise self.error("no symbol", row=locate(row), role="symbol", remedy="name one in every row")
        if len(names) == 1:
            yield str(names[0]), slice(0, rows)
            return
        order = np.argsort(codes, kind="stable")
        bounds = np.searchsorted(codes[order], np.arange(len(names) + 1))
        for code, name in enumerate(names):
            yield str(name), order[bounds[code] : bounds[code + 1]]

    def _check_order(
        self, listing: str, time: Times, rows: npt.NDArray[np.int64] | slice, locate: Locate
    ) -> None:
        before = np.concatenate(([self._last_time.get(listing, int(time[0]))], time[:-1]))
        backwards = time < before
        if backwards.any():
            at = int(np.argmax(backwards))
            row = at if isinstance(rows, slice) else int(rows[at])
            raise self.error(
                f"the time goes backwards, from {int(before[at])}",
                row=locate(row),
                role="time",
                value=int(time[at]),
                remedy="sort the file by time",
            )
        self._last_time[listing] = int(time[-1])
