"""From a size and a quote to the terms of an order: prices on the tick, quantities on the lot, the worst price.

Pure functions; the border where market data (float64) becomes money (Decimal).
"""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from functools import lru_cache

from actors.precheck.minimum import Minimum, Verdict, plan_size
from actors.strategy.settings import Instrument, OrderSettings, OrderStyle
from messages.intents import OrderTerms, OrderType, Purpose, Route, Side, TimeInForce
from messages.market import QuoteSnapshot
from messages.reasons import Reason

_AT_MARKET, _MARKET, _IOC = OrderStyle.MARKET, OrderType.MARKET, TimeInForce.IOC
_BUY, _ENTRY, _DIRECT = Side.BUY, Purpose.ENTRY, Route.DIRECT
"""Bound once: to look a member up on its enum class costs more than a comparison with it."""
_NO_BUMP = Decimal(0)


class Unpriceable(Exception):
    """There is no order of this size at this quote; `reason` says why. Ends the decision as BLOCKED."""

    def __init__(self, reason: Reason) -> None:
        self.reason = reason
        super().__init__(reason.value)


@lru_cache(maxsize=1024)
def decimal_of(price: float) -> Decimal:
    """The shortest decimal that reads back as this float: what the venue wrote.

    A quote is asked for more than once on the way to an order, and reading its text costs more than all else here.
    """
    return Decimal(repr(float(price)))


def rounded(value: Decimal, step: Decimal, rounding: str) -> Decimal:
    """`value` in whole steps (ticks or lots), rounded as told."""
    return (value / step).to_integral_value(rounding) * step


def entry_quantity(instrument: Instrument, notional: Decimal, price: Decimal) -> Decimal:
    """The quantity worth `notional` (base currency) at `price`, rounded down to the lot."""
    worth = price * instrument.multiplier * instrument.rate
    return rounded(notional / worth, instrument.lot, ROUND_FLOOR)


def bounded_entry(
    instrument: Instrument, quantity: Decimal, price: Decimal, max_bump: Decimal = _NO_BUMP
) -> Decimal:
    """`quantity` on the lot and within the instrument's largest.

    One below the smallest, also once its fee is taken in kind, is made that large if it grows by no more than the
    fraction `max_bump`; else it raises `Unpriceable`.
    """
    most = instrument.max_quantity
    wished = quantity if most is None else min(quantity, most)
    quantity = rounded(quantity, instrument.lot, ROUND_FLOOR)
    if most is not None:
        quantity = min(quantity, most)
    small = quantity <= 0 or quantity < instrument.min_quantity
    if (
        not small
        and not instrument.fee_in_kind
        and quantity * price * instrument.multiplier >= instrument.min_notional
    ):
        return quantity
    least = Minimum(
        instrument.lot,
        instrument.min_quantity,
        instrument.min_notional,
        instrument.multiplier,
        instrument.fee_in_kind,
    )
    plan = plan_size(wished, price, least, max_bump=max_bump)
    if plan.verdict is Verdict.ABSTAIN:
        raise Unpriceable(plan.reason)
    if most is not None and plan.quantity > most:
        raise Unpriceable(Reason.MAX_QUANTITY)
    return plan.quantity


def entry_price(instrument: Instrument, order: OrderSettings, side: Side, quote: QuoteSnapshot) -> Decimal:
    """The price an entry is meant to be filled at: its limit price, or the touch for a market order.

    Raises `Unpriceable` when the offset leaves no price above zero.
    """
    if order.style is _AT_MARKET:
        return decimal_of(quote.ask if side is _BUY else quote.bid)
    tick = instrument.tick
    bid, ask = decimal_of(quote.bid), decimal_of(quote.ask)
    offset = order.offset_ticks * tick
    passive = order.style is OrderStyle.POST_ONLY
    if side is _BUY:
        price = rounded(bid - offset, tick, ROUND_FLOOR)
        price = min(price, rounded(ask, tick, ROUND_CEILING) - tick) if passive else price
    else:
        price = rounded(ask + offset, tick, ROUND_CEILING)
        price = max(price, rounded(bid, tick, ROUND_FLOOR) + tick) if passive else price
    if price <= 0:
        raise Unpriceable(Reason.TICK_SIZE)
    return price


def entry_terms(
    instrument: Instrument,
    order: OrderSettings,
    side: Side,
    quantity: Decimal,
    quote: QuoteSnapshot,
    now: int,
    purpose: Purpose = Purpose.ENTRY,
) -> OrderTerms:
    """The terms of an order in the configured style: an entry, a turn from one side to the other, or (purpose
    EXIT) the reduction of a position. Raises `Unpriceable`."""
    if order.style is _AT_MARKET:
        deadline = now + order.deadline
        return _market(instrument, side, quantity, quote, deadline, order.collar, purpose, order.route)
    price = entry_price(instrument, order, side, quote)
    return OrderTerms(
        symbol=instrument.symbol,
        venue=instrument.venue,
        side=side,
        quantity=quantity,
        order_type=OrderType.LIMIT,
        worst_price=price,
        deadline=now + order.deadline,
        limit_price=price,
        post_only=order.style is OrderStyle.POST_ONLY,
        reduce_only=purpose is not Purpose.ENTRY,
        time_to_live=order.time_to_live,
        purpose=purpose,
        route=order.route,
    )


def exit_terms(
    instrument: Instrument,
    order: OrderSettings,
    side: Side,
    quantity: Decimal,
    quote: QuoteSnapshot,
    now: int,
    purpose: Purpose,
) -> OrderTerms:
    """The terms of an exit: always a market order that can only reduce, whatever the entry's style."""
    if instrument.max_quantity is not None:
        quantity = min(quantity, instrument.max_quantity)
    return _market(instrument, side, quantity, quote, now + order.deadline, order.exit_collar, purpose)


def _market(
    instrument: Instrument,
    side: Side,
    quantity: Decimal,
    quote: QuoteSnapshot,
    deadline: int,
    collar: Decimal,
    purpose: Purpose,
    route: Route = _DIRECT,
) -> OrderTerms:
    return OrderTerms(
        symbol=instrument.symbol,
        venue=instrument.venue,
        side=side,
        quantity=quantity,
        order_type=_MARKET,
        worst_price=_worst(instrument.tick, side, quote, collar),
        deadline=deadline,
        time_in_force=_IOC,
        reduce_only=purpose is not _ENTRY,
        purpose=purpose,
        route=route,
    )


def _worst(tick: Decimal, side: Side, quote: QuoteSnapshot, collar: Decimal) -> Decimal:
    # rounded to the inside of the collar, but never so far that the touch itself is out of reach
    if side is _BUY:
        ask = decimal_of(quote.ask)
        return max(rounded(ask * (1 + collar), tick, ROUND_FLOOR), rounded(ask, tick, ROUND_CEILING))
    bid = decimal_of(quote.bid)
    return max(min(rounded(bid * (1 - collar), tick, ROUND_CEILING), rounded(bid, tick, ROUND_FLOOR)), tick)
