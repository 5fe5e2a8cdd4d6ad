"""LEAN's zipped texts: trades and quotes of one symbol on one day, as ticks or as bars of a second or a minute.

| file | columns | rows |
|---|---|---|
| trade bars | ms, open, high, low, close, volume | BAR, timed at the END of its interval |
| quote bars | ms, bid open, high, low, close, last bid size, the same of the ask | QUOTE at the END: last bid and ask |
| tick trades | ms, price, size, (exchange, condition,) suspicious | TRADE; the aggressor is unknown |
| tick quotes | ms, bid, bid size, ask, ask size, (exchange, condition,) suspicious | QUOTE |

`ms` counts from midnight of the exchange's wall clock and tells where an interval BEGINS. Prices of US equities are
stored times 10,000. A price that is 0 or empty is a side that is absent (nan, its size too); tick quotes of equities
tell one side per row, and `ReadOptions.one_sided="carry"` keeps the last value of the other. Ticks marked as
suspicious are left out and counted. `event_time` = `time`: there is one clock.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

import numpy as np

from cluster.feeds.columns import Chunk, Flags, Times, Values
from cluster.feeds.readers.bars import BarSeries, misshapen
from cluster.feeds.readers.base import (
    CROSSED_QUOTE,
    ONE_SIDED_QUOTE,
    SUSPICIOUS,
    Coverage,
    ReadOptions,
    data_error,
)
from cluster.feeds.readers.lean_names import LeanFile, check_member, lean_file
from cluster.feeds.readers.lines import Block, blocks
from cluster.feeds.readers.wall_clock import WallClock
from messages.errors import DataProviderError
from messages.market import TickKind

_MILLISECOND: Final = 1_000_000
_ENCRYPTED: Final = 0x1

_MARKS: Final = ("exchange", "condition", "suspicious")
_TEXTS: Final = frozenset({"exchange", "condition"})
_BAR: Final = ("ms", "open", "high", "low", "close", "volume")
_QUOTE_BAR: Final = (
    *("ms", "bid_open", "bid_high", "bid_low", "bid", "bid_size"),
    *("ask_open", "ask_high", "ask_low", "ask", "ask_size"),
)
_TRADE: Final = ("ms", "price", "size")
_QUOTE: Final = ("ms", "bid", "bid_size", "ask", "ask_size")

COLUMNS: Final[Mapping[tuple[str, bool], tuple[tuple[str, ...], ...]]] = {
    ("trade", False): (_BAR,),
    ("quote", False): (_QUOTE_BAR,),
    ("trade", True): (_TRADE, (*_TRADE, "suspicious"), (*_TRADE, *_MARKS)),
    ("quote", True): (_QUOTE, (*_QUOTE, "suspicious"), (*_QUOTE, *_MARKS)),
}
"""The columns a file may have, by its kind and whether it holds ticks; their number tells which."""

Columns = dict[str, Values]


def read_lean(path: Path, options: ReadOptions, coverage: Coverage) -> Iterator[tuple[str, Chunk]]:
    """The rows of one zip. See `cluster.feeds.readers.read` for what is raised."""
    file = lean_file(path)
    with _open_text(path, file) as stream:
        rows = _Rows(path, file, options, coverage)
        for block in blocks(path, stream, first_line=1, ends_in_newline=False):
            chunk = rows.take(block)
            coverage.rows += len(chunk)
            for start in range(0, len(chunk), options.chunk_rows):
                yield file.listing, chunk.part(start, start + options.chunk_rows)


@contextmanager
def _open_text(path: Path, file: LeanFile) -> Iterator[BinaryIO]:
    """The one text in the zip. Reading it to its end checks it against the zip's checksum."""
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        if len(members) != 1:
            raise data_error(
                path,
                "a LEAN zip of one day holds one text",
                field="members",
                value=", ".join(member.filename for member in members[:5]),
                remedy="give daily files of ticks, seconds or minutes",
            )
        check_member(path, file, members[0].filename)
        if members[0].flag_bits & _ENCRYPTED:
            raise data_error(path, "the zip file is encrypted", remedy="unpack it and pack it without")
        with archive.open(members[0]) as stream:
            yield cast(BinaryIO, stream)


@dataclass(slots=True)
class _Side:
    """A side of the book as it last was, for quotes that tell only the other."""

    price: float = float("nan")
    size: float = float("nan")


