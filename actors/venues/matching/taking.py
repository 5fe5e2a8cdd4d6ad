"""The taker's side of matching: an order walks what the accounts and the outside offer, best price first.

At one price the outside volume that was queued before a resting order trades before it, the rest after it.
"""

from __future__ import annotations

from actors.venues.matching.account import Account
from actors.venues.matching.book import Book
from actors.venues.matching.grid import whole
from actors.venues.matching.instruments import SelfTrade
from actors.venues.matching.orders import Order
from actors.venues.matching.settlement import Settlement, bounded_reason
from messages.reasons import Reason


def take(settlement: Settlement, book: Book, taker: Order) -> None:
    """Fill as much of the order as is offered up to its limit.

    It ends early, cancelled, when it meets an order of its own owner (SELF_TRADE) or when it may only reduce a
    position and there is none left. Where the account's rule is that the maker ends, the maker is cancelled and the
    walk goes on. What is left otherwise is the caller's to place.
    """
    sign, limit = taker.sign, taker.limit_ticks
    account = settlement.accounts[taker.account]
    market, resting = book.market, book.side(-sign)
    while taker.leaves:
        wanted = account.reducible(taker) if taker.bounded else taker.leaves
        if wanted == 0:
            settlement.cancel(book, taker, bounded_reason(taker))
            return
        own, offer = resting.best(), market.offer(sign)
        if own is not None and (offer is None or sign * own <= sign * offer[0]):
            if limit is not None and sign * own > sign * limit:
                return
            beside = offer[1] if offer is not None and offer[0] == own else 0
            if not _take_level(settlement, book, taker, own, beside):
                return
        elif offer is not None:
            ticks, lots = offer
            if limit is not None and sign * ticks > sign * limit:
                return
            lots = min(wanted, lots)
            market.take(sign, lots)
            settlement.fill(book, taker, ticks, lots, False)
        else:
            return


def reachable(book: Book, account: Account, order: Order) -> tuple[int, int | None]:
    """How many of the order's lots would fill at once, and the worst price (ticks) that could be paid.

    Never more than `take` would get: it stops before the owner's own orders, or passes over them where they are the
    ones that end, and leaves out makers that may only reduce, because what they can still trade may change on the
    way. By bars it is what the next bar might give.
    """
    if book.by_bars:
        return book.market.reach(order.sign, order.limit_ticks, order.lots)
    sign, limit = order.sign, order.limit_ticks
    wanted = account.reducible(order)
    found, worst = 0, None
    resting = book.side(-sign)
    for ticks in resting.prices():
        if found >= wanted or (limit is not None and sign * ticks > sign * limit):
            break
        level = resting.at(ticks)
        own = [maker for maker in level if maker.account in account.kin]
        if own and account.settings.self_trade is SelfTrade.EXPIRE_MAKER:
            level = [maker for maker in level if maker.account not in account.kin]
        elif own:
            # Anything from here on would be a trade with ourselves.
            limit = ticks - sign
            break
        found += sum(maker.leaves for maker in level if not maker.bounded)
        worst = ticks if level else worst
    outside, outside_worst = book.market.reach(sign, limit, wanted)
    if outside_worst is not None and (worst is None or sign * outside_worst > sign * worst):
        worst = outside_worst
    return min(found + outside, order.lots), worst


def _take_level(settlement: Settlement, book: Book, taker: Order, ticks: int, beside: int) -> bool:
    """Trade through one price at which accounts rest, with `beside` outside lots at the same price.

    Whether the walk may go on. The outside lots taken here were ahead of all that still rest at this price.
    """
    account = settlement.accounts[taker.account]
    makers = book.side(-taker.sign).at(ticks)
    passed, goes_on = 0, True
    for maker in makers:
        ahead = min(_whole_up(maker.queue_ahead - passed), beside - passed, account.reducible(taker))
        if ahead > 0:
            book.market.take(taker.sign, ahead)
            settlement.fill(book, taker, ticks, ahead, False)
            passed += ahead
        wanted = account.reducible(taker)
        if wanted == 0:
            break
        if maker.account in account.kin:
            if account.settings.self_trade is SelfTrade.EXPIRE_MAKER:
                settlement.cancel(book, maker, Reason.SELF_TRADE)
                continue
            settlement.cancel(book, taker, Reason.SELF_TRADE)
            goes_on = False
            break
        possible = settlement.accounts[maker.account].reducible(maker)
        if possible == 0:
            settlement.cancel(book, maker, bounded_reason(maker))
        else:
            settlement.trade(book, maker, taker, ticks, min(wanted, possible))
    if passed:
        for maker in makers:
            if maker.queue_ahead > 0.0:
                maker.queue_ahead = max(0.0, maker.queue_ahead - passed)
    return goes_on


def _whole_up(lots: float) -> int:
    return whole(lots + 0.999) if lots > 0.0 else 0
