"""Each canonical reason for which a venue says no. What is refused leaves nothing behind."""

from __future__ import annotations

from cluster.conformance.bench import Offer, Tuning
from cluster.conformance.desk import ASK, BID, HIGH, D, Desk
from cluster.conformance.scenario import Group, demand, equal
from messages.errors import VenueConnectionError
from messages.intents import Side, TimeInForce
from messages.orders import OrderState
from messages.reasons import Reason
from messages.venue import Outcome, PlaceOrder

REJECTIONS = Group("rejections")


async def _is_refused(desk: Desk, order: PlaceOrder, reason: Reason) -> None:
    equal(await desk.refused(order), reason, order.client_order_id)
    logged = {why for name, why in desk.log.refusals if name == order.client_order_id}
    demand(
        logged <= {reason.value}, f"the venue's log says {logged}"
    )  # empty: refused before it was an order


@REJECTIONS.scenario()
async def a_price_off_the_tick(desk: Desk) -> None:
    """tick_size."""
    await _is_refused(desk, desk.limit("tick", "48000.05"), Reason.TICK_SIZE)


@REJECTIONS.scenario()
async def a_quantity_off_the_lot(desk: Desk) -> None:
    """step_size."""
    await _is_refused(desk, desk.limit("lot", quantity="0.0105"), Reason.LOT_SIZE)


@REJECTIONS.scenario()
async def a_quantity_below_the_minimum(desk: Desk) -> None:
    """min_qty."""
    await _is_refused(desk, desk.market("small", "0.001"), Reason.MIN_QUANTITY)


@REJECTIONS.scenario()
async def a_value_below_the_minimum(desk: Desk) -> None:
    """min_notional."""
    await _is_refused(desk, desk.limit("cheap", "48000.0", "0.002"), Reason.MIN_NOTIONAL)


@REJECTIONS.scenario(Offer.MAX_QUANTITY)
async def a_quantity_above_the_maximum(desk: Desk) -> None:
    """max_qty."""
    await _is_refused(desk, desk.limit("huge", quantity="100.001"), Reason.MAX_QUANTITY)


@REJECTIONS.scenario(Offer.MAX_QUANTITY)
async def a_market_quantity_above_its_own_maximum(desk: Desk) -> None:
    """max_qty of market orders."""
    await _is_refused(desk, desk.market("vast", "50.001"), Reason.MAX_QUANTITY)


@REJECTIONS.scenario()
async def more_than_the_account_can_carry(desk: Desk) -> None:
    """insufficient_balance."""
    await _is_refused(desk, desk.limit("rich", "45000.0", "90"), Reason.INSUFFICIENT_BALANCE)


@REJECTIONS.scenario(Offer.PRICE_BAND)
async def a_buy_above_the_price_band(desk: Desk) -> None:
    """price_band."""
    await _is_refused(desk, desk.limit("above", "55100.0"), Reason.PRICE_BAND)


@REJECTIONS.scenario(Offer.PRICE_BAND)
async def a_sell_below_the_price_band(desk: Desk) -> None:
    """price_band."""
    await _is_refused(desk, desk.limit("below", "44900.0", side=Side.SELL), Reason.PRICE_BAND)


@REJECTIONS.scenario(Offer.POST_ONLY)
async def a_post_only_order_that_would_take(desk: Desk) -> None:
    """post_only_would_take."""
    await _is_refused(desk, desk.limit("pushy", ASK, post_only=True), Reason.POST_ONLY_WOULD_TAKE)
    equal(desk.ear.fills("pushy"), {}, "fills")


@REJECTIONS.scenario(Offer.FILL_OR_KILL)
async def a_fill_or_kill_order_that_can_not_be_filled(desk: Desk) -> None:
    """fill_or_kill_unfillable."""
    await desk.bench.show([(BID, "5")], [(ASK, "0.004")])
    order = desk.limit("kill", ASK, "0.010", time_in_force=TimeInForce.FOK)
    await _is_refused(desk, order, Reason.FILL_OR_KILL)
    equal(desk.ear.fills("kill"), {}, "fills")


@REJECTIONS.scenario(Offer.REDUCE_ONLY)
async def a_reduce_only_order_without_a_position(desk: Desk) -> None:
    """reduce_only_would_increase."""
    order = desk.market("reduce", side=Side.SELL, reduce_only=True)
    await _is_refused(desk, order, Reason.REDUCE_ONLY_WOULD_INCREASE)


