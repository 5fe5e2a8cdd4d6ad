"""Conditional orders: they wait, trigger, and go on under their id."""

from __future__ import annotations

from cluster.conformance.bench import Offer
from cluster.conformance.desk import D, Desk
from cluster.conformance.scenario import Group, Violation, demand, equal
from messages.intents import OrderType, Side
from messages.orders import TERMINAL, OrderState
from messages.reasons import Reason
from messages.venue import Outcome, QueryFills, QueryOrder

STOPS = Group("conditional orders")


@STOPS.scenario(Offer.STOPS)
async def a_stop_waits_triggers_and_is_filled_under_its_id(desk: Desk) -> None:
    """Nothing happens before its price comes."""
    await desk.buy_position()
    await desk.rests(desk.stop("guard", "49500.0"))
    await desk.move_market("49600.0", "49601.0")
    await desk.settle(0.05)
    equal((await desk.there("guard", conditional=True)).state, OrderState.WORKING, "before its price")
    await desk.move_market("49400.0", "49401.0")
    await desk.becomes("guard", OrderState.FILLED)
    equal([fill.price for fill in desk.ear.fills("guard").values()], [D("49400.0")], "price")
    demand(desk.log.of("guard")[-1].state == "filled", desk.log.of("guard"))


@STOPS.scenario(Offer.STOPS)
async def a_stop_to_buy_triggers_above(desk: Desk) -> None:
    """A short position's guard."""
    await desk.rests(desk.stop("cover", "50500.0", side=Side.BUY))
    await desk.move_market("50600.0", "50601.0")
    await desk.becomes("cover", OrderState.FILLED)
    equal(desk.log.of("cover")[-1].filled, D("0.010"), "log")


@STOPS.scenario(Offer.STOPS)
async def a_stop_limit_rests_at_its_limit_once_triggered(desk: Desk) -> None:
    """Where the market has run past it."""
    guard = desk.stop("bound", "49500.0", order_type=OrderType.STOP_LIMIT, limit_price=D("49450.0"))
    await desk.rests(guard)
    await desk.move_market("49400.0", "49401.0")
    await desk.settle(0.05)
    found = await desk.there("bound", conditional=True)
    equal((found.state, found.filled, found.limit_price), (OrderState.WORKING, D(0), D("49450.0")), "order")
    equal(desk.log.of("bound")[-1].state, "working", "log")


@STOPS.scenario(Offer.STOPS)
async def a_stop_is_cancelled_before_it_triggers(desk: Desk) -> None:
    """And stays away when its price comes."""
    await desk.rests(desk.stop("unwanted", "49500.0"))
    await desk.cancelled("unwanted", conditional=True)
    await desk.move_market("49400.0", "49401.0")
    await desk.settle(0.05)
    equal(desk.ear.fills("unwanted"), {}, "fills")
    equal(desk.log.one("unwanted").state, "cancelled", "log")


@STOPS.scenario(Offer.STOPS)
async def a_stop_that_has_triggered_can_still_be_cancelled(desk: Desk) -> None:
    """As the order it became; whoever cancels need not know that it triggered."""
    guard = desk.stop("woken", "49500.0", order_type=OrderType.STOP_LIMIT, limit_price=D("49450.0"))
    await desk.rests(guard)
    await desk.move_market("49400.0", "49401.0")
    await desk.settle(0.05)
    await desk.cancelled("woken", conditional=True)
    equal(desk.log.of("woken")[-1].state, "cancelled", "log")


@STOPS.scenario(Offer.STOPS)
async def a_stop_triggers_while_nobody_listens(desk: Desk) -> None:
    """The venue keeps it; whoever comes back finds out."""
    await desk.rests(desk.stop("alone", "49500.0"))
    await desk.ear.close()
    await desk.move_market("49400.0", "49401.0")
    await desk.settle(0.05)
    found = await desk.there("alone", conditional=True)
    equal((found.state, found.filled), (OrderState.FILLED, D("0.010")), "order")
    equal(desk.log.of("alone")[-1].state, "filled", "log")


