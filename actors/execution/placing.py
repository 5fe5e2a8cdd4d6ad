"""From an approved intent to an order at the venue: admission, write-ahead placing, and its immediate outcome.

An order is promised in the journal before its request may leave, and nothing is ever sent twice blindly.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from actors.base import Context
from actors.execution import configuring, funds, instruments
from actors.execution.acts import ask, leave_record, move, report, settle, tell, wake
from actors.execution.client_ids import client_order_id
from actors.execution.evidence import Told, weigh
from actors.execution.gate import ENDING, refusal
from actors.execution.memory import ExecutionMemory
from actors.execution.order import CONDITIONAL, ZERO, Order, placement
from actors.execution.routing.beginning import as_flip, begin, crosses
from actors.execution.settings import doubling
from actors.execution.transitions import Trigger
from actors.venues.port import VenueTraits
from messages.intents import OrderTerms, OrderType, Purpose, Route, SubmitOrder, TimeInForce
from messages.order_events import (
    IntentEnded,
    IntentIgnored,
    IntentWaiting,
    OrderPlacing,
    OrderResent,
    OrderRetryPlanned,
    OrderSettled,
    OrderSimulated,
    OrderTimer,
    WaitingDue,
)
from messages.orders import OrderReport, OrderState
from messages.reasons import Reason
from messages.venue import Outcome, PlaceOrder, PlaceResult

_WORKING, _ACCEPTED, _DRY_RUN = OrderState.WORKING, Reason.ACCEPTED, Reason.DRY_RUN
_DIRECT, _MARKET, _GTC = Route.DIRECT, OrderType.MARKET, TimeInForce.GTC
_PROTECTIVE, _FLATTEN = Purpose.PROTECTIVE, Purpose.FLATTEN
"""Bound once: to look a member up on its enum class costs more than the comparison."""

NOTHING_DONE_RETRY = frozenset({Reason.NOT_SENT, Reason.RATE_LIMIT, Reason.CLOCK_SKEW})
"""Why an order surely did not come about that may be sent later: the way to the venue, or the venue's being too busy
to look at it or its calling the request's time wrong. No verdict on the order."""

WITHHELD: dict[Reason, Trigger] = {
    Reason.EXPIRED: Trigger.EXPIRED,
    Reason.MODE_OUTDATED: Trigger.EXPIRED,
}
"""How an order ends that was withheld before the socket; NOT_SENT for every other reason."""


def on_submit(actor: ExecutionMemory, ctx: Context, submit: SubmitOrder) -> None:
    """Take an approved intent once; it waits while the account has not been compared with the venue."""
    state, intent_id = actor.state, submit.intent_id
    if intent_id in state.intents or intent_id in state.waiting or state.was_forgotten(intent_id):
        ctx.emit(IntentIgnored(intent_id, Reason.DUPLICATE_INTENT))
    elif intent_id in state.tombstones:
        end_intent(ctx, submit, OrderState.CANCELLED, Reason.TOMBSTONE)
    elif not actor.holds_placing:
        admit(actor, ctx, submit)
    elif ctx.now > submit.terms.deadline:
        end_intent(ctx, submit, OrderState.EXPIRED, Reason.EXPIRED)
    elif len(state.waiting) >= actor.settings.keep_waiting:
        end_intent(ctx, submit, OrderState.REJECTED, Reason.MAILBOX_FULL)
    else:
        ctx.emit(IntentWaiting(submit))
        ctx.after(submit.terms.deadline + 1 - ctx.now, WaitingDue(intent_id), key=_waiting_key(intent_id))


def release_waiting(actor: ExecutionMemory, ctx: Context) -> None:
    """Admit what waited, in the order it came in, and let plans go on."""
    for intent_id, submit in list(actor.state.waiting.items()):
        ctx.cancel_timer(_waiting_key(intent_id))
        admit(actor, ctx, submit)
    actor.touched.update(actor.state.routing.working)


def on_waiting_due(actor: ExecutionMemory, ctx: Context, due: WaitingDue) -> None:
    """A waiting intent's deadline has passed."""
    submit = actor.state.waiting.get(due.intent_id)
    if submit is not None and ctx.now > submit.terms.deadline:
        end_intent(ctx, submit, OrderState.EXPIRED, Reason.EXPIRED)