class _Rows:
    """Turns the blocks of one file into chunks; remembers what a later block needs."""

    def __init__(self, path: Path, file: LeanFile, options: ReadOptions, coverage: Coverage) -> None:
        self._path = path
        self._file = file
        self._coverage = coverage
        trades = TickKind.BAR if file.interval else TickKind.TRADE
        self._kind = TickKind.QUOTE if file.kind == "quote" else trades
        self._carry = options.one_sided == "carry" and not file.interval
        self._clock = WallClock(file.day, file.zone(path))
        self._columns: tuple[str, ...] | None = None
        self._last_time = 0
        self._sides = {"bid": _Side(), "ask": _Side()}
        self._bars = BarSeries(coverage, length=file.interval, stamped_open=False)

    def take(self, block: Block) -> Chunk:
        """The rows of one block. Raises `DataProviderError` for the first bad one."""
        columns = self._parse(block)
        time = self._times(columns["ms"], block)
        self._coverage.saw(int(time[0]), int(time[-1]))
        values = self._values(columns, block)
        kinds = np.full(len(time), self._kind, dtype=np.int8)
        chunk = Chunk(self._file.listing, time, time, kinds, *values)
        if self._kind == TickKind.BAR:
            return self._bars.take(
                chunk, lambda row, message, **more: self._error(message, block, row, field="ms", **more)
            )
        return self._without_suspicious(chunk, columns, block)

    def _values(self, columns: Columns, block: Block) -> list[Values]:
        if self._kind == TickKind.QUOTE:
            return self._quote(columns, block)
        return self._bar(columns, block) if self._kind == TickKind.BAR else self._trade(columns, block)

    def _parse(self, block: Block) -> Columns:
        import pyarrow as pa
        import pyarrow.csv

        names = self._names(block)
        wanted = [name for name in names if name not in _TEXTS]
        try:
            table = pyarrow.csv.read_csv(
                pa.BufferReader(block.data),
                read_options=pyarrow.csv.ReadOptions(
                    column_names=list(names), use_threads=False, block_size=len(block.data) + 1
                ),
                parse_options=pyarrow.csv.ParseOptions(quote_char=False, ignore_empty_lines=False),
                convert_options=pyarrow.csv.ConvertOptions(
                    column_types=dict.fromkeys(wanted, pa.float64()), include_columns=wanted, null_values=[""]
                ),
            )
        except pa.ArrowInvalid as error:
            raise self._explained(block, names, str(error)) from error
        return {name: np.array(table.column(name).to_numpy(), dtype=np.float64) for name in wanted}

    def _names(self, block: Block) -> tuple[str, ...]:
        if self._columns is None:
            fields = block.data.split(b"\n", 1)[0].count(b",") + 1
            layouts = COLUMNS[self._file.kind, self._file.interval == 0]
            fitting = [names for names in layouts if len(names) == fields]
            if not fitting:
                raise self._error(
                    f"{fields} fields where there are " + " or ".join(str(len(names)) for names in layouts),
                    block,
                    0,
                    remedy=f"the columns are {', '.join(layouts[-1])}",
                )
            self._columns = fitting[0]
        return self._columns

    def _times(self, milliseconds: Values, block: Block) -> Times:
        wrong = ~np.isfinite(milliseconds)
        if not wrong.any():
            since_midnight = np.rint(milliseconds * _MILLISECOND).astype(np.int64)
            start, never = self._clock.utc(since_midnight)
            if never is None:
                time = start + self._file.interval
                self._check_order(time, block)
                return time
            wrong[never] = True
        row = int(np.argmax(wrong))
        raise self._error(
            "not a time of this day",
            block,
            row,
            field="ms",
            value=float(milliseconds[row]),
            remedy="it counts milliseconds since midnight of the exchange's clock; correct or drop this line",
        )

    def _check_order(self, time: Times, block: Block) -> None:
        backwards = np.diff(time, prepend=self._last_time) < 0
        if backwards.any():
            row = int(np.argmax(backwards))
            raise self._error(
                "the time goes backwards",
                block,
                row,
                field="ms",
                value=int(time[row]),
                remedy="sort the file by time",
            )
        self._last_time = int(time[-1])

    def _bar(self, columns: Columns, block: Block) -> list[Values]:
        prices = [self._price(columns, name, block) for name in ("open", "high", "low", "close")]
        self._check_shape(prices, "high", block)
        return [*prices, self._size(columns, "volume", block)]

    def _trade(self, columns: Columns, block: Block) -> list[Values]:
        price, size = self._price(columns, "price", block), columns["size"]
        self._refuse(~((size > 0) & np.isfinite(size)), "size", columns, block)
        unknown = np.full(len(price), np.nan)
        return [price, size, unknown, unknown, unknown]

    def _quote(self, columns: Columns, block: Block) -> list[Values]:
        values: list[Values] = []
        for side in ("bid", "ask"):
            price = self._price(columns, side, block, may_be_absent=True)
            size = self._size(columns, f"{side}_size", block)
            if self._file.interval:
                others = [
                    self._price(columns, f"{side}_{name}", block, may_be_absent=True)
                    for name in ("open", "high", "low")
                ]
                self._check_shape([*others, price], side, block)
            size = np.where(np.isnan(price), np.nan, size)
            values += self._carried(side, price, size, columns) if self._carry else (price, size)
        return [*values, np.full(len(values[0]), np.nan)]

    def _carried(self, side: str, price: Values, size: Values, columns: Columns) -> tuple[Values, Values]:
        """Where the side is absent, what it last was; a suspicious tick is not remembered."""
        last = self._sides[side]
        if "suspicious" in columns:
            price = np.where(columns["suspicious"] == 1, np.nan, price)
        prices, sizes = (
            np.concatenate(([before], column)) for before, column in ((last.price, price), (last.size, size))
        )
        at = np.maximum.accumulate(np.where(np.isnan(prices), 0, np.arange(len(prices))))
        prices, sizes = prices[at], sizes[at]
        self._sides[side] = _Side(float(prices[-1]), float(sizes[-1]))
        return prices[1:], sizes[1:]

    def _without_suspicious(self, chunk: Chunk, columns: Columns, block: Block) -> Chunk:
        marks = columns.get("suspicious")
        if marks is not None:
            self._refuse((marks != 0) & (marks != 1), "suspicious", columns, block)
            if marks.any():
                self._coverage.leave_out(SUSPICIOUS, int(marks.sum()))
                chunk = chunk.where(marks == 0)
        if self._kind == TickKind.QUOTE:
            self._coverage.note(CROSSED_QUOTE, int((chunk.v0 > chunk.v2).sum()))
            self._coverage.note(ONE_SIDED_QUOTE, int((np.isnan(chunk.v0) | np.isnan(chunk.v2)).sum()))
        return chunk

    def _price(self, columns: Columns, name: str, block: Block, *, may_be_absent: bool = False) -> Values:
        """A column of prices in units of the quote currency."""
        prices = columns[name]
        wrong = ~((prices > 0) & np.isfinite(prices))
        if may_be_absent:
            absent = np.isnan(prices) | (prices == 0)
            wrong &= ~absent
            prices = np.where(absent, np.nan, prices)
        self._refuse(wrong, name, columns, block)
        return prices / self._file.price_scale

    def _size(self, columns: Columns, name: str, block: Block) -> Values:
        sizes = columns[name]
        self._refuse(~(np.isnan(sizes) | ((sizes >= 0) & np.isfinite(sizes))), name, columns, block)
        return sizes

    def _check_shape(self, prices: list[Values], name: str, block: Block) -> None:
        opening, high, low, close = prices
        wrong = misshapen(opening, high, low, close)
        if wrong.any():
            row = int(np.argmax(wrong))
            raise self._error(
                "the bar's open or close lies outside of its low and high",
                block,
                row,
                field=name,
                value=tuple(float(column[row]) for column in prices),
                remedy="correct or drop this line",
            )

    def _refuse(self, wrong: Flags, name: str, columns: Columns, block: Block) -> None:
        if wrong.any():
            row = int(np.argmax(wrong))
            raise self._error(
                "not 0 or 1" if name == "suspicious" else "not a finite positive number",
                block,
                row,
                field=name,
                value=float(columns[name][row]),
                remedy="correct or drop this line",
            )

    def _explained(self, block: Block, names: tuple[str, ...], reason: str) -> DataProviderError:
        """Find the line and the field that Arrow refused; it names neither."""
        for row, line in enumerate(block.data.splitlines()):
            fields = line.split(b",")
            if len(fields) != len(names):
                return self._error(
                    f"{len(fields)} fields where there are {len(names)}",
                    block,
                    row,
                    value=line[:60],
                    remedy="the line is half written or has a stray comma",
                )
            for name, text in zip(names, fields, strict=True):
                if name not in _TEXTS and not _is_number(text):
                    return self._error(
                        "not a number",
                        block,
                        row,
                        field=name,
                        value=text[:40],
                        remedy="correct or drop this line",
                    )
        return data_error(self._path, f"not readable as CSV ({reason})", remedy="fetch the file again")

    def _error(
        self,
        message: str,
        block: Block,
        row: int,
        *,
        field: str | None = None,
        value: Any = None,
        remedy: str,
    ) -> DataProviderError:
        line = block.first_line + row  # no line is empty: each would be refused
        return data_error(self._path, message, row=line, field=field, value=value, remedy=remedy)


def _is_number(text: bytes) -> bool:
    try:
        float(text or b"nan")
    except ValueError:
        return False
    return True
