"""The border to a venue's public market data: what is listed, what it costs now, and the stream of what happens.

Apart from `port`, as it needs no account: a strategy's process, a relay and a recorder use it. Market data is scalars
(`messages.market.TickKind` says what the five values mean); nothing here makes an object per quote.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from messages.venue_account import VenueInstrument


class Subscription(msgspec.Struct, frozen=True):
    """What is wanted of one symbol: any of quotes (best bid and ask), trades, the book, and bars of `bar_ns` length.

    `listing` is the venue's name of the symbol.
    """

    symbol: str
    listing: str
    quotes: bool = True
    trades: bool = True
    depth: bool = False
    bar_ns: int | None = None


class MarketSink(Protocol):
    """Takes what the stream tells, in order, on the stream's own event loop; must not block."""

    def tick(
        self,
        symbol: str,
        kind: int,
        event_time: int,
        v0: float,
        v1: float,
        v2: float,
        v3: float,
        v4: float,
    ) -> None:
        """One row; `event_time` is the venue's (ns UTC). A change of the book is one row per level."""

    def interrupted(self, symbols: Sequence[str], detail: str) -> None:
        """What these symbols show is no longer sure: the stream is down, silent, or has skipped something."""

    def restored(self, symbols: Sequence[str]) -> None:
        """What these symbols show is whole again; a book begins anew with a snapshot."""


class BookLevels(msgspec.Struct, frozen=True):
    """An order book at one instant: (price, size) from the best on; `event_time` ns UTC, `sequence` the venue's."""

    symbol: str
    event_time: int
    sequence: int
    bids: tuple[tuple[float, float], ...]
    asks: tuple[tuple[float, float], ...]


class TopOfBook(msgspec.Struct, frozen=True):
    """Best bid and ask of a symbol at `event_time` (ns UTC); None where a side is empty."""

    symbol: str
    event_time: int
    bid: float | None
    bid_size: float | None
    ask: float | None
    ask_size: float | None


class Bar(msgspec.Struct, frozen=True):
    """A closed bar that began at `time` (ns UTC) and lasted `length` ns; volume in base units."""

    symbol: str
    time: int
    length: int
    open: float
    high: float
    low: float
    close: float
    volume: float


class StreamHealth(msgspec.Struct, frozen=True, kw_only=True):
    """How a venue's public stream is, without asking it.

    `reconnects` counts connections that failed or were lost, `storm` says that so many did within minutes that
    somebody should look. `gaps` are breaks in a book that a snapshot healed, `missed_trades` those that ids tell of,
    `repeated` events that came again and were passed over.
    `shed` are quotes conflated away on the way here (a relay does that for slow clients).
    """

    connections: int = 0
    connected: int = 0
    reconnects: int = 0
    storm: bool = False
    gaps: int = 0
    missed_trades: int = 0
    repeated: int = 0
    shed: int = 0
    detail: str = ""


class MarketDataPort(Protocol):
    """One venue's public data. Calls raise `VenueConnectionError` when there is no answer, `DataProviderError` for
    an answer that makes no sense; they are within the venue's request budget.
    """

    @property
    def venue(self) -> str:
        """The venue's name in the desk."""

    async def server_time(self) -> int:
        """The venue's clock now, ns UTC."""

    async def instruments(self, symbols: Sequence[str]) -> tuple[VenueInstrument, ...]:
        """The rules of these symbols; one that is not listed is missing."""

    async def top_of_book(self, symbols: Sequence[str]) -> tuple[TopOfBook, ...]:
        """Best bid and ask now, by request: what a poll shows when no stream can be had."""

    async def book(self, symbol: str, levels: int) -> BookLevels:
        """The best `levels` of both sides now."""

    async def bars(self, symbol: str, length: int, start: int, end: int) -> tuple[Bar, ...]:
        """Closed bars of `length` ns that begin at `start` <= time < `end` (ns UTC), oldest first."""

    async def average_daily_volume(self, symbol: str, days: int) -> float:
        """Mean daily volume (base units) of the last `days` whole days."""

    async def stream(self, subscriptions: Sequence[Subscription], sink: MarketSink) -> None:
        """Feed `sink` until cancelled, reconnecting with backoff and healing gaps by itself; one at a time.

        Raises `ConfigurationError` for what the venue does not stream.
        """

    def health(self) -> StreamHealth:
        """How the running stream is."""

    async def close(self) -> None:
        """Let go of all connections. Harmless to repeat."""
