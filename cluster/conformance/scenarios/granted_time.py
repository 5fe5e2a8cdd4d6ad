"""Venues whose time stands still until it is granted."""

from __future__ import annotations

from actors.venues.port import ReplayVenue
from cluster.conformance.bench import Offer
from cluster.conformance.desk import Desk
from cluster.conformance.scenario import Group, demand, equal
from messages.orders import OrderState

GRANTED_TIME = Group("granted time")

_SECOND = 1_000_000_000


def _replay(desk: Desk) -> ReplayVenue:
    port = desk.port
    assert isinstance(port, ReplayVenue), "the port can't be granted time"
    return port


@GRANTED_TIME.scenario(Offer.GRANTED_TIME)
async def nothing_happens_before_its_time(desk: Desk) -> None:
    """An order is taken, but does nothing until time goes on."""
    venue = _replay(desk)
    before = await venue.clock()
    await desk.accepted(desk.market("waiting"))
    clock = await venue.clock()
    equal((clock.time, clock.sequence), (before.time, before.sequence), "clock")
    demand(clock.next_time is not None and clock.next_time > clock.time, clock)
    equal(desk.log.one("waiting").filled, 0, "filled in the log")
    await desk.becomes("waiting", OrderState.FILLED)


@GRANTED_TIME.scenario(Offer.GRANTED_TIME)
async def an_earlier_time_changes_nothing(desk: Desk) -> None:
    """So that a grant may be repeated."""
    venue = _replay(desk)
    await desk.buy_position()
    clock = await venue.clock()
    equal(await venue.advance(clock.time - _SECOND), clock.sequence, "sequence")
    equal(await venue.advance(clock.time), clock.sequence, "sequence")
    equal(await venue.clock(), clock, "clock")
    equal(desk.log.one("opening").state, "filled", "log")


@GRANTED_TIME.scenario(Offer.GRANTED_TIME)
async def a_grant_tells_the_last_event_that_is_known(desk: Desk) -> None:
    """Whoever waits for it has all."""
    venue = _replay(desk)
    await desk.accepted(desk.limit("one"))
    await desk.accepted(desk.limit("two"))
    clock = await venue.clock()
    last = await venue.advance(clock.time + _SECOND)
    equal(last, clock.sequence + 2, "sequence")
    await desk.until(lambda: desk.ear.last == last, "the last event")
    equal([order.state for order in desk.log.orders], ["working", "working"], "log")


@GRANTED_TIME.scenario(Offer.GRANTED_TIME)
async def time_stays_where_it_was_over_a_restart(desk: Desk) -> None:
    """And goes on from there."""
    venue = _replay(desk)
    await desk.buy_position()
    clock = await venue.clock()
    await desk.bench.stop()
    await desk.bench.start()
    equal(await venue.clock(), clock, "clock")
    await desk.rests(desk.limit("after"))
    equal([order.state for order in desk.log.orders], ["filled", "working"], "log")
