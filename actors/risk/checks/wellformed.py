"""Whether an order's terms make sense at all; asked before anything is reckoned with them."""

from __future__ import annotations

from decimal import Decimal

from actors.risk.limits import ZERO
from messages.intents import OrderTerms, OrderType, Side

GREATEST = Decimal("1E15")
"""Quantities and prices from here on are no one's: they would not fit into exact sums."""

_NUMBERS = ("quantity", "worst_price", "limit_price", "stop_price")
_WITH_LIMIT = (OrderType.LIMIT, OrderType.STOP_LIMIT)
_WITH_STOP = (OrderType.STOP, OrderType.STOP_LIMIT)


def malformed_field(terms: OrderTerms, lot: Decimal, tick: Decimal) -> str | None:
    """The first field of an order's terms that makes no sense; None when all do."""
    numbers = (terms.quantity, terms.worst_price, terms.limit_price, terms.stop_price)
    for name, number in zip(_NUMBERS, numbers, strict=True):
        if number is not None and not (number.is_finite() and ZERO < number < GREATEST):
            return name
    if terms.quantity % lot:
        return "quantity"
    is_limit = terms.order_type in _WITH_LIMIT
    if is_limit is (terms.limit_price is None):
        return "limit_price"
    if (terms.order_type in _WITH_STOP) is (terms.stop_price is None):
        return "stop_price"
    limit = terms.limit_price
    if limit is not None:
        beyond = limit > terms.worst_price if terms.side is Side.BUY else limit < terms.worst_price
        if beyond or limit % tick:
            return "limit_price"
    return None
