"""A venue's public data played by hand, and a desk clock that counts."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any

from actors.venues.market_port import Bar, BookLevels, MarketSink, StreamHealth, Subscription, TopOfBook
from messages.errors import VenueConnectionError
from messages.venue_account import VenueInstrument

SECOND = 1_000_000_000
NAN = float("nan")


class ByHand:
    """A `MarketDataPort` whose stream is its `sink`, there once `stream` was called."""

    venue = "venue"

    def __init__(self) -> None:
        self.sink: MarketSink | None = None
        self.wanted: list[Subscription] = []
        self.streaming = asyncio.Event()
        self.quotes: dict[str, TopOfBook] = {}
        self.history: list[Bar] = []
        self.away = False
        self.offset = 0
        self.asked: list[list[str]] = []
        self.closed = False

    def _answer(self) -> None:
        if self.away:
            raise VenueConnectionError("away")

    async def server_time(self) -> int:
        self._answer()
        return time.time_ns() + self.offset

    async def instruments(self, symbols: Sequence[str]) -> tuple[VenueInstrument, ...]:
        raise NotImplementedError

    async def top_of_book(self, symbols: Sequence[str]) -> tuple[TopOfBook, ...]:
        self.asked.append(list(symbols))
        self._answer()
        return tuple(self.quotes[symbol] for symbol in symbols if symbol in self.quotes)

    async def book(self, symbol: str, levels: int) -> BookLevels:
        raise NotImplementedError

    async def bars(self, symbol: str, length: int, start: int, end: int) -> tuple[Bar, ...]:
        self._answer()
        return tuple(bar for bar in self.history if start <= bar.time < end)

    async def average_daily_volume(self, symbol: str, days: int) -> float:
        raise NotImplementedError

    async def stream(self, subscriptions: Sequence[Subscription], sink: MarketSink) -> None:
        self.sink, self.wanted = sink, list(subscriptions)
        self.streaming.set()
        await asyncio.Event().wait()

    def health(self) -> StreamHealth:
        return StreamHealth(connections=1, connected=1, reconnects=3)

    async def close(self) -> None:
        self.closed = True

    def tell(self, symbol: str, kind: int, event_time: int, *values: float) -> None:
        assert self.sink is not None
        padded = (*values, *(NAN,) * 5)[:5]
        self.sink.tick(symbol, kind, event_time, *padded)

    def quote(self, symbol: str, event_time: int, bid: float = 99.0, ask: float = 101.0) -> None:
        self.tell(symbol, 1, event_time, bid, 1.0, ask, 2.0)


async def until(condition: Callable[[], Any], seconds: float = 30.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.002)
