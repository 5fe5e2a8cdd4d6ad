"""Money that people moved at venues, as the auditor remembers it."""

from __future__ import annotations

from decimal import Decimal

import msgspec


class Moved(msgspec.Struct, frozen=True):
    """So much came into a venue's account, or left it when below 0; `told` says whether its stream tells."""

    venue: str
    transfer_id: str
    currency: str
    amount: Decimal
    told: bool
