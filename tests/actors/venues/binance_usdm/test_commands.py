"""Placing, cancelling and replacing under every kind of answer: one request each, and certain only where it is."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest

from actors.venues.binance_usdm.port import BinanceUsdmPort
from messages.errors import VenueConnectionError
from messages.intents import OrderType, Side
from messages.reasons import Reason
from messages.venue import CancelOrder, Outcome, ReplaceOrder
from tests.actors.venues.binance_usdm.building import (
    CREDENTIALS,
    FAR,
    HASTY,
    LISTING,
    PATIENT,
    SECOND,
    SYMBOL,
    Rows,
    no,
    order,
    placed,
    port_with,
    settings_for,
    stop,
)
from tests.actors.venues.scripted import HANG_UP, SILENCE, Asked, Say, run

pytestmark = pytest.mark.integration

ORDER, ALGO = "/fapi/v1/order", "/fapi/v1/algoOrder"
UNKNOWN_TEXT = "Unknown error, please check your request or try again later."
UNCERTAIN = (Outcome.NO_ANSWER, Reason.UNKNOWN_OUTCOME)
STOP: dict[str, Any] = {
    "order_type": OrderType.STOP,
    "limit_price": None,
    "stop_price": Decimal("45000"),
    "side": Side.SELL,
}
REPLACE = ReplaceOrder(
    "cid-1", SYMBOL, Side.BUY, Decimal("0.020"), Decimal("50001"), FAR, 1, increases_exposure=True
)
FAULTS = [
    (SILENCE, UNCERTAIN),
    (HANG_UP, UNCERTAIN),
    (Say(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{", hang_up=True), UNCERTAIN),
    (Say(body=b"{not json"), UNCERTAIN),
    (Say(body={"orderId": 5}), UNCERTAIN),
    (no(0, UNKNOWN_TEXT, 503), UNCERTAIN),
    (no(-1001, "Internal error", 500), UNCERTAIN),
    (no(-1007, "Timeout", 408), UNCERTAIN),
    (no(-1006, "Unexpected response"), UNCERTAIN),
    (no(0, "Service Unavailable.", 503), (Outcome.NOT_SENT, Reason.NOT_SENT)),
    (no(-1008, "throttled", 503), (Outcome.NOT_SENT, Reason.NOT_SENT)),
    (no(-1015, "Too many new orders", 429), (Outcome.NOT_SENT, Reason.RATE_LIMIT)),
    (no(-1003, "Too many requests", 429, Retry_After="1"), (Outcome.NOT_SENT, Reason.RATE_LIMIT)),
    (no(-1021, "Timestamp"), (Outcome.NOT_SENT, Reason.CLOCK_SKEW)),
    (no(-2015, "Invalid API-key", 401), (Outcome.REJECTED, Reason.AUTH)),
    (no(-2019, "Margin is insufficient."), (Outcome.REJECTED, Reason.INSUFFICIENT_BALANCE)),
    (no(-5022, "Post Only"), (Outcome.REJECTED, Reason.POST_ONLY_WOULD_TAKE)),
    (no(-4120, "Order type not supported"), (Outcome.REJECTED, Reason.VENUE_FAULT)),
]


async def learn_the_time(port: BinanceUsdmPort) -> None:
    """So that a request is not held up by it; on a busy machine the venue's answer may come too late for haste."""
    while True:
        with suppress(VenueConnectionError):
            await port.server_time()
            return


@pytest.mark.parametrize(("say", "expected"), FAULTS)
@pytest.mark.parametrize("verb", ["place", "place stop", "replace"])
def test_every_answer_ends_in_the_outcome_that_is_true(
    verb: str, say: Say, expected: tuple[Outcome, Reason]
) -> None:
    async def work() -> None:
        rows: Rows = {("POST", ORDER): say, ("POST", ALGO): say, ("PUT", ORDER): say}
        async with port_with(rows, phases=HASTY if say is SILENCE else PATIENT) as (port, server):
            await learn_the_time(port)
            if verb == "replace":
                result: Any = await port.replace(REPLACE, 0)
            else:
                result = await port.place(order(**(STOP if verb == "place stop" else {})), 0)
            assert (result.outcome, result.reason) == expected
            written = [asked for asked in server.asked if asked.path in (ORDER, ALGO)]
            assert len(written) == 1, "never a second time"
            assert "secret" not in result.detail
            assert "signature" not in result.detail

    run(work())


