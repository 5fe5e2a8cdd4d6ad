"""What becomes of an order once it acts: it takes, and what is left rests, waits or ends; and when stops wake up."""

from __future__ import annotations

from actors.venues.matching.book import Book
from actors.venues.matching.instruments import MarketKind
from actors.venues.matching.making import join_queue, serve_waiting
from actors.venues.matching.orders import Order
from actors.venues.matching.settlement import Settlement
from actors.venues.matching.taking import reachable, take
from messages.intents import TimeInForce
from messages.reasons import Reason


def act(settlement: Settlement, book: Book, order: Order) -> None:
    """Let an order that has just come in, or a stop that has just woken, meet the market.

    Where only bars are known every order, whatever its time in force, waits for the next one.
    """
    if order.triggered and not _may_still_act(settlement, book, order):
        return
    if book.by_bars:
        settlement.open(book, order)
        return
    take(settlement, book, order)
    if order.leaves == 0:
        return
    if order.time_in_force is not TimeInForce.GTC:
        settlement.expire(book, order, Reason.IMMEDIATE_OR_CANCEL)
    elif order.limit_ticks is not None:
        join_queue(book, order, order.limit_ticks)
        settlement.open(book, order)
        if book.waiting:
            serve_waiting(settlement, book)
    elif book.instrument.market.kind is MarketKind.NONE:
        settlement.expire(book, order, Reason.NO_LIQUIDITY)
    else:
        settlement.open(book, order)


def stop_prices(book: Book) -> tuple[int | None, int | None]:
    """The prices that stops look at now: (buys, sells).

    A buy stop looks at what it would have to pay, the outside's ask; a sell stop at the bid; both at the last
    trade where there is no such touch.
    """
    ask, bid = book.market.touch(-1), book.market.touch(1)
    return (book.last_ticks if ask is None else ask), (book.last_ticks if bid is None else bid)


def is_through(book: Book, order: Order, stop_ticks: int) -> bool:
    """Whether the market is at or beyond the order's stop already."""
    high, low = stop_prices(book)
    seen = high if order.sign > 0 else low
    return seen is not None and order.sign * seen >= order.sign * stop_ticks


def settle_down(settlement: Settlement, book: Book, high: int | None, low: int | None) -> None:
    """Wake all stops that the market (`high` for buys, `low` for sells) or trades between accounts have reached.

    One by one, buys first, the nearest first: what each does may reach others. Ends when nothing more happens.
    """
    while True:
        if settlement.closed:
            settlement.cancel_what_can_no_longer_reduce()
        if book.crossed_high is not None:
            high = book.crossed_high if high is None else max(high, book.crossed_high)
            low = book.crossed_low if low is None or book.crossed_low is None else min(low, book.crossed_low)
            book.crossed_high = book.crossed_low = None
        order = _next_due(book, high, low)
        if order is None or order.stop_ticks is None:
            return
        settlement.wake(book, order, order.stop_ticks)
        act(settlement, book, order)


def _next_due(book: Book, high: int | None, low: int | None) -> Order | None:
    order = None if high is None else book.buy_stops.first_at(high)
    if order is None and low is not None:
        order = book.sell_stops.first_at(low)
    return order


def _may_still_act(settlement: Settlement, book: Book, order: Order) -> bool:
    """The rules of admission that a sleeping stop could not be asked before; ends the order when one says no."""
    if order.post_only and book.would_take(order):
        settlement.cancel(book, order, Reason.POST_ONLY_WOULD_TAKE)
        return False
    if order.time_in_force is TimeInForce.FOK:
        account = settlement.accounts[order.account]
        if reachable(book, account, order)[0] < order.lots:
            settlement.expire(book, order, Reason.FILL_OR_KILL)
            return False
    return True
