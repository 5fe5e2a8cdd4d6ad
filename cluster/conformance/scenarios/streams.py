"""The private stream: in order, each event once, and no gap that goes unsaid."""

from __future__ import annotations

import asyncio

from cluster.conformance.bench import Offer, StreamTrouble, Tuning
from cluster.conformance.desk import D, Desk
from cluster.conformance.scenario import Group, demand, equal
from messages.errors import VenueConnectionError
from messages.orders import OrderState
from messages.venue_stream import StreamOpened

STREAMS = Group("stream")


def _is_gapless(desk: Desk) -> None:
    equal(desk.ear.sequences, list(range(1, len(desk.ear.heard) + 1)), "sequences")


@STREAMS.scenario()
async def events_come_in_the_order_of_an_orders_life(desk: Desk) -> None:
    """Working before filled, sequences without a gap."""
    await desk.buy_position()
    await desk.rests(desk.limit("life"))
    await desk.cancelled("life")
    equal(
        [event.state for event in desk.ear.of("life")],
        [OrderState.WORKING, OrderState.CANCELLED],
        "states",
    )
    states = [event.state for event in desk.ear.of("opening")]
    equal((states[0], states[-1]), (OrderState.WORKING, OrderState.FILLED), "states of the market order")
    _is_gapless(desk)


@STREAMS.scenario()
async def events_name_order_symbol_and_side(desk: Desk) -> None:
    """As the desk and the venue call them."""
    venue_id = await desk.accepted(desk.limit("named"))
    await desk.becomes("named", OrderState.WORKING)
    (event,) = desk.ear.of("named")
    equal((event.venue, event.venue_order_id), (desk.port.venue, venue_id), "names")
    equal((event.symbol, event.filled, event.fill), (desk.symbol, D(0), None), "event")
    equal(desk.log.one("named").venue_order_id, venue_id, "log")


@STREAMS.scenario()
async def a_cut_stream_comes_back(desk: Desk) -> None:
    """And goes on with what happens next; what cannot be resumed is said."""
    await desk.rests(desk.limit("before"))
    await desk.bench.cut_stream()
    await _came_back(desk, 2)
    await desk.rests(desk.limit("after"))
    _is_gapless(desk)
    if not desk.port.traits.stream_resumes:
        equal(desk.ear.openings, 2, "openings")
    demand(desk.port.health().reconnects >= 1, desk.port.health())


@STREAMS.scenario(Offer.STREAM_RESUMES)
async def what_happens_during_a_cut_is_told_afterwards(desk: Desk) -> None:
    """Resumed by sequence: no event is lost, none comes twice."""
    for name in ("one", "two", "three"):
        await desk.accepted(desk.limit(name))
        await desk.bench.cut_stream()
    for name in ("one", "two", "three"):
        await desk.becomes(name, OrderState.WORKING)
        equal(len(desk.ear.of(name)), 1, f"events of {name}")
    _is_gapless(desk)


@STREAMS.scenario(Offer.STREAM_BEGINS_ANEW)
async def what_happens_during_a_cut_is_found_by_asking(desk: Desk) -> None:
    """The stream says that it begins anew; account and fills tell the rest."""
    await desk.bench.cut_stream()
    await desk.accepted(desk.market("missed"))
    await desk.accepted(desk.limit("open"))
    await desk.opened(2)
    (trade,) = await desk.trades(client_order_id="missed")
    equal(trade.fill.quantity, D("0.010"), "execution")
    account = await desk.account()
    equal([order.client_order_id for order in account.open_orders], ["open"], "open orders")
    equal(account.positions, {desk.symbol: D("0.010")}, "positions")
    equal(desk.log.one("missed").filled, D("0.010"), "log")


@STREAMS.scenario(Offer.STREAM_BEGINS_ANEW)
async def a_stream_that_begins_says_so_first(desk: Desk) -> None:
    """And numbers on from where the reader is."""
    ear = desk.listen(await desk.bench.port_of_another(), after=41)
    await desk.until(lambda: bool(ear.heard), "the first event")
    demand(isinstance(ear.heard[0], StreamOpened), ear.heard[0])
    equal(ear.heard[0].sequence, 42, "its sequence")


