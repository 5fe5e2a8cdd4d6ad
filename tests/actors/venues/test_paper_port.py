"""The adapter to the paper venue against a real one: orders, questions, the stream."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from actors.venues.paper import PaperPort
from actors.venues.port import ReplayVenue, VenuePort
from messages.errors import ReconciliationError, VenueConnectionError
from messages.intents import OrderType, PositionLeg, Side
from messages.orders import Liquidity, OrderState
from messages.reasons import Reason
from messages.venue import CancelOrder, Outcome, PlaceOrder, QueryFills, QueryOrder
from messages.venue_account import ListingStatus, QueryAccount, QueryInstruments
from messages.venue_stream import VenueEvent
from tests.actors.venues.paper_orders import PATIENT, bid, hear, market, port_to, run
from tests.cluster.paper.building import SECOND, START, Server, served, settings_of

pytestmark = pytest.mark.integration


def test_the_adapter_fulfils_the_port(tmp_path: Path) -> None:
    async def work() -> None:
        async with port_to(tmp_path) as port:
            as_venue: VenuePort = port
            assert isinstance(port, ReplayVenue)
            assert as_venue.venue == "paper"
            assert as_venue.traits.never_accepts_id_twice
            assert as_venue.traits.stream_resumes

    run(work())


def test_an_order_lives_from_placing_to_its_fill(server: Server) -> None:
    async def work() -> None:
        async with port_to(server.folder) as port:
            await port.connect()
            clock = await port.clock()
            placed = await port.place(market("life-1"), clock.time)
            assert (placed.outcome, placed.reason, placed.venue_order_id) == (
                Outcome.ACCEPTED,
                Reason.ACCEPTED,
                "desk:life-1",
            )
            assert (await port.clock()).next_time == clock.time + 5_000_000
            last = await port.advance(clock.time + SECOND)
            assert last == clock.sequence + 2
            working, filled = await hear(port, clock.sequence, 2)
            assert (working.sequence, working.state, working.fill) == (last - 1, OrderState.WORKING, None)
            assert (filled.venue, filled.client_order_id, filled.symbol, filled.side) == (
                "paper",
                "life-1",
                "BTC-USDT",
                Side.BUY,
            )
            assert (filled.state, filled.filled) == (OrderState.FILLED, Decimal("0.01"))
            assert filled.fill is not None
            assert filled.fill.liquidity is Liquidity.TAKER
            notional = filled.fill.price * filled.fill.quantity
            assert filled.fill.fee == (notional * Decimal("0.0004")).quantize(Decimal("1e-8"))
            found = await port.query(QueryOrder("life-1", "BTC-USDT"))
            assert found.order is not None
            assert (found.order.state, found.order.filled) == (OrderState.FILLED, Decimal("0.01"))
            account = await port.account(QueryAccount("paper"))
            assert account.outcome is Outcome.ACCEPTED
            assert account.positions == {"BTC-USDT": Decimal("0.01")}
            assert account.balances == {"USDT": Decimal(1_000_000) - notional - filled.fill.fee}

    run(work())


def test_a_cancel_is_taken_and_its_end_comes_as_an_event(server: Server) -> None:
    async def work() -> None:
        async with port_to(server.folder) as port:
            clock = await port.clock()
            await port.place(bid("cancel-1"), clock.time)
            account = await port.account(QueryAccount("paper"))
            assert [each.client_order_id for each in account.open_orders] == ["cancel-1"]
            for _ in range(2):
                result = await port.cancel(CancelOrder("cancel-1", "BTC-USDT"), clock.time)
                assert result.outcome is Outcome.ACCEPTED
            await port.advance(clock.time + SECOND)
            heard = await hear(port, clock.sequence, 2)
            assert [(each.state, each.reason) for each in heard] == [
                (OrderState.WORKING, Reason.ACCEPTED),
                (OrderState.CANCELLED, Reason.CANCEL_REQUESTED),
            ]
            late = await port.cancel(CancelOrder("cancel-1", "BTC-USDT"), clock.time)
            assert (late.outcome, late.reason) == (Outcome.REJECTED, Reason.UNKNOWN_ORDER)

    run(work())


def test_an_order_the_venue_never_saw_is_absent(server: Server) -> None:
    async def work() -> None:
        async with port_to(server.folder) as port:
            result = await port.query(QueryOrder("never", "BTC-USDT"))
            assert (result.outcome, result.order) == (Outcome.ACCEPTED, None)

    run(work())


@pytest.mark.parametrize(
    ("refused", "reason"),
    [
        (market("bad-1", symbol="X-Y"), Reason.SYMBOL_UNKNOWN),
        (market("bad-2", quantity=Decimal("0.0105")), Reason.LOT_SIZE),
        (bid("bad-3", limit_price=Decimal("1.01")), Reason.TICK_SIZE),
        (bid("bad-4", limit_price=Decimal(900)), Reason.MIN_NOTIONAL),
        (market("bad/5"), Reason.INTENT_MALFORMED),
    ],
)
def test_a_refusal_carries_the_venues_reason(server: Server, refused: PlaceOrder, reason: Reason) -> None:
    async def work() -> None:
        async with port_to(server.folder) as port:
            result = await port.place(refused, START)
            assert (result.outcome, result.reason) == (Outcome.REJECTED, reason)
            assert result.detail

    run(work())


def test_the_same_id_again_is_refused_as_a_duplicate(server: Server) -> None:
    async def work() -> None:
        async with port_to(server.folder) as port:
            assert (await port.place(bid("twice-1"), START)).outcome is Outcome.ACCEPTED
            again = await port.place(bid("twice-1"), START)
            assert (again.outcome, again.reason) == (Outcome.REJECTED, Reason.DUPLICATE_CLIENT_ORDER_ID)

    run(work())


def test_the_stream_goes_on_over_cuts_and_repetitions_each_event_once(server: Server) -> None:
    async def work() -> None:
        server.fail(settings={"duplicated_events": 0.5})
        async with port_to(server.folder) as port:
            first = (await port.clock()).sequence
            heard: list[VenueEvent] = []
            listener = port.events(first)
            for number in range(4):
                now = (await port.clock()).time
                await port.place(market(f"cut-{number}"), now)
                last = await port.advance(now + SECOND)
                async for event in listener:
                    heard.append(event)
                    if event.sequence == last:
                        break
                server.fail(disconnect_streams=True)
            assert [each.sequence for each in heard] == list(range(first + 1, last + 1))
            filled = [each.client_order_id for each in heard if each.state is OrderState.FILLED]
            assert filled == [f"cut-{n}" for n in range(4)]
            await listener.aclose()  # type: ignore[attr-defined]
        server.fail(settings={})

    run(work())


def test_a_closed_port_ends_its_stream_and_sends_nothing(server: Server) -> None:
    async def work() -> None:
        port = PaperPort.of_folder("paper", server.folder, timeouts=PATIENT)
        last = (await port.clock()).sequence

        async def listen() -> list[VenueEvent]:
            return [event async for event in port.events(last)]

        listening = asyncio.create_task(listen())
        await asyncio.sleep(0.05)
        await port.close()
        await port.close()
        assert await listening == []
        assert (await port.place(bid("closed-1"), START)).outcome is Outcome.NOT_SENT

    run(work())


def test_a_venue_that_lost_its_history_is_not_listened_to(server: Server) -> None:
    async def work() -> None:
        async with port_to(server.folder) as port:
            with pytest.raises(ReconciliationError, match="lost events"):
                await hear(port, 1_000_000, 1)

    run(work())


@pytest.mark.chaos
def test_orders_and_stream_survive_the_venues_death(tmp_path: Path) -> None:
    async def work(server: Server) -> None:
        async with port_to(server.folder) as port:
            listener = port.events(0)
            opening = START + SECOND
            await port.advance(opening)
            await port.place(market("a"), opening)
            last = await port.advance(opening + SECOND)
            before = [await anext(listener) for _ in range(last)]
            server.kill()
            assert (await port.place(market("b"), opening)).outcome is not Outcome.ACCEPTED
            await asyncio.to_thread(server.start)
            again = await port.place(market("a"), opening)
            assert (again.outcome, again.reason) == (Outcome.REJECTED, Reason.DUPLICATE_CLIENT_ORDER_ID)
            assert (await port.query(QueryOrder("b", "BTC-USDT"))).order is None
            assert (await port.place(market("b"), opening)).outcome is Outcome.ACCEPTED
            newest = await port.advance(opening + 2 * SECOND)
            after = [await anext(listener) for _ in range(newest - last)]
            await listener.aclose()  # type: ignore[attr-defined]
            assert [each.sequence for each in [*before, *after]] == list(range(1, newest + 1))
            assert {each.client_order_id for each in before} == {"a"}
            assert {each.client_order_id for each in after} == {"b"}
            assert await hear(port, 0, newest) == [*before, *after]

    with served(settings_of(tmp_path / "venue")) as server:
        run(work(server))


def test_many_orders_at_once_share_the_connections(server: Server) -> None:
    async def work() -> None:
        async with port_to(server.folder) as port:
            now = (await port.clock()).time
            results = await asyncio.gather(*(port.place(bid(f"many-{n}"), now) for n in range(100)))
            assert {each.outcome for each in results} == {Outcome.ACCEPTED}
            cancels = await asyncio.gather(
                *(port.cancel(CancelOrder(f"many-{n}", "BTC-USDT"), now) for n in range(100))
            )
            assert {each.outcome for each in cancels} == {Outcome.ACCEPTED}
            last = (await port.clock()).sequence
            assert await port.advance(now + SECOND) - last == 200
            heard = await hear(port, last, 200)
            ended = [each.client_order_id for each in heard if each.state is OrderState.CANCELLED]
            assert list(islice(sorted(ended), 2)) == ["many-0", "many-1"]
            assert len(set(ended)) == 100

    run(work())


def test_fills_are_listed_by_symbol_time_and_order(server: Server) -> None:
    async def work() -> None:
        async with port_to(server.folder) as port:
            time = (await port.clock()).time
            await port.place(market("listed-1"), time)
            await port.advance(time + SECOND)
            await port.place(market("listed-2"), time + SECOND)
            await port.advance(time + 2 * SECOND)
            everything = await port.fills(QueryFills("paper", "BTC-USDT"))
            assert everything.outcome is Outcome.ACCEPTED
            told = [event for event in await hear(port, 0, (await port.clock()).sequence) if event.fill]
            assert [trade.fill for trade in everything.trades] == [event.fill for event in told]
            mine = await port.fills(QueryFills("paper", "BTC-USDT", client_order_id="listed-2"))
            assert [trade.client_order_id for trade in mine.trades] == ["listed-2"]
            by_venue_id = await port.fills(
                QueryFills("paper", "BTC-USDT", venue_order_id=mine.trades[0].venue_order_id)
            )
            assert by_venue_id.trades == mine.trades
            late = await port.fills(QueryFills("paper", "BTC-USDT", since=time + SECOND))
            assert late.trades == mine.trades
            assert (await port.fills(QueryFills("paper", "ETH-USDT"))).trades == ()

    run(work())


def test_rules_clock_and_health_are_told(server: Server) -> None:
    async def work() -> None:
        async with port_to(server.folder) as port:
            asked = await port.instruments(QueryInstruments("paper", ("BTC-USDT", "NO-USDT")))
            assert asked.outcome is Outcome.ACCEPTED
            [told] = asked.instruments
            assert (told.symbol, told.status) == ("BTC-USDT", ListingStatus.TRADING)
            assert (told.base_currency, told.quote_currency) == ("BTC", "USDT")
            [settings] = [
                each for each in settings_of(server.folder).instruments if each.symbol == "BTC-USDT"
            ]
            assert (told.tick, told.lot) == (settings.tick, settings.lot)
            assert await port.server_time() == (await port.clock()).time
            assert port.health().stream_up is None
            await port.place(bid("health-1"), await port.server_time())
            await port.advance(await port.server_time() + SECOND)
            await hear(port, 0, 1)
            assert (port.health().reconnects, port.health().circuit_open_until) == (0, None)

    run(work())


def test_without_the_venue_questions_end_without_an_answer(tmp_path: Path) -> None:
    async def work() -> None:
        async with port_to(tmp_path) as port:
            assert (await port.fills(QueryFills("paper", "BTC-USDT"))).outcome is Outcome.NO_ANSWER
            rules = await port.instruments(QueryInstruments("paper", ("BTC-USDT",)))
            assert rules.outcome is Outcome.NO_ANSWER
            with pytest.raises(VenueConnectionError):
                await port.server_time()

    run(work())


@pytest.mark.parametrize(
    "changes", [{"close_position": True}, {"take_profit": True}, {"leg": PositionLeg.LONG}]
)
def test_what_the_venue_has_no_words_for_is_refused_and_not_sent(
    server: Server, changes: dict[str, Any]
) -> None:
    async def work() -> None:
        async with port_to(server.folder) as port:
            guard = market("wordless", order_type=OrderType.STOP, stop_price=Decimal("30000.0"), **changes)
            result = await port.place(guard, START)
            assert (result.outcome, result.reason) == (Outcome.REJECTED, Reason.NOT_OFFERED)
            assert (await port.query(QueryOrder("wordless", "BTC-USDT"))).order is None

    run(work())


def test_an_order_tells_its_limit_price(server: Server) -> None:
    async def work() -> None:
        async with port_to(server.folder) as port:
            await port.place(bid("priced-1"), START)
            found = (await port.query(QueryOrder("priced-1", "BTC-USDT"))).order
            assert found is not None
            assert found.limit_price == Decimal("30000.0")

    run(work())
