"""Questions about orders and executions: what is found, what is absent, and above all what is not known."""

from __future__ import annotations

import time
from decimal import Decimal
from typing import Any

import pytest

from messages.intents import OrderType, Side
from messages.orders import Liquidity, OrderState
from messages.reasons import Reason
from messages.venue import CancelOrder, Outcome, QueryFills, QueryOrder, VenueOrder
from messages.venue_account import ArmDeadMan, ConfigureAccount, QueryAccount, SymbolMargin
from tests.actors.venues.binance_usdm.building import (
    LISTING,
    SECOND,
    SYMBOL,
    Rows,
    no,
    order,
    placed,
    port_with,
    stop,
)
from tests.actors.venues.scripted import HANG_UP, Asked, Say, run

pytestmark = pytest.mark.integration

ORDER, ALGO = "/fapi/v1/order", "/fapi/v1/algoOrder"
OPEN, OPEN_ALGO = "/fapi/v1/openOrders", "/fapi/v1/openAlgoOrders"
TRADES = "/fapi/v1/userTrades"
ABSENT = no(-2013, "Order does not exist.")
QUERY = QueryOrder("cid-1", SYMBOL)
STOP = QueryOrder("cid-1", SYMBOL, conditional=True)
DAY_MS = 86_400_000


def found(state: OrderState = OrderState.WORKING, filled: str = "0", **more: Any) -> VenueOrder:
    plain = {
        "client_order_id": "cid-1",
        "venue_order_id": "1573346959",
        "symbol": SYMBOL,
        "side": Side.BUY,
        "state": state,
        "quantity": Decimal("0.010"),
        "filled": Decimal(filled),
        "limit_price": Decimal("50000.10"),
    }
    return VenueOrder(**(plain | more))


WAITING = found(venue_order_id="2146760", side=Side.SELL, limit_price=None, conditional=True)


@pytest.mark.parametrize(
    ("status", "filled", "state"),
    [
        ("NEW", "0", OrderState.WORKING),
        ("PARTIALLY_FILLED", "0.004", OrderState.PARTIALLY_FILLED),
        ("FILLED", "0.010", OrderState.FILLED),
        ("CANCELED", "0.004", OrderState.CANCELLED),
        ("EXPIRED", "0", OrderState.EXPIRED),
        ("EXPIRED_IN_MATCH", "0", OrderState.EXPIRED),
        ("REJECTED", "0", OrderState.REJECTED),
    ],
)
def test_an_order_is_found_in_its_state(status: str, filled: str, state: OrderState) -> None:
    async def work() -> None:
        rows: Rows = {("GET", ORDER): Say(body=placed(status=status, executedQty=filled))}
        async with port_with(rows) as (port, server):
            result = await port.query(QUERY)
            assert (result.outcome, result.order) == (Outcome.ACCEPTED, found(state, filled))
            assert server.named(ORDER)[0].parameters["origClientOrderId"] == "cid-1"

    run(work())


