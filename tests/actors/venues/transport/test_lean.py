"""The transports over real sockets: connections kept and let go, and what each accident is called."""

from __future__ import annotations

import asyncio
import gzip
import socket

import msgspec
import pytest

from actors.venues.port import Failure
from actors.venues.transport.http import NoReply, Phases, Reply, Transport, exchange, origin_of
from actors.venues.transport.lean import LeanTransport
from actors.venues.transport.pooled import PooledTransport
from tests.actors.venues.scripted import HANG_UP, SILENCE, Asked, Say, run, scripted

pytestmark = pytest.mark.integration

PATIENT = Phases(connect_s=10.0, pool_s=10.0, write_s=10.0, read_s=10.0)
"""Longer than any busy machine takes."""
NO_WAIT_TO_READ = msgspec.structs.replace(PATIENT, read_s=0.2)
NO_WAIT_FOR_A_CONNECTION = msgspec.structs.replace(PATIENT, pool_s=0.1)


async def ask(
    transport: Transport, url: str, target: str = "/x", phases: Phases = PATIENT
) -> Reply | NoReply:
    return await exchange(transport, "GET", origin_of(url), target, {"a": "b"}, phases)


@pytest.mark.parametrize("make", [LeanTransport, PooledTransport])
def test_a_connection_is_used_again_and_the_target_is_sent_as_it_is(make: type[Transport]) -> None:
    async def work() -> None:
        async with scripted(lambda asked: Say(body={"n": 1}, headers={"X-Y": "z"})) as server:
            transport = make()
            for _ in range(3):
                reply = await ask(transport, server.url, "/x?q=%2Ca&r=1")
                assert isinstance(reply, Reply)
                assert (reply.status, reply.body, reply.headers["x-y"]) == (200, b'{"n": 1}', "z")
            assert server.connections == 1
            assert {asked.target for asked in server.asked} == {"/x?q=%2Ca&r=1"}
            assert server.asked[0].headers["a"] == "b"
            await transport.aclose()

    run(work())


def test_requests_at_the_same_time_have_connections_of_their_own() -> None:
    async def work() -> None:
        async with scripted(lambda asked: Say(body={"t": asked.target}, after_s=0.02)) as server:
            transport = LeanTransport(connections=4)
            replies = await asyncio.gather(*(ask(transport, server.url, f"/{n}") for n in range(4)))
            assert [reply.body for reply in replies if isinstance(reply, Reply)] == [
                b'{"t": "/%d"}' % n for n in range(4)
            ]
            assert server.connections == 4
            await transport.aclose()

    run(work())


