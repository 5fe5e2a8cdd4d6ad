"""Entering and turning: from the wanted direction or size to one intent, past the gates.

A strategy has one intent that is no exit at a time. A direction that has to wait for an open intent to end is
remembered for as long as an order's deadline, then void: late is not what was decided.
"""

from __future__ import annotations

from decimal import Decimal

from actors.base import Context
from actors.strategy.gates import ENTRY_GATES, REDUCE_GATES, decision_for, refusal
from actors.strategy.intents import ask_cancel, forget_deferred, raise_intent, record
from actors.strategy.leaving import leave
from actors.strategy.position import ZERO
from actors.strategy.pricing import Unpriceable, bounded_entry, entry_price, entry_quantity, entry_terms
from actors.strategy.slot import Slot
from messages.decisions import CooldownStarted, Decision, TargetDeferred, TraceValue
from messages.errors import InvariantError
from messages.intents import Purpose, Side
from messages.market import QuoteSnapshot
from messages.reasons import Reason

Explained = dict[str, TraceValue]

_ENTRY, _EXIT, _TRADE, _SIGNAL = Purpose.ENTRY, Purpose.EXIT, Decision.TRADE, Reason.SIGNAL
"""Bound once: to look a member up on its enum class costs more than what is done with it here."""


def seek(slot: Slot, ctx: Context, direction: int, explained: Explained) -> None:
    """Be long (+1), short (-1) or flat (0): enter, turn, leave, wait, or do nothing when it is so already.

    Raises `InvariantError` for any other direction.
    """
    if direction not in (-1, 0, 1):
        raise InvariantError(
            "a target is +1, 0 or -1", field=slot.key, value=direction, remedy="use buy or sell for sizes"
        )
    if slot.observing:
        record(slot, ctx, Decision.NO_TRADE, Reason.MODE_OBSERVE, explained)
        return
    if direction == 0:
        _seek_flat(slot, ctx, explained)
        return
    state = slot.state
    if state.deferred == direction and (state.intents or state.exiting is not None):
        return
    forget_deferred(slot, ctx)
    same = any(not each.leaving and each.side.sign == direction for each in state.intents.values())
    for intent_id, intent in tuple(state.intents.items()):
        if not intent.leaving and intent.side.sign == -direction:
            ask_cancel(slot, ctx, intent_id, Reason.SIGNAL)
    if same:
        return
    if state.position.direction == direction:
        if state.exiting is not None:  # what is being left is not entered again by the same breath
            record(slot, ctx, decision_for(Reason.INTENT_OPEN), Reason.INTENT_OPEN, explained)
        return
    if state.intents or state.exiting is not None:
        until = ctx.now + slot.settings.order.deadline
        ctx.emit(TargetDeferred(slot.settings.id, slot.settings.instrument.symbol, direction, until))
        return
    _turn(slot, ctx, Side.BUY if direction > 0 else Side.SELL, explained)


def seek_deferred(slot: Slot, ctx: Context) -> None:
    """Act on the direction that waited, unless its time has passed or something is still open."""
    state = slot.state
    direction = state.deferred
    if direction is None or state.intents or state.exiting is not None:
        return
    until = state.deferred_until
    forget_deferred(slot, ctx)
    if ctx.now <= until:
        seek(slot, ctx, direction, {"deferred": "yes"})


def trade(
    slot: Slot,
    ctx: Context,
    side: Side,
    notional: Decimal | None,
    quantity: Decimal | None,
    explained: Explained,
) -> None:
    """One order of a given size (the configured one without), whatever is held. Raises `InvariantError` for both
    sizes at once or one that is not above zero."""
    for name, size in (("notional", notional), ("quantity", quantity)):
        if size is not None and size <= 0:
            raise InvariantError("a size must be above zero", field=f"{slot.key}.{name}", value=size)
    if notional is not None and quantity is not None:
        raise InvariantError(
            "give a notional or a quantity, not both", field=slot.key, value=f"{notional}, {quantity}"
        )
    if slot.observing:
        record(slot, ctx, Decision.NO_TRADE, Reason.MODE_OBSERVE, explained)
        return
    quote = slot.view.quote
    blocked: Reason | None = Reason.STALE_QUOTE
    if quote is not None:
        try:
            wanted = _sized(slot, side, quote, notional, quantity)
            adds = wanted > _held_against(slot, side)
            blocked = refusal(ENTRY_GATES if adds else REDUCE_GATES, slot, ctx.now)
            if blocked is None:
                _enter(slot, ctx, side, wanted, quote, explained, adds=adds)
        except Unpriceable as error:
            blocked = error.reason
    if blocked is not None:
        record(slot, ctx, decision_for(blocked), blocked, explained)


def start_cooldown(slot: Slot, ctx: Context, length: int, reason: Reason) -> None:
    """No entry for `length` ns from now; never shortens a cooldown that is longer."""
    until = ctx.now + length
    if length and until > slot.state.cooldown_until:
        ctx.emit(CooldownStarted(slot.settings.id, slot.settings.instrument.symbol, until, reason))


def _seek_flat(slot: Slot, ctx: Context, explained: Explained) -> None:
    state = slot.state
    if state.position.direction and state.exiting is None:
        record(slot, ctx, Decision.TRADE, Reason.SIGNAL, {"target": 0.0, **explained})
    leave(slot, ctx, Reason.SIGNAL)


def _turn(slot: Slot, ctx: Context, side: Side, explained: Explained) -> None:
    """Enter in one order, which first closes what is held on the other side. Without leave to enter, only close."""
    explained = {"target": float(side.sign), **explained}
    against = _held_against(slot, side)
    blocked = refusal(ENTRY_GATES, slot, ctx.now)
    quote = slot.view.quote
    if blocked is None and quote is not None:
        try:
            wanted = against + _sized(slot, side, quote, None, None)
            largest = slot.settings.instrument.max_quantity
            wanted = wanted if largest is None else min(wanted, largest)
            _enter(slot, ctx, side, wanted, quote, explained, adds=True)
        except Unpriceable as error:
            blocked = error.reason
    if blocked is not None:
        record(slot, ctx, decision_for(blocked), blocked, explained)
        if against and blocked is not Reason.STALE_QUOTE:
            leave(slot, ctx, Reason.SIGNAL)


def _held_against(slot: Slot, side: Side) -> Decimal:
    position = slot.state.position
    return position.size if position.direction == -side.sign else ZERO


def _sized(
    slot: Slot, side: Side, quote: QuoteSnapshot, notional: Decimal | None, quantity: Decimal | None
) -> Decimal:
    instrument, order = slot.settings.instrument, slot.settings.order
    price = entry_price(instrument, order, side, quote)
    if quantity is None:
        quantity = entry_quantity(instrument, notional or order.notional, price)
    return bounded_entry(instrument, quantity, price, order.max_bump)


def _enter(
    slot: Slot,
    ctx: Context,
    side: Side,
    quantity: Decimal,
    quote: QuoteSnapshot,
    explained: Explained,
    *,
    adds: bool,
) -> None:
    purpose = _ENTRY if adds else _EXIT
    settings = slot.settings
    terms = entry_terms(settings.instrument, settings.order, side, quantity, quote, ctx.now, purpose)
    trace: Explained = {"quantity": float(quantity), "worst_price": float(terms.worst_price), **explained}
    record(slot, ctx, _TRADE, _SIGNAL, trace)
    raise_intent(slot, ctx, terms, _SIGNAL, leaving=False)
    if adds and settings.cooldown.after_entry:
        start_cooldown(slot, ctx, settings.cooldown.after_entry, Reason.COOLDOWN)
