"""The private stream against a server that misbehaves: nothing is told twice, and no gap goes unsaid."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest
from websockets.asyncio.server import ServerConnection, serve

from actors.venues.binance_usdm.port import BinanceUsdmPort
from messages.errors import VenueConnectionError
from messages.orders import OrderState
from messages.venue_stream import StreamEvent, StreamOpened, VenueEvent, VenueFunding, VenueTransfer
from tests.actors.venues.binance_usdm.building import (
    BRISK,
    CREDENTIALS,
    SYMBOL,
    Rows,
    answering,
    no,
    order,
    placed,
    settings_for,
)
from tests.actors.venues.binance_usdm.test_events import FUNDING_FRAME, ORDER_FRAME
from tests.actors.venues.scripted import Asked, Say, Scripted, run, scripted

pytestmark = pytest.mark.integration

LISTEN_KEY = "/fapi/v1/listenKey"


def frame(number: int, client_order_id: str = "TEST", **changes: Any) -> str:
    told = json.loads(ORDER_FRAME)
    told["E"] += number
    told["o"] |= {"t": number, "c": client_order_id, "z": "0.002"} | changes
    return json.dumps(told)


class Venue:
    """Private connections as they are open, and the keys that were handed out."""

    def __init__(self) -> None:
        self.lines: list[ServerConnection] = []
        self.paths: list[str] = []
        self.keys = 0
        self.kept: Say = Say(body={})
        self.income: list[dict[str, Any]] = []
        self.rest: Scripted | None = None
        self.rows: Rows = {
            ("POST", LISTEN_KEY): self._key,
            ("PUT", LISTEN_KEY): lambda asked: self.kept,
            ("GET", "/fapi/v1/income"): lambda asked: Say(body=self.income),
        }

    def _key(self, asked: Asked) -> Say:
        assert "signature" not in asked.parameters
        assert asked.headers["x-mbx-apikey"] == "key-of-tests"
        self.keys += 1
        return Say(body={"listenKey": f"key{self.keys}"})

    async def accept(self, line: ServerConnection) -> None:
        assert line.request is not None
        self.paths.append(line.request.path)
        self.lines.append(line)
        await line.wait_closed()

    async def kept_alive(self, times: int) -> None:
        """Wait until it was asked so often more to keep a key alive."""
        assert self.rest is not None
        times += len(self.rest.named(LISTEN_KEY, "PUT"))
        while len(self.rest.named(LISTEN_KEY, "PUT")) < times:
            await asyncio.sleep(0.01)

    async def line(self, number: int) -> ServerConnection:
        """The connection of this number, once it is there."""
        while len(self.lines) <= number:
            await asyncio.sleep(0.01)
        return self.lines[number]


class Ear:
    """Listens to a port's events in the background."""

    def __init__(self, port: BinanceUsdmPort, after: int) -> None:
        self.heard: list[StreamEvent] = []
        self.error: BaseException | None = None
        self._port = port
        self.task = asyncio.create_task(self._listen(after))

    async def _listen(self, after: int) -> None:
        try:
            async for event in self._port.events(after):
                self.heard.append(event)
        except VenueConnectionError as error:
            self.error = error

    async def until(self, count: int) -> list[StreamEvent]:
        while len(self.heard) < count:
            assert not self.task.done(), self.error
            await asyncio.sleep(0.01)
        return self.heard

    def names(self) -> list[str]:
        return [
            "opened"
            if isinstance(event, StreamOpened)
            else event.payment_id
            if isinstance(event, VenueFunding)
            else event.transfer_id
            if isinstance(event, VenueTransfer)
            else event.client_order_id
            for event in self.heard
        ]


@asynccontextmanager
async def listening(
    venue: Venue, after: int = 0, **changes: Any
) -> AsyncIterator[tuple[BinanceUsdmPort, Ear]]:
    async with scripted(answering(venue.rows)) as rest, serve(venue.accept, "127.0.0.1", 0) as server:
        venue.rest = rest
        host, number = next(iter(server.sockets)).getsockname()[:2]
        ways = msgspec.structs.replace(BRISK, **changes)
        port = BinanceUsdmPort(settings_for(rest.url, f"ws://{host}:{number}", stream=ways), CREDENTIALS)
        await port.server_time()
        ear = Ear(port, after)
        try:
            yield port, ear
        finally:
            ear.task.cancel()
            await asyncio.gather(ear.task, return_exceptions=True)
            await port.close()


