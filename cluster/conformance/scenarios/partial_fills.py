"""Orders that are filled in parts."""

from __future__ import annotations

from cluster.conformance.desk import ASK, BID, INSIDE, D, Desk
from cluster.conformance.scenario import Group, demand, equal
from messages.intents import Side
from messages.orders import OrderState

PARTIAL_FILLS = Group("partial fills")


@PARTIAL_FILLS.scenario()
async def one_part_then_the_rest(desk: Desk) -> None:
    """Cumulative quantities rise to the whole."""
    await desk.rests(desk.limit("parts", INSIDE))
    await desk.bench.print_trade(INSIDE, "0.004", Side.SELL)
    await desk.becomes("parts", OrderState.PARTIALLY_FILLED)
    found = await desk.there("parts")
    equal((found.state, found.filled), (OrderState.PARTIALLY_FILLED, D("0.004")), "between")
    await desk.bench.print_trade(INSIDE, "0.006", Side.SELL)
    await desk.becomes("parts", OrderState.FILLED)
    filled = [event.filled for event in desk.ear.of("parts") if event.fill is not None]
    equal(filled, [D("0.004"), D("0.010")], "cumulative")
    equal([fill.quantity for fill in desk.log.one("parts").fills], [D("0.004"), D("0.006")], "log")


@PARTIAL_FILLS.scenario()
async def many_parts_each_told_once(desk: Desk) -> None:
    """As many as the venue's log has, with ids of their own."""
    await desk.rests(desk.limit("crumbs", INSIDE, "0.040"))
    for _ in range(20):
        await desk.bench.print_trade(INSIDE, "0.002", Side.SELL)
    await desk.becomes("crumbs", OrderState.FILLED)
    fills = desk.ear.fills("crumbs")
    equal(len(fills), 20, "fills")
    equal(len(desk.log.one("crumbs").fills), 20, "fills in the log")
    equal({trade.fill.fill_id for trade in await desk.trades(client_order_id="crumbs")}, set(fills), "ids")


@PARTIAL_FILLS.scenario()
async def a_taker_meets_several_levels(desk: Desk) -> None:
    """One fill per level, at the level's price."""
    asks = [(ASK, "0.003"), ("50002.0", "0.003"), ("50003.0", "5")]
    await desk.bench.show([(BID, "5")], asks)
    await desk.accepted(desk.market("sweep"))
    await desk.becomes("sweep", OrderState.FILLED)
    told = [(fill.price, fill.quantity) for fill in desk.ear.fills("sweep").values()]
    wanted = [(D(ASK), D("0.003")), (D("50002.0"), D("0.003")), (D("50003.0"), D("0.004"))]
    equal(told, wanted, "fills")
    equal([(fill.price, fill.quantity) for fill in desk.log.one("sweep").fills], wanted, "log")


@PARTIAL_FILLS.scenario()
async def one_print_is_shared_by_several_orders_in_their_order(desk: Desk) -> None:
    """Who came first is filled first."""
    for name in ("first", "second", "third"):
        await desk.rests(desk.limit(name, INSIDE))
    await desk.bench.print_trade(INSIDE, "0.015", Side.SELL)
    await desk.becomes("second", OrderState.PARTIALLY_FILLED)
    filled = {name: desk.log.one(name).filled for name in ("first", "second", "third")}
    equal(filled, {"first": D("0.010"), "second": D("0.005"), "third": D(0)}, "log")
    for name, quantity in filled.items():
        equal((await desk.there(name)).filled, quantity, f"query of {name}")


@PARTIAL_FILLS.scenario()
async def a_part_that_is_filled_stays_when_the_rest_is_cancelled(desk: Desk) -> None:
    """The end tells how much."""
    await desk.rests(desk.limit("half", INSIDE))
    await desk.bench.print_trade(INSIDE, "0.004", Side.SELL)
    await desk.becomes("half", OrderState.PARTIALLY_FILLED)
    await desk.cancelled("half")
    equal(desk.ear.of("half")[-1].filled, D("0.004"), "filled at the end")
    equal((await desk.account()).positions, {desk.symbol: D("0.004")}, "position")
    logged = desk.log.one("half")
    equal((logged.state, logged.filled), ("cancelled", D("0.004")), "log")


@PARTIAL_FILLS.scenario()
async def a_part_is_taken_and_the_rest_rests(desk: Desk) -> None:
    """Taker for the first part, maker for the second."""
    await desk.bench.show([(BID, "5")], [(ASK, "0.004")])
    await desk.accepted(desk.limit("both", ASK))
    await desk.becomes("both", OrderState.PARTIALLY_FILLED)
    await desk.bench.print_trade(ASK, "1", Side.SELL)
    await desk.becomes("both", OrderState.FILLED)
    makers = [fill.maker for fill in desk.log.one("both").fills]
    equal(makers, [False, True], "makers in the log")
    demand(sum(fill.quantity for fill in desk.ear.fills("both").values()) == D("0.010"), "quantities")
