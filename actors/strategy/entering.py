"""Entering and turning: from the wanted direction, worth or size to one intent, past the gates.

A strategy has one intent that is no exit at a time. A direction or worth that has to wait for an open intent to end
is remembered for as long as an order's deadline, then void: late is not what was decided.
"""

from __future__ import annotations

from decimal import ROUND_FLOOR, Decimal

import msgspec

from actors.base import Context
from actors.strategy import precedence
from actors.strategy.budget import within_budget, worth
from actors.strategy.gates import ENTRY_GATES, REDUCE_GATES, decision_for, refusal
from actors.strategy.intents import ask_cancel, forget_deferred, raise_intent, record
from actors.strategy.judgement import size_factor_of
from actors.strategy.leaving import leave
from actors.strategy.position import ZERO
from actors.strategy.pricing import (
    Unpriceable,
    bounded_entry,
    entry_price,
    entry_quantity,
    entry_terms,
    rounded,
)
from actors.strategy.schedule import closes_at
from actors.strategy.settings import OrderSettings
from actors.strategy.slot import Slot
from messages.decisions import CooldownStarted, Decision, TargetDeferred, TraceValue
from messages.errors import InvariantError
from messages.intents import OrderTerms, Purpose, Side
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
    waits = state.deferred == direction and state.deferred_notional is None
    if waits and (state.intents or state.exiting is not None):
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


def seek_worth(slot: Slot, ctx: Context, notional: Decimal, explained: Explained) -> None:
    """Hold a position worth `notional` (base currency, signed): grow, reduce, turn, leave, wait, or do nothing.

    What is within a lot of it already is left as it is. Raises `InvariantError` for a number that is none.
    """
    if not notional.is_finite():
        raise InvariantError(
            "a target must be a number", field=slot.key, value=notional, remedy="use 0 for flat"
        )
    if slot.observing:
        record(slot, ctx, Decision.NO_TRADE, Reason.MODE_OBSERVE, explained)
        return
    if not notional:
        _seek_flat(slot, ctx, explained)
        return
    state = slot.state
    direction = 1 if notional > 0 else -1
    forget_deferred(slot, ctx)
    for intent_id, intent in tuple(state.intents.items()):
        if not intent.leaving and intent.side.sign == -direction:
            ask_cancel(slot, ctx, intent_id, Reason.SIGNAL)
    if state.intents or state.exiting is not None:
        until = ctx.now + slot.settings.order.deadline
        if slot.stages is not None:  # the order that follows has no trace of its own
            record(slot, ctx, Decision.BLOCKED, Reason.INTENT_OPEN, explained, sampled=True)
        ctx.emit(
            TargetDeferred(slot.settings.id, slot.settings.instrument.symbol, direction, until, notional)
        )
        return
    held = state.position.direction
    if held == -direction or not held:
        _turn(slot, ctx, Side.BUY if direction > 0 else Side.SELL, explained, abs(notional))
    else:
        _adjust(slot, ctx, direction, abs(notional), explained)


def seek_deferred(slot: Slot, ctx: Context) -> None:
    """Act on what waited, unless its time has passed or something is still open."""
    state = slot.state
    direction, notional = state.deferred, state.deferred_notional
    if direction is None or state.intents or state.exiting is not None:
        return
    until = state.deferred_until
    forget_deferred(slot, ctx)
    if ctx.now > until:
        return
    if notional is None:
        seek(slot, ctx, direction, {"deferred": "yes"})
    else:
        seek_worth(slot, ctx, notional, {"deferred": "yes"})


def trade(
    slot: Slot,
    ctx: Context,
    side: Side,
    notional: Decimal | None,
    quantity: Decimal | None,
    explained: Explained,
    order: OrderSettings | None = None,
) -> None:
    """One order of a given size (the configured one without), whatever is held, in the configured way or that of
    `order`. Raises `InvariantError` for both sizes at once or one that is not above zero."""
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
            wanted = _sized(slot, ctx.now, side, quote, notional, quantity, order)
            against = _held_against(slot, side)
            adds = wanted > against
            blocked = _refusal(slot, side, ctx.now) if adds else refusal(REDUCE_GATES, slot, ctx.now)
            if blocked is None:
                if adds:
                    wanted = _affordable(slot, side, wanted, against, quote, order)
                _enter(slot, ctx, side, wanted, quote, explained, adds=adds, order=order)
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


def _turn(
    slot: Slot, ctx: Context, side: Side, explained: Explained, notional: Decimal | None = None
) -> None:
    """Enter in one order, which first closes what is held on the other side. Without leave to enter, only close."""
    explained = {"target": float(side.sign if notional is None else side.sign * notional), **explained}
    against = _held_against(slot, side)
    blocked = _refusal(slot, side, ctx.now)
    quote = slot.view.quote
    if blocked is None and quote is not None:
        try:
            wanted = against + _sized(slot, ctx.now, side, quote, notional, None)
            wanted = _affordable(slot, side, wanted, against, quote)
            largest = slot.settings.instrument.max_quantity
            wanted = wanted if largest is None else min(wanted, largest)
            _enter(slot, ctx, side, wanted, quote, explained, adds=True)
        except Unpriceable as error:
            blocked = error.reason
    if blocked is not None:
        record(slot, ctx, decision_for(blocked), blocked, explained)
        if against and blocked is not Reason.STALE_QUOTE:
            leave(slot, ctx, Reason.SIGNAL)


