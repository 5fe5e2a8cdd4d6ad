"""Binance USD-M futures as a `MarketDataPort`: questions by REST, everything that happens by WebSocket."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import msgspec

from actors.venues.binance_usdm.market_line import Line, LineSettings
from actors.venues.binance_usdm.market_plan import plan_lines
from actors.venues.binance_usdm.market_rest import MarketRest, PublicRequests
from actors.venues.binance_usdm.market_session import MarketSession
from actors.venues.market_port import Bar, BookLevels, MarketSink, StreamHealth, Subscription, TopOfBook
from messages.venue_account import VenueInstrument


class MarketSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How the public streams are used; `books_at_once` bounds the books fetched at the same time after a break, and
    `book_pause_s` parts one attempt from the next.
    """

    lines: LineSettings
    book_levels: int = 1000
    books_at_once: int = 2
    book_pause_s: float = 1.0


class BinanceUsdmMarket:
    """See `MarketDataPort`. `listings` are the venue's names by symbol, such as BTCUSDT for BTC-USDT-PERP."""

    def __init__(
        self, venue: str, listings: Mapping[str, str], requests: PublicRequests, settings: MarketSettings
    ) -> None:
        self._venue = venue
        self._settings = settings
        self._rest = MarketRest(requests, listings)
        self._lines: list[Line] = []
        self._session: MarketSession | None = None
        self._streams: set[asyncio.Task[object]] = set()

    @property
    def venue(self) -> str:
        """The venue's name in the desk."""
        return self._venue

    async def server_time(self) -> int:
        """See `MarketDataPort.server_time`."""
        return await self._rest.server_time()

    async def instruments(self, symbols: Sequence[str]) -> tuple[VenueInstrument, ...]:
        """See `MarketDataPort.instruments`."""
        return await self._rest.instruments(symbols)

    async def top_of_book(self, symbols: Sequence[str]) -> tuple[TopOfBook, ...]:
        """See `MarketDataPort.top_of_book`."""
        return await self._rest.top_of_book(symbols)

    async def book(self, symbol: str, levels: int) -> BookLevels:
        """See `MarketDataPort.book`."""
        return await self._rest.book(symbol, levels)

    async def bars(self, symbol: str, length: int, start: int, end: int) -> tuple[Bar, ...]:
        """See `MarketDataPort.bars`."""
        return await self._rest.bars(symbol, length, start, end)

    async def average_daily_volume(self, symbol: str, days: int) -> float:
        """See `MarketDataPort.average_daily_volume`."""
        return await self._rest.average_daily_volume(symbol, days)

    async def stream(self, subscriptions: Sequence[Subscription], sink: MarketSink) -> None:
        """See `MarketDataPort.stream`."""
        settings = self._settings
        plans = plan_lines(subscriptions, settings.lines.streams_per_connection)
        session = MarketSession(
            subscriptions,
            plans,
            sink,
            self._fetch_book,
            books_at_once=settings.books_at_once,
            book_pause_s=settings.book_pause_s,
        )
        lines = [Line(plan, settings.lines, session) for plan in plans]
        self._session, self._lines = session, lines
        task = asyncio.current_task()
        assert task is not None
        self._streams.add(task)
        try:
            async with asyncio.TaskGroup() as group:
                for line in lines:
                    group.create_task(line.run())
        finally:
            self._streams.discard(task)
            await session.close()

    async def _fetch_book(self, symbol: str) -> BookLevels:
        return await self._rest.book(symbol, self._settings.book_levels)

    def health(self) -> StreamHealth:
        """See `MarketDataPort.health`."""
        lines, session = self._lines, self._session
        return StreamHealth(
            connections=len(lines),
            connected=sum(line.up for line in lines),
            reconnects=sum(line.reconnects for line in lines),
            storm=any(line.storm() for line in lines),
            gaps=session.gaps if session is not None else 0,
            missed_trades=session.missed_trades if session is not None else 0,
            repeated=session.repeated if session is not None else 0,
            detail=next((line.detail for line in lines if line.detail), ""),
        )

    async def close(self) -> None:
        """See `MarketDataPort.close`: a running stream is cancelled."""
        streams = list(self._streams)
        for task in streams:
            task.cancel()
        await asyncio.gather(*streams, return_exceptions=True)
