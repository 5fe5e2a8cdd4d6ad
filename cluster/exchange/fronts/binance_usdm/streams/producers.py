"""What the market streams tell: one producer per stream that somebody subscribes to, each with its cadence."""

from __future__ import annotations

from decimal import Decimal
from typing import Protocol

from cluster.exchange.api import BookChanged, Candle, Kind, PublicTrade
from cluster.exchange.fronts.binance_usdm.context import FrontState
from cluster.exchange.fronts.binance_usdm.market import INTERVALS
from cluster.exchange.fronts.binance_usdm.streams.names import StreamKind, StreamName
from cluster.exchange.fronts.binance_usdm.wire import ms, text

Levels = tuple[tuple[Decimal, Decimal], ...]


class Producer(Protocol):
    """Makes the events of one stream. Those of cadence 0 answer to what happens, the others when they are due."""

    def book(self, event: BookChanged) -> object | None:
        """A book changed: the event to be sent at once, if any."""

    def trade(self, event: PublicTrade) -> None:
        """Something was traded."""

    def due(self) -> list[object]:
        """The cadence is over: the events to be sent."""


class _Silent:
    """A producer to whom nothing happens; the others add what they tell."""

    def __init__(self, front: FrontState, name: StreamName) -> None:
        self._front = front
        self._name = name

    def book(self, event: BookChanged) -> object | None:
        return None

    def trade(self, event: PublicTrade) -> None:
        return None

    def due(self) -> list[object]:
        return []


class BookTicker(_Silent):
    """Best prices and sizes, each time one of them changes."""

    def __init__(self, front: FrontState, name: StreamName) -> None:
        super().__init__(front, name)
        self._told: dict[str, tuple[Levels, Levels]] = {}

    def book(self, event: BookChanged) -> object | None:
        book = self._front.exchange.book(event.listing, 1)
        top = (tuple(book.bids), tuple(book.asks))
        if self._told.get(event.listing) == top:
            return None
        self._told[event.listing] = top
        bid, bid_size = book.bids[0] if book.bids else (None, None)
        ask, ask_size = book.asks[0] if book.asks else (None, None)
        return {
            "e": "bookTicker",
            "u": book.last,
            "E": self._front.now,
            "T": ms(book.time),
            "s": event.listing,
            "ps": event.listing,
            "b": text(bid),
            "B": text(bid_size),
            "a": text(ask),
            "A": text(ask_size),
            "st": 1,
        }


class DepthDifference(_Silent):
    """Levels that changed since the last event, with the numbers that let a book be kept."""

    def __init__(self, front: FrontState, name: StreamName) -> None:
        super().__init__(front, name)
        assert name.listing is not None
        self._before = front.exchange.book(name.listing, 1).last
        self._first: int | None = None
        self._last = self._time = 0
        self._bids: dict[Decimal, Decimal] = {}
        self._asks: dict[Decimal, Decimal] = {}

    def book(self, event: BookChanged) -> object | None:
        if self._first is None:
            self._first = event.first
        self._last, self._time = event.last, event.time
        self._bids.update(event.bids)
        self._asks.update(event.asks)
        return None

    def due(self) -> list[object]:
        if self._first is None:
            return []
        told = {
            "e": "depthUpdate",
            "E": self._front.now,
            "T": ms(self._time),
            "s": self._name.listing,
            "ps": self._name.listing,
            "U": self._first,
            "u": self._last,
            "pu": self._before,
            "b": _levels(tuple(sorted(self._bids.items(), reverse=True))),
            "a": _levels(tuple(sorted(self._asks.items()))),
            "st": 1,
        }
        self._before, self._first = self._last, None
        self._bids.clear()
        self._asks.clear()
        return [told]


class PartialDepth(_Silent):
    """The best levels of both sides, whenever the book has changed since the last event."""

    def __init__(self, front: FrontState, name: StreamName) -> None:
        super().__init__(front, name)
        assert name.listing is not None
        self._before = front.exchange.book(name.listing, 1).last
        self._changed: BookChanged | None = None

    def book(self, event: BookChanged) -> object | None:
        self._changed = event
        return None

    def due(self) -> list[object]:
        changed, self._changed = self._changed, None
        if changed is None:
            return []
        book = self._front.exchange.book(changed.listing, self._name.levels)
        told = {
            "e": "depthUpdate",
            "E": self._front.now,
            "T": ms(book.time),
            "s": changed.listing,
            "ps": changed.listing,
            "U": self._before + 1,
            "u": book.last,
            "pu": self._before,
            "b": _levels(tuple(book.bids)),
            "a": _levels(tuple(book.asks)),
            "st": 1,
        }
        self._before = book.last
        return [told]


