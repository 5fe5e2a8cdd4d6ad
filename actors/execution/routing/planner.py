"""What a plan does next: a pure function of the plan, its newest order, the market and the time.

One order of a plan lives at a time, so that what may be filled is known to the last unit before the next is placed.
"""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

import msgspec

from actors.execution.order import ZERO, Order
from actors.execution.routing.plan import Plan
from actors.execution.routing.pricing import drift, is_beyond, maker_price, taker_limit
from actors.execution.routing.settings import RoutingSettings
from messages.intents import OrderTerms, OrderType, Route, TimeInForce
from messages.orders import OrderState
from messages.reasons import Reason
from messages.routing import RouteQuote, RouteSlice, RouteStage

_MAKER, _TAKER, _PLAIN = RouteStage.MAKER, RouteStage.TAKER, RouteStage.PLAIN
_OPEN = frozenset({OrderState.WORKING, OrderState.PARTIALLY_FILLED})
_NEVER_LIVED = frozenset({OrderState.REJECTED, OrderState.NOT_SENT})
_PASSIVE_ENDS = frozenset({Reason.MAKER_FALLBACK, Reason.TIME_TO_LIVE})
"""Why we ended a passive order that is to be taken instead."""


class Place(NamedTuple):
    """Place an order of these terms as the plan's next."""

    terms: OrderTerms


class Reprice(NamedTuple):
    """Give the working order this price."""

    price: Decimal


class TakeBack(NamedTuple):
    """Cancel the working order, for this reason."""

    reason: Reason


class Stage(NamedTuple):
    """Go on with this slice in this manner; `reason` is how the last order ended."""

    slice: int
    stage: RouteStage
    reprices: int
    rejects: int
    reason: Reason


class Finish(NamedTuple):
    """Nothing more is to come of the plan."""

    reason: Reason


class Idle(NamedTuple):
    """Wait for news, or for this desk time (ns UTC)."""

    until: int | None = None


Step = Place | Reprice | TakeBack | Stage | Finish | Idle


class View(NamedTuple):
    """All that the planner may look at.

    `order` is the plan's newest, `rest` what of the approval no order has claimed, `filled` what is booked. `quote` is
    the market as far as it is fresh, `tick` the price's step as far as it is known, `taker_fee` a fraction.
    """

    plan: Plan
    order: Order | None
    rest: Decimal
    filled: Decimal
    quote: RouteQuote | None
    tick: Decimal | None
    taker_fee: Decimal
    settings: RoutingSettings
    now: int


def decide(view: View) -> Step:
    """The next step of the plan."""
    plan, order = view.plan, view.order
    if order is not None and not order.settled:
        return _of_living(view, order)
    if plan.stop is not None:
        return Finish(plan.stop)
    if order is not None and plan.open:
        return _after(view, order)
    if view.rest <= 0:
        return Finish(Reason.ACCEPTED if order is None else order.reason)
    return _begin(view)


# --- an order lives -------------------------------------------------------------------------------------------


def _of_living(view: View, order: Order) -> Step:
    plan = view.plan
    if order.cancel_reason is not None or order.terminal:
        return Idle()
    if plan.stop is not None:
        return TakeBack(plan.stop)
    over = _slice_over(plan)
    if over is not None and view.now >= over:
        return TakeBack(Reason.SLICE_OVER)
    if plan.stage is not _MAKER or order.terms.limit_price is None:
        return Idle(over)
    patience = patience_ends(view)
    if view.now >= patience:
        return TakeBack(Reason.MAKER_FALLBACK)
    until = patience if over is None else min(patience, over)
    if order.state not in _OPEN or order.replacing is not None:
        return Idle(until)
    return _follow(view, order.terms.limit_price, until)


def _follow(view: View, working: Decimal, until: int) -> Step:
    """A passive order follows the market when that has moved away; it does not run from one that comes closer."""
    plan, settings = view.plan, view.settings
    fresh = _maker_price(view)
    if fresh is None or drift(plan.submit.terms.side, working, fresh) < settings.reprice_drift:
        return Idle(until)
    if plan.reprices >= settings.max_reprices:
        return TakeBack(Reason.MAKER_FALLBACK)
    due = plan.priced_at + settings.reprice_interval_ns
    return Reprice(fresh) if view.now >= due else Idle(min(until, due))


def patience_ends(view: View) -> int:
    """Until when (desk time, ns UTC) a slice is worked passively; waiting for its turn takes nothing of that."""
    plan, settings = view.plan, view.settings
    patience = int(settings.maker_patience_ns * (1.0 - 0.5 * plan.policy.taker_bias))
    begun = max(plan.staged_at, plan.slices[plan.slice].not_before)
    return min(begun + patience, plan.submit.terms.deadline - settings.fallback_margin_ns)


