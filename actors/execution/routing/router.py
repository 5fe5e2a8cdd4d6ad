"""Carries plans out: asks the planner what is next, does it, until there is something to wait for.

`review` looks at every plan that the input under way has touched, whatever it was: an order's end, a quote, a timer.
"""

from __future__ import annotations

import msgspec

from actors.base import Context
from actors.execution import instruments
from actors.execution.acts import ask, request_cancel, tell
from actors.execution.gate import refusal
from actors.execution.memory import ExecutionMemory
from actors.execution.order import ZERO
from actors.execution.placing import inadmissible, promise, request_of
from actors.execution.routing import tuning
from actors.execution.routing.plan import Plan, claimed
from actors.execution.routing.planner import (
    Finish,
    Idle,
    Place,
    Stage,
    Step,
    TakeBack,
    View,
    decide,
)
from actors.execution.routing.pricing import quote_of
from actors.execution.routing.quality import policy_of
from actors.execution.routing.records import ending_state, record_of
from actors.execution.routing.replacing import needs_asking, start_replace
from messages.base import Address
from messages.errors import InvariantError
from messages.intents import Purpose, SubmitOrder
from messages.market import Marks
from messages.orders import OrderReport
from messages.reasons import Reason
from messages.routing import RouteDue, RouteEnded, RouteQuote, RouteQuoted, RouteStaged, RouteStopped


def review(actor: ExecutionMemory, ctx: Context) -> None:
    """Go on with every plan that was touched."""
    touched = actor.touched
    while touched:
        intent_id = next(iter(touched))
        del touched[intent_id]
        plan = actor.state.routing.plans.get(intent_id)
        if plan is None:
            continue
        if plan.ended:
            _tell_again(actor, ctx, plan)
        else:
            _advance(actor, ctx, plan)


def on_route_due(actor: ExecutionMemory, due: RouteDue) -> None:
    """A plan's time has come."""
    if due.intent_id in actor.state.routing.working:
        actor.touched[due.intent_id] = None


def on_marks(actor: ExecutionMemory, ctx: Context, marks: Marks) -> None:
    """Newer quotes, of which those count that plans work on."""
    routing = actor.state.routing
    if not routing.working:
        return
    wanted: dict[str, list[str]] = {}
    for intent_id in routing.working:
        wanted.setdefault(routing.plans[intent_id].submit.terms.symbol, []).append(intent_id)
    for mark in marks.marks:
        known = routing.quotes.get(mark.symbol)
        quote = quote_of(mark.bid, mark.ask, mark.time)
        if mark.symbol not in wanted or quote is None or (known is not None and mark.time <= known.time):
            continue
        ctx.emit(RouteQuoted(mark.symbol, quote))
        actor.touched.update(dict.fromkeys(wanted[mark.symbol]))


def stop(actor: ExecutionMemory, ctx: Context, plan: Plan, reason: Reason) -> None:
    """Place nothing more for an intent and cancel what works of it."""
    if plan.stop is None and not plan.ended:
        ctx.emit(RouteStopped(plan.intent_id, reason, ctx.now))
    actor.touched[plan.intent_id] = None


def stop_all(
    actor: ExecutionMemory,
    ctx: Context,
    reason: Reason,
    *,
    requester: Address | None = None,
    symbol: str | None = None,
) -> None:
    """Stop every plan that protects nothing, or those of one requester or symbol."""
    routing = actor.state.routing
    for intent_id in list(routing.working):
        plan = routing.plans[intent_id]
        terms = plan.submit.terms
        concerned = requester in (None, plan.submit.requester) and symbol in (None, terms.symbol)
        if concerned and terms.purpose is not Purpose.PROTECTIVE:
            stop(actor, ctx, plan, reason)


# --- one plan -------------------------------------------------------------------------------------------------


def _advance(actor: ExecutionMemory, ctx: Context, plan: Plan) -> None:
    lifetime = plan.submit.terms.time_to_live
    if lifetime is not None and plan.stop is None and ctx.now >= plan.started_at + lifetime:
        ctx.emit(RouteStopped(plan.intent_id, Reason.TIME_TO_LIVE, ctx.now))
    # each slice is staged, placed and judged at most a few times without any news from outside
    for _ in range(8 + 4 * len(plan.slices)):
        step = decide(_view(actor, ctx, plan))
        if not _carry_out(actor, ctx, plan, step):
            return
    raise InvariantError(
        "a plan goes on and on without news",
        field="routing.plan",
        value=plan.intent_id,
        remedy="cancel the intent, and report its journal as a defect of the planner",
    )


def _view(actor: ExecutionMemory, ctx: Context, plan: Plan) -> View:
    state, settings, symbol = actor.state, actor.settings, plan.submit.terms.symbol
    orders = state.orders_of(plan)
    living = next((order for order in orders if not order.settled), None)
    instrument = state.at_venue.instruments.get(symbol)
    return View(
        plan,
        living or (orders[-1] if orders else None),
        plan.submit.terms.quantity - claimed(orders),
        sum((order.filled for order in orders), ZERO),
        _fresh_quote(actor, ctx, plan),
        instruments.tick_of(actor, symbol),
        settings.taker_fee if instrument is None or instrument.taker_fee is None else instrument.taker_fee,
        settings.routing,
        ctx.now,
    )


