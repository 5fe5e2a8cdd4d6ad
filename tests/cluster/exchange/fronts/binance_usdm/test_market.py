"""Market data over REST."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from tests.cluster.exchange.rig import Rig, trying

pytestmark = pytest.mark.integration


def test_listings_tell_their_filters(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        info = await rig.get("/fapi/v1/exchangeInfo")
        assert [row["symbol"] for row in info["symbols"]] == ["BTCUSDT", "ETHUSDT"]
        assert info["serverTime"] == rig.now_ms
        btc = info["symbols"][0]
        filters = {row["filterType"]: row for row in btc["filters"]}
        assert filters["PRICE_FILTER"]["tickSize"] == "0.1"
        assert filters["LOT_SIZE"]["stepSize"] == "0.001"
        assert filters["MIN_NOTIONAL"]["notional"] == "5"
        assert filters["PERCENT_PRICE"]["multiplierUp"] == "1.1"
        assert filters["MAX_NUM_ORDERS"]["limit"] == 200
        assert (btc["status"], btc["contractType"], btc["marginAsset"]) == ("TRADING", "PERPETUAL", "USDT")
        kinds = {(row["rateLimitType"], row["interval"]): row["limit"] for row in info["rateLimits"]}
        assert kinds == {
            ("REQUEST_WEIGHT", "MINUTE"): 2_400,
            ("ORDERS", "MINUTE"): 1_200,
            ("ORDERS", "SECOND"): 300,
        }

    trying(tmp_path, scenario)


def test_books_tickers_and_trades_agree(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        rig.clock.go(20)
        depth = await rig.get("/fapi/v1/depth", symbol="BTCUSDT", limit=10)
        ticker = await rig.get("/fapi/v1/ticker/bookTicker", symbol="BTCUSDT")
        bids, asks = depth["bids"], depth["asks"]
        assert len(bids) == len(asks) == 10
        assert [ticker["bidPrice"], ticker["bidQty"]] == bids[0]
        assert [ticker["askPrice"], ticker["askQty"]] == asks[0]
        assert [Decimal(row[0]) for row in bids] == sorted((Decimal(row[0]) for row in bids), reverse=True)
        assert Decimal(bids[0][0]) < Decimal(asks[0][0])
        trades = await rig.get("/fapi/v1/trades", symbol="BTCUSDT", limit=1000)
        grouped = await rig.get("/fapi/v1/aggTrades", symbol="BTCUSDT", limit=1000)
        assert sum(Decimal(row["qty"]) for row in trades) == sum(Decimal(row["q"]) for row in grouped)
        numbers = [row["a"] for row in grouped]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
        assert [grouped[0]["f"], grouped[-1]["l"]] == [trades[0]["id"], trades[-1]["id"]]
        assert len(await rig.get("/fapi/v1/ticker/bookTicker")) == 2
        last = await rig.get("/fapi/v1/ticker/price", symbol="BTCUSDT")
        assert last["price"] == trades[-1]["price"]
        day = await rig.get("/fapi/v1/ticker/24hr", symbol="BTCUSDT")
        assert day["lastPrice"] == trades[-1]["price"]
        assert Decimal(day["lowPrice"]) <= Decimal(day["lastPrice"]) <= Decimal(day["highPrice"])

    trying(tmp_path, scenario)


def test_bars_are_made_of_the_trades(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        rig.clock.go(150)
        bars = await rig.get("/fapi/v1/klines", symbol="BTCUSDT", interval="1m", limit=2)
        trades = await rig.get("/fapi/v1/trades", symbol="BTCUSDT", limit=1000)
        bar = bars[-1]
        within = [row for row in trades if bar[0] <= row["time"] <= bar[6]]
        assert within
        assert bar[6] == bar[0] + 59_999
        assert (bar[1], bar[4]) == (within[0]["price"], within[-1]["price"])
        assert Decimal(bar[5]) == sum(Decimal(row["qty"]) for row in within)
        assert bar[8] == len(within)
        early = await rig.get(
            "/fapi/v1/klines",
            symbol="BTCUSDT",
            interval="1m",
            startTime=bars[0][0],
            endTime=bars[0][0],
        )
        assert early == [bars[0]]

    trying(tmp_path, scenario)


def test_marks_are_told(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        told = await rig.get("/fapi/v1/premiumIndex", symbol="BTCUSDT")
        assert set(told) == {
            "symbol",
            "markPrice",
            "indexPrice",
            "estimatedSettlePrice",
            "lastFundingRate",
            "interestRate",
            "nextFundingTime",
            "time",
        }
        assert told["nextFundingTime"] > rig.now_ms
        assert len(await rig.get("/fapi/v1/premiumIndex")) == 2
        assert await rig.get("/fapi/v1/fundingRate", symbol="BTCUSDT") == []
        assert await rig.get("/fapi/v1/ping") == {}

    trying(tmp_path, scenario)


@pytest.mark.parametrize(
    ("path", "parameters", "code"),
    [
        ("depth", {"symbol": "BTCUSDT", "limit": 7}, -4021),
        ("depth", {}, -1102),
        ("depth", {"symbol": "btcusdt"}, -1121),
        ("klines", {"symbol": "BTCUSDT", "interval": "7m"}, -1120),
        ("klines", {"symbol": "BTCUSDT", "interval": "1m", "limit": 1501}, -1130),
        ("klines", {"symbol": "BTCUSDT", "interval": "1m", "startTime": 2, "endTime": 1}, -1023),
        ("trades", {"symbol": "BTCUSDT", "limit": "x"}, -1100),
    ],
)
def test_questions_that_make_no_sense_are_refused(
    tmp_path: Path, path: str, parameters: dict[str, object], code: int
) -> None:
    async def scenario(rig: Rig) -> None:
        response = await rig.http.get(f"/fapi/v1/{path}", params=parameters)  # type: ignore[arg-type]
        assert (response.status_code, response.json()["code"]) == (400, code)

    trying(tmp_path, scenario)
