"""Several strategies on one symbol: who decides first, and whose entry gives way.

Each strategy keeps a position of its own; the venue sees their sum. What is decided here is that they don't trade
against each other, and, where one asks for it, that they don't do the same twice. The rule, in order:

1. Of strategies that are due at one instant, the one of greater weight decides first; of equal weights the one whose
   id comes first. Symbols of a group are taken by name. So the journal's order does not depend on that of the settings.
2. An entry against an open entry of a strategy ahead in that order is refused (`conflicting_strategy`).
3. An entry against an open entry of a strategy behind has that one cancelled, and goes its way.
4. A strategy with `deduplicate` does not enter a side that a strategy ahead holds or works (`duplicate_side`).
5. Exits, and whatever only reduces, are never held back.

It holds within an actor: a symbol's strategies are in one, except those that decide for a group of symbols. Between
actors risk's limits on the symbol are what bounds the sum.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

from actors.base import Context
from actors.strategy.intents import ask_cancel
from actors.strategy.slot import Slot
from messages.intents import Side
from messages.reasons import Reason


def in_order(slots: Iterable[Slot]) -> tuple[Slot, ...]:
    """The slots in the order in which they decide."""
    return tuple(sorted(slots, key=_place))


def refused(slot: Slot, side: Side) -> Reason | None:
    """Why an entry of `slot` on `side` has to give way to a strategy ahead of it; None when it has not."""
    place = _place(slot)
    for peer in slot.peers:
        if _place(peer) > place:
            continue
        if any(True for _ in _entries(peer, -side.sign)):
            return Reason.CONFLICTING
        if slot.settings.deduplicate and (
            peer.state.position.direction == side.sign or any(True for _ in _entries(peer, side.sign))
        ):
            return Reason.DUPLICATE_SIDE
    return None


def make_way(slot: Slot, side: Side, ctx: Context) -> None:
    """Have the open entries cancelled that strategies behind `slot` work against an entry on `side`."""
    for peer in slot.peers:
        for intent_id in tuple(_entries(peer, -side.sign)):
            ask_cancel(peer, ctx, intent_id, Reason.CONFLICTING)


def _place(slot: Slot) -> tuple[Decimal, str, str]:
    settings = slot.settings
    return -settings.weight, settings.id, settings.instrument.symbol


def _entries(slot: Slot, sign: int) -> Iterator[str]:
    """The ids of open entries that buy (+1) or sell (-1) and are not being cancelled."""
    for intent_id, intent in slot.state.intents.items():
        if intent.adds and intent.side.sign == sign and not (intent.leaving or intent.cancel_asked):
            yield intent_id
