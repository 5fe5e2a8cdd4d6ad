"""Executions that are asked for: complete, exact, and the same that the stream tells."""

from __future__ import annotations

import asyncio

from cluster.conformance.bench import Offer, Tuning
from cluster.conformance.desk import BID, INSIDE, D, Desk
from cluster.conformance.scenario import Group, demand, equal
from messages.intents import Side
from messages.orders import OrderState

FILLS = Group("fills")

_MANY = 1_050
"""More than one page of any venue that is known."""


@FILLS.scenario()
async def those_of_one_order(desk: Desk) -> None:
    """And of no other one."""
    await desk.buy_position()
    await desk.accepted(desk.market("other", "0.020"))
    await desk.becomes("other", OrderState.FILLED)
    (trade,) = await desk.trades(client_order_id="other")
    equal((trade.client_order_id, trade.symbol, trade.side), ("other", desk.symbol, Side.BUY), "whose")
    equal({trade.fill.fill_id: trade.fill}, desk.ear.fills("other"), "execution")
    by_venue_id = await desk.trades(venue_order_id=desk.log.one("other").venue_order_id)
    equal(by_venue_id, (trade,), "by the venue's id")


@FILLS.scenario()
async def of_an_order_without_any(desk: Desk) -> None:
    """None, which is an answer."""
    await desk.rests(desk.limit("none"))
    equal(await desk.trades(client_order_id="none"), (), "executions")


@FILLS.scenario()
async def those_since_a_time(desk: Desk) -> None:
    """What was before is left out; the time is the venue's."""
    await desk.buy_position()
    await asyncio.sleep(0.01)
    for _ in range(4):
        await desk.bench.pause()
    since = await desk.port.server_time()
    await desk.accepted(desk.market("later", "0.020"))
    await desk.becomes("later", OrderState.FILLED)
    found = await desk.trades(since=since)
    equal([trade.fill.quantity for trade in found], [D("0.020")], "executions")
    demand(all(trade.time >= since for trade in found), found)


@FILLS.scenario()
async def all_of_a_symbol(desk: Desk) -> None:
    """In the venue's order, and nothing of another symbol."""
    second = desk.bench.symbols[1]
    await desk.buy_position()
    await desk.accepted(desk.market("elsewhere", symbol=second))
    await desk.becomes("elsewhere", OrderState.FILLED)
    await desk.accepted(desk.market("back", side=Side.SELL))
    await desk.becomes("back", OrderState.FILLED)
    found = await desk.trades()
    equal([trade.side for trade in found], [Side.BUY, Side.SELL], "executions")
    equal({trade.symbol for trade in found}, {desk.symbol}, "symbols")


@FILLS.scenario(alone=True, tuning=Tuning(answer_s=10.0))
async def more_than_a_page_of_them(desk: Desk) -> None:
    """Of one order, since a time, and all: every one, each once."""
    since = await desk.port.server_time()
    asks = [(f"{50001 + number / 10:.1f}", "0.002") for number in range(_MANY)]
    await desk.bench.show([(BID, "5")], [*asks, ("50200.0", "5")])
    await desk.accepted(desk.market("sweep", str(D("0.002") * _MANY)))
    await desk.becomes("sweep", OrderState.FILLED)
    logged = desk.log.one("sweep").fills
    equal(len(logged), _MANY, "fills in the log")
    told = desk.ear.fills("sweep")
    equal(len(told), _MANY, "fills of the stream")
    for which in ({"client_order_id": "sweep"}, {"since": since}, {}):
        found = await desk.trades(**which)
        equal(len(found), _MANY, f"executions by {which}")
        equal({trade.fill.fill_id: trade.fill for trade in found}, told, f"executions by {which}")


@FILLS.scenario()
async def the_stream_and_the_list_name_them_alike(desk: Desk) -> None:
    """So that what comes twice counts once: makers and takers."""
    await desk.buy_position("0.020")
    await desk.rests(desk.limit("out", INSIDE, "0.010", side=Side.SELL))
    await desk.bench.print_trade(INSIDE, "1", Side.BUY)
    await desk.becomes("out", OrderState.FILLED)
    told = desk.ear.fills("opening") | desk.ear.fills("out")
    equal({trade.fill.fill_id: trade.fill for trade in await desk.trades()}, told, "executions")
    equal(sum(len(order.fills) for order in desk.log.orders), len(told), "fills in the log")


@FILLS.scenario(Offer.STOPS)
async def those_of_a_stop_under_the_id_it_was_placed_with(desk: Desk) -> None:
    """Whatever the venue made of it."""
    await desk.rests(desk.stop("guard", "49500.0"))
    await desk.move_market("49400.0", "49401.0")
    await desk.becomes("guard", OrderState.FILLED)
    (trade,) = await desk.trades(client_order_id="guard")
    equal(trade.fill.quantity, D("0.010"), "execution")
    equal({trade.fill.fill_id: trade.fill}, desk.ear.fills("guard"), "execution")


@FILLS.scenario()
async def those_of_before_a_restart(desk: Desk) -> None:
    """The venue keeps them, under the same ids."""
    await desk.buy_position()
    told = desk.ear.fills("opening")
    await desk.bench.stop()
    await desk.bench.start()
    found = await desk.trades(client_order_id="opening")
    equal({trade.fill.fill_id: trade.fill for trade in found}, told, "executions")
