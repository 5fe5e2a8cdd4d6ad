"""Positions of strategies that were given up: flattened, or held with a protective stop, through risk as ever.

`review` looks at all of it anew after every input, so that nothing depends on which news came first: a fill that
races the cancel, a rejected exit, a restart in between.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from actors.base import Context
from actors.execution.acts import RISK, UNIVERSE, request_cancel
from actors.execution.instruments import at_market, one_at_market, tick_of
from actors.execution.memory import ExecutionMemory
from actors.execution.order import ZERO, Order, within
from actors.execution.routing.router import stop_all
from actors.execution.settings import doubling
from actors.execution.state import Holding, Ward, holding_key
from messages.base import Address
from messages.intents import (
    IntentRejected,
    OrderIntent,
    OrderTerms,
    OrderType,
    Purpose,
    Refused,
    Side,
    SubmitOrder,
    TimeInForce,
)
from messages.orders import OrderState
from messages.reasons import Reason
from messages.supervision import GiveUpPolicy, StrategyGivenUp
from messages.universe import StrategyHandled
from messages.wards import ExitAbandoned, ExitEnded, ExitRaised, WardDue, WardReleased, WardTaken


def on_given_up(actor: ExecutionMemory, ctx: Context, given_up: StrategyGivenUp) -> None:
    """Take the strategy's positions in charge. Where the venue has no stops, holding with one means flattening."""
    policy = given_up.policy
    if policy is GiveUpPolicy.HOLD_WITH_STOP and not actor.settings.traits.stops:
        policy = GiveUpPolicy.FLATTEN
    grace = actor.settings.ward_grace_ns
    stop = Decimal(str(given_up.stop))
    ctx.emit(WardTaken(given_up.strategy, given_up.symbols, policy, stop, ctx.now + grace))
    stop_all(actor, ctx, Reason.GIVEN_UP, requester=given_up.strategy)
    _wake(ctx, given_up.strategy, grace)


def on_submit_of(actor: ExecutionMemory, ctx: Context, submit: SubmitOrder) -> None:
    """An intent of a ward after its grace: the strategy is back and looks after itself."""
    ward = actor.state.wards.get(submit.requester)
    if ward is not None and ctx.now >= ward.until:
        ctx.emit(WardReleased(submit.requester))


def on_exit_rejected(actor: ExecutionMemory, ctx: Context, intent_id: str, reason: Reason) -> None:
    """Risk refused an exit, or its mailbox was full."""
    if intent_id in actor.state.exits:
        _end_exit(actor, ctx, intent_id, reason)


def on_refused(actor: ExecutionMemory, ctx: Context, refused: Refused) -> None:
    """A full mailbox refused an exit."""
    on_exit_rejected(actor, ctx, refused.message_id, refused.reason)


def on_intent_rejected(actor: ExecutionMemory, ctx: Context, rejected: IntentRejected) -> None:
    """Risk refused an exit."""
    on_exit_rejected(actor, ctx, rejected.intent_id, rejected.reason)


def review(actor: ExecutionMemory, ctx: Context) -> None:
    """Do what is due for every ward now; harmless to repeat."""
    _end_exits(actor, ctx)
    for strategy, ward in list(actor.state.wards.items()):
        for order in _orders_to_go(actor, strategy, ward):
            if order.cancel_reason is None:
                request_cancel(actor, ctx, order, Reason.GIVEN_UP)
        exposed = [each for each in _holdings(actor, strategy, ward) if _exposure(actor, each) > 0]
        for holding in exposed:
            _handle(actor, ctx, ward, holding)
        if not exposed and ctx.now >= ward.until:
            ctx.emit(WardReleased(strategy))
            if actor.settings.has_universe:
                ctx.send(UNIVERSE, StrategyHandled(strategy, ward.symbols))


def _end_exits(actor: ExecutionMemory, ctx: Context) -> None:
    """Exits whose intent ended without our being told by risk, as we ended it ourselves."""
    state = actor.state
    for intent_id in list(state.exits):
        order = state.order_of(intent_id)
        ended = order.settled if order is not None else intent_id in state.intents
        if ended or state.was_forgotten(intent_id):
            _end_exit(actor, ctx, intent_id, Reason.NOT_SENT if order is None else order.reason)


def _end_exit(actor: ExecutionMemory, ctx: Context, intent_id: str, reason: Reason) -> None:
    exit_ = actor.state.exits[intent_id]
    ward = actor.state.wards.get(exit_.ward)
    settings = actor.settings
    key = holding_key(exit_.ward, exit_.strategy, exit_.symbol)
    order = actor.state.order_of(intent_id)
    worked = order is not None and bool(order.filled)
    attempts = 1 if ward is None or worked else ward.attempts.get(key, 1)
    delay = doubling(settings.exit_backoff_ns, attempts - 1, settings.exit_backoff_max_ns)
    ctx.emit(ExitEnded(intent_id, reason, ctx.now + delay))
    if ward is not None:
        _wake(ctx, exit_.ward, delay)


def _holdings(actor: ExecutionMemory, strategy: Address, ward: Ward) -> Iterator[Holding]:
    for holding in list(actor.state.holdings.values()):
        if holding.owner == strategy and _concerns(ward, holding.symbol):
            yield holding