def _adjust(slot: Slot, ctx: Context, direction: int, notional: Decimal, explained: Explained) -> None:
    """Grow or reduce what is held on the wanted side, in one order."""
    explained = {"target": float(notional * direction), **explained}
    quote = slot.view.quote
    if quote is None:
        record(slot, ctx, decision_for(Reason.STALE_QUOTE), Reason.STALE_QUOTE, explained)
        return
    instrument, order, held = slot.settings.instrument, slot.settings.order, slot.state.position.size
    side = Side.BUY if direction > 0 else Side.SELL
    price = entry_price(instrument, order, side, quote)
    change = notional / worth(instrument, Decimal(1), price) - held
    size = rounded(abs(change), instrument.lot, ROUND_FLOOR)
    if not size:
        return
    if size >= held and change < 0:
        _seek_flat(slot, ctx, explained)
        return
    adds = change > 0
    if not adds:
        side = side.opposite
    blocked = _refusal(slot, side, ctx.now) if adds else refusal(REDUCE_GATES, slot, ctx.now)
    if blocked is None:
        try:
            price = entry_price(instrument, order, side, quote)
            wanted = bounded_entry(instrument, size, price, order.max_bump if adds else ZERO)
            if adds:
                wanted = _affordable(slot, side, wanted, ZERO, quote)
            _enter(slot, ctx, side, wanted, quote, explained, adds=adds)
        except Unpriceable as error:
            blocked = error.reason
    if blocked is not None:
        record(slot, ctx, decision_for(blocked), blocked, explained)


def _refusal(slot: Slot, side: Side, now: int) -> Reason | None:
    """Why nothing may be entered on this side now; None when something may."""
    return refusal(ENTRY_GATES, slot, now) or (precedence.refused(slot, side) if slot.peers else None)


def _affordable(
    slot: Slot,
    side: Side,
    wanted: Decimal,
    against: Decimal,
    quote: QuoteSnapshot,
    order: OrderSettings | None = None,
) -> Decimal:
    """`wanted`, of which `against` closes, with as much of the rest as the budget has room for.

    Raises `Unpriceable` when the room is not enough for an order that the venue would take.
    """
    if slot.settings.budget is None and slot.state.budget is None:
        return wanted
    position = slot.state.position
    held = position.size if position.direction == side.sign else ZERO
    instrument = slot.settings.instrument
    price = entry_price(instrument, order or slot.settings.order, side, quote)
    room = within_budget(slot, held + wanted - against, price) - held
    cut = against + max(room, ZERO)
    if cut < wanted:
        least = cut * price * instrument.multiplier < instrument.min_notional
        if room <= 0 or cut < instrument.min_quantity or least:
            raise Unpriceable(Reason.BUDGET)
    return cut


def _held_against(slot: Slot, side: Side) -> Decimal:
    position = slot.state.position
    return position.size if position.direction == -side.sign else ZERO


def _sized(
    slot: Slot,
    now: int,
    side: Side,
    quote: QuoteSnapshot,
    notional: Decimal | None,
    quantity: Decimal | None,
    order: OrderSettings | None = None,
) -> Decimal:
    instrument, order = slot.settings.instrument, order or slot.settings.order
    price = entry_price(instrument, order, side, quote)
    if quantity is None:
        if notional is None:
            notional = order.notional
            if slot.settings.intelligence is not None:
                notional *= size_factor_of(slot, now)
        quantity = entry_quantity(instrument, notional, price)
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
    order: OrderSettings | None = None,
) -> None:
    purpose = _ENTRY if adds else _EXIT
    settings = slot.settings
    order = order or settings.order
    terms = entry_terms(settings.instrument, order, side, quantity, quote, ctx.now, purpose)
    if adds:
        if slot.peers:
            precedence.make_way(slot, side, ctx)
        if settings.schedule.windows:
            terms = _within_window(slot, terms, ctx.now)
    if ctx.explains:
        explained = {"quantity": float(quantity), "worst_price": float(terms.worst_price), **explained}
    record(slot, ctx, _TRADE, _SIGNAL, explained)
    raise_intent(slot, ctx, terms, _SIGNAL, leaving=False)
    if adds and settings.cooldown.after_entry:
        start_cooldown(slot, ctx, settings.cooldown.after_entry, Reason.COOLDOWN)


def _within_window(slot: Slot, terms: OrderTerms, now: int) -> OrderTerms:
    """The terms of an entry that neither leaves nor works after the window has closed."""
    closing = closes_at(slot.settings.schedule.windows, now)
    if closing is None:
        return terms
    lives = terms.time_to_live
    return msgspec.structs.replace(
        terms,
        deadline=min(terms.deadline, closing),
        time_to_live=None if lives is None else min(lives, closing - now),
    )
