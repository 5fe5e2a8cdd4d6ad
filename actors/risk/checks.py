"""The checks every intent passes, in their order: a declared list of small pure functions.

Each says whether the intent passes, what the limit is, what was observed, the room that is left, and the largest
quantity it would let pass. All are evaluated, the first that fails is the headline. What can't increase exposure
under any fate of everything open passes every limit; only malformed, unknown, expired intents and OBSERVE stop it.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import NamedTuple

from actors.risk.limits import ONE, ZERO
from actors.risk.view import View, is_open
from messages.control import Mode
from messages.intents import CheckResult, OrderTerms, OrderType, Side
from messages.reasons import Reason

MONEY = "quote"
COUNT = "count"
AGE = "ns"
PRICE = "price"

GREATEST = Decimal("1E15")
"""Quantities and prices from here on are no one's: they would not fit into exact sums."""

Judge = Callable[[View], CheckResult]

_NORMAL, _OBSERVE = Mode.NORMAL, Mode.OBSERVE
_ACCEPTED, _MAX_ORDER_NOTIONAL = Reason.ACCEPTED, Reason.MAX_ORDER_NOTIONAL
_SYMBOL_EXPOSURE, _GROSS_EXPOSURE = Reason.SYMBOL_EXPOSURE, Reason.GROSS_EXPOSURE
_CASH_RESERVE, _DAILY_LOSS, _DRAWDOWN = Reason.CASH_RESERVE, Reason.DAILY_LOSS, Reason.DRAWDOWN
_MAX_POSITIONS, _MAX_OPEN_ORDERS = Reason.MAX_POSITIONS, Reason.MAX_OPEN_ORDERS
"""Bound once: to look a member up on its enum class costs as much as a comparison of Decimals, and every intent
passes all checks."""


class Check(NamedTuple):
    """One row of the list: a check, the setting that holds its limit, and the reasons it gives when it fails."""

    name: str
    judge: Judge
    setting: str
    reasons: tuple[Reason, ...]
    says: str


def malformed_field(terms: OrderTerms, lot: Decimal, tick: Decimal) -> str | None:
    """The first field of an order's terms that makes no sense; None when all do."""
    for name in ("quantity", "worst_price", "limit_price", "stop_price"):
        number: Decimal | None = getattr(terms, name)
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


_WITH_LIMIT = (OrderType.LIMIT, OrderType.STOP_LIMIT)
_WITH_STOP = (OrderType.STOP, OrderType.STOP_LIMIT)


def rejects_outright(check: str, reason: Reason, unit: str = "") -> CheckResult:
    """A failure that no size mends."""
    return CheckResult(check, False, reason, None, None, None, unit, ZERO)


def _well_formed(view: View) -> CheckResult:
    """A view is only built of an intent whose fields make sense."""
    return _PASSED["well_formed"]


def _kill_switch(view: View) -> CheckResult:
    if view.is_halted:
        return _only_reducing("kill_switch", Reason.KILL_SWITCH, view)
    return _PASSED["kill_switch"]


def _mode(view: View) -> CheckResult:
    mode = view.state.mode
    if mode is _OBSERVE:
        return rejects_outright("mode", Reason.MODE_OBSERVE)
    if mode is not _NORMAL or view.is_flattening:
        return _only_reducing("mode", Reason.MODE_REDUCE, view)
    return _PASSED["mode"]


def _universe(view: View) -> CheckResult:
    if view.terms.symbol in view.state.outside:
        return _only_reducing("universe", Reason.NOT_IN_UNIVERSE, view)
    return _PASSED["universe"]


def _expiry(view: View) -> CheckResult:
    late = view.now - view.terms.deadline
    if late > 0:
        return CheckResult("expiry", False, Reason.EXPIRED, ZERO, Decimal(late), Decimal(-late), AGE, ZERO)
    quote = view.intent.quote
    if quote is not None and view.now - quote.time > view.limits.max_intent_age:
        age, most = view.now - quote.time, view.limits.max_intent_age
        return _aged("expiry", Reason.EXPIRED, view, most, age)
    return _PASSED["expiry"]


def _nav_known(view: View) -> CheckResult:
    if view.nav is None or not is_open(view.state, view.terms.venue):
        return _only_reducing("nav_known", Reason.NAV_STALE, view)
    return _PASSED["nav_known"]


def _mark_fresh(view: View) -> CheckResult:
    if view.mark is None:
        return _only_reducing("mark_fresh", Reason.MARK_MISSING, view)
    age, most = view.now - view.mark.time, view.limits.max_mark_age
    if age > most:
        return _aged("mark_fresh", Reason.MARK_STALE, view, most, age)
    return _PASSED["mark_fresh"]


