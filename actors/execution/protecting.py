"""Protective stops at the venue, in step with what strategies hold: should the desk die, its positions still end.

One stop per holding. It goes through risk like any exit, reduces only, and stays through the kill switch. When the
holding changes it is replaced as a transaction: taken back, and raised anew once the venue has told its end and every
fill is seen, so that two stops never live for one holding. Where the price is beyond a new stop already, the venue
does not take it: an exit at the market does at once what it would have done. A strategy that was given up is its
ward's matter.

A holding larger than what the venue takes in one order has a stop over that much, and an event says that the rest has
none. What is left when it has fired is looked after like any holding: the price is beyond it, so that it is closed.
"""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from actors.base import Context
from actors.execution.acts import RISK, request_cancel
from actors.execution.instruments import at_market, one_at_market, tick_of
from actors.execution.memory import ExecutionMemory
from actors.execution.order import ZERO, Order, within
from actors.execution.settings import doubling
from actors.execution.state import Holding, Protection, holding_key
from messages.intents import OrderIntent, OrderTerms, OrderType, Purpose, Side, TimeInForce
from messages.orders import OrderState
from messages.protection import ProtectDue, ProtectionEnded, ProtectionMissing, ProtectionRaised
from messages.reasons import Reason

_STRATEGIES = "strategy/"
_PRICE_TOLERANCE = Decimal("0.1")
"""A stop that lies off by less than this part of its distance is left where it is."""
_LIVED = frozenset({OrderState.FILLED, OrderState.CANCELLED, OrderState.EXPIRED})


class Wanted(NamedTuple):
    """The stop that a holding is to have; `beyond` it is what no single order can be for."""

    side: Side
    quantity: Decimal
    price: Decimal
    beyond: Decimal


def is_used(actor: ExecutionMemory) -> bool:
    """Whether stops are to be kept, and the venue can."""
    return actor.settings.protective_stop is not None and actor.settings.traits.stops


def review(actor: ExecutionMemory, ctx: Context) -> None:
    """Look after every holding that the input under way has touched; harmless to repeat."""
    touched = actor.touched_holdings
    while touched:
        key = next(iter(touched))
        del touched[key]
        _look_after(actor, ctx, key)


def touch_all(actor: ExecutionMemory) -> None:
    """Every holding is to be looked at: a session begins, or stops are wanted from now on."""
    actor.touched_holdings.update(dict.fromkeys([*actor.state.holdings, *actor.state.protections]))


def on_due(actor: ExecutionMemory, due: ProtectDue) -> None:
    """A holding's time has come."""
    actor.touched_holdings[holding_key(due.owner, due.strategy, due.symbol)] = None


def on_rejected(actor: ExecutionMemory, ctx: Context, intent_id: str, reason: Reason) -> None:
    """Risk refused a stop, or its mailbox was full; nothing for any other intent."""
    key = actor.state.stops.get(intent_id)
    if key is not None:
        _end(actor, ctx, key, actor.state.protections[key], reason, worked=False)
        actor.touched_holdings[key] = None


def _look_after(actor: ExecutionMemory, ctx: Context, key: str) -> None:
    state = actor.state
    kept, crossed = state.protections.get(key), False
    if kept is not None and kept.intent_id:
        last = state.order_of(kept.intent_id)
        if not _is_over(actor, ctx, key, kept):
            return
        crossed = last is not None and last.reason is Reason.STOP_WOULD_TRIGGER
    kept = state.protections.get(key)
    wanted = _wanted(actor, state.holdings.get(key))
    holding = state.holdings.get(key)
    if wanted is None or holding is None:
        return
    if kept is not None and ctx.now < kept.next_at:
        _wake(ctx, holding, kept.next_at)
        return
    _raise(actor, ctx, holding, wanted, crossed=crossed)


def _is_over(actor: ExecutionMemory, ctx: Context, key: str, kept: Protection) -> bool:
    """Whether the stop of a holding has ended; one that does not fit any more is taken back."""
    state = actor.state
    order = state.order_of(kept.intent_id)
    if order is None:
        if kept.intent_id in state.intents or state.was_forgotten(kept.intent_id):
            _end(actor, ctx, key, kept, Reason.NOT_SENT, worked=False)
            return True
        return False  # risk has not answered yet
    if order.settled:
        worked = order.state in _LIVED if order.conditional else order.state is OrderState.FILLED
        _end(actor, ctx, key, kept, order.reason, worked=worked)
        return True
    if kept.owner in state.wards or order.cancel_reason is not None:
        return False
    wanted = _wanted(actor, state.holdings.get(key))
    if wanted is not None and _fits(actor, order, wanted):
        return False
    earliest = kept.raised_at + actor.settings.protect_interval_ns
    if wanted is not None and ctx.now < earliest:
        _wake(ctx, kept, earliest)
    else:
        request_cancel(actor, ctx, order, Reason.REPRICED)
    return False


