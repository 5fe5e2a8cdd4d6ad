"""The maker's side of matching: what the outside market does to resting orders.

The queue model. An order joins behind the outside volume displayed at its price, with nobody ahead inside the
spread, and behind an unknown queue where nothing is displayed. Then:

- A print at its price by the other side's aggressor is used up by the queue first, then by us.
- A print beyond its price went through us: the queue is gone, and we are filled at our price, up to its size.
- The opposite best at or beyond our price went through us as well; we are filled at our price, up to what it offers.
- A displayed size below the queue cuts the queue down to it. Any other decrease is taken to be behind us. When
  the feed shows a smaller size before the print that caused it, that print has already been counted: what an
  update has cut off is forgiven to the queue until the next update.
- Of several orders of ours at a price, the outside volume between them counts for the later one only.
"""

from __future__ import annotations

from actors.venues.matching.book import Book, BookSide
from actors.venues.matching.grid import NOISE, whole
from actors.venues.matching.orders import UNKNOWN_QUEUE, Order
from actors.venues.matching.settlement import Settlement, bounded_reason
from actors.venues.matching.taking import take

_SIGNS = (1, -1)


def join_queue(book: Book, order: Order, ticks: int) -> None:
    """Give an order that comes to rest at a price its place behind the outside's volume."""
    if book.instrument.market.queue_position:
        order.queue_ahead = book.market.queue(order.sign, ticks)


def on_update(settlement: Settlement, book: Book) -> None:
    """The outside market shows new liquidity: queues shrink, crossed orders fill, waiting orders go on."""
    has_queues = book.instrument.market.queue_position
    for sign in _SIGNS:
        side = book.side(sign)
        if side.best() is None:
            continue
        if has_queues:
            _cut_queues(book, side)
        _fill_crossed(settlement, book, side)
    serve_waiting(settlement, book)


def on_print(
    settlement: Settlement, book: Book, ticks_down: int, ticks_up: int, lots: float, aggressor: int
) -> None:
    """The outside market traded `lots` at a price (ticks, rounded both ways): passive orders have their part."""
    aggressor = aggressor or book.market.aggressor(ticks_down, ticks_up)
    left = lots
    for sign in _SIGNS:
        side = book.side(sign)
        price = ticks_up if sign > 0 else ticks_down
        left = _fill_passed(settlement, book, side, price, left)
        if aggressor != sign and ticks_down == ticks_up and side.best() == price:
            left = _fill_level(settlement, book, side, price, left)
    book.market.printed(ticks_down, ticks_up, left, aggressor)


def serve_waiting(settlement: Settlement, book: Book) -> None:
    """Let market orders that ran out of liquidity take from what there is now, oldest first."""
    for order in list(book.waiting.values()):
        if order.leaves:
            take(settlement, book, order)


def _cut_queues(book: Book, side: BookSide) -> None:
    for ticks in side.prices():
        displayed = book.market.queue(side.sign, ticks)
        if displayed >= UNKNOWN_QUEUE:
            # Deeper prices are not visible either.
            return
        for order in side.at(ticks):
            queue = order.queue_ahead
            if queue <= displayed:
                order.queue_forgiven = 0.0
                continue
            # A queue that becomes visible for the first time is taken at its word.
            order.queue_forgiven = queue - displayed if queue < UNKNOWN_QUEUE else 0.0
            order.queue_ahead = displayed


def _fill_crossed(settlement: Settlement, book: Book, side: BookSide) -> None:
    sign, market = side.sign, book.market
    while (best := side.best()) is not None:
        offer = market.offer(sign)
        if offer is None or sign * offer[0] > sign * best:
            return
        order = side.at(best)[0]
        order.queue_ahead = 0.0
        lots = min(offer[1], settlement.accounts[order.account].reducible(order))
        if lots == 0:
            settlement.cancel(book, order, bounded_reason(order))
            continue
        market.take(sign, lots)
        settlement.fill(book, order, best, lots, True)


def _fill_passed(settlement: Settlement, book: Book, side: BookSide, price: int, left: float) -> float:
    """Fill orders that a print at `price` has gone through; returns what is left of the print."""
    while (best := side.best()) is not None and side.sign * best > side.sign * price:
        level = side.at(best)
        for order in level:
            order.queue_ahead = min(order.queue_ahead, 0.0)
            order.queue_forgiven = 0.0
        left = _fill_level(settlement, book, side, best, left)
        if side.best() == best:
            break
    return left


def _fill_level(settlement: Settlement, book: Book, side: BookSide, ticks: int, left: float) -> float:
    """Work a print through the line at one price; returns what is left of it."""
    passed, printed = 0.0, left
    for order in side.at(ticks):
        forgiven = min(order.queue_forgiven, printed)
        order.queue_forgiven -= forgiven
        queue = order.queue_ahead + forgiven if forgiven else order.queue_ahead
        if queue > 0.0:
            ahead = min(left, max(0.0, queue - passed))
            passed += ahead
            left -= ahead
            order.queue_ahead = queue = max(0.0, queue - passed)
        if left > 0.0 and queue <= 0.0:
            left = _fill_from_print(settlement, book, order, left)
    return left


def _fill_from_print(settlement: Settlement, book: Book, order: Order, left: float) -> float:
    """Fill an order that is first in line; less than a lot is kept as its credit (a queue below zero)."""
    credit = -order.queue_ahead
    possible = settlement.accounts[order.account].reducible(order)
    if possible == 0:
        settlement.cancel(book, order, bounded_reason(order))
        return left
    reached = credit + left
    lots = min(possible, whole(reached))
    if lots == possible:
        order.queue_ahead = 0.0
        rest = max(0.0, reached - lots)
    else:
        order.queue_ahead = -max(0.0, reached - lots)
        rest = 0.0
    if lots:
        settlement.fill(book, order, order.limit_ticks or 0, lots, True)
    return rest if rest > NOISE else 0.0
