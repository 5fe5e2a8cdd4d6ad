"""Whether an order is large enough for its venue, planned before risk sees it: pass, bump, or abstain.

A bump makes an order larger, so that it belongs before the approval, never after: execution only abstains.
Pure functions over Decimals; quantities in base units, prices and notionals in quote currency, fees as fractions.
"""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from enum import StrEnum
from typing import NamedTuple

from messages.reasons import Reason

ZERO = Decimal(0)
ONE = Decimal(1)


class Verdict(StrEnum):
    """What is to be done with an order's size."""

    PASS = "pass"
    BUMP = "bump"
    ABSTAIN = "abstain"


class Minimum(NamedTuple):
    """The venue's least order: lot and quantity in base units, value in quote currency.

    `fee` is the fraction that is taken from what is bought: what is left must still be enough to be sold again.
    """

    lot: Decimal
    quantity: Decimal = ZERO
    notional: Decimal = ZERO
    multiplier: Decimal = ONE
    fee: Decimal = ZERO


class SizePlan(NamedTuple):
    """The quantity to ask risk for: as wished but for the lot, or bumped; 0 with the reason to abstain."""

    verdict: Verdict
    quantity: Decimal
    reason: Reason = Reason.ACCEPTED


def plan_size(wished: Decimal, price: Decimal, least: Minimum, *, max_bump: Decimal = ZERO) -> SizePlan:
    """Fit a wished quantity to the venue's minimum; `max_bump` is by what fraction it may grow for that."""
    quantity = rounded(wished, least.lot, ROUND_FLOOR)
    against = too_small(quantity, price, least)
    if against is None:
        return SizePlan(Verdict.PASS, quantity)
    enough = least_quantity(price, least)
    if wished > 0 and enough <= wished * (ONE + max_bump):
        return SizePlan(Verdict.BUMP, enough)
    return SizePlan(Verdict.ABSTAIN, ZERO, against)


def too_small(quantity: Decimal, price: Decimal, least: Minimum) -> Reason | None:
    """Why a quantity on the lot is below the venue's minimum, now or after the fee; None when it is not."""
    left = rounded(quantity * (ONE - least.fee), least.lot, ROUND_FLOOR)
    if left <= 0 or left < least.quantity:
        return Reason.MIN_QUANTITY
    if left * price * least.multiplier < least.notional:
        return Reason.MIN_NOTIONAL
    return None


def least_quantity(price: Decimal, least: Minimum) -> Decimal:
    """The smallest quantity on the lot that the venue takes at `price`, and takes back after the fee."""
    by_value = least.notional / (price * least.multiplier)
    left = rounded(max(least.lot, least.quantity, by_value), least.lot, ROUND_CEILING)
    return rounded(left / (ONE - least.fee), least.lot, ROUND_CEILING)


def rounded(value: Decimal, step: Decimal, rounding: str) -> Decimal:
    """`value` in whole steps."""
    return (value / step).to_integral_value(rounding) * step