class AggregateTrades(_Silent):
    """Trades, those of one instant, price and side as one."""

    def __init__(self, front: FrontState, name: StreamName) -> None:
        super().__init__(front, name)
        assert name.listing is not None
        self._listing = name.listing
        self._told = front.record.latest_aggregate(name.listing)

    def due(self) -> list[object]:
        fresh = self._front.record.aggregates_after(self._listing, self._told)
        if fresh:
            self._told = fresh[-1].number
        return [
            {
                "e": "aggTrade",
                "E": self._front.now,
                "s": self._listing,
                "a": each.number,
                "p": text(each.price),
                "q": text(each.quantity),
                "nq": text(each.quantity),
                "f": each.first,
                "l": each.last,
                "T": ms(each.time),
                "m": each.buyer_is_maker,
                "st": 1,
            }
            for each in fresh
        ]


class Klines(_Silent):
    """The bar of now, and the one before once more when it is closed."""

    def __init__(self, front: FrontState, name: StreamName) -> None:
        super().__init__(front, name)
        assert name.listing is not None
        self._listing = name.listing
        self._length = INTERVALS[name.interval]
        self._bar = front.exchange.now // self._length
        self._changed = False

    def trade(self, event: PublicTrade) -> None:
        self._changed = True

    def due(self) -> list[object]:
        bar = self._front.exchange.now // self._length
        if bar == self._bar and not self._changed:
            return []
        candles = self._front.exchange.candles(
            self._listing, self._length, self._bar * self._length, None, 1_000
        )
        before, self._bar, self._changed = self._bar, bar, False
        return [
            self._told(candle)
            for candle in candles
            if candle.start // self._length < bar or (bar == before or not candle.closed)
        ]

    def _told(self, candle: Candle) -> object:
        return {
            "e": "kline",
            "E": self._front.now,
            "s": self._listing,
            "k": {
                "t": ms(candle.start),
                "T": ms(candle.start + candle.length) - 1,
                "s": self._listing,
                "i": self._name.interval,
                "f": candle.first_trade,
                "L": candle.last_trade,
                "o": text(candle.open),
                "c": text(candle.close),
                "h": text(candle.high),
                "l": text(candle.low),
                "v": text(candle.volume),
                "n": candle.trades,
                "x": candle.closed,
                "q": text(candle.quote_volume),
                "V": text(candle.taker_buy_volume),
                "Q": text(candle.taker_buy_quote_volume),
                "B": "0",
            },
        }


class MarkPrices(_Silent):
    """Mark, index and funding of one listing, or of all in one event."""

    def due(self) -> list[object]:
        if self._name.listing is not None:
            return [self._told(self._name.listing)]
        listings = [each.listing for each in self._front.exchange.rules() if each.kind is Kind.PERPETUAL]
        return [[self._told(listing) for listing in listings]]

    def _told(self, listing: str) -> object:
        mark = self._front.exchange.mark(listing)
        return {
            "e": "markPriceUpdate",
            "E": self._front.now,
            "s": listing,
            "p": text(mark.mark),
            "ap": text(mark.mark),
            "i": text(mark.index),
            "P": text(mark.index),
            "r": text(mark.funding_rate),
            "T": ms(mark.next_funding),
            "st": 1,
        }


PRODUCERS: dict[StreamKind, type[_Silent]] = {
    StreamKind.BOOK_TICKER: BookTicker,
    StreamKind.DEPTH: DepthDifference,
    StreamKind.PARTIAL_DEPTH: PartialDepth,
    StreamKind.AGGREGATE_TRADE: AggregateTrades,
    StreamKind.KLINE: Klines,
    StreamKind.MARK_PRICE: MarkPrices,
}


def producer_of(front: FrontState, name: StreamName) -> Producer:
    """The producer of a stream of a known listing."""
    return PRODUCERS[name.kind](front, name)


def _levels(levels: Levels) -> list[list[str]]:
    return [[text(price), text(size)] for price, size in levels]
