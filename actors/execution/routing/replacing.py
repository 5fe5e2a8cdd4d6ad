"""Changing the price of a working order: a transaction in the journal, from `ReplaceStarted` to `ReplaceEnded`.

Where the venue amends orders it is asked to; else the order is cancelled, and its plan places what is left once the
final filled quantity is known. Until the end is known the worst of both counts. A lost answer is resolved by asking,
never by sending again; nothing is ever concluded from silence.
"""

from __future__ import annotations

from decimal import Decimal

from actors.base import Context
from actors.execution.acts import ask, ask_later, may_cancel, move, request_cancel
from actors.execution.gate import refusal
from actors.execution.memory import ExecutionMemory
from actors.execution.order import Order, Replacement
from actors.execution.transitions import Trigger
from messages.orders import OrderState
from messages.reasons import Reason
from messages.routing import ReplaceEnded, ReplaceStarted
from messages.venue import Outcome, ReplaceOrder, ReplaceResult, VenueOrder


def start_replace(
    actor: ExecutionMemory, ctx: Context, order: Order, price: Decimal, quantity: Decimal, reason: Reason
) -> bool:
    """Change price and whole quantity of a working order; False where neither way is open now.

    The caller keeps `price` within the approved worst price and `quantity` within what is approved.
    """
    state = actor.state
    effect = _request(order, price, quantity)
    mode, version = state.effective_mode, state.mode_version
    if refusal(effect, ctx.now, mode, version, actor.settings) is not None or not may_cancel(actor):
        return False
    amends = actor.settings.traits.amend and not order.conditional
    ctx.emit(ReplaceStarted(order.client_order_id, price, quantity, amends, reason, ctx.now))
    if amends:
        move(ctx, order, Trigger.REPLACE_SENT, reason)
        ctx.perform(effect)
    else:
        request_cancel(actor, ctx, order, reason)
    return True


def on_replace_result(actor: ExecutionMemory, ctx: Context, result: ReplaceResult) -> None:
    """The end of a request to change an order. Refused leaves it as it was, or tells that it is gone: ask."""
    order = actor.state.orders.get(result.client_order_id)
    if order is None or order.replacing is None or not order.replacing.amends:
        return
    if result.outcome is Outcome.NO_ANSWER:
        ask(ctx, order)
        return
    applied = result.outcome is Outcome.ACCEPTED
    _over(actor, ctx, order, applied, result.reason, result.venue_order_id)
    if result.outcome is Outcome.REJECTED and not order.terminal:
        ask(ctx, order)


def on_found(actor: ExecutionMemory, ctx: Context, order: Order, told: VenueOrder) -> None:
    """The venue tells an order whose change is open: by its price and quantity it was made, or not, or not yet."""
    replacing = order.replacing
    if replacing is None or not replacing.amends or order.terminal:
        return
    if told.limit_price == replacing.price and told.quantity == replacing.quantity:
        _over(actor, ctx, order, True, Reason.ACCEPTED)
        return
    decisive = _safe_after(actor, replacing)
    if order.asked_at <= decisive:
        ask_later(actor, ctx, order, decisive=decisive + 1)
    elif told.limit_price is None:
        # nothing tells which price is in force: an order nobody knows is not left to work
        request_cancel(actor, ctx, order, Reason.REPRICED)
    else:
        _over(actor, ctx, order, False, Reason.NOT_SENT)


def needs_asking(order: Order) -> bool:
    """Whether an order works, as far as is known, while nobody is under way to find out at which price."""
    open_ = order.state in (OrderState.WORKING, OrderState.PARTIALLY_FILLED)
    return order.replacing is not None and order.replacing.amends and open_ and not order.asking


def _over(
    actor: ExecutionMemory,
    ctx: Context,
    order: Order,
    applied: bool,
    reason: Reason,
    venue_order_id: str | None = None,
) -> None:
    ctx.emit(ReplaceEnded(order.client_order_id, applied, reason, ctx.now))
    if order.state is OrderState.PENDING_REPLACE:
        move(ctx, order, Trigger.REPLACED, reason, venue_order_id=venue_order_id)
        if order.filled > 0:
            move(ctx, order, Trigger.PART_FILLED, reason)
        if order.cancel_reason is not None:
            request_cancel(actor, ctx, order, order.cancel_reason)
    if order.routed:
        actor.touched[order.intent_id] = None


def _safe_after(actor: ExecutionMemory, replacing: Replacement) -> int:
    """The desk time (ns UTC) after which the venue refuses the request as too old."""
    return replacing.time + actor.settings.request_expiry_ns + actor.settings.clock_bound_ns


def _request(order: Order, price: Decimal, quantity: Decimal) -> ReplaceOrder:
    return ReplaceOrder(
        order.client_order_id,
        order.symbol,
        order.terms.side,
        quantity,
        price,
        order.terms.deadline,
        order.mode_version,
        order.increases_exposure,
        order.venue_order_id,
    )
