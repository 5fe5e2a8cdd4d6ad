"""What a check is, and the few forms its answer has: passed, only what reduces, bounded, counted, aged, waited.

Every form lets through what can't increase exposure: `view.reducible` of an intent passes whatever the limit.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import NamedTuple

from actors.risk.limits import ZERO
from actors.risk.view import View
from messages.intents import CheckResult
from messages.reasons import Reason

MONEY = "quote"
COUNT = "count"
AGE = "ns"
PRICE = "price"
RATIO = "ratio"
QUANTITY = "quantity"

Judge = Callable[[View], CheckResult]

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


def passed(check: str) -> CheckResult:
    """The answer of a check that has no figures to show; made once per check."""
    return CheckResult(check, True, _ACCEPTED)


def rejects_outright(check: str, reason: Reason, unit: str = "") -> CheckResult:
    """A failure that no size mends."""
    return CheckResult(check, False, reason, None, None, None, unit, ZERO)


def only_reducing(check: str, reason: Reason, view: View) -> CheckResult:
    """Nothing but what can't increase exposure passes."""
    if view.is_reducing:
        return CheckResult(check, True, _ACCEPTED)
    return CheckResult(check, False, reason, None, None, None, "", view.reducible)


def held_to(
    check: str,
    reason: Reason,
    view: View,
    limit: Decimal,
    observed: Decimal,
    unit: str,
    *,
    holds: bool,
    room: Decimal | None = None,
) -> CheckResult:
    """`observed` beside `limit`; when it does not hold, only what reduces passes."""
    ok = holds or view.is_reducing
    left = limit - observed if room is None else room
    return CheckResult(
        check, ok, _ACCEPTED if ok else reason, limit, observed, left, unit, None if ok else view.reducible
    )


def aged(check: str, reason: Reason, view: View, most: int, age: int) -> CheckResult:
    """Something is older than it may be."""
    ok = view.is_reducing
    return CheckResult(
        check,
        ok,
        _ACCEPTED if ok else reason,
        Decimal(most),
        Decimal(age),
        Decimal(most - age),
        AGE,
        view.reducible,
    )


def waited(check: str, reason: Reason, view: View, since: int | None, least: int) -> CheckResult:
    """At least so much time (ns) has passed since something happened; None: it never did."""
    if since is None:
        return CheckResult(check, True, _ACCEPTED)
    passed_ns = view.now - since
    return held_to(
        check,
        reason,
        view,
        Decimal(least),
        Decimal(passed_ns),
        AGE,
        holds=passed_ns >= least,
        room=Decimal(passed_ns - least),
    )


def bounded(
    check: str, reason: Reason, view: View, limit: Decimal, observed: Decimal, room: Decimal, allowed: Decimal
) -> CheckResult:
    """The intent may have at most `allowed` units."""
    ok = view.terms.quantity <= allowed
    return CheckResult(check, ok, _ACCEPTED if ok else reason, limit, observed, room, MONEY, allowed)


def exposed(check: str, reason: Reason, view: View, limit: Decimal, others: Decimal) -> CheckResult:
    """The listing's exposure together with that of `others` stays within `limit`."""
    observed = others + view.exposure_after
    allowed = view.quantity_within(limit - others)
    return bounded(check, reason, view, limit, observed, limit - observed, allowed)


def counted(check: str, reason: Reason, view: View, most: int, count: int) -> CheckResult:
    """`count`, this intent included, is at most `most`."""
    return held_to(check, reason, view, Decimal(most), Decimal(count), COUNT, holds=count <= most)


def lost(check: str, reason: Reason, view: View, limit: Decimal, loss: Decimal) -> CheckResult:
    """Less than `limit` was lost."""
    return held_to(check, reason, view, limit, loss, MONEY, holds=loss < limit)
