"""Cancels: asked for by requesters, by an order's time to live, and looked after until the order is gone."""

from __future__ import annotations

from actors.base import Context
from actors.execution import external
from actors.execution.acts import ask, cancel_later, may_cancel, request_cancel, send_cancel
from actors.execution.memory import ExecutionMemory
from actors.execution.order import Order
from actors.execution.placing import cancel_waiting
from actors.execution.routing.router import stop, stop_all
from messages.control import Flatten
from messages.intents import CancelIntent, Purpose
from messages.order_events import Tombstoned
from messages.orders import OrderState
from messages.reasons import Reason
from messages.venue import CancelResult, Outcome


def on_cancel_intent(actor: ExecutionMemory, ctx: Context, cancel: CancelIntent) -> None:
    """Cancel whatever works for an intent; one that has not arrived yet will find a tombstone."""
    state, intent_id = actor.state, cancel.intent_id
    submit = state.waiting.get(intent_id)
    order = state.order_of(intent_id)
    plan = state.routing.plans.get(intent_id)
    if submit is not None:
        cancel_waiting(ctx, submit, cancel.reason)
    elif plan is not None:
        stop(actor, ctx, plan, cancel.reason)
    elif order is not None:
        request_cancel(actor, ctx, order, cancel.reason)
    elif intent_id not in state.intents and not state.was_forgotten(intent_id):
        ctx.emit(Tombstoned(intent_id, cancel.reason))


def cancel_working(actor: ExecutionMemory, ctx: Context, reason: Reason) -> None:
    """Cancel every order that is not protective, and place nothing more of what is under way."""
    stop_all(actor, ctx, reason)
    for order in actor.state.live_orders():
        if not order.protective:
            request_cancel(actor, ctx, order, reason)


def on_flatten(actor: ExecutionMemory, ctx: Context, flatten: Flatten) -> None:
    """Positions are to be closed, which risk sees to: what works there goes, but for what protects or closes."""
    if flatten.venue not in (None, actor.settings.venue):
        return
    stop_all(actor, ctx, Reason.OPERATOR, symbol=flatten.symbol)
    for order in actor.state.live_orders():
        closes = order.protective or order.terms.purpose is Purpose.FLATTEN
        if flatten.symbol in (None, order.symbol) and not closes and not order.routed:
            request_cancel(actor, ctx, order, Reason.OPERATOR)


def cancel_wished(actor: ExecutionMemory, ctx: Context) -> None:
    """Send the cancels that were wished for while none could leave."""
    for order in actor.state.live_orders():
        if order.cancel_reason is None:
            continue
        if order.state is OrderState.PENDING_CANCEL:
            ask(ctx, order)
        else:
            request_cancel(actor, ctx, order, order.cancel_reason)


def on_cancel_result(actor: ExecutionMemory, ctx: Context, result: CancelResult) -> None:
    """The end of a request to cancel. Taken is not gone; refused or unanswered means: ask what the order is now."""
    order = actor.state.orders.get(result.client_order_id)
    if order is None:
        external.on_cancel_result(actor, ctx, result)
    elif order.state is not OrderState.PENDING_CANCEL:
        return
    elif result.outcome is Outcome.NOT_SENT:
        cancel_later(actor, ctx, order)
    elif result.outcome is not Outcome.ACCEPTED:
        ask(ctx, order)


def on_time_to_live_due(actor: ExecutionMemory, ctx: Context, order: Order) -> None:
    """The order has worked for as long as it may."""
    request_cancel(actor, ctx, order, Reason.TIME_TO_LIVE)


def on_cancel_check_due(actor: ExecutionMemory, ctx: Context, order: Order) -> None:
    """The cancel should have had its effect by now."""
    if order.state is OrderState.PENDING_CANCEL:
        ask(ctx, order)


def on_cancel_again_due(actor: ExecutionMemory, ctx: Context, order: Order) -> None:
    """The wait before the next cancel is over."""
    if order.state is OrderState.PENDING_CANCEL and may_cancel(actor):
        send_cancel(actor, ctx, order, order.cancel_reason or Reason.CANCEL_REQUESTED)
