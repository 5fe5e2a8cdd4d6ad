"""Orders of unknown fate: ask until there is evidence, and never take silence for absence.

Found: adopted by our id. Absent: proven only after two answers, the last one asked after the venue would have
refused the request as too old; until then, or where it can't be proven, the order stays UNKNOWN, its symbol is
frozen, and a person is called. Field-based guesses (same side, price, quantity) never adopt an order.
"""

from __future__ import annotations

from actors.base import Context
from actors.execution.acts import ask, ask_later, cancel_again, escalate, move, settle
from actors.execution.evidence import Told, weigh
from actors.execution.health import note_escalated
from actors.execution.memory import ExecutionMemory
from actors.execution.order import Order
from actors.execution.placing import may_resend, resend
from actors.execution.routing.replacing import on_found
from actors.execution.transitions import Trigger
from messages.order_events import OrderAnswered
from messages.orders import OrderState
from messages.reasons import Reason
from messages.venue import Outcome, QueryResult, VenueOrder

_ABSENCES_NEEDED = 2


def on_query_result(actor: ExecutionMemory, ctx: Context, result: QueryResult) -> None:
    """The venue's answer about one order, or the lack of one."""
    order = actor.state.orders.get(result.client_order_id)
    if order is None:
        return
    if result.outcome is not Outcome.ACCEPTED:
        ctx.emit(OrderAnswered(order.client_order_id, None, ctx.now))
        _unanswered(actor, ctx, order)
    elif result.order is None:
        ctx.emit(OrderAnswered(order.client_order_id, False, ctx.now))
        _absent(actor, ctx, order)
    else:
        ctx.emit(OrderAnswered(order.client_order_id, True, ctx.now))
        _found(actor, ctx, order, result.order)


def on_probe_due(actor: ExecutionMemory, ctx: Context, order: Order) -> None:
    """It is time to ask again, unless the matter has been settled since."""
    if not order.settled:
        ask(ctx, order)


def safe_after(actor: ExecutionMemory, order: Order) -> int:
    """The desk time (ns UTC) after which the venue refuses the order's last doubtful request as too old."""
    written = order.placed_at if order.doubt_from is None else order.doubt_from
    return written + actor.settings.request_expiry_ns + actor.settings.clock_bound_ns


def _found(actor: ExecutionMemory, ctx: Context, order: Order, told: VenueOrder) -> None:
    was_pending = order.state is OrderState.PENDING_CANCEL
    weigh(actor, ctx, order, Told(told.state, told.filled, told.venue_order_id, Reason.ACCEPTED))
    if order.replacing is not None:
        on_found(actor, ctx, order, told)
    if was_pending and order.state is OrderState.PENDING_CANCEL:
        cancel_again(actor, ctx, order)
    elif order.terminal and not order.settled and actor.settings.traits.stream_resumes:
        _escalate(actor, ctx, order, "ended at the venue, but fills it counts have not been seen")


def _unanswered(actor: ExecutionMemory, ctx: Context, order: Order) -> None:
    if order.settled:
        return
    if order.state is OrderState.PLACING and order.retry_at is None:
        move(ctx, order, Trigger.DOUBTED, Reason.UNKNOWN_OUTCOME)
    _go_on(actor, ctx, order, "the venue does not answer")


def _absent(actor: ExecutionMemory, ctx: Context, order: Order) -> None:
    if order.settled or (order.state is OrderState.PLACING and order.retry_at is not None):
        return
    if order.terminal:
        _go_on(actor, ctx, order, "ended, but the venue does not find it and fills have not been seen")
        return
    if order.state is not OrderState.UNKNOWN:
        move(ctx, order, Trigger.DOUBTED, Reason.UNKNOWN_OUTCOME)
    _conclude(actor, ctx, order)


def _conclude(actor: ExecutionMemory, ctx: Context, order: Order) -> None:
    """What repeated absence allows: send again, end it, or go on asking."""
    if order.seen:
        _go_on(actor, ctx, order, "the venue had the order and does not find it any more")
        return
    safe = safe_after(actor, order)
    if order.absences >= _ABSENCES_NEEDED:
        if may_resend(actor, ctx, order):
            resend(actor, ctx, order)
            return
        if order.asked_at > safe:
            move(ctx, order, Trigger.NOT_SENT, order.cancel_reason or Reason.NOT_SENT)
            settle(actor, ctx, order)
            return
    elif may_resend(actor, ctx, order):
        ask(ctx, order)
        return
    _go_on(actor, ctx, order, "absent so far, but a request may still be under way", decisive=safe + 1)


def _go_on(
    actor: ExecutionMemory, ctx: Context, order: Order, detail: str, *, decisive: int | None = None
) -> None:
    _escalate(actor, ctx, order, detail)
    ask_later(actor, ctx, order, decisive=decisive)


def _escalate(actor: ExecutionMemory, ctx: Context, order: Order, detail: str) -> None:
    if order.probes >= actor.settings.escalate_at_probe:
        escalate(ctx, order, order.probes, detail)
        note_escalated(actor, ctx, order, detail)
