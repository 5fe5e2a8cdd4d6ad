"""The paper venue as a process: over real sockets, killed for real."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from cluster.paper.server import serve
from cluster.paper.settings import TimeMode, TimeSettings
from messages.intents import OrderType
from tests.cluster.paper.building import (
    LATENCY,
    MILLISECOND,
    SECOND,
    START,
    Server,
    open_venue,
    order,
    record,
    resting,
    served,
    settings_of,
)

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One venue for the tests that don't end it; each uses client order ids of its own."""
    with served(settings_of(tmp_path_factory.mktemp("paper") / "venue")) as server:
        yield server


def listen(server: Server, after: int = 0) -> ClientConnection:
    """A stream from behind `after`."""
    url = server.url.replace("http", "ws") + f"/stream?after={after}"
    return connect(url, additional_headers=server.headers, proxy=None)


def hear(socket: ClientConnection, count: int) -> list[dict[str, Any]]:
    """The next `count` events of a stream."""
    heard: list[dict[str, Any]] = []
    while len(heard) < count:
        heard += [json.loads(line) for line in bytes(socket.recv(timeout=60)).split(b"\n")]  # type: ignore[arg-type]
    return heard


def events(server: Server, after: int = 0) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = server.request("GET", f"/events?after={after}").json()["events"]
    return told


def place_and_fill(server: Server, client_order_id: str) -> int:
    """One market order, filled and told; returns the last sequence."""
    now = server.request("GET", "/time").json()["time"]
    assert server.place(order(client_order_id, sent_at=now)).status_code == 200
    sequence: int = server.advance(now + SECOND)["sequence"]
    return sequence


def test_an_order_is_placed_asked_for_told_and_filled(server: Server) -> None:
    now = server.advance(START + SECOND)["time"]
    before = server.request("GET", "/time").json()["sequence"]
    placed = server.place(order("life-1", sent_at=now)).json()
    assert (placed["state"], placed["venue_order_id"], placed["arrival"]) == (
        "working",
        "desk:life-1",
        now + LATENCY,
    )
    assert [each["client_order_id"] for each in server.request("GET", "/orders?open=1").json()] == ["life-1"]
    clock = server.advance(now + SECOND)
    assert clock["sequence"] == before + 2
    found = server.request("GET", "/orders/life-1").json()
    assert (found["state"], Decimal(found["filled"])) == ("filled", Decimal("0.01"))
    assert [each["event"] for each in events(server, before)] == ["accepted", "filled"]
    fills = server.request("GET", f"/fills?after={before}").json()
    assert [each["sequence"] for each in fills["events"]] == [before + 2]
    account = server.request("GET", "/account").json()
    assert account["sequence"] == before + 2
    assert Decimal(account["positions"]["BTC-USDT"]["quantity"]) == Decimal("0.01")


def test_an_order_is_cancelled_once(server: Server) -> None:
    now = server.request("GET", "/time").json()["time"]
    server.place(resting("cancel-1", sent_at=now))
    assert server.request("DELETE", f"/orders/cancel-1?sent_at={now}").json()["cancel_wanted"] is True
    server.advance(now + SECOND)
    again = server.request("DELETE", f"/orders/cancel-1?sent_at={now}")
    assert (again.status_code, again.json()["reason"]) == (404, "unknown_order")


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "reason"),
    [
        ("POST", "/orders", b"{", 400, "intent_malformed"),
        ("POST", "/orders", b'{"client_order_id":"x"}', 400, "intent_malformed"),
        ("POST", "/orders", msgspec.json.encode(order("x", symbol="X-Y")), 400, "symbol_unknown"),
        ("POST", "/orders", msgspec.json.encode(order("x", sent_at=2**63)), 400, "intent_malformed"),
        ("GET", "/orders", b"", 400, "intent_malformed"),
        ("GET", "/events?after=-1", b"", 400, "intent_malformed"),
        ("GET", "/orders/never", b"", 404, "unknown_order"),
        ("DELETE", "/orders/never", b"", 404, "unknown_order"),
        ("POST", "/clock/advance", b'{"time":"soon"}', 400, "intent_malformed"),
        ("POST", "/faults", b'{"next":["earthquake"]}', 400, "intent_malformed"),
    ],
)
def test_what_can_not_be_done_is_answered_with_a_reason(
    server: Server, method: str, path: str, body: bytes, status: int, reason: str
) -> None:
    answer = server.request(method, path, content=body)
    assert (answer.status_code, answer.json()["reason"]) == (status, reason)


def test_nothing_is_told_without_the_token(server: Server) -> None:
    for headers in ({}, {"authorization": "Bearer wrong"}):
        assert server.request("GET", "/account", headers=headers).status_code == 401
    assert server.request("GET", "/health", headers={}).status_code == 200
    with pytest.raises(Exception, match="403"):
        connect(server.url.replace("http", "ws") + "/stream", proxy=None)
    assert (server.folder / "token").stat().st_mode & 0o777 == 0o600


def test_the_stream_begins_anywhere_and_goes_on_live(server: Server) -> None:
    last = place_and_fill(server, "stream-1")
    with listen(server, last - 2) as socket:
        assert [each["sequence"] for each in hear(socket, 2)] == [last - 1, last]
        place_and_fill(server, "stream-2")
        heard = hear(socket, 2)
    assert [(each["sequence"], each["client_order_id"]) for each in heard] == [
        (last + 1, "stream-2"),
        (last + 2, "stream-2"),
    ]
    assert heard == events(server, last)


