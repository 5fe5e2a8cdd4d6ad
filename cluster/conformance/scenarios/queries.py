"""What the venue knows of a client order id."""

from __future__ import annotations

from cluster.conformance.bench import Offer
from cluster.conformance.desk import HIGH, INSIDE, LOW, D, Desk
from cluster.conformance.scenario import Group, demand, equal
from messages.intents import Side
from messages.orders import OrderState

QUERIES = Group("queries")


@QUERIES.scenario()
async def an_open_order(desk: Desk) -> None:
    """With all that it is."""
    venue_id = await desk.accepted(desk.limit("open", HIGH, "0.012", side=Side.SELL))
    await desk.becomes("open", OrderState.WORKING)
    found = await desk.there("open")
    told = (found.venue_order_id, found.symbol, found.side, found.state, found.quantity, found.filled)
    wanted = (venue_id, desk.symbol, Side.SELL, OrderState.WORKING, D("0.012"), D(0))
    equal(told, wanted, "order")
    equal(found.limit_price, D(HIGH), "limit price")
    equal(desk.log.one("open").venue_order_id, venue_id, "the log's venue order id")


@QUERIES.scenario()
async def a_partly_filled_order(desk: Desk) -> None:
    """How much is filled."""
    await desk.rests(desk.limit("part", INSIDE))
    await desk.bench.print_trade(INSIDE, "0.003", Side.SELL)
    await desk.becomes("part", OrderState.PARTIALLY_FILLED)
    found = await desk.there("part")
    equal((found.state, found.filled), (OrderState.PARTIALLY_FILLED, D("0.003")), "order")
    equal(desk.log.one("part").filled, D("0.003"), "log")


@QUERIES.scenario()
async def a_filled_order(desk: Desk) -> None:
    """It is still known."""
    await desk.buy_position()
    found = await desk.there("opening")
    equal((found.state, found.filled), (OrderState.FILLED, D("0.010")), "order")
    equal(desk.log.one("opening").state, "filled", "log")


@QUERIES.scenario()
async def a_cancelled_order(desk: Desk) -> None:
    """It is still known."""
    await desk.rests(desk.limit("over"))
    await desk.cancelled("over")
    equal((await desk.there("over")).state, OrderState.CANCELLED, "order")
    equal(desk.log.one("over").state, "cancelled", "log")


@QUERIES.scenario()
async def an_order_that_was_never_there(desk: Desk) -> None:
    """The venue says: absent."""
    equal(await desk.find("never"), None, "query")
    equal(await desk.find("never", conditional=True), None, "query as a stop")


@QUERIES.scenario()
async def orders_of_before_a_restart(desk: Desk) -> None:
    """Open, filled and cancelled ones."""
    await desk.rests(desk.limit("open", LOW))
    await desk.rests(desk.limit("over", LOW))
    await desk.cancelled("over")
    await desk.buy_position()
    await desk.bench.stop()
    await desk.bench.start()
    states = {name: (await desk.there(name)).state.value for name in ("open", "over", "opening")}
    equal(states, {"open": "working", "over": "cancelled", "opening": "filled"}, "states")
    equal({name: desk.log.one(name).state for name in states}, states, "log")


@QUERIES.scenario(Offer.STOPS)
async def a_stop_that_waits(desk: Desk) -> None:
    """Working, and nothing filled."""
    await desk.rests(desk.stop("waits", "49000.0"))
    found = await desk.there("waits", conditional=True)
    equal((found.state, found.quantity, found.filled), (OrderState.WORKING, D("0.010"), D(0)), "order")
    equal(desk.log.one("waits").state, "working", "log")


@QUERIES.scenario(Offer.STOPS)
async def a_stop_that_was_triggered(desk: Desk) -> None:
    """It is told as the order that it became."""
    await desk.rests(desk.stop("fired", "49500.0"))
    await desk.move_market("49400.0", "49401.0")
    await desk.becomes("fired", OrderState.FILLED)
    found = await desk.there("fired", conditional=True)
    equal((found.state, found.filled), (OrderState.FILLED, D("0.010")), "order")
    demand(found.venue_order_id == desk.log.of("fired")[-1].venue_order_id, found)


@QUERIES.scenario(Offer.STOPS)
async def a_stop_that_was_cancelled(desk: Desk) -> None:
    """Its end is known."""
    await desk.rests(desk.stop("off", "49000.0"))
    await desk.cancelled("off", conditional=True)
    equal((await desk.there("off", conditional=True)).state, OrderState.CANCELLED, "order")
    equal(desk.log.one("off").state, "cancelled", "log")
