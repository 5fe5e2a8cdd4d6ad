"""Raw Binance WebSocket recordings, spot and USD-M: lines of `<receive time, ns> <combined-stream JSON>`.

Read are bookTicker, trade, depth diffs and the REST depth snapshot; every other line must still be whole JSON.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import inf, nan
from pathlib import Path
from typing import Final

import msgspec

from cluster.feeds.columns import NO_EVENT_TIME, Chunk, ChunkBuilder
from cluster.feeds.readers.base import Coverage, ReadOptions, data_error, open_bytes
from messages.errors import DataProviderError
from messages.market import TickKind

_MILLISECOND: Final = 1_000_000
_BOOK_TRADE: Final = "MARKET"

Levels = list[tuple[float, float]]


class _Frame(msgspec.Struct, gc=False):
    """Any line: a combined-stream frame, or a REST snapshot when it has `lastUpdateId`."""

    stream: str | None = None
    data: msgspec.Raw = msgspec.Raw()
    lastUpdateId: int | None = None


class _Quote(msgspec.Struct, gc=False):
    """bookTicker. Spot sends no event time."""

    s: str
    b: float
    B: float
    a: float
    A: float
    E: int | None = None


class _Trade(msgspec.Struct, gc=False):
    """trade; `m`: the buyer was the maker; `X` (USD-M): MARKET, or a transfer that never met the book."""

    s: str
    p: float
    q: float
    m: bool
    E: int
    X: str = _BOOK_TRADE


class _Depth(msgspec.Struct, gc=False):
    """depthUpdate: the new sizes at some prices."""

    s: str
    b: Levels
    a: Levels
    E: int


class _Snapshot(msgspec.Struct, gc=False):
    """The REST order book. It names no symbol; spot also no time."""

    bids: Levels
    asks: Levels
    E: int | None = None


_frame = msgspec.json.Decoder(_Frame)
# Binance writes numbers as text; the lenient decoder turns them into floats without a Python string in between.
_quote = msgspec.json.Decoder(_Quote, strict=False)
_trade = msgspec.json.Decoder(_Trade, strict=False)
_depth = msgspec.json.Decoder(_Depth, strict=False)
_snapshot = msgspec.json.Decoder(_Snapshot, strict=False)


def read_binance_stream(path: Path, options: ReadOptions, coverage: Coverage) -> Iterator[tuple[str, Chunk]]:
    """The rows of a raw recording, by listing (`BTCUSDT`). See `cluster.feeds.readers.read` for what is raised."""
    session = _Session(path, options, coverage)
    with open_bytes(path) as stream:
        for number, line in enumerate(stream, 1):
            full = session.take_line(number, line)
            if full is not None:
                coverage.rows += len(full)
                yield full.symbol, full.take()
    session.end()
    for builder in session.builders.values():
        if len(builder):
            coverage.rows += len(builder)
            yield builder.symbol, builder.take()


class _Session:
    """One pass over one file: the builders by listing, and the snapshot that waits for its listing."""

    def __init__(self, path: Path, options: ReadOptions, coverage: Coverage) -> None:
        self.builders: dict[str, ChunkBuilder] = {}
        self._path = path
        self._options = options
        self._coverage = coverage
        self._line = 0
        self._time = 0
        self._waiting: tuple[int, _Snapshot] | None = None
        self._listings: set[str] = set()
        self._by_stream: dict[str, Callable[[msgspec.Raw], ChunkBuilder | None]] = {
            "bookTicker": self._take_quote,
            "trade": self._take_trade,
            "depth": self._take_depth,
        }

    def take_line(self, number: int, line: bytes) -> ChunkBuilder | None:
        """Take one line; returns the builder it filled up, if any."""
        self._line = number
        head, _, body = line.partition(b" ")
        self._take_time(head)
        try:
            builder = self._take_frame(body)
        except msgspec.ValidationError as error:
            raise self._wrong(*_place(str(error))) from error
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            if not line.endswith(b"\n"):
                raise self._error(
                    "the last line is half written",
                    value=line[-40:],
                    remedy="the recording was cut off: drop the last line if the run may end before it",
                ) from error
            raise self._error(
                f"not a JSON document ({error})", value=body[:60], remedy="correct or drop this line"
            ) from error
        return builder if builder is not None and len(builder) >= self._options.chunk_rows else None

    def end(self) -> None:
        """The end of the file: a snapshot that found no listing goes to the one the caller named."""
        if self._waiting is not None and self._options.listing:
            self._builder(self._options.listing)
        elif self._waiting is not None:
            self._coverage.leave_out("snapshot")

    def _take_time(self, head: bytes) -> None:
        if not head.isdigit() or not 16 <= len(head) <= 19:
            raise self._error(
                "does not begin with a receive time in nanoseconds",
                field="time",
                value=head[:40],
                remedy="each line is `<time, ns> <json>`; the line may be half written",
            )
        time = int(head)
        if time < self._time:
            raise self._error(
                f"the receive time goes backwards, from {self._time}",
                field="time",
                value=time,
                remedy="sort the recording by receive time",
            )
        if self._coverage.first_time is None:
            self._coverage.first_time = time
        self._coverage.last_time = self._time = time

    def _take_frame(self, body: bytes) -> ChunkBuilder | None:
        frame = _frame.decode(body)
        if frame.stream is not None:
            name = frame.stream.partition("@")[2].partition("@")[0]
            take = self._by_stream.get(name)
            if take is not None:
                return take(frame.data)
            self._coverage.leave_out(name)
            return None
        if frame.lastUpdateId is not None:
            return self._take_snapshot(body)
        self._coverage.leave_out("other")
        return None

    def _take_quote(self, data: msgspec.Raw) -> ChunkBuilder:
        quote = _quote.decode(data)
        bid, bid_size, ask, ask_size = quote.b, quote.B, quote.a, quote.A
        if not (0 <= bid < inf and 0 <= bid_size < inf and 0 <= ask < inf and 0 <= ask_size < inf):
            raise self._unfit(
                ("b", bid, True), ("B", bid_size, True), ("a", ask, True), ("A", ask_size, True)
            )
        if bid == 0.0:  # an empty side of the book is sent as zeros
            bid = bid_size = nan
        if ask == 0.0:
            ask = ask_size = nan
        builder = self.builders.get(quote.s) or self._builder(quote.s)
        event_time = NO_EVENT_TIME if quote.E is None else quote.E * _MILLISECOND
        builder.append(self._time, event_time, TickKind.QUOTE, (bid, bid_size, ask, ask_size, nan))
        return builder

    def _take_trade(self, data: msgspec.Raw) -> ChunkBuilder | None:
        trade = _trade.decode(data)
        if trade.X != _BOOK_TRADE:  # insurance fund, deleveraging: no order in the book was hit
            self._coverage.leave_out(f"trade {trade.X}")
            return None
        if not (0 < trade.p < inf and 0 < trade.q < inf):
            raise self._unfit(("p", trade.p, False), ("q", trade.q, False))
        builder = self.builders.get(trade.s) or self._builder(trade.s)
        aggressor = -1.0 if trade.m else 1.0
        values = (trade.p, trade.q, aggressor, nan, nan)
        builder.append(self._time, trade.E * _MILLISECOND, TickKind.TRADE, values)
        return builder

    def _take_depth(self, data: msgspec.Raw) -> ChunkBuilder | None:
        if not self._options.include_depth:
            self._coverage.leave_out("depth")
            return None
        depth = _depth.decode(data)
        builder = self.builders.get(depth.s) or self._builder(depth.s)
        self._append_levels(builder, self._time, depth.E, depth.b, depth.a, snapshot=False)
        return builder

    def _take_snapshot(self, body: bytes) -> ChunkBuilder | None:
        if not self._options.include_depth:
            self._coverage.leave_out("snapshot")
            return None
        snapshot = _snapshot.decode(body)
        if not self._listings:
            self._waiting = (self._time, snapshot)
            return None
        if len(self._listings) > 1:
            raise self._error(
                "the order book snapshot names no symbol and the file holds several",
                field="symbol",
                value=", ".join(sorted(self._listings)),
                remedy="record one symbol per file, or read without depth",
            )
        builder = self.builders[next(iter(self._listings))]
        self._append_levels(builder, self._time, snapshot.E, snapshot.bids, snapshot.asks, snapshot=True)
        return builder

    def _builder(self, listing: str) -> ChunkBuilder:
        """The builder of a listing; a new listing first gets the snapshot that came before any listing."""
        builder = self.builders.setdefault(listing, ChunkBuilder(listing))
        self._listings.add(listing)
        if self._waiting is not None:
            time, book = self._waiting
            self._waiting = None
            self._append_levels(builder, time, book.E, book.bids, book.asks, snapshot=True)
        return builder

    def _append_levels(
        self,
        builder: ChunkBuilder,
        time: int,
        event: int | None,
        bids: Levels,
        asks: Levels,
        *,
        snapshot: bool,
    ) -> None:
        event_time = NO_EVENT_TIME if event is None else event * _MILLISECOND
        left = len(bids) + len(asks)
        for side, levels in ((1.0, bids), (-1.0, asks)):
            for price, size in levels:
                if not (0 < price < inf and 0 <= size < inf):
                    raise self._unfit(("price", price, False), ("size", size, True))
                left -= 1
                values = (side, price, size, 1.0 if snapshot else 0.0, 0.0 if left else 1.0)
                builder.append(time, event_time, TickKind.DEPTH, values)

    def _unfit(self, *fields: tuple[str, float, bool]) -> DataProviderError:
        """The error for the first of `(name, value, may be zero)` that is no price or size."""
        name, value = next(
            (name, value) for name, value, zero in fields if not (0 < value < inf or (zero and value == 0))
        )
        return self._error("not a price or size", field=name, value=value, remedy="correct or drop this line")

    def _wrong(self, reason: str, name: str | None) -> DataProviderError:
        return self._error(reason, field=name, remedy="the line is not what Binance sends on this stream")

    def _error(
        self, message: str, *, field: str | None = None, value: object = None, remedy: str
    ) -> DataProviderError:
        return data_error(self._path, message, row=self._line, field=field, value=value, remedy=remedy)


def _place(reason: str) -> tuple[str, str | None]:
    """Split msgspec's "Expected `float`, got `str` - at `$.b`" (or "... missing required field `b`")."""
    message, _, path = reason.partition(" - at ")
    if path:
        return message, path.strip("`").removeprefix("$.")
    return message, message.split("`")[1] if "missing required field" in message else None
