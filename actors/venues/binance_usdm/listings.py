"""The venue's names of instruments and ours."""

from __future__ import annotations

from collections.abc import Mapping


class Listings:
    """Canonical symbols (`BTC-USDT-PERP`) to listings (`BTCUSDT`) and back."""

    def __init__(self, listings: Mapping[str, str]) -> None:
        self._listings = dict(listings)
        self._symbols = {listing: symbol for symbol, listing in listings.items()}

    def listing(self, symbol: str) -> str | None:
        """The venue's name; None for a symbol that has none here. A name of the venue's own stands for itself."""
        return self._listings.get(symbol) or (None if "-" in symbol else symbol)

    def symbol(self, listing: str) -> str:
        """Our name; the venue's own for what the desk does not trade, as it may still be in the account."""
        return self._symbols.get(listing, listing)


def unlisted(symbol: str) -> str:
    """What is said of a symbol without a listing."""
    return f"{symbol} has no listing at this venue: add it to its listings"
