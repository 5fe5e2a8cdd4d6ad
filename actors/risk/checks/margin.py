"""Checks on what a venue with margin says of the account: margin in use, nearness of liquidation.

They judge the account as it stands, not what the intent would make of it: how much margin a venue will want for a
position is its own affair. What bounds the position itself is `max_leverage`. A venue that tells nothing has no margin.
"""

from __future__ import annotations

from actors.risk.checks.row import MONEY, RATIO, Check, held_to, only_reducing, passed
from actors.risk.following import standing
from actors.risk.margins import account_worth, liquidation_distance, maintenance
from actors.risk.view import View
from messages.intents import CheckResult
from messages.reasons import Reason

_MARGIN, _LIQUIDATION = passed("margin"), passed("liquidation")


def _margin(view: View) -> CheckResult:
    part, state, venue = view.limits.max_margin_use, view.state, view.terms.venue
    assert part is not None
    account = state.accounts.get(venue)
    if view.nav is None or account is None:
        return only_reducing("margin", Reason.NAV_STALE, view)
    if not account.margins:
        return _MARGIN
    limit = part * standing(view.sums, account_worth, state, venue, view.base_currency)
    used = standing(view.sums, maintenance, state, venue)
    return held_to("margin", Reason.MARGIN_CAP, view, limit, used, MONEY, holds=used <= limit)


def _liquidation(view: View) -> CheckResult:
    least, state, venue = view.limits.min_liquidation_distance, view.state, view.terms.venue
    assert least is not None
    if view.nav is None or venue not in state.accounts:
        return only_reducing("liquidation", Reason.NAV_STALE, view)
    distance = standing(view.sums, liquidation_distance, state, venue)
    if distance is None:
        return _LIQUIDATION
    reason, holds = Reason.LIQUIDATION_DISTANCE, distance >= least
    return held_to("liquidation", reason, view, least, distance, RATIO, holds=holds, at_least=True)


CHECKS: tuple[Check, ...] = (
    Check(
        "margin",
        _margin,
        "max_margin_use",
        (Reason.MARGIN_CAP, Reason.NAV_STALE),
        "maintenance margin at the venue is not too large a part of its account, as it told last",
        ("max_margin_use",),
    ),
    Check(
        "liquidation",
        _liquidation,
        "min_liquidation_distance",
        (Reason.LIQUIDATION_DISTANCE, Reason.NAV_STALE),
        "no position there is too near to the price at which the venue liquidates it",
        ("min_liquidation_distance",),
    ),
)
