"""Closing positions by command: which orders, for whom, at which worst price. Pure functions.

A listing is closed in as many orders as it takes: never more than can't increase exposure under any fate of what
is still open, so the first may have to wait for cancels. Each order belongs to the strategy whose position it
closes and is reported to its actor, so that the strategies' books stay true; what belongs to none is risk's own.
"""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

import msgspec

from actors.risk.exposure import reducible
from actors.risk.limits import ONE, ZERO, FlattenPolicy, RiskInstrument, listing_id
from actors.risk.state import Holding, RiskState
from messages.base import Address
from messages.intents import OrderTerms, OrderType, Purpose, Side, TimeInForce

UNOWNED = "flatten"
"""The strategy id of orders that close what belongs to no strategy."""


class Closing(msgspec.Struct, frozen=True, gc=False):
    """One order that closes a part of a position: for which strategy, and which actor hears of it (None: risk)."""

    strategy: str
    holder: Address | None
    terms: OrderTerms


def closing_side(holding: Holding) -> Side:
    """The side of an order that closes the position."""
    return Side.SELL if holding.position > 0 else Side.BUY


def is_settled(holding: Holding, keep: Decimal = ZERO) -> bool:
    """Whether no more than `keep` is held, and no open order could make it more."""
    if not keep:
        return not (holding.position or holding.buys or holding.sells)
    growing = holding.sells if holding.position < 0 else holding.buys
    return abs(holding.position) <= keep and not growing


def closable(holding: Holding, instrument: RiskInstrument | None, keep: Decimal = ZERO) -> Decimal:
    """The quantity that can be closed now, down to `keep`, without risk of opening the other side, in whole lots."""
    quantity = reducible(holding.position, holding.buys, holding.sells, closing_side(holding))
    if keep:
        open_ = holding.sells if holding.position > 0 else holding.buys
        quantity = max(ZERO, min(quantity, abs(holding.position) - open_ - keep))
    return quantity if instrument is None else quantity // instrument.lot * instrument.lot


def stage(
    holding: Holding, instrument: RiskInstrument | None, stages: int, keep: Decimal = ZERO
) -> Decimal | None:
    """How much of a position goes at a time when it is closed down to `keep` in so many stages, in whole lots.

    None for all of it.
    """
    excess = abs(holding.position) - keep
    if stages <= 1 or excess <= 0:
        return None
    part = excess / stages
    if instrument is None:
        return part
    return max((part / instrument.lot).to_integral_value(ROUND_CEILING), ONE) * instrument.lot


def worst_price(
    state: RiskState, holding: Holding, instrument: RiskInstrument | None, collar: Decimal
) -> Decimal | None:
    """The price a closing order may reach: the mark, however old, or the average cost, less or plus the collar.

    None when neither is known.
    """
    side, mark = closing_side(holding), state.marks.get(holding.symbol)
    if mark is not None:
        reference = mark.bid if side is Side.SELL else mark.ask
    elif holding.cost:
        reference = holding.cost / holding.position / (holding.multiplier * holding.rate)
    else:
        return None
    bound = reference * (ONE - collar if side is Side.SELL else ONE + collar)
    if instrument is None:
        return bound
    rounding = ROUND_FLOOR if side is Side.SELL else ROUND_CEILING
    ticks = (bound / instrument.tick).to_integral_value(rounding)
    return max(ticks, ONE) * instrument.tick


def closings(
    state: RiskState,
    listing: str,
    quantity: Decimal,
    price: Decimal,
    policy: FlattenPolicy,
    instrument: RiskInstrument | None,
    now: int,
) -> list[Closing]:
    """The orders that close `quantity` of a listing, strategies in the order they first traded it."""
    holding, side = state.holdings[listing], closing_side(state.holdings[listing])
    largest = instrument.max_quantity if instrument is not None else None
    orders: list[Closing] = []
    for strategy, holder, owned in [*_owned(state, listing, side), (UNOWNED, None, quantity)]:
        part = min(owned, quantity)
        quantity -= part
        if largest is not None:
            part = min(part, largest)
        if part > 0:
            terms = _terms(holding, side, part, price, now + policy.deadline)
            orders.append(Closing(strategy, holder, terms))
    return orders


def _owned(state: RiskState, listing: str, side: Side) -> list[tuple[str, Address | None, Decimal]]:
    """What each strategy holds that `side` closes, less what its own open orders may close."""
    open_by_strategy: dict[str, Decimal] = {}
    for reservation in state.reservations.values():
        if reservation.listing == listing and reservation.side is side and reservation.counted:
            before = open_by_strategy.get(reservation.strategy, ZERO)
            open_by_strategy[reservation.strategy] = before + reservation.remaining
    owned: list[tuple[str, Address | None, Decimal]] = []
    for book in state.strategies.values():
        if listing_id(book.venue, book.symbol) == listing and book.holder:
            left = -side.sign * book.position - open_by_strategy.get(book.strategy, ZERO)
            owned.append((book.strategy, book.holder, max(left, ZERO)))
    return owned


def _terms(holding: Holding, side: Side, quantity: Decimal, price: Decimal, deadline: int) -> OrderTerms:
    return OrderTerms(
        symbol=holding.symbol,
        venue=holding.venue,
        side=side,
        quantity=quantity,
        order_type=OrderType.MARKET,
        worst_price=price,
        deadline=deadline,
        time_in_force=TimeInForce.IOC,
        reduce_only=True,
        purpose=Purpose.FLATTEN,
    )
