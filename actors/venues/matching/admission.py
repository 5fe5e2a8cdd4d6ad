"""The gate of the book: brings a command onto the grid and asks the venue's rules, in one fixed order.

The rules are a table; the first that answers with a reason rejects the order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from actors.venues.matching.account import Account
from actors.venues.matching.book import Book
from actors.venues.matching.funds import can_carry
from actors.venues.matching.orders import NewOrder, Order, venue_order_id
from actors.venues.matching.taking import reachable
from messages.intents import OrderType, Side, TimeInForce
from messages.reasons import Reason


class Candidate(msgspec.Struct, gc=False):
    """An order on the grid that asks to be let in."""

    order: Order
    account: Account
    book: Book
    books: Mapping[str, Book]


# What each type has: (limit price, stop price).
_PRICES = {
    OrderType.MARKET: (False, False),
    OrderType.LIMIT: (True, False),
    OrderType.STOP: (False, True),
    OrderType.STOP_LIMIT: (True, True),
}


def read_order(command: NewOrder, account: Account, book: Book, number: int) -> Order | Reason:
    """The command in ticks and lots, or why it can't be put so."""
    grid = book.grid
    has_limit, has_stop = _PRICES[command.order_type]
    if not command.client_order_id:
        return Reason.INTENT_MALFORMED
    if (command.limit_price is not None) != has_limit or (command.stop_price is not None) != has_stop:
        return Reason.INTENT_MALFORMED
    if command.post_only and (not has_limit or command.time_in_force is not TimeInForce.GTC):
        return Reason.INTENT_MALFORMED
    limit_ticks = stop_ticks = None
    if command.limit_price is not None and (limit_ticks := grid.to_ticks(command.limit_price)) is None:
        return Reason.TICK_SIZE
    if command.stop_price is not None and (stop_ticks := grid.to_ticks(command.stop_price)) is None:
        return Reason.TICK_SIZE
    lots = grid.to_lots(command.quantity)
    if lots is None:
        return Reason.LOT_SIZE
    sign = 1 if command.side is Side.BUY else -1
    return Order(
        command.account,
        command.client_order_id,
        venue_order_id(command.account, command.client_order_id),
        command.symbol,
        number,
        sign,
        command.order_type,
        command.time_in_force,
        command.post_only,
        command.reduce_only,
        command.reduce_only
        or (sign < 0 and not account.settings.allow_short and not book.instrument.converts),
        lots,
        limit_ticks,
        stop_ticks,
        limit_ticks or stop_ticks or 0,
        lots,
    )


def refusal(candidate: Candidate) -> Reason | None:
    """The reason of the first rule that refuses the order; None when it may come in."""
    asleep = candidate.order.stop_ticks is not None
    for rule in RULES_ASLEEP if asleep else RULES:
        reason = rule(candidate)
        if reason is not None:
            return reason
    return None


def _price_for_funds(candidate: Candidate) -> Reason | None:
    """Not a refusal of its own but for market orders without a market: sets what the order is held at.

    A market order is held at the worst price it would pay now, a sell at no less than the present bid.
    """
    order, book = candidate.order, candidate.book
    if order.limit_ticks is None:
        worst = _worst_price(candidate)
        if worst is None:
            return Reason.NO_LIQUIDITY
        order.reserve_ticks = worst
    elif order.sign < 0:
        bid = book.touch(1)
        order.reserve_ticks = order.limit_ticks if bid is None else max(order.limit_ticks, bid)
    return None


def _worst_price(candidate: Candidate) -> int | None:
    order, book = candidate.order, candidate.book
    offer = book.market.offer(order.sign)
    if offer is not None and offer[1] >= order.lots and book.side(-order.sign).best() is None:
        return offer[0]
    worst = reachable(book, candidate.account, order)[1]
    return worst if worst is not None else book.touch(-order.sign)


def _min_quantity(candidate: Candidate) -> Reason | None:
    return Reason.MIN_QUANTITY if candidate.order.lots < candidate.book.grid.min_lots else None


def _min_notional(candidate: Candidate) -> Reason | None:
    # A reduce-only order may be small: what is left of a position must be closable.
    order = candidate.order
    if order.reduce_only or order.lots * order.reserve_ticks >= candidate.book.grid.min_value:
        return None
    return Reason.MIN_NOTIONAL


def _reduce_only(candidate: Candidate) -> Reason | None:
    order = candidate.order
    if order.reduce_only and candidate.account.reducible(order) < order.lots:
        return Reason.REDUCE_ONLY_WOULD_INCREASE
    return None


def _post_only(candidate: Candidate) -> Reason | None:
    order = candidate.order
    return Reason.POST_ONLY_WOULD_TAKE if order.post_only and candidate.book.would_take(order) else None


def _funds(candidate: Candidate) -> Reason | None:
    is_carried = can_carry(candidate.account, candidate.books, candidate.book, candidate.order)
    return None if is_carried else Reason.INSUFFICIENT_BALANCE


def _fill_or_kill(candidate: Candidate) -> Reason | None:
    order = candidate.order
    if order.time_in_force is not TimeInForce.FOK:
        return None
    lots, _ = reachable(candidate.book, candidate.account, order)
    return Reason.FILL_OR_KILL if lots < order.lots else None


Rule = Callable[[Candidate], Reason | None]

RULES: tuple[Rule, ...] = (
    _min_quantity,
    _price_for_funds,
    _min_notional,
    _reduce_only,
    _post_only,
    _funds,
    _fill_or_kill,
)
"""Asked in this order of an order that acts at once."""

RULES_ASLEEP: tuple[Rule, ...] = (_min_quantity, _min_notional, _funds)
"""Asked of a stop; the other rules are asked when it is triggered."""