def _wanted(actor: ExecutionMemory, holding: Holding | None) -> Wanted | None:
    """The stop over what the account really has of a holding; None where there is nothing to protect here."""
    distance, state = actor.settings.protective_stop, actor.state
    if holding is None or distance is None or not actor.settings.traits.stops:
        return None
    if holding.owner in state.wards or not holding.owner.startswith(_STRATEGIES):
        return None
    sign = 1 if holding.quantity > 0 else -1
    quantity = min(abs(holding.quantity), state.positions.get(holding.symbol, ZERO) * sign)
    whole = at_market(actor, holding.symbol, quantity)
    quantity = one_at_market(actor, holding.symbol, quantity)
    if quantity <= 0:
        return None
    side = Side.SELL if sign > 0 else Side.BUY
    price = within(holding.average_price * (1 - sign * distance), side, tick_of(actor, holding.symbol))
    return Wanted(side, quantity, price, whole - quantity) if price > 0 else None


def _fits(actor: ExecutionMemory, order: Order, wanted: Wanted) -> bool:
    if not order.conditional:
        return True  # an exit at the market is under way
    if order.terms.side is not wanted.side or order.leaves > wanted.quantity:
        return False
    if order.filled:
        return True  # it fires: what it leaves is seen to when it is done
    distance = actor.settings.protective_stop or ZERO
    stop = order.terms.stop_price or ZERO
    near = abs(stop - wanted.price) <= wanted.price * distance * _PRICE_TOLERANCE
    return order.leaves == wanted.quantity and near


def _end(
    actor: ExecutionMemory, ctx: Context, key: str, kept: Protection, reason: Reason, *, worked: bool
) -> None:
    settings = actor.settings
    failures = 0 if worked else kept.failures + 1
    crossed = reason is Reason.STOP_WOULD_TRIGGER
    wait = (
        0
        if worked or crossed
        else doubling(settings.exit_backoff_ns, failures - 1, settings.exit_backoff_max_ns)
    )
    ctx.emit(
        ProtectionEnded(
            kept.intent_id, kept.owner, kept.strategy, kept.symbol, reason, failures, ctx.now + wait
        )
    )
    if failures == settings.exit_attempts:
        ctx.emit(ProtectionMissing(kept.owner, kept.strategy, kept.symbol, failures, reason))


def _raise(actor: ExecutionMemory, ctx: Context, holding: Holding, wanted: Wanted, *, crossed: bool) -> None:
    """Ask risk for the stop, or where the price has `crossed` it for an exit at the market."""
    settings, side = actor.settings, wanted.side
    worst = wanted.price * (1 + side.sign * settings.exit_collar)
    terms = OrderTerms(
        symbol=holding.symbol,
        venue=settings.venue,
        side=side,
        quantity=wanted.quantity,
        order_type=OrderType.MARKET if crossed else OrderType.STOP,
        worst_price=within(worst, side, tick_of(actor, holding.symbol)),
        deadline=ctx.now + settings.exit_deadline_ns,
        stop_price=None if crossed else wanted.price,
        time_in_force=TimeInForce.IOC if crossed else TimeInForce.GTC,
        reduce_only=True,
        purpose=Purpose.FLATTEN if crossed else Purpose.PROTECTIVE,
    )
    ctx.emit(
        ProtectionRaised(
            ctx.next_message_id(),
            holding.owner,
            holding.strategy,
            holding.symbol,
            wanted.quantity,
            wanted.price,
            ctx.now,
        )
    )
    ctx.send(RISK, OrderIntent(holding.strategy, terms, None, Reason.STOP.value))
    if wanted.beyond and not crossed:
        ctx.emit(ProtectionMissing(holding.owner, holding.strategy, holding.symbol, 0, Reason.MAX_QUANTITY))


def _wake(ctx: Context, what: Holding | Protection, at: int) -> None:
    key = holding_key(what.owner, what.strategy, what.symbol)
    due = ProtectDue(what.owner, what.strategy, what.symbol)
    ctx.after(max(0, at - ctx.now), due, key=f"protect:{key}")
