"""Weighing what the venue says of an order: the one place where news becomes a state.

The same for an answer to placing, a query, the account and the private stream, in whatever order they come in.
"""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from actors.base import Context
from actors.execution.acts import (
    UNIVERSE,
    longest_life,
    may_cancel,
    miss_fills,
    move,
    note_overfill,
    send_cancel,
    settle,
    tell,
    wake,
)
from actors.execution.memory import ExecutionMemory
from actors.execution.order import Order
from actors.execution.state import holding_key
from actors.execution.transitions import TRANSITIONS, Trigger
from messages.order_events import CancelWished, FillReceived, OrderTimer
from messages.orders import Fill, OrderState
from messages.reasons import Reason
from messages.universe import SymbolHeld


class Told(NamedTuple):
    """What the venue says of an order: its state there, cumulative fill (base units), id and reason."""

    state: OrderState
    filled: Decimal
    venue_order_id: str | None
    reason: Reason


_ENDINGS: dict[OrderState, Trigger] = {
    OrderState.FILLED: Trigger.FILLED,
    OrderState.CANCELLED: Trigger.CANCELLED,
    OrderState.REJECTED: Trigger.REJECTED,
    OrderState.EXPIRED: Trigger.EXPIRED,
}
_SAYS_NOTHING = frozenset({OrderState.UNKNOWN, OrderState.NOT_SENT, OrderState.SIMULATED})
_PART_FILLED, _ACCEPTED, _CANCELLED = Trigger.PART_FILLED, Trigger.ACCEPTED, Trigger.CANCELLED
_LIFE = frozenset({Trigger.ACCEPTED, Trigger.PART_FILLED, Trigger.FILLED})
_OPEN = frozenset({OrderState.WORKING, OrderState.PARTIALLY_FILLED})
_UNHEARD = frozenset({OrderState.PLACING, OrderState.UNKNOWN})


def weigh(
    actor: ExecutionMemory, ctx: Context, order: Order, told: Told, *, fill_booked: bool = False
) -> None:
    """Take over what the venue says and do what follows from it: report, settle, cancel as wished, start the TTL.

    Raises `IllegalTransitionError` when it contradicts what is known.
    """
    if told.state in _SAYS_NOTHING:
        return
    trigger = _trigger(told)
    if trigger in _LIFE or told.filled > 0:
        revive(ctx, order)
    before, missed = order.state, order.venue_filled > order.filled
    moved = move(
        ctx,
        order,
        trigger,
        _reason(order, told, trigger),
        seen=True,
        venue_order_id=told.venue_order_id,
        venue_filled=told.filled,
    )
    if order.terminal:
        if moved or fill_booked or not order.settled:
            settle(actor, ctx, order)
    elif order.state in _OPEN:
        _look_after(actor, ctx, order, heard_first=moved and before in _UNHEARD)
    if order.venue_filled > order.filled and not order.terminal and not missed:
        miss_fills(actor, ctx, order)


def revive(ctx: Context, order: Order) -> None:
    """An order that ended without ever having been at the venue turns out to live there: ours, and booked.

    Its strategy was told that nothing came of it and has moved on, so that it is cancelled at once.
    """
    if order.seen or not order.terminal or (order.state, Trigger.LATE_ACCEPTED) not in TRANSITIONS:
        return
    move(ctx, order, Trigger.LATE_ACCEPTED, Reason.LATE_ACCEPTANCE, seen=True)
    ctx.emit(CancelWished(order.client_order_id, Reason.LATE_ACCEPTANCE))


def book(actor: ExecutionMemory, ctx: Context, order: Order, fill: Fill, venue_filled: Decimal) -> None:
    """Book one fill, seen for the first time, and tell risk, the requester and whose position it changes.

    After the end was told its symbol may have left, and its strategy with it: who closes what is held must run again.
    So may it while an order works that its strategy has not asked for, as a stop at the venue.
    """
    revive(ctx, order)
    ctx.emit(FillReceived(fill, venue_filled))
    tell(ctx, (order.requester, order.beneficiary), fill)
    held = holding_key(order.beneficiary, order.strategy, order.symbol) in actor.state.holdings
    unawaited = order.was_settled or (held and order.requester != order.beneficiary)
    if unawaited and actor.settings.has_universe:
        ctx.send(UNIVERSE, SymbolHeld(order.symbol))
    note_overfill(ctx, order)


def told_by_fills(order: Order, venue_order_id: str) -> Told:
    """What a fill alone proves of its order: that it lived, and that it ended if all of it is filled now."""
    whole = order.filled >= order.terms.quantity
    state = OrderState.FILLED if whole else OrderState.WORKING
    return Told(state, order.filled, venue_order_id, Reason.ACCEPTED)


def _look_after(actor: ExecutionMemory, ctx: Context, order: Order, *, heard_first: bool) -> None:
    if order.cancel_reason is not None:
        if may_cancel(actor):
            send_cancel(actor, ctx, order, order.cancel_reason)
        return
    time_to_live = longest_life(actor, order)
    if heard_first and time_to_live is not None:
        worked_at = ctx.now if order.worked_at is None else order.worked_at
        wake(ctx, order, OrderTimer.TIME_TO_LIVE, max(0, worked_at + time_to_live - ctx.now))


def _trigger(told: Told) -> Trigger:
    """The trigger for a venue's state; whatever is open there is told apart by its fills alone."""
    ending = _ENDINGS.get(told.state)
    if ending is not None:
        return ending
    return _PART_FILLED if told.filled > 0 else _ACCEPTED


def _reason(order: Order, told: Told, trigger: Trigger) -> Reason:
    """The venue's own reason; where it has none for a cancel, why we wanted it."""
    if trigger is _CANCELLED and told.reason in (Reason.ACCEPTED, Reason.CANCEL_REQUESTED):
        return order.cancel_reason or Reason.CANCEL_REQUESTED
    return told.reason
