"""Market streams: shapes, cadences, the numbers that let a book be kept, and the rules of the paths."""

from __future__ import annotations

import asyncio
import json
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from cluster.exchange.faults import FaultPlan, FaultSettings
from cluster.exchange.fronts.binance_usdm.context import FrontSettings
from cluster.exchange.fronts.binance_usdm.streams.connection import Connection
from cluster.exchange.fronts.binance_usdm.streams.names import StreamClass, StreamKind, parse_stream
from tests.cluster.exchange.rig import (
    Rig,
    answer_to,
    caught_up,
    hear,
    hear_until,
    is_quiet,
    names_of,
    trying,
)

pytestmark = pytest.mark.integration


@pytest.mark.parametrize(
    ("name", "kind", "cadence", "levels"),
    [
        ("btcusdt@bookTicker", StreamKind.BOOK_TICKER, 0, 0),
        ("!bookTicker", StreamKind.BOOK_TICKER, 0, 0),
        ("btcusdt@depth", StreamKind.DEPTH, 250, 0),
        ("btcusdt@depth@100ms", StreamKind.DEPTH, 100, 0),
        ("btcusdt@depth@500ms", StreamKind.DEPTH, 500, 0),
        ("btcusdt@depth20@100ms", StreamKind.PARTIAL_DEPTH, 100, 20),
        ("btcusdt@depth5", StreamKind.PARTIAL_DEPTH, 250, 5),
        ("btcusdt@aggTrade", StreamKind.AGGREGATE_TRADE, 100, 0),
        ("btcusdt@kline_1m", StreamKind.KLINE, 250, 0),
        ("btcusdt@markPrice", StreamKind.MARK_PRICE, 3_000, 0),
        ("btcusdt@markPrice@1s", StreamKind.MARK_PRICE, 1_000, 0),
        ("!markPrice@arr@1s", StreamKind.MARK_PRICE, 1_000, 0),
    ],
)
def test_names_of_streams(name: str, kind: StreamKind, cadence: int, levels: int) -> None:
    parsed = parse_stream(name)
    assert parsed is not None
    assert (parsed.kind, parsed.cadence, parsed.levels) == (kind, cadence, levels)
    public = kind in (StreamKind.BOOK_TICKER, StreamKind.DEPTH, StreamKind.PARTIAL_DEPTH)
    assert parsed.stream_class is (StreamClass.PUBLIC if public else StreamClass.MARKET)


@pytest.mark.parametrize(
    "name", ["BTCUSDT@bookTicker", "btcusdt@depth7", "btcusdt@kline_7m", "btcusdt", "@depth", "btcusdt@x"]
)
def test_names_that_mean_nothing(name: str) -> None:
    assert parse_stream(name) is None


