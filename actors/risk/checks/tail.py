"""The rows of the checks that go by statistics of returns; how they judge is in `actors.risk.statistical`."""

from __future__ import annotations

from actors.risk.checks.row import Check
from actors.risk.statistical import correlated_exposure, portfolio_var, position_cvar
from messages.reasons import Reason

CHECKS: tuple[Check, ...] = (
    Check(
        "portfolio_var",
        portfolio_var,
        "max_portfolio_var",
        (Reason.PORTFOLIO_VAR, Reason.VAR_UNKNOWN, Reason.NAV_STALE),
        "the portfolio's VaR stays within its part of NAV",
        ("max_portfolio_var",),
    ),
    Check(
        "position_cvar",
        position_cvar,
        "max_position_cvar",
        (Reason.POSITION_CVAR, Reason.VAR_UNKNOWN, Reason.NAV_STALE),
        "so does the CVaR of the symbol's position",
        ("max_position_cvar",),
    ),
    Check(
        "correlated_exposure",
        correlated_exposure,
        "max_correlated_exposure",
        (Reason.CORRELATION_CAP, Reason.VAR_UNKNOWN, Reason.NAV_STALE),
        "so does the exposure of all that moves with the symbol",
        ("max_correlated_exposure",),
    ),
)
