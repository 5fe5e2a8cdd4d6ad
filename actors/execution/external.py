"""What happens on the account that no intent of this desk explains: whose it is, what is told, what is done.

A fill is a fact whoever caused it: it is booked once. What follows from it is `ExternalPolicy`'s matter, but for an
order of another desk of this kind on the same account: two desks that don't know of each other halt.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from actors.base import Context
from actors.execution.acts import RISK, may_cancel
from actors.execution.client_ids import Whose, whose
from actors.execution.conditions import set_condition
from actors.execution.instruments import tick_of
from actors.execution.memory import ExecutionMemory
from actors.execution.order import ZERO, within
from actors.execution.settings import ExternalPolicy, ReconcilePolicy
from actors.execution.venue_state import stranger_key
from messages.account_events import (
    AccountQueryDue,
    ExternalActivity,
    ExternalSeen,
    HoldingsExceeded,
    HoldingsSettled,
    PositionCorrected,
)
from messages.control import Mode
from messages.intents import Side
from messages.orders import OrderState
from messages.reasons import Reason
from messages.venue import CancelOrder, CancelResult, Outcome, VenueOrder

_STRATEGIES = "strategy/"
_AT_WORK = frozenset({OrderState.WORKING, OrderState.PARTIALLY_FILLED})
_CALLED_OFF = frozenset({OrderState.CANCELLED, OrderState.EXPIRED, OrderState.REJECTED})


def is_ours(actor: ExecutionMemory, client_order_id: str) -> bool:
    """Whether the id is one of this desk, of whatever generation of its store."""
    return _whose(actor, client_order_id) is Whose.OURS


def _whose(actor: ExecutionMemory, client_order_id: str) -> Whose:
    settings = actor.settings
    return whose(
        client_order_id,
        prefix=settings.client_id_prefix,
        desk=settings.desk,
        alphabet=settings.client_id_alphabet,
        max_length=settings.client_id_max_length,
    )


def take_external(actor: ExecutionMemory, ctx: Context, activity: ExternalActivity) -> None:
    """The private stream tells of an order or fill that is not known here: told, and an order that may work on met.

    One of ours is of history that was lost, or its request came in late: nobody looks after it, as `account` has it.
    """
    is_first = not _was_told(actor, activity)
    tell_external(actor, ctx, activity)
    if is_first and activity.state in _AT_WORK:
        unwanted = activity.ours or actor.settings.external_policy is ExternalPolicy.CANCEL
        if unwanted and may_cancel(actor):
            # an event does not say whether its order is a stop: such a cancel is good for either
            ctx.perform(
                CancelOrder(
                    activity.client_order_id, activity.symbol, activity.venue_order_id, conditional=True
                )
            )


def tell_external(actor: ExecutionMemory, ctx: Context, activity: ExternalActivity) -> None:
    """Record activity that is not ours and tell risk; see what it took of what strategies hold."""
    fill = activity.fill
    by = _whose(actor, activity.client_order_id)
    ours = by is Whose.OURS
    suspect = ours or actor.settings.external_policy is not ExternalPolicy.IGNORE
    suspect = suspect and not _is_known_end(actor, activity)
    activity = msgspec.structs.replace(activity, ours=ours, suspect=suspect)
    before = actor.state.positions.get(activity.symbol, ZERO)
    ctx.emit(ExternalSeen(activity))
    ctx.send(RISK, activity)
    if by is Whose.OTHER_DESK:
        detail = f"order {activity.client_order_id} on {activity.symbol} is of another desk"
        set_condition(actor, ctx, Reason.FOREIGN_DESK.value, Mode.HALTED, detail, person=True)
    if fill is not None:
        signed = fill.quantity * activity.side.sign
        reason = Reason.ORPHAN if ours else Reason.EXTERNAL
        take_from_holdings(actor, ctx, activity.symbol, signed, before, fill.price, activity.time, reason)


def _is_known_end(actor: ExecutionMemory, activity: ExternalActivity) -> bool:
    """Whether an order that was told before ends here, and nothing else: the account stays as it was told.

    A person who has looked need not look again because of it. The desk itself ends orders of lost history, maybe a
    moment after the person has let it trade on.
    """
    return _was_told(actor, activity) and activity.fill is None and activity.state in _CALLED_OFF


def _was_told(actor: ExecutionMemory, activity: ExternalActivity) -> bool:
    """Whether the order is one that was told as open before."""
    key = stranger_key(activity.symbol, activity.venue_order_id)
    return key in actor.state.at_venue.strangers


def cancel_external(actor: ExecutionMemory, ctx: Context, told: VenueOrder) -> None:
    """Cancel an open order that is not ours, where the policy says so."""
    if actor.settings.external_policy is ExternalPolicy.CANCEL and may_cancel(actor):
        ctx.perform(CancelOrder(told.client_order_id, told.symbol, told.venue_order_id, told.conditional))


def on_cancel_result(actor: ExecutionMemory, ctx: Context, result: CancelResult) -> None:
    """The end of a cancel of an order that is not known here: the account is compared.

    That tells whether the order is open still, and cancels it again, or that the difference is over.
    """
    unanswered = result.outcome in (Outcome.NOT_SENT, Outcome.NO_ANSWER)
    settings = actor.settings
    wait = settings.account_backoff_max_ns if unanswered else settings.account_backoff_ns
    ctx.after(wait, AccountQueryDue(), key="account")


def take_from_holdings(
    actor: ExecutionMemory,
    ctx: Context,
    symbol: str,
    signed: Decimal,
    before: Decimal,
    price: Decimal | None,
    time: int,
    reason: Reason,
) -> None:
    """The account's position moved from `before` by what nobody here ordered: whose position was that?

    First nobody's own part of the account is used up (what was there before the desk, what others traded); what is
    left over was taken from the strategies. With AUTO they are told at once, else when a person has looked; where
    others are ignored they keep their word.
    """
    held = [each for each in actor.state.holdings.values() if each.symbol == symbol]
    claimed = sum((each.quantity for each in held), ZERO)
    nobodys = before - claimed
    left = abs(signed)
    if nobodys * signed < 0:
        left -= min(left, abs(nobodys))
    if not left or claimed * signed >= 0:
        return
    taken = min(left, abs(claimed)) * (1 if signed > 0 else -1)
    ctx.emit(HoldingsExceeded(symbol, claimed, claimed + taken, ctx.now))
    if actor.settings.reconcile_policy is ReconcilePolicy.AUTO:
        # also what was taken under another policy, and no person has looked at
        untold = actor.state.at_venue.exceeded.get(symbol, ZERO)
        _tell_owners(actor, ctx, symbol, untold, price, time, reason)
    elif actor.settings.external_policy is ExternalPolicy.IGNORE:
        ctx.emit(HoldingsSettled(symbol, ctx.now))


def accept_taken(actor: ExecutionMemory, ctx: Context) -> None:
    """A person has looked: the strategies are told of what others took of their holdings, as far as it is gone still.

    Left with a position that is not there, a strategy would close it some day, and so open the other side.
    """
    for symbol, taken in list(actor.state.at_venue.exceeded.items()):
        _tell_owners(actor, ctx, symbol, taken, None, ctx.now, Reason.EXTERNAL)


def _tell_owners(
    actor: ExecutionMemory,
    ctx: Context,
    symbol: str,
    signed: Decimal,
    price: Decimal | None,
    time: int,
    reason: Reason,
) -> None:
    """Move holdings by what was taken of them, by a correction each, in order of their owners' names.

    Without a price each is closed at what it has cost, to the tick: an average has no end of digits.
    """
    left, side = abs(signed), Side.BUY if signed > 0 else Side.SELL
    held = [each for each in actor.state.holdings.values() if each.symbol == symbol]
    for holding in sorted(held, key=lambda each: (each.owner, each.strategy)):
        part = min(left, abs(holding.quantity))
        if not part or holding.quantity * signed > 0 or not holding.owner.startswith(_STRATEGIES):
            continue
        left -= part
        correction = PositionCorrected(
            next_correction(actor),
            actor.settings.venue,
            symbol,
            holding.strategy,
            holding.owner,
            side,
            part,
            within(holding.average_price, side, tick_of(actor, symbol)) if price is None else price,
            False,
            reason,
            time,
        )
        ctx.emit(correction)
        ctx.send(RISK, correction)
        ctx.send(correction.owner, correction)
    ctx.emit(HoldingsSettled(symbol, ctx.now))


def next_correction(actor: ExecutionMemory) -> str:
    """The id of the next correction: like a fill's, unique per venue."""
    return f"correction-{actor.state.generation}-{actor.state.at_venue.corrections + 1}"
