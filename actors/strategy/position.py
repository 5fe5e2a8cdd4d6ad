"""A strategy's own position and how fills change it: average cost, closing before opening."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from messages.intents import Side

ZERO = Decimal(0)


class Position(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """What a strategy holds: `quantity` signed, in base units; `average_price` and `opened_at` (ns UTC) None when
    flat; `realized` in quote currency before fees, since the beginning."""

    quantity: Decimal = ZERO
    average_price: Decimal | None = None
    opened_at: int | None = None
    realized: Decimal = ZERO

    @property
    def direction(self) -> int:
        """+1 long, -1 short, 0 flat."""
        quantity = self.quantity
        return 0 if not quantity else -1 if quantity.is_signed() else 1

    @property
    def size(self) -> Decimal:
        """The quantity without its sign."""
        return abs(self.quantity)


def after_fill(
    position: Position, side: Side, quantity: Decimal, price: Decimal, time: int, *, multiplier: Decimal
) -> Position:
    """The position after a fill of `quantity` base units at `price`.

    What reduces realises profit against the average price, what adds moves the average, and what goes through
    zero closes at the old average and opens at the fill's price.
    """
    signed = quantity * side.sign
    held = position.quantity
    if position.average_price is None or held * signed >= 0:
        return _added(position, signed, price, time)
    closed = min(abs(signed), abs(held))
    gain = (price - position.average_price) * closed * position.direction * multiplier
    left = held + signed
    realized = position.realized + gain
    if left == 0:
        return Position(ZERO, None, None, realized)
    if left * held > 0:
        return Position(left, position.average_price, position.opened_at, realized)
    return Position(left, price, time, realized)


def _added(position: Position, signed: Decimal, price: Decimal, time: int) -> Position:
    before = position.average_price
    if before is None:
        return Position(signed, price, time, position.realized)
    total = position.quantity + signed
    average = (before * position.size + price * abs(signed)) / abs(total)
    return Position(total, average, position.opened_at, position.realized)
