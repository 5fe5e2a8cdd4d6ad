"""Prices of a plan's orders: where a passive one rests, how far a taking one may go. Pure functions over Decimals."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from math import isfinite

from actors.execution.order import within
from messages.intents import Side
from messages.routing import RouteQuote

ONE = Decimal(1)


def maker_price(
    side: Side, quote: RouteQuote, tick: Decimal | None, offset_ticks: int, worst_price: Decimal
) -> Decimal | None:
    """Where a passive order rests: `offset_ticks` behind its own touch, before it where negative.

    Never at or beyond the other touch and never worse than `worst_price`. None where there is no such price, or the
    tick is not known.
    """
    if tick is None:
        return None
    if side is Side.BUY:
        touch = _on(quote.bid, tick, ROUND_FLOOR) - offset_ticks * tick
        price = min(touch, _on(quote.ask, tick, ROUND_CEILING) - tick, within(worst_price, side, tick))
    else:
        touch = _on(quote.ask, tick, ROUND_CEILING) + offset_ticks * tick
        price = max(touch, _on(quote.bid, tick, ROUND_FLOOR) + tick, within(worst_price, side, tick))
    return price if price > 0 else None


def taker_limit(
    side: Side,
    arrival: Decimal,
    budget: Decimal,
    fee: Decimal,
    worst_price: Decimal,
    tick: Decimal | None,
) -> Decimal:
    """The worst price at which taking stays within `budget` (fraction of `arrival`, `fee` included) and approval."""
    bound = arrival * (ONE + side.sign * (budget - fee))
    allowed = min(bound, worst_price) if side is Side.BUY else max(bound, worst_price)
    return within(allowed, side, tick)


def is_beyond(side: Side, quote: RouteQuote, limit: Decimal) -> bool:
    """Whether nothing can be had at `limit`: the other touch is worse."""
    return quote.ask > limit if side is Side.BUY else quote.bid < limit


def drift(side: Side, working: Decimal, fresh: Decimal) -> Decimal:
    """By how much (fraction) the market has moved away from an order at `working` that would rest at `fresh` now."""
    return (fresh - working) * side.sign / working


def slippage_bps(side: Side, arrival: Decimal, average: Decimal) -> float:
    """How much worse than `arrival` the average fill was, in basis points; negative is better."""
    return float((average - arrival) * side.sign / arrival * 10_000)


def spread_bps(quote: RouteQuote) -> float:
    """The spread as a part of the middle, in basis points."""
    return float((quote.ask - quote.bid) / quote.mid * 10_000)


def quote_of(bid: float, ask: float, time: int) -> RouteQuote | None:
    """A quote as Decimals; None for one that no market has: not finite, not positive, or crossed."""
    if not (isfinite(bid) and isfinite(ask) and 0 < bid <= ask):
        return None
    return RouteQuote(Decimal(repr(float(bid))), Decimal(repr(float(ask))), time)


def _on(price: Decimal, tick: Decimal, rounding: str) -> Decimal:
    return (price / tick).to_integral_value(rounding) * tick
