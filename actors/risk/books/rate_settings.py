"""Which currencies count what the market says, and how closely. Plain data."""

from __future__ import annotations

from decimal import Decimal

import msgspec

_SECOND = 1_000_000_000


class RateSettings(msgspec.Struct, frozen=True, gc=False, kw_only=True, forbid_unknown_fields=True):
    """By currency, the symbol whose mark says what one unit of it counts in base currency.

    - `step`: the part of a rate by which its mark must have moved before the books take it.
    - `max_age`: how old that mark may be, in ns, before what is held in the currency counts as not converted.
    """

    symbols: dict[str, str] = {}
    step: Decimal = Decimal("0.0005")
    max_age: int = 60 * _SECOND
