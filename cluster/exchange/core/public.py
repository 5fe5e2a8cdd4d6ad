"""The public side of a listing: its book with numbered changes, its tape and its prices."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from actors.venues.matching.grid import Grid
from actors.venues.matching.instruments import Instrument, MarketKind, MarketModel
from cluster.exchange.api import Book, MarkChanged, PublicTrade, Rules
from cluster.exchange.core.candles import Bars
from messages.intents import Side

PriceLevels = tuple[tuple[Decimal, Decimal], ...]


class BookChange(NamedTuple):
    """Levels that changed, and the numbers of the changes."""

    first: int
    last: int
    bids: PriceLevels
    asks: PriceLevels


class Listing:
    """One listing as everyone sees it. `numbered` counts changes of the book, `traded` trades.

    `original` are the rules it began with: engine and grid keep their tick and lot; `configured` are
    those of the settings, and `rules` what they have become.

    Prices inside are ticks, sizes lots; `touched` collects the prices at which the accounts' orders did something,
    `conditionals` are the numbers of orders that wait for a price.
    """

    def __init__(self, rules: Rules, tape_length: int, bars: Bars) -> None:
        self.original = rules
        self.configured = rules
        self.rules = rules
        self.grid = Grid(instrument_of(rules))
        self.bids: dict[int, int] = {}
        self.asks: dict[int, int] = {}
        self.numbered = 0
        self.traded = 0
        self.tape: deque[PublicTrade] = deque(maxlen=tape_length)
        self.bars = bars
        self.mark: MarkChanged | None = None
        self.last_price: Decimal | None = None
        self.touched: set[int] = set()
        self.conditionals: dict[int, None] = {}

    def side(self, side: Side) -> dict[int, int]:
        """The public bids (buy) or asks (sell) as lots by ticks."""
        return self.bids if side is Side.BUY else self.asks

    def change(self, bids: Iterable[tuple[int, int]], asks: Iterable[tuple[int, int]]) -> BookChange | None:
        """Bring levels to absolute sizes; the change as it is published, None when nothing is different."""
        changed_bids = self._set(self.bids, bids)
        changed_asks = self._set(self.asks, asks)
        count = len(changed_bids) + len(changed_asks)
        if not count:
            return None
        first, self.numbered = self.numbered + 1, self.numbered + count
        return BookChange(first, self.numbered, changed_bids, changed_asks)

    def book(self, time: int, levels: int) -> Book:
        """The best levels of both sides."""
        price, quantity = self.grid.price, self.grid.quantity
        bids = sorted(self.bids, reverse=True)[:levels]
        asks = sorted(self.asks)[:levels]
        return Book(
            self.rules.listing,
            time,
            self.numbered,
            tuple((price(ticks), quantity(self.bids[ticks])) for ticks in bids),
            tuple((price(ticks), quantity(self.asks[ticks])) for ticks in asks),
        )

    def middle(self) -> Decimal | None:
        """The middle of the best prices; None without both."""
        if not self.bids or not self.asks:
            return None
        return (self.grid.price(max(self.bids)) + self.grid.price(min(self.asks))) / 2

    @property
    def mark_price(self) -> Decimal:
        """What positions are valued at: the mark, else the last trade, else the middle, else 0."""
        if self.mark is not None:
            return self.mark.mark
        return self.last_price or self.middle() or Decimal(0)

    def _set(self, side: dict[int, int], levels: Iterable[tuple[int, int]]) -> PriceLevels:
        changed = []
        price, quantity = self.grid.price, self.grid.quantity
        for ticks, lots in levels:
            if side.get(ticks, 0) == lots:
                continue
            if lots:
                side[ticks] = lots
            else:
                del side[ticks]
            changed.append((price(ticks), quantity(lots)))
        return tuple(changed)


def instrument_of(rules: Rules) -> Instrument:
    """The listing for the matching engine. Minimums, fees and funds are the exchange's own affair, not the engine's."""
    return Instrument(
        symbol=rules.listing,
        tick=rules.tick,
        lot=rules.lot,
        quote_currency=rules.quote,
        market=MarketModel(kind=MarketKind.DEPTH),
    )
