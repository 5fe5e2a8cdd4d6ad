"""The few things execution does with an order, whatever the cause: move it, ask for it, cancel it, settle it.

Each emits its event, tells risk and the requester, and asks the outside, in that order.
"""

from __future__ import annotations

from decimal import Decimal

from actors.base import Context
from actors.execution.memory import ExecutionMemory
from actors.execution.order import Order, cancellation, fills_question, question
from actors.execution.routing.records import record_of_order
from actors.execution.settings import doubling, probe_delay
from actors.execution.transitions import Trigger, transition
from messages.account_events import OrderFillsAsked
from messages.base import Address, Message
from messages.control import ALLOWED, Action
from messages.order_events import (
    CancelWished,
    OrderAsked,
    OrderEscalated,
    OrderOverfilled,
    OrderSettled,
    OrderTimer,
    OrderTimerDue,
    OrderTransitioned,
)
from messages.orders import TERMINAL, OrderReport, OrderState
from messages.reasons import Reason
from messages.routing import ReplaceEnded

RISK: Address = "risk"
"""The address of the portfolio risk actor."""

UNIVERSE: Address = "universe"
"""Who removes the strategies of a symbol that has left, where symbols come and go."""

_UNKNOWN = OrderState.UNKNOWN
_DOUBTFUL = TERMINAL | {OrderState.UNKNOWN}
"""States in which an order was told to be, or may be thought to be, dead: that it lives is news. That an order works,
or is filled in part, is what its approval led everybody to expect."""

_CANCELLABLE = frozenset({OrderState.WORKING, OrderState.PARTIALLY_FILLED, OrderState.PENDING_REPLACE})

_CANCELS_AT_ONCE = 3

_NAMES = {trigger: trigger.value for trigger in Trigger}
"""Looked up once: `value` of an enum's member costs more than all else about an event."""


def tell(ctx: Context, recipients: tuple[Address, ...], message: Message) -> None:
    """Send to risk and to each of `recipients` once; execution does not write to itself."""
    ctx.send(RISK, message)
    told = [RISK, ctx.address]
    for recipient in recipients:
        if recipient not in told:
            ctx.send(recipient, message)
            told.append(recipient)


def report(ctx: Context, order: Order, *, final: bool, detail: str = "") -> None:
    """Tell risk and the requester where the intent's order stands."""
    message = OrderReport(
        order.intent_id,
        order.terms.symbol,
        order.client_order_id,
        order.state,
        order.terms.quantity,
        order.filled,
        final,
        order.reason,
        ctx.now,
        detail,
    )
    tell(ctx, (order.requester,), message)


def move(
    ctx: Context,
    order: Order,
    trigger: Trigger,
    reason: Reason,
    *,
    seen: bool = False,
    venue_order_id: str | None = None,
    venue_filled: Decimal | None = None,
    detail: str = "",
) -> bool:
    """Take the order through the transition table; True when its state changed.

    Old news that teaches nothing leaves no event. Told at once is what nobody would expect; the rest is told by fills
    and by the end. Raises `IllegalTransitionError`.
    """
    before = order.state
    after = transition(before, trigger)
    news = (
        after is not before
        or (seen and not order.seen)
        or (venue_order_id is not None and venue_order_id != order.venue_order_id)
        or (venue_filled is not None and venue_filled > order.venue_filled)
    )
    if not news:
        return False
    ctx.emit(
        OrderTransitioned(
            order.client_order_id,
            _NAMES[trigger],
            after,
            reason,
            ctx.now,
            seen,
            venue_order_id,
            venue_filled,
            detail,
        )
    )
    if after is before:
        return False
    if after is _UNKNOWN or (before in _DOUBTFUL and after not in TERMINAL):
        report(ctx, order, final=False, detail=detail)
    return True


def ask(ctx: Context, order: Order) -> None:
    """Ask the venue for the order, unless a question is under way."""
    if not order.asking:
        ctx.emit(OrderAsked(order.client_order_id, ctx.now))
        ctx.perform(question(order))


def ask_for_fills(actor: ExecutionMemory, ctx: Context, order: Order) -> None:
    """Ask the venue for the fills of the order, unless that is under way."""
    if not order.fills_asked:
        ctx.emit(OrderFillsAsked(order.client_order_id, ctx.now))
        ctx.perform(fills_question(actor.settings.venue, order))


def miss_fills(actor: ExecutionMemory, ctx: Context, order: Order) -> None:
    """The venue counts fills that were not seen.

    They come in the stream, if that can be read again; else they are asked for, at once the first time.
    """
    if actor.settings.traits.stream_resumes:
        if order.terminal:
            ask_later(actor, ctx, order)
    elif not order.fill_probes:
        ask_for_fills(actor, ctx, order)


def escalate(ctx: Context, order: Order, probes: int, detail: str) -> None:
    """Call a person, once for each order."""
    if not order.escalated:
        ctx.emit(OrderEscalated(order.client_order_id, order.symbol, probes, detail))


def ask_later(actor: ExecutionMemory, ctx: Context, order: Order, *, decisive: int | None = None) -> None:
    """Ask after the wait that the number of answers so far calls for.

    An answer counts for more from desk time `decisive` (ns UTC) on: the question is put then, if that is sooner
    or not long after. Once that time is past, the next answer may settle the matter and is not waited for any longer
    than the first.
    """
    delay = probe_delay(actor.settings, order.probes)
    if decisive is not None and decisive <= ctx.now:
        delay = min(delay, probe_delay(actor.settings, 1))
    elif decisive is not None and decisive <= ctx.now + 2 * delay:
        delay = decisive - ctx.now
    wake(ctx, order, OrderTimer.PROBE, delay)