def cancel_waiting(ctx: Context, submit: SubmitOrder, reason: Reason) -> None:
    """A cancel came for an intent that waits."""
    ctx.cancel_timer(_waiting_key(submit.intent_id))
    end_intent(ctx, submit, OrderState.CANCELLED, reason)


def end_intent(
    ctx: Context, submit: SubmitOrder, state: OrderState, reason: Reason, *, detail: str = ""
) -> None:
    """End an intent of which no order was made, and tell."""
    ctx.emit(IntentEnded(submit.intent_id, state, reason, ctx.now))
    terms = submit.terms
    message = OrderReport(
        submit.intent_id, terms.symbol, None, state, terms.quantity, ZERO, True, reason, ctx.now, detail
    )
    tell(ctx, (submit.requester,), message)


def admit(actor: ExecutionMemory, ctx: Context, submit: SubmitOrder) -> None:
    """Place the intent's order or begin its plan, or end the intent with the first reason against it."""
    effect = request_of(actor, submit)
    mode, version = actor.state.effective_mode, actor.state.mode_version
    withheld = refusal(effect, ctx.now, mode, version, actor.settings)
    if withheld is not None and withheld is not _DRY_RUN:
        end_intent(ctx, submit, ENDING[withheld], withheld)
        return
    reason = inadmissible(actor, ctx, submit, effect)
    if reason is None:
        reason = instruments.refusal_of(actor, ctx, effect, submit.terms.worst_price)
    if reason is None and actor.settings.collateral:
        reason = funds.refusal_of(actor, effect, submit.terms.worst_price)
    if reason is not None:
        end_intent(ctx, submit, OrderState.REJECTED, reason)
    elif withheld is _DRY_RUN:
        _simulate(actor, ctx, submit, effect)
    elif submit.terms.route is not _DIRECT:
        begin(actor, ctx, submit)
    elif actor.settings.hedge_mode and crosses(actor, submit.terms):
        begin(actor, ctx, as_flip(submit))
    else:
        ctx.emit(promise(actor, ctx, submit, effect))
        ctx.perform(effect)


def inadmissible(
    actor: ExecutionMemory, ctx: Context, submit: SubmitOrder, effect: PlaceOrder
) -> Reason | None:
    """What speaks against an intent here, beyond the gate: what the venue lacks, a frozen symbol, a ward's entry.

    `effect` is the request that would place it.
    """
    terms, traits, state = submit.terms, actor.settings.traits, actor.state
    if terms.quantity <= 0:
        return Reason.INTENT_MALFORMED
    if (terms.order_type in CONDITIONAL and not traits.stops) or (terms.post_only and not traits.post_only):
        return Reason.NOT_OFFERED
    if effect.time_in_force is not _GTC and not _is_offered(effect, traits):
        return Reason.NOT_OFFERED
    if submit.increases_exposure and submit.intent_id in state.stops:
        return (
            Reason.REDUCE_ONLY_WOULD_INCREASE
        )  # it would stay at the venue as an order that may open a position
    if terms.close_position and not traits.close_position:
        return Reason.NOT_OFFERED
    if terms.take_profit and terms.order_type not in CONDITIONAL:
        return Reason.INTENT_MALFORMED
    if terms.leg is not None and not actor.settings.hedge_mode:
        return Reason.POSITION_MODE
    if state.draining and (submit.increases_exposure or _stays(terms)):
        return Reason.DRAINING
    if submit.increases_exposure and is_frozen(actor, terms.symbol):
        return Reason.SYMBOL_FROZEN
    if submit.increases_exposure and state.at_venue.refused:
        refused = configuring.refusal_of(actor, terms.symbol)
        if refused is not None:
            return refused
    ward = state.wards.get(submit.requester)
    if submit.increases_exposure and ward is not None and ctx.now < ward.until:
        return Reason.GIVEN_UP
    return None


def _is_offered(effect: PlaceOrder, traits: VenueTraits) -> bool:
    """Whether the venue has the order's time in force; an order at the market is for at once by itself."""
    if effect.time_in_force is TimeInForce.FOK:
        return traits.fill_or_kill
    return traits.immediate_or_cancel or effect.order_type in instruments.AT_MARKET


def _stays(terms: OrderTerms) -> bool:
    """Whether the order may work on when the desk has stopped, with nobody there to cancel it, and protects nothing."""
    if terms.purpose is _PROTECTIVE or terms.purpose is _FLATTEN:
        return False
    at_once = terms.order_type is _MARKET or terms.time_in_force is not _GTC
    return terms.route is not _DIRECT or not at_once


