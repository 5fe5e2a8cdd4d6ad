"""The public stream against a scripted venue: what it is told, what breaks, and how it is whole again."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

import pytest
from websockets import ConnectionClosedOK

from actors.venues.market_port import Subscription
from messages.errors import ConfigurationError, VenueConnectionError
from messages.market import TickKind
from tests.actors.venues.binance_usdm.market_server import (
    LISTINGS,
    START_MS,
    Sink,
    adapter,
    book,
    depth,
    kline,
    quote,
    scripted,
    streaming,
    trade,
)

pytestmark = pytest.mark.integration

MS = 1_000_000
BTC, ETH = LISTINGS
QUOTES = [Subscription(BTC, "BTCUSDT", trades=False)]
TRADES = [Subscription(BTC, "BTCUSDT", quotes=False)]
DEPTH = [Subscription(BTC, "BTCUSDT", quotes=False, trades=False, depth=True)]


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(work)


def test_quotes_trades_and_bars_become_rows_and_each_path_has_its_own_connection() -> None:
    async def work() -> None:
        sink = Sink()
        async with scripted() as venue:
            port = adapter(venue)
            wanted = [
                Subscription(BTC, "BTCUSDT", bar_ns=60_000_000_000),
                Subscription(ETH, "ETHUSDT", trades=False),
            ]
            async with streaming(port, wanted, sink):
                await venue.until(lambda: len(sink.notes) == 2)
                assert {client.path: client.streams for client in venue.clients} == {
                    "public": {"btcusdt@bookTicker", "ethusdt@bookTicker"},
                    "market": {"btcusdt@aggTrade", "btcusdt@kline_1m"},
                }
                await venue.tell("btcusdt@bookTicker", quote(1))
                await venue.tell("ethusdt@bookTicker", quote(2, "0", "0", "ETHUSDT") | {"B": "0", "A": "0"})
                await venue.until(lambda: len(sink.rows) == 2)
                await venue.tell("btcusdt@aggTrade", trade(7, buyer_is_maker=True))
                await venue.tell("btcusdt@kline_1m", kline(START_MS, closed=False))
                await venue.tell("btcusdt@kline_1m", kline(START_MS, closed=True))
                await venue.tell("btcusdt@kline_1m", kline(START_MS, closed=True))
                await venue.tell("btcusdt@aggTrade", trade(8))
                await venue.until(lambda: len(sink.rows) == 5)
                health = port.health()
        assert sorted(sink.notes) == [("restored", (BTC,)), ("restored", (ETH,))]
        first, empty, sell, bar, buy = sink.rows
        assert first[:7] == (BTC, TickKind.QUOTE, (START_MS + 1) * MS, 100.1, 2.5, 100.2, 3.5)
        assert empty[:3] == (ETH, TickKind.QUOTE, (START_MS + 2) * MS)
        assert all(map(math.isnan, empty[3:]))
        assert sell[:6] == (BTC, TickKind.TRADE, (START_MS + 7) * MS, 100.2, 0.5, -1.0)
        assert bar == (BTC, TickKind.BAR, (START_MS + 60_000) * MS, 1.0, 2.5, 0.5, 2.0, 10.0)
        assert buy[5] == 1.0
        assert (health.connections, health.connected, health.reconnects) == (2, 2, 0)

    run(work())


def test_commands_are_small_and_paced_and_connections_carry_no_more_than_they_may() -> None:
    async def work() -> None:
        listings = {f"C{number}-USDT-PERP": f"C{number}USDT" for number in range(25)}
        wanted = [Subscription(symbol, listing, trades=False) for symbol, listing in listings.items()]
        sink = Sink()
        async with scripted() as venue:
            port = adapter(
                venue, listings, streams_per_connection=10, streams_per_command=4, commands_per_s=20.0
            )
            began = asyncio.get_running_loop().time()
            async with streaming(port, wanted, sink):
                await venue.until(lambda: len(sink.notes) == 3)
                clients = sorted(venue.clients, key=lambda client: len(client.streams))
                assert [len(client.streams) for client in clients] == [5, 10, 10]
                for client in clients:
                    times = [time for time, _ in client.commands]
                    assert all(len(command["params"]) <= 4 for _, command in client.commands)
                    # a command may be heard late, even together with the next, but never before its time
                    assert all(time - began >= 0.045 * before for before, time in enumerate(times))

    run(work())


def test_a_dropped_connection_is_told_and_opened_again_and_ids_may_begin_anew() -> None:
    async def work() -> None:
        sink = Sink()
        async with scripted() as venue:
            port = adapter(venue)
            async with streaming(port, QUOTES, sink):
                await venue.until(lambda: sink.notes)
                await venue.tell("btcusdt@bookTicker", quote(50))
                await venue.tell("btcusdt@bookTicker", quote(49))
                await venue.tell("btcusdt@bookTicker", quote(51))
                await venue.until(lambda: len(sink.rows) == 2)
                await venue.drop()
                await venue.until(lambda: len(sink.notes) == 3)
                await venue.tell("btcusdt@bookTicker", quote(3))
                await venue.until(lambda: len(sink.rows) == 3)
                assert port.health().reconnects == 1
        assert [note for note, _ in sink.notes] == ["restored", "interrupted", "restored"]
        assert [row[2] // MS - START_MS for row in sink.rows] == [50, 51, 3]

    run(work())


def test_a_venue_that_refuses_is_tried_again_with_pauses_until_it_serves_and_the_storm_is_seen() -> None:
    async def work() -> None:
        sink = Sink()
        async with scripted() as venue:
            venue.refusing = True
            port = adapter(venue)
            async with streaming(port, QUOTES, sink):
                await venue.until(lambda: venue.opened >= 7)
                assert port.health().storm
                assert port.health().connected == 0
                assert "ConnectionClosed" in port.health().detail
                venue.refusing = False
                await venue.until(lambda: sink.notes)
        assert sink.notes == [("restored", (BTC,))]

    run(work())


@pytest.mark.parametrize("silent", ["from the start", "later"])
def test_a_silent_connection_is_replaced(silent: str) -> None:
    async def work() -> None:
        sink = Sink()
        async with scripted() as venue:
            venue.mute = silent == "from the start"
            port = adapter(venue, idle_s=0.1, answer_s=0.1)
            async with streaming(port, QUOTES, sink):
                await venue.until(lambda: venue.opened >= 2)
                venue.mute = False
                await venue.until(lambda: ("restored", (BTC,)) in sink.notes)
                assert port.health().reconnects >= 1

    run(work())


def test_a_frame_that_makes_no_sense_ends_the_connection_not_the_stream() -> None:
    async def work() -> None:
        sink = Sink()
        async with scripted() as venue, streaming(adapter(venue), QUOTES, sink):
            await venue.until(lambda: sink.notes)
            await venue.tell("btcusdt@bookTicker", quote(1) | {"b": "cheap"})
            await venue.until(lambda: len(sink.notes) == 3)
            await venue.tell("btcusdt@bookTicker", {"e": "somethingNew", "s": "BTCUSDT"})
            await venue.tell("btcusdt@bookTicker", quote(2))
            await venue.until(lambda: sink.rows)
        assert [note for note, _ in sink.notes] == ["restored", "interrupted", "restored"]

    run(work())


@pytest.mark.parametrize("cause", ["age", "announced"])
def test_a_connection_is_replaced_before_it_ends_and_nothing_is_missed_repeated_or_reordered(
    cause: str,
) -> None:
    async def work() -> None:
        sink = Sink()
        async with scripted() as venue:
            port = adapter(venue, renew_s=0.3 if cause == "age" else 3600.0, overlap_s=0.1)
            async with streaming(port, TRADES, sink):
                await venue.until(lambda: sink.notes)
                number = 0
                while venue.opened < 3 or len(sink.rows) < 200:
                    number += 1
                    for client in venue.listeners("btcusdt@aggTrade"):
                        with suppress(ConnectionClosedOK):  # it was replaced while another was told
                            await venue.tell("btcusdt@aggTrade", trade(number), only=client)
                    if cause == "announced" and number in (50, 100):
                        await venue.clients[0].connection.send('{"e":"serverShutdown","E":1}')
                    await asyncio.sleep(0.002)
                await venue.until(lambda: len(sink.rows) == number)
                health = port.health()
        assert [row[2] // MS - START_MS for row in sink.rows] == list(range(1, number + 1))
        assert sink.notes == [("restored", (BTC,))]
        assert (health.reconnects, health.missed_trades) == (0, 0)

    run(work())


def test_trades_that_ids_say_were_missed_are_counted() -> None:
    async def work() -> None:
        sink = Sink()
        async with scripted() as venue:
            port = adapter(venue)
            async with streaming(port, TRADES, sink):
                await venue.until(lambda: sink.notes)
                for number in (5, 6, 6, 9):
                    await venue.tell("btcusdt@aggTrade", trade(number))
                await venue.until(lambda: len(sink.rows) == 3)
                assert port.health().missed_trades == 2

    run(work())


# ---------------------------------------------------------------------- books


def test_a_book_begins_with_a_snapshot_follows_the_changes_and_heals_a_gap() -> None:
    async def work() -> None:
        sink = Sink()
        async with scripted() as venue:
            stream = "btcusdt@depth@100ms"
            books = [
                book(90, [["99", "1"]], [["101", "1"]]),  # older than the first change that is kept
                book(112, [["100", "1"], ["99", "2"]], [["101", "1"]]),
                book(200, [["98", "7"]], [["103", "7"]]),
            ]
            asked = asyncio.Event()

            async def answer(parameters: Any) -> Any:
                asked.set()
                await venue.until(lambda: len(told) >= 2)
                return books.pop(0)

            told: list[int] = []
            venue.answers["/fapi/v1/depth"] = answer
            port = adapter(venue)
            async with streaming(port, DEPTH, sink):
                await asked.wait()
                assert sink.notes == []
                for update in (
                    depth(101, 110, 100, [["97", "9"]]),
                    depth(111, 115, 110, [["99", "0"], ["98", "5"]]),
                ):
                    await venue.tell(stream, update)
                    told.append(1)
                await venue.until(lambda: sink.notes)
                await venue.tell(stream, depth(116, 120, 115, [], [["101", "0"], ["102", "4"]]))
                await venue.until(lambda: sink.book[1] == {102.0: 4.0})
                assert sink.book[0] == {100.0: 1.0, 98.0: 5.0}
                await venue.tell(stream, depth(190, 199, 189, [["1", "1"]]))
                await venue.until(lambda: len(sink.notes) == 3)
                await venue.tell(stream, depth(201, 205, 199, [["98", "8"]]))
                await venue.until(lambda: sink.book == ({98.0: 8.0}, {103.0: 7.0}))
                assert port.health().gaps == 1
        assert [note for note, _ in sink.notes] == ["restored", "interrupted", "restored"]
        assert books == []
        assert venue.asked[0] == ("/fapi/v1/depth", {"symbol": "BTCUSDT", "limit": 1000}, 20)

    run(work())


def test_books_are_fetched_few_at_a_time_and_again_when_there_is_no_answer() -> None:
    async def work() -> None:
        listings = {f"C{number}-USDT-PERP": f"C{number}USDT" for number in range(8)}
        wanted = [
            Subscription(symbol, listing, quotes=False, trades=False, depth=True)
            for symbol, listing in listings.items()
        ]
        at_once: list[int] = []
        under_way = failures = 0

        async def answer(parameters: Any) -> Any:
            nonlocal under_way, failures
            under_way += 1
            at_once.append(under_way)
            await asyncio.sleep(0.01)
            under_way -= 1
            if failures < 3:
                failures += 1
                raise VenueConnectionError("try later")
            return book(1, [["1", "1"]], [["2", "1"]])

        sink = Sink()
        async with scripted() as venue:
            venue.answers["/fapi/v1/depth"] = answer
            async with streaming(adapter(venue, listings), wanted, sink):
                await venue.until(lambda: len(sink.notes) == 8)
        assert max(at_once) == 2
        assert len(at_once) == 11

    run(work())


def test_a_book_that_was_lost_with_its_connection_is_fetched_again() -> None:
    async def work() -> None:
        sink = Sink()
        async with scripted() as venue:
            fetched: list[int] = []

            def answer(parameters: Any) -> Any:
                fetched.append(1)
                return book(100 * len(fetched), [["99", str(len(fetched))]], [["101", "1"]])

            venue.answers["/fapi/v1/depth"] = answer
            async with streaming(adapter(venue), DEPTH, sink):
                await venue.until(lambda: sink.notes)
                await venue.drop()
                await venue.until(lambda: len(sink.notes) == 3)
        assert sink.book == ({99.0: 2.0}, {101.0: 1.0})
        assert [note for note, _ in sink.notes] == ["restored", "interrupted", "restored"]

    run(work())


# ---------------------------------------------------------------------- errors


def test_what_the_venue_does_not_stream_is_refused_at_once() -> None:
    async def work() -> None:
        async with scripted() as venue:
            with pytest.raises(ConfigurationError, match="no bars of this length"):
                await adapter(venue).stream([Subscription(BTC, "BTCUSDT", bar_ns=7)], Sink())
            with pytest.raises(ConfigurationError, match="subscribed twice"):
                await adapter(venue).stream([*QUOTES, *TRADES], Sink())

    run(work())


def test_a_defect_of_the_sink_ends_the_stream() -> None:
    class Broken(Sink):
        def tick(self, symbol: str, kind: int, event_time: int, *values: float) -> None:
            raise ZeroDivisionError

    async def work() -> None:
        sink = Broken()
        async with scripted() as venue:
            task = asyncio.create_task(adapter(venue).stream(QUOTES, sink))
            await venue.until(lambda: sink.notes)
            await venue.tell("btcusdt@bookTicker", quote(1))
            with pytest.raises(ExceptionGroup) as error:
                await asyncio.wait_for(task, 5)
            assert error.group_contains(ZeroDivisionError)

    run(work())


def test_closing_ends_a_running_stream() -> None:
    async def work() -> None:
        sink = Sink()
        async with scripted() as venue:
            port = adapter(venue)
            task = asyncio.create_task(port.stream(QUOTES, sink))
            await venue.until(lambda: sink.notes)
            await port.close()
            assert task.cancelled()
            await port.close()
            await venue.until(lambda: not venue.clients)

    run(work())