def _fresh_quote(actor: ExecutionMemory, ctx: Context, plan: Plan) -> RouteQuote | None:
    """The newest quote, unless it is too old to act on."""
    told = actor.state.routing.quotes.get(plan.submit.terms.symbol)
    known = [quote for quote in (plan.arrival, told) if quote is not None]
    newest = max(known, key=lambda quote: quote.time, default=None)
    if newest is None or ctx.now - newest.time > actor.settings.routing.quote_age_ns:
        return None
    return newest


def _carry_out(actor: ExecutionMemory, ctx: Context, plan: Plan, step: Step) -> bool:
    """Do one step; whether another may follow at once."""
    if isinstance(step, Place):
        return _place(actor, ctx, plan, step)
    if isinstance(step, Stage):
        ctx.emit(
            RouteStaged(
                plan.intent_id, step.slice, step.stage, step.reprices, step.rejects, step.reason, ctx.now
            )
        )
        return True
    if isinstance(step, Finish):
        _finish(actor, ctx, plan, step.reason)
        return False
    if isinstance(step, Idle):
        _wait(actor, ctx, plan, step.until)
        return False
    order = actor.state.orders_of(plan)[-1]
    if isinstance(step, TakeBack):
        request_cancel(actor, ctx, order, step.reason)
        return True
    if not start_replace(actor, ctx, order, step.price, order.terms.quantity, Reason.REPRICED):
        _wait(actor, ctx, plan, ctx.now + actor.settings.routing.reprice_interval_ns)
        return False
    return True


def _place(actor: ExecutionMemory, ctx: Context, plan: Plan, step: Place) -> bool:
    """Place the plan's next order, or end the plan with what speaks against it."""
    if actor.holds_placing and ctx.now <= step.terms.deadline:
        _wait(actor, ctx, plan, step.terms.deadline + 1)
        return False
    child = msgspec.structs.replace(plan.submit, terms=step.terms, quote=None)
    effect = request_of(actor, child, plan.slice, plan.attempt)
    state = actor.state
    against = (
        refusal(effect, ctx.now, state.effective_mode, state.mode_version, actor.settings)
        or inadmissible(actor, ctx, child, effect)
        or instruments.refusal_of(actor, ctx, effect, step.terms.worst_price)
    )
    if against is not None:
        _finish(actor, ctx, plan, against)
        return False
    ctx.emit(promise(actor, ctx, child, effect, plan.slice, plan.attempt))
    ctx.perform(effect)
    return True


def _wait(actor: ExecutionMemory, ctx: Context, plan: Plan, until: int | None) -> None:
    lifetime = plan.submit.terms.time_to_live
    ends = None if lifetime is None or plan.stop is not None else plan.started_at + lifetime
    times = [time for time in (until, ends) if time is not None]
    if times:
        delay = max(0, min(times) - ctx.now)
        ctx.after(delay, RouteDue(plan.intent_id), key=_timer_key(plan.intent_id))
    for order in actor.state.orders_of(plan)[-1:]:
        if needs_asking(order):
            ask(ctx, order)


def _finish(actor: ExecutionMemory, ctx: Context, plan: Plan, reason: Reason) -> None:
    """Tell the final outcome of an intent whose orders have all ended, with every fill seen."""
    orders = actor.state.orders_of(plan)
    filled, recorded = sum((order.filled for order in orders), ZERO), plan.recorded
    outcome = ending_state(plan, orders, filled, reason)
    ctx.emit(RouteEnded(plan.intent_id, outcome, filled, reason, ctx.now))
    after = policy_of(actor.state.routing, plan.submit.terms.symbol, actor.settings.routing)
    ctx.emit(record_of(plan, orders, outcome, filled, reason, after, ctx.now))
    if not recorded:
        tuning.on_record(actor, ctx, plan.submit.terms.symbol)
    ctx.cancel_timer(_timer_key(plan.intent_id))
    submit: SubmitOrder = plan.submit
    name = orders[-1].client_order_id if orders else None
    terms = submit.terms
    report = OrderReport(
        plan.intent_id, terms.symbol, name, outcome, terms.quantity, filled, True, reason, ctx.now
    )
    tell(ctx, (submit.requester,), report)


def _tell_again(actor: ExecutionMemory, ctx: Context, plan: Plan) -> None:
    """An order of an ended plan got a late fill."""
    orders = actor.state.orders_of(plan)
    if sum((order.filled for order in orders), ZERO) != plan.filled:
        _finish(actor, ctx, plan, plan.stop or Reason.ACCEPTED)


def _timer_key(intent_id: str) -> str:
    return f"route:{intent_id}"