def _minimum(view: View) -> CheckResult:
    quantity, instrument = view.terms.quantity, view.instrument
    if quantity < instrument.min_quantity and not view.is_reducing:
        least, room = instrument.min_quantity, quantity - instrument.min_quantity
        return CheckResult(
            "minimum", False, Reason.MIN_QUANTITY, least, quantity, room, "quantity", view.reducible
        )
    value, limit = quantity * view.least_value, least_notional(view)
    if value >= limit or view.is_reducing:
        return CheckResult("minimum", True, _ACCEPTED, limit, value, value - limit, MONEY)
    return CheckResult(
        "minimum", False, Reason.MIN_NOTIONAL, limit, value, value - limit, MONEY, view.reducible
    )


def _order_notional(view: View) -> CheckResult:
    limit, most = view.limits.max_order_notional, view.instrument.max_quantity
    value = view.worth
    allowed = view.quantity_worth(limit)
    if most is not None and most < allowed:
        allowed = view.passing(most)
    return _bounded("order_notional", _MAX_ORDER_NOTIONAL, view, limit, value, limit - value, allowed)


def _price_collar(view: View) -> CheckResult:
    mark, collar, worst = view.mark, view.limits.price_collar, view.terms.worst_price
    if mark is None:
        return _only_reducing("price_collar", Reason.MARK_MISSING, view)
    if view.is_buy:
        limit = mark.ask * (ONE + collar)
        room = limit - worst
    else:
        limit = mark.bid * (ONE - collar)
        room = worst - limit
    passed = room >= 0 or view.is_reducing
    reason = _ACCEPTED if passed else Reason.PRICE_COLLAR
    allowed = None if passed else view.reducible
    return CheckResult("price_collar", passed, reason, limit, worst, room, PRICE, allowed)


def _symbol_exposure(view: View) -> CheckResult:
    if view.nav is None:
        return _only_reducing("symbol_exposure", Reason.NAV_STALE, view)
    limit = view.limits.max_symbol_exposure * view.nav
    return _exposed("symbol_exposure", _SYMBOL_EXPOSURE, view, limit, view.elsewhere)


def _gross_exposure(view: View) -> CheckResult:
    if view.nav is None:
        return _only_reducing("gross_exposure", Reason.NAV_STALE, view)
    limit = view.limits.max_gross_exposure * view.nav
    return _exposed("gross_exposure", _GROSS_EXPOSURE, view, limit, view.total_exposure)


def _cash_reserve(view: View) -> CheckResult:
    if view.nav is None:
        return _only_reducing("cash_reserve", Reason.NAV_STALE, view)
    limit = view.limits.min_cash_reserve * view.nav + view.state.capital.treasury
    free = view.state.totals.cash - view.state.totals.buys_value
    if not view.is_buy:
        return CheckResult("cash_reserve", True, _ACCEPTED, limit, free, free - limit, MONEY)
    observed = free - view.worth
    allowed = view.quantity_worth(free - limit)
    return _bounded("cash_reserve", _CASH_RESERVE, view, limit, observed, observed - limit, allowed)


def _open_positions(view: View) -> CheckResult:
    most, count = view.limits.max_open_positions, len(view.state.totals.active) + (not view.active)
    return _counted("open_positions", _MAX_POSITIONS, view, most, count)


def _open_orders(view: View) -> CheckResult:
    most, count = view.limits.max_open_orders, len(view.state.reservations) + 1
    return _counted("open_orders", _MAX_OPEN_ORDERS, view, most, count)


def _daily_loss(view: View) -> CheckResult:
    anchor, nav = view.state.day_anchor, view.nav
    if anchor is None or nav is None:
        return _only_reducing("daily_loss", Reason.NAV_STALE, view)
    return _lost("daily_loss", _DAILY_LOSS, view, view.limits.daily_loss_limit * anchor, anchor - nav)


def _drawdown(view: View) -> CheckResult:
    peak, nav = view.state.peak, view.nav
    if peak is None or nav is None:
        return _only_reducing("drawdown", Reason.NAV_STALE, view)
    return _lost("drawdown", _DRAWDOWN, view, view.limits.drawdown_reduce * peak, peak - nav)


