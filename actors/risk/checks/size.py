"""Checks on one order by itself: its value, its quantity, its price."""

from __future__ import annotations

from decimal import Decimal

from actors.risk.checks.row import (
    MONEY,
    PRICE,
    QUANTITY,
    Check,
    bounded,
    held_to,
    only_reducing,
    passed,
)
from actors.risk.limits import ONE, ZERO
from actors.risk.view import View
from messages.control import Mode
from messages.intents import CheckResult, Purpose
from messages.reasons import Reason

_MAX_ORDER_NOTIONAL, _MAX_TRADE_NAV = Reason.MAX_ORDER_NOTIONAL, Reason.MAX_TRADE_NAV
_MAX_QUANTITY, _MIN_NOTIONAL, _PRICE_COLLAR = Reason.MAX_QUANTITY, Reason.MIN_NOTIONAL, Reason.PRICE_COLLAR
"""Bound once: to look a member up on its enum class costs as much as a comparison of Decimals."""

_FAT_FINGER, _MIN_PROFIT = passed("fat_finger"), passed("min_profit")
_CHOSEN = (Purpose.ENTRY, Purpose.EXIT, Purpose.TARGET)
"""Sells that a strategy is free to put off. A stop, a closing by command or policy is not held back by its price."""

AVERAGED_FROM = 5
"""Entries of a symbol from which their average says what is usual."""


def least_notional(view: View) -> Decimal:
    """The least value an order may have in base currency, the stricter of desk's and venue's."""
    return max(view.limits.min_notional, view.instrument.min_notional * view.instrument.rate)


def _minimum(view: View) -> CheckResult:
    quantity, instrument = view.terms.quantity, view.instrument
    if quantity < instrument.min_quantity and not view.is_reducing:
        least = instrument.min_quantity
        return held_to(
            "minimum", Reason.MIN_QUANTITY, view, least, quantity, QUANTITY, holds=False, at_least=True
        )
    value, limit = quantity * view.least_value, least_notional(view)
    return held_to("minimum", _MIN_NOTIONAL, view, limit, value, MONEY, holds=value >= limit, at_least=True)


def _order_notional(view: View) -> CheckResult:
    limit, most = view.limits.max_order_notional, view.instrument.max_quantity
    value = view.worth
    allowed = view.quantity_worth(limit)
    if most is not None and most < allowed:
        allowed = view.passing(most)
    return bounded("order_notional", _MAX_ORDER_NOTIONAL, view, limit, value, allowed)


def _order_quantity(view: View) -> CheckResult:
    most = view.limits.max_quantity
    assert most is not None
    return bounded("order_quantity", _MAX_QUANTITY, view, most, view.quantity, view.passing(most), QUANTITY)


def _position_quantity(view: View) -> CheckResult:
    """The position if all open orders of the intent's side and the intent itself are filled."""
    most = view.limits.max_position_quantity
    assert most is not None
    before = view.position + view.open_quantity
    allowed = view.passing(most - before)
    return bounded("position_quantity", _MAX_QUANTITY, view, most, before + view.quantity, allowed, QUANTITY)


def _trade_nav(view: View) -> CheckResult:
    part, nav = view.limits.max_trade_nav, view.nav
    assert part is not None
    if nav is None:
        return only_reducing("trade_nav", Reason.NAV_STALE, view)
    limit = part * nav
    allowed = view.quantity_worth(limit)
    return bounded("trade_nav", _MAX_TRADE_NAV, view, limit, view.worth, allowed)


def _fat_finger(view: View) -> CheckResult:
    """Not so many times what the symbol's entries are usually worth; unjudged until there were a few."""
    times = view.limits.fat_finger_multiple
    assert times is not None
    known = view.state.activity.symbols.get(view.terms.symbol)
    if known is None or known.entries < AVERAGED_FROM:
        return _FAT_FINGER
    limit = times * known.average
    return held_to("fat_finger", Reason.FAT_FINGER, view, limit, view.worth, MONEY, holds=view.worth <= limit)


def _price_collar(view: View) -> CheckResult:
    mark, collar, worst = view.mark, view.limits.price_collar, view.terms.worst_price
    if mark is None:
        return only_reducing("price_collar", Reason.MARK_MISSING, view)
    if view.is_buy:
        limit = mark.ask * (ONE + collar)
        return held_to("price_collar", _PRICE_COLLAR, view, limit, worst, PRICE, holds=worst <= limit)
    limit = mark.bid * (ONE - collar)
    return held_to(
        "price_collar", _PRICE_COLLAR, view, limit, worst, PRICE, holds=worst >= limit, at_least=True
    )


def _min_profit(view: View) -> CheckResult:
    """A sell out of a long brings at least its average cost and `min_profit` on top of it.

    The one limit that holds back what reduces: a desk that sets it wants to keep what it can't sell well. It lets go
    in any mode but NORMAL, and of what is no strategy's free choice. A market order is reckoned at the bid.
    """
    least, terms, state = view.limits.min_profit, view.terms, view.state
    assert least is not None
    holding = state.holdings.get(view.listing)
    free = terms.purpose in _CHOSEN and state.mode is Mode.NORMAL and not view.is_flattening
    if view.is_buy or not free or holding is None or holding.position <= 0 or holding.cost is None:
        return _MIN_PROFIT
    price = terms.limit_price
    if price is None:
        price = terms.worst_price if view.mark is None else max(terms.worst_price, view.mark.bid)
    average = holding.cost / holding.position / (holding.multiplier * holding.rate)
    limit = average * (ONE + least)
    if price >= limit:
        return CheckResult("min_profit", limit, price, PRICE, at_least=True)
    return CheckResult("min_profit", limit, price, PRICE, Reason.MIN_PROFIT, ZERO, at_least=True)


CHECKS: tuple[Check, ...] = (
    Check(
        "minimum",
        _minimum,
        "min_notional",
        (Reason.MIN_QUANTITY, Reason.MIN_NOTIONAL),
        "the order is not too small for desk or venue",
    ),
    Check(
        "order_notional", _order_notional, "max_order_notional", (Reason.MAX_ORDER_NOTIONAL,), "nor too large"
    ),
    Check(
        "order_quantity",
        _order_quantity,
        "max_quantity",
        (Reason.MAX_QUANTITY,),
        "nor of too many units",
        ("max_quantity",),
    ),
    Check(
        "position_quantity",
        _position_quantity,
        "max_position_quantity",
        (Reason.MAX_QUANTITY,),
        "nor would the position be",
        ("max_position_quantity",),
    ),
    Check(
        "trade_nav",
        _trade_nav,
        "max_trade_nav",
        (Reason.MAX_TRADE_NAV, Reason.NAV_STALE),
        "the order is not too large a part of NAV",
        ("max_trade_nav",),
    ),
    Check(
        "fat_finger",
        _fat_finger,
        "fat_finger_multiple",
        (Reason.FAT_FINGER,),
        "the order is not many times what the symbol's entries are usually worth",
        ("fat_finger_multiple",),
    ),
    Check(
        "price_collar",
        _price_collar,
        "price_collar",
        (Reason.PRICE_COLLAR, Reason.MARK_MISSING),
        "the worst price is not far beyond the mark",
    ),
    Check(
        "min_profit",
        _min_profit,
        "min_profit",
        (Reason.MIN_PROFIT,),
        "a sell out of a long brings what it cost and a profit",
        ("min_profit",),
        "a smaller sell brings no better price",
    ),
)
