"""Checks on what was lost: after so much of it nothing is opened, whatever the mode says."""

from __future__ import annotations

from actors.risk.checks.row import Check, lost, only_reducing
from actors.risk.view import View
from messages.intents import CheckResult
from messages.reasons import Reason

_DAILY_LOSS, _WEEKLY_LOSS, _DRAWDOWN = Reason.DAILY_LOSS, Reason.WEEKLY_LOSS, Reason.DRAWDOWN


def _daily_loss(view: View) -> CheckResult:
    anchor, nav = view.state.day_anchor, view.nav
    if anchor is None or nav is None:
        return only_reducing("daily_loss", Reason.NAV_STALE, view)
    return lost("daily_loss", _DAILY_LOSS, view, view.limits.daily_loss_limit * anchor, anchor - nav)


def _weekly_loss(view: View) -> CheckResult:
    anchor, nav, part = view.state.week_anchor, view.nav, view.limits.weekly_loss_limit
    if anchor is None or nav is None or part is None:
        return only_reducing("weekly_loss", Reason.NAV_STALE, view)
    return lost("weekly_loss", _WEEKLY_LOSS, view, part * anchor, anchor - nav)


def _drawdown(view: View) -> CheckResult:
    peak, nav = view.state.peak, view.nav
    if peak is None or nav is None:
        return only_reducing("drawdown", Reason.NAV_STALE, view)
    return lost("drawdown", _DRAWDOWN, view, view.limits.drawdown_reduce * peak, peak - nav)


CHECKS: tuple[Check, ...] = (
    Check(
        "daily_loss",
        _daily_loss,
        "daily_loss_limit",
        (Reason.DAILY_LOSS, Reason.NAV_STALE),
        "the day has not lost too much",
    ),
    Check(
        "weekly_loss",
        _weekly_loss,
        "weekly_loss_limit",
        (Reason.WEEKLY_LOSS, Reason.NAV_STALE),
        "nor has the week",
        ("weekly_loss_limit",),
    ),
    Check(
        "drawdown",
        _drawdown,
        "drawdown_reduce",
        (Reason.DRAWDOWN, Reason.NAV_STALE),
        "NAV has not fallen too far from its peak",
    ),
)
