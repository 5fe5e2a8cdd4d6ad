"""The account over REST: money, positions, settings and their benign refusals."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest

from cluster.exchange.core.flow import FlowMarket
from cluster.exchange.core.market import Fair
from tests.cluster.exchange.rig import Rig, running, settings_of, trying

pytestmark = pytest.mark.integration


def test_money_and_positions_add_up(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        await rig.market_order("in", quantity="0.5")
        (balance,) = await rig.ok("GET", "/fapi/v3/balance")
        account = await rig.ok("GET", "/fapi/v3/account")
        (risk,) = await rig.ok("GET", "/fapi/v3/positionRisk", symbol="BTCUSDT")
        trades = await rig.ok("GET", "/fapi/v1/userTrades", symbol="BTCUSDT")
        fees = sum((Decimal(trade["commission"]) for trade in trades), Decimal(0))

        assert Decimal(balance["balance"]) == 1_000_000 - fees
        assert account["totalWalletBalance"] == balance["balance"]
        assert account["assets"][0]["walletBalance"] == balance["balance"]
        assert Decimal(account["totalMarginBalance"]) == Decimal(account["totalWalletBalance"]) + Decimal(
            account["totalUnrealizedProfit"]
        )
        (position,) = account["positions"]
        assert (position["symbol"], Decimal(position["positionAmt"])) == ("BTCUSDT", Decimal("0.5"))
        assert risk["positionAmt"] == position["positionAmt"]
        expected = (Decimal(risk["markPrice"]) - Decimal(risk["entryPrice"])) * Decimal(risk["positionAmt"])
        assert float(risk["unRealizedProfit"]) == pytest.approx(float(expected), abs=1e-6)
        assert "leverage" not in risk
        assert "marginType" not in risk

        await rig.market_order("out", side="SELL", quantity="1")
        (short,) = await rig.ok("GET", "/fapi/v3/positionRisk")
        assert Decimal(short["positionAmt"]) == Decimal("-0.5")
        kinds = {row["incomeType"] for row in await rig.ok("GET", "/fapi/v1/income")}
        assert {"TRANSFER", "COMMISSION", "REALIZED_PNL"} <= kinds
        paid = await rig.ok("GET", "/fapi/v1/income", incomeType="COMMISSION", symbol="BTCUSDT")
        told = await rig.ok("GET", "/fapi/v1/userTrades", symbol="BTCUSDT")
        assert sum(Decimal(row["income"]) for row in paid) == -sum(Decimal(row["commission"]) for row in told)

    trying(tmp_path, scenario)


class NoPricesYet(FlowMarket):
    """A market that has not begun: nothing is worth anything that is known."""

    def fair(self, listing: str) -> Fair | None:
        return None


def test_what_an_account_is_set_to_does_not_wait_for_a_mark_price(tmp_path: Path) -> None:
    async def scenario() -> None:
        settings = settings_of(tmp_path)
        market = NoPricesYet(settings.market.listings, settings.market.seed, 20.0, 20)
        async with running(settings, market=market) as rig:
            assert await rig.refused("GET", "/fapi/v1/premiumIndex", symbol="BTCUSDT") == (400, -1121)
            told = await rig.ok("POST", "/fapi/v1/leverage", symbol="BTCUSDT", leverage=7)
            (rules,) = (each for each in settings.market.listings if each.listing == "BTCUSDT")
            cap = rules.max_quantity * rules.tick * 10**7
            assert (told["leverage"], Decimal(told["maxNotionalValue"])) == (7, cap)
            (config,) = await rig.ok("GET", "/fapi/v1/symbolConfig", symbol="BTCUSDT")
            assert config["leverage"] == 7
            (bracket,) = await rig.ok("GET", "/fapi/v1/leverageBracket", symbol="BTCUSDT")
            assert bracket["brackets"][0]["notionalCap"] == cap

    asyncio.run(scenario())


def test_leverage_and_margin_are_set_and_told(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        told = await rig.ok("POST", "/fapi/v1/leverage", symbol="BTCUSDT", leverage=7)
        assert (told["symbol"], told["leverage"]) == ("BTCUSDT", 7)
        assert set(told) == {"leverage", "maxNotionalValue", "symbol"}
        margin = {"symbol": "BTCUSDT", "marginType": "ISOLATED"}
        assert await rig.ok("POST", "/fapi/v1/marginType", **margin) == {"code": 200, "msg": "success"}
        assert await rig.refused("POST", "/fapi/v1/marginType", **margin) == (400, -4046)
        (config,) = await rig.ok("GET", "/fapi/v1/symbolConfig", symbol="BTCUSDT")
        assert (config["leverage"], config["marginType"]) == (7, "ISOLATED")
        (older,) = await rig.ok("GET", "/fapi/v2/positionRisk", symbol="BTCUSDT")
        assert (older["leverage"], older["marginType"]) == ("7", "isolated")
        for wrong in (0, 999):
            change = {"symbol": "BTCUSDT", "leverage": wrong}
            assert await rig.refused("POST", "/fapi/v1/leverage", **change) == (400, -4028)

        await rig.rest_order("resting")
        crossed = {"symbol": "BTCUSDT", "marginType": "CROSSED"}
        assert await rig.refused("POST", "/fapi/v1/marginType", **crossed) == (400, -4047)
        await rig.ok("DELETE", "/fapi/v1/allOpenOrders", symbol="BTCUSDT")
        await rig.market_order("position")
        assert await rig.refused("POST", "/fapi/v1/marginType", **crossed) == (400, -4048)

    trying(tmp_path, scenario)


def test_the_position_mode_is_set_and_told(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        path = "/fapi/v1/positionSide/dual"
        assert await rig.ok("GET", path) == {"dualSidePosition": False}
        assert await rig.refused("POST", path, dualSidePosition="false") == (400, -4059)
        await rig.rest_order("resting")
        assert await rig.refused("POST", path, dualSidePosition="true") == (400, -4067)
        await rig.ok("DELETE", "/fapi/v1/allOpenOrders", symbol="BTCUSDT")
        assert await rig.ok("POST", path, dualSidePosition="true") == {"code": 200, "msg": "success"}
        assert (await rig.ok("GET", "/fapi/v1/accountConfig"))["dualSidePosition"] is True

        order = {"symbol": "BTCUSDT", "type": "MARKET", "quantity": "0.01"}
        assert await rig.refused("POST", "/fapi/v1/order", side="BUY", **order) == (400, -4061)
        reducing = {"side": "BUY", "positionSide": "LONG", "reduceOnly": "true", **order}
        assert await rig.refused("POST", "/fapi/v1/order", **reducing) == (400, -1106)
        await rig.ok("POST", "/fapi/v1/order", side="BUY", positionSide="LONG", **order)
        await rig.ok("POST", "/fapi/v1/order", side="SELL", positionSide="SHORT", **order)
        rows = await rig.ok("GET", "/fapi/v3/positionRisk")
        sides = {row["positionSide"]: Decimal(row["positionAmt"]) for row in rows}
        assert sides == {"LONG": Decimal("0.01"), "SHORT": Decimal("-0.01")}
        assert await rig.refused("POST", path, dualSidePosition="false") == (400, -4068)

    trying(tmp_path, scenario)


def test_what_the_account_may_and_pays(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        rate = await rig.ok("GET", "/fapi/v1/commissionRate", symbol="BTCUSDT")
        assert (rate["makerCommissionRate"], rate["takerCommissionRate"]) == ("0.0002", "0.0004")
        (bracket,) = await rig.ok("GET", "/fapi/v1/leverageBracket", symbol="BTCUSDT")
        assert bracket["brackets"][0]["initialLeverage"] == 50
        assert await rig.ok("GET", "/fapi/v1/multiAssetsMargin") == {"multiAssetsMargin": False}
        limits = {
            (row["interval"], row["intervalNum"]): row["limit"]
            for row in await rig.ok("GET", "/fapi/v1/rateLimit/order")
        }
        assert limits == {("SECOND", 10): 300, ("MINUTE", 1): 1_200}

    trying(tmp_path, scenario)


def test_listen_keys_are_made_kept_and_closed(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        path = "/fapi/v1/listenKey"
        assert (await rig.http.put(path)).json()["code"] == -1125
        key = await rig.listen_key()
        assert len(key) == 64
        assert await rig.listen_key() == key
        assert (await rig.http.put(path)).json() == {"listenKey": key}
        assert (await rig.http.delete(path)).json() == {}
        assert (await rig.http.put(path)).json()["code"] == -1125
        assert await rig.listen_key() != key
        nobody = await rig.http.post(path, headers={"X-MBX-APIKEY": "x"})
        assert (nobody.status_code, nobody.json()["code"]) == (401, -2015)

    trying(tmp_path, scenario)
