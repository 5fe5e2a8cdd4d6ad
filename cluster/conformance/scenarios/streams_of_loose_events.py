"""Streams whose events have no numbers: they may be late, out of order, or never come, and the desk still finds out."""

from __future__ import annotations

from cluster.conformance.bench import Offer, StreamTrouble, Tuning
from cluster.conformance.desk import INSIDE, D, Desk
from cluster.conformance.scenario import Group, demand, equal
from messages.intents import Side
from messages.orders import OrderState

LOOSE_EVENTS = Group("stream without numbers")


@LOOSE_EVENTS.scenario(Offer.LOOSE_EVENTS)
async def events_out_of_order_are_all_told(desk: Desk) -> None:
    """Cumulative quantities say which one is later."""
    await desk.rests(desk.limit("mixed", INSIDE))
    await desk.bench.shake(StreamTrouble.REORDER)
    for _ in range(5):
        await desk.bench.print_trade(INSIDE, "0.002", Side.SELL)
    await desk.until(lambda: len(desk.ear.fills("mixed")) == 5, "all five fills")
    total = sum((fill.quantity for fill in desk.ear.fills("mixed").values()), D(0))
    equal(total, D("0.010"), "quantity")
    equal(max(event.filled for event in desk.ear.of("mixed")), D("0.010"), "cumulative")
    equal(len(desk.log.one("mixed").fills), 5, "fills in the log")


@LOOSE_EVENTS.scenario(Offer.LOOSE_EVENTS)
async def a_stale_event_behind_the_end_does_no_harm(desk: Desk) -> None:
    """It is told with its own state and quantity, which whoever reads weighs."""
    await desk.bench.shake(StreamTrouble.STALE, count=1)
    await desk.accepted(desk.market("late"))
    await desk.becomes("late", OrderState.FILLED)
    await desk.until(
        lambda: any(event.state is OrderState.WORKING for event in desk.ear.of("late")), "the stale event"
    )
    equal(len(desk.ear.fills("late")), 1, "fills")
    equal((await desk.there("late")).state, OrderState.FILLED, "query")
    equal(desk.log.one("late").state, "filled", "log")


@LOOSE_EVENTS.scenario(Offer.LOOSE_EVENTS)
async def a_dropped_fill_is_found_by_asking(desk: Desk) -> None:
    """The list of executions has it, and the order its cumulative quantity."""
    await desk.rests(desk.limit("lost", INSIDE))
    await desk.bench.shake(StreamTrouble.DROP)
    await desk.bench.print_trade(INSIDE, "0.004", Side.SELL)
    await desk.settle(0.05)
    await desk.bench.shake(None)
    equal(desk.ear.fills("lost"), {}, "fills of the stream")
    equal((await desk.there("lost")).filled, D("0.004"), "query")
    (trade,) = await desk.trades(client_order_id="lost")
    equal(trade.fill.quantity, desk.log.one("lost").fills[0].quantity, "execution")
    await desk.bench.print_trade(INSIDE, "0.006", Side.SELL)
    events = await desk.becomes("lost", OrderState.FILLED)
    equal(events[-1].filled, D("0.010"), "the next event's cumulative quantity")


@LOOSE_EVENTS.scenario(Offer.LOOSE_EVENTS, tuning=Tuning(stream_silence_s=1.5))
async def a_stream_that_falls_silent_is_noticed(desk: Desk) -> None:
    """An order was accepted and nothing is told of it: another connection is opened, and that is said."""
    await desk.bench.shake(StreamTrouble.SILENT, count=1)
    await desk.accepted(desk.limit("unheard"))
    await desk.opened(2)
    await desk.rests(desk.limit("heard"))
    names = {order.client_order_id for order in (await desk.account()).open_orders}
    equal(names, {"unheard", "heard"}, "open orders")
    demand(desk.port.health().stream_up is True, desk.port.health())


@LOOSE_EVENTS.scenario(Offer.LOOSE_EVENTS, tuning=Tuning(stream_silence_s=1.5))
async def a_quiet_market_is_no_dead_stream(desk: Desk) -> None:
    """Nothing happens, nothing is told, nothing is opened again."""
    await desk.rests(desk.limit("quiet"))
    await desk.settle(2.0)
    equal(desk.ear.openings, 1, "openings")
    await desk.cancelled("quiet")
