"""The account as a whole: its first reading, and the comparison of our records with the venue's.

Asked for at the first start, after a lost store, and when the private stream has a gap. Placing is held for the
first two until the comparison is done, clean or not: what differs is risk's to judge.
"""

from __future__ import annotations

from decimal import Decimal

from actors.base import Context
from actors.execution.acts import RISK, ask, may_cancel, move
from actors.execution.evidence import Told, weigh
from actors.execution.memory import ExecutionMemory
from actors.execution.order import ZERO
from actors.execution.placing import release_waiting
from actors.execution.settings import doubling
from actors.execution.transitions import Trigger
from messages.control import StoreRenewed
from messages.order_events import (
    AccountQueryDue,
    AccountSeeded,
    ExternalActivity,
    ExternalSeen,
    GenerationChanged,
    VenueAccountCompared,
    VenueAccountDiffers,
    VenueAccountDue,
    VenueAccountOpened,
    VenueReconciled,
)
from messages.orders import OrderState
from messages.reasons import Reason
from messages.venue import AccountResult, CancelOrder, Outcome, QueryAccount, VenueOrder

_OPEN = frozenset(
    {
        OrderState.WORKING,
        OrderState.PARTIALLY_FILLED,
        OrderState.PENDING_CANCEL,
        OrderState.PENDING_REPLACE,
    }
)


def request_account(actor: ExecutionMemory, ctx: Context, reason: Reason) -> None:
    """Ask for the account, unless that is under way."""
    if not actor.state.account_due:
        ctx.emit(VenueAccountDue(1, 0, reason, ctx.now))
        ctx.perform(QueryAccount(actor.settings.venue))


def on_account_query_due(actor: ExecutionMemory, ctx: Context) -> None:
    """Ask again, or anew where positions differed: what was missing may have come since."""
    if actor.state.account_due:
        ctx.perform(QueryAccount(actor.settings.venue))
    else:
        request_account(actor, ctx, Reason.UNKNOWN_OUTCOME)


def on_store_renewed(actor: ExecutionMemory, ctx: Context, renewed: StoreRenewed) -> None:
    """History was lost: new client order ids, and nothing is placed before the account was compared."""
    if renewed.generation == actor.state.generation:
        return
    ctx.emit(GenerationChanged(renewed.generation))
    ctx.emit(VenueAccountDue(1, 0, Reason.STORE_LOST, ctx.now))
    ctx.perform(QueryAccount(actor.settings.venue))
    for order in actor.state.live_orders():
        if order.state is OrderState.PLACING and order.retry_at is not None:
            # that nothing was written is what was known then: what was lost may have placed it
            move(ctx, order, Trigger.DOUBTED, Reason.STORE_LOST)
            ask(ctx, order)


def on_account_result(actor: ExecutionMemory, ctx: Context, result: AccountResult) -> None:
    """Take the account as the base if it is the first, compare it, tell risk, and let placing go on."""
    state = actor.state
    if not state.account_due:
        return
    if result.outcome is not Outcome.ACCEPTED:
        _ask_again(actor, ctx, state.account_attempt + 1, state.account_looks, Reason.UNKNOWN_OUTCOME)
        return
    if not state.account_seeded:
        ctx.emit(VenueAccountOpened(result.balances, result.positions, ctx.now, result.time))
        ctx.send(RISK, AccountSeeded(actor.settings.venue, result.balances, result.positions))
    moved = _positions(actor, result)
    if moved and state.account_looks + 1 < actor.settings.account_tries:
        _ask_again(actor, ctx, 0, state.account_looks + 1, Reason.UNKNOWN_OUTCOME)
        return
    orphans = _cancel_orphans(actor, ctx, result)
    differences = _orders(actor, ctx, result) + moved
    detail = "; ".join(differences)
    ctx.emit(VenueAccountDiffers(detail, ctx.now) if detail else VenueAccountCompared(ctx.now))
    ctx.send(RISK, VenueReconciled(actor.settings.venue, not detail, detail, state.generation))
    if orphans:
        ctx.after(actor.settings.account_backoff_ns, AccountQueryDue(), key="account")
    elif moved:
        ctx.after(actor.settings.account_backoff_max_ns, AccountQueryDue(), key="account")
    else:
        ctx.cancel_timer("account")
    release_waiting(actor, ctx)


def tell_external(actor: ExecutionMemory, ctx: Context, activity: ExternalActivity) -> None:
    """Record activity that is not ours and tell risk."""
    ctx.emit(ExternalSeen(activity))
    ctx.send(RISK, activity)


def _ask_again(actor: ExecutionMemory, ctx: Context, attempt: int, looks: int, reason: Reason) -> None:
    """Fills may be under way, or the venue does not answer: ask again after a wait that doubles."""
    settings = actor.settings
    ctx.emit(VenueAccountDue(attempt, looks, reason, ctx.now))
    times = max(attempt - 1, looks - 1, 0)
    delay = doubling(settings.account_backoff_ns, times, settings.account_backoff_max_ns)
    ctx.after(delay, AccountQueryDue(), key="account")


def _positions(actor: ExecutionMemory, result: AccountResult) -> list[str]:
    ours, theirs = actor.state.positions, result.positions
    found = []
    for symbol in sorted({*ours, *theirs}):
        here: Decimal = ours.get(symbol, ZERO)
        there: Decimal = theirs.get(symbol, ZERO)
        if here != there:
            found.append(f"position {symbol}: {here} here, {there} at the venue")
    return found


def _cancel_orphans(actor: ExecutionMemory, ctx: Context, result: AccountResult) -> bool:
    """Cancel what is open there under our prefix and forgotten here, as after a lost store: nobody looks after it.

    Returns whether there was any; the account is looked at again, as what is cancelled is no difference any more.
    """
    orphans = [
        told
        for told in result.open_orders
        if told.client_order_id not in actor.state.orders and _is_ours(actor, told.client_order_id)
    ]
    if may_cancel(actor):
        for told in orphans:
            ctx.perform(CancelOrder(told.client_order_id, told.symbol))
    return bool(orphans)


def _orders(actor: ExecutionMemory, ctx: Context, result: AccountResult) -> list[str]:
    """Adopt what is open there, ask for what is open here alone, and name what is not ours.

    What ended here but is open there may be a moment old: it is asked for, and no difference yet.
    """
    found = []
    open_there = set()
    for told in result.open_orders:
        open_there.add(told.client_order_id)
        order = actor.state.orders.get(told.client_order_id)
        if order is None:
            tell_external(actor, ctx, _external(actor, ctx, told))
            found.append(
                f"order {told.client_order_id} on {told.symbol} is open at the venue and not known here"
            )
        elif order.terminal and order.seen:
            if not order.settled:
                ask(ctx, order)
        else:
            weigh(actor, ctx, order, Told(told.state, told.filled, told.venue_order_id, Reason.ACCEPTED))
    for order in actor.state.live_orders():
        if order.state in _OPEN and order.client_order_id not in open_there:
            ask(ctx, order)
    return found


def _external(actor: ExecutionMemory, ctx: Context, told: VenueOrder) -> ExternalActivity:
    return ExternalActivity(
        actor.settings.venue,
        told.client_order_id,
        told.venue_order_id,
        told.symbol,
        told.side,
        told.state,
        told.filled,
        None,
        _is_ours(actor, told.client_order_id),
        ctx.now,
    )


def _is_ours(actor: ExecutionMemory, client_order_id: str) -> bool:
    return client_order_id.startswith(actor.settings.client_id_prefix)