def test_it_opens_with_a_word_and_numbers_on_from_where_the_reader_was() -> None:
    async def work() -> None:
        venue, began = Venue(), time.time_ns()
        async with listening(venue, after=41) as (port, ear):
            line = await venue.line(0)
            await line.send(frame(1))
            await line.send('{"e":"TRADE_LITE","E":1,"s":"BTCUSDT"}')
            await line.send(frame(1))
            await line.send(frame(2))
            opened, first, second = await ear.until(3)
            assert [opened.sequence, first.sequence, second.sequence] == [42, 43, 44]
            assert isinstance(opened, StreamOpened)
            assert began - 2_000_000_000 < opened.time < time.time_ns() + 2_000_000_000
            assert isinstance(first, VenueEvent)
            assert (first.symbol, first.state) == (SYMBOL, OrderState.PARTIALLY_FILLED)
            assert venue.paths == ["/private/ws/key1"]
            assert port.health().stream_up
            assert port.health().reconnects == 0
            await port.close()
            await asyncio.wait_for(ear.task, 30)

    run(work())


@pytest.mark.parametrize("accident", ["reset", "close", "key expired", "unreadable", "a stop refused"])
def test_every_interruption_is_said(accident: str) -> None:
    async def work() -> None:
        venue = Venue()
        async with listening(venue) as (port, ear):
            line = await venue.line(0)
            await line.send(frame(1, "before"))
            if accident == "reset":
                line.transport.abort()
            elif accident == "close":
                await line.close(1011)
            elif accident == "key expired":
                await line.send('{"e":"listenKeyExpired","E":1,"listenKey":"key1"}')
            elif accident == "a stop refused":
                refused = {"s": "BTCUSDT", "i": 7, "r": "Margin is insufficient."}
                await line.send(json.dumps({"e": "CONDITIONAL_ORDER_TRIGGER_REJECT", "E": 1, "or": refused}))
            else:
                await line.send('{"e":"ORDER_TRADE_UPDATE","E":1,"o":{"half')
            goes_on = accident in ("unreadable", "a stop refused")
            if not goes_on:
                line = await venue.line(1)
                assert venue.paths[1] == "/private/ws/key2"
            await line.send(frame(2, "after"))
            heard = await ear.until(4)
            assert ear.names() == ["opened", "before", "opened", "after"]
            assert [event.sequence for event in heard] == [1, 2, 3, 4]
            assert port.health().reconnects == (0 if goes_on else 1)

    run(work())


def test_a_call_for_margin_is_logged_as_an_error_and_interrupts_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def work() -> None:
        venue = Venue()
        async with listening(venue) as (_, ear):
            line = await venue.line(0)
            await line.send(
                '{"e":"MARGIN_CALL","E":1,"cw":"3.16","p":[{"s":"BTCUSDT","ps":"LONG","pa":"1"}]}'
            )
            await line.send(frame(1, "after"))
            await ear.until(2)
            assert ear.names() == ["opened", "after"]

    run(work())
    assert [each.levelname for each in caplog.records if "margin" in each.message] == ["ERROR"]


@pytest.mark.parametrize("cause", ["age", "shutdown announced"])
def test_a_connection_is_replaced_without_a_gap_and_nothing_is_told_twice(cause: str) -> None:
    async def work() -> None:
        venue = Venue()
        age = 0.3 if cause == "age" else 600.0
        async with listening(venue, renewal_s=age, overlap_s=0.6) as (port, ear):
            old = await venue.line(0)
            await old.send(frame(1, "one"))
            if cause != "age":
                await old.send('{"e":"serverShutdown","E":1}')
            new = await venue.line(1)
            for line in (old, new):
                await line.send(frame(2, "two"))
            await new.send(frame(3, "three"))
            await old.wait_closed()
            await new.send(frame(4, "four"))
            await ear.until(5)
            assert ear.names() == ["opened", "one", "two", "three", "four"]
            assert port.health().stream_up
            assert port.health().reconnects == 0

    run(work())


def test_the_key_is_kept_alive_and_made_anew_when_it_is_gone() -> None:
    async def work() -> None:
        venue = Venue()
        async with listening(venue, keepalive_s=0.2, keepalive_retry_s=0.1) as (_, ear):
            await venue.line(0)
            await venue.kept_alive(2)
            assert ear.names() == ["opened"]
            venue.kept = no(0, "", 503)
            await venue.kept_alive(3)
            assert ear.names() == ["opened"], "not known is not gone"
            venue.kept = no(-1125, "This listenKey does not exist.")
            await venue.line(1)
            await ear.until(2)
            assert ear.names() == ["opened", "opened"]

    run(work())


def test_a_stream_that_tells_nothing_of_an_accepted_order_is_dead() -> None:
    async def work() -> None:
        venue = Venue()
        venue.rows["POST", "/fapi/v1/order"] = Say(body=placed())
        async with listening(venue, silence_s=0.6) as (port, ear):
            line = await venue.line(0)
            await ear.until(1)
            await port.place(order(), 0)
            await line.send(frame(1))
            await asyncio.sleep(0.9)
            assert len(venue.lines) == 1, "it told something"
            await port.place(order(), 0)
            await venue.line(1)
            await ear.until(3)
            assert ear.names() == ["opened", "TEST", "opened"]

    run(work())


