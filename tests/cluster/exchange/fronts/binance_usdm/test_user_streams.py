"""The private stream: every way to open it, the shape of each event, and how it ends."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from websockets.exceptions import ConnectionClosed

from cluster.exchange.fronts.binance_usdm.context import FrontSettings
from tests.cluster.exchange.rig import SECOND, Rig, hear, hear_until, is_quiet, names_of, settings_of, trying

pytestmark = pytest.mark.integration

ORDER_KEYS = set(names_of("s c S o f q p ap sp x X i l z L T t b a m R wt ot ps cp pP si ss rp V pm gtd er"))
ALGO_KEYS = set(names_of("caid aid at o s S ps f q X ai ap aq act tp p V wt pm cp pP R tt gtd"))


def updates(heard: list[Any]) -> list[Any]:
    return [event["o"] for event in heard if event["e"] == "ORDER_TRADE_UPDATE"]


@pytest.mark.parametrize("form", ["/private/ws/{}", "/private/ws?listenKey={}", "/ws/{}"])
def test_raw_streams_open_by_listen_key(tmp_path: Path, form: str) -> None:
    async def scenario(rig: Rig) -> None:
        async with rig.stream(form.format(await rig.listen_key())) as socket:
            await rig.rest_order("one")
            (event,) = await hear(socket)
            assert (event["e"], event["o"]["c"]) == ("ORDER_TRADE_UPDATE", "one")

    trying(tmp_path, scenario)


def test_combined_streams_wrap_their_events(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        key = await rig.listen_key()
        async with (
            rig.stream("/private/stream") as late,
            rig.stream(f"/private/stream?streams={key}") as early,
        ):
            await late.send(json.dumps({"method": "SUBSCRIBE", "params": [key], "id": 1}))
            assert await hear(late) == [{"result": None, "id": 1}]
            await rig.rest_order("one")
            for socket in (late, early):
                (event,) = await hear(socket)
                assert (event["stream"], event["data"]["o"]["c"]) == (key, "one")

    trying(tmp_path, scenario)


def test_only_the_wanted_events_come(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        key = await rig.listen_key()
        async with rig.stream(f"/private/ws?listenKey={key}&events=ACCOUNT_UPDATE") as socket:
            await rig.market_order("go")
            (event,) = await hear(socket)
            assert event["e"] == "ACCOUNT_UPDATE"
            assert await is_quiet(socket)

    trying(tmp_path, scenario)


def test_an_unknown_listen_key_opens_nothing(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        async with rig.stream("/private/ws/unknown") as socket:
            with pytest.raises(ConnectionClosed) as closed:
                await socket.recv()
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1008

    trying(tmp_path, scenario)


def test_the_life_of_an_order_is_told(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        async with rig.stream(f"/private/ws/{await rig.listen_key()}") as socket:
            placed = await rig.rest_order("one")
            number = placed["orderId"]
            (new,) = updates(await hear(socket))
            assert set(new) == ORDER_KEYS
            assert (new["x"], new["X"], new["i"], new["q"], new["t"]) == ("NEW", "NEW", number, "0.01", 0)
            change = {"symbol": "BTCUSDT", "side": "BUY", "orderId": number, "quantity": "0.02"}
            await rig.ok("PUT", "/fapi/v1/order", price=placed["price"], **change)
            (changed,) = updates(await hear(socket))
            assert (changed["x"], changed["X"], changed["q"]) == ("AMENDMENT", "NEW", "0.02")
            await rig.ok("DELETE", "/fapi/v1/order", symbol="BTCUSDT", orderId=number)
            (gone,) = updates(await hear(socket))
            assert (gone["x"], gone["X"], gone["z"]) == ("CANCELED", "CANCELED", "0")

            done = await rig.market_order("two", quantity="0.5")
            heard = await hear_until(socket, lambda event: event["e"] == "ACCOUNT_UPDATE")
            first, *fills = updates(heard)
            assert (first["x"], first["X"]) == ("NEW", "NEW")
            assert {fill["x"] for fill in fills} == {"TRADE"}
            assert set(fills[0]) == ORDER_KEYS | {"N", "n"}
            assert sum(Decimal(fill["l"]) for fill in fills) == Decimal(fills[-1]["z"]) == Decimal("0.5")
            assert (fills[-1]["X"], fills[-1]["i"]) == ("FILLED", done["orderId"])
            trades = await rig.ok("GET", "/fapi/v1/userTrades", symbol="BTCUSDT")
            assert [(fill["t"], fill["L"], fill["l"], fill["n"], fill["m"]) for fill in fills] == [
                (row["id"], row["price"], row["qty"], row["commission"], row["maker"]) for row in trades
            ]
            lite = [event for event in heard if event["e"] == "TRADE_LITE"]
            assert [event["t"] for event in lite] == [row["id"] for row in trades]

            account = heard[-1]["a"]
            (balance,) = await rig.ok("GET", "/fapi/v3/balance")
            assert account["m"] == "ORDER"
            assert (account["B"][0]["a"], account["B"][0]["wb"]) == ("USDT", balance["balance"])
            assert (account["P"][0]["s"], Decimal(account["P"][0]["pa"])) == ("BTCUSDT", Decimal("0.5"))
            times = [event["E"] for event in heard]
            assert times == sorted(times)

    trying(tmp_path, scenario)


def test_an_order_that_finds_too_little_expires(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        async with rig.stream(f"/private/ws/{await rig.listen_key()}") as socket:
            ask = (await rig.best())[1]
            await rig.rest_order("ioc", price=ask, timeInForce="IOC", quantity="50")
            heard = await hear_until(
                socket, lambda event: event["e"] == "ORDER_TRADE_UPDATE" and event["o"]["X"] == "EXPIRED"
            )
            last = updates(heard)[-1]
            assert (last["x"], last["f"]) == ("EXPIRED", "IOC")
            assert 0 < Decimal(last["z"]) < 50

    trying(tmp_path, scenario)


def test_a_stop_is_told_until_its_order_is_over(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        await rig.market_order("position", quantity="0.02")
        async with rig.stream(f"/private/ws/{await rig.listen_key()}") as socket:
            bid, _ = await rig.best()
            placed = await rig.ok(
                "POST",
                "/fapi/v1/algoOrder",
                algoType="CONDITIONAL",
                symbol="BTCUSDT",
                side="SELL",
                type="STOP_MARKET",
                quantity="0.01",
                triggerPrice=f"{float(bid) - 0.1:.1f}",
                clientAlgoId="s1",
            )
            rig.clock.go(60)
            heard = await hear_until(
                socket, lambda event: event["e"] == "ALGO_UPDATE" and event["o"]["X"] == "FINISHED"
            )
        algo = [event["o"] for event in heard if event["e"] == "ALGO_UPDATE"]
        assert set(algo[0]) == ALGO_KEYS
        assert [each["X"] for each in algo] == ["NEW", "TRIGGERING", "TRIGGERED", "FINISHED"]
        assert {each["aid"] for each in algo} == {placed["algoId"]}
        assert [each["ai"] for each in algo[:2]] == ["", ""]
        spawned = int(algo[2]["ai"])
        orders = updates(heard)
        assert {each["i"] for each in orders} == {spawned}
        assert {each["c"] for each in orders} == {"s1"}
        assert (algo[3]["aq"], algo[3]["ap"]) == (orders[-1]["z"], orders[-1]["ap"])
        kinds = [event["e"] for event in heard if event["e"] != "TRADE_LITE"]
        assert kinds[:4] == ["ALGO_UPDATE", "ALGO_UPDATE", "ALGO_UPDATE", "ORDER_TRADE_UPDATE"]

    trying(tmp_path, scenario)


def test_leverage_and_deposits_are_told(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        async with rig.stream(f"/private/ws/{await rig.listen_key()}") as socket:
            await rig.ok("POST", "/fapi/v1/leverage", symbol="BTCUSDT", leverage=7)
            (event,) = await hear(socket)
            assert (event["e"], event["ac"]) == ("ACCOUNT_CONFIG_UPDATE", {"s": "BTCUSDT", "l": 7})
            await rig.control("POST", "deposit", {"account": "desk", "currency": "USDT", "amount": "5"})
            (event,) = await hear(socket)
            assert event["a"]["m"] == "DEPOSIT"
            assert event["a"]["B"] == [{"a": "USDT", "wb": "1000005", "cw": "1000005", "bc": "5"}]

    trying(tmp_path, scenario)


def test_a_listen_key_that_is_not_kept_alive_ends(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        key = await rig.listen_key()
        async with rig.stream(f"/private/ws/{key}") as socket:
            rig.clock.go(50)
            await rig.http.put("/fapi/v1/listenKey")
            rig.clock.go(50)
            await rig.rest_order("still")
            assert len(await hear(socket)) == 1
            rig.clock.go(61)
            (event,) = await hear(socket)
            assert (event["e"], event["listenKey"]) == ("listenKeyExpired", key)
            await rig.rest_order("unheard")
            assert await is_quiet(socket)
            assert await rig.listen_key() != key

    trying(tmp_path, scenario, front=FrontSettings(listen_key_life_s=60))


def test_funding_is_told_and_listed(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        await rig.market_order("position", quantity="0.5")
        async with rig.stream(f"/private/ws/{await rig.listen_key()}") as socket:
            rig.clock.go(61)
            (event,) = await hear(socket)
            assert (event["e"], event["a"]["m"]) == ("ACCOUNT_UPDATE", "FUNDING_FEE")
            paid = Decimal(event["a"]["B"][0]["bc"])
        (row,) = await rig.ok("GET", "/fapi/v1/income", incomeType="FUNDING_FEE")
        assert (row["symbol"], Decimal(row["income"]), row["asset"]) == ("BTCUSDT", paid, "USDT")
        (rate,) = await rig.get("/fapi/v1/fundingRate", symbol="BTCUSDT")
        assert (rate["fundingTime"], rate["rateType"]) == (row["time"], "Regular")
        assert (Decimal(rate["fundingRate"]) > 0) == (paid < 0)

    market = msgspec.structs.replace(settings_of(tmp_path).market, funding_interval=60 * SECOND)
    trying(tmp_path, scenario, market=market)


def test_a_liquidation_is_told_as_one(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        await rig.market_order("position", quantity="1")
        async with rig.stream(f"/private/ws/{await rig.listen_key()}") as socket:
            taken = {"account": "desk", "currency": "USDT", "amount": "-999900"}
            await rig.control("POST", "deposit", taken)
            rig.clock.go(3)
            heard = await hear_until(
                socket, lambda event: event["e"] == "ORDER_TRADE_UPDATE" and event["o"]["X"] == "FILLED"
            )
        last = updates(heard)[-1]
        assert last["c"].startswith("autoclose-")
        assert (last["x"], last["S"]) == ("CALCULATED", "SELL")
        assert await rig.ok("GET", "/fapi/v3/positionRisk") == []
        assert await rig.ok("GET", "/fapi/v1/income", incomeType="INSURANCE_CLEAR")

    trying(tmp_path, scenario)


def test_an_order_that_would_trade_with_its_own_account_has_a_status_of_its_own(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        async with rig.stream(f"/private/ws/{await rig.listen_key()}") as socket:
            bid, ask = map(Decimal, await rig.best())
            price = str(ask - Decimal("0.1")) if ask - bid > Decimal("0.1") else str(bid)
            own = await rig.rest_order("own", price=price)
            await rig.ok(
                "POST",
                "/fapi/v1/order",
                symbol="BTCUSDT",
                side="SELL",
                type="LIMIT",
                timeInForce="GTC",
                quantity="0.01",
                price=price,
                newClientOrderId="cross",
            )
            heard = await hear_until(
                socket, lambda event: event["e"] == "ORDER_TRADE_UPDATE" and event["o"]["x"] == "EXPIRED"
            )
            (ended,) = [each for each in updates(heard) if each["x"] == "EXPIRED"]
            assert (ended["X"], ended["i"]) == ("EXPIRED_IN_MATCH", own["orderId"])
            found = await rig.ok("GET", "/fapi/v1/order", symbol="BTCUSDT", orderId=own["orderId"])
            assert found["status"] == "EXPIRED_IN_MATCH"

    trying(tmp_path, scenario)
