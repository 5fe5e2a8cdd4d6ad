"""Small recordings that the tests write themselves: raw streams, tables, and chunks without a file."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from cluster.feeds.columns import COLUMNS, ROW, Chunk, Rows, chunk_of_rows, concatenate
from messages.market import TickKind

START = 1_723_161_255_000_000_000
MS = 1_000_000
LISTINGS = {"BTCUSDT": "BTC-USDT", "ETHUSDT": "ETH-USDT"}


def stream_line(time: int, document: object) -> str:
    return f"{time} {json.dumps(document, separators=(',', ':'))}\n"


def quote_line(
    time: int, bid: str = "100.1", ask: str = "100.2", *, listing: str = "BTCUSDT", **more: Any
) -> str:
    data = {"e": "bookTicker", "u": 1, "s": listing, "b": bid, "B": "2.5", "a": ask, "A": "3.5"}
    data |= {"T": time // MS, "E": time // MS + 1270}
    return stream_line(time, {"stream": f"{listing.lower()}@bookTicker", "data": data | more})


def spot_quote_line(time: int, *, listing: str = "BTCUSDT") -> str:
    data = {"u": 1, "s": listing, "b": "100.1", "B": "2.5", "a": "100.2", "A": "3.5"}
    return stream_line(time, {"stream": f"{listing.lower()}@bookTicker", "data": data})


def trade_line(
    time: int,
    price: str = "100.2",
    size: str = "0.5",
    *,
    buyer_maker: bool = False,
    listing: str = "BTCUSDT",
    **more: Any,
) -> str:
    data = {
        "e": "trade",
        "E": time // MS + 1270,
        "T": time // MS,
        "s": listing,
        "t": 7,
        "p": price,
        "q": size,
    }
    data |= {"X": "MARKET", "m": buyer_maker}
    return stream_line(time, {"stream": f"{listing.lower()}@trade", "data": data | more})


def depth_line(
    time: int, bids: Sequence[Sequence[str]], asks: Sequence[Sequence[str]], *, listing: str = "BTCUSDT"
) -> str:
    data = {"e": "depthUpdate", "E": time // MS + 1270, "s": listing, "U": 1, "u": 2, "b": bids, "a": asks}
    return stream_line(time, {"stream": f"{listing.lower()}@depth@0ms", "data": data})


def snapshot_line(time: int, bids: Sequence[Sequence[str]], asks: Sequence[Sequence[str]]) -> str:
    return stream_line(time, {"lastUpdateId": 9, "bids": bids, "asks": asks})


def write_stream(path: Path, lines: Iterable[str]) -> Path:
    path.write_bytes(gzip.compress("".join(lines).encode(), mtime=0))
    return path


def write_session(
    path: Path, *, rows: int = 200, listing: str = "BTCUSDT", start: int = START, step: int = MS
) -> Path:
    """A raw stream of quotes with a trade at every fifth row."""
    lines = []
    for row in range(rows):
        time = start + row * step
        price = f"{100 + row / 10:.1f}"
        line = trade_line if row % 5 == 4 else quote_line
        lines.append(line(time, price, listing=listing))
    return write_stream(path, lines)


def write_text(path: Path, text: str) -> Path:
    data = text.encode()
    path.write_bytes(gzip.compress(data, mtime=0) if path.suffix == ".gz" else data)
    return path


def table_of(times: Iterable[int], *, mark: float = 0.0) -> Rows:
    """Rows whose v0 tells the table (`mark`) and whose v1 tells the row."""
    column = np.array(list(times), dtype=np.int64)
    rows = np.zeros(len(column), dtype=ROW)
    rows["time"] = rows["event_time"] = column
    rows["kind"] = TickKind.QUOTE
    rows["v0"] = mark
    rows["v1"] = np.arange(len(column))
    return rows


def chunk_at(times: Iterable[int], symbol: str = "BTC-USDT") -> Chunk:
    return chunk_of_rows(symbol, table_of(times))


def same_rows(left: Iterable[Chunk], right: Iterable[Chunk]) -> bool:
    """Whether two runs of chunks hold the same rows, however they are cut."""
    one, other = (concatenate("", list(chunks)) for chunks in (left, right))
    return all(np.array_equal(getattr(one, name), getattr(other, name), equal_nan=True) for name in COLUMNS)
