"""Whether an account can carry an order, fee included, judged before it is placed. Pure functions over Decimals.

The rule is that of margin accounts, of which a cash account is the case in which all of a value must be there: per
symbol the larger of what open buys and what open sells could make of the position counts, and of all that the part
that the venue wants to see free. Profit that is not realised does not count. Amounts are in the account's currency.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

ZERO = Decimal(0)


class Collateral(NamedTuple):
    """What an exposure takes: `rate` of its value (1 = all of it) in `currency`.

    `multiplier` is the base units per unit of quantity.
    """

    currency: str
    rate: Decimal
    multiplier: Decimal = Decimal(1)


class Exposure(NamedTuple):
    """One symbol's position, signed, and its open buys and sells, as values; `rate` as in `Collateral`."""

    rate: Decimal
    position: Decimal = ZERO
    buys: Decimal = ZERO
    sells: Decimal = ZERO


def required(exposures: Iterable[Exposure], fees: Decimal = ZERO) -> Decimal:
    """What must be on the account for these exposures under their worst fate, and for the fees of an order."""
    return sum((_worst(each) * each.rate for each in exposures), fees)


def _worst(exposure: Exposure) -> Decimal:
    return max(abs(exposure.position + exposure.buys), abs(exposure.position - exposure.sells))