@pytest.mark.parametrize(
    ("query", "rows", "expected"),
    [
        (QUERY, {("GET", ORDER): ABSENT, ("GET", OPEN): Say(body=[])}, None),
        (QUERY, {("GET", ORDER): ABSENT, ("GET", OPEN): Say(body=[placed("other"), placed()])}, found()),
        (QUERY, {("GET", ORDER): ABSENT, ("GET", OPEN): HANG_UP}, Outcome.NO_ANSWER),
        (QUERY, {("GET", ORDER): HANG_UP}, Outcome.NO_ANSWER),
        (QUERY, {("GET", ORDER): no(-1003, "", 429)}, Outcome.NO_ANSWER),
        (QUERY, {("GET", ORDER): no(-2015, "", 401)}, Outcome.NO_ANSWER),
        (QUERY, {("GET", ORDER): no(-2011, "Unknown order sent.")}, Outcome.NO_ANSWER),
        (QUERY, {("GET", ORDER): Say(body=placed(status="STRANGE"))}, Outcome.NO_ANSWER),
        (QUERY, {("GET", ORDER): Say(body={})}, Outcome.NO_ANSWER),
        (STOP, {("GET", ALGO): Say(body=stop())}, WAITING),
        (STOP, {("GET", ALGO): Say(body=stop(algoStatus="TRIGGERING"))}, WAITING),
        (
            STOP,
            {("GET", ALGO): Say(body=stop(algoStatus="CANCELED"))},
            found(
                OrderState.CANCELLED,
                venue_order_id="2146760",
                side=Side.SELL,
                limit_price=None,
                conditional=True,
            ),
        ),
        (
            STOP,
            {
                ("GET", ALGO): Say(body=stop(algoStatus="TRIGGERED", actualOrderId="1573346959")),
                ("GET", ORDER): Say(body=placed(status="FILLED", executedQty="0.010")),
            },
            found(OrderState.FILLED, "0.010"),
        ),
        (
            STOP,
            {("GET", ALGO): Say(body=stop(algoStatus="TRIGGERED")), ("GET", ORDER): Say(body=placed())},
            found(),
        ),
        (
            STOP,
            {("GET", ALGO): Say(body=stop(algoStatus="FINISHED")), ("GET", ORDER): ABSENT},
            Outcome.NO_ANSWER,
        ),
        (
            STOP,
            {("GET", ALGO): Say(body=stop(algoStatus="FINISHED", actualQty="0")), ("GET", ORDER): ABSENT},
            found(
                OrderState.EXPIRED,
                venue_order_id="2146760",
                side=Side.SELL,
                limit_price=None,
                conditional=True,
            ),
        ),
        (
            STOP,
            {("GET", ALGO): Say(body=stop(algoStatus="FINISHED", actualQty="0.004")), ("GET", ORDER): ABSENT},
            Outcome.NO_ANSWER,
        ),
        (
            STOP,
            {("GET", ALGO): Say(body=stop(algoStatus="TRIGGERED", actualQty="0")), ("GET", ORDER): ABSENT},
            Outcome.NO_ANSWER,
        ),
        (STOP, {("GET", ALGO): ABSENT, ("GET", ORDER): Say(body=placed())}, found()),
        (STOP, {("GET", ALGO): ABSENT, ("GET", ORDER): ABSENT, ("GET", OPEN_ALGO): Say(body=[])}, None),
        (
            STOP,
            {("GET", ALGO): ABSENT, ("GET", ORDER): ABSENT, ("GET", OPEN_ALGO): Say(body=[stop()])},
            WAITING,
        ),
        (STOP, {("GET", ALGO): ABSENT, ("GET", ORDER): HANG_UP}, Outcome.NO_ANSWER),
        (STOP, {("GET", ALGO): HANG_UP}, Outcome.NO_ANSWER),
    ],
)
def test_absence_needs_the_word_of_everyone_who_could_know(
    query: QueryOrder, rows: Rows, expected: VenueOrder | Outcome | None
) -> None:
    async def work() -> None:
        async with port_with(rows) as (port, _):
            result = await port.query(query)
            if expected is Outcome.NO_ANSWER:
                assert (result.outcome, result.order) == (Outcome.NO_ANSWER, None)
            else:
                assert (result.outcome, result.order) == (Outcome.ACCEPTED, expected)

    run(work())


def trade(number: int, at_ms: int, order_id: int = 1573346959, **more: Any) -> dict[str, Any]:
    return {
        "buyer": False,
        "commission": "0.07819010",
        "commissionAsset": "USDT",
        "id": number,
        "maker": False,
        "orderId": order_id,
        "price": "7819.01",
        "qty": "0.002",
        "quoteQty": "15.63802",
        "realizedPnl": "-0.91539999",
        "side": "SELL",
        "positionSide": "SHORT",
        "symbol": LISTING,
        "time": at_ms,
    } | more


