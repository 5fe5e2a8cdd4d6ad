"""The way to the venue and what is unknown there, as conditions that come and go: risk holds new exposure meanwhile.

Apart from `reconciling`, which is about the books. The host judges the way (stream, breaker, clock): no actor sees it.
"""

from __future__ import annotations

from actors.base import Context
from actors.execution.conditions import end_condition, set_condition
from actors.execution.memory import ExecutionMemory
from actors.execution.order import Order
from messages.account_events import WayJudged
from messages.control import Mode

STREAM_DOWN, CIRCUIT_OPEN, CLOCK_SKEW = WAY = ("stream_down", "circuit_open", "clock_skew")
"""Causes of conditions about the way to the venue."""
CURSOR_STALL = "cursor_stall"
UNKNOWN_ORDERS = "unknown_orders"
STALLED_AFTER = 5
"""Questions for fills in a row without an answer after which the fills are taken to stand still."""


def on_way_judged(actor: ExecutionMemory, ctx: Context, judged: WayJudged) -> None:
    """What the host sees of the way now."""
    for cause in WAY:
        if cause in judged.troubles:
            set_condition(actor, ctx, cause, Mode.REDUCE, judged.troubles[cause])
        else:
            end_condition(actor, ctx, cause)


def note_escalated(actor: ExecutionMemory, ctx: Context, order: Order, detail: str) -> None:
    """A person was called because of an order: nobody knows the exposure."""
    text = f"{order.symbol} order {order.client_order_id}: {detail}"
    set_condition(actor, ctx, UNKNOWN_ORDERS, Mode.REDUCE, text)


def note_stalled(actor: ExecutionMemory, ctx: Context, symbol: str, attempt: int) -> None:
    """A question for fills was not answered, for the `attempt`-th time in a row."""
    if attempt >= STALLED_AFTER:
        detail = f"the fills of {symbol} were asked for {attempt} times without an answer"
        set_condition(actor, ctx, CURSOR_STALL, Mode.REDUCE, detail)


def review(actor: ExecutionMemory, ctx: Context) -> None:
    """End what is over. Called after inputs while any condition stands."""
    venue = actor.state.at_venue
    if UNKNOWN_ORDERS in venue.conditions and not any(order.escalated for order in actor.state.live_orders()):
        end_condition(actor, ctx, UNKNOWN_ORDERS)
    if CURSOR_STALL in venue.conditions and all(
        each.attempt < STALLED_AFTER for each in venue.fills_due.values()
    ):
        end_condition(actor, ctx, CURSOR_STALL)
