"""Planted bugs of intents of several orders, of changes of orders, of stops at the venue and of others' trades."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from actors.base import Context
from actors.execution import protecting, stream
from actors.execution.account_memory import AccountMemory
from actors.execution.memory import ExecutionMemory
from actors.execution.order import Order
from actors.execution.routing import replacing, router
from actors.execution.routing.plan import claimed
from actors.execution.routing.planner import Idle, Place, Stage, Step, TakeBack, View
from actors.execution.routing.replacing import on_replace_result
from messages.orders import OrderState
from messages.reasons import Reason
from messages.routing import RouteStage
from messages.venue import Outcome, ReplaceResult

Patch = pytest.MonkeyPatch


def replace_counted_once(patch: Patch) -> None:
    """What an order had filled before it was cancelled for another price is not counted when it is placed anew."""

    def hopeful(orders: Iterable[Order]) -> Decimal:
        return claimed(each for each in orders if each.cancel_reason is not Reason.REPRICED)

    patch.setattr(router, "claimed", hopeful)


def fallback_beside_the_maker(patch: Patch) -> None:
    """When patience is over the rest is taken at the market while the passive order still works."""
    decide = router.decide

    def hasty(view: View) -> Step:
        step, order = decide(view), view.order
        newest = order is not None and order.client_order_id == view.plan.orders[-1]
        if order is None or not newest or order.settled or not order.terms.post_only:
            return step
        if isinstance(step, TakeBack) and step.reason is Reason.MAKER_FALLBACK:
            plan = view.plan
            return Stage(plan.slice, RouteStage.TAKER, plan.reprices, plan.rejects, step.reason)
        if view.plan.stage is RouteStage.TAKER and isinstance(step, Idle):
            return decide(view._replace(order=None, rest=view.plan.submit.terms.quantity - view.filled))
        return step

    patch.setattr(router, "decide", hasty)


def slice_placed_twice(patch: Patch) -> None:
    """The last slice of a TWAP is placed again once it is filled."""
    decide = router.decide

    def twice(view: View) -> Step:
        plan, order = view.plan, view.order
        last = len(plan.slices) >= 3 and plan.slice == len(plan.slices) - 1 and plan.stop is None
        if last and order is not None and order.state is OrderState.FILLED and view.rest <= 0:
            return Place(order.terms)
        return decide(view)

    patch.setattr(router, "decide", twice)


def stop_not_reduced(patch: Patch) -> None:
    """A stop at the venue stays as it is when a part of what it protects was closed."""
    fits = protecting._fits

    def generous(actor: ExecutionMemory, order: Order, wanted: protecting.Wanted) -> bool:
        return fits(actor, order, wanted) or order.leaves > wanted.quantity

    patch.setattr(protecting, "_fits", generous)


def stop_judged_by_its_own_fills_alone(patch: Patch) -> None:
    """Stops are looked at when their own strategy trades, not when others move the account's position."""
    patch.setattr(AccountMemory, "touch_symbol", lambda self, symbol: None)


def lost_change_believed_refused(patch: Patch) -> None:
    """A request to change an order that got no answer is taken for refused."""

    def refused(actor: Any, ctx: Context, result: ReplaceResult) -> None:
        if result.outcome is Outcome.NO_ANSWER:
            result = msgspec.structs.replace(result, outcome=Outcome.NOT_SENT, reason=Reason.NOT_SENT)
        on_replace_result(actor, ctx, result)

    patch.setattr(replacing, "on_replace_result", refused)


def lost_change_believed_made(patch: Patch) -> None:
    """A request to change an order that got no answer is taken for done."""

    def done(actor: Any, ctx: Context, result: ReplaceResult) -> None:
        if result.outcome is Outcome.NO_ANSWER:
            result = msgspec.structs.replace(result, outcome=Outcome.ACCEPTED, reason=Reason.ACCEPTED)
        on_replace_result(actor, ctx, result)

    patch.setattr(replacing, "on_replace_result", done)


def fills_of_others_not_asked_for(patch: Patch) -> None:
    """After the stream began anew only symbols are asked for on which the desk has something."""

    def own(actor: ExecutionMemory) -> list[str]:
        live = [each.symbol for each in actor.state.live_orders()]
        return sorted({*live, *actor.state.positions})

    patch.setattr(stream, "symbols_here", own)


ORDER_BUGS = (
    replace_counted_once,
    fallback_beside_the_maker,
    slice_placed_twice,
    stop_not_reduced,
    stop_judged_by_its_own_fills_alone,
    lost_change_believed_refused,
    lost_change_believed_made,
    fills_of_others_not_asked_for,
)