def is_frozen(actor: ExecutionMemory, symbol: str) -> bool:
    """Whether an order of unknown fate forbids new exposure on the symbol."""
    frozen = actor.state.frozen
    return bool(frozen) and (actor.settings.freeze_venue or symbol in frozen)


def resend(actor: ExecutionMemory, ctx: Context, order: Order) -> None:
    """Place the order again under the same id."""
    ctx.emit(OrderResent(order.client_order_id, order.sends + 1, ctx.now))
    ctx.perform(_again(actor, order))


def may_resend(actor: ExecutionMemory, ctx: Context, order: Order) -> bool:
    """Whether an order that may be at the venue may be placed again: the venue never takes an id twice, and it stands.

    Where it does take one twice, absence is no proof: the earlier request may arrive after the later one.
    """
    return actor.settings.traits.never_accepts_id_twice and _still_stands(actor, ctx, order)


def _still_stands(actor: ExecutionMemory, ctx: Context, order: Order) -> bool:
    """Whether an order is still wanted under its id, was not sent too often, and the gate would let it pass."""
    return (
        not order.seen
        and order.cancel_reason is None
        and order.sends < actor.settings.max_sends
        and _against(actor, ctx, order) is None
    )


def on_place_again(actor: ExecutionMemory, ctx: Context, order: Order) -> None:
    """The wait after a failed way to the venue is over."""
    if order.state is not OrderState.PLACING or order.retry_at is None:
        return
    reason = _against(actor, ctx, order)
    if reason is None:
        resend(actor, ctx, order)
    else:
        _withhold(actor, ctx, order, reason)


def on_place_result(actor: ExecutionMemory, ctx: Context, result: PlaceResult) -> None:
    """The end of a request to place."""
    order = actor.state.orders.get(result.client_order_id)
    if order is not None:
        _OUTCOMES[result.outcome](actor, ctx, order, result)


def _accepted(actor: ExecutionMemory, ctx: Context, order: Order, result: PlaceResult) -> None:
    weigh(actor, ctx, order, Told(_WORKING, ZERO, result.venue_order_id, _ACCEPTED))


def _unanswered(actor: ExecutionMemory, ctx: Context, order: Order, result: PlaceResult) -> None:
    if order.state is OrderState.PLACING:
        move(ctx, order, Trigger.DOUBTED, Reason.UNKNOWN_OUTCOME, detail=result.detail)
    if order.state is OrderState.UNKNOWN:
        ask(ctx, order)


def _rejected(actor: ExecutionMemory, ctx: Context, order: Order, result: PlaceResult) -> None:
    """Final, unless the id is a duplicate (so the venue has it) or an older request of it may still be under way."""
    if order.terminal:
        return
    duplicate = result.reason is Reason.DUPLICATE_CLIENT_ORDER_ID
    if duplicate or order.seen or order.doubt_from is not None:
        if order.state in (OrderState.PLACING, OrderState.UNKNOWN):
            move(ctx, order, Trigger.DOUBTED, Reason.UNKNOWN_OUTCOME, seen=duplicate, detail=result.detail)
        ask(ctx, order)
        return
    move(ctx, order, Trigger.REJECTED, result.reason, detail=result.detail)
    settle(actor, ctx, order)


def _not_sent(actor: ExecutionMemory, ctx: Context, order: Order, result: PlaceResult) -> None:
    """Surely nothing came of it: try again later where that is no verdict on the order, else end it.

    The same id is safe at every venue, as no request with it is under way; one that may be makes the order doubtful.
    """
    if order.state not in (OrderState.PLACING, OrderState.UNKNOWN) or order.seen:
        return
    if order.doubt_from is not None:
        move(ctx, order, Trigger.DOUBTED, Reason.UNKNOWN_OUTCOME, detail=result.detail)
        ask(ctx, order)
        return
    delay = doubling(actor.settings.place_backoff_ns, order.sends - 1, actor.settings.probe_max_ns)
    due = ctx.now + delay
    if (
        result.reason in NOTHING_DONE_RETRY
        and due <= order.terms.deadline
        and _still_stands(actor, ctx, order)
    ):
        ctx.emit(OrderRetryPlanned(order.client_order_id, due, result.reason))
        wake(ctx, order, OrderTimer.PLACE_AGAIN, delay)
    else:
        _withhold(actor, ctx, order, result.reason, detail=result.detail)


