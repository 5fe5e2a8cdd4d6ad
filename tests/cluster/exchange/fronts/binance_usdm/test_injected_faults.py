"""Injected faults as a client sees them: what comes back, and whether anything was done."""

from __future__ import annotations

import asyncio
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed

from cluster.exchange.faults import Fault, FaultRule
from cluster.exchange.fronts.binance_usdm.context import FrontSettings
from cluster.exchange.fronts.binance_usdm.limits import LimitSettings
from tests.cluster.exchange.rig import Rig, caught_up, hear, hear_until, is_quiet, trying

pytestmark = pytest.mark.integration

PLACE = "POST /fapi/v1/order"


async def place(rig: Rig, name: str) -> httpx.Response | None:
    """Place an order; None when no answer comes."""
    terms = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.01"}
    price = await rig.far_bid()
    try:
        return await rig.signed("POST", "/fapi/v1/order", price=price, newClientOrderId=name, **terms)
    except httpx.TransportError:
        return None


async def is_there(rig: Rig, name: str) -> bool:
    response = await rig.signed("GET", "/fapi/v1/order", symbol="BTCUSDT", origClientOrderId=name)
    return response.status_code == 200


def rule(kind: Fault, **changes: Any) -> FaultRule:
    return FaultRule(**{"kind": kind, "match": PLACE, "low_s": 0.05, "high_s": 0.05, **changes})


@pytest.mark.parametrize(
    ("kind", "done", "status", "code", "text"),
    [
        (Fault.LATENCY, True, 200, None, ""),
        (Fault.LATE, True, 200, None, ""),
        (Fault.TIMEOUT_BEFORE, False, None, None, ""),
        (Fault.TIMEOUT_AFTER, True, None, None, ""),
        (Fault.RESET_BEFORE, False, None, None, ""),
        (Fault.RESET_AFTER, True, None, None, ""),
        (Fault.HALF_ANSWER, True, None, None, ""),
        (Fault.RATE_LIMIT, False, 429, -1003, "Too many requests"),
        (Fault.UNAVAILABLE, False, 503, 0, "Service Unavailable."),
        (Fault.THROTTLED, False, 503, -1008, "Request throttled"),
        (Fault.SKEW, False, 400, -1021, "recvWindow"),
        (Fault.UNKNOWN, True, 503, -1000, "Unknown error, please check your request or try again later."),
        (Fault.UNKNOWN, False, 503, -1000, "Unknown error, please check your request or try again later."),
        (Fault.BACKEND_TIMEOUT, True, 408, -1007, "Send status unknown"),
        (Fault.BACKEND_TIMEOUT, False, 408, -1007, "Send status unknown"),
        (Fault.GATEWAY, True, 502, None, "<html>"),
        (Fault.GATEWAY, False, 502, None, "<html>"),
        (Fault.PAGE, True, 200, None, "<html>"),
        (Fault.PAGE, False, 200, None, "<html>"),
        (Fault.FIREWALL, False, 403, None, "<html>"),
        (Fault.SERVER_ERROR, True, 500, -1001, "Internal error"),
        (Fault.SERVER_ERROR, False, 500, -1001, "Internal error"),
    ],
)
def test_what_a_fault_answers_and_whether_it_was_done(
    tmp_path: Path, kind: Fault, done: bool, status: int | None, code: int | None, text: str
) -> None:
    async def scenario(rig: Rig) -> None:
        began = time.monotonic()
        response = await place(rig, "one")
        if kind in (Fault.LATENCY, Fault.LATE, Fault.TIMEOUT_AFTER, Fault.TIMEOUT_BEFORE):
            assert time.monotonic() - began >= 0.05
        assert (None if response is None else response.status_code) == status
        if response is not None and code is not None:
            assert response.json()["code"] == code
            assert text in response.json()["msg"]
        elif response is not None:
            assert response.text.startswith(text or "{")
        if status == 429:
            assert response is not None
            assert int(response.headers["Retry-After"]) >= 1
        assert await is_there(rig, "one") is done
        stats = await rig.control("GET", "stats")
        assert stats["faults"] == {kind.value: 1}
        key = "-1" if status is None else str(status)
        assert stats["requests"][PLACE] == {key: 1}

    trying(tmp_path, scenario, rule(kind, done=float(done), count=1))