@pytest.mark.parametrize(
    ("say", "failure"),
    [
        (SILENCE, Failure.UNCERTAIN),
        (HANG_UP, Failure.UNCERTAIN),
        (Say(raw=b"HTTP/1.1 200 OK\r\nContent-Le", hang_up=True), Failure.UNCERTAIN),
        (Say(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", hang_up=True), Failure.UNCERTAIN),
        (Say(raw=b"nonsense\r\n\r\n"), Failure.UNCERTAIN),
        (Say(body=b"not gzip", headers={"content-encoding": "gzip"}), Failure.UNCERTAIN),
    ],
)
def test_after_writing_every_accident_is_uncertain_and_the_connection_is_not_used_again(
    say: Say, failure: Failure
) -> None:
    async def work() -> None:
        said = iter([say])
        async with scripted(lambda asked: next(said, Say())) as server:
            transport = LeanTransport()
            phases = NO_WAIT_TO_READ if say is SILENCE else PATIENT
            lost = await ask(transport, server.url, phases=phases)
            assert isinstance(lost, NoReply)
            assert lost.failure is failure
            assert len(server.asked) == 1, "never written a second time"
            assert not transport.open_connections or say.body == b"not gzip"
            assert isinstance(await ask(transport, server.url), Reply)
            await transport.aclose()

    run(work())


def test_an_answer_that_comes_too_late_is_not_the_next_ones() -> None:
    async def work() -> None:
        def answer(asked: Asked) -> Say:
            return Say(body={"t": asked.target}, after_s=0.3 if asked.target == "/late" else 0)

        async with scripted(answer) as server:
            transport = LeanTransport()
            assert isinstance(await ask(transport, server.url, "/late", NO_WAIT_TO_READ), NoReply)
            reply = await ask(transport, server.url, "/next")
            assert isinstance(reply, Reply)
            assert reply.body == b'{"t": "/next"}'
            await transport.aclose()

    run(work())


def test_before_writing_nothing_was_done() -> None:
    async def work() -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            port = taken.getsockname()[1]
            transport = LeanTransport()
            lost = await ask(transport, f"http://127.0.0.1:{port}")
            assert isinstance(lost, NoReply)
            assert lost.failure is Failure.TRANSIENT
        async with scripted(lambda asked: Say(after_s=0.15)) as server:
            narrow = LeanTransport(connections=1)
            asked = (ask(narrow, server.url, "/x", phases) for phases in (PATIENT, NO_WAIT_FOR_A_CONNECTION))
            first, second = await asyncio.gather(*asked)
            assert isinstance(first, Reply)
            assert isinstance(second, NoReply)
            assert second.failure is Failure.TRANSIENT
            assert len(server.asked) == 1
            await narrow.aclose()

    run(work())


@pytest.mark.parametrize(("start_s", "written"), [(0.05, 1), (10.0, 2), (0.0, 1)])
def test_what_waits_for_a_connection_is_written_only_while_it_may_start(start_s: float, written: int) -> None:
    async def work() -> None:
        hasty = msgspec.structs.replace(PATIENT, start_s=start_s)
        async with scripted(lambda asked: Say(after_s=0.15)) as server:
            transport, origin = LeanTransport(connections=1), origin_of(server.url)
            first, second = await asyncio.gather(
                exchange(transport, "GET", origin, "/first", {}, PATIENT),
                exchange(transport, "POST", origin, "/second", {}, hasty),
            )
            assert isinstance(first, Reply)
            assert len(server.asked) == written
            if written == 1:
                assert isinstance(second, NoReply)
                assert second.failure is Failure.TRANSIENT, "nothing was written"
            await transport.aclose()

    run(work())


def test_a_connection_that_was_had_too_late_serves_the_next_request() -> None:
    async def work() -> None:
        async with scripted(lambda asked: Say()) as server:
            transport = LeanTransport()
            assert isinstance(await ask(transport, server.url), Reply)
            late = msgspec.structs.replace(PATIENT, start_s=0.0)
            lost = await exchange(transport, "POST", origin_of(server.url), "/late", {}, late)
            assert isinstance(lost, NoReply)
            assert lost.detail.startswith("StartTimeout")
            assert isinstance(await ask(transport, server.url), Reply)
            assert (server.connections, len(server.asked)) == (1, 2)
            await transport.aclose()

    run(work())


def test_an_idle_connection_that_ended_or_is_old_is_not_used() -> None:
    async def work() -> None:
        async with scripted(lambda asked: Say(hang_up=asked.target == "/bye")) as server:
            transport = LeanTransport()
            await ask(transport, server.url, "/bye")
            await asyncio.sleep(0.05)
            assert isinstance(await ask(transport, server.url), Reply)
            assert server.connections == 2
            short = LeanTransport(keep_alive_s=0.0)
            await ask(short, server.url)
            await asyncio.sleep(0.01)
            await ask(short, server.url)
            assert server.connections == 4
            await transport.aclose()
            await short.aclose()

    run(work())


def test_who_is_cancelled_leaves_no_connection_behind() -> None:
    async def work() -> None:
        said = iter([SILENCE])
        async with scripted(lambda asked: next(said, Say(body={"t": asked.target}))) as server:
            transport = LeanTransport(connections=1)
            task = asyncio.create_task(ask(transport, server.url, "/gone"))
            while not server.asked:
                await asyncio.sleep(0.01)
            task.cancel()
            reply = await ask(transport, server.url, "/next")
            assert isinstance(reply, Reply)
            assert reply.body == b'{"t": "/next"}'
            await transport.aclose()
            assert isinstance(await ask(transport, server.url), NoReply)

    run(work())


def test_what_is_packed_is_read_and_no_redirect_is_followed() -> None:
    async def work() -> None:
        def answer(asked: Asked) -> Say:
            if asked.target == "/packed":
                return Say(body=gzip.compress(b'{"a":1}'), headers={"content-encoding": "gzip"})
            return Say(status=302, headers={"location": "/packed"})

        async with scripted(answer) as server:
            transport = LeanTransport()
            packed = await ask(transport, server.url, "/packed")
            assert isinstance(packed, Reply)
            assert packed.body == b'{"a":1}'
            elsewhere = await ask(transport, server.url, "/elsewhere")
            assert isinstance(elsewhere, Reply)
            assert elsewhere.status == 302
            await transport.aclose()

    run(work())
