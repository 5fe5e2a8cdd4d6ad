"""Questions about the account and its rules: told whole or not at all, set up, and guarded by a countdown."""

from __future__ import annotations

import time
from decimal import Decimal
from typing import Any

import pytest

from messages.venue import Outcome
from messages.venue_account import (
    ArmDeadMan,
    ConfigureAccount,
    ListingStatus,
    MarginMode,
    PositionMargin,
    QueryAccount,
    QueryInstruments,
    SymbolMargin,
)
from tests.actors.venues.binance_usdm.building import LISTING, SYMBOL, Rows, no, placed, port_with, stop
from tests.actors.venues.scripted import HANG_UP, Asked, Say, run

pytestmark = pytest.mark.integration

OPEN, OPEN_ALGO = "/fapi/v1/openOrders", "/fapi/v1/openAlgoOrders"
BALANCE = {
    "accountAlias": "SgsR",
    "asset": "USDT",
    "balance": "122607.35",
    "crossWalletBalance": "23.72",
    "availableBalance": "23.72",
    "updateTime": 1617939110373,
}


def position(amount: str, symbol: str = LISTING, side: str = "BOTH", **parts: str) -> dict[str, Any]:
    return {
        "symbol": symbol,
        "positionSide": side,
        "positionAmt": amount,
        "entryPrice": "0.385",
        "adl": 2,
    } | parts


def test_the_account_is_whole_or_not_told() -> None:
    async def work() -> None:
        rows: Rows = {
            ("GET", OPEN): Say(body=[placed(), placed("theirs", symbol="DOGEUSDT", orderId=3)]),
            ("GET", OPEN_ALGO): Say(body=[stop("cid-2"), stop("cid-3", algoStatus="TRIGGERED")]),
            ("GET", "/fapi/v3/balance"): Say(body=[BALANCE, BALANCE | {"asset": "BNB", "balance": "0"}]),
            ("GET", "/fapi/v3/positionRisk"): Say(
                body=[
                    position("0.5", side="LONG", maintMargin="1.5", liquidationPrice="0.31"),
                    position("-0.2", side="SHORT", maintMargin="0.5", liquidationPrice="0.62"),
                    position("0", symbol="ETHUSDT"),
                    position("-30", symbol="DOGEUSDT", maintMargin="2", liquidationPrice="0"),
                ]
            ),
        }
        async with port_with(rows) as (port, server):
            await port.server_time()
            before = time.time_ns()
            result = await port.account(QueryAccount("usdm"))
            assert result.outcome is Outcome.ACCEPTED
            assert [each.client_order_id for each in result.open_orders] == ["cid-1", "theirs", "cid-2"]
            assert [each.conditional for each in result.open_orders] == [False, False, True]
            assert result.open_orders[1].symbol == "DOGEUSDT"
            assert result.balances == {"USDT": Decimal("122607.35")}
            assert result.positions == {SYMBOL: Decimal("0.3"), "DOGEUSDT": Decimal(-30)}
            assert result.margins == {
                SYMBOL: PositionMargin(Decimal("0.3"), Decimal(2), Decimal("0.31")),
                "DOGEUSDT": PositionMargin(Decimal(-30), Decimal(2), None),
            }
            assert result.time is not None
            assert abs(result.time - before) < 1_000_000_000
            assert "symbol" not in server.named(OPEN)[0].parameters
        for path in (OPEN, OPEN_ALGO, "/fapi/v3/balance", "/fapi/v3/positionRisk"):
            async with port_with(rows | {("GET", path): HANG_UP}) as (port, _):
                assert (await port.account(QueryAccount("usdm"))).outcome is Outcome.NO_ANSWER

    run(work())


def test_the_dead_man_is_armed_per_symbol() -> None:
    async def work() -> None:
        path = "/fapi/v1/countdownCancelAll"
        arm = ArmDeadMan("usdm", (SYMBOL, "ETH-USDT-PERP"), 90_000_000_001)

        def answer(asked: Asked) -> Say:
            return Say(body=asked.parameters) if asked.parameters["symbol"] == LISTING else HANG_UP

        async with port_with({("POST", path): answer}) as (port, server):
            result = await port.arm_dead_man(arm)
            assert (result.outcome, result.symbols) == (Outcome.NO_ANSWER, (SYMBOL,))
            assert {asked.parameters["countdownTime"] for asked in server.named(path)} == {"90001"}
        async with port_with({("POST", path): Say(body={})}) as (port, server):
            result = await port.arm_dead_man(ArmDeadMan("usdm", (SYMBOL,), 0))
            assert (result.outcome, result.symbols) == (Outcome.ACCEPTED, ())
            assert server.named(path)[0].parameters["countdownTime"] == "0"

    run(work())


