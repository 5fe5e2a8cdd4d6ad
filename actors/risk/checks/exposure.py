"""Checks on what the portfolio would be exposed to under the worst fate of everything open, this intent included."""

from __future__ import annotations

from actors.risk.checks.row import (
    MONEY,
    Check,
    Judge,
    bounded,
    counted,
    exposed,
    held_to,
    only_reducing,
    passed,
)
from actors.risk.following import standing
from actors.risk.limits import ONE, ZERO
from actors.risk.margins import account_worth
from actors.risk.view import View
from messages.intents import CheckResult
from messages.reasons import Reason

_SYMBOL_EXPOSURE, _GROSS_EXPOSURE = Reason.SYMBOL_EXPOSURE, Reason.GROSS_EXPOSURE
_CASH_RESERVE, _MAX_POSITIONS = Reason.CASH_RESERVE, Reason.MAX_POSITIONS
_MAX_OPEN_ORDERS, _MAX_SYMBOL_ORDERS = Reason.MAX_OPEN_ORDERS, Reason.MAX_SYMBOL_ORDERS
_REGIME_CAP, _CONCENTRATION, _LEVERAGE_CAP = Reason.REGIME_CAP, Reason.CONCENTRATION, Reason.LEVERAGE_CAP
_TOTAL_AT_RISK = Reason.TOTAL_AT_RISK
"""Bound once: to look a member up on its enum class costs as much as a comparison of Decimals, and every intent
passes all checks."""


def _symbol_exposure(view: View) -> CheckResult:
    if view.nav is None:
        return only_reducing("symbol_exposure", Reason.NAV_STALE, view)
    limit = view.limits.max_symbol_exposure * view.nav
    return exposed("symbol_exposure", _SYMBOL_EXPOSURE, view, limit, view.elsewhere)


def _regime_cap(view: View) -> CheckResult:
    """The symbol's limit, scaled by the regime's factor; while nobody has told the regime, by the least of them."""
    if view.nav is None:
        return only_reducing("regime_cap", Reason.NAV_STALE, view)
    factors = view.limits.regime_caps
    factor = factors.get(view.regime or "", min(factors.values()))
    limit = factor * view.limits.max_symbol_exposure * view.nav
    return exposed("regime_cap", _REGIME_CAP, view, limit, view.elsewhere)


def _concentration(view: View) -> CheckResult:
    """The symbol's part of all exposure, where it is more than the part of NAV that is free.

    own <= c x (own + others) is the same as own <= c / (1 - c) x others.
    """
    part, nav = view.limits.max_concentration, view.nav
    assert part is not None
    if nav is None:
        return only_reducing("concentration", Reason.NAV_STALE, view)
    if part >= ONE:
        limit = view.exposure_after + view.elsewhere
    else:
        others = view.total_exposure - view.elsewhere
        limit = max(part * others / (ONE - part), view.limits.concentration_floor * nav)
    return exposed("concentration", _CONCENTRATION, view, limit, view.elsewhere)


def _group_cap(check: str, kind: str, reason: Reason) -> Judge:
    """The check of all caps of one kind that the intent's listing falls under; the tightest answers."""

    def judge(view: View) -> CheckResult:
        nav = view.nav
        if nav is None:
            return only_reducing(check, Reason.NAV_STALE, view)
        tightest: CheckResult | None = None
        for cap in view.caps:
            if cap.kind == kind:
                found = exposed(check, reason, view, cap.part * nav, view.exposure_beside(cap))
                if tightest is None or (found.room or ZERO) < (tightest.room or ZERO):
                    tightest = found
        return passed(check) if tightest is None else tightest

    return judge


def _leverage(view: View) -> CheckResult:
    """The exposure at one venue beside the worth of that account: the others' money is no margin here."""
    most, state, venue = view.limits.max_leverage, view.state, view.terms.venue
    assert most is not None
    if view.nav is None or venue not in state.accounts:
        return only_reducing("leverage", Reason.NAV_STALE, view)
    if len(state.accounts) == 1:
        return exposed("leverage", _LEVERAGE_CAP, view, most * view.nav, view.total_exposure)
    worth = standing(view.sums, account_worth, state, venue, view.base_currency)
    beside = (state.holdings[listing] for listing in state.totals.active if listing != view.listing)
    others = sum((holding.exposure for holding in beside if holding.venue == venue), ZERO)
    return exposed("leverage", _LEVERAGE_CAP, view, most * worth, others)


def _gross_exposure(view: View) -> CheckResult:
    if view.nav is None:
        return only_reducing("gross_exposure", Reason.NAV_STALE, view)
    limit = view.limits.max_gross_exposure * view.nav
    return exposed("gross_exposure", _GROSS_EXPOSURE, view, limit, view.total_exposure)


