"""The adapter to the paper venue when things go wrong: one result each, and certain only where it is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from actors.venues.paper import Endpoint, PaperPort
from messages.errors import VenueConnectionError
from messages.reasons import Reason
from messages.venue import CancelOrder, Outcome, QueryOrder
from messages.venue_account import QueryAccount
from tests.actors.venues.paper_orders import BRISK, PATIENT, SHORT, bid, hear, port_to, run
from tests.cluster.paper.building import START, Server

pytestmark = pytest.mark.integration


@pytest.mark.parametrize(
    ("fault", "outcome", "reason", "is_there"),
    [
        ("lost_before", Outcome.NO_ANSWER, Reason.UNKNOWN_OUTCOME, False),
        ("lost_after", Outcome.NO_ANSWER, Reason.UNKNOWN_OUTCOME, True),
        ("late", Outcome.NO_ANSWER, Reason.UNKNOWN_OUTCOME, True),
        ("unavailable", Outcome.NO_ANSWER, Reason.UNKNOWN_OUTCOME, False),
        ("rate_limited", Outcome.NOT_SENT, Reason.RATE_LIMIT, False),
    ],
)
def test_a_fault_ends_in_the_outcome_that_is_true(
    server: Server, fault: str, outcome: Outcome, reason: Reason, is_there: bool
) -> None:
    async def work() -> None:
        hasty = BRISK if fault == "late" else PATIENT
        async with port_to(server.folder, hasty) as port, port_to(server.folder) as patient:
            name = f"fault-{fault.replace('_', '-')}"
            await port.connect()
            server.fail(fault)
            placed = await port.place(bid(name), START)
            assert (placed.outcome, placed.reason) == (outcome, reason)
            found = await patient.query(QueryOrder(name, "BTC-USDT"))
            assert found.outcome is Outcome.ACCEPTED
            assert (found.order is not None) is is_there

    run(work())


def test_an_uncertain_cancel_or_question_is_never_an_absence(server: Server) -> None:
    async def work() -> None:
        async with port_to(server.folder) as port:
            await port.place(bid("unsure-1"), START)
            server.fail("lost_after", "lost_before", "lost_before", "rate_limited")
            cancelled = await port.cancel(CancelOrder("unsure-1", "BTC-USDT"), START)
            assert (cancelled.outcome, cancelled.reason) == (Outcome.NO_ANSWER, Reason.UNKNOWN_OUTCOME)
            found = await port.query(QueryOrder("unsure-1", "BTC-USDT"))
            assert (found.outcome, found.order) == (Outcome.NO_ANSWER, None)
            assert (await port.account(QueryAccount("paper"))).outcome is Outcome.NO_ANSWER
            limited = await port.query(QueryOrder("unsure-1", "BTC-USDT"))
            assert limited.outcome is Outcome.NO_ANSWER

    run(work())


def test_a_wrong_token_is_refused_and_never_taken_for_an_absence(server: Server) -> None:
    async def work() -> None:
        right = PaperPort.of_folder("paper", server.folder, timeouts=PATIENT)
        host, number = server.url.removeprefix("http://").split(":")
        port = PaperPort("paper", lambda: Endpoint(host, int(number), "wrong"), timeouts=PATIENT)
        placed = await port.place(bid("auth-1"), START)
        assert (placed.outcome, placed.reason) == (Outcome.REJECTED, Reason.AUTH)
        assert (await port.query(QueryOrder("auth-1", "BTC-USDT"))).outcome is Outcome.NO_ANSWER
        assert (await right.query(QueryOrder("auth-1", "BTC-USDT"))).order is None
        with pytest.raises(VenueConnectionError, match="token"):
            await port.connect()
        with pytest.raises(VenueConnectionError, match="token"):
            await hear(port, 0, 1)
        await port.close()
        await right.close()

    run(work())


def test_where_nobody_listens_nothing_was_sent(tmp_path: Path) -> None:
    async def work() -> None:
        async with silent_server(_hang_up) as nowhere:
            gone = nowhere
        unpublished = PaperPort.of_folder("paper", tmp_path)
        for port in (PaperPort("paper", lambda: gone), unpublished):
            placed = await port.place(bid("a"), START)
            assert (placed.outcome, placed.reason) == (Outcome.NOT_SENT, Reason.NOT_SENT)
            assert (await port.cancel(CancelOrder("a", "X"), START)).outcome is Outcome.NOT_SENT
            assert (await port.query(QueryOrder("a", "X"))).outcome is Outcome.NO_ANSWER
            with pytest.raises(VenueConnectionError):
                await port.advance(START)
            await port.close()

    run(work())


Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def silent_server(handler: Handler) -> AsyncIterator[Endpoint]:
    """Something that accepts connections and is no venue."""
    listener = await asyncio.start_server(handler, "127.0.0.1", 0)
    try:
        yield Endpoint("127.0.0.1", listener.sockets[0].getsockname()[1], "token")
    finally:
        listener.close()


async def _hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(10)
    writer.close()


async def _say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while await reader.read(65_536):
        pass
    writer.close()


def _say(answer: bytes) -> Handler:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()

    return handler


def _http(status: str, body: bytes) -> bytes:
    return b"HTTP/1.1 %s\r\ncontent-length: %d\r\n\r\n%s" % (status.encode(), len(body), body)


@pytest.mark.parametrize(
    ("handler", "outcome"),
    [
        (_hang_up, Outcome.NO_ANSWER),
        (_say_nothing, Outcome.NO_ANSWER),
        (_say(b"SSH-2.0\r\n"), Outcome.NO_ANSWER),
        (_say(_http("200 OK", b"<html>")), Outcome.NO_ANSWER),
        (_say(_http("200 OK", b"{}")[:-1]), Outcome.NO_ANSWER),
        (_say(_http("302 Found", b"")), Outcome.NO_ANSWER),
        (_say(_http("502 Bad Gateway", b"<html>")), Outcome.NO_ANSWER),
        (_say(_http("404 Not Found", b"<html>")), Outcome.REJECTED),
    ],
)
def test_whatever_answers_the_result_is_one_and_certain_only_where_it_is(
    handler: Handler, outcome: Outcome
) -> None:
    async def work() -> None:
        async with silent_server(handler) as endpoint:
            port = PaperPort(
                "paper", lambda: endpoint, timeouts=SHORT if handler is _say_nothing else PATIENT
            )
            placed = await port.place(bid("a"), START)
            assert placed.outcome is outcome
            found = await port.query(QueryOrder("a", "BTC-USDT"))
            assert (found.outcome, found.order) == (Outcome.NO_ANSWER, None)
            await port.close()

    run(work())
