"""The relay: one stream for many clients, each as fast as it can, and each connected again by itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from actors.venues.market_port import Subscription
from cluster.feeds.live.relay import RelayClientQueue, RelayService, RelaySettings
from cluster.feeds.live.relay_client import RelayClient
from cluster.feeds.live.relay_wire import VERSION, Hello, decode_from_relay, framed, read_frame
from cluster.feeds.live.sources import relay_socket, uses_relay
from messages.errors import ConfigurationError
from messages.market import TickKind
from tests.actors.venues.binance_usdm.market_server import Sink
from tests.cluster.feeds.live.market import ByHand, until

pytestmark = pytest.mark.integration

Q, T = TickKind.QUOTE, TickKind.TRADE
X, Y = Subscription("X", "XUSDT"), Subscription("Y", "YUSDT")


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(work)


@asynccontextmanager
async def relayed(folder: Path, market: ByHand, **settings: Any) -> AsyncIterator[RelayService]:
    made = RelaySettings(**{"socket": folder / "relay.sock", "heartbeat_s": 0.02} | settings)
    service = RelayService(market, [X, Y], made)
    task = asyncio.create_task(service.run())
    await asyncio.wait({task, asyncio.create_task(service.ready.wait())}, return_when=asyncio.FIRST_COMPLETED)
    await market.streaming.wait()
    try:
        yield service
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def client(
    folder: Path, sink: Sink, *wanted: Subscription, **settings: Any
) -> AsyncIterator[RelayClient]:
    made = RelayClient(
        folder / "relay.sock", **{"shortest_pause_s": 0.01, "longest_pause_s": 0.05} | settings
    )
    task = asyncio.create_task(made.stream(wanted, sink))
    try:
        yield made
    finally:
        task.cancel()
        for result in await asyncio.gather(task, return_exceptions=True):
            if isinstance(result, Exception):
                raise result


def test_each_client_hears_what_it_wants_in_order_and_first_what_is_known(tmp_path: Path) -> None:
    async def work() -> None:
        market, first, second = ByHand(), Sink(), Sink()
        async with relayed(tmp_path, market) as relay:
            assert market.sink is not None
            market.sink.restored(["X"])
            market.quote("X", 1)
            async with (
                client(tmp_path, first, X, Y) as port,
                client(tmp_path, second, Subscription("Y", "YUSDT", trades=False)),
            ):
                await until(lambda: relay.clients == 2 and first.rows)
                await until(lambda: port.health().reconnects == 3)
                market.sink.restored(["Y"])
                market.quote("Y", 2)
                market.tell("Y", T, 3, 100.0, 0.5, 1.0)
                market.sink.interrupted(["Y"], "gone")
                market.quote("Y", 4)
                await until(lambda: len(first.rows) == 4 and len(second.rows) == 2)
                health = port.health()
        assert [(row[0], row[1], row[2]) for row in first.rows] == [
            ("X", Q, 1),
            ("Y", Q, 2),
            ("Y", T, 3),
            ("Y", Q, 4),
        ]
        assert first.rows[0][3:7] == (99.0, 1.0, 101.0, 2.0)
        assert [row[2] for row in second.rows] == [2, 4]
        assert first.notes == [("restored", ("X",)), ("restored", ("Y",)), ("interrupted", ("Y",))]
        assert second.notes == [("restored", ("Y",)), ("interrupted", ("Y",))]
        assert (health.connected, health.reconnects, health.shed) == (1, 3, 0)

    run(work())


def test_a_relay_that_goes_is_told_and_its_successor_is_found(tmp_path: Path) -> None:
    async def work() -> None:
        sink = Sink()
        async with client(tmp_path, sink, X) as port:
            for number in (1, 2):
                market = ByHand()
                async with relayed(tmp_path, market):
                    assert market.sink is not None
                    market.sink.restored(["X"])
                    market.quote("X", number)
                    await until(lambda number=number: len(sink.rows) == number)
                await until(lambda number=number: len(sink.notes) == 2 * number)
            assert port.health().connected == 0
            assert "relay" in port.health().detail
        assert [note for note, _ in sink.notes] == ["restored", "interrupted"] * 2

    run(work())


def test_a_relay_that_gives_no_sign_of_life_is_left(tmp_path: Path) -> None:
    async def work() -> None:
        market, sink = ByHand(), Sink()
        async with (
            relayed(tmp_path, market, heartbeat_s=60.0),
            client(tmp_path, sink, X, idle_s=0.05) as port,
        ):
            await until(lambda: port.health().reconnects >= 2 and "TimeoutError" in port.health().detail)

    run(work())


def test_a_relay_that_is_told_to_go_as_a_row_comes_goes(tmp_path: Path) -> None:
    # whatever lies between the row and the word to go: a client's task that loses the word would serve for ever
    async def work(turns: int) -> None:
        market, sink = ByHand(), Sink()
        service = RelayService(market, [X, Y], RelaySettings(socket=tmp_path / "relay.sock", heartbeat_s=30))
        task = asyncio.create_task(service.run())
        await service.ready.wait()
        async with client(tmp_path, sink, X):
            await until(lambda: service.clients)
            await market.streaming.wait()
            await asyncio.sleep(0.05)  # the client is admitted, and its task waits for a row
            market.quote("X", 1)
            for _ in range(turns):
                await asyncio.sleep(0)
            task.cancel()
            ended, _ = await asyncio.wait({task}, timeout=30)
            for serving in service._serving:
                serving.cancel()
        assert ended, f"cancelled {turns} turns after a row"

    for turns in range(6):
        run(work(turns))


async def _slow(folder: Path) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A client that says hello and then takes nothing."""
    reader, writer = await asyncio.open_unix_connection(str(folder / "relay.sock"), limit=1024)
    writer.write(framed(Hello(VERSION, ("X",), (True,))))
    return reader, writer


