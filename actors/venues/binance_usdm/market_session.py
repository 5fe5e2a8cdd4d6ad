"""From frames to rows: what the lines tell becomes ticks of a `MarketSink`, each once and in order, or a known gap.

A symbol is whole while every line that carries it is up and its book (if one is wanted) has no gap; the sink is told
when that changes. Here is the path of every quote: no object is made but the decoded frame.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from math import inf, nan
from typing import Final

from actors.venues.binance_usdm.market_frames import (
    MILLISECOND,
    AggTrade,
    Answer,
    BookTicker,
    DepthUpdate,
    Kline,
    MarketEvent,
    ServerShutdown,
    Trade,
    decode_frame,
)
from actors.venues.binance_usdm.market_plan import PUBLIC, LinePlan
from actors.venues.binance_usdm.order_book import SequencedBook, Taken
from actors.venues.market_port import BookLevels, MarketSink, Subscription
from messages.errors import DataProviderError, VenueConnectionError
from messages.market import TickKind

_QUOTE: Final = TickKind.QUOTE
_TRADE: Final = TickKind.TRADE
_BAR: Final = TickKind.BAR
_DEPTH: Final = TickKind.DEPTH
_BOOK: Final = "book"

FetchBook = Callable[[str], Awaitable[BookLevels]]
"""The book of a symbol by request. Raises `VenueConnectionError` or `DataProviderError`."""


class _Symbol:
    """What must be known of a symbol to tell new from repeated, and whole from broken."""

    __slots__ = ("bar", "book", "fetching", "lost", "name", "quote", "trade", "troubles")

    def __init__(self, wanted: Subscription) -> None:
        self.name = wanted.symbol
        self.quote = 0
        """`u` of the last quote; 0 = whatever comes next is new."""
        self.trade = 0
        """Id of the last trade; 0 likewise."""
        self.bar = -1
        """Open time of the last closed bar."""
        self.book = SequencedBook() if wanted.depth else None
        self.lost = 0
        """How often the book was lost: a snapshot asked for before is of no use after."""
        self.fetching = False
        self.troubles: set[str] = {_BOOK} if wanted.depth else set()


class MarketSession:
    """Takes the frames of all lines of one subscription. `fetch_book` is asked for one book per gap, few at a time."""

    def __init__(
        self,
        subscriptions: Sequence[Subscription],
        plans: Iterable[LinePlan],
        sink: MarketSink,
        fetch_book: FetchBook,
        *,
        books_at_once: int,
        book_pause_s: float,
    ) -> None:
        self.gaps = 0
        """Breaks in the chain of a book, each healed by a snapshot."""
        self.missed_trades = 0
        self.repeated = 0
        self.unknown = 0
        """Frames that are none of ours."""
        self._sink = sink
        self._tick = sink.tick
        self._fetch_book = fetch_book
        self._permits = asyncio.Semaphore(books_at_once)
        self._book_pause_s = book_pause_s
        self._symbols = {each.listing: _Symbol(each) for each in subscriptions}
        self._by_name = {symbol.name: symbol for symbol in self._symbols.values()}
        self._fetches: set[asyncio.Task[None]] = set()
        for plan in plans:
            for name in plan.symbols:
                self._by_name[name].troubles.add(plan.path)

    async def close(self) -> None:
        """Give up fetching books."""
        fetches = list(self._fetches)
        for task in fetches:
            task.cancel()
        await asyncio.gather(*fetches, return_exceptions=True)

    def failure(self) -> BaseException | None:
        """What broke the keeping of a book, if it is no failure of the venue: a defect."""
        for task in self._fetches:
            if task.done() and not task.cancelled() and task.exception() is not None:
                return task.exception()
        return None

    # ------------------------------------------------------------------ lines

    def line_up(self, plan: LinePlan) -> None:
        """See `LineTaker.line_up`."""
        self._healed([self._by_name[name] for name in plan.symbols], plan.path)
        if plan.path == PUBLIC:
            for name in plan.symbols:
                if self._by_name[name].book is not None:
                    self._fetch(self._by_name[name])

    def line_down(self, plan: LinePlan, detail: str) -> None:
        """See `LineTaker.line_down`. Ids may begin anew after it: the venue may have been restarted."""
        broken: list[_Symbol] = []
        for symbol in (self._by_name[name] for name in plan.symbols):
            if plan.path == PUBLIC:
                symbol.quote = 0
                if symbol.book is not None:
                    symbol.book.lose()
                    symbol.lost += 1
                    self._hurt(symbol, _BOOK, broken)
            self._hurt(symbol, plan.path, broken)
        if broken:
            self._sink.interrupted([symbol.name for symbol in broken], detail)

    def _hurt(self, symbol: _Symbol, trouble: str, broken: list[_Symbol]) -> None:
        """Note a trouble; a symbol that was whole is added to `broken`."""
        if not symbol.troubles:
            broken.append(symbol)
        symbol.troubles.add(trouble)

    def _healed(self, symbols: Sequence[_Symbol], trouble: str) -> None:
        whole: list[str] = []
        for symbol in symbols:
            if symbol.troubles:
                symbol.troubles.discard(trouble)
                if not symbol.troubles:
                    whole.append(symbol.name)
        if whole:
            self._sink.restored(whole)

    # ------------------------------------------------------------------ frames

    def take(self, frame: bytes) -> Answer | ServerShutdown | None:
        """See `LineTaker.take`."""
        event = decode_frame(frame)
        kind = type(event)
        if kind is BookTicker:
            self._quote(event)  # type: ignore[arg-type]
        elif kind is AggTrade or kind is Trade:
            self._trade(event)  # type: ignore[arg-type]
        elif kind is DepthUpdate:
            self._depth(event)  # type: ignore[arg-type]
        else:
            return self._rare(event)
        return None

    def _rare(self, event: MarketEvent | Answer | None) -> Answer | ServerShutdown | None:
        if isinstance(event, Answer | ServerShutdown):
            return event
        if isinstance(event, Kline):
            self._bar(event)
        else:
            self.unknown += 1
        return None

    def _quote(self, quote: BookTicker) -> None:
        symbol = self._symbols.get(quote.s)
        if symbol is None:
            self.unknown += 1
            return
        if quote.u <= symbol.quote:
            self.repeated += 1
            return
        bid, bid_size, ask, ask_size = quote.b, quote.B, quote.a, quote.A
        if not (0.0 <= bid < inf and 0.0 <= bid_size < inf and 0.0 <= ask < inf and 0.0 <= ask_size < inf):
            raise _unfit(quote.s, "quote", (bid, bid_size, ask, ask_size))
        symbol.quote = quote.u
        if bid == 0.0:  # an empty side of the book is sent as zeros
            bid = bid_size = nan
        if ask == 0.0:
            ask = ask_size = nan
        self._tick(symbol.name, _QUOTE, quote.E * MILLISECOND, bid, bid_size, ask, ask_size, nan)

    def _trade(self, trade: AggTrade | Trade) -> None:
        symbol = self._symbols.get(trade.s)
        if symbol is None:
            self.unknown += 1
            return
        number = trade.a if type(trade) is AggTrade else trade.t  # type: ignore[union-attr]
        if symbol.trade:
            if number <= symbol.trade:
                self.repeated += 1
                return
            self.missed_trades += number - symbol.trade - 1
        symbol.trade = number
        if (
            type(trade) is Trade and trade.X != "MARKET"
        ):  # insurance fund, deleveraging: no order in the book was hit
            return
        price, size = trade.p, trade.q
        if not (0.0 < price < inf and 0.0 < size < inf):
            raise _unfit(trade.s, "trade", (price, size))
        self._tick(
            symbol.name, _TRADE, trade.E * MILLISECOND, price, size, -1.0 if trade.m else 1.0, nan, nan
        )

    def _bar(self, event: Kline) -> None:
        symbol, bar = self._symbols.get(event.s), event.k
        if symbol is None:
            self.unknown += 1
        elif bar.x and bar.t > symbol.bar:
            symbol.bar = bar.t
            end = (bar.T + 1) * MILLISECOND
            self._tick(symbol.name, _BAR, end, bar.o, bar.h, bar.l, bar.c, bar.v)

    # ------------------------------------------------------------------ books

    def _depth(self, update: DepthUpdate) -> None:
        symbol = self._symbols.get(update.s)
        if symbol is None or symbol.book is None:
            self.unknown += 1
            return
        taken = symbol.book.take(update)
        if taken is Taken.APPLIED:
            self._changed(symbol, update)
            if symbol.book.book.crossed:
                self._broken_book(symbol, "the book is crossed")
        elif taken is Taken.GAP:
            self._broken_book(
                symbol, f"changes {symbol.book.last + 1} to {update.pu} of the book were missed"
            )
        elif taken is Taken.OLD:
            self.repeated += 1

    def _broken_book(self, symbol: _Symbol, detail: str) -> None:
        assert symbol.book is not None
        self.gaps += 1
        if not symbol.book.wants_snapshot:
            symbol.book.lose()
        broken: list[_Symbol] = []
        self._hurt(symbol, _BOOK, broken)
        if broken:
            self._sink.interrupted([symbol.name], detail)
        self._fetch(symbol)

    def _changed(self, symbol: _Symbol, update: DepthUpdate) -> None:
        self._levels(symbol.name, update.E * MILLISECOND, update.b, update.a, 0.0)

    def _levels(
        self,
        name: str,
        event_time: int,
        bids: Sequence[tuple[float, float]],
        asks: Sequence[tuple[float, float]],
        snapshot: float,
    ) -> None:
        """One row per level; the last of the update says so."""
        tick = self._tick
        left = len(bids) + len(asks)
        for side, levels in ((1.0, bids), (-1.0, asks)):
            for price, size in levels:
                left -= 1
                tick(name, _DEPTH, event_time, side, price, size, snapshot, 0.0 if left else 1.0)

    def _fetch(self, symbol: _Symbol) -> None:
        """See to it that the symbol's book is fetched, once at a time."""
        if not symbol.fetching:
            symbol.fetching = True
            task = asyncio.create_task(self._keep_fetching(symbol))
            self._fetches.add(task)
            task.add_done_callback(self._fetched)

    def _fetched(self, task: asyncio.Task[None]) -> None:
        if task.cancelled() or task.exception() is None:
            self._fetches.discard(task)

    async def _keep_fetching(self, symbol: _Symbol) -> None:
        """Ask for the book until one fits the changes that were kept, or the line is down."""
        book = symbol.book
        assert book is not None
        try:
            while book.wants_snapshot and PUBLIC not in symbol.troubles:
                if not await self._begin(symbol, book):
                    await asyncio.sleep(self._book_pause_s)
        finally:
            symbol.fetching = False

    async def _begin(self, symbol: _Symbol, book: SequencedBook) -> bool:
        async with self._permits:
            lost = symbol.lost
            try:
                levels = await self._fetch_book(symbol.name)
            except (VenueConnectionError, DataProviderError):
                return False
        if lost != symbol.lost or PUBLIC in symbol.troubles:
            return False
        applied = book.begin(levels.sequence, levels.bids, levels.asks)
        if applied is None:
            return False
        self._levels(symbol.name, levels.event_time, levels.bids, levels.asks, 1.0)
        for update in applied:
            self._changed(symbol, update)
        if book.book.crossed:
            book.lose()
        if book.wants_snapshot:
            return False
        self._healed([symbol], _BOOK)
        return True


def _unfit(listing: str, what: str, values: tuple[float, ...]) -> DataProviderError:
    return DataProviderError(
        f"a {what} that can't be one",
        field=listing,
        value=values,
        remedy="the venue's protocol may have changed",
    )