@STREAMS.scenario(Offer.STREAM_RESUMES)
async def a_stream_is_taken_up_at_any_sequence(desk: Desk) -> None:
    """The same events under the same numbers."""
    for name in ("one", "two", "three"):
        await desk.rests(desk.limit(name))
    ear = desk.listen(await desk.bench.port_of_another(), after=1)
    await desk.until(lambda: len(ear.heard) == 2, "the two last events")
    equal(ear.heard, desk.ear.heard[1:], "events")


@STREAMS.scenario()
async def an_event_that_comes_twice_is_told_once(desk: Desk) -> None:
    """For whoever counts fills."""
    await desk.bench.shake(StreamTrouble.DUPLICATE)
    await desk.buy_position()
    await desk.rests(desk.limit("once"))
    await desk.cancelled("once")
    await desk.settle(0.05)
    equal(len([event for event in desk.ear.of("opening") if event.fill is not None]), 1, "fills told")
    equal(len(desk.ear.of("once")), 2, "events of the other order")
    _is_gapless(desk)
    equal(len(desk.log.one("opening").fills), 1, "fills in the log")


@STREAMS.scenario()
async def a_restart_of_the_venue_is_bridged_or_said(desk: Desk) -> None:
    """Orders of before are still there, and events go on."""
    await desk.rests(desk.limit("before"))
    await desk.bench.stop()
    await desk.until(lambda: not desk.port.health().stream_up, "the stream is down")
    await desk.bench.start()
    await desk.opened(2)
    await desk.cancelled("before")
    _is_gapless(desk)
    equal(desk.log.one("before").state, "cancelled", "log")


@STREAMS.scenario()
async def closing_the_port_ends_the_stream(desk: Desk) -> None:
    """In order, and again is harmless."""
    port = await desk.bench.port_of_another()
    ear = desk.listen(port)
    await desk.settle(0.05)
    await port.close()
    await port.close()
    await desk.until(lambda: ear.ended, "the end of the stream")
    equal(ear.error, None, "error")


@STREAMS.scenario()
async def wrong_credentials_end_the_stream_with_an_error(desk: Desk) -> None:
    """Not with silence."""
    ear = desk.listen(desk.bench.port_without_access())
    await desk.until(lambda: ear.ended, "the end of the stream")
    demand(isinstance(ear.error, VenueConnectionError), ear.error)


@STREAMS.scenario()
async def several_readers_hear_the_same(desk: Desk) -> None:
    """Of one account."""
    ear = desk.listen(await desk.bench.port_of_another())
    if not desk.port.traits.stream_resumes:
        await desk.until(lambda: ear.openings == 1, "the second stream")
    await desk.rests(desk.limit("heard"))
    await desk.until(lambda: bool(ear.of("heard")), "the event at the other reader")
    equal(ear.of("heard")[0].venue_order_id, desk.ear.of("heard")[0].venue_order_id, "order")


@STREAMS.scenario(Offer.STREAM_KEYS)
async def a_stream_key_that_expires_is_replaced(desk: Desk) -> None:
    """And the interruption is said."""
    await desk.rests(desk.limit("before"))
    await desk.bench.expire_stream_keys()
    await desk.opened(2)
    await desk.rests(desk.limit("after"))
    _is_gapless(desk)


@STREAMS.scenario(Offer.STREAM_KEYS, tuning=Tuning(stream_renewal_s=0.3))
async def a_connection_is_renewed_before_its_day_is_over_without_a_gap(desk: Desk) -> None:
    """Read beside its successor: nothing is lost, nothing comes twice, and nothing begins anew."""
    end = asyncio.get_running_loop().time() + 1.2
    names: list[str] = []
    while asyncio.get_running_loop().time() < end:
        names.append(f"go{chr(97 + len(names) // 20)}{chr(97 + len(names) % 20)}")
        await desk.accepted(desk.limit(names[-1]))
        await desk.cancel(names[-1])
        await desk.settle(0.03)
    for name in names:
        await desk.becomes(name, OrderState.CANCELLED)
        equal(len(desk.ear.of(name)), 2, f"events of {name}")
    equal(desk.ear.openings, 1, "openings")
    _is_gapless(desk)
    equal(len(desk.log.orders), len(names), "orders in the log")


async def _came_back(desk: Desk, times: int) -> None:
    if desk.port.traits.stream_resumes:
        await desk.until(lambda: desk.port.health().reconnects >= times - 1, "a reconnect")
    await desk.opened(times)
