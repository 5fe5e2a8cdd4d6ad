"""The answers of risk's checks as people see them: every figure written out, also what follows from the others."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

import msgspec

from messages.intents import CheckResult
from messages.reasons import Reason


class CheckView(msgspec.Struct, frozen=True):
    """One risk check's answer; see `messages.intents.CheckResult`. `room` is what is left until its limit."""

    check: str
    passed: bool
    reason: Reason
    limit: Decimal | None = None
    observed: Decimal | None = None
    room: Decimal | None = None
    unit: str = ""
    allowed: Decimal | None = None


def check_views(checks: Iterable[CheckResult]) -> tuple[CheckView, ...]:
    """What people see of these."""
    return tuple(
        CheckView(
            check=each.check,
            passed=each.passed,
            reason=each.reason,
            limit=_amount(each.limit),
            observed=_amount(each.observed),
            room=each.room,
            unit=each.unit,
            allowed=each.allowed,
        )
        for each in checks
    )


def _amount(figure: Decimal | int | None) -> Decimal | None:
    return None if figure is None else Decimal(figure)
