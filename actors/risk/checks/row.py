"""What a check is, and the few forms its answer has: passed, only what reduces, bounded, counted, aged, waited.

Every form lets through what can't increase exposure: `view.reducible` of an intent passes whatever the limit.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import NamedTuple

from actors.risk.limits import ZERO
from actors.risk.view import View
from messages.intents import CheckResult, Purpose
from messages.reasons import Reason

MONEY = "quote"
COUNT = "count"
AGE = "ns"
PRICE = "price"
RATIO = "ratio"
QUANTITY = "quantity"

Judge = Callable[[View], CheckResult]

_CLOSES = frozenset({Purpose.EXIT, Purpose.STOP, Purpose.TARGET})
_ACCEPTED = Reason.ACCEPTED
"""Bound once: to look a member up on its enum class costs as much as a comparison of Decimals."""


class Check(NamedTuple):
    """One row of the list: a check, the setting that holds its limit, and the reasons it gives when it fails.

    It is asked where one of the limits `needs` is set (or a cap of that kind of scope), always when it needs none.
    `no_resize` says why it never shrinks an intent; the others do, to what would pass or, where no amount is at fault,
    to the part that can't increase exposure.
    """

    name: str
    judge: Judge
    setting: str
    reasons: tuple[Reason, ...]
    says: str
    needs: tuple[str, ...] = ()
    no_resize: str = ""


def closes_its_own(view: View) -> bool:
    """Whether the intent closes what its strategy holds.

    Two strategies that hold a symbol against each other must both get out of it: the account is flat, so that the exit
    of either opens it.
    """
    return view.terms.purpose in _CLOSES


def passed(check: str) -> CheckResult:
    """The answer of a check that has no figures to show; made once per check."""
    return CheckResult(check)


def rejects_outright(check: str, reason: Reason, unit: str = "") -> CheckResult:
    """A failure that no size mends."""
    return CheckResult(check, None, None, unit, reason, ZERO)


def only_reducing(check: str, reason: Reason, view: View) -> CheckResult:
    """Nothing but what can't increase exposure passes."""
    if view.is_reducing:
        return CheckResult(check)
    return CheckResult(check, None, None, "", reason, view.reducible)


def held_to(
    check: str,
    reason: Reason,
    view: View,
    limit: Decimal | int,
    observed: Decimal | int,
    unit: str,
    *,
    holds: bool,
    at_least: bool = False,
) -> CheckResult:
    """`observed` beside `limit`; when it does not hold, only what reduces passes."""
    if holds or view.is_reducing:
        return CheckResult(check, limit, observed, unit, _ACCEPTED, None, at_least)
    return CheckResult(check, limit, observed, unit, reason, view.reducible, at_least)


def aged(check: str, reason: Reason, view: View, most: int, age: int) -> CheckResult:
    """Something is older than it may be."""
    return held_to(check, reason, view, most, age, AGE, holds=False)


def waited(check: str, reason: Reason, view: View, since: int | None, least: int) -> CheckResult:
    """At least so much time (ns) has passed since something happened; None: it never did."""
    if since is None:
        return CheckResult(check)
    passed_ns = view.now - since
    return held_to(check, reason, view, least, passed_ns, AGE, holds=passed_ns >= least, at_least=True)


def bounded(
    check: str,
    reason: Reason,
    view: View,
    limit: Decimal,
    observed: Decimal,
    allowed: Decimal,
    unit: str = MONEY,
    *,
    at_least: bool = False,
) -> CheckResult:
    """The intent may have at most `allowed` units."""
    if view.quantity <= allowed:
        return CheckResult(check, limit, observed, unit, _ACCEPTED, None, at_least)
    return CheckResult(check, limit, observed, unit, reason, allowed, at_least)


def exposed(check: str, reason: Reason, view: View, limit: Decimal, others: Decimal) -> CheckResult:
    """The listing's exposure together with that of `others` stays within `limit`."""
    observed = others + view.exposure_after
    if observed <= limit and view.is_adding:  # the rule, and the same as what `quantity_within` would find
        return CheckResult(check, limit, observed, MONEY)
    return bounded(check, reason, view, limit, observed, view.quantity_within(limit - others))


def counted(check: str, reason: Reason, view: View, most: int, count: int) -> CheckResult:
    """`count`, this intent included, is at most `most`."""
    if count <= most:
        return CheckResult(check, most, count, COUNT)
    return held_to(check, reason, view, most, count, COUNT, holds=False)


def lost(check: str, reason: Reason, view: View, limit: Decimal, loss: Decimal) -> CheckResult:
    """Less than `limit` was lost."""
    return held_to(check, reason, view, limit, loss, MONEY, holds=loss < limit)
