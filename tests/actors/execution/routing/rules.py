"""The venue's rules as the tests of routing have them."""

from __future__ import annotations

from decimal import Decimal

from messages.venue_account import ListingStatus, VenueInstrument


def rules_of(symbol: str, *, min_notional: str | None = None, lot: str = "0.5") -> VenueInstrument:
    """Prices in ticks of 1, quantities in lots of half a unit."""
    return VenueInstrument(
        symbol=symbol,
        listing=symbol,
        status=ListingStatus.TRADING,
        base_currency="BTC",
        quote_currency="USDT",
        settle_currency="USDT",
        tick=Decimal(1),
        lot=Decimal(lot),
        min_quantity=Decimal(lot),
        min_notional=None if min_notional is None else Decimal(min_notional),
        taker_fee=Decimal("0.0005"),
    )
