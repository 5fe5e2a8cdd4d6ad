"""The account as a whole: its first reading, and the comparison of our records with the venue's.

Asked for at the first start, after a lost store, when the private stream has a gap or begins anew, and from time to
time. Placing is held for the first two until the comparison is done, clean or not; see `on_store_renewed`.
"""

from __future__ import annotations

from decimal import Decimal

from actors.base import Context
from actors.execution.acts import RISK, ask, may_cancel, move
from actors.execution.evidence import Told, weigh
from actors.execution.external import cancel_external, is_ours, tell_external
from actors.execution.fills import request_all_fills
from actors.execution.funds import explains_cash, take_balances
from actors.execution.health import note_unread
from actors.execution.memory import ExecutionMemory
from actors.execution.placing import release_waiting
from actors.execution.reconciling import ask_for_what_moved, differences, judge_balances, judge_positions
from actors.execution.settings import ExternalPolicy, doubling
from actors.execution.transitions import Trigger
from actors.execution.venue_state import stranger_key
from messages.account_events import (
    AccountQueryDue,
    AccountSeeded,
    ExternalActivity,
    GenerationChanged,
    MarginsTold,
    ReconcileDue,
    VenueAccountCompared,
    VenueAccountDiffers,
    VenueAccountDue,
    VenueAccountOpened,
    VenueReconciled,
)
from messages.control import StoreRenewed
from messages.orders import OrderState
from messages.reasons import Reason
from messages.venue import CancelOrder, Outcome, VenueOrder
from messages.venue_account import AccountResult, QueryAccount

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
    """History was lost: new client order ids; nothing is placed before the account is compared and risk has spoken.

    What was approved before may have been placed in the history that was lost, under an id that nobody here knows.
    The new version of the mode, which risk tells when it hears the same, makes all of that void.
    """
    if renewed.generation == actor.state.generation:
        return
    ctx.emit(GenerationChanged(renewed.generation))
    request_all_fills(actor, ctx)
    ctx.emit(VenueAccountDue(1, 0, Reason.STORE_LOST, ctx.now))
    ctx.perform(QueryAccount(actor.settings.venue))
    for order in actor.state.live_orders():
        if order.state is OrderState.PLACING:
            # what is known of its requests is what was known then: what was lost may have placed it, a moment ago
            retried = order.retry_at is not None
            move(ctx, order, Trigger.DOUBTED, Reason.STORE_LOST)
            if retried:
                ask(ctx, order)  # any other is asked for as what is owed after a recovery


def on_account_result(actor: ExecutionMemory, ctx: Context, result: AccountResult) -> None:
    """Take the account as the base if it is the first, compare it, tell risk, and let placing go on."""
    state = actor.state
    if not state.account_due:
        return
    if result.outcome is not Outcome.ACCEPTED:
        _ask_again(actor, ctx, state.account_attempt + 1, state.account_looks, Reason.UNKNOWN_OUTCOME)
        note_unread(actor, ctx)
        return
    if not state.account_seeded:
        later = actor.later_than(result.time)
        ctx.emit(VenueAccountOpened(result.balances, result.positions, ctx.now, result.time))
        ctx.send(RISK, AccountSeeded(actor.settings.venue, result.balances, result.positions))
        for told in later:
            ctx.send(RISK, told)
    if result.margins is not None:
        ctx.send(RISK, MarginsTold(actor.settings.venue, result.margins))
    moved = differences(actor, result.positions)
    if moved and state.account_looks + 1 < actor.settings.account_tries:
        ask_for_what_moved(actor, ctx, moved)
        _ask_for_missing(actor, ctx, result)
        _ask_again(actor, ctx, 0, state.account_looks + 1, Reason.UNKNOWN_OUTCOME, moved)
        return
    _conclude(actor, ctx, result, moved)