def test_an_event_that_comes_before_the_answer_counts() -> None:
    async def work() -> None:
        venue = Venue()

        async def tell() -> None:
            await asyncio.sleep(0.05)
            await venue.lines[0].send(frame(1))

        def late(asked: Asked) -> Say:
            told.append(asyncio.create_task(tell()))
            return Say(body=placed(), after_s=0.15)

        told: list[asyncio.Task[None]] = []
        venue.rows["POST", "/fapi/v1/order"] = late
        async with listening(venue, silence_s=0.6) as (port, ear):
            await venue.line(0)
            await ear.until(1)
            await port.place(order(), 0)
            await asyncio.sleep(0.9)
            assert len(venue.lines) == 1

    run(work())


def test_refused_credentials_end_the_stream_and_no_answer_does_not() -> None:
    async def work() -> None:
        venue = Venue()
        answers = iter([no(0, "", 500), no(0, "", 503)])
        keys = venue.rows["POST", LISTEN_KEY]
        assert callable(keys)
        venue.rows["POST", LISTEN_KEY] = lambda asked: next(answers, None) or keys(asked)
        async with listening(venue) as (_, ear):
            await venue.line(0)
            await ear.until(1)
        venue.rows["POST", LISTEN_KEY] = no(-2015, "Invalid API-key, IP, or permissions for action", 401)
        async with listening(venue) as (_, ear):
            await asyncio.wait_for(ear.task, 30)
            assert isinstance(ear.error, VenueConnectionError)
            assert "Invalid API-key" in str(ear.error)

    run(work())


def test_a_storm_of_reconnects_raises_the_alarm(caplog: pytest.LogCaptureFixture) -> None:
    async def work() -> None:
        venue = Venue()
        async with listening(venue, storm_count=3, first_pause_s=0.01, longest_pause_s=0.02) as (port, _):
            for number in range(5):
                (await venue.line(number)).transport.abort()
            await venue.line(5)
            assert port.health().reconnects >= 4

    run(work())
    assert sum("was opened 3 times" in record.message for record in caplog.records) == 1


def payment(number: int, amount: str, at_ms: int) -> dict[str, Any]:
    return {
        "symbol": "BTCUSDT",
        "incomeType": "FUNDING_FEE",
        "income": amount,
        "asset": "USDT",
        "info": "FUNDING_FEE",
        "time": at_ms,
        "tranId": number,
        "tradeId": "",
    }


def test_payments_missed_and_announced_are_each_told_once() -> None:
    async def work() -> None:
        venue = Venue()
        now_ms = time.time_ns() // 1_000_000
        venue.income = [payment(7, "-0.375", now_ms - 60_000)]
        async with listening(venue) as (_, ear):
            line = await venue.line(0)
            await ear.until(2)
            venue.income.append(payment(8, "1.25", now_ms))
            await line.send(FUNDING_FRAME)
            opened, missed, announced = await ear.until(3)
            assert ear.names() == ["opened", "7", "8"]
            assert isinstance(missed, VenueFunding)
            assert isinstance(announced, VenueFunding)
            assert (missed.symbol, missed.currency, str(missed.amount)) == (SYMBOL, "USDT", "-0.375")
            assert (announced.time, announced.sequence) == (now_ms * 1_000_000, opened.sequence + 2)

    run(work())


def transfer(number: int, amount: str, at_ms: int, kind: str = "TRANSFER") -> dict[str, Any]:
    return payment(number, amount, at_ms) | {"symbol": "", "incomeType": kind, "info": kind}


def test_money_moved_while_nobody_listened_and_since_is_told_once_whatever_its_kind() -> None:
    async def work() -> None:
        venue = Venue()
        now_ms = time.time_ns() // 1_000_000
        three_days = 3 * 24 * 3_600_000
        venue.income = [
            transfer(7, "500", now_ms - three_days),
            transfer(7, "-20", now_ms - 60_000, "INTERNAL_TRANSFER"),
            transfer(9, "1", now_ms - 50_000, "REFERRAL_KICKBACK"),
        ]
        async with listening(venue) as (_, ear):
            line = await venue.line(0)
            await ear.until(3)
            venue.income.append(transfer(8, "-100", now_ms))
            await line.send(FUNDING_FRAME.replace("FUNDING_FEE", "WITHDRAW"))
            _, first, *_, last = await ear.until(4)
            assert ear.names() == ["opened", "7", "INTERNAL_TRANSFER/7", "8"]
            assert isinstance(first, VenueTransfer)
            assert isinstance(last, VenueTransfer)
            assert (first.currency, str(first.amount), first.kind) == ("USDT", "500", "TRANSFER")
            assert (str(last.amount), last.time) == ("-100", now_ms * 1_000_000)

    run(work())
