"""Market data at full speed: frames of a venue decoded, with books kept, and as rows of a live feed; per core.

The frames are made from a seed in the proportions of a recorded hour of BTCUSDT perpetuals: of a hundred, 71 best
quotes, 22 trades, and 7 changes of the book with 70 levels each. Time is the process's own CPU time.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec

from actors.venues.binance_usdm.market_frames import DepthUpdate, decode_frame
from actors.venues.binance_usdm.market_plan import plan_lines
from actors.venues.binance_usdm.market_session import MarketSession
from actors.venues.binance_usdm.order_book import SequencedBook
from actors.venues.market_port import BookLevels, Subscription
from cluster.bench.crew import BenchError
from messages.market import TickKind

_SYMBOL: Final = "BTC-USDT-PERP"
_LISTING: Final = "BTCUSDT"
_START_MS: Final = 1_767_225_600_000
_PATTERN: Final = (
    ("quote",) * 3 + ("trade",) + ("quote",) * 4 + ("trade",) + ("quote",) * 3 + ("trade", "depth")
)
_LEVELS: Final = 35
_DEEP: Final = 500
_TICK: Final = 0.1


class FeedPlan(msgspec.Struct, frozen=True):
    """How many frames are made, and how often each measurement is repeated; the best counts."""

    frames: int = 100_000
    rounds: int = 5


def measure_feed(plan: FeedPlan) -> dict[str, Any]:
    """Frames per second of CPU time: `decode`, `book` (decoded, and every change applied) and `rows` (ticks made)."""
    frames = make_frames(plan.frames)
    bare = [frame.partition(b'"data":')[2][:-1] for frame in frames]
    return {
        "decode": _rates(frames, plan.rounds, _decode, floor=(bare, msgspec.json.Decoder(Any).decode)),
        "book": _rates(frames, plan.rounds, _with_book),
        "rows": _rates(frames, plan.rounds, _as_rows),
    }


def make_frames(count: int, seed: int = 7) -> list[bytes]:
    """Frames of the combined stream; the book's changes follow a snapshot with sequence 0."""
    draw = random.Random(seed)
    mid, last, found = 60_000.0, 0, []
    for number in range(1, count + 1):
        mid = max(30_000.0, mid + draw.choice((-_TICK, 0.0, 0.0, _TICK)))
        kind = _PATTERN[number % len(_PATTERN)]
        make = {"quote": _quote, "trade": _trade, "depth": _depth}[kind]
        stream, data = make(draw, mid, number, last)
        if kind == "depth":
            last = number
        found.append(msgspec.json.encode({"stream": f"btcusdt@{stream}", "data": data}))
    return found


def _quote(draw: random.Random, mid: float, number: int, last: int) -> tuple[str, dict[str, Any]]:
    data = {"e": "bookTicker", "u": number, "s": _LISTING, "b": _price(mid - _TICK), "B": _size(draw)}
    return "bookTicker", data | {"a": _price(mid), "A": _size(draw), **_times(number)}


def _trade(draw: random.Random, mid: float, number: int, last: int) -> tuple[str, dict[str, Any]]:
    data = {"e": "aggTrade", **_times(number), "s": _LISTING, "a": number, "p": _price(mid), "q": _size(draw)}
    return "aggTrade", data | {"f": number, "l": number, "m": draw.random() < 0.5}


def _depth(draw: random.Random, mid: float, number: int, last: int) -> tuple[str, dict[str, Any]]:
    def levels(step: float) -> list[list[str]]:
        places = sorted(draw.sample(range(1, _DEEP), _LEVELS))
        return [
            [_price(mid + step * place), "0.000" if draw.random() < 0.3 else _size(draw)] for place in places
        ]

    data = {"e": "depthUpdate", **_times(number), "s": _LISTING, "U": last + 1, "u": number, "pu": last}
    return "depth@100ms", data | {"b": levels(-_TICK), "a": levels(_TICK)}


def _price(price: float) -> str:
    return f"{price:.2f}"


def _size(draw: random.Random) -> str:
    return f"{draw.expovariate(1.0) + 0.001:.3f}"


def _times(number: int) -> dict[str, int]:
    return {"E": _START_MS + number, "T": _START_MS + number}


# ---------------------------------------------------------------------- measured


def _rates(
    frames: Sequence[bytes],
    rounds: int,
    work: Callable[[Sequence[bytes]], None],
    floor: tuple[Sequence[bytes], Callable[[bytes], Any]] | None = None,
) -> dict[str, Any]:
    found: dict[str, Any] = {"frames_per_s": round(len(frames) / _best(lambda: work(frames), rounds))}
    found["us_per_frame"] = round(1e6 / found["frames_per_s"], 2)
    if floor is not None:
        bare, decode = floor

        def run() -> None:
            for body in bare:
                decode(body)

        found["floor_plain_json_per_s"] = round(len(bare) / _best(run, rounds))
    return found


def _best(work: Callable[[], None], rounds: int) -> float:
    spans = []
    for _ in range(rounds):
        began = time.process_time()
        work()
        spans.append(time.process_time() - began)
    return max(min(spans), 1e-9)


def _decode(frames: Sequence[bytes]) -> None:
    for frame in frames:
        decode_frame(frame)


def _with_book(frames: Sequence[bytes]) -> None:
    book = SequencedBook()
    book.begin(0, (), ())
    for frame in frames:
        event = decode_frame(frame)
        if type(event) is DepthUpdate:
            book.take(event)
    if book.wants_snapshot:
        raise BenchError("the book lost its place", field="feed.book", value=book.last)


class _Counting:
    """A sink that counts rows by kind, so that the cost measured is the way to the sink."""

    def __init__(self) -> None:
        self.counts = [0] * (TickKind.DEPTH + 1)

    def tick(
        self, symbol: str, kind: int, event_time: int, v0: float, v1: float, v2: float, v3: float, v4: float
    ) -> None:
        self.counts[kind] += 1

    def interrupted(self, symbols: Sequence[str], detail: str) -> None:
        raise BenchError(f"the stream was interrupted: {detail}", field="feed.rows")

    def restored(self, symbols: Sequence[str]) -> None:
        """Nothing to do."""


async def _no_book(symbol: str) -> BookLevels:
    raise BenchError("no book is fetched here", field="feed.rows", value=symbol)


def _as_rows(frames: Sequence[bytes]) -> None:
    wanted = [Subscription(_SYMBOL, _LISTING)]
    sink = _Counting()
    session = MarketSession(
        wanted, plan_lines(wanted, 200), sink, _no_book, books_at_once=1, book_pause_s=1.0
    )
    for frame in frames:
        session.take(frame)
    if sink.counts[TickKind.QUOTE] + sink.counts[TickKind.TRADE] + session.unknown != len(frames):
        raise BenchError("rows were lost", field="feed.rows", value=sink.counts)