def _conclude(actor: ExecutionMemory, ctx: Context, result: AccountResult, moved: dict[str, Decimal]) -> None:
    """The last look: adopt, cancel and ask as the open orders want it, judge what differs, go on."""
    state, settings = actor.state, actor.settings
    again = state.at_venue.ask_again
    orphans = _cancel_orphans(actor, ctx, result)
    found = _orders(actor, ctx, result) + judge_positions(actor, ctx, moved, result)
    judge_balances(actor, ctx, result)
    # positions alike beside other cash: what was not told may cancel itself out, and is still to be asked for
    known = result.time if explains_cash(actor, result) else None
    if not moved:
        take_balances(actor, ctx, result)
    detail = "; ".join(found)
    ctx.emit(VenueAccountDiffers(detail, ctx.now) if detail else VenueAccountCompared(ctx.now, known))
    balances = None if moved else result.balances
    ctx.send(RISK, VenueReconciled(settings.venue, not detail, detail, state.generation, balances))
    if orphans or again:
        ctx.after(settings.account_backoff_ns, AccountQueryDue(), key="account")
    elif moved:
        ctx.after(settings.account_backoff_max_ns, AccountQueryDue(), key="account")
    else:
        ctx.cancel_timer("account")
    plan_next(actor, ctx)
    if not actor.holds_placing:
        release_waiting(actor, ctx)


def plan_next(actor: ExecutionMemory, ctx: Context) -> None:
    """Compare again after the interval that is set, if one is."""
    interval = actor.settings.reconcile_interval_ns
    if interval is not None:
        ctx.after(interval, ReconcileDue(), key="reconcile")


def on_reconcile_due(actor: ExecutionMemory, ctx: Context) -> None:
    """Time for the next comparison; one that is under way will do."""
    request_all_fills(actor, ctx)
    request_account(actor, ctx, Reason.RECONCILED)
    plan_next(actor, ctx)


def _ask_again(
    actor: ExecutionMemory,
    ctx: Context,
    attempt: int,
    looks: int,
    reason: Reason,
    moved: dict[str, Decimal] | None = None,
) -> None:
    """Fills may be under way, or the venue does not answer: ask again after a wait that doubles."""
    settings = actor.settings
    ctx.emit(VenueAccountDue(attempt, looks, reason, ctx.now, moved or {}))
    times = max(attempt - 1, looks - 1, 0)
    delay = doubling(settings.account_backoff_ns, times, settings.account_backoff_max_ns)
    ctx.after(delay, AccountQueryDue(), key="account")


def _cancel_orphans(actor: ExecutionMemory, ctx: Context, result: AccountResult) -> bool:
    """Cancel what is open there under our mark and forgotten here, as after a lost store: nobody looks after it.

    Returns whether there was any; the account is looked at again, as what is cancelled is no difference any more.
    """
    orphans = [
        told
        for told in result.open_orders
        if told.client_order_id not in actor.state.orders and is_ours(actor, told.client_order_id)
    ]
    if may_cancel(actor):
        for told in orphans:
            ctx.perform(CancelOrder(told.client_order_id, told.symbol, told.venue_order_id, told.conditional))
    return bool(orphans)


def _orders(actor: ExecutionMemory, ctx: Context, result: AccountResult) -> list[str]:
    """Adopt what is open there, ask for what is open here alone, and name what is not ours.

    What ended here but is open there may be a moment old: it is asked for, and no difference yet.
    """
    found = []
    for told in result.open_orders:
        order = actor.state.orders.get(told.client_order_id)
        if order is None:
            found += _stranger(actor, ctx, told)
        elif order.terminal and order.seen:
            if not order.settled:
                ask(ctx, order)
        else:
            weigh(actor, ctx, order, Told(told.state, told.filled, told.venue_order_id, Reason.ACCEPTED))
    _ask_for_missing(actor, ctx, result)
    return found


def _ask_for_missing(actor: ExecutionMemory, ctx: Context, result: AccountResult) -> None:
    """What is open here and not there has ended, or is a moment newer than the answer: the venue knows."""
    open_there = {told.client_order_id for told in result.open_orders}
    for order in actor.state.live_orders():
        if order.state in _OPEN and order.client_order_id not in open_there:
            ask(ctx, order)


def _stranger(actor: ExecutionMemory, ctx: Context, told: VenueOrder) -> list[str]:
    """An open order that is not known here: told the first time, named each time."""
    if stranger_key(told.symbol, told.venue_order_id) not in actor.state.at_venue.strangers:
        tell_external(actor, ctx, _external(actor, ctx, told))
    if is_ours(actor, told.client_order_id):
        return [f"order {told.client_order_id} on {told.symbol} is open at the venue and not known here"]
    cancel_external(actor, ctx, told)
    if actor.settings.external_policy is ExternalPolicy.IGNORE:
        return []
    return [f"order {told.client_order_id} on {told.symbol} is open at the venue and not known here"]


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
        is_ours(actor, told.client_order_id),
        ctx.now,
    )
