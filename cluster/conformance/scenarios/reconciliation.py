"""What others do with the account: seen in the stream, and by asking."""

from __future__ import annotations

from cluster.conformance.bench import Offer, Tuning
from cluster.conformance.desk import D, Desk
from cluster.conformance.scenario import Group, demand, equal
from messages.intents import Side
from messages.orders import OrderState
from messages.venue_stream import VenueEvent

RECONCILIATION = Group("reconciliation")


@RECONCILIATION.scenario()
async def an_order_of_somebody_else_is_seen(desk: Desk) -> None:
    """In the stream and in the account, under its own id."""
    other = await desk.bench.port_of_another()
    await other.place(desk.limit("foreign"), desk.bench.now())
    await desk.becomes("foreign", OrderState.WORKING)
    (order,) = (await desk.account()).open_orders
    equal((order.client_order_id, order.quantity), ("foreign", D("0.010")), "open order")
    equal(desk.log.one("foreign").venue_order_id, order.venue_order_id, "log")


@RECONCILIATION.scenario()
async def a_position_that_somebody_else_opens_is_seen(desk: Desk) -> None:
    """With its execution."""
    other = await desk.bench.port_of_another()
    await other.place(desk.market("foreign"), desk.bench.now())
    await desk.becomes("foreign", OrderState.FILLED)
    equal((await desk.account()).positions, {desk.symbol: D("0.010")}, "positions")
    equal([trade.fill for trade in await desk.trades()], list(desk.ear.fills("foreign").values()), "fills")


@RECONCILIATION.scenario()
async def a_manual_close_is_seen(desk: Desk) -> None:
    """Ours opened, theirs closed: the account is flat and the stream says why."""
    await desk.buy_position()
    other = await desk.bench.port_of_another()
    await other.place(desk.market("manual", side=Side.SELL), desk.bench.now())
    await desk.becomes("manual", OrderState.FILLED)
    equal((await desk.account()).positions, {}, "positions")
    equal([order.client_order_id for order in desk.log.orders], ["opening", "manual"], "log")


@RECONCILIATION.scenario()
async def a_cancel_by_somebody_else_is_seen(desk: Desk) -> None:
    """Our order ends though we did not ask."""
    await desk.rests(desk.limit("ours"))
    other = await desk.bench.port_of_another()
    await desk.cancel("ours", port=other)
    await desk.becomes("ours", OrderState.CANCELLED)
    equal(desk.log.one("ours").state, "cancelled", "log")


@RECONCILIATION.scenario()
async def what_happened_while_nobody_listened_is_found(desk: Desk) -> None:
    """Orders, positions and executions by asking."""
    await desk.rests(desk.limit("ours"))
    await desk.ear.close()
    other = await desk.bench.port_of_another()
    await desk.cancel("ours", port=other)
    await other.place(desk.market("foreign"), desk.bench.now())
    await desk.settle(0.1)
    equal((await desk.there("ours")).state, OrderState.CANCELLED, "our order")
    account = await desk.account()
    equal((account.positions, account.open_orders), ({desk.symbol: D("0.010")}, ()), "account")
    (trade,) = await desk.trades()
    equal(trade.fill.quantity, desk.log.one("foreign").fills[0].quantity, "execution")


@RECONCILIATION.scenario()
async def everything_told_adds_up_to_the_account(desk: Desk) -> None:
    """Fills of the stream = list of executions = the venue's log = the position."""
    other = await desk.bench.port_of_another()
    for name, quantity, side in (("one", "0.030", Side.BUY), ("two", "0.010", Side.SELL)):
        await desk.accepted(desk.market(name, quantity, side=side))
        await desk.becomes(name, OrderState.FILLED)
    await other.place(desk.market("three", "0.005"), desk.bench.now())
    await desk.becomes("three", OrderState.FILLED)
    told = [event for event in desk.ear.heard if isinstance(event, VenueEvent) and event.fill is not None]
    by_stream = sum((event.side.sign * event.fill.quantity for event in told if event.fill), D(0))
    by_list = sum((trade.side.sign * trade.fill.quantity for trade in await desk.trades()), D(0))
    equal((by_stream, by_list), (D("0.025"), D("0.025")), "quantities")
    equal((await desk.account()).positions, {desk.symbol: D("0.025")}, "position")
    equal(sum(len(order.fills) for order in desk.log.orders), len(told), "fills in the log")


@RECONCILIATION.scenario(Offer.LIQUIDATION, tuning=Tuning(balance=D(5_000)))
async def a_liquidation_is_seen_as_an_order_that_is_not_ours(desk: Desk) -> None:
    """With its executions, and the account is flat."""
    await desk.buy_position("1")
    await desk.bench.set_mark("46000.0")
    await desk.until(
        lambda: any(order.client_order_id.startswith("autoclose") for order in desk.log.orders),
        "the liquidation in the log",
    )
    name = next(order.client_order_id for order in desk.log.orders if order.client_order_id != "opening")
    await desk.becomes(name, OrderState.FILLED)
    demand(sum((fill.quantity for fill in desk.ear.fills(name).values()), D(0)) == D(1), desk.ear.of(name))
    equal((await desk.account()).positions, {}, "positions")
