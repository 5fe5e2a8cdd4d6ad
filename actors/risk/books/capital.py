"""Self-financing: of realised profit a part is set aside as treasury, the rest becomes capital; losses are capital's.

What is set aside is spoken for: buys leave it untouched, on top of the cash reserve. A checkpoint is applied once, and
one that contradicts what was applied before changes nothing. Pure functions.
"""

from __future__ import annotations

from decimal import ROUND_FLOOR, Decimal

from actors.risk.books.shares import COST_QUANTUM
from actors.risk.limits import RiskLimits
from actors.risk.state import ZERO, Capital, RiskState
from messages.portfolio import CapitalCheckpointed, CapitalCode


def checkpoint(
    known: Capital, events: int, realised: Decimal, nav: Decimal, treasury_share: Decimal
) -> tuple[CapitalCode, Capital]:
    """What a checkpoint makes of the capital: `realised` is all profit since the desk began, after costs.

    `events` counts the bookings behind it. Refused checkpoints return the capital as it was.
    """
    if known.capital is None:
        return CapitalCode.BEGUN, Capital(nav - known.treasury, known.treasury, realised, events)
    if events < known.events:
        return CapitalCode.NON_MONOTONIC, known
    if events == known.events:
        same = realised == known.realised
        return (CapitalCode.ALREADY_APPLIED if same else CapitalCode.REALISED_MISMATCH), known
    delta = realised - known.realised
    if delta < 0:
        left = known.capital + delta
        if left < 0:
            return CapitalCode.NEGATIVE_CAPITAL, known
        return CapitalCode.LOSS, Capital(left, known.treasury, realised, events)
    aside = (delta * treasury_share).quantize(COST_QUANTUM, ROUND_FLOOR)
    applied = Capital(known.capital + delta - aside, known.treasury + aside, realised, events)
    return CapitalCode.SPLIT if delta else CapitalCode.NOTHING_REALISED, applied


def checkpoint_of(state: RiskState, limits: RiskLimits, now: int) -> CapitalCheckpointed | None:
    """The checkpoint that is due; None while NAV is not known, and where it was applied already."""
    nav = state.nav
    if nav is None:
        return None
    realised = sum((each.realised - each.fees + each.funding for each in state.holdings.values()), ZERO)
    code, after = checkpoint(state.capital, state.booked, realised, nav, limits.treasury_share)
    if code is CapitalCode.ALREADY_APPLIED:
        return None
    return CapitalCheckpointed(
        code=code,
        events=state.booked,
        realised=realised,
        capital=after.capital,
        treasury=after.treasury,
        to_treasury=after.treasury - state.capital.treasury,
        time=now,
    )


def apply_checkpoint(state: RiskState, event: CapitalCheckpointed) -> None:
    """Remember what a checkpoint made of the capital."""
    if not event.code.is_refusal:
        state.capital = Capital(event.capital, event.treasury, event.realised, event.events)


def deployable(state: RiskState, min_cash_reserve: Decimal) -> Decimal | None:
    """What buys may still cost: cash less open buys, the reserve (a part of NAV) and the treasury. None without NAV."""
    nav = state.nav
    if nav is None:
        return None
    free = state.totals.cash - state.totals.buys_value - min_cash_reserve * nav - state.capital.treasury
    return max(free, ZERO)