def _exposure(actor: ExecutionMemory, holding: Holding) -> Decimal:
    """How much of the holding the account really has: others may have closed it, or hold the other side of it.

    What is less than one lot is nothing here: no order can close it.
    """
    sign = 1 if holding.quantity > 0 else -1
    account = actor.state.positions.get(holding.symbol, ZERO) * sign
    return at_market(actor, holding.symbol, max(ZERO, min(abs(holding.quantity), account)))


def _flattens(ward: Ward, holding: Holding) -> bool:
    """Whether the holding is closed rather than held with a stop."""
    key = holding_key(holding.owner, holding.strategy, holding.symbol)
    return ward.policy is GiveUpPolicy.FLATTEN or key in ward.crossed


def _concerns(ward: Ward, symbol: str) -> bool:
    """A ward without symbols is about all of them."""
    return not ward.symbols or symbol in ward.symbols


def _orders_to_go(actor: ExecutionMemory, strategy: Address, ward: Ward) -> Iterator[Order]:
    """The ward's own orders that its policy does not keep; never the exits raised for it."""
    for order in actor.state.live_orders():
        if order.beneficiary != strategy or not _concerns(ward, order.symbol):
            continue
        kept = ward.policy is GiveUpPolicy.HOLD_WITH_STOP and order.protective
        if not kept and not order.terminal and order.intent_id not in actor.state.exits:
            yield order


def _handle(actor: ExecutionMemory, ctx: Context, ward: Ward, holding: Holding) -> None:
    """Raise an exit for this holding, unless something is under way that must end first.

    An UNKNOWN order does not block: what reduces the known position can't increase it under either fate, and
    risk judges that anyway.
    """
    key = holding_key(holding.owner, holding.strategy, holding.symbol)
    # what no single order can be for is an exit of its own, in its turn
    quantity = one_at_market(actor, holding.symbol, _uncovered(actor, ward, holding))
    exits = [
        actor.state.order_of(intent_id)
        for intent_id, exit_ in actor.state.exits.items()
        if holding_key(exit_.ward, exit_.strategy, exit_.symbol) == key
    ]
    under_way = any(order is None or _flattens(ward, holding) for order in exits)
    leaving = any(
        order.symbol == holding.symbol and order.state is not OrderState.UNKNOWN
        for order in _orders_to_go(actor, holding.owner, ward)
    )
    if quantity <= 0 or under_way or leaving or ward.next_at.get(key, 0) > ctx.now or key in ward.abandoned:
        return
    attempts = ward.attempts.get(key, 0)
    if attempts - len(exits) >= actor.settings.exit_attempts:  # a stop that stands is no failure
        ctx.emit(ExitAbandoned(holding.owner, holding.strategy, holding.symbol, attempts))
        return
    terms = _exit_terms(actor, ctx, ward, holding, quantity)
    intent_id = ctx.next_message_id()
    ctx.emit(ExitRaised(intent_id, holding.owner, holding.strategy, holding.symbol, attempts + 1))
    ctx.send(RISK, OrderIntent(holding.strategy, terms, None, Reason.GIVEN_UP.value))


def _uncovered(actor: ExecutionMemory, ward: Ward, holding: Holding) -> Decimal:
    """What of the holding still needs an order: all of it to flatten, what no stop covers to hold or be closed."""
    quantity = _exposure(actor, holding)
    if ward.policy is GiveUpPolicy.FLATTEN:
        return quantity
    side = _exit_side(holding)
    for order in actor.state.live_orders():
        mine = (order.beneficiary, order.strategy, order.symbol) == (
            holding.owner,
            holding.strategy,
            holding.symbol,
        )
        if mine and order.protective and order.terms.side is side and order.cancel_reason is None:
            quantity -= order.leaves
    return max(ZERO, quantity)


def _exit_terms(
    actor: ExecutionMemory, ctx: Context, ward: Ward, holding: Holding, quantity: Decimal
) -> OrderTerms:
    settings = actor.settings
    side = _exit_side(holding)
    tick = tick_of(actor, holding.symbol)
    hold = not _flattens(ward, holding)
    stop = holding.average_price * (1 + side.sign * ward.stop) if hold else None
    base = holding.average_price if stop is None else stop
    return OrderTerms(
        symbol=holding.symbol,
        venue=settings.venue,
        side=side,
        quantity=quantity,
        order_type=OrderType.STOP if hold else OrderType.MARKET,
        worst_price=within(base * (1 + side.sign * settings.exit_collar), side, tick),
        deadline=ctx.now + settings.exit_deadline_ns,
        stop_price=None if stop is None else within(stop, side, tick),
        time_in_force=TimeInForce.GTC if hold else TimeInForce.IOC,
        reduce_only=True,
        purpose=Purpose.PROTECTIVE if hold else Purpose.FLATTEN,
    )


def _exit_side(holding: Holding) -> Side:
    return Side.SELL if holding.quantity > 0 else Side.BUY


def _wake(ctx: Context, strategy: Address, delay: int) -> None:
    """One timer per delay, so that a retry does not put off the end of the grace."""
    ctx.after(delay, WardDue(strategy), key=f"ward:{strategy}:{ctx.now + delay}")
