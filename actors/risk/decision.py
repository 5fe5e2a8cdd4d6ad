"""From checks to an answer: approve, resize or reject. What is asked, and by which limits, `engine` knows."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from actors.risk.checks import Judge, least_notional, malformed_field, rejects_outright
from actors.risk.limit_book import InForce
from actors.risk.limits import ZERO, RiskInstrument
from actors.risk.state import RiskState
from actors.risk.view import Surroundings, View
from messages.intents import CheckResult, OrderIntent, Verdict
from messages.reasons import Reason

_ACCEPTED, _APPROVED = Reason.ACCEPTED, Verdict.APPROVED


class Decision(msgspec.Struct, frozen=True, gc=False):
    """Risk's answer. `quantity` is what is approved, 0 when nothing is; `price` what each unit is reserved at.

    `reason` is the headline: the first failing check, also of a resized intent; ACCEPTED when all pass.
    """

    verdict: Verdict
    reason: Reason
    quantity: Decimal
    price: Decimal
    increases_exposure: bool
    checks: tuple[CheckResult, ...]


def decide(
    state: RiskState,
    intent: OrderIntent,
    instrument: RiskInstrument | None,
    in_force: InForce,
    judges: Sequence[Judge],
    now: int,
    surroundings: Surroundings,
) -> Decision:
    """Judge an intent at desk time `now` (ns UTC) by the checks that its limits ask for; see `engine`.

    `instrument` is None for a symbol its venue does not list.
    """
    if instrument is None:
        return _rejected_outright("symbol_known", Reason.SYMBOL_UNKNOWN)
    field = malformed_field(intent.terms, instrument.lot, instrument.tick)
    if field is not None:
        return _rejected_outright("well_formed", Reason.INTENT_MALFORMED, field)
    view = View(state, intent, instrument, in_force, now, surroundings)
    checks = tuple([judge(view) for judge in judges])
    return _answer(view, checks)


def _rejected_outright(check: str, reason: Reason, field: str = "") -> Decision:
    failed = rejects_outright(check, reason, field)
    return Decision(Verdict.REJECTED, reason, ZERO, ZERO, True, (failed,))


def _answer(view: View, checks: tuple[CheckResult, ...]) -> Decision:
    quantity, price = view.quantity, view.price
    reason = _ACCEPTED
    for check in checks:
        if check.reason is not _ACCEPTED:  # not `passed`, which takes longer: dozens of them are asked
            if reason is _ACCEPTED:
                reason = check.reason
            quantity = min(quantity, check.allowed or ZERO)
    if reason is _ACCEPTED:
        return Decision(_APPROVED, reason, quantity, price, not view.is_reducing, checks)
    quantity = view.whole_lots(quantity)
    increases = quantity > view.reducible
    if quantity <= 0:
        return Decision(Verdict.REJECTED, reason, ZERO, price, True, checks)
    if increases and _is_too_small(view, quantity):
        return Decision(Verdict.REJECTED, Reason.BELOW_MINIMUM_AFTER_RESIZE, ZERO, price, True, checks)
    return Decision(Verdict.RESIZED, reason, quantity, price, increases, checks)


def _is_too_small(view: View, quantity: Decimal) -> bool:
    return quantity < view.instrument.min_quantity or quantity * view.least_value < least_notional(view)
