"""A strategy's budget: what its positions may be worth, and how much of it is left for one more entry.

All amounts in the desk's base currency. A budget bounds entries alone: a position that has grown beyond it is not
sold for that, and what reduces is never held back.
"""

from __future__ import annotations

from decimal import ROUND_FLOOR, Decimal

from actors.strategy.position import ZERO
from actors.strategy.pricing import decimal_of, rounded
from actors.strategy.settings import Instrument
from actors.strategy.slot import Slot


def budget_of(slot: Slot) -> Decimal | None:
    """What this actor's part of the strategy may hold: as a person set it last, else as configured; None: no bound."""
    settings = slot.settings
    whole = settings.budget if slot.state.budget is None else slot.state.budget
    return whole if whole is None or settings.budget_parts == 1 else whole / settings.budget_parts


def worth(instrument: Instrument, quantity: Decimal, price: Decimal) -> Decimal:
    """What `quantity` at `price` is worth in base currency, without its sign."""
    return abs(quantity) * price * instrument.multiplier * instrument.rate


def within_budget(slot: Slot, quantity: Decimal, price: Decimal) -> Decimal:
    """As much of a position of `quantity` as the budget has room for beside the siblings', on the lot; 0 for none."""
    budget = budget_of(slot)
    if budget is None:
        return quantity
    instrument = slot.settings.instrument
    unit = worth(instrument, Decimal(1), price)
    left = budget - sum((_exposure(each) for each in slot.siblings.values() if each is not slot), ZERO)
    most = rounded(max(left, ZERO) / unit, instrument.lot, ROUND_FLOOR)
    return min(quantity, most)


def room_of(slot: Slot) -> Decimal | None:
    """What is left of the budget beside all that is held and worked for in this actor; None without a budget."""
    budget = budget_of(slot)
    return None if budget is None else budget - sum(map(_exposure, slot.siblings.values()), ZERO)


def _exposure(slot: Slot) -> Decimal:
    """What a sibling holds, or would under the worst fate of its open entries, at its last price."""
    state, view = slot.state, slot.view
    if not (state.position.quantity or state.intents) or not view.has_quote:
        return ZERO
    adding = sum((each.left * each.side.sign for each in state.intents.values() if each.adds), ZERO)
    held = state.position.quantity
    return worth(slot.settings.instrument, max(abs(held), abs(held + adding)), decimal_of(view.mid))