def test_a_place_is_signed_over_what_is_sent_and_in_the_venues_time() -> None:
    async def work() -> None:
        ahead = 3 * SECOND
        rows: Rows = {
            ("GET", "/fapi/v1/time"): lambda asked: Say(
                body={"serverTime": (time.time_ns() + ahead) // 1_000_000}
            ),
            ("POST", ORDER): Say(body=placed()),
        }
        async with port_with(rows) as (port, server):
            result = await port.place(order(), 0)
            assert (result.outcome, result.venue_order_id) == (Outcome.ACCEPTED, "1573346959")
            (asked,) = server.named(ORDER)
            query, _, signature = asked.query.rpartition("&signature=")
            assert signature == CREDENTIALS.signature(query)
            assert asked.body == b""
            assert asked.headers["x-mbx-apikey"] == "key-of-tests"
            assert asked.parameters["recvWindow"] == "3000"
            told = int(asked.parameters["timestamp"]) * 1_000_000 - time.time_ns()
            assert abs(told - ahead) < SECOND / 2
            health = port.health()
            assert health.clock_offset_ns is not None
            assert abs(health.clock_offset_ns - ahead) < SECOND / 10

    run(work())


def test_a_venue_that_throttles_entries_still_gets_the_exits() -> None:
    """It says so itself: orders that only reduce are exempt from its protection."""

    async def work() -> None:
        def throttled(asked: Asked) -> Say:
            exempt = asked.parameters.get("reduceOnly") == "true"
            return Say(body=placed()) if exempt else no(-1008, "Request throttled", 503)

        async with port_with({("POST", ORDER): throttled}) as (port, server):
            for _ in range(5):
                assert (await port.place(order(), 0)).reason is Reason.NOT_SENT
            assert (await port.place(order(), 0)).reason is Reason.CIRCUIT_OPEN
            out = order(reduce_only=True, increases_exposure=False, side=Side.SELL)
            assert (await port.place(out, 0)).outcome is Outcome.ACCEPTED
            assert len(server.named(ORDER)) == 6

    run(work())


def test_without_a_connection_nothing_was_done_and_the_breaker_opens_for_orders_only() -> None:
    async def work() -> None:
        up = True
        rows: Rows = {
            ("POST", ORDER): lambda asked: Say(body=placed()) if up else no(0, "", 502),
            ("DELETE", ORDER): lambda asked: Say(body=placed(status="CANCELED")),
        }
        async with port_with(rows) as (port, server):
            await port.place(order(), 0)
            up = False
            for _ in range(5):
                assert (await port.place(order(), 0)).outcome is Outcome.NO_ANSWER
            held = await port.place(order(), 0)
            assert (held.outcome, held.reason) == (Outcome.NOT_SENT, Reason.CIRCUIT_OPEN)
            assert len(server.named(ORDER, "POST")) == 6
            until = port.health().circuit_open_until
            assert until is not None
            assert 0 < until - time.time_ns() <= SECOND
            up = True
            assert (await port.cancel(CancelOrder("cid-1", SYMBOL), 0)).outcome is Outcome.ACCEPTED
            assert (await port.place(order(), 0)).outcome is Outcome.ACCEPTED
        gone = BinanceUsdmPort(settings_for(server.url), CREDENTIALS)
        result = await gone.place(order(), 0)
        assert result.outcome is Outcome.NOT_SENT
        await gone.close()
        assert (await gone.place(order(), 0)).outcome is Outcome.NOT_SENT

    run(work())


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (Say(body=placed(orderId=9)), (Outcome.ACCEPTED, Reason.ACCEPTED)),
        (
            Say(body=placed(origQty="0.5")),
            (Outcome.REJECTED, Reason.DUPLICATE_CLIENT_ORDER_ID),
        ),
        (
            Say(body=placed(side="SELL")),
            (Outcome.REJECTED, Reason.DUPLICATE_CLIENT_ORDER_ID),
        ),
        (HANG_UP, UNCERTAIN),
        (no(-2013, "Order does not exist."), UNCERTAIN),
    ],
)
def test_a_duplicate_id_is_our_order_only_if_it_is_the_same(
    found: Say, expected: tuple[Outcome, Reason]
) -> None:
    async def work() -> None:
        rows: Rows = {
            ("POST", ORDER): no(-4116, "ClientOrderId is duplicated."),
            ("GET", ORDER): found,
            ("GET", "/fapi/v1/openOrders"): Say(body=[]),
        }
        async with port_with(rows) as (port, _):
            result = await port.place(order(), 0)
            assert (result.outcome, result.reason) == expected
            assert result.venue_order_id == ("9" if result.outcome is Outcome.ACCEPTED else None)

    run(work())


