"""The life of orders over REST: shapes, states, and the code of every refusal."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cluster.exchange.api import OrderRecord, Request, Status
from cluster.exchange.fronts.binance_usdm.order_bodies import is_purged
from messages.intents import OrderType, Side, TimeInForce
from tests.cluster.exchange.rig import SECOND, START, Rig, names_of, trying

pytestmark = pytest.mark.integration

ORDER = "/fapi/v1/order"
ALGO = "/fapi/v1/algoOrder"
NEW_ORDER_KEYS = names_of(
    "clientOrderId cumQty executedQty orderId origQty price reduceOnly side positionSide status stopPrice "
    "closePosition symbol timeInForce type origType updateTime workingType priceProtect priceMatch "
    "selfTradePreventionMode goodTillDate"
)
QUERY_KEYS = names_of(
    "avgPrice clientOrderId cumQuote executedQty orderId origQty origType price reduceOnly side positionSide "
    "status stopPrice closePosition symbol time timeInForce type updateTime workingType priceProtect "
    "priceMatch selfTradePreventionMode goodTillDate"
)
ALGO_KEYS = names_of(
    "algoId clientAlgoId algoType orderType symbol side positionSide timeInForce quantity algoStatus "
    "triggerPrice price icebergQuantity selfTradePreventionMode workingType priceMatch closePosition "
    "priceProtect reduceOnly activatePrice callbackRate createTime updateTime triggerTime goodTillDate"
)
TRADE_KEYS = names_of(
    "buyer commission commissionAsset id maker orderId price qty quoteQty realizedPnl side positionSide symbol time"
)


def test_a_limit_order_is_placed_asked_for_changed_and_cancelled(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        placed = await rig.rest_order("one")
        assert sorted(placed) == sorted(NEW_ORDER_KEYS)
        assert (placed["status"], placed["origQty"], placed["cumQty"]) == ("NEW", "0.01", "0")
        number = placed["orderId"]

        asked = await rig.ok("GET", ORDER, symbol="BTCUSDT", origClientOrderId="one")
        assert sorted(asked) == sorted(QUERY_KEYS)
        assert (asked["orderId"], asked["status"], asked["time"]) == (number, "NEW", rig.now_ms)
        (listed,) = await rig.ok("GET", "/fapi/v1/openOrders", symbol="BTCUSDT")
        assert listed == asked
        assert await rig.ok("GET", "/fapi/v1/openOrder", symbol="BTCUSDT", orderId=number) == asked

        rig.clock.go(1)
        changed = await rig.ok(
            "PUT",
            ORDER,
            symbol="BTCUSDT",
            side="BUY",
            orderId=number,
            quantity="0.02",
            price=placed["price"],
        )
        assert (changed["orderId"], changed["origQty"], changed["status"]) == (number, "0.02", "NEW")
        assert changed["updateTime"] == rig.now_ms

        gone = await rig.ok("DELETE", ORDER, symbol="BTCUSDT", orderId=number)
        assert (gone["status"], gone["orderId"]) == ("CANCELED", number)
        assert sorted(gone) == sorted(NEW_ORDER_KEYS)
        assert await rig.ok("GET", "/fapi/v1/openOrders") == []
        (kept,) = await rig.ok("GET", "/fapi/v1/allOrders", symbol="BTCUSDT")
        assert kept["status"] == "CANCELED"

    trying(tmp_path, scenario)


def test_a_market_order_is_filled_and_its_trades_told(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        done = await rig.market_order("go")
        assert (done["status"], done["executedQty"], done["type"]) == ("FILLED", "0.010", "MARKET")
        asked = await rig.ok("GET", ORDER, symbol="BTCUSDT", orderId=done["orderId"])
        trades = await rig.ok("GET", "/fapi/v1/userTrades", symbol="BTCUSDT")
        assert all(sorted(trade) == sorted(TRADE_KEYS) for trade in trades)
        assert {trade["orderId"] for trade in trades} == {done["orderId"]}
        assert sum(float(trade["qty"]) for trade in trades) == pytest.approx(0.01)
        turnover = sum(float(trade["quoteQty"]) for trade in trades)
        assert float(asked["cumQuote"]) == pytest.approx(turnover)
        assert float(asked["avgPrice"]) == pytest.approx(turnover / 0.01)
        fee = sum(float(trade["commission"]) for trade in trades)
        assert fee == pytest.approx(turnover * 0.0004)
        first = trades[0]["id"]
        assert await rig.ok("GET", "/fapi/v1/userTrades", symbol="BTCUSDT", fromId=first + len(trades)) == []
        assert await rig.ok("GET", "/fapi/v1/userTrades", symbol="BTCUSDT", startTime=rig.now_ms) == trades
        rows = await rig.ok("GET", "/fapi/v1/userTrades", symbol="BTCUSDT", orderId=done["orderId"] + 1)
        assert rows == []

    trying(tmp_path, scenario)


def test_an_acknowledgement_tells_nothing_of_fills(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        told = await rig.market_order("go", newOrderRespType="ACK")
        assert (told["status"], told["executedQty"]) == ("NEW", "0")
        assert "avgPrice" not in told
        assert "cumQuote" not in told
        asked = await rig.ok("GET", ORDER, symbol="BTCUSDT", origClientOrderId="go")
        assert asked["status"] == "FILLED"

    trying(tmp_path, scenario)


def test_a_form_body_is_as_good_as_a_query(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        form = rig.query(
            {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.01", "recvWindow": 10_000}
        )
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        response = await rig.http.post(ORDER, content=form, headers=headers)
        assert response.status_code == 200
        assert response.json()["symbol"] == "BTCUSDT"

    trying(tmp_path, scenario)


def test_client_ids_are_free_again_once_their_order_is_closed(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        first = await rig.rest_order("same")
        terms = {name: first[name] for name in ("symbol", "side", "type", "timeInForce", "price")}
        again = {**terms, "quantity": "0.01", "newClientOrderId": "same"}
        assert await rig.refused("POST", ORDER, **again) == (400, -4116)
        await rig.ok("DELETE", ORDER, symbol="BTCUSDT", origClientOrderId="same")
        second = await rig.ok("POST", ORDER, **again)
        asked = await rig.ok("GET", ORDER, symbol="BTCUSDT", origClientOrderId="same")
        assert asked["orderId"] == second["orderId"] > first["orderId"]

    trying(tmp_path, scenario)


LIMIT = {
    "symbol": "BTCUSDT",
    "side": "BUY",
    "type": "LIMIT",
    "timeInForce": "GTC",
    "quantity": "0.01",
    "price": "FAR",
}
MARKET = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.01"}
STOP = {
    "algoType": "CONDITIONAL",
    "symbol": "BTCUSDT",
    "side": "SELL",
    "type": "STOP_MARKET",
    "quantity": "0.01",
    "triggerPrice": "FAR",
}


def without(terms: dict[str, str], name: str) -> dict[str, str]:
    return {key: value for key, value in terms.items() if key != name}


REFUSALS: list[tuple[str, str, dict[str, str], int]] = [
    ("no symbol", ORDER, without(LIMIT, "symbol"), -1102),
    ("a symbol that is not there", ORDER, {**LIMIT, "symbol": "NOTUSDT"}, -1121),
    ("a strange side", ORDER, {**LIMIT, "side": "LONG"}, -1117),
    ("a strange type", ORDER, {**LIMIT, "type": "ICEBERG"}, -1116),
    ("a strange time in force", ORDER, {**LIMIT, "timeInForce": "DAY"}, -1115),
    ("no time in force", ORDER, without(LIMIT, "timeInForce"), -1102),
    ("no price", ORDER, without(LIMIT, "price"), -1102),
    ("no quantity", ORDER, without(LIMIT, "quantity"), -1102),
    ("a price for a market order", ORDER, {**MARKET, "price": "FAR"}, -1106),
    ("a time in force for a market order", ORDER, {**MARKET, "timeInForce": "GTC"}, -1106),
    ("a stop on the wrong endpoint", ORDER, {**MARKET, "type": "STOP_MARKET", "stopPrice": "FAR"}, -4120),
    ("a stop price on a limit order", ORDER, {**LIMIT, "stopPrice": "FAR"}, -1106),
    ("letters in the quantity", ORDER, {**LIMIT, "quantity": "a"}, -1100),
    ("nothing", ORDER, {**LIMIT, "quantity": "0"}, -4003),
    ("a price of nothing", ORDER, {**LIMIT, "price": "0"}, -4001),
    ("too fine a quantity", ORDER, {**LIMIT, "quantity": "0.0101"}, -1111),
    ("too fine a price", ORDER, {**LIMIT, "price": "60000.01"}, -1111),
    ("too large a quantity", ORDER, {**LIMIT, "quantity": "100000"}, -4005),
    ("too small a value", ORDER, {**LIMIT, "symbol": "ETHUSDT", "quantity": "0.001", "price": "FAR"}, -4164),
    ("far above the market", ORDER, {**LIMIT, "price": "HIGH"}, -4016),
    ("far below the market, selling", ORDER, {**LIMIT, "side": "SELL", "price": "LOW"}, -4024),
    ("a post-only order that would take", ORDER, {**LIMIT, "timeInForce": "GTX", "price": "ASK"}, -5022),
    ("all or nothing of too much", ORDER, {**LIMIT, "timeInForce": "FOK", "quantity": "50"}, -5021),
    ("reduce-only without a position", ORDER, {**MARKET, "reduceOnly": "true"}, -2022),
    ("more than the margin carries", ORDER, {**LIMIT, "quantity": "333"}, -2019),
    ("a side of a position in one-way mode", ORDER, {**LIMIT, "positionSide": "LONG"}, -4061),
    ("an end that is too near", ORDER, {**LIMIT, "timeInForce": "GTD", "goodTillDate": "NEAR"}, -5040),
    ("an end that is missing", ORDER, {**LIMIT, "timeInForce": "GTD"}, -1102),
    ("a long client id", ORDER, {**LIMIT, "newClientOrderId": "x" * 37}, -4015),
    ("a strange client id", ORDER, {**LIMIT, "newClientOrderId": "a b"}, -1100),
    ("a price and a price match", ORDER, {**LIMIT, "priceMatch": "QUEUE"}, -1106),
    ("a strange price match", ORDER, {**without(LIMIT, "price"), "priceMatch": "QUEUE_7"}, -1130),
    ("a strange self-trade mode", ORDER, {**LIMIT, "selfTradePreventionMode": "ALL"}, -1130),
    ("a stop without its trigger", ALGO, without(STOP, "triggerPrice"), -1102),
    ("a plain order among the conditional", ALGO, {**STOP, "type": "LIMIT"}, -1116),
    ("a trailing stop", ALGO, {**STOP, "type": "TRAILING_STOP_MARKET"}, -1116),
    ("a stop that would trigger", ALGO, {**STOP, "triggerPrice": "HIGH"}, -2021),
    ("a take-profit that would", ALGO, {**STOP, "type": "TAKE_PROFIT_MARKET"}, -2021),
    ("closing all of so much", ALGO, {**STOP, "closePosition": "true"}, -4137),
    ("a strange working type", ALGO, {**STOP, "workingType": "INDEX"}, -1130),
]


def test_each_refusal_has_its_code(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        rig.clock.go(5)  # a stop is compared with the last trade: let there be one
        told = {}
        for name, path, terms, _ in REFUSALS:
            bid, ask = await rig.best("ETHUSDT" if terms.get("symbol") == "ETHUSDT" else "BTCUSDT")
            prices = {
                "FAR": f"{float(bid) * 0.95:.1f}",
                "HIGH": f"{float(ask) * 1.2:.1f}",
                "LOW": f"{float(bid) * 0.8:.1f}",
                "ASK": ask,
                "NEAR": str(rig.now_ms + 599_000),
            }
            given = {key: prices.get(value, value) for key, value in terms.items()}
            status, code = await rig.refused("POST", path, **given)
            assert status == 400, name
            told[name] = code
        assert told == {name: code for name, _, _, code in REFUSALS}
        assert await rig.ok("GET", "/fapi/v1/openOrders") == []
        assert await rig.ok("GET", "/fapi/v1/openAlgoOrders") == []

    trying(tmp_path, scenario)


def test_what_is_not_there_can_be_neither_cancelled_nor_found(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        await rig.rest_order("there")
        for wrong in ({"orderId": 99}, {"origClientOrderId": "none"}):
            assert await rig.refused("DELETE", ORDER, symbol="BTCUSDT", **wrong) == (400, -2011)
            assert await rig.refused("GET", ORDER, symbol="BTCUSDT", **wrong) == (400, -2013)
            change = {"symbol": "BTCUSDT", "side": "BUY", "quantity": "0.01", "price": "60000", **wrong}
            assert await rig.refused("PUT", ORDER, **change) == (400, -2013)
        assert await rig.refused("GET", ORDER, symbol="BTCUSDT") == (400, -1102)
        assert await rig.refused("GET", ORDER, symbol="ETHUSDT", origClientOrderId="there") == (400, -2013)
        assert await rig.refused("DELETE", ORDER, symbol="ETHUSDT", origClientOrderId="there") == (400, -2011)
        await rig.ok("DELETE", ORDER, symbol="BTCUSDT", origClientOrderId="there")
        assert await rig.refused("DELETE", ORDER, symbol="BTCUSDT", origClientOrderId="there") == (400, -2011)

    trying(tmp_path, scenario)


def test_a_change_that_changes_nothing_is_refused(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        placed = await rig.rest_order("one")
        same = {
            "symbol": "BTCUSDT",
            "side": "BUY",
            "orderId": placed["orderId"],
            "quantity": "0.01",
            "price": placed["price"],
        }
        assert await rig.refused("PUT", ORDER, **same) == (400, -5027)
        assert await rig.refused("PUT", ORDER, **{**same, "quantity": "0.02", "side": "SELL"}) == (400, -1130)

    trying(tmp_path, scenario)


@pytest.mark.parametrize(
    ("status", "filled", "days", "purged"),
    [
        (Status.CANCELED, "0", 3, False),
        (Status.CANCELED, "0", 4, True),
        (Status.EXPIRED, "0", 4, True),
        (Status.CANCELED, "0.1", 4, False),
        (Status.FILLED, "1", 90, False),
        (Status.FILLED, "1", 91, True),
        (Status.NEW, "0", 1_000, False),
    ],
)
def test_old_orders_are_forgotten(status: Status, filled: str, days: int, purged: bool) -> None:
    request = Request(
        client_order_id="x",
        listing="BTCUSDT",
        side=Side.BUY,
        order_type=OrderType.LIMIT,
        time_in_force=TimeInForce.GTC,
        quantity=Decimal(1),
        price=Decimal(1),
    )
    record = OrderRecord(
        order_id=1,
        account="desk",
        request=request,
        status=status,
        quantity=Decimal(1),
        filled=Decimal(filled),
        average_price=None,
        created_at=START,
        updated_at=START,
        version=1,
        price=Decimal(1),
    )
    assert is_purged(record, START + days * 86_400 * SECOND) is purged


def test_batches_answer_each_by_itself(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        far = await rig.far_bid()
        rows: list[dict[str, Any]] = [
            {**LIMIT, "price": far, "newClientOrderId": "b1"},
            {**MARKET, "reduceOnly": "true"},
            {**LIMIT, "price": far, "newClientOrderId": "b2"},
        ]
        first, second, third = await rig.ok("POST", "/fapi/v1/batchOrders", batchOrders=json.dumps(rows))
        assert (first["clientOrderId"], third["clientOrderId"]) == ("b1", "b2")
        assert second == {"code": -2022, "msg": "ReduceOnly Order is rejected."}
        change = {"symbol": "BTCUSDT", "side": "BUY", "quantity": "0.02", "price": far}
        changes = [{**change, "orderId": first["orderId"]}, {**change, "origClientOrderId": "no"}]
        done, not_done = await rig.ok("PUT", "/fapi/v1/batchOrders", batchOrders=json.dumps(changes))
        assert (done["origQty"], not_done["code"]) == ("0.02", -2013)
        ended = await rig.ok(
            "DELETE",
            "/fapi/v1/batchOrders",
            symbol="BTCUSDT",
            origClientOrderIdList=json.dumps(["b1", "none"]),
        )
        assert [row.get("status", row.get("code")) for row in ended] == ["CANCELED", -2011]
        six = json.dumps(rows * 2)
        assert await rig.refused("POST", "/fapi/v1/batchOrders", batchOrders=six) == (400, -1130)

    trying(tmp_path, scenario)


def test_conditional_orders_are_kept_apart(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        await rig.market_order("position")
        far = await rig.far_bid()
        stop = {**STOP, "triggerPrice": far, "clientAlgoId": "s1", "reduceOnly": "true"}
        placed = await rig.ok("POST", ALGO, **stop)
        assert sorted(placed) == sorted(ALGO_KEYS)
        assert (placed["algoStatus"], placed["orderType"], placed["triggerPrice"]) == (
            "NEW",
            "STOP_MARKET",
            far,
        )
        await rig.rest_order("plain")
        assert [row["clientOrderId"] for row in await rig.ok("GET", "/fapi/v1/openOrders")] == ["plain"]
        (listed,) = await rig.ok("GET", "/fapi/v1/openAlgoOrders", symbol="BTCUSDT")
        assert (listed["clientAlgoId"], listed["actualOrderId"]) == ("s1", "")
        assert await rig.refused("POST", ALGO, **stop) == (400, -4116)

        told = await rig.ok("DELETE", "/fapi/v1/allOpenOrders", symbol="BTCUSDT")
        assert told == {"code": 200, "msg": "The operation of cancel all open order is done."}
        assert await rig.ok("GET", "/fapi/v1/openOrders") == []
        assert len(await rig.ok("GET", "/fapi/v1/openAlgoOrders")) == 1

        gone = await rig.ok("DELETE", ALGO, clientAlgoId="s1")
        assert gone == {
            "algoId": placed["algoId"],
            "clientAlgoId": "s1",
            "code": "200",
            "msg": "success",
        }
        assert await rig.refused("DELETE", ALGO, algoId=placed["algoId"]) == (400, -2011)
        assert (await rig.ok("GET", ALGO, algoId=placed["algoId"]))["algoStatus"] == "CANCELED"
        await rig.ok("POST", ALGO, **stop)
        await rig.ok("DELETE", "/fapi/v1/algoOpenOrders", symbol="BTCUSDT")
        assert await rig.ok("GET", "/fapi/v1/openAlgoOrders") == []
        history = await rig.ok("GET", "/fapi/v1/allAlgoOrders", symbol="BTCUSDT")
        assert [row["algoStatus"] for row in history] == ["CANCELED", "CANCELED"]

    trying(tmp_path, scenario)


def test_a_stop_becomes_an_order_of_the_same_name(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        await rig.market_order("position", quantity="0.02")
        bid, _ = await rig.best()
        near = f"{float(bid) - 0.1:.1f}"
        placed = await rig.ok("POST", ALGO, **{**STOP, "triggerPrice": near, "clientAlgoId": "s1"})
        for _ in range(120):
            rig.clock.go(1)
            told = await rig.ok("GET", ALGO, algoId=placed["algoId"])
            if told["algoStatus"] != "NEW":
                break
        assert told["algoStatus"] == "FINISHED"
        assert (told["actualType"], told["actualQty"]) == ("MARKET", "0.010")
        order = await rig.ok("GET", ORDER, symbol="BTCUSDT", orderId=told["actualOrderId"])
        assert (order["clientOrderId"], order["status"]) == ("s1", "FILLED")
        assert (await rig.ok("GET", ALGO, clientAlgoId="s1"))["algoId"] == placed["algoId"]
        by_name = await rig.ok("GET", ORDER, symbol="BTCUSDT", origClientOrderId="s1")
        assert by_name["orderId"] == int(told["actualOrderId"])

    trying(tmp_path, scenario)


def test_prices_can_be_taken_from_the_book(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        depth = await rig.get("/fapi/v1/depth", symbol="BTCUSDT", limit=5)
        terms = without(LIMIT, "price")
        queued = await rig.ok("POST", ORDER, **{**terms, "priceMatch": "QUEUE_5"})
        assert float(queued["price"]) == float(depth["bids"][4][0])
        taken = await rig.ok(
            "POST", ORDER, **{**terms, "priceMatch": "OPPONENT", "newOrderRespType": "RESULT"}
        )
        assert (float(taken["price"]), taken["status"]) == (float(depth["asks"][0][0]), "FILLED")

    trying(tmp_path, scenario)


def test_the_countdown_cancels_unless_it_is_called_again(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        arm = {"symbol": "BTCUSDT", "countdownTime": 5_000}
        await rig.rest_order("one")
        told = await rig.ok("POST", "/fapi/v1/countdownCancelAll", **arm)
        assert told == {"symbol": "BTCUSDT", "countdownTime": "5000"}
        rig.clock.go(4)
        await rig.ok("POST", "/fapi/v1/countdownCancelAll", **arm)
        rig.clock.go(4)
        assert len(await rig.ok("GET", "/fapi/v1/openOrders")) == 1
        rig.clock.go(2)
        assert await rig.ok("GET", "/fapi/v1/openOrders") == []
        await rig.rest_order("two")
        await rig.ok("POST", "/fapi/v1/countdownCancelAll", **arm)
        await rig.ok("POST", "/fapi/v1/countdownCancelAll", symbol="BTCUSDT", countdownTime=0)
        rig.clock.go(10)
        assert len(await rig.ok("GET", "/fapi/v1/openOrders")) == 1

    trying(tmp_path, scenario)
