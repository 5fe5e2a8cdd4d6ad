"""The book of one symbol: the accounts' own orders that rest, wait or sleep, next to the outside market.

Ranks make both sides look alike: a side's rank is sign x ticks, and the highest rank is the best price.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator
from math import inf

from actors.venues.matching.bar_market import BarMarket
from actors.venues.matching.depth import DepthMarket
from actors.venues.matching.grid import Grid
from actors.venues.matching.instruments import Instrument, MarketKind
from actors.venues.matching.market import NoMarket, OutsideMarket, PrintMarket, TopMarket
from actors.venues.matching.orders import OpenOrder, Order
from messages.intents import Side

Level = dict[int, Order]
"""The orders at one price by their number, first in time first."""


class BookSide:
    """Resting orders of one side in price-time priority."""

    __slots__ = ("_levels", "_ranks", "sign")

    def __init__(self, sign: int) -> None:
        self.sign = sign
        self._levels: dict[int, Level] = {}
        self._ranks: list[int] = []

    def best(self) -> int | None:
        """The best price in ticks, None when the side is empty."""
        return self._ranks[-1] * self.sign if self._ranks else None

    def at(self, ticks: int) -> list[Order]:
        """The orders at a price, first in time first; a copy, so that they may be removed while it is walked."""
        return list(self._levels.get(ticks, {}).values())

    def prices(self) -> Iterator[int]:
        """All prices in ticks, best first."""
        return (rank * self.sign for rank in reversed(self._ranks))

    def orders(self) -> Iterator[Order]:
        """All orders in price-time priority."""
        return (order for ticks in self.prices() for order in self._levels[ticks].values())

    def add(self, order: Order, ticks: int) -> None:
        """Put an order behind all others at its price."""
        level = self._levels.get(ticks)
        if level is None:
            level = self._levels[ticks] = {}
            insort(self._ranks, self.sign * ticks)
        level[order.number] = order

    def remove(self, order: Order, ticks: int) -> None:
        """Take an order out."""
        level = self._levels[ticks]
        del level[order.number]
        if not level:
            del self._levels[ticks]
            del self._ranks[bisect_left(self._ranks, self.sign * ticks)]


class StopSide:
    """Stop orders of one side that sleep; the one whose price is reached first comes first."""

    __slots__ = ("_keys", "_orders", "sign")

    def __init__(self, sign: int) -> None:
        self.sign = sign
        self._keys: list[tuple[int, int]] = []
        self._orders: dict[int, Order] = {}

    def nearest(self) -> int | None:
        """The stop price (ticks) that is reached first, None when nobody sleeps."""
        return self._keys[0][0] * self.sign if self._keys else None

    def first_at(self, ticks: int) -> Order | None:
        """The next order that the market at this price triggers: buys at or above their stop, sells below."""
        return (
            self._orders[self._keys[0][1]] if self._keys and self._keys[0][0] <= self.sign * ticks else None
        )

    def orders(self) -> Iterator[Order]:
        """All sleeping orders, in the order they would be triggered."""
        return (self._orders[number] for _, number in self._keys)

    def add(self, order: Order, stop_ticks: int) -> None:
        """Put a stop to sleep."""
        insort(self._keys, (self.sign * stop_ticks, order.number))
        self._orders[order.number] = order

    def remove(self, order: Order, stop_ticks: int) -> None:
        """Take a stop out."""
        del self._keys[bisect_left(self._keys, (self.sign * stop_ticks, order.number))]
        del self._orders[order.number]


class Book:
    """Everything of one symbol. `waiting` are market orders whose rest takes from the next market update.

    `last_ticks` is the price of the last trade, ours or the outside's; `crossed_high` and `crossed_low` bound the
    trades between accounts since stops were last looked at.

    `quiet` is the range of prices, both ends included, within which a quote means nothing to the open orders; None
    when it has to be measured anew.

    With `by_bars` the orders meet the bars of the outside and not each other: `waiting` are then all orders that wait
    for the next open, and `bar_time` (ns UTC) is when the last bar closed.
    """

    __slots__ = (
        "asks",
        "bar_time",
        "bids",
        "buy_stops",
        "by_bars",
        "crossed_high",
        "crossed_low",
        "grid",
        "instrument",
        "last_ticks",
        "market",
        "open_orders",
        "quiet",
        "sell_stops",
        "waiting",
    )

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
        self.grid = Grid(instrument)
        self.market = make_market(self.grid)
        self.by_bars = instrument.market.kind is MarketKind.BARS
        self.bar_time: int | None = None
        self.bids = BookSide(1)
        self.asks = BookSide(-1)
        self.buy_stops = StopSide(1)
        self.sell_stops = StopSide(-1)
        self.waiting: dict[int, Order] = {}
        self.open_orders = 0
        self.last_ticks: int | None = None
        self.crossed_high: int | None = None
        self.crossed_low: int | None = None
        self.quiet: tuple[float, float] | None = None

    def side(self, sign: int) -> BookSide:
        """Resting buys (+1) or sells (-1)."""
        return self.bids if sign > 0 else self.asks

    def stops(self, sign: int) -> StopSide:
        """Sleeping buy (+1) or sell (-1) stops."""
        return self.buy_stops if sign > 0 else self.sell_stops

    def add(self, order: Order) -> None:
        """Keep an open order where it belongs: asleep, waiting or resting."""
        self.open_orders += 1
        self.quiet = None
        if order.stop_ticks is not None and not order.triggered:
            self.stops(order.sign).add(order, order.stop_ticks)
        elif order.limit_ticks is None or (self.by_bars and not order.rested):
            self.waiting[order.number] = order
        else:
            self.side(order.sign).add(order, order.limit_ticks)

    def remove(self, order: Order) -> None:
        """Take an open order from where it is."""
        self.open_orders -= 1
        self.quiet = None
        if order.stop_ticks is not None and not order.triggered:
            self.stops(order.sign).remove(order, order.stop_ticks)
        elif order.limit_ticks is None or (self.by_bars and not order.rested):
            del self.waiting[order.number]
        else:
            self.side(order.sign).remove(order, order.limit_ticks)

    def rest(self, order: Order) -> None:
        """A limit order that waited for an open has met it and rests from now on."""
        if order.limit_ticks is not None:
            self.remove(order)
            order.rested = True
            self.add(order)

    def measure_quiet(self) -> tuple[float, float]:
        """The range within which a quote or a print fills, wakes and moves nobody (see `quiet`).

        It lies a tick within the best resting prices, where queues become visible, and the nearest stops. Nothing is
        quiet while an order waits.
        """
        lows = [ticks for ticks in (self.bids.best(), self.sell_stops.nearest()) if ticks is not None]
        highs = [ticks for ticks in (self.asks.best(), self.buy_stops.nearest()) if ticks is not None]
        low = (max(lows, default=0) + 1) / self.grid.ticks_per_unit
        high = (min(highs) - 1) / self.grid.ticks_per_unit if highs else inf
        self.quiet = (inf, -inf) if self.waiting else (low, high)
        return self.quiet

    def orders(self) -> list[Order]:
        """All open orders by their number."""
        everywhere = [
            *self.bids.orders(),
            *self.asks.orders(),
            *self.buy_stops.orders(),
            *self.sell_stops.orders(),
            *self.waiting.values(),
        ]
        return sorted(everywhere, key=lambda order: order.number)

    def shown(self, order: Order) -> OpenOrder:
        """An order alive here, as its account is shown it."""
        grid = self.grid
        return OpenOrder(
            order.account,
            order.symbol,
            order.client_order_id,
            order.venue_order_id,
            Side.BUY if order.sign > 0 else Side.SELL,
            order.order_type,
            order.time_in_force,
            order.post_only,
            order.reduce_only,
            grid.quantity(order.lots),
            grid.quantity(order.lots - order.leaves),
            None if order.limit_ticks is None else grid.price(order.limit_ticks),
            None if order.stop_ticks is None else grid.price(order.stop_ticks),
            order.triggered,
        )

    def touch(self, sign: int) -> int | None:
        """The best price (ticks) on a side, the accounts' and the outside's: +1 the bid, -1 the ask.

        By bars it is the last close: the accounts' orders do not meet each other.
        """
        own, outside = self.side(sign).best(), self.market.touch(sign)
        if self.by_bars:
            return outside
        if own is None or outside is None:
            return outside if own is None else own
        return max(own, outside) if sign > 0 else min(own, outside)

    def would_take(self, order: Order) -> bool:
        """Whether a limit order meets the other side's best price, taken or not.

        A close may have been either side's: by bars only an order priced beyond it is sure to take.
        """
        opposite = self.touch(-order.sign)
        if opposite is None or order.limit_ticks is None:
            return False
        if self.by_bars:
            return order.sign * opposite < order.sign * order.limit_ticks
        return order.sign * opposite <= order.sign * order.limit_ticks

    def note_trade(self, ticks: int) -> None:
        """Remember the price of a trade between accounts, for stops."""
        self.last_ticks = ticks
        self.crossed_high = ticks if self.crossed_high is None else max(ticks, self.crossed_high)
        self.crossed_low = ticks if self.crossed_low is None else min(ticks, self.crossed_low)


def make_market(grid: Grid) -> OutsideMarket:
    """The outside market of an instrument's kind."""
    model = grid.instrument.market
    if model.kind is MarketKind.TOP:
        return TopMarket(grid, model)
    if model.kind is MarketKind.DEPTH:
        return DepthMarket(grid)
    if model.kind is MarketKind.TRADES:
        return PrintMarket(grid, model)
    if model.kind is MarketKind.BARS:
        return BarMarket(grid, model)
    return NoMarket()