def test_an_order_too_wrong_to_send_or_too_far_off_in_time_is_not_sent() -> None:
    async def work() -> None:
        rows: Rows = {
            ("GET", "/fapi/v1/time"): Say(body={"serverTime": 1_000}),
            ("POST", ORDER): Say(body=placed()),
            ("DELETE", ORDER): Say(body=placed()),
        }
        async with port_with(rows) as (port, server):
            refused = await port.place(order(limit_price=None), 0)
            assert (refused.outcome, refused.reason) == (Outcome.REJECTED, Reason.INTENT_MALFORMED)
            skewed = await port.place(order(), 0)
            assert (skewed.outcome, skewed.reason) == (Outcome.NOT_SENT, Reason.CLOCK_SKEW)
            assert (await port.cancel(CancelOrder("cid-1", SYMBOL), 0)).outcome is Outcome.ACCEPTED
            assert server.named(ORDER, "POST") == []
        async with port_with(rows, offset_bound_ns=None) as (port, _):
            assert (await port.place(order(), 0)).outcome is Outcome.ACCEPTED

    run(work())


def test_an_order_is_not_sent_long_after_it_was_asked_for_nor_after_its_deadline() -> None:
    """While the venue's clock is being learned time goes by; what asks for the order's fate does not know of that."""

    async def work() -> None:
        now = time.time_ns()
        slow = Say(body={"serverTime": now // 1_000_000}, after_s=0.15)
        rows: Rows = {("GET", "/fapi/v1/time"): slow, ("POST", ORDER): Say(body=placed())}
        async with port_with(rows, order_ready_s=0.1) as (port, server):
            late = await port.place(order(), now)
            assert (late.outcome, late.reason) == (Outcome.NOT_SENT, Reason.NOT_SENT)
            while (again := await port.place(order(), now)).outcome is Outcome.NOT_SENT:
                pass  # the clock is known by now, and an order ready in time unless the machine is busy
            assert again.outcome is Outcome.ACCEPTED
            assert len(server.named(ORDER)) == 1
        async with port_with(rows, order_ready_s=5.0) as (port, server):
            expired = await port.place(order(deadline=now + SECOND // 10), now)
            assert (expired.outcome, server.named(ORDER)) == (Outcome.NOT_SENT, [])

    run(work())


def test_an_order_that_waited_for_a_connection_past_its_deadline_is_not_sent() -> None:
    async def work() -> None:
        rows: Rows = {("POST", ORDER): Say(body=placed(), after_s=0.25)}
        async with port_with(rows, connections=1) as (port, server):
            await port.server_time()
            now = time.time_ns()
            first, second = await asyncio.gather(
                port.place(order("cid-1"), now),
                port.place(order("cid-2", deadline=now + SECOND // 10), now),
            )
            assert first.outcome is Outcome.ACCEPTED
            assert (second.outcome, second.reason) == (Outcome.NOT_SENT, Reason.NOT_SENT)
            assert len(server.named(ORDER, "POST")) == 1

    run(work())


def test_without_the_venues_time_nothing_is_signed() -> None:
    async def work() -> None:
        rows: Rows = {("GET", "/fapi/v1/time"): no(0, "", 500), ("POST", ORDER): Say(body=placed())}
        async with port_with(rows) as (port, server):
            result = await port.place(order(), 0)
            assert (result.outcome, result.reason) == (Outcome.NOT_SENT, Reason.CLOCK_SKEW)
            assert server.named(ORDER) == []

    run(work())


def test_a_skewed_clock_is_read_again_at_once() -> None:
    async def work() -> None:
        answers = iter([no(-1021, "Timestamp"), Say(body=placed())])
        rows: Rows = {("POST", ORDER): lambda asked: next(answers)}
        async with port_with(rows) as (port, server):
            assert (await port.place(order(), 0)).reason is Reason.CLOCK_SKEW
            before = len(server.named("/fapi/v1/time"))
            assert before == 6, "three readings at first, three after the refusal"
            assert (await port.place(order(), 0)).outcome is Outcome.ACCEPTED
            assert len(server.named("/fapi/v1/time")) == before

    run(work())


@pytest.mark.parametrize(
    ("say", "expected"),
    [
        (Say(body=placed(status="CANCELED")), (Outcome.ACCEPTED, Reason.ACCEPTED)),
        (no(-2011, "Unknown order sent."), (Outcome.REJECTED, Reason.UNKNOWN_ORDER)),
        (HANG_UP, UNCERTAIN),
        (no(0, UNKNOWN_TEXT, 503), UNCERTAIN),
        (no(0, "Service Unavailable.", 503), (Outcome.NOT_SENT, Reason.NOT_SENT)),
        (no(-1003, "Too many requests", 429), (Outcome.NOT_SENT, Reason.RATE_LIMIT)),
        (no(-1021, "Timestamp"), (Outcome.NOT_SENT, Reason.CLOCK_SKEW)),
    ],
)
def test_a_cancel_ends_as(say: Say, expected: tuple[Outcome, Reason]) -> None:
    async def work() -> None:
        async with port_with({("DELETE", ORDER): say}) as (port, server):
            result = await port.cancel(CancelOrder("cid-1", SYMBOL), 0)
            assert (result.outcome, result.reason) == expected
            assert len(server.named(ORDER)) == 1

    run(work())


def test_a_stop_is_cancelled_among_stops_and_if_it_has_triggered_as_an_order() -> None:
    async def work() -> None:
        rows: Rows = {
            ("DELETE", ALGO): Say(
                body={"algoId": 1, "clientAlgoId": "cid-1", "code": "200", "msg": "success"}
            ),
            ("DELETE", ORDER): Say(body=placed(status="CANCELED")),
        }
        cancel = CancelOrder("cid-1", SYMBOL, conditional=True)
        async with port_with(rows) as (port, server):
            assert (await port.cancel(cancel, 0)).outcome is Outcome.ACCEPTED
            assert server.named(ORDER) == []
        rows["DELETE", ALGO] = no(-2011, "Unknown order sent.")
        async with port_with(rows) as (port, server):
            assert (await port.cancel(cancel, 0)).outcome is Outcome.ACCEPTED
            assert len(server.named(ORDER)) == 1
        rows["DELETE", ORDER] = no(-2011, "Unknown order sent.")
        async with port_with(rows) as (port, _):
            result = await port.cancel(cancel, 0)
            assert (result.outcome, result.reason) == (Outcome.REJECTED, Reason.UNKNOWN_ORDER)
        rows["DELETE", ALGO] = HANG_UP
        async with port_with(rows) as (port, server):
            assert (await port.cancel(cancel, 0)).outcome is Outcome.NO_ANSWER
            assert server.named(ORDER) == [], "it is not known whether it was cancelled"

    run(work())


@pytest.mark.parametrize(
    ("say", "outcome"),
    [
        (Say(body=placed(price="50001", origQty="0.020")), Outcome.ACCEPTED),
        (no(-5027, "No need to modify the order."), Outcome.ACCEPTED),
        (no(-2013, "Order does not exist."), Outcome.REJECTED),
        (Say(body=placed(status="CANCELED")), Outcome.NO_ANSWER),
    ],
)
def test_a_replacement_that_ended_the_order_is_asked_for(say: Say, outcome: Outcome) -> None:
    async def work() -> None:
        async with port_with({("PUT", ORDER): say}) as (port, _):
            assert (await port.replace(REPLACE, 0)).outcome is outcome

    run(work())


def test_orders_wait_shortly_for_the_budget_and_cancels_go_on() -> None:
    async def work() -> None:
        rows: Rows = {("POST", ORDER): Say(body=placed()), ("DELETE", ORDER): Say(body=placed())}
        async with port_with(rows, orders_10s=10, budget_safety=1.0) as (port, server):
            results = [await port.place(order(), 0) for _ in range(12)]
            accepted = [result for result in results if result.outcome is Outcome.ACCEPTED]
            assert len(accepted) == 8
            assert {result.reason for result in results[8:]} == {Reason.RATE_LIMIT}
            closing = await port.place(order(increases_exposure=False), 0)
            assert closing.outcome is Outcome.ACCEPTED
            assert (await port.cancel(CancelOrder("cid-1", SYMBOL), 0)).outcome is Outcome.ACCEPTED
            assert len(server.named(ORDER, "POST")) == 9

    run(work())


def test_a_venue_that_wants_to_be_left_alone_is() -> None:
    async def work() -> None:
        answers = iter([no(-1003, "Too many requests", 429, Retry_After="1")])
        rows: Rows = {
            ("POST", ORDER): lambda asked: next(answers, Say(body=placed())),
            ("DELETE", ORDER): Say(body=placed()),
        }
        async with port_with(rows, cancel_patience_s=2.0) as (port, server):
            await port.place(order(), 0)
            began = time.monotonic()
            assert (await port.place(order(), 0)).reason is Reason.RATE_LIMIT
            assert len(server.named(ORDER)) == 1
            assert (await port.cancel(CancelOrder("cid-1", SYMBOL), 0)).outcome is Outcome.ACCEPTED
            assert time.monotonic() - began > 0.8, "even a cancel waits"
            assert (await port.place(order(), 0)).outcome is Outcome.ACCEPTED

    run(work())


def test_what_others_use_at_the_same_address_is_seen_in_the_headers() -> None:
    async def work() -> None:
        def answer(asked: Asked) -> Say:
            return Say(body=placed(), headers={"X-MBX-USED-WEIGHT-1M": "1200", "X-MBX-ORDER-COUNT-10S": "30"})

        async with port_with({("POST", ORDER): answer}) as (port, _):
            await port.place(order(), 0)
            assert port.health().rate_used == 0.5

    run(work())


def test_an_accepted_stop_has_the_id_it_is_known_by_until_it_triggers() -> None:
    async def work() -> None:
        async with port_with({("POST", ALGO): Say(body=stop())}) as (port, server):
            result = await port.place(order(**STOP), 0)
            assert (result.outcome, result.venue_order_id) == (Outcome.ACCEPTED, "2146760")
            assert server.named(ALGO)[0].parameters["symbol"] == LISTING

    run(work())


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"limit_price": Decimal("50000.05")}, Reason.TICK_SIZE),
        ({"quantity": Decimal("0.0105")}, Reason.LOT_SIZE),
        ({}, Reason.VENUE_REJECTED),
    ],
)
def test_too_many_digits_are_put_down_to_the_grid_they_are_off(
    changes: dict[str, Any], reason: Reason
) -> None:
    filters = [
        {"filterType": "PRICE_FILTER", "tickSize": "0.10"},
        {"filterType": "LOT_SIZE", "minQty": "0.001", "maxQty": "1000", "stepSize": "0.001"},
    ]
    listed = {
        "symbol": LISTING,
        "status": "TRADING",
        "baseAsset": "BTC",
        "quoteAsset": "USDT",
        "marginAsset": "USDT",
        "filters": filters,
    }
    rows: Rows = {
        ("GET", "/fapi/v1/exchangeInfo"): Say(body={"rateLimits": [], "symbols": [listed]}),
        ("GET", "/fapi/v3/balance"): Say(body=[]),
        ("POST", "/fapi/v1/order"): no(-1111),
    }

    async def work() -> None:
        async with port_with(rows) as (port, _):
            unknown = await port.place(order(), 0)
            assert (unknown.outcome, unknown.reason) == (Outcome.REJECTED, Reason.VENUE_REJECTED)
            await port.connect()
            assert (await port.place(order(**changes), 0)).reason is reason

    run(work())