CHECKS: tuple[Check, ...] = (
    Check("well_formed", _well_formed, "", (Reason.INTENT_MALFORMED,), "all fields make sense"),
    Check("kill_switch", _kill_switch, "kill_switch", (Reason.KILL_SWITCH,), "the desk is not halted"),
    Check("mode", _mode, "", (Reason.MODE_REDUCE, Reason.MODE_OBSERVE), "the mode allows it"),
    Check(
        "universe", _universe, "", (Reason.NOT_IN_UNIVERSE,), "the symbol is in the universe, if there is one"
    ),
    Check("expiry", _expiry, "max_intent_age", (Reason.EXPIRED,), "neither deadline nor quote has passed"),
    Check(
        "nav_known", _nav_known, "", (Reason.NAV_STALE,), "the account is open and everything held is marked"
    ),
    Check(
        "mark_fresh",
        _mark_fresh,
        "max_mark_age",
        (Reason.MARK_MISSING, Reason.MARK_STALE),
        "the symbol has a mark that is young enough",
    ),
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
        "price_collar",
        _price_collar,
        "price_collar",
        (Reason.PRICE_COLLAR, Reason.MARK_MISSING),
        "the worst price is not far beyond the mark",
    ),
    Check(
        "symbol_exposure",
        _symbol_exposure,
        "max_symbol_exposure",
        (Reason.SYMBOL_EXPOSURE, Reason.NAV_STALE),
        "the symbol stays within its part of NAV under the worst fate",
    ),
    Check(
        "gross_exposure",
        _gross_exposure,
        "max_gross_exposure",
        (Reason.GROSS_EXPOSURE, Reason.NAV_STALE),
        "so does the whole desk",
    ),
    Check(
        "cash_reserve",
        _cash_reserve,
        "min_cash_reserve",
        (Reason.CASH_RESERVE, Reason.NAV_STALE),
        "cash after all open buys stays above the reserve and what is set aside",
    ),
    Check(
        "open_positions",
        _open_positions,
        "max_open_positions",
        (Reason.MAX_POSITIONS,),
        "not too many listings",
    ),
    Check("open_orders", _open_orders, "max_open_orders", (Reason.MAX_OPEN_ORDERS,), "not too many orders"),
    Check(
        "daily_loss",
        _daily_loss,
        "daily_loss_limit",
        (Reason.DAILY_LOSS, Reason.NAV_STALE),
        "the day has not lost too much",
    ),
    Check(
        "drawdown",
        _drawdown,
        "drawdown_reduce",
        (Reason.DRAWDOWN, Reason.NAV_STALE),
        "NAV has not fallen too far from its peak",
    ),
)
"""The checks in their order. A symbol that no venue lists is rejected before, for nothing else could be judged."""

_PASSED = {check.name: CheckResult(check.name, True, _ACCEPTED) for check in CHECKS}


def least_notional(view: View) -> Decimal:
    """The least value an order may have in base currency, the stricter of desk's and venue's."""
    return max(view.limits.min_notional, view.instrument.min_notional * view.instrument.rate)


def _only_reducing(check: str, reason: Reason, view: View) -> CheckResult:
    if view.is_reducing:
        return _PASSED[check]
    return CheckResult(check, False, reason, None, None, None, "", view.reducible)


def _aged(check: str, reason: Reason, view: View, most: int, age: int) -> CheckResult:
    passed = view.is_reducing
    reason = _ACCEPTED if passed else reason
    return CheckResult(
        check, passed, reason, Decimal(most), Decimal(age), Decimal(most - age), AGE, view.reducible
    )


def _bounded(
    check: str, reason: Reason, view: View, limit: Decimal, observed: Decimal, room: Decimal, allowed: Decimal
) -> CheckResult:
    passed = view.terms.quantity <= allowed
    return CheckResult(check, passed, _ACCEPTED if passed else reason, limit, observed, room, MONEY, allowed)


def _exposed(check: str, reason: Reason, view: View, limit: Decimal, others: Decimal) -> CheckResult:
    observed = others + view.exposure_after
    allowed = view.quantity_within(limit - others)
    return _bounded(check, reason, view, limit, observed, limit - observed, allowed)


def _counted(check: str, reason: Reason, view: View, most: int, count: int) -> CheckResult:
    passed = count <= most or view.is_reducing
    return CheckResult(
        check,
        passed,
        _ACCEPTED if passed else reason,
        Decimal(most),
        Decimal(count),
        Decimal(most - count),
        COUNT,
        None if passed else view.reducible,
    )


def _lost(check: str, reason: Reason, view: View, limit: Decimal, lost: Decimal) -> CheckResult:
    passed = lost < limit or view.is_reducing
    return CheckResult(
        check,
        passed,
        _ACCEPTED if passed else reason,
        limit,
        lost,
        limit - lost,
        MONEY,
        None if passed else view.reducible,
    )
