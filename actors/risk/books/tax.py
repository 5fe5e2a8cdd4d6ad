"""Tax lots: what was closed, when it had been opened, what it cost and what it brought; and what is still open.

Read off the journal's `FillBooked`, which names the lots it closed, first in first out. Money is in the desk's base
currency, before fees.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import msgspec

from actors.risk.books.lots import lots_of
from actors.risk.state import RiskState
from messages.intents import Side
from messages.portfolio import FillBooked


class TaxLot(msgspec.Struct, frozen=True):
    """One lot, or the part of it that one fill closed. Times in ns UTC, desk time.

    `cost` is what it was bought for, `proceeds` what it was sold for: of a long lot the cost comes first, of a short
    one the proceeds. What has not happened yet is None, and so is `gain` = proceeds - cost. `opened_by` is empty and
    `opened_at` None for what was held before its fills were known.
    """

    id: str
    venue: str
    symbol: str
    side: str
    quantity: Decimal
    opened_by: str
    opened_at: int | None
    closed_by: str | None
    closed_at: int | None
    cost: Decimal | None
    proceeds: Decimal | None

    @property
    def gain(self) -> Decimal | None:
        """Profit before fees; None while it is open."""
        return None if self.cost is None or self.proceeds is None else self.proceeds - self.cost


def closed_tax_lots(event: FillBooked) -> Iterator[TaxLot]:
    """The lots that a fill closed; none of a journal from before they were kept."""
    long = event.side is Side.SELL
    for number, each in enumerate(event.closed or ()):
        yield TaxLot(
            id=f"{event.venue}/{event.symbol}/{event.fill_id}/{number}",
            venue=event.venue,
            symbol=event.symbol,
            side="long" if long else "short",
            quantity=each.quantity,
            opened_by=each.fill_id,
            opened_at=each.opened_at,
            closed_by=event.fill_id,
            closed_at=event.time,
            cost=each.opened_value if long else each.closed_value,
            proceeds=each.closed_value if long else each.opened_value,
        )


def open_tax_lots(state: RiskState) -> Iterator[TaxLot]:
    """What the positions are made of, the oldest first."""
    for holding in state.holdings.values():
        long = holding.position > 0
        for lot in lots_of(holding):
            yield TaxLot(
                id=f"{holding.venue}/{holding.symbol}/{lot.fill_id}/open",
                venue=holding.venue,
                symbol=holding.symbol,
                side="long" if long else "short",
                quantity=lot.quantity,
                opened_by=lot.fill_id,
                opened_at=lot.time,
                closed_by=None,
                closed_at=None,
                cost=lot.value if long else None,
                proceeds=None if long else lot.value,
            )
