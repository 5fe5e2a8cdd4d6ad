"""The same client order id again."""

from __future__ import annotations

import asyncio

from cluster.conformance.bench import Offer
from cluster.conformance.desk import D, Desk
from cluster.conformance.scenario import Group, demand, equal
from messages.orders import OrderState
from messages.reasons import Reason
from messages.venue import Outcome

DUPLICATES = Group("duplicates")


@DUPLICATES.scenario()
async def the_id_of_an_open_order_never_makes_a_second_one(desk: Desk) -> None:
    """It is refused, or answered with the order that is there."""
    venue_id = await desk.accepted(desk.limit("twice"))
    await desk.becomes("twice", OrderState.WORKING)
    again = await desk.place(desk.limit("twice"))
    if again.outcome is Outcome.ACCEPTED:
        equal(again.venue_order_id, venue_id, "the order it is answered with")
    else:
        equal((again.outcome, again.reason), (Outcome.REJECTED, Reason.DUPLICATE_CLIENT_ORDER_ID), "again")
    equal(len(desk.log.of("twice")), 1, "orders in the log")


@DUPLICATES.scenario()
async def the_id_of_an_open_order_with_other_terms_is_refused(desk: Desk) -> None:
    """Never taken for the order that is there."""
    await desk.rests(desk.limit("taken"))
    again = await desk.place(desk.limit("taken", quantity="0.020"))
    equal((again.outcome, again.reason), (Outcome.REJECTED, Reason.DUPLICATE_CLIENT_ORDER_ID), "again")
    equal(desk.log.one("taken").quantity, D("0.010"), "log")


@DUPLICATES.scenario()
async def the_same_order_sent_many_times_at_once_is_one_order(desk: Desk) -> None:
    """Whichever comes first."""
    results = await asyncio.gather(*(desk.place(desk.limit("crowd")) for _ in range(8)))
    demand(any(result.outcome is Outcome.ACCEPTED for result in results), results)
    equal(len(desk.log.of("crowd")), 1, "orders in the log")
    equal(len((await desk.account()).open_orders), 1, "open orders")


@DUPLICATES.scenario(Offer.NEVER_ACCEPTS_ID_TWICE)
async def the_id_of_an_order_that_is_over_is_refused(desk: Desk) -> None:
    """An id is good for one order for ever."""
    await desk.rests(desk.limit("spent"))
    await desk.cancelled("spent")
    again = await desk.place(desk.limit("spent"))
    equal((again.outcome, again.reason), (Outcome.REJECTED, Reason.DUPLICATE_CLIENT_ORDER_ID), "again")
    equal(desk.log.one("spent").state, "cancelled", "log")


@DUPLICATES.scenario(Offer.NEVER_ACCEPTS_ID_TWICE)
async def a_used_id_is_remembered_over_a_restart(desk: Desk) -> None:
    """That is what makes sending again safe."""
    await desk.rests(desk.limit("kept"))
    await desk.cancelled("kept")
    await desk.bench.stop()
    await desk.bench.start()
    again = await desk.place(desk.limit("kept"))
    equal((again.outcome, again.reason), (Outcome.REJECTED, Reason.DUPLICATE_CLIENT_ORDER_ID), "again")
    equal(len(desk.log.of("kept")), 1, "orders in the log")


@DUPLICATES.scenario(Offer.ID_IS_FREE_AGAIN)
async def the_id_of_an_order_that_is_over_makes_a_new_one(desk: Desk) -> None:
    """Which is why such a venue's port must never send twice; a query tells the latest order."""
    first = await desk.accepted(desk.limit("reused"))
    await desk.cancelled("reused")
    second = await desk.accepted(desk.limit("reused", quantity="0.020"))
    demand(first != second, "both have one venue order id")
    found = await desk.there("reused")
    equal((found.venue_order_id, found.quantity), (second, D("0.020")), "query")
    equal([order.state for order in desk.log.of("reused")], ["cancelled", "working"], "log")


@DUPLICATES.scenario(Offer.ID_IS_FREE_AGAIN, Offer.STOPS)
async def a_stop_and_an_order_do_not_share_an_open_id(desk: Desk) -> None:
    """Although the venue keeps them apart."""
    await desk.rests(desk.stop("shared", "49000.0"))
    again = await desk.place(desk.limit("shared"))
    demand(again.outcome is not Outcome.ACCEPTED, again)
    equal(len(desk.log.of("shared")), 1, "orders in the log")
