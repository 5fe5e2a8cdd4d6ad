"""The way to the venue and what is unknown there, as conditions that come and go: risk holds new exposure meanwhile.

Apart from `reconciling`, which is about the books. The host judges the way (stream, breaker, clock): no actor sees it.
"""

from __future__ import annotations

from actors.base import Context
from actors.execution.conditions import end_condition, set_condition, tell_condition
from actors.execution.memory import ExecutionMemory
from actors.execution.order import Order
from messages.account_events import WayJudged
from messages.control import Mode

STREAM_DOWN, CIRCUIT_OPEN, CLOCK_SKEW = WAY = ("stream_down", "circuit_open", "clock_skew")
"""Causes of conditions about the way to the venue."""
CURSOR_STALL = "cursor_stall"
UNKNOWN_ORDERS = "unknown_orders"
OPEN_REPLACE = "open_replace"
ACCOUNT_UNREAD = "account_unread"
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


def note_open_replaces(actor: ExecutionMemory, ctx: Context) -> None:
    """A desk begins: changes of orders that an earlier one left open are of unknown outcome until they are over."""
    found = [order for order in actor.state.live_orders() if order.replacing is not None]
    if found:
        names = ", ".join(f"{order.symbol} order {order.client_order_id}" for order in found)
        tell_condition(actor, ctx, OPEN_REPLACE, Mode.REDUCE, f"a change was under way at the start: {names}")


def note_unread(actor: ExecutionMemory, ctx: Context) -> None:
    """The venue does not answer for its account: where it has never been read, nothing can be known."""
    if not actor.state.account_seeded:
        # OBSERVE stops cancels, too, and may: before the first reading nothing is placed, so that no order or position
        # of ours is in need of one. All that a cancel could hit is an order of lost history, maybe the stop of a
        # position that nobody here knows of. Other venues trade on, by `HEALTH` of risk's modes.
        detail = "the account was never read: the venue does not answer for it"
        set_condition(actor, ctx, ACCOUNT_UNREAD, Mode.OBSERVE, detail)


def review(actor: ExecutionMemory, ctx: Context) -> None:
    """End what is over. Called after inputs while any condition stands."""
    venue = actor.state.at_venue
    if ACCOUNT_UNREAD in venue.conditions and actor.state.account_seeded:
        end_condition(actor, ctx, ACCOUNT_UNREAD)
    if OPEN_REPLACE in venue.conditions:
        since = venue.conditions[OPEN_REPLACE].since
        changes = (order.replacing for order in actor.state.live_orders())
        if all(change is None or change.time > since for change in changes):
            end_condition(actor, ctx, OPEN_REPLACE)
    if UNKNOWN_ORDERS in venue.conditions and not any(order.escalated for order in actor.state.live_orders()):
        end_condition(actor, ctx, UNKNOWN_ORDERS)
    if CURSOR_STALL in venue.conditions and all(
        each.attempt < STALLED_AFTER for each in venue.fills_due.values()
    ):
        end_condition(actor, ctx, CURSOR_STALL)
