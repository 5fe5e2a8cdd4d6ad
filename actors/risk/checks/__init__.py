"""The checks every intent passes, in their order: a declared list of small pure functions, by subject.

Each says whether the intent passes, what the limit is, what was observed, the room that is left, and the largest
quantity it would let pass. All whose limit is set are evaluated, the first that fails is the headline. What can't
increase exposure under any fate of everything open passes every limit but `min_profit`; only malformed, unknown,
expired intents and OBSERVE stop it.

The worst case of a replace needs no check of its own: the order that is to go stays reserved until it is known to be
gone, so that its successor is judged beside it.
"""

from __future__ import annotations

from actors.risk.checks import exposure, knowledge, loss, margin, pace, permission, size, surroundings, tail
from actors.risk.checks.row import Check, Judge, rejects_outright
from actors.risk.checks.size import least_notional
from actors.risk.checks.wellformed import malformed_field

CHECKS: tuple[Check, ...] = (
    *permission.BEFORE,
    *knowledge.CHECKS,
    *surroundings.CHECKS,
    *pace.CHECKS,
    *size.CHECKS,
    permission.SELF_TRADE,
    *exposure.CHECKS,
    *margin.CHECKS,
    *loss.CHECKS,
    *tail.CHECKS,
)
"""The checks in their order. A symbol that no venue lists is rejected before, for nothing else could be judged."""

__all__ = ["CHECKS", "Check", "Judge", "least_notional", "malformed_field", "rejects_outright"]
