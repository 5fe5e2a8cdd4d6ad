"""How an amount is split in proportion without anything being lost: a part is rounded, the rest stays where it is."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

COST_QUANTUM = Decimal("0.000000000001")
"""A partly closed position releases its share of the cost rounded to this; the rest stays, so nothing is lost."""


def share(amount: Decimal, part: Decimal, whole: Decimal) -> Decimal:
    """`amount` x `part` / `whole`, rounded to `COST_QUANTUM`."""
    return (amount * part / whole).quantize(COST_QUANTUM, ROUND_HALF_EVEN)
