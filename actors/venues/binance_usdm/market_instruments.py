"""Listings as `exchangeInfo` describes them: filters become the rules of `VenueInstrument`.

The precisions it also tells are not the tick and the lot; only the filters are.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import msgspec

from messages.errors import DataProviderError
from messages.venue_account import ListingStatus, VenueInstrument

_STATUSES: Final = {
    "TRADING": ListingStatus.TRADING,
    "PRE_DELIVERING": ListingStatus.CANCEL_ONLY,
    "PRE_SETTLE": ListingStatus.CANCEL_ONLY,
}
"""Every other status takes no orders at all."""


class Filter(msgspec.Struct):
    """One filter; which fields it has depends on its type."""

    filterType: str
    minPrice: Decimal | None = None
    maxPrice: Decimal | None = None
    tickSize: Decimal | None = None
    minQty: Decimal | None = None
    maxQty: Decimal | None = None
    stepSize: Decimal | None = None
    limit: int | None = None
    notional: Decimal | None = None
    multiplierUp: Decimal | None = None
    multiplierDown: Decimal | None = None


class Listed(msgspec.Struct):
    """One listing."""

    symbol: str
    status: str
    baseAsset: str
    quoteAsset: str
    marginAsset: str
    filters: list[Filter]


class ExchangeInfo(msgspec.Struct):
    """What is used of the answer of `exchangeInfo`."""

    symbols: list[Listed]


_NONE: Final = Filter("")


def instrument_of(listed: Listed, symbol: str) -> VenueInstrument:
    """The rules of a listing under its canonical symbol. Raises `DataProviderError` when tick or lot are not told."""
    filters = {each.filterType: each for each in listed.filters}
    price = filters.get("PRICE_FILTER", _NONE)
    lot = filters.get("LOT_SIZE", _NONE)
    market_lot = filters.get("MARKET_LOT_SIZE", _NONE)
    percent = filters.get("PERCENT_PRICE", _NONE)
    if price.tickSize is None or lot.stepSize is None or lot.minQty is None:
        raise DataProviderError(
            "the venue does not tell tick and lot of the listing",
            field=f"symbols.{listed.symbol}.filters",
            value=", ".join(filters),
            remedy="leave the symbol out until it does",
        )
    return VenueInstrument(
        symbol=symbol,
        listing=listed.symbol,
        status=_STATUSES.get(listed.status, ListingStatus.CLOSED),
        base_currency=listed.baseAsset,
        quote_currency=listed.quoteAsset,
        settle_currency=listed.marginAsset,
        tick=price.tickSize,
        lot=lot.stepSize,
        min_quantity=lot.minQty,
        max_quantity=lot.maxQty,
        market_lot=market_lot.stepSize,
        market_max_quantity=market_lot.maxQty,
        min_notional=filters.get("MIN_NOTIONAL", _NONE).notional,
        min_price=price.minPrice,
        max_price=price.maxPrice,
        price_up=percent.multiplierUp,
        price_down=percent.multiplierDown,
        max_open_orders=filters.get("MAX_NUM_ORDERS", _NONE).limit,
        max_conditional_orders=filters.get("MAX_NUM_ALGO_ORDERS", _NONE).limit,
    )