def _net_exposure(view: View) -> CheckResult:
    """Longs less shorts if all orders of the intent's side are filled and none of the other; positions at marks."""
    part, totals = view.limits.max_net_exposure, view.state.totals
    assert part is not None
    if view.nav is None:
        return only_reducing("net_exposure", Reason.NAV_STALE, view)
    limit = part * view.nav
    held = totals.value if view.is_buy else -totals.value
    before = held + view.open_worth_of_side()
    observed = before + view.worth
    if observed <= limit:
        return CheckResult("net_exposure", limit, observed, MONEY)
    return bounded(
        "net_exposure", Reason.NET_EXPOSURE, view, limit, observed, view.quantity_worth(limit - before)
    )


def _total_at_risk(view: View) -> CheckResult:
    """Positions, everything pending and the whole intent; what exceeds it is not shrunk (sheet T 6, step 8)."""
    part = view.limits.max_total_at_risk
    assert part is not None
    if view.nav is None:
        return only_reducing("total_at_risk", Reason.NAV_STALE, view)
    limit, observed = part * view.nav, view.total_exposure + view.exposure_after
    holds = observed <= limit
    return held_to("total_at_risk", _TOTAL_AT_RISK, view, limit, observed, MONEY, holds=holds)


def _cash_reserve(view: View) -> CheckResult:
    if view.nav is None:
        return only_reducing("cash_reserve", Reason.NAV_STALE, view)
    limit = view.limits.min_cash_reserve * view.nav + view.state.capital.treasury
    free = view.state.totals.cash - view.state.totals.buys_value
    observed = free - view.worth if view.is_buy else free
    if not view.is_buy or observed >= limit:
        return CheckResult("cash_reserve", limit, observed, MONEY, at_least=True)
    allowed = view.quantity_worth(free - limit)
    return bounded("cash_reserve", _CASH_RESERVE, view, limit, observed, allowed, at_least=True)


def _open_positions(view: View) -> CheckResult:
    most, count = view.limits.max_open_positions, len(view.state.totals.active) + (not view.active)
    return counted("open_positions", _MAX_POSITIONS, view, most, count)


def _open_orders(view: View) -> CheckResult:
    most, count = view.limits.max_open_orders, len(view.state.reservations) + 1
    return counted("open_orders", _MAX_OPEN_ORDERS, view, most, count)


def _symbol_orders(view: View) -> CheckResult:
    """Open orders of the listing; stops that protect a position are none of them."""
    most = view.limits.max_symbol_orders
    assert most is not None
    holding = view.state.holdings.get(view.listing)
    working = 0 if holding is None else holding.orders
    return counted("symbol_orders", _MAX_SYMBOL_ORDERS, view, most, working + 1)


_CAPS: tuple[tuple[str, str, Reason, str], ...] = (
    ("tier_cap", "tier", Reason.TIER_CAP, "so does its tier"),
    ("theme_cap", "theme", Reason.THEME_CAP, "so does each theme or correlation group it is in"),
    ("venue_cap", "venue", Reason.VENUE_CAP, "so does its venue"),
)

CHECKS: tuple[Check, ...] = (
    Check(
        "symbol_exposure",
        _symbol_exposure,
        "max_symbol_exposure",
        (Reason.SYMBOL_EXPOSURE, Reason.NAV_STALE),
        "the symbol stays within its part of NAV under the worst fate",
    ),
    Check(
        "regime_cap",
        _regime_cap,
        "regime_caps",
        (Reason.REGIME_CAP, Reason.NAV_STALE),
        "so it does with its part scaled by the regime's factor",
        ("regime_caps",),
    ),
    Check(
        "concentration",
        _concentration,
        "max_concentration",
        (Reason.CONCENTRATION, Reason.NAV_STALE),
        "the symbol is not too large a part of all exposure",
        ("max_concentration",),
    ),
    *(
        Check(
            name,
            _group_cap(name, kind, reason),
            "overrides.*.max_exposure",
            (reason, Reason.NAV_STALE),
            says,
            (kind,),
        )
        for name, kind, reason, says in _CAPS
    ),
    Check(
        "leverage",
        _leverage,
        "max_leverage",
        (Reason.LEVERAGE_CAP, Reason.NAV_STALE),
        "the exposure at the venue is not too large for its account",
        ("max_leverage",),
    ),
    Check(
        "gross_exposure",
        _gross_exposure,
        "max_gross_exposure",
        (Reason.GROSS_EXPOSURE, Reason.NAV_STALE),
        "the whole desk stays within its part of NAV",
    ),
    Check(
        "net_exposure",
        _net_exposure,
        "max_net_exposure",
        (Reason.NET_EXPOSURE, Reason.NAV_STALE),
        "so do longs less shorts, or shorts less longs",
        ("max_net_exposure",),
    ),
    Check(
        "total_at_risk",
        _total_at_risk,
        "max_total_at_risk",
        (Reason.TOTAL_AT_RISK, Reason.NAV_STALE),
        "the whole desk with everything pending and the whole intent is not too large a part of NAV",
        ("max_total_at_risk",),
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
        "symbol_orders",
        _symbol_orders,
        "max_symbol_orders",
        (Reason.MAX_SYMBOL_ORDERS,),
        "not too many of the symbol",
        ("max_symbol_orders",),
    ),
)
