"""First in, first out: what each fill opened is a lot, and what closes a position closes its oldest lots.

Apart from `actors.risk.ledger.post`, which keeps the same position at its average cost. Both read the same fills, so
that over the life of a position they come to the same profit, and differ only in when it is realised. Lots belong to
an account's position; strategies have none of their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from actors.risk.books.shares import share
from actors.risk.state import ZERO, Holding, Lot
from messages.intents import Side
from messages.portfolio import ClosedLot, FillBooked


def closed_lots(
    holding: Holding | None,
    side: Side,
    quantity: Decimal,
    value: Decimal,
    opening_value: Decimal | None = None,
) -> tuple[ClosedLot, ...]:
    """The lots, or parts of them, that a fill of `quantity` worth `value` (base currency) closes, the oldest first.

    `opening_value` is the worth of a position that had none so far; see `messages.portfolio.FillBooked`.
    """
    if holding is None or holding.position * side.sign >= 0:
        return ()
    closed: list[ClosedLot] = []
    left, worth = quantity, value
    for lot in lots_of(holding, opening_value):
        part = min(lot.quantity, left)
        opened = lot.value if part == lot.quantity else share(lot.value, part, lot.quantity)
        made = worth if part == left else share(value, part, quantity)
        closed.append(ClosedLot(lot.fill_id, lot.time, part, opened, made))
        left -= part
        worth -= made
        if not left:
            break
    return tuple(closed)


def lots_of(holding: Holding, opening_value: Decimal | None = None) -> Sequence[Lot]:
    """The open lots of a position, the oldest first.

    What was there before its fills were known is one lot at its cost, of no known fill. Empty when flat, and while a
    position has no price yet.
    """
    if holding.lots or not holding.position:
        return holding.lots
    cost = opening_value if holding.cost is None else holding.cost
    return [] if cost is None else [Lot("", None, abs(holding.position), abs(cost))]


def enter_lots(holding: Holding, event: FillBooked) -> None:
    """Put a fill into the lots of its position, which must not have been moved by it yet, and its profit beside them.

    A fill that exchanged cash is no lot; what it gained is realised all the same.
    """
    if event.exchanged is not None:
        holding.fifo += event.desk.realised
        return
    value = event.price * event.quantity * event.multiplier * event.rate
    closed = event.closed
    if closed is None:  # of a journal that did not tell
        closed = closed_lots(holding, event.side, event.quantity, value, event.opening_value)
    left = event.quantity
    if holding.position and not holding.lots:
        holding.lots = list(lots_of(holding, event.opening_value))
    lots = holding.lots
    whole = 0
    for each in closed:
        lot = lots[whole]
        if each.quantity == lot.quantity:
            whole += 1
        else:
            lots[whole] = Lot(
                lot.fill_id, lot.time, lot.quantity - each.quantity, lot.value - each.opened_value
            )
        left -= each.quantity
        value -= each.closed_value
    if closed:
        del lots[:whole]
        holding.fifo += realised(event.side, closed)
    if left:
        lots.append(Lot(event.fill_id, event.time, left, value))


def realised(side: Side, closed: Sequence[ClosedLot]) -> Decimal:
    """The profit before fees of lots that an order of `side` closed."""
    gained = ZERO
    for each in closed:
        gained += each.opened_value - each.closed_value
    return gained if side is Side.BUY else -gained


def lots_cost(holding: Holding) -> Decimal | None:
    """What the open lots have cost, signed like the position; None while it has no price."""
    if not holding.position:
        return ZERO
    lots = lots_of(holding)
    if not lots:
        return None
    total = sum((lot.value for lot in lots), ZERO)
    return total if holding.position > 0 else -total
