"""What the desk is worth, venue by venue, and what is held elsewhere: the one is NAV, both together are AUM. Pure.

No limit looks at AUM: what lies elsewhere can't pay for an order, nor stand behind a position.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from actors.risk.exposure import in_base
from actors.risk.ledger import rate_of
from actors.risk.state import ZERO, RiskState


class Worth(msgspec.Struct, frozen=True):
    """Money in base currency; None is "not known". The venues add up to `nav`, `nav` and `off_exchange` to `aum`."""

    nav: Decimal | None
    venues: dict[str, Decimal | None]
    off_exchange: dict[str, Decimal | None]
    aum: Decimal | None


def worth(state: RiskState, base_currency: str, off_exchange: Mapping[str, Decimal]) -> Worth:
    """The desk's worth now; `off_exchange` are amounts by currency, counted at its rate, else at its mark's bid."""
    elsewhere = {
        currency: _valued(state, currency, amount, base_currency) for currency, amount in off_exchange.items()
    }
    aum = state.nav
    for value in elsewhere.values():
        aum = None if aum is None or value is None else aum + value
    return Worth(
        nav=state.nav,
        venues={venue: _at_venue(state, venue, base_currency) for venue in state.accounts},
        off_exchange=elsewhere,
        aum=aum,
    )


def _at_venue(state: RiskState, venue: str, base_currency: str) -> Decimal | None:
    """Balances that have a rate, and positions at their marks."""
    account = state.accounts[venue]
    total = in_base(account.balances, state.rates, base_currency)
    for holding in state.holdings.values():
        if holding.venue == venue:
            if holding.value is None:
                return None
            total += holding.value
    return total if account.opened else None


def _valued(state: RiskState, currency: str, amount: Decimal, base_currency: str) -> Decimal | None:
    if not amount:
        return ZERO
    rate = rate_of(state, currency, base_currency)
    if rate is None:
        mark = state.marks.get(f"{currency}-{base_currency}")
        rate = None if mark is None else mark.bid
    return None if rate is None else amount * rate