def test_modes_that_are_so_already_count_as_done_and_a_refusal_names_its_symbol() -> None:
    async def work() -> None:
        def leverage(asked: Asked) -> Say:
            wrong = asked.parameters["symbol"] == "ETHUSDT"
            return no(-4028, "Leverage 200 is not valid") if wrong else Say(body=asked.parameters)

        rows: Rows = {
            ("POST", "/fapi/v1/positionSide/dual"): no(-4059, "No need to change position side."),
            ("POST", "/fapi/v1/marginType"): no(-4046, "No need to change margin type."),
            ("POST", "/fapi/v1/leverage"): leverage,
        }
        wanted = ConfigureAccount(
            "usdm",
            (
                SymbolMargin(SYMBOL, 5, MarginMode.ISOLATED),
                SymbolMargin("ETH-USDT-PERP", 200, MarginMode.CROSS),
            ),
            hedge_mode=False,
        )
        async with port_with(rows) as (port, server):
            result = await port.configure(wanted)
            assert result.outcome is Outcome.ACCEPTED
            assert list(result.refused) == ["ETH-USDT-PERP"]
            assert "not valid" in result.refused["ETH-USDT-PERP"]
            margins = [asked.parameters["marginType"] for asked in server.named("/fapi/v1/marginType")]
            assert margins == ["ISOLATED", "CROSSED"]
            assert server.named("/fapi/v1/leverage")[0].parameters["leverage"] == "5"
        rows["POST", "/fapi/v1/positionSide/dual"] = no(-4068, "Position side cannot be changed")
        async with port_with(rows) as (port, server):
            assert (await port.configure(wanted)).outcome is Outcome.REJECTED
            assert server.named("/fapi/v1/leverage") == []
        rows["POST", "/fapi/v1/positionSide/dual"] = Say(body={"code": 200, "msg": "success"})
        rows["POST", "/fapi/v1/leverage"] = HANG_UP
        async with port_with(rows) as (port, _):
            assert (await port.configure(wanted)).outcome is Outcome.NO_ANSWER

    run(work())


def test_an_account_is_configured_from_where_the_last_try_got_to() -> None:
    async def work() -> None:
        def leverage(asked: Asked) -> Say:
            first = len(server.named("/fapi/v1/leverage")) == 1
            return no(-1001, "Internal error", 503) if first else Say(body=asked.parameters)

        rows: Rows = {
            ("POST", "/fapi/v1/marginType"): Say(body={"code": 200, "msg": "success"}),
            ("POST", "/fapi/v1/leverage"): leverage,
        }
        wanted = ConfigureAccount("usdm", (SymbolMargin(SYMBOL, 5, MarginMode.CROSS),))
        async with port_with(rows) as (port, server):
            assert (await port.configure(wanted)).outcome is Outcome.NO_ANSWER
            assert (await port.configure(wanted)).outcome is Outcome.ACCEPTED
            assert len(server.named("/fapi/v1/marginType")) == 1
            assert len(server.named("/fapi/v1/leverage")) == 2
            assert (await port.configure(wanted)).outcome is Outcome.ACCEPTED
            assert len(server.named("/fapi/v1/marginType")) == 2, (
                "what was brought about may have been changed since"
            )

    run(work())


INFO: dict[str, Any] = {
    "rateLimits": [
        {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 1200},
        {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": 50},
    ],
    "symbols": [
        {
            "symbol": LISTING,
            "status": "TRADING",
            "baseAsset": "BTC",
            "quoteAsset": "USDT",
            "marginAsset": "USDT",
            "pricePrecision": 2,
            "filters": [
                {
                    "filterType": "PRICE_FILTER",
                    "minPrice": "402",
                    "maxPrice": "1246396.60",
                    "tickSize": "0.10",
                },
                {"filterType": "LOT_SIZE", "minQty": "0.001", "maxQty": "1000", "stepSize": "0.001"},
                {"filterType": "MIN_NOTIONAL", "notional": "10"},
            ],
        }
    ],
}


def test_rules_come_with_fees_and_limits_are_learned() -> None:
    async def work() -> None:
        fees = {"symbol": LISTING, "makerCommissionRate": "0.0002", "takerCommissionRate": "0.0004"}
        rows: Rows = {
            ("GET", "/fapi/v1/exchangeInfo"): Say(body=INFO),
            ("GET", "/fapi/v1/commissionRate"): Say(body=fees),
        }
        query = QueryInstruments("usdm", (SYMBOL, "ETH-USDT-PERP"))
        async with port_with(rows) as (port, server):
            result = await port.instruments(query)
            (rules,) = result.instruments
            assert (rules.symbol, rules.status) == (SYMBOL, ListingStatus.TRADING)
            assert (rules.tick, rules.lot, rules.min_notional) == (
                Decimal("0.10"),
                Decimal("0.001"),
                Decimal(10),
            )
            assert (rules.maker_fee, rules.taker_fee) == (Decimal("0.0002"), Decimal("0.0004"))
            limits = {limit.name: limit.capacity for limit in port.rest.gate.budget.limits}
            assert limits == {"address/1m": 1200, "orders/10s": 50, "orders/1m": 1200}
            await port.instruments(query)
            assert len(server.named("/fapi/v1/commissionRate")) == 1
        rows["GET", "/fapi/v1/commissionRate"] = HANG_UP
        async with port_with(rows) as (port, _):
            (rules,) = (await port.instruments(query)).instruments
            assert rules.maker_fee is None
        async with port_with({("GET", "/fapi/v1/exchangeInfo"): HANG_UP}) as (port, _):
            assert (await port.instruments(query)).outcome is Outcome.NO_ANSWER

    run(work())


def test_a_listing_that_makes_no_sense_hides_no_other() -> None:
    async def work() -> None:
        broken = INFO["symbols"][0] | {"symbol": "ETHUSDT", "filters": []}
        rows: Rows = {
            ("GET", "/fapi/v1/exchangeInfo"): Say(body=INFO | {"symbols": [broken, *INFO["symbols"]]})
        }
        async with port_with(rows) as (port, _):
            result = await port.instruments(QueryInstruments("usdm", (SYMBOL, "ETH-USDT-PERP")))
            assert [each.symbol for each in result.instruments] == [SYMBOL]

    run(work())
