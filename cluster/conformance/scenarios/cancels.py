"""Cancels that meet something else on their way."""

from __future__ import annotations

import asyncio

from cluster.conformance.desk import INSIDE, D, Desk
from cluster.conformance.scenario import Group, demand, equal
from messages.intents import Side
from messages.orders import OrderState
from messages.reasons import Reason
from messages.venue import Outcome

CANCELS = Group("cancels")


@CANCELS.scenario()
async def a_cancel_of_what_was_never_there_is_refused(desk: Desk) -> None:
    """unknown_order."""
    result = await desk.cancel("nobody")
    equal((result.outcome, result.reason), (Outcome.REJECTED, Reason.UNKNOWN_ORDER), "cancel")


@CANCELS.scenario()
async def a_cancel_after_the_fill_is_refused(desk: Desk) -> None:
    """The order stays filled."""
    await desk.rests(desk.limit("quick", INSIDE))
    await desk.bench.print_trade(INSIDE, "1", Side.SELL)
    await desk.becomes("quick", OrderState.FILLED)
    result = await desk.cancel("quick")
    equal((result.outcome, result.reason), (Outcome.REJECTED, Reason.UNKNOWN_ORDER), "cancel")
    equal(desk.log.one("quick").state, "filled", "log")


@CANCELS.scenario()
async def a_second_cancel_changes_nothing(desk: Desk) -> None:
    """It is taken again or refused, and the order ends once."""
    await desk.rests(desk.limit("again"))
    await desk.cancelled("again")
    result = await desk.cancel("again")
    equal((result.outcome, result.reason), (Outcome.REJECTED, Reason.UNKNOWN_ORDER), "second cancel")
    await desk.settle(0.05)
    ends = [event for event in desk.ear.of("again") if event.state is OrderState.CANCELLED]
    equal(len(ends), 1, "ends that are told")
    equal(desk.log.one("again").state, "cancelled", "log")


@CANCELS.scenario()
async def two_cancels_at_once_end_the_order_once(desk: Desk) -> None:
    """At least one is taken."""
    await desk.rests(desk.limit("race"))
    results = await asyncio.gather(desk.cancel("race"), desk.cancel("race"))
    demand(any(result.outcome is Outcome.ACCEPTED for result in results), results)
    await desk.becomes("race", OrderState.CANCELLED)
    equal(desk.log.one("race").state, "cancelled", "log")


@CANCELS.scenario()
async def a_cancel_while_fills_come_in_leaves_a_consistent_order(desk: Desk) -> None:
    """What was filled plus nothing more; the stream, a query and the log agree."""
    await desk.rests(desk.limit("busy", INSIDE))

    async def prints() -> None:
        for _ in range(6):
            await desk.bench.print_trade(INSIDE, "0.002", Side.SELL)

    async def cancel() -> None:
        await desk.bench.pause()
        await desk.cancel("busy")

    await asyncio.gather(prints(), cancel())
    await desk.until(lambda: desk.is_over("busy"), "the end of the order")
    told = sum((fill.quantity for fill in desk.ear.fills("busy").values()), D(0))
    logged, found = desk.log.one("busy"), await desk.there("busy")
    equal((told, found.filled), (logged.filled, logged.filled), "filled")
    equal(found.state.value, logged.state, "state")


@CANCELS.scenario()
async def a_cancel_may_name_the_venues_id_as_well(desk: Desk) -> None:
    """Both name the same order."""
    venue_id = await desk.accepted(desk.limit("named"))
    await desk.becomes("named", OrderState.WORKING)
    result = await desk.cancel("named", venue_order_id=venue_id)
    equal(result.outcome, Outcome.ACCEPTED, f"cancel ({result.detail})")
    await desk.becomes("named", OrderState.CANCELLED)
    equal(desk.log.one("named").state, "cancelled", "log")


@CANCELS.scenario()
async def many_orders_are_cancelled_at_once(desk: Desk) -> None:
    """Each ends."""
    names = [f"many{letter}" for letter in "abcdefghijklmnopqrst"]
    await asyncio.gather(*(desk.accepted(desk.limit(name)) for name in names))
    results = await asyncio.gather(*(desk.cancel(name) for name in names))
    equal({result.outcome for result in results}, {Outcome.ACCEPTED}, "outcomes")
    for name in names:
        await desk.becomes(name, OrderState.CANCELLED)
    equal({order.state for order in desk.log.orders}, {"cancelled"}, "log")
    equal((await desk.account()).open_orders, (), "open orders")


@CANCELS.scenario()
async def a_cancel_while_the_venue_is_away_is_not_taken_for_done(desk: Desk) -> None:
    """Nothing was sent, or nobody knows; the order is there afterwards."""
    await desk.rests(desk.limit("still"))
    await desk.bench.stop()
    result = await desk.cancel("still")
    demand(result.outcome in (Outcome.NOT_SENT, Outcome.NO_ANSWER), result)
    await desk.bench.start()
    equal((await desk.there("still")).state, OrderState.WORKING, "order")
    equal(desk.log.one("still").state, "working", "log")