def test_a_book_kept_from_the_stream_is_the_exchanges(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        events: list[Any] = []
        async with rig.stream("/public/ws/btcusdt@depth@100ms") as socket:
            snapshot: dict[str, Any] = {}
            for step in range(40):
                rig.clock.go(0.1)
                events += await hear(socket)
                if step == 10:
                    snapshot = await rig.get("/fapi/v1/depth", symbol="BTCUSDT", limit=1000)
                if step == 20:
                    await rig.rest_order("mine")
            truth = await rig.get("/fapi/v1/depth", symbol="BTCUSDT", limit=1000)
            rig.clock.go(0.1)
            events += await hear(socket)
        assert all(later["pu"] == earlier["u"] for earlier, later in pairwise(events))
        assert all(event["U"] == event["pu"] + 1 for event in events)
        last = snapshot["lastUpdateId"]
        sides = {key: {Decimal(p): Decimal(q) for p, q in snapshot[key]} for key in ("bids", "asks")}
        wanted = [event for event in events if event["u"] >= last and event["U"] <= truth["lastUpdateId"]]
        for event in wanted:
            for key, changes in (("bids", event["b"]), ("asks", event["a"])):
                sides[key].update((Decimal(price), Decimal(size)) for price, size in changes)
        if wanted[-1]["u"] == truth["lastUpdateId"]:
            for key in ("bids", "asks"):
                assert {p: q for p, q in sides[key].items() if q} == {
                    Decimal(p): Decimal(q) for p, q in truth[key]
                }

    trying(tmp_path, scenario)


def test_the_best_prices_come_when_they_change(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        async with rig.stream("/public/stream?streams=btcusdt@bookTicker/ethusdt@bookTicker") as socket:
            rig.clock.go(5)
            heard = await hear_until(socket, lambda event: event["data"]["s"] == "ETHUSDT")
            first = heard[0]
            assert first["stream"] in ("btcusdt@bookTicker", "ethusdt@bookTicker")
            assert set(first["data"]) == set(names_of("e u E T s ps b B a A st"))
            await caught_up(socket)
            await rig.rest_order("best", quantity="0.5", price=(await rig.best())[0])
            (latest,) = await hear(socket)
            bid, _ = await rig.best()
            ticker = await rig.get("/fapi/v1/ticker/bookTicker", symbol="BTCUSDT")
            assert (latest["data"]["b"], latest["data"]["B"]) == (bid, ticker["bidQty"])

    trying(tmp_path, scenario)


def test_trades_bars_and_marks(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        names = ["btcusdt@aggTrade", "btcusdt@kline_1m", "btcusdt@markPrice@1s", "btcusdt@depth5@100ms"]
        async with rig.stream("/market/ws") as socket, rig.stream("/public/ws/btcusdt@depth5@100ms") as book:
            answer, heard = await answer_to(socket, {"method": "SUBSCRIBE", "params": names, "id": "a"})
            assert answer == {"result": None, "id": "a"}
            answer, more = await answer_to(socket, {"method": "LIST_SUBSCRIPTIONS", "id": 2})
            assert answer == {"result": names, "id": 2}
            heard += more
            for _ in range(130):
                rig.clock.go(1)
                heard += await hear_until(socket, lambda event: event["e"] == "markPriceUpdate")
            partial = (await hear(book))[0]
        by_kind = {
            kind: [each for each in heard if each["e"] == kind]
            for kind in ("aggTrade", "kline", "markPriceUpdate")
        }
        assert "depthUpdate" not in {event["e"] for event in heard}  # another path's stream stays silent
        assert len(partial["b"]) == len(partial["a"]) == 5

        trades = {event["a"]: event for event in by_kind["aggTrade"]}
        assert set(by_kind["aggTrade"][0]) == set(names_of("e E s a p q nq f l T m st"))
        assert sorted(trades) == list(range(min(trades), max(trades) + 1))
        bars = [event["k"] for event in by_kind["kline"]]
        closed = [bar for bar in bars if bar["x"]]
        assert len({bar["t"] for bar in closed}) == len(closed) >= 2
        told = await rig.get(
            "/fapi/v1/klines", symbol="BTCUSDT", interval="1m", startTime=closed[-1]["t"], limit=1
        )
        assert [closed[-1][key] for key in "otcvq"] == [told[0][index] for index in (1, 0, 4, 5, 7)]
        mark = by_kind["markPriceUpdate"][0]
        assert set(mark) == set(names_of("e E s p ap i P r T st"))

    trying(tmp_path, scenario)


def test_what_a_client_may_say(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        async with rig.stream("/public/ws") as socket:

            async def ask(text: str) -> Any:
                await socket.send(text)
                return (await hear(socket))[0]

            assert (await ask("{"))["error"]["code"] == 3
            assert (await ask('{"id":1}'))["error"]["code"] == 2
            assert (await ask('{"method":"FLY","id":1}')) == {
                "error": {"code": 2, "msg": "Invalid request: unknown method `FLY`"},
                "id": 1,
            }
            assert (await ask('{"method":"SUBSCRIBE","params":["nope"],"id":2}'))["error"]["code"] == 2
            assert (await ask('{"method":"SUBSCRIBE","params":[],"id":2}'))["error"]["code"] == 2
            assert (await ask('{"method":"SUBSCRIBE","params":["btcusdt@depth"],"id":3}')) == {
                "result": None,
                "id": 3,
            }
            assert (await ask('{"method":"UNSUBSCRIBE","params":["btcusdt@depth"],"id":4}')) == {
                "result": None,
                "id": 4,
            }
            rig.clock.go(5)
            assert await is_quiet(socket)

    trying(tmp_path, scenario)


def test_who_talks_too_much_is_disconnected(tmp_path: Path) -> None:
    answered: list[Any] = []

    async def ask_on(socket: Any) -> None:
        while True:  # on a slow machine the eleventh may come after the first one's second
            await socket.send(json.dumps({"method": "LIST_SUBSCRIPTIONS", "id": len(answered)}))
            answered.extend(await hear(socket))

    async def ping_on(socket: Any) -> None:
        while True:
            await socket.ping()
            await asyncio.sleep(0)

    async def scenario(rig: Rig) -> None:
        for talk_on in (ask_on, ping_on):
            async with rig.stream("/public/ws") as socket:
                with pytest.raises(ConnectionClosed):
                    await asyncio.wait_for(talk_on(socket), 20)
        assert len(answered) >= 10

    trying(tmp_path, scenario)


def test_messages_are_counted_over_the_second_before_each() -> None:
    connection = Connection(
        None,  # type: ignore[arg-type]  # nothing is sent
        StreamClass.PUBLIC,
        combined=False,
        queue=1,
        faults=FaultPlan(FaultSettings()),
        abort=lambda: None,
    )
    assert all(connection.count_incoming(number / 8, 8) for number in range(80))
    assert not connection.count_incoming(9.9375, 8)
    assert connection.count_incoming(20.0, 8)


def test_a_connection_has_so_many_streams(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        names = [f"btcusdt@kline_{interval}" for interval in ("1m", "3m", "5m")]
        async with rig.stream("/market/ws") as socket:
            await socket.send(json.dumps({"method": "SUBSCRIBE", "params": names, "id": 1}))
            assert (await hear(socket))[0]["error"]["msg"].endswith("too many streams")

    trying(tmp_path, scenario, front=FrontSettings(streams_per_connection=2))


def test_a_connection_has_a_life(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        async with rig.stream("/market/ws") as socket:
            with pytest.raises(ConnectionClosed) as closed:
                await asyncio.wait_for(socket.recv(), 20)
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1001

    trying(tmp_path, scenario, front=FrontSettings(connection_life_s=0.3))


def test_a_slow_client_is_dropped_and_holds_up_nobody(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        path = "/public/stream?streams=" + "/".join(
            f"{symbol}@{kind}" for symbol in ("btcusdt", "ethusdt") for kind in ("bookTicker", "depth@100ms")
        )
        async with rig.stream(path) as quick:
            _, writer = await rig.raw_stream(path)
            for _ in range(400):
                rig.clock.go(5)
                await hear(quick)
                await caught_up(quick)
                told = await rig.control("GET", "stats")
                if told["slow_clients_dropped"]:
                    break
            assert (told["slow_clients_dropped"], told["connections"]) == (1, 1)
            rig.clock.go(1)
            assert await hear(quick)
            writer.transport.abort()

    trying(tmp_path, scenario, front=FrontSettings(queue=500, messages_per_second=10_000))


def test_pings_come_and_silence_ends_the_connection(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        reader, writer = await rig.raw_stream("/public/ws")
        head = await asyncio.wait_for(reader.readexactly(2), 20)
        assert head[0] & 0x0F == 9  # a ping, which nobody answers
        rest = await asyncio.wait_for(reader.read(), 20)
        assert b"\x88" in rest  # a close frame, then the end
        writer.close()

    trying(tmp_path, scenario, front=FrontSettings(ping_every_s=0.05, pong_within_s=0.05))