_OUTCOMES: dict[Outcome, Callable[[ExecutionMemory, Context, Order, PlaceResult], None]] = {
    Outcome.ACCEPTED: _accepted,
    Outcome.NO_ANSWER: _unanswered,
    Outcome.REJECTED: _rejected,
    Outcome.NOT_SENT: _not_sent,
}


def _withhold(
    actor: ExecutionMemory, ctx: Context, order: Order, reason: Reason, *, detail: str = ""
) -> None:
    ending = Trigger.CANCELLED if order.cancel_reason is not None else WITHHELD.get(reason, Trigger.NOT_SENT)
    move(ctx, order, ending, order.cancel_reason or reason, detail=detail)
    settle(actor, ctx, order)


def _against(actor: ExecutionMemory, ctx: Context, order: Order) -> Reason | None:
    """What speaks against placing an order again now."""
    state = actor.state
    if state.placing_held or state.mode_due:
        return Reason.STORE_LOST
    frozen = state.frozen
    unknown = sum(frozen.values()) if actor.settings.freeze_venue else frozen.get(order.symbol, 0)
    others_unknown = unknown - (order.state is OrderState.UNKNOWN)
    if order.increases_exposure and others_unknown > 0:
        return Reason.SYMBOL_FROZEN
    return refusal(_again(actor, order), ctx.now, state.effective_mode, state.mode_version, actor.settings)


def _again(actor: ExecutionMemory, order: Order) -> PlaceOrder:
    return placement(
        order.client_order_id,
        order.terms,
        order.mode_version,
        order.increases_exposure,
        actor.settings,
        instruments.tick_of(actor, order.symbol),
    )


def request_of(actor: ExecutionMemory, submit: SubmitOrder, child: int = 0, attempt: int = 0) -> PlaceOrder:
    """The request that places the `attempt`-th order of the intent's `child`-th part."""
    settings = actor.settings
    name = client_order_id(
        actor.state.generation,
        submit.intent_id,
        child=child,
        attempt=attempt,
        prefix=settings.client_id_prefix,
        desk=settings.desk,
        alphabet=settings.client_id_alphabet,
        max_length=settings.client_id_max_length,
    )
    tick = instruments.tick_of(actor, submit.terms.symbol)
    return placement(name, submit.terms, submit.mode_version, submit.increases_exposure, settings, tick)


def promise(
    actor: ExecutionMemory,
    ctx: Context,
    submit: SubmitOrder,
    effect: PlaceOrder,
    child: int = 0,
    attempt: int = 0,
) -> OrderPlacing:
    """What is journalled before the request leaves."""
    state = actor.state
    exit_ = state.exits.get(submit.intent_id)
    beneficiary = submit.requester if exit_ is None else exit_.ward
    if submit.intent_id in state.stops:
        beneficiary = state.protections[state.stops[submit.intent_id]].owner
    return OrderPlacing(
        effect.client_order_id,
        submit.intent_id,
        submit.requester,
        beneficiary,
        submit.strategy,
        submit.terms,
        submit.mode_version,
        submit.increases_exposure,
        ctx.now,
        child,
        attempt,
        submit.quote,
    )


def _simulate(actor: ExecutionMemory, ctx: Context, submit: SubmitOrder, effect: PlaceOrder) -> None:
    """dry_run: record what would have been sent, and where the money would have gone."""
    price: Decimal = effect.limit_price or submit.terms.worst_price
    flags = [name for name in ("post_only", "reduce_only") if getattr(effect, name)]
    route = " ".join([effect.order_type.value, effect.time_in_force.value, *flags])
    ctx.emit(promise(actor, ctx, submit, effect))
    order = actor.state.orders[effect.client_order_id]
    ctx.emit(
        OrderSimulated(effect.client_order_id, route, price, price * effect.quantity, Reason.DRY_RUN, ctx.now)
    )
    ctx.emit(OrderSettled(effect.client_order_id, ZERO, ctx.now))
    if ctx.explains:
        leave_record(ctx, order)
    report(ctx, order, final=True, detail=route)


def _waiting_key(intent_id: str) -> str:
    return f"waiting:{intent_id}"