def test_a_ban_lasts(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        response = await place(rig, "one")
        assert response is not None
        assert (response.status_code, response.headers["Retry-After"]) == (418, "60")
        assert (await rig.http.get("/fapi/v1/time")).status_code == 418
        rig.clock.go(61)
        assert (await rig.http.get("/fapi/v1/time")).status_code == 200
        assert not await is_there(rig, "one")

    trying(tmp_path, scenario, rule(Fault.BAN, low_s=60, high_s=60, count=1))


def test_who_asks_too_much_is_refused_then_banned(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        answers = [await rig.http.get("/fapi/v1/time") for _ in range(9)]
        assert [answer.status_code for answer in answers] == [*[200] * 5, 429, 429, 418, 418]
        assert [answer.headers["X-MBX-USED-WEIGHT-1M"] for answer in answers[:3]] == ["1", "2", "3"]
        assert int(answers[5].headers["Retry-After"]) <= 60
        assert answers[-1].headers["Retry-After"] == "120"
        assert answers[-1].json()["code"] == -1003
        assert (await rig.control("GET", "stats"))["bans"] == 1

    limits = LimitSettings(weight_per_minute=5, tolerated=2)
    trying(tmp_path, scenario, front=FrontSettings(limits=limits))


def test_orders_are_counted_per_account(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        answers = [await place(rig, f"o{number}") for number in range(4)]
        assert [answer.status_code for answer in answers if answer] == [200, 200, 429, 429]
        assert answers[1] is not None
        assert answers[2] is not None
        assert answers[1].headers["X-MBX-ORDER-COUNT-10S"] == "2"
        assert answers[2].json()["code"] == -1015
        assert "Retry-After" in answers[2].headers
        rig.clock.go(10)
        answer = await place(rig, "later")
        assert answer is not None
        assert answer.status_code == 200
        assert answer.headers["X-MBX-ORDER-COUNT-1M"] == "3"

    trying(tmp_path, scenario, front=FrontSettings(limits=LimitSettings(orders_per_ten_seconds=2)))


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (Fault.DUPLICATE, ["a", "a", "b", "c"]),
        (Fault.DROP, ["b", "c"]),
        (Fault.REORDER, ["b", "a", "c"]),
        (Fault.STALE, ["b", "c", "a"]),
    ],
)
def test_private_events_go_wrong(tmp_path: Path, kind: Fault, expected: list[str]) -> None:
    async def scenario(rig: Rig) -> None:
        async with rig.stream(f"/private/ws/{await rig.listen_key()}") as socket:
            for name in "abc":
                await rig.rest_order(name)
            heard = await hear(socket, len(expected))
            assert [event["o"]["c"] for event in heard] == expected
            assert await is_quiet(socket)

    wait_s = 1.5 if kind is Fault.STALE else 20.0  # the next are sent by then; a held one waits for the next
    trying(tmp_path, scenario, FaultRule(kind=kind, match="user", count=1, low_s=wait_s, high_s=wait_s))


def test_a_private_stream_falls_silent_and_speaks_again(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        async with rig.stream(f"/private/ws/{await rig.listen_key()}") as socket:
            loop = asyncio.get_running_loop()
            silent_until = loop.time() + 0.4  # at least: it begins with the first order's event
            placed: dict[str, float] = {}
            heard: list[Any] = []
            async with asyncio.timeout(20):
                while not heard:
                    name = f"o{len(placed)}"
                    await rig.rest_order(name)
                    placed[name] = loop.time()
                    await asyncio.sleep(0.02)
                    heard = await caught_up(socket)
            (event,) = heard
            assert event["o"]["c"] == name != "o0"
            assert placed[name] >= silent_until

    silent = FaultRule(kind=Fault.SILENT, match="user", count=1, low_s=0.4, high_s=0.4)
    trying(tmp_path, scenario, silent, front=FrontSettings(messages_per_second=1_000))


def test_streams_are_cut(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        async with rig.stream(f"/private/ws/{await rig.listen_key()}") as socket:
            await rig.rest_order("a")
            with pytest.raises(ConnectionClosed) as closed:
                await asyncio.wait_for(socket.recv(), 20)
            assert closed.value.rcvd is None
        async with rig.stream("/public/ws") as other:
            assert await rig.control("POST", "streams/cut") == {"cut": 1}
            with pytest.raises(ConnectionClosed):
                await asyncio.wait_for(other.recv(), 20)

    trying(tmp_path, scenario, FaultRule(kind=Fault.CUT, match="user", count=1))


def test_a_book_stream_has_a_gap(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        async with rig.stream("/public/ws/btcusdt@depth@100ms") as socket:
            heard: list[Any] = []
            for number in range(4):
                rig.clock.go(1)
                async with asyncio.timeout(20):
                    while len(heard) + len((await rig.control("GET", "stats"))["faults"]) <= number:
                        heard += await caught_up(socket)
            gaps = [later["pu"] != earlier["u"] for earlier, later in pairwise(heard)]
            assert gaps == [True, False]

    trying(
        tmp_path,
        scenario,
        FaultRule(kind=Fault.DROP, match="*@depth*", skip=1, count=1),
        front=FrontSettings(messages_per_second=10_000),
    )


def test_maintenance_and_filters_at_run_time(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        await rig.rest_order("before")
        await rig.control("POST", "maintenance", {"on": True})
        answer = await place(rig, "during")
        assert answer is not None
        assert (answer.status_code, answer.json()["msg"]) == (503, "Service Unavailable.")
        await rig.ok("DELETE", "/fapi/v1/order", symbol="BTCUSDT", origClientOrderId="before")
        await rig.control("POST", "maintenance", {"on": False})
        await rig.rest_order("after")

        await rig.control(
            "POST", "rules", {"listing": "BTCUSDT", "changes": {"tick": "0.5", "trading": False}}
        )
        info = await rig.get("/fapi/v1/exchangeInfo")
        assert info["symbols"][0]["filters"][0]["tickSize"] == "0.5"
        assert info["symbols"][0]["status"] != "TRADING"
        answer = await place(rig, "closed")
        assert answer is not None
        assert answer.status_code == 400

    trying(tmp_path, scenario)


def test_the_clock_can_be_wrong(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        await rig.control("POST", "clock", {"offset_s": 7.5})
        told = await rig.get("/fapi/v1/time")
        assert told["serverTime"] == rig.now_ms + 7_500
        assert await rig.refused("GET", "/fapi/v1/openOrders") == (400, -1021)
        assert await rig.ok("GET", "/fapi/v1/openOrders", timestamp=told["serverTime"]) == []
        assert await rig.ok("GET", "/fapi/v1/openOrders", recvWindow=8_000) == []
        await rig.control("POST", "clock", {"offset_s": -7.5})
        assert await rig.refused("GET", "/fapi/v1/openOrders") == (400, -1021)
        await rig.control("DELETE", "faults")
        assert await rig.ok("GET", "/fapi/v1/openOrders") == []

    trying(tmp_path, scenario)


def test_faults_are_changed_while_it_runs(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        await rig.control("POST", "faults", {"specs": ["unavailable:100%@GET /fapi/v1/time"]})
        assert (await rig.http.get("/fapi/v1/time")).status_code == 503
        told = await rig.control("GET", "faults")
        assert [each["kind"] for each in told["rules"]] == ["unavailable"]
        await rig.control("PUT", "faults", {"seed": 1, "rules": []})
        assert (await rig.http.get("/fapi/v1/time")).status_code == 200
        await rig.control("POST", "faults", {"specs": ["maintenance,at=0"]})
        async with asyncio.timeout(20):
            while (answer := await place(rig, "closed")) is None or answer.status_code != 503:
                await asyncio.sleep(0.02)
        await rig.control("POST", "maintenance", {"on": False})
        await rig.rest_order("open")
        key = await rig.listen_key()
        async with rig.stream(f"/private/ws/{key}") as socket:
            assert await rig.control("POST", "listen-keys/expire") == {"expired": 1}
            heard = await hear_until(socket, lambda event: event["e"] == "listenKeyExpired")
            assert heard[-1]["listenKey"] == key

    trying(tmp_path, scenario)


def test_the_back_door_is_locked(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        async with httpx.AsyncClient(trust_env=False, verify=False) as http:
            for headers in ({}, {"Authorization": "Bearer x"}):
                response = await http.get(f"{rig.address.control}/control/stats", headers=headers)
                assert response.status_code == 401
            response = await http.get(f"{rig.address.rest}/control/stats")
            assert response.status_code == 404

    trying(tmp_path, scenario)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("faults", {"specs": ["fire"]}),
        ("rules", {"listing": "BTCUSDT", "changes": {"colour": "red"}}),
        ("rules", {"listing": "BTCUSDT", "changes": {"tick": "x"}}),
        ("rules", {"listing": "NOPE", "changes": {"tick": "1"}}),
        ("deposit", {"account": "nobody", "currency": "USDT", "amount": "1"}),
        ("deposit", {"account": "desk", "currency": "USDT", "amount": "much"}),
        ("maintenance", {"on": "perhaps"}),
    ],
)
def test_what_the_back_door_does_not_understand(tmp_path: Path, path: str, body: object) -> None:
    async def scenario(rig: Rig) -> None:
        with pytest.raises(AssertionError, match="error"):
            await rig.control("POST", path, body)

    trying(tmp_path, scenario)