def wake(ctx: Context, order: Order, timer: OrderTimer, delay: int) -> None:
    """Set one of the order's timers; `delay` in ns of desk time."""
    ctx.after(delay, OrderTimerDue(order.client_order_id, timer), key=timer_key(order, timer))


def timer_key(order: Order, timer: OrderTimer) -> str:
    """The key of one of the order's timers."""
    return f"{timer.value}:{order.client_order_id}"


def may_cancel(actor: ExecutionMemory) -> bool:
    """Whether cancels may leave: not in OBSERVE, and not where nothing may be changed at the venue."""
    return actor.settings.writes and Action.CANCEL in ALLOWED[actor.state.effective_mode]


def request_cancel(actor: ExecutionMemory, ctx: Context, order: Order, reason: Reason) -> None:
    """Cancel the order, now if it works, else as soon as it is known to; nothing for one that ended.

    An order that was never written to the venue ends at once.
    """
    if order.terminal or order.state is OrderState.PENDING_CANCEL:
        return
    if order.state in _CANCELLABLE and may_cancel(actor):
        send_cancel(actor, ctx, order, reason)
    elif order.state is OrderState.PLACING and order.retry_at is not None and order.doubt_from is None:
        move(ctx, order, Trigger.CANCELLED, reason)
        settle(actor, ctx, order)
    elif order.cancel_reason is None:
        ctx.emit(CancelWished(order.client_order_id, reason))


def send_cancel(actor: ExecutionMemory, ctx: Context, order: Order, reason: Reason) -> None:
    """Send the cancel, or send it again, and look after it should it stay without effect."""
    if order.state is OrderState.PENDING_CANCEL:
        ctx.emit(CancelWished(order.client_order_id, reason))
    else:
        move(ctx, order, Trigger.CANCEL_SENT, reason)
    ctx.perform(cancellation(order))
    wake(ctx, order, OrderTimer.CANCEL_CHECK, actor.settings.cancel_check_ns)


def cancel_again(actor: ExecutionMemory, ctx: Context, order: Order) -> None:
    """The cancel had no effect: the first times send it again at once, then after growing waits."""
    if not may_cancel(actor):
        return
    if order.cancels < _CANCELS_AT_ONCE:
        send_cancel(actor, ctx, order, order.cancel_reason or Reason.CANCEL_REQUESTED)
    else:
        cancel_later(actor, ctx, order)


def cancel_later(actor: ExecutionMemory, ctx: Context, order: Order) -> None:
    """Send the cancel again after a wait that doubles from time to time."""
    settings = actor.settings
    delay = doubling(settings.cancel_backoff_ns, order.cancels - 1, settings.cancel_backoff_max_ns)
    wake(ctx, order, OrderTimer.CANCEL_AGAIN, delay)


def settle(actor: ExecutionMemory, ctx: Context, order: Order) -> None:
    """Tell the final outcome of an order that ended, if every fill the venue counts has been seen; else wait.

    An order that had been settled and got a late fill is told again. Of an intent with several orders its plan tells.
    """
    if not order.terminal:
        return
    if order.filled != order.venue_filled:
        miss_fills(actor, ctx, order)
        return
    # that it was left is remembered with the end of the order, so that nothing depends on whether anybody reads it;
    # a late fill's is remembered by itself
    leaves = lacks_record(order) and (ctx.explains or order.settled)
    if not order.settled:
        if order.replacing is not None:
            ctx.emit(ReplaceEnded(order.client_order_id, False, order.reason, ctx.now))
        ctx.emit(OrderSettled(order.client_order_id, order.filled, ctx.now))
        _cancel_timers(actor, ctx, order)
    if order.routed:
        actor.touched[order.intent_id] = None
        return
    if leaves:
        leave_record(ctx, order)
    report(ctx, order, final=True)


def lacks_record(order: Order) -> bool:
    """Whether an order that is all of its intent is owed a router record: once, and again only after a late fill."""
    return order.tally is not None and order.tally.recorded != order.filled


def leave_record(ctx: Context, order: Order) -> None:
    """The router record of an order that is all of its intent."""
    if order.tally is not None:
        ctx.emit(record_of_order(order, order.tally, ctx.now))


def note_overfill(ctx: Context, order: Order) -> None:
    """Record that more was filled than ordered."""
    if order.filled > order.terms.quantity:
        ctx.emit(OrderOverfilled(order.client_order_id, order.terms.quantity, order.filled))


def longest_life(actor: ExecutionMemory, order: Order) -> int | None:
    """For how long the order may work (ns), by its terms and by the setting; None = for ever."""
    by_terms, by_age = order.terms.time_to_live, actor.settings.max_order_age_ns
    if by_age is None or order.protective:
        return by_terms
    return by_age if by_terms is None else min(by_terms, by_age)


def _cancel_timers(actor: ExecutionMemory, ctx: Context, order: Order) -> None:
    """Only those that can be set: each costs the commit a key."""
    if order.worked_at is not None and longest_life(actor, order) is not None:
        ctx.cancel_timer(timer_key(order, OrderTimer.TIME_TO_LIVE))
    if order.cancels:
        ctx.cancel_timer(timer_key(order, OrderTimer.CANCEL_CHECK))
        ctx.cancel_timer(timer_key(order, OrderTimer.CANCEL_AGAIN))
    if order.probes:
        ctx.cancel_timer(timer_key(order, OrderTimer.PROBE))
    if order.fill_probes:
        ctx.cancel_timer(timer_key(order, OrderTimer.FILLS))
