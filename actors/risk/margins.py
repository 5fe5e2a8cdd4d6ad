"""Margin at venues that have it, as they told it last: what must be left for positions, and how near liquidation is.

A venue tells with each reading of its account (`venues.*.reconcile.interval`). What it says of a position that was
closed or turned since counts no more; distances are those of the marks of now. Pure functions.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from actors.risk.exposure import in_base
from actors.risk.limits import listing_id
from actors.risk.state import ZERO, Holding, RiskState
from messages.venue_account import PositionMargin

_TWO = Decimal(2)
_QUANTUM = Decimal("0.000001")


def account_worth(state: RiskState, venue: str, base_currency: str) -> Decimal:
    """Cash and positions of one account at their marks, in base currency."""
    worth = in_base(state.accounts[venue].balances, state.rates, base_currency)
    held = (state.holdings[listing] for listing in state.totals.active)
    return worth + sum((one.value or ZERO for one in held if one.venue == venue), ZERO)


def maintenance(state: RiskState, venue: str) -> Decimal:
    """What must be left in an account lest the venue liquidates, in base currency."""
    return sum((margin.maintenance * holding.rate for holding, margin in _margins(state, venue)), ZERO)


def liquidation_distance(state: RiskState, venue: str) -> Decimal | None:
    """How far the mark of the position that is nearest to its liquidation is from it, part of the mark.

    0 or less: it is there. None while no price liquidates any of them.
    """
    nearest: Decimal | None = None
    for holding, margin in _margins(state, venue):
        mark = state.marks.get(holding.symbol)
        if mark is None or margin.liquidation_price is None:
            continue  # without a mark NAV is not known, and nothing grows
        middle = (mark.bid + mark.ask) / _TWO
        apart = (middle - margin.liquidation_price) / middle
        distance = apart if holding.position > 0 else -apart
        if nearest is None or distance < nearest:
            nearest = distance
    return None if nearest is None else nearest.quantize(_QUANTUM)


def _margins(state: RiskState, venue: str) -> Iterator[tuple[Holding, PositionMargin]]:
    for symbol, margin in state.accounts[venue].margins.items():
        holding = state.holdings.get(listing_id(venue, symbol))
        if holding is not None and holding.position * margin.quantity > 0:
            yield holding, margin