def test_a_listener_that_knows_more_than_was_told_is_turned_away(server: Server) -> None:
    with listen(server, 1_000_000) as socket, pytest.raises(ConnectionClosed) as closed:
        socket.recv(timeout=60)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4409


def test_events_can_come_twice_and_streams_can_be_cut(server: Server) -> None:
    last = place_and_fill(server, "twice-1")
    server.fail(settings={"duplicated_events": 1.0})
    with listen(server, last - 2) as socket:
        assert [each["sequence"] for each in hear(socket, 4)] == [last - 1, last - 1, last, last]
        server.fail(settings={}, disconnect_streams=True)
        with pytest.raises(ConnectionClosed):
            socket.recv(timeout=60)


@pytest.mark.parametrize(("fault", "is_taken"), [("lost_before", False), ("lost_after", True)])
def test_an_answer_can_be_lost_before_and_after_the_order_is_taken(
    server: Server, fault: str, is_taken: bool
) -> None:
    server.fail(fault)
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        server.place(resting(f"fault-{fault.replace('_', '-')}"))
    found = server.request("GET", f"/orders/fault-{fault.replace('_', '-')}")
    assert (found.status_code == 200) is is_taken


@pytest.mark.parametrize(("fault", "status"), [("rate_limited", 429), ("unavailable", 503)])
def test_a_request_can_be_turned_away(server: Server, fault: str, status: int) -> None:
    server.fail(fault)
    name = f"fault-{fault.replace('_', '-')}"
    assert server.place(resting(name)).status_code == status
    assert server.request("GET", f"/orders/{name}").status_code == 404


def test_a_second_process_on_the_same_folder_ends_with_a_clear_word(server: Server) -> None:
    process = server.launch()
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "another process serves this venue" in errors
    assert server.request("GET", "/health").status_code == 200


def conversation(server: Server, crash_at: int | None) -> list[dict[str, Any]]:
    """Orders and grants; with `crash_at` the venue is killed there, and what was under way is asked again."""
    now = START
    for number in range(8):
        if number == crash_at:
            server.fail("lost_after")
            with pytest.raises(httpx.HTTPError):
                server.place(order(f"c{number}", sent_at=now))
            server.kill()
            server.start()
        expected = {200} if number != crash_at else {409}
        assert server.place(order(f"c{number}", sent_at=now)).status_code in expected
        price = Decimal("59990.0") + number
        server.place(resting(f"r{number}", limit_price=price, order_type=OrderType.LIMIT, sent_at=now))
        now += 300 * MILLISECOND
        server.advance(now)
    return events(server)


@pytest.mark.chaos
def test_a_killed_venue_goes_on_as_if_it_had_not_been(tmp_path: Path) -> None:
    with served(settings_of(tmp_path / "calm", snapshot_commands=6)) as calm:
        expected = conversation(calm, crash_at=None)
    with served(settings_of(tmp_path / "killed", snapshot_commands=6)) as killed:
        address = killed.url
        assert conversation(killed, crash_at=5) == expected
        assert killed.url == address
    assert len(expected) > 20
    commands = [each["command"] for each in record(tmp_path / "killed") if "command" in each]
    assert commands == list(range(1, 17))


def test_a_clean_stop_leaves_a_snapshot_and_exit_code_zero(tmp_path: Path) -> None:
    settings = settings_of(tmp_path / "venue")
    with served(settings) as server:
        last = place_and_fill(server, "a")
        assert server.stop() == 0
        assert (tmp_path / "venue" / "journal-000002.log").stat().st_size == 0
        server.start()
        assert len(events(server)) == last
        assert server.place(order("a")).status_code == 409


def test_a_venue_can_be_hosted_in_any_thread_of_another_process(tmp_path: Path) -> None:
    settings = settings_of(tmp_path / "venue")
    loop, stop = asyncio.new_event_loop(), asyncio.Event()
    host = threading.Thread(target=loop.run_until_complete, args=(serve(settings, stop=stop),))
    host.start()
    hosted = Server(settings)
    try:
        deadline = time.monotonic() + 60
        while not (hosted.folder / "address.json").exists():
            assert time.monotonic() < deadline
            time.sleep(0.01)
        assert place_and_fill(hosted, "a") > 0
    finally:
        loop.call_soon_threadsafe(stop.set)
        host.join(timeout=60)
        loop.close()
        hosted.close()
    assert not host.is_alive()
    open_venue(settings).close()


def wait_for(server: Server, client_order_id: str, state: str) -> None:
    deadline = time.monotonic() + 60
    while server.request("GET", f"/orders/{client_order_id}").json()["state"] != state:
        assert time.monotonic() < deadline, f"{client_order_id} is not {state}"
        time.sleep(0.02)


@pytest.mark.chaos
def test_a_paced_venue_goes_on_by_itself_and_through_its_own_death(tmp_path: Path) -> None:
    pace = TimeSettings(mode=TimeMode.PACED, start=START, speed=20.0)
    with served(settings_of(tmp_path / "venue", mode=TimeMode.PACED, time=pace)) as server:
        assert server.request("POST", "/clock/advance", json={"time": START}).status_code == 409
        server.place(order("a"))
        wait_for(server, "a", "filled")
        before = events(server)
        far = server.request("GET", "/time").json()["time"] + 20 * SECOND
        server.place(order("b", sent_at=far))
        server.kill()
        server.start()
        wait_for(server, "b", "filled")
        assert events(server)[: len(before)] == before
        arrived = next(each for each in events(server, len(before)) if each["client_order_id"] == "b")
        assert arrived["time"] == far + LATENCY
