"""What a bar does to the orders: the stated rule for fills inside a bar, of which nobody knows the inside.

Conservative wherever the bar leaves a choice. An order takes part in the first bar after the one whose close it
could know, never in an earlier one. In a bar, in this order:

1. **The open.** Market orders, and limit orders in their first bar, take in time priority at the open worsened by
   `slippage`. A limit order takes where that price keeps its limit, or at its limit where the open is a tick or
   more better; post-only ones never take. What is left of IOC ends here, FOK takes all or nothing; what is left of
   a limit order rests from here on, of a market order waits for the next open.
2. **Stops.** One whose price high or low touches takes at the worse of stop and open, worsened by `slippage`: buys
   first, the nearest first. They come before limit orders, so that of a stop and a target that one bar could both
   hit the adverse one is filled. A stop-limit trades at once under the rule of the open, or rests from the next bar.
3. **Limit orders.** One fills if the bar trades through its price by a tick or more, at its price, or at the open
   where that is better (a gap), as a maker. Those on the side that reduces their account's position come
   first, so that a reduce-only one can't close what another limit order opens in the same bar.
4. **Stops again,** of positions that limit orders have just opened.

All together trade at most `max_participation` of the volume; the rest waits. With volume 0 or unknown nothing
fills passively, and takers only if there is no such bound. A taker of a cash account buys what it can pay at the
price it meets; the rest is cancelled. The accounts' orders meet the bar, never each other. Fills are reported at the
bar's close: nobody knows when within it they were.

An order that arrives more than a second (or the order latency, if that is longer) after the last close has arrived
inside the running bar, so that the bar's prices may be older than the order: it takes part from the next one. A
cancel works when it arrives; what it takes out takes no part in the running bar.
"""

from __future__ import annotations

from actors.venues.matching.bar_market import Bar, BarMarket, read_bar
from actors.venues.matching.book import Book
from actors.venues.matching.funds import payable
from actors.venues.matching.orders import Order
from actors.venues.matching.settlement import Settlement, bounded_reason
from messages.intents import TimeInForce
from messages.reasons import Reason

_SIGNS = (1, -1)

_NOBODY = -1

GRACE = 1_000_000_000
"""How late (ns) an order decided on a close may arrive and still be there at the next open."""


