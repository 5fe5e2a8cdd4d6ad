"""Public questions to the venue's REST API: time, listings, best quotes, books and bars.

The way to ask is handed in, so that all adapters of a process share one pool of connections and one request budget.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol, TypeVar

import msgspec

from actors.venues.binance_usdm.market_frames import MILLISECOND
from actors.venues.binance_usdm.market_instruments import ExchangeInfo, instrument_of
from actors.venues.binance_usdm.market_plan import interval_of
from actors.venues.market_port import Bar, BookLevels, TopOfBook
from messages.errors import ConfigurationError, DataProviderError
from messages.venue_account import VenueInstrument

T = TypeVar("T")

_DAY: Final = 86_400_000_000_000
_MOST_BARS: Final = 1500
_BOOK_SIZES: Final = ((5, 2), (10, 2), (20, 2), (50, 2), (100, 5), (500, 10), (1000, 20))
"""How many levels the venue gives, and the weight of asking for them."""
_BAR_WEIGHTS: Final = ((99, 1), (499, 2), (1000, 5), (_MOST_BARS, 10))
_EACH_TICKER: Final = 2
_ALL_TICKERS: Final = 5


class PublicRequests(Protocol):
    """Asks the venue without credentials, within its request budget: `rest.BinanceRest` does."""

    async def get(self, path: str, parameters: Mapping[str, str | int], weight: int) -> bytes:
        """The body of a good answer; `weight` is what the venue counts it as.

        Raises `VenueConnectionError` when there is no answer or it says "not now", `DataProviderError` when the venue
        says that the question is wrong.
        """


class _Time(msgspec.Struct):
    serverTime: int


class _Ticker(msgspec.Struct):
    symbol: str
    bidPrice: float
    bidQty: float
    askPrice: float
    askQty: float
    time: int


class _Book(msgspec.Struct):
    lastUpdateId: int
    bids: list[tuple[float, float]]
    asks: list[tuple[float, float]]
    E: int


_Candle = tuple[int, float, float, float, float, float, int, Any, Any, Any, Any, Any]
"""Open time, open, high, low, close, volume, last ms, and what is not used."""


class MarketRest:
    """The questions. `listings` are the venue's names by symbol."""

    def __init__(self, requests: PublicRequests, listings: Mapping[str, str]) -> None:
        self._requests = requests
        self._listings = dict(listings)
        self._symbols = {listing: symbol for symbol, listing in listings.items()}

    async def server_time(self) -> int:
        """See `MarketDataPort.server_time`."""
        return (await self._ask("/fapi/v1/time", {}, 1, _Time)).serverTime * MILLISECOND

    async def instruments(self, symbols: Sequence[str]) -> tuple[VenueInstrument, ...]:
        """See `MarketDataPort.instruments`."""
        wanted = {self._listing(symbol): symbol for symbol in symbols}
        info = await self._ask("/fapi/v1/exchangeInfo", {}, 1, ExchangeInfo)
        return tuple(
            instrument_of(listed, wanted[listed.symbol]) for listed in info.symbols if listed.symbol in wanted
        )

    async def top_of_book(self, symbols: Sequence[str]) -> tuple[TopOfBook, ...]:
        """See `MarketDataPort.top_of_book`; one request for all where that is cheaper than one for each."""
        wanted = [self._listing(symbol) for symbol in symbols]
        path = "/fapi/v1/ticker/bookTicker"
        if len(wanted) * _EACH_TICKER <= _ALL_TICKERS:
            told = [await self._ask(path, {"symbol": each}, _EACH_TICKER, _Ticker) for each in wanted]
        else:
            told = await self._ask(path, {}, _ALL_TICKERS, list[_Ticker])
        by_listing = {ticker.symbol: ticker for ticker in told}
        return tuple(self._top(by_listing[listing]) for listing in wanted if listing in by_listing)

    async def book(self, symbol: str, levels: int) -> BookLevels:
        """See `MarketDataPort.book`."""
        size, weight = next((each for each in _BOOK_SIZES if each[0] >= levels), _BOOK_SIZES[-1])
        book = await self._ask(
            "/fapi/v1/depth", {"symbol": self._listing(symbol), "limit": size}, weight, _Book
        )
        return BookLevels(
            symbol,
            book.E * MILLISECOND,
            book.lastUpdateId,
            tuple(book.bids[:levels]),
            tuple(book.asks[:levels]),
        )

    async def bars(self, symbol: str, length: int, start: int, end: int) -> tuple[Bar, ...]:
        """See `MarketDataPort.bars`. A bar that the venue's clock has not closed yet is left out."""
        interval, listing = interval_of(length), self._listing(symbol)
        found: list[Bar] = []
        now = await self.server_time()
        while start < end:
            most = min(-(-(end - start) // length), _MOST_BARS)
            weight = next(weight for count, weight in _BAR_WEIGHTS if most <= count)
            span = {"startTime": -(-start // MILLISECOND), "endTime": -(-end // MILLISECOND) - 1}
            candles = await self._ask(
                "/fapi/v1/klines",
                {"symbol": listing, "interval": interval, "limit": most, **span},
                weight,
                list[_Candle],
            )
            found += [bar for each in candles if (bar := _bar(symbol, length, each)).time + length <= now]
            if len(candles) < most:
                break
            start = candles[-1][0] * MILLISECOND + length
        return tuple(found)

    async def average_daily_volume(self, symbol: str, days: int) -> float:
        """See `MarketDataPort.average_daily_volume`. Raises `DataProviderError` when the venue has no whole day."""
        today = await self.server_time() // _DAY * _DAY
        bars = await self.bars(symbol, _DAY, today - days * _DAY, today)
        if not bars:
            raise DataProviderError(
                "the venue tells no whole day of this symbol",
                field="symbol",
                value=symbol,
                remedy="wait until it was listed for a day",
            )
        return sum(bar.volume for bar in bars) / len(bars)

    def _listing(self, symbol: str) -> str:
        listing = self._listings.get(symbol)
        if listing is None:
            raise ConfigurationError(
                "the symbol has no listing at this venue",
                field="symbol",
                value=symbol,
                remedy=f"name one of {', '.join(sorted(self._listings)[:10])}, or add its listing",
            )
        return listing

    def _top(self, ticker: _Ticker) -> TopOfBook:
        has_bid, has_ask = ticker.bidPrice > 0, ticker.askPrice > 0
        return TopOfBook(
            self._symbols[ticker.symbol],
            ticker.time * MILLISECOND,
            ticker.bidPrice if has_bid else None,
            ticker.bidQty if has_bid else None,
            ticker.askPrice if has_ask else None,
            ticker.askQty if has_ask else None,
        )

    async def _ask(self, path: str, parameters: Mapping[str, str | int], weight: int, kind: type[T]) -> T:
        body = await self._requests.get(path, parameters, weight)
        try:
            return msgspec.json.decode(body, type=kind, strict=False)
        except msgspec.DecodeError as error:
            raise DataProviderError(
                f"the venue's answer can't be read: {error}",
                field=path,
                value=body[:200],
                remedy="its protocol may have changed; see its change log",
            ) from error


def _bar(symbol: str, length: int, candle: _Candle) -> Bar:
    time, opened, high, low, close, volume = candle[:6]
    return Bar(symbol, time * MILLISECOND, length, opened, high, low, close, volume)