def test_a_slow_client_is_conflated_and_delays_nobody(tmp_path: Path) -> None:
    async def work() -> None:
        market, fast = ByHand(), Sink()
        total, every = 40_000, 1_000
        async with (
            relayed(tmp_path, market, capacity=100, batch=500) as relay,
            client(tmp_path, fast, X) as port,
        ):
            reader, writer = await _slow(tmp_path)
            await until(lambda: relay.clients == 2)
            await asyncio.sleep(0.05)
            for number in range(1, total + 1):
                market.quote("X", number)
                if number % every == 0:
                    market.tell("X", T, number, 100.0, 1.0, 1.0)
                if number % 20 == 0:
                    await asyncio.sleep(0)
            await until(lambda: fast.rows and fast.rows[-1][2] == total)
            kept, shed = await _drained(reader, total)
            writer.close()
            assert port.health().shed + len(fast.rows) == total + total // every
        trades = [time for kind, time in kept if kind == T]
        assert trades == list(range(every, total + 1, every))
        assert [time for _, time in kept] == sorted(time for _, time in kept)
        assert kept[-1] == (T, total)
        assert kept[-2] == (Q, total)
        assert shed > total // 4
        assert len(kept) + shed == total + total // every

    run(work())


async def _drained(reader: asyncio.StreamReader, last: int) -> tuple[list[tuple[int, int]], int]:
    """What a client that was slow finds when it goes on: rows as (kind, time), and how many were let go."""
    kept: list[tuple[int, int]] = []
    shed = 0
    await read_frame(reader)  # the welcome
    while not kept or kept[-1] != (T, last):
        batch: Any = decode_from_relay(await read_frame(reader))
        kept += [(row[1], row[2]) for row in batch.rows]
        shed = batch.shed
    return kept, shed


def test_a_client_that_takes_nothing_is_let_go(tmp_path: Path) -> None:
    async def work() -> None:
        market = ByHand()
        async with relayed(tmp_path, market, patience_s=0.1) as relay:
            _, writer = await _slow(tmp_path)
            await until(lambda: relay.clients == 1)
            await asyncio.sleep(0.05)
            for number in range(30_000):
                market.tell("X", T, number, 100.0, 1.0, 1.0)
            await until(lambda: relay.clients == 0)
            writer.close()

    run(work())


@pytest.mark.parametrize(
    ("wanted", "match"),
    [
        (Subscription("Z", "ZUSDT"), "does not have Z"),
        (Subscription("X", "XUSDT", depth=True), "no book"),
        (Subscription("X", "XUSDT", bar_ns=60_000_000_000), "no bars"),
    ],
)
def test_what_a_relay_does_not_have_is_refused(tmp_path: Path, wanted: Subscription, match: str) -> None:
    async def work() -> None:
        async with relayed(tmp_path, ByHand()):
            with pytest.raises(ConfigurationError, match=match):
                await RelayClient(tmp_path / "relay.sock").stream([wanted], Sink())

    run(work())


def test_a_relay_is_not_made_for_books(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no book") as caught:
        RelayService(
            ByHand(), [Subscription("X", "XUSDT", depth=True)], RelaySettings(socket=tmp_path / "relay.sock")
        )
    assert caught.value.field == "subscriptions.X.depth"
    assert "relay_above" in str(caught.value)


def test_strangers_are_shown_the_door(tmp_path: Path) -> None:
    async def work() -> None:
        async with relayed(tmp_path, ByHand(), hello_s=0.05) as relay:
            for said in (b"GET / HTTP/1.1\r\n\r\n", framed(Hello(VERSION + 1, (), ())), b""):
                reader, writer = await asyncio.open_unix_connection(str(tmp_path / "relay.sock"))
                writer.write(said)
                await asyncio.wait_for(reader.read(), 30)
                writer.close()
            await until(lambda: relay.clients == 0)
            assert (tmp_path / "relay.sock").stat().st_mode & 0o777 == 0o600

    run(work())


def test_conflation_keeps_the_last_quote_of_each_symbol_in_its_place() -> None:
    queue = RelayClientQueue(4)
    rows: Sequence[Any] = [(0, Q, 1), (1, Q, 2), (0, T, 3), (0, Q, 4), (1, T, 5)]
    for row in rows:
        queue.push((*row, 0.0, 0.0, 0.0, 0.0, 0.0))
    assert [row[:3] for row in queue.take(10)] == [(1, Q, 2), (0, T, 3), (0, Q, 4), (1, T, 5)]
    assert queue.shed == 1


def test_direct_or_relayed_is_decided_by_the_number_of_symbols(tmp_path: Path) -> None:
    assert [uses_relay(number, relay_above=20) for number in (1, 20, 21)] == [False, False, True]
    assert uses_relay(1, relay_above=0)
    assert relay_socket(tmp_path, "binance") == tmp_path / "relay-binance.sock"
    with pytest.raises(ConfigurationError, match="too long"):
        RelaySettings(socket=Path("/" + "x" * 120))