@REJECTIONS.scenario(Offer.REDUCE_ONLY)
async def a_reduce_only_order_on_the_positions_own_side(desk: Desk) -> None:
    """reduce_only_would_increase: judged by what results, not by the side."""
    await desk.buy_position()
    await _is_refused(desk, desk.market("add", reduce_only=True), Reason.REDUCE_ONLY_WOULD_INCREASE)
    equal((await desk.account()).positions, {desk.symbol: D("0.010")}, "position")


@REJECTIONS.scenario()
async def a_symbol_that_is_not_listed(desk: Desk) -> None:
    """symbol_unknown."""
    result = await desk.place(desk.limit("nowhere", symbol="NONE-USDT"))
    equal((result.outcome, result.reason), (Outcome.REJECTED, Reason.SYMBOL_UNKNOWN), "place")
    equal(desk.log.of("nowhere"), [], "log")


@REJECTIONS.scenario()
async def a_market_order_without_a_market(desk: Desk) -> None:
    """no_liquidity, be it refused or ended unfilled."""
    await desk.bench.show([], [(ASK, "0.000")])
    result = await desk.place(desk.market("empty"))
    if result.outcome is Outcome.REJECTED:
        equal(result.reason, Reason.NO_LIQUIDITY, "reason")
    else:
        await desk.until(lambda: desk.is_over("empty"), "the end of the order")
        last = desk.ear.of("empty")[-1]
        equal((last.reason, last.filled), (Reason.NO_LIQUIDITY, D(0)), "the end")
    demand(all(not order.filled for order in desk.log.of("empty")), desk.log.of("empty"))


@REJECTIONS.scenario(Offer.MAX_ORDERS, tuning=Tuning(max_orders=3))
async def more_open_orders_than_are_allowed(desk: Desk) -> None:
    """venue_max_orders; a cancel makes room."""
    for name in ("one", "two", "three"):
        await desk.rests(desk.limit(name))
    await _is_refused(desk, desk.limit("four"), Reason.VENUE_MAX_ORDERS)
    await desk.cancelled("one")
    await desk.rests(desk.limit("five"))


@REJECTIONS.scenario(Offer.MAX_ORDERS, tuning=Tuning(max_orders=2))
async def more_stops_than_are_allowed(desk: Desk) -> None:
    """venue_max_orders, counted apart."""
    for name in ("one", "two"):
        await desk.rests(desk.stop(name, "49000.0"))
    result = await desk.place(desk.stop("three", "49000.0"))
    equal((result.outcome, result.reason), (Outcome.REJECTED, Reason.VENUE_MAX_ORDERS), "place")
    equal(desk.log.of("three"), [], "log")
    await desk.rests(desk.limit("plain"))


@REJECTIONS.scenario(Offer.CLOSED_LISTING)
async def a_listing_that_is_closed(desk: Desk) -> None:
    """instrument_closed; open orders can still be cancelled."""
    await desk.rests(desk.limit("before"))
    await desk.bench.change_rules(trading=False)
    await _is_refused(desk, desk.limit("closed"), Reason.INSTRUMENT_CLOSED)
    await desk.cancelled("before")


@REJECTIONS.scenario()
async def credentials_the_venue_does_not_take(desk: Desk) -> None:
    """auth: told when connecting, and for every order."""
    port = desk.bench.port_without_access()
    try:
        await port.connect()
    except VenueConnectionError:
        pass
    else:
        demand(False, "connect says nothing of wrong credentials")
    result = await port.place(desk.limit("intruder"), desk.bench.now())
    equal((result.outcome, result.reason), (Outcome.REJECTED, Reason.AUTH), "place")
    equal(desk.log.of("intruder"), [], "log")


@REJECTIONS.scenario()
async def a_refusal_leaves_other_orders_alone(desk: Desk) -> None:
    """The order before it works on, its id is not touched."""
    await desk.rests(desk.limit("kept", HIGH, side=Side.SELL))
    await _is_refused(desk, desk.limit("wrong", "48000.05"), Reason.TICK_SIZE)
    equal((await desk.there("kept")).state, OrderState.WORKING, "order")
    equal(desk.log.one("kept").state, "working", "log")
