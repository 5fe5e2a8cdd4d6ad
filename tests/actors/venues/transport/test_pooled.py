"""httpx as a transport, over real sockets: as the lean one it writes once, and calls accidents by the same names."""

from __future__ import annotations

import asyncio
import gzip
import socket

import pytest

from actors.venues.port import Failure
from actors.venues.transport.http import NoReply, Reply
from actors.venues.transport.pooled import PooledTransport
from tests.actors.venues.scripted import HANG_UP, SILENCE, Say, run, scripted
from tests.actors.venues.transport.test_lean import NO_WAIT_FOR_A_CONNECTION, NO_WAIT_TO_READ, PATIENT, ask

pytestmark = pytest.mark.integration


def test_a_packed_answer_is_unpacked_once() -> None:
    async def work() -> None:
        say = Say(body=gzip.compress(b'{"n": 1}'), headers={"content-encoding": "gzip"})
        async with scripted(lambda asked: say) as server:
            transport = PooledTransport()
            reply = await ask(transport, server.url)
            assert isinstance(reply, Reply)
            assert reply.body == b'{"n": 1}'
            await transport.aclose()

    run(work())


@pytest.mark.parametrize(
    "say",
    [
        SILENCE,
        HANG_UP,
        Say(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", hang_up=True),
        Say(raw=b"nonsense\r\n\r\n"),
        Say(body=b"not gzip", headers={"content-encoding": "gzip"}),
    ],
)
def test_after_writing_every_accident_is_uncertain_and_nothing_is_written_again(say: Say) -> None:
    async def work() -> None:
        async with scripted(lambda asked: say) as server:
            transport = PooledTransport()
            lost = await ask(transport, server.url, phases=NO_WAIT_TO_READ if say is SILENCE else PATIENT)
            assert isinstance(lost, NoReply)
            assert lost.failure is Failure.UNCERTAIN
            assert len(server.asked) == 1
            await transport.aclose()

    run(work())


def test_where_nobody_listens_nothing_was_written() -> None:
    async def work() -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        lost = await ask(PooledTransport(), f"http://127.0.0.1:{port}")
        assert isinstance(lost, NoReply)
        assert lost.failure is Failure.TRANSIENT

    run(work())


def test_who_gets_no_connection_in_time_has_written_nothing() -> None:
    async def work() -> None:
        async with scripted(lambda asked: SILENCE) as server:
            transport = PooledTransport(connections=1)
            first = asyncio.create_task(ask(transport, server.url))
            while not server.asked:
                await asyncio.sleep(0.01)
            second = await ask(transport, server.url, phases=NO_WAIT_FOR_A_CONNECTION)
            assert isinstance(second, NoReply)
            assert second.failure is Failure.TRANSIENT
            first.cancel()
            await transport.aclose()

    run(work())


def test_a_redirect_is_an_answer_and_not_followed() -> None:
    async def work() -> None:
        say = Say(status=302, headers={"location": "http://127.0.0.1:1/"})
        async with scripted(lambda asked: say) as server:
            transport = PooledTransport()
            reply = await ask(transport, server.url)
            assert isinstance(reply, Reply)
            assert reply.status == 302
            await transport.aclose()

    run(work())
