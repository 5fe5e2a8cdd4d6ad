"""Checks that go by statistics of the portfolio: VaR, CVaR, correlated exposure (sheet H 3.6).

What they look at is kept in `actors.risk.var`. Until there are samples enough, what may increase exposure fails them.
"""

from __future__ import annotations

from actors.risk.checks.row import Check, bounded, exposed, only_reducing
from actors.risk.limits import ZERO
from actors.risk.statistical import money_down, money_up
from actors.risk.view import View
from messages.intents import CheckResult
from messages.reasons import Reason

_VAR, _CVAR, _CORRELATION = Reason.PORTFOLIO_VAR, Reason.POSITION_CVAR, Reason.CORRELATION_CAP
"""Bound once: to look a member up on its enum class costs as much as a comparison of Decimals."""


def _portfolio_var(view: View) -> CheckResult:
    """VaR 99 % of the portfolio under the worst fate of all orders, the intent's among them."""
    part, known = view.limits.max_portfolio_var, view.statistics
    assert part is not None
    outlook = None if known is None else known.outlook(view.state, view.terms.symbol, is_buy=view.is_buy)
    if outlook is None or view.nav is None:
        return _unknown("portfolio_var", view)
    limit = part * view.nav
    observed = money_up(outlook.value_at_risk(float(view.worth)))
    allowed = view.terms.quantity
    if observed > limit:
        allowed = view.quantity_worth(money_down(outlook.worth_within(float(limit))))
    return bounded("portfolio_var", _VAR, view, limit, observed, allowed)


def _position_cvar(view: View) -> CheckResult:
    """CVaR 95 % of the symbol's position, over all venues, under the worst fate of its orders."""
    part, known = view.limits.max_position_cvar, view.statistics
    assert part is not None
    tail = None if known is None else known.tail_loss(view.state, view.terms.symbol, is_buy=view.is_buy)
    if tail is None or view.nav is None:
        return _unknown("position_cvar", view)
    limit = part * view.nav
    observed = money_up(tail * float(view.elsewhere + view.exposure_after))
    allowed = view.terms.quantity
    if observed > limit:
        # a symbol that has never fallen exceeds its limit where NAV is negative only
        room = money_down(float(limit) / tail) if tail else ZERO
        allowed = view.quantity_within(room - view.elsewhere)
    return bounded("position_cvar", _CVAR, view, limit, observed, allowed)


def _correlated_exposure(view: View) -> CheckResult:
    """The exposure of the symbol and of all that moves with it, or against it."""
    part, known = view.limits.max_correlated_exposure, view.statistics
    assert part is not None
    others = None if known is None else known.exposure_with(view.state, view.terms.symbol)
    if others is None or view.nav is None:
        return _unknown("correlated_exposure", view)
    limit = part * view.nav
    return exposed("correlated_exposure", _CORRELATION, view, limit, others + view.elsewhere)


def _unknown(check: str, view: View) -> CheckResult:
    return only_reducing(check, Reason.NAV_STALE if view.nav is None else Reason.VAR_UNKNOWN, view)


CHECKS: tuple[Check, ...] = (
    Check(
        "portfolio_var",
        _portfolio_var,
        "max_portfolio_var",
        (Reason.PORTFOLIO_VAR, Reason.VAR_UNKNOWN, Reason.NAV_STALE),
        "the portfolio's VaR stays within its part of NAV",
        ("max_portfolio_var",),
    ),
    Check(
        "position_cvar",
        _position_cvar,
        "max_position_cvar",
        (Reason.POSITION_CVAR, Reason.VAR_UNKNOWN, Reason.NAV_STALE),
        "so does the CVaR of the symbol's position",
        ("max_position_cvar",),
    ),
    Check(
        "correlated_exposure",
        _correlated_exposure,
        "max_correlated_exposure",
        (Reason.CORRELATION_CAP, Reason.VAR_UNKNOWN, Reason.NAV_STALE),
        "so does the exposure of all that moves with the symbol",
        ("max_correlated_exposure",),
    ),
)
