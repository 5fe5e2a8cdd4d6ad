"""How an intent with a route ended, and the record of how it was routed: functions of the plan and its orders.

An order without a plan leaves a record of the same form.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from math import inf

from actors.execution.gate import ENDING
from actors.execution.order import ZERO, Order
from actors.execution.routing.plan import Plan
from actors.execution.routing.pricing import slippage_bps, spread_bps
from actors.execution.routing.tally import Tally
from messages.orders import OrderState
from messages.reasons import Reason
from messages.routing import RoutePolicy, RouterRecord

_NOTHING_CAME = frozenset({OrderState.REJECTED, OrderState.NOT_SENT})

DIRECT_POLICY = RoutePolicy(maker_first=False, reason="direct")
"""No policy has a say in an order that goes exactly as its intent says."""


def ending_state(plan: Plan, orders: Sequence[Order], filled: Decimal, reason: Reason) -> OrderState:
    """The state the intent ends in: as its last order did, but that what was filled in part was cancelled."""
    if filled >= plan.submit.terms.quantity:
        return OrderState.FILLED
    if not orders:
        return ENDING.get(reason, OrderState.REJECTED if plan.stop is None else OrderState.CANCELLED)
    last = orders[-1].state
    if last is OrderState.FILLED or (filled > 0 and last in _NOTHING_CAME):
        return OrderState.CANCELLED
    return last


def record_of(
    plan: Plan,
    orders: Sequence[Order],
    state: OrderState,
    filled: Decimal,
    reason: Reason,
    policy_after: RoutePolicy,
    now: int,
) -> RouterRecord:
    """The router record of a plan that has ended."""
    terms = plan.submit.terms
    arrival = None if plan.arrival is None else plan.arrival.mid
    average = plan.value / filled if filled else None
    first = orders[0] if orders else None
    heard, traded = plan.acknowledged_at, plan.first_fill_at
    return RouterRecord(
        intent_id=plan.intent_id,
        symbol=terms.symbol,
        venue=terms.venue,
        strategy=plan.submit.strategy,
        side=terms.side,
        route=terms.route,
        orders=len(orders),
        reprices=plan.all_reprices,
        rejects=plan.all_rejects,
        quantity=terms.quantity,
        filled=filled,
        notional=plan.value,
        arrival_mid=arrival,
        submitted_price=None if first is None else first.terms.limit_price,
        average_price=average,
        slippage_bps=None
        if arrival is None or average is None
        else slippage_bps(terms.side, arrival, average),
        spread_bps=None if plan.arrival is None else spread_bps(plan.arrival),
        ack_latency_ns=None if heard is None or first is None else heard - first.placed_at,
        first_fill_ns=None if traded is None else max(0, traded - plan.started_at),
        total_ns=now - plan.started_at,
        maker_quantity=plan.maker_quantity,
        maker_start=plan.maker_start,
        is_maker_final=filled > ZERO and plan.maker_quantity == filled,
        used_fallback=plan.used_fallback,
        fees=dict(plan.fees),
        state=state,
        reason=reason,
        policy_before=plan.policy_before,
        policy_after=policy_after,
        time=now,
    )


def record_of_order(order: Order, tally: Tally, now: int) -> RouterRecord:
    """The router record of an order that was all of its intent and has ended."""
    terms, filled, quote = order.terms, order.filled, tally.quote
    average = tally.value / filled if filled else None
    mid = slippage = spread = None
    if quote is not None and 0 < quote.bid <= quote.ask < inf:
        # mostly in floats: every order passes here, and these are for people
        bid, ask, middle = float(quote.bid), float(quote.ask), quote.mid
        mid, spread = (Decimal(repr(bid)) + Decimal(repr(ask))) / 2, (ask - bid) / middle * 10_000
        slippage = None if average is None else (float(average) / middle - 1.0) * terms.side.sign * 10_000
    heard, traded = tally.acknowledged_at, tally.first_fill_at
    return RouterRecord(
        intent_id=order.intent_id,
        symbol=terms.symbol,
        venue=terms.venue,
        strategy=order.strategy,
        side=terms.side,
        route=terms.route,
        orders=1,
        reprices=0,
        rejects=int(order.reason is Reason.POST_ONLY_WOULD_TAKE),
        quantity=terms.quantity,
        filled=filled,
        notional=tally.value,
        arrival_mid=mid,
        submitted_price=terms.limit_price,
        average_price=average,
        slippage_bps=slippage,
        spread_bps=spread,
        ack_latency_ns=None if heard is None else heard - tally.started_at,
        first_fill_ns=None if traded is None else max(0, traded - tally.started_at),
        total_ns=now - tally.started_at,
        maker_quantity=tally.maker_quantity,
        maker_start=terms.post_only,
        is_maker_final=filled > ZERO and tally.maker_quantity == filled,
        used_fallback=False,
        fees=dict(tally.fees),
        state=order.state,
        reason=order.reason,
        policy_before=DIRECT_POLICY,
        policy_after=DIRECT_POLICY,
        time=now,
    )
