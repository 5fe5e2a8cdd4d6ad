"""Checks on what is wrong around the desk, and how much is dared: the degrade level, a canary's caps."""

from __future__ import annotations

from actors.risk.checks.row import RATIO, Check, bounded, closes_its_own, exposed, passed
from actors.risk.limits import ONE
from actors.risk.view import View
from messages.intents import CheckResult
from messages.reasons import Reason

_DEGRADED = Reason.DEGRADED
_SIZE_FACTOR = passed("size_factor")
_CANARY_ORDER, _CANARY_EXPOSURE = passed("canary_order"), passed("canary_exposure")


def _size_factor(view: View) -> CheckResult:
    """The size asked for, times the factor of the degrade level: before any cap, as nothing multiplies after caps.

    What a strategy holds it may close as a whole, unless the level ends all that grows: a part of a part of it would
    soon be less than the venue takes, and the rest be held for as long as the level stands.
    """
    factor = view.state.degrade.factor
    if factor >= ONE or (factor and closes_its_own(view)):
        return _SIZE_FACTOR
    allowed = view.passing(view.quantity * factor)
    return bounded("size_factor", _DEGRADED, view, factor, ONE, allowed, RATIO)


def _canary_order(view: View) -> CheckResult:
    limit = view.limits.canary_order_notional
    if limit is None:
        return _CANARY_ORDER
    return bounded("canary_order", Reason.CANARY, view, limit, view.worth, view.quantity_worth(limit))


def _canary_exposure(view: View) -> CheckResult:
    limit = view.limits.canary_exposure
    if limit is None:
        return _CANARY_EXPOSURE
    return exposed("canary_exposure", Reason.CANARY, view, limit, view.total_exposure)


DEGRADE = "degrade"
"""What `size_factor` needs: no limit, but a degrade level above 0."""

CHECKS: tuple[Check, ...] = (
    Check(
        "size_factor",
        _size_factor,
        "anomalies",
        (Reason.DEGRADED,),
        "no degrade level makes it smaller",
        (DEGRADE,),
    ),
    Check(
        "canary_order",
        _canary_order,
        "canary_order_notional",
        (Reason.CANARY,),
        "a canary's order is small",
        ("canary_order_notional",),
    ),
    Check(
        "canary_exposure",
        _canary_exposure,
        "canary_exposure",
        (Reason.CANARY,),
        "so is all that a canary holds",
        ("canary_exposure",),
    ),
)