class Ledger:
    """A list of executions that is asked as the sheet describes; of one order it gives the first or the last ones."""

    def __init__(self, trades: list[dict[str, Any]], *, latest: bool = False) -> None:
        self.trades = trades
        self.latest = latest

    def __call__(self, asked: Asked) -> Say:
        given = asked.parameters
        chosen = self.trades
        if "orderId" in given:
            chosen = [each for each in chosen if str(each["orderId"]) == given["orderId"]]
        elif "fromId" in given:
            assert "startTime" not in given
            chosen = [each for each in chosen if each["id"] >= int(given["fromId"])]
        else:
            start, end = int(given["startTime"]), int(given["endTime"])
            assert end - start < 7 * DAY_MS
            chosen = [each for each in chosen if start <= each["time"] <= end]
        limit = int(given["limit"])
        return Say(body=chosen[-limit:] if self.latest and "orderId" in given else chosen[:limit])


def test_executions_since_a_time_are_complete_over_pages_and_weeks() -> None:
    async def work() -> None:
        now_ms = time.time_ns() // 1_000_000
        start_ms = now_ms - 30 * DAY_MS
        times = [start_ms + 20 * DAY_MS + n for n in range(1_500)] + [now_ms - 5 + n for n in range(4)]
        trades = [trade(100 + n, at_ms) for n, at_ms in enumerate(times)]
        old = [trade(n, start_ms - 1000 + n) for n in range(5)]
        async with port_with({("GET", TRADES): Ledger(old + trades)}) as (port, server):
            result = await port.fills(QueryFills("usdm", SYMBOL, since=start_ms * 1_000_000))
            assert result.outcome is Outcome.ACCEPTED
            assert [each.time // 1_000_000 for each in result.trades] == times
            assert result.since == start_ms * 1_000_000
            assert len(server.named(TRADES)) == 3 + 1
            everything = await port.fills(QueryFills("usdm", SYMBOL))
            assert len(everything.trades) == len(old) + len(trades)
            nothing = await port.fills(QueryFills("usdm", SYMBOL, since=(now_ms + 10_000) * 1_000_000))
            assert (nothing.outcome, nothing.trades) == (Outcome.ACCEPTED, ())

    run(work())


def of_1300_executions(asked: Asked) -> Say:
    """Order 7, or whichever is asked for."""
    number = int(asked.parameters.get("orderId", "7"))
    executed = str(1_300 * Decimal(trade(0, 0)["qty"]))
    return Say(body=placed(orderId=number, time=1_000, executedQty=executed))


@pytest.mark.parametrize("latest", [False, True])
def test_executions_of_one_order_by_either_id(latest: bool) -> None:
    async def work() -> None:
        trades = [trade(n, 1_000 + n, order_id=7 if n % 2 else 8, maker=True) for n in range(2_600)]
        rows: Rows = {("GET", TRADES): Ledger(trades, latest=latest), ("GET", ORDER): of_1300_executions}
        async with port_with(rows) as (port, _):
            by_client = await port.fills(QueryFills("usdm", SYMBOL, client_order_id="cid-1"))
            assert len(by_client.trades) == 1_300
            first = by_client.trades[0]
            assert (first.venue_order_id, first.client_order_id) == ("7", "cid-1")
            assert (first.side, first.time) == (Side.SELL, 1_001_000_000)
            assert first.fill.fill_id == f"{LISTING}:7:1"
            assert (first.fill.fee, first.fill.fee_currency) == (Decimal("0.07819010"), "USDT")
            assert first.fill.liquidity is Liquidity.MAKER
            by_venue = await port.fills(QueryFills("usdm", SYMBOL, venue_order_id="8"))
            assert {each.client_order_id for each in by_venue.trades} == {"cid-1"}
            assert len({each.fill.fill_id for each in by_venue.trades}) == 1_300
        rows["GET", ORDER] = ABSENT
        async with port_with(rows) as (port, _):
            assert (await port.fills(QueryFills("usdm", SYMBOL, client_order_id="cid-1"))).trades == ()
        rows["GET", ORDER] = HANG_UP
        async with port_with(rows) as (port, _):
            lost = await port.fills(QueryFills("usdm", SYMBOL, client_order_id="cid-1"))
            assert lost.outcome is Outcome.NO_ANSWER

    run(work())


def test_a_list_that_lags_behind_its_order_is_no_answer() -> None:
    async def work() -> None:
        ledger = Ledger([trade(n, 1_000 + n, order_id=7) for n in range(1_299)])
        async with port_with({("GET", TRADES): ledger, ("GET", ORDER): of_1300_executions}) as (port, _):
            lagging = await port.fills(QueryFills("usdm", SYMBOL, client_order_id="cid-1"))
            assert (lagging.outcome, lagging.trades) == (Outcome.NO_ANSWER, ())
            ledger.trades.append(trade(1_299, 2_299, order_id=7))
            whole = await port.fills(QueryFills("usdm", SYMBOL, client_order_id="cid-1"))
            assert (whole.outcome, len(whole.trades)) == (Outcome.ACCEPTED, 1_300)

    run(work())


def test_lists_of_everything_leave_room_for_questions_about_single_orders() -> None:
    async def work() -> None:
        rows: Rows = {("GET", TRADES): Say(body=[]), ("GET", ORDER): Say(body=placed())}
        async with port_with(rows, address_limit=300) as (port, _):
            since = QueryFills("usdm", SYMBOL, time.time_ns() - SECOND)
            outcomes = [(await port.fills(since)).outcome for _ in range(60)]
            assert outcomes[0] is Outcome.ACCEPTED
            assert outcomes[-1] is Outcome.NO_ANSWER, "the budget was not spent: nothing is shown"
            assert (await port.account(QueryAccount("usdm"))).outcome is Outcome.NO_ANSWER
            assert (await port.query(QUERY)).outcome is Outcome.ACCEPTED

    run(work())


def test_a_symbol_without_a_listing_is_refused_and_never_absent() -> None:
    async def work() -> None:
        odd = "XYZ-USDT-PERP"
        async with port_with({}) as (port, server):
            found = await port.query(QueryOrder("cid-1", odd))
            assert (found.outcome, found.order) == (Outcome.NO_ANSWER, None)
            assert "listing" in found.detail
            assert (await port.fills(QueryFills("usdm", odd))).outcome is Outcome.NO_ANSWER
            placed_at = await port.place(order(symbol=odd), 0)
            assert (placed_at.outcome, placed_at.reason) == (Outcome.REJECTED, Reason.SYMBOL_UNKNOWN)
            cancelled = await port.cancel(CancelOrder("cid-1", odd), 0)
            assert cancelled.reason is Reason.SYMBOL_UNKNOWN
            armed = await port.arm_dead_man(ArmDeadMan("usdm", (odd,), 1))
            assert (armed.outcome, armed.symbols) == (Outcome.REJECTED, ())
            configured = await port.configure(ConfigureAccount("usdm", (SymbolMargin(odd, 2),)))
            assert list(configured.refused) == [odd]
            assert server.asked == []

    run(work())


def test_what_the_desk_does_not_trade_can_still_be_cancelled_by_the_venues_name() -> None:
    async def work() -> None:
        async with port_with({("DELETE", ORDER): Say(body=placed(status="CANCELED"))}) as (port, server):
            result = await port.cancel(CancelOrder("", "DOGEUSDT", "77"), 0)
            assert result.outcome is Outcome.ACCEPTED
            asked = server.named(ORDER)[0].parameters
            assert (asked["symbol"], asked["orderId"]) == ("DOGEUSDT", "77")

    run(work())


def test_an_order_number_names_an_order_of_its_listing_and_a_stop_of_the_same_number_none() -> None:
    async def work() -> None:
        trades = [trade(1, 1_000, 77), trade(2, 1_000, 2146760)]
        rows: Rows = {
            ("GET", ORDER): Say(body=placed(orderId=77, symbol="ETHUSDT")),
            ("POST", ALGO): Say(body=stop()),
            ("GET", TRADES): Ledger(trades),
        }
        async with port_with(rows) as (port, _):
            found = await port.query(QueryOrder("cid-1", "ETH-USDT-PERP"))
            assert found.order is not None
            guard = order(order_type=OrderType.STOP, limit_price=None, stop_price=Decimal(45000))
            assert (await port.place(guard, 0)).venue_order_id == "2146760"
            listed = await port.fills(QueryFills("usdm", SYMBOL))
            assert [each.client_order_id for each in listed.trades] == [None, None]

    run(work())