def _slice_over(plan: Plan) -> int | None:
    """When the next slice begins; None for the last one, and where the next waits for this one to be filled."""
    if plan.slices[plan.slice].whole or plan.slice + 1 >= len(plan.slices):
        return None
    return plan.slices[plan.slice + 1].not_before


# --- an order has ended ---------------------------------------------------------------------------------------


def _after(view: View, order: Order) -> Step:
    """What the end of the newest order means."""
    plan, reason = view.plan, order.cancel_reason or order.reason
    if view.rest <= 0:
        return Finish(order.reason)
    if plan.submit.terms.quantity - view.rest >= plan.target or reason is Reason.SLICE_OVER:
        return _next_slice(view, reason)
    if plan.stage is _MAKER:
        return _after_passive(view, order, reason)
    if order.state in _NEVER_LIVED or order.cancel_reason is not None:
        return Finish(reason)
    return _next_slice(view, reason)


def _after_passive(view: View, order: Order, reason: Reason) -> Step:
    plan = view.plan
    if reason is Reason.REPRICED:
        return Stage(plan.slice, _MAKER, plan.reprices + 1, plan.rejects, reason)
    if reason is Reason.POST_ONLY_WOULD_TAKE:
        rejects = plan.rejects + 1
        stage = _MAKER if rejects < view.settings.max_rejects else _TAKER
        return Stage(plan.slice, stage, plan.reprices, rejects, reason)
    if reason in _PASSIVE_ENDS:
        return Stage(plan.slice, _TAKER, plan.reprices, plan.rejects, reason)
    return Finish(reason)


def _next_slice(view: View, reason: Reason) -> Step:
    """What was not filled of a slice goes into the next one, unless that may not begin without."""
    plan = view.plan
    following = plan.slice + 1
    if following >= len(plan.slices):
        return Finish(reason)
    if plan.slices[plan.slice].whole and view.filled < plan.target:
        return Finish(Reason.FLIP_UNFILLED)
    return Stage(following, plan.slices[following].stage, 0, 0, reason)


# --- the next order -------------------------------------------------------------------------------------------


def _begin(view: View) -> Step:
    plan = view.plan
    part = plan.slices[plan.slice]
    if view.now < part.not_before:
        return Idle(part.not_before)
    quantity = min(view.rest, plan.target - (plan.submit.terms.quantity - view.rest))
    if quantity <= ZERO:
        return _next_slice(view, Reason.ACCEPTED)
    if plan.stage is _PLAIN:
        return Place(_plain(plan, part, quantity))
    if plan.stage is _TAKER:
        return _take(view, part, quantity)
    price = _maker_price(view)
    if price is None or view.now >= patience_ends(view):
        reason = Reason.STALE_QUOTE if price is None else Reason.MAKER_FALLBACK
        return Stage(plan.slice, _TAKER, plan.reprices, plan.rejects, reason)
    changes = {"order_type": OrderType.LIMIT, "limit_price": price, "time_in_force": TimeInForce.GTC}
    return Place(msgspec.structs.replace(_plain(plan, part, quantity), **changes, post_only=True))


def _take(view: View, part: RouteSlice, quantity: Decimal) -> Step:
    """At the market, within the cost budget; nothing where the market is known to be beyond it."""
    plan, terms = view.plan, view.plan.submit.terms
    limit = terms.worst_price
    if plan.arrival is not None:
        budget = view.settings.cost_budget
        limit = taker_limit(terms.side, plan.arrival.mid, budget, view.taker_fee, limit, view.tick)
    if view.quote is not None and is_beyond(terms.side, view.quote, limit):
        return Finish(Reason.COST_BUDGET)
    changes = {"order_type": OrderType.LIMIT, "limit_price": limit, "time_in_force": TimeInForce.IOC}
    return Place(
        msgspec.structs.replace(_plain(plan, part, quantity), **changes, post_only=False, worst_price=limit)
    )


def _plain(plan: Plan, part: RouteSlice, quantity: Decimal) -> OrderTerms:
    return msgspec.structs.replace(
        plan.submit.terms,
        quantity=quantity,
        reduce_only=plan.submit.terms.reduce_only or part.reduce_only,
        time_to_live=None,
        route=Route.DIRECT,
    )


def _maker_price(view: View) -> Decimal | None:
    plan, terms = view.plan, view.plan.submit.terms
    if view.quote is None:
        return None
    # what the venue did not let rest stood too close
    offset = plan.policy.offset_ticks + plan.rejects
    return maker_price(terms.side, view.quote, view.tick, offset, terms.worst_price)
