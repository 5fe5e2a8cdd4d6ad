"""Leaving a position: triggered once, pursued until it is flat, whatever becomes of the single order.

Exits run in every mode but OBSERVE, and whether or not the strategy is enabled. They never sell more than is held:
while an order that also reduces is open, the exit has it cancelled and waits for its end.
"""

from __future__ import annotations

from actors.base import Context
from actors.strategy import exits
from actors.strategy.intents import cancel_entries, forget_deferred, raise_intent
from actors.strategy.pricing import exit_terms
from actors.strategy.slot import Slot
from messages.decisions import (
    ExitArmed,
    ExitLevels,
    ExitRetryDue,
    ExitRetryScheduled,
    ExitTriggered,
    HoldingTimeUp,
)
from messages.intents import Purpose, Side
from messages.reasons import Reason

_PURPOSES = {Reason.STOP: Purpose.STOP, Reason.TRAILING: Purpose.STOP, Reason.TARGET: Purpose.TARGET}


def leave(slot: Slot, ctx: Context, reason: Reason, level: float | None = None) -> None:
    """Close the position; cancels entries that are under way. Does nothing in OBSERVE.

    A wish that is repeated while a failed exit waits for its next attempt does not bring that forward: strategies
    say it again with every quote.
    """
    if slot.observing:
        return
    forget_deferred(slot, ctx)
    if not slot.state.position.direction:
        cancel_entries(slot, ctx, reason)
        return
    if slot.state.exiting is None:
        view = slot.view
        bid, ask = (view.bid, view.ask) if view.has_quote else (None, None)
        symbol = slot.settings.instrument.symbol
        ctx.emit(ExitTriggered(slot.settings.id, symbol, reason, level, bid, ask, ctx.now))
    elif slot.state.retry_due is not None and ctx.now < slot.state.retry_due:
        cancel_entries(slot, ctx, reason)
        return
    pursue(slot, ctx)


def pursue(slot: Slot, ctx: Context) -> None:
    """Do what can be done now to close a position that is to be closed; harmless to repeat."""
    state = slot.state
    reason, direction = state.exiting, state.position.direction
    if reason is None or not direction or slot.observing:
        return
    cancel_entries(slot, ctx, reason)
    if any(each.leaving or each.side.sign == -direction for each in state.intents.values()):
        return  # its end brings us back here
    quote = slot.view.quote
    if quote is None:
        return  # the first quote brings us back here
    terms = exit_terms(
        slot.settings.instrument,
        slot.settings.order,
        Side.SELL if direction > 0 else Side.BUY,
        state.position.size,
        quote,
        ctx.now,
        _PURPOSES.get(reason, Purpose.EXIT),
    )
    raise_intent(slot, ctx, terms, reason, leaving=True)


def schedule_retry(slot: Slot, ctx: Context, reason: Reason) -> None:
    """Try the exit again later; the wait doubles with each attempt up to a bound, the attempts have none."""
    attempt = slot.state.exit_attempts + 1
    delay = exits.retry_delay(slot.settings.exits, attempt)
    strategy, symbol = slot.settings.id, slot.settings.instrument.symbol
    due = ctx.now + delay
    ctx.emit(ExitRetryScheduled(strategy, symbol, attempt, due, reason))
    ctx.after(delay, ExitRetryDue(strategy, symbol, due), key=_retry_key(slot))


def check_levels(slot: Slot, ctx: Context) -> None:
    """Compare the position with the last quote: leave where a level is reached, draw the trailing stop anew."""
    if not slot.watched or not slot.view.has_quote:
        return
    if slot.state.exiting is not None:
        pursue(slot, ctx)
        return
    levels, position = slot.state.levels, slot.state.position
    if levels is None:
        return
    view = slot.view
    found = exits.reached(levels, position.direction, view.bid, view.ask, ctx.now)
    if found is not None:
        leave(slot, ctx, *found)
        return
    price = view.bid if position.direction > 0 else view.ask
    drawn = exits.drawn_anew(position, slot.exits, levels, price)
    if drawn is not None:
        _armed(slot, ctx, drawn)


def arm(slot: Slot, ctx: Context) -> None:
    """Set the exit levels after a fill, and the timer of the longest holding time."""
    state = slot.state
    if not state.position.direction:
        ctx.cancel_timer(_holding_key(slot))
        ctx.cancel_timer(_retry_key(slot))
        return
    before = state.levels
    levels = exits.levels_for(state.position, slot.exits, before)
    if levels is None or levels == before:
        return
    _armed(slot, ctx, levels)
    hold_until = levels.hold_until
    if hold_until is not None and (before is None or before.hold_until != hold_until):
        message = HoldingTimeUp(slot.settings.id, slot.settings.instrument.symbol, hold_until)
        ctx.after(max(hold_until - ctx.now, 0), message, key=_holding_key(slot))


def _armed(slot: Slot, ctx: Context, levels: ExitLevels) -> None:
    ctx.emit(ExitArmed(slot.settings.id, slot.settings.instrument.symbol, levels, ctx.now))


def _retry_key(slot: Slot) -> str:
    return f"exit_retry/{slot.key}"


def _holding_key(slot: Slot) -> str:
    return f"holding/{slot.key}"