@STOPS.scenario(Offer.TAKE_PROFIT)
async def a_take_profit_triggers_on_the_other_side(desk: Desk) -> None:
    """A sell above the price."""
    await desk.buy_position()
    await desk.rests(desk.stop("profit", "50500.0", take_profit=True))
    await desk.move_market("49400.0", "49401.0")
    await desk.settle(0.05)
    equal((await desk.there("profit", conditional=True)).state, OrderState.WORKING, "below")
    await desk.move_market("50600.0", "50601.0")
    await desk.becomes("profit", OrderState.FILLED)
    equal(desk.log.of("profit")[-1].state, "filled", "log")


@STOPS.scenario(Offer.CLOSE_POSITION)
async def a_stop_closes_whatever_the_position_is(desk: Desk) -> None:
    """Also what was added to it later."""
    await desk.buy_position("0.010")
    await desk.rests(desk.stop("all", "49500.0", close_position=True))
    await desk.accepted(desk.market("more", "0.020"))
    await desk.becomes("more", OrderState.FILLED)
    await desk.move_market("49400.0", "49401.0")
    await desk.becomes("all", OrderState.FILLED)
    equal(desk.log.of("all")[-1].filled, D("0.030"), "log")
    demand(not (await desk.account()).positions, "a position is left")


@STOPS.scenario(Offer.STOP_CHECK)
async def a_stop_that_would_trigger_at_once_is_refused(desk: Desk) -> None:
    """With its reason, and nothing is left."""
    result = await desk.place(desk.stop("late", "50100.0"))
    equal((result.outcome, result.reason), (Outcome.REJECTED, Reason.STOP_WOULD_TRIGGER), "place")
    equal(desk.log.of("late"), [], "log")


@STOPS.scenario(Offer.STOPS)
async def a_stop_waits_over_a_restart_of_the_venue(desk: Desk) -> None:
    """It triggers afterwards as if nothing had been."""
    await desk.rests(desk.stop("patient", "49500.0"))
    await desk.bench.stop()
    await desk.bench.start()
    await desk.opened(2)
    await desk.move_market("49400.0", "49401.0")
    await desk.becomes("patient", OrderState.FILLED)
    equal(desk.log.of("patient")[-1].filled, D("0.010"), "log")


@STOPS.scenario(Offer.STOPS)
async def what_a_stop_did_while_nobody_ran_is_told_apart_from_what_others_did(desk: Desk) -> None:
    """Whoever starts anew knows the id it was placed with: the stop leads to its executions, and to no others."""
    await desk.rests(desk.stop("alone", "49500.0"))
    await desk.ear.close()
    await desk.move_market("49400.0", "49401.0")
    await desk.settle(0.05)
    anew = await desk.bench.port_of_another()
    await anew.place(desk.market("theirs", "0.004"), desk.bench.now())
    await desk.settle(0.05)
    listed = await anew.fills(QueryFills(anew.venue, desk.symbol))
    found = await anew.query(QueryOrder("alone", desk.symbol, None, True))
    order = found.order
    if order is None:
        raise Violation(f"the venue does not know the stop: {found.detail}")
    mine = [trade for trade in listed.trades if trade.venue_order_id == order.venue_order_id]
    equal(sum((trade.fill.quantity for trade in mine), D(0)), D("0.010"), "executions under the order's id")
    demand(all(trade.client_order_id in (None, "alone") for trade in mine), mine)
    demand(len(listed.trades) > len(mine), "somebody else's executions are listed too")


@STOPS.scenario(Offer.STOPS, Offer.REDUCE_ONLY)
async def a_stop_that_only_reduces_opens_nothing_once_the_position_is_gone(desk: Desk) -> None:
    """Whether the venue ends it with the position or when it triggers."""
    await desk.buy_position()
    await desk.rests(desk.stop("guard", "49500.0", reduce_only=True, increases_exposure=False))
    await desk.accepted(desk.market("closing", side=Side.SELL, reduce_only=True))
    await desk.becomes("closing", OrderState.FILLED)
    await desk.move_market("49400.0", "49401.0")
    await desk.settle(0.2)
    equal((await desk.account()).positions, {}, "positions")
    equal(sum((order.filled for order in desk.log.of("guard")), D(0)), D(0), "filled in the log")
    found = await desk.there("guard", conditional=True)
    demand(found.state in TERMINAL, found)
