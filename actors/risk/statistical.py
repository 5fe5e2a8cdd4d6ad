"""The checks that go by statistics of the portfolio: VaR, CVaR, correlated exposure (sheet H 3.6).

Apart from the other checks because what they look at is kept elsewhere, in `var`. Until there are samples enough, what
may increase exposure fails them.
"""

from __future__ import annotations

import math
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import TYPE_CHECKING

from actors.risk.limits import ZERO
from messages.intents import CheckResult
from messages.reasons import Reason

if TYPE_CHECKING:
    from actors.risk.limits import RiskLimits, RiskSettings
    from actors.risk.var import PortfolioStatistics
    from actors.risk.view import View

_MONEY = "quote"
_CENT = Decimal("0.01")
_ACCEPTED, _UNKNOWN = Reason.ACCEPTED, Reason.VAR_UNKNOWN
_VAR, _CVAR, _CORRELATION = Reason.PORTFOLIO_VAR, Reason.POSITION_CVAR, Reason.CORRELATION_CAP


def portfolio_var(view: View) -> CheckResult:
    """VaR 99 % of the portfolio under the worst fate of all orders, the intent's among them."""
    part, known = view.limits.max_portfolio_var, view.statistics
    if part is None:
        return CheckResult("portfolio_var", True, _ACCEPTED)
    outlook = None if known is None else known.outlook(view.state, view.terms.symbol, is_buy=view.is_buy)
    if outlook is None or view.nav is None:
        return _unknown("portfolio_var", view)
    limit = part * view.nav
    observed = money_up(outlook.value_at_risk(float(view.worth)))
    allowed = view.terms.quantity
    if observed > limit:
        allowed = view.quantity_worth(_money_down(outlook.worth_within(float(limit))))
    return _bounded("portfolio_var", _VAR, view, limit, observed, allowed)


def position_cvar(view: View) -> CheckResult:
    """CVaR 95 % of the symbol's position, over all venues, under the worst fate of its orders."""
    part, known = view.limits.max_position_cvar, view.statistics
    if part is None:
        return CheckResult("position_cvar", True, _ACCEPTED)
    tail = None if known is None else known.tail_loss(view.state, view.terms.symbol, is_buy=view.is_buy)
    if tail is None or view.nav is None:
        return _unknown("position_cvar", view)
    limit = part * view.nav
    exposure = view.elsewhere + view.exposure_after
    observed = money_up(tail * float(exposure))
    allowed = view.terms.quantity
    if observed > limit:
        room = _money_down(float(limit) / tail)
        allowed = view.quantity_within(room - view.elsewhere)
    return _bounded("position_cvar", _CVAR, view, limit, observed, allowed)


def correlated_exposure(view: View) -> CheckResult:
    """The exposure of the symbol and of all that moves with it, or against it."""
    part, known = view.limits.max_correlated_exposure, view.statistics
    if part is None:
        return CheckResult("correlated_exposure", True, _ACCEPTED)
    others = None if known is None else known.exposure_with(view.state, view.terms.symbol)
    if others is None or view.nav is None:
        return _unknown("correlated_exposure", view)
    limit = part * view.nav
    others += view.elsewhere
    allowed = view.quantity_within(limit - others)
    return _bounded("correlated_exposure", _CORRELATION, view, limit, others + view.exposure_after, allowed)


def make_statistics(settings: RiskSettings, limits: RiskLimits) -> PortfolioStatistics:
    """A view of the portfolio's statistics; loads numpy."""
    from actors.risk.var import PortfolioStatistics

    return PortfolioStatistics(settings.statistics, float(limits.correlation_threshold))


def money_up(value: float) -> Decimal:
    """An amount in whole hundredths, rounded up; what is too large to tell is as large as any."""
    if not math.isfinite(value):
        return Decimal("1E15")
    return Decimal(value).quantize(_CENT, ROUND_CEILING)


def _money_down(value: float) -> Decimal:
    if not math.isfinite(value):
        return Decimal("1E15")
    return max(Decimal(value).quantize(_CENT, ROUND_FLOOR), ZERO)


def _unknown(check: str, view: View) -> CheckResult:
    if view.is_reducing:
        return CheckResult(check, True, _ACCEPTED)
    reason = _UNKNOWN if view.nav is not None else Reason.NAV_STALE
    return CheckResult(check, False, reason, None, None, None, "", view.reducible)


def _bounded(
    check: str, reason: Reason, view: View, limit: Decimal, observed: Decimal, allowed: Decimal
) -> CheckResult:
    passed = view.terms.quantity <= allowed
    return CheckResult(
        check, passed, _ACCEPTED if passed else reason, limit, observed, limit - observed, _MONEY, allowed
    )