class BarPassage:
    """One bar passing through the book of its symbol."""

    __slots__ = ("_bar", "_book", "_horizon", "_market", "_settlement")

    def __init__(
        self, settlement: Settlement, book: Book, market: BarMarket, bar: Bar, time: int, grace: int
    ) -> None:
        """A bar that closed at `time`; `grace` is how long after the last close an order still counts as before its
        open (ns)."""
        self._settlement = settlement
        self._book = book
        self._market = market
        self._bar = bar
        # when the first bar opened is not known: what has arrived by its close may have arrived within it
        self._horizon = _NOBODY if book.bar_time is None else min(time - 1, book.bar_time + grace)

    def pass_through(self) -> None:
        """Fill, trigger and end the orders that the bar reaches; see the rule at the head of this module."""
        for order in list(self._book.waiting.values()):
            if order.leaves and self._takes_part(order):
                self._take(order, self._bar.side(order.sign).open)
        resting = self._reached()
        self._wake_stops()
        for order in resting:
            if order.leaves:
                self._make(order)
        self._wake_stops()
        self._end_stops_without_position()

    def wake_late_stops(self) -> None:
        """The bar is over: late stops that its close has reached become orders for the next bar."""
        for sign in _SIGNS:
            close = self._market.touch(-sign)
            while close is not None and (order := self._book.stops(sign).first_at(close)) is not None:
                self._settlement.wake(self._book, order, order.stop_ticks or 0)
                self._settlement.open(self._book, order)

    def _takes_part(self, order: Order) -> bool:
        return order.since <= self._horizon

    def _reached(self) -> list[Order]:
        """The resting orders that the bar trades through, first those that reduce, then by price and time."""
        if not self._bar.has_volume:
            return []
        found: list[Order] = []
        for sign in _SIGNS:
            side, extreme = self._book.side(sign), self._bar.side(sign).favourable
            for ticks in side.prices():
                if sign * ticks <= sign * extreme:
                    break
                found += filter(self._takes_part, side.at(ticks))
        return sorted(found, key=self._increases)

    def _increases(self, order: Order) -> bool:
        held = self._settlement.accounts[order.account].holdings.get(order.symbol)
        return held is None or order.sign * held.lots >= 0

    def _take(self, order: Order, reference: int) -> None:
        """Let an order take at a price that slippage worsens, and leave its rest where it belongs."""
        settlement, book = self._settlement, self._book
        account = settlement.accounts[order.account]
        possible = account.reducible(order)
        if possible == 0:
            settlement.cancel(book, order, bounded_reason(order))
            return
        ticks = self._taker_price(order, reference)
        offered = 0 if ticks is None else self._bar.available(possible)
        lots = offered if ticks is None else min(offered, payable(account, book, order, ticks))
        if order.time_in_force is TimeInForce.FOK and lots < order.leaves:
            settlement.expire(book, order, Reason.FILL_OR_KILL)
            return
        if ticks is not None and lots:
            self._fill(order, ticks, lots, is_maker=False)
        if lots < offered and order.leaves:
            settlement.cancel(book, order, Reason.INSUFFICIENT_BALANCE)
        elif order.leaves:
            self._leave(order)

    def _taker_price(self, order: Order, reference: int) -> int | None:
        """What the order takes at; None when it does not take."""
        price, limit, sign = self._market.worsened(order.sign, reference), order.limit_ticks, order.sign
        if limit is None or (sign * price <= sign * limit and not order.post_only):
            return price
        return limit if sign * reference < sign * limit and not order.post_only else None

    def _make(self, order: Order) -> None:
        """Fill a resting order that the bar has traded through."""
        possible = self._settlement.accounts[order.account].reducible(order)
        if possible == 0:
            self._settlement.cancel(self._book, order, bounded_reason(order))
            return
        lots = self._bar.available(possible)
        if lots:
            sign, limit = order.sign, order.limit_ticks or 0
            better = sign * min(sign * limit, sign * self._bar.side(sign).open)
            self._fill(order, better, lots, is_maker=True)

    def _fill(self, order: Order, ticks: int, lots: int, *, is_maker: bool) -> None:
        settlement = self._settlement
        self._bar.use(lots)
        settlement.fill(self._book, order, ticks, lots, is_maker)
        if settlement.closed:
            settlement.cancel_what_can_no_longer_reduce()

    def _leave(self, order: Order) -> None:
        """Put what a taker did not get where it belongs: at an end, in the book, or before the next open."""
        settlement, book = self._settlement, self._book
        if settlement.accounts[order.account].reducible(order) == 0:
            settlement.cancel(book, order, bounded_reason(order))
        elif order.time_in_force is not TimeInForce.GTC:
            settlement.expire(book, order, Reason.IMMEDIATE_OR_CANCEL)
        elif order.reserved:
            book.rest(order)
        else:
            order.rested = True
            settlement.open(book, order)

    def _wake_stops(self) -> None:
        while (order := self._next_stop()) is not None:
            stop = order.stop_ticks or 0
            self._settlement.wake(self._book, order, stop)
            sign, opened = order.sign, self._bar.side(order.sign).open
            reference = sign * max(sign * stop, sign * opened)
            if order.post_only and sign * reference < sign * (order.limit_ticks or 0):
                self._settlement.cancel(self._book, order, Reason.POST_ONLY_WOULD_TAKE)
            else:
                self._take(order, reference)

    def _next_stop(self) -> Order | None:
        """The next stop that the bar has touched and that has something to trade.

        One that may only reduce stays asleep while there is nothing to: another order may open the position yet.
        """
        for sign in _SIGNS:
            for order in self._touched(sign):
                if self._settlement.accounts[order.account].reducible(order):
                    return order
        return None

    def _touched(self, sign: int) -> list[Order]:
        extreme = self._bar.side(sign).adverse
        touched = []
        for order in self._book.stops(sign).orders():
            if sign * (order.stop_ticks or 0) > sign * extreme:
                break
            if self._takes_part(order):
                touched.append(order)
        return touched

    def _end_stops_without_position(self) -> None:
        for sign in _SIGNS:
            for order in self._touched(sign):
                self._settlement.wake(self._book, order, order.stop_ticks or 0)
                self._settlement.cancel(self._book, order, bounded_reason(order))


def on_bar(
    settlement: Settlement,
    book: Book,
    prices: tuple[float, float, float, float],
    volume: float,
    *,
    time: int,
    latency: int,
) -> None:
    """Let a bar (open, high, low, close) that closed at `time` (ns UTC) pass through a book that goes by bars.

    `latency` (ns) is how long orders are on their way.
    """
    market = book.market
    assert isinstance(market, BarMarket)
    opened, high, low, close = prices
    if book.open_orders:
        bar = read_bar(book.grid, opened, high, low, volume)
        passage = BarPassage(settlement, book, market, bar, time, max(GRACE, latency))
        passage.pass_through()
        market.show(close)
        passage.wake_late_stops()
    else:
        market.show(close)
    book.last_ticks = market.touch(1)
    book.bar_time = time
