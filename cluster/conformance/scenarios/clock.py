"""The venue's clock and ours."""

from __future__ import annotations

from cluster.conformance.bench import Offer, Trouble, Tuning
from cluster.conformance.desk import Desk
from cluster.conformance.scenario import Group, Run, demand, equal
from messages.reasons import Reason
from messages.venue import Outcome

CLOCK = Group("clock")

_SECOND = 1_000_000_000


@CLOCK.scenario()
async def the_venues_time_is_told(desk: Desk) -> None:
    """It goes forward, and is near the desk's here."""
    first = await desk.port.server_time()
    await desk.settle(0.05)
    second = await desk.port.server_time()
    demand(first < second, f"{first}, then {second}")
    demand(abs(second - desk.bench.now()) < 2 * _SECOND, f"{second} at {desk.bench.now()}")


def _off_from_the_start(ahead_s: float) -> Run:
    async def run(desk: Desk) -> None:
        offset = desk.port.health().clock_offset_ns
        demand(offset is not None, "no offset is known")
        demand(abs((offset or 0) - ahead_s * _SECOND) < 0.3 * _SECOND, f"the offset is {offset}")
        await desk.rests(desk.limit("shifted"))
        equal(desk.log.one("shifted").state, "working", "log")

    return run


CLOCK.add(
    "a venue that is ahead is served in its own time",
    _off_from_the_start(5.0),
    Offer.TIME_STAMPS,
    tuning=Tuning(clock_ahead_s=5.0),
)
CLOCK.add(
    "a venue that is behind is served in its own time",
    _off_from_the_start(-5.0),
    Offer.TIME_STAMPS,
    tuning=Tuning(clock_ahead_s=-5.0),
)


def _jumps(ahead_s: float) -> Run:
    async def run(desk: Desk) -> None:
        await desk.rests(desk.limit("before"))
        await desk.bench.set_clock(ahead_s)
        result = await desk.place(desk.limit("refused"))
        equal((result.outcome, result.reason), (Outcome.NOT_SENT, Reason.CLOCK_SKEW), "at once")
        await desk.rests(desk.limit("after"))
        equal([order.client_order_id for order in desk.log.orders], ["before", "after"], "log")

    return run


CLOCK.add("a jump ahead is noticed and learned", _jumps(8.0), Offer.TIME_STAMPS)
CLOCK.add("a jump back is noticed and learned", _jumps(-8.0), Offer.TIME_STAMPS)


@CLOCK.scenario(Offer.TIME_STAMPS)
async def a_time_stamp_called_too_old_is_not_done_and_learned_from(desk: Desk) -> None:
    """The next order goes."""
    await desk.strike(Trouble.STALE_STAMP)
    result = await desk.place(desk.limit("old"))
    equal((result.outcome, result.reason), (Outcome.NOT_SENT, Reason.CLOCK_SKEW), "place")
    await desk.rests(desk.limit("fresh"))
    equal([order.client_order_id for order in desk.log.orders], ["fresh"], "log")


@CLOCK.scenario(Offer.TIME_STAMPS)
async def beyond_the_bound_no_order_is_sent(desk: Desk) -> None:
    """A clock that far off means that something is wrong; cancels and questions still go."""
    await desk.rests(desk.limit("open"))
    await desk.bench.set_clock(60.0)
    await desk.place(desk.limit("first"))  # here it is noticed
    before = desk.bench.statuses()
    result = await desk.place(desk.limit("second"))
    equal((result.outcome, result.reason), (Outcome.NOT_SENT, Reason.CLOCK_SKEW), "place")
    equal(desk.bench.statuses(), before, "requests the venue saw")
    await desk.cancelled("open")
    equal([order.client_order_id for order in desk.log.orders], ["open"], "log")
