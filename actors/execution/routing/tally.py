"""What is kept of an order that is all of its intent, for its router record; a plan keeps the same of several.

Changed by `apply` alone. Times are ns UTC of desk time, that of the first fill the venue's.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from messages.market import QuoteSnapshot
from messages.orders import Fill, Liquidity

_ZERO = Decimal(0)
_MAKER = Liquidity.MAKER


class Tally(msgspec.Struct):
    """`quote` is the one decided on, `started_at` when the order was first promised; `value` in quote currency.

    `fees` are by currency, negative = rebate. `recorded` is what was filled when its record was left, None before.
    """

    quote: QuoteSnapshot | None
    started_at: int
    acknowledged_at: int | None = None
    first_fill_at: int | None = None
    value: Decimal = _ZERO
    maker_quantity: Decimal = _ZERO
    fees: dict[str, Decimal] = {}
    recorded: Decimal | None = None

    def note_fill(self, fill: Fill) -> None:
        """The order was filled."""
        if self.first_fill_at is None:
            self.first_fill_at = fill.event_time
        self.value += fill.quantity * fill.price
        if fill.liquidity is _MAKER:
            self.maker_quantity += fill.quantity
        if fill.fee:
            self.fees[fill.fee_currency] = self.fees.get(fill.fee_currency, _ZERO) + fill.fee
