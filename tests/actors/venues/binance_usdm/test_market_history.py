"""Questions for the past: how they are asked, in pages, and what becomes of the answers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import pytest

from actors.venues.binance_usdm.market_history import MarketHistory
from actors.venues.history_port import PaidRate, PastTrade
from messages.errors import ConfigurationError, DataProviderError

pytestmark = pytest.mark.unit

MS = 1_000_000
BTC = "BTC-USDT-PERP"


class Requests:
    """Answers from a list, and remembers what was asked."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, dict[str, Any], int]] = []

    async def get(self, path: str, parameters: Mapping[str, str | int], weight: int) -> bytes:
        self.asked.append((path, dict(parameters), weight))
        answer = self.answers.pop(0)
        return answer if isinstance(answer, bytes) else json.dumps(answer).encode()


def history(*answers: Any) -> tuple[MarketHistory, Requests]:
    requests = Requests(*answers)
    return MarketHistory(requests, {BTC: "BTCUSDT"}), requests


def aggregate(number: int, time: int, *, buyer_is_maker: bool) -> dict[str, Any]:
    told = {"a": number, "p": "60000.10", "q": "0.25", "nq": "0.25", "f": 1, "l": 2}
    return {**told, "T": time, "m": buyer_is_maker}


def test_trades_are_asked_for_by_time_and_by_number() -> None:
    port, requests = history(
        [aggregate(7, 1_000, buyer_is_maker=True)], [aggregate(8, 1_001, buyer_is_maker=False)]
    )
    first = asyncio.run(port.trades_between(BTC, 999 * MS + 1, 1_001 * MS))
    second = asyncio.run(port.trades_from(BTC, 8))
    assert first == (PastTrade(7, 1_000 * MS, 60000.1, 0.25, -1.0),)
    assert second == (PastTrade(8, 1_001 * MS, 60000.1, 0.25, 1.0),)
    of = {"symbol": "BTCUSDT", "limit": 1000}
    assert requests.asked == [
        ("/fapi/v1/aggTrades", {**of, "startTime": 1_000, "endTime": 1_000}, 20),
        ("/fapi/v1/aggTrades", {**of, "fromId": 8}, 20),
    ]


def test_a_span_without_a_whole_millisecond_is_not_asked_for() -> None:
    port, requests = history()
    assert asyncio.run(port.trades_between(BTC, 5 * MS + 1, 5 * MS + 2)) == ()
    assert asyncio.run(port.paid_rates(BTC, 5 * MS + 1, 5 * MS + 2)) == ()
    assert requests.asked == []


def test_funding_rates_are_read_page_by_page() -> None:
    page = [{"fundingRate": "0.0001", "fundingTime": each} for each in range(1_000)]
    port, requests = history(page, [{"fundingRate": "-0.0002", "fundingTime": 1_500, "markPrice": "1"}])
    found = asyncio.run(port.paid_rates(BTC, 0, 2_000 * MS))
    assert len(found) == 1_001
    assert found[0] == PaidRate(0, 0.0001)
    assert found[-1] == PaidRate(1_500 * MS, -0.0002)
    assert [(asked["startTime"], asked["endTime"]) for _, asked, _ in requests.asked] == [
        (0, 1_999),
        (1_000, 1_999),
    ]


def test_answers_that_make_no_sense_and_symbols_that_are_not_known_are_refused() -> None:
    port, _ = history(b"<html>", b'[{"a": 1}]')
    for _ in range(2):
        with pytest.raises(DataProviderError, match="can't be read"):
            asyncio.run(port.trades_from(BTC, 1))
    with pytest.raises(ConfigurationError, match="no listing"):
        asyncio.run(port.paid_rates("ETH-USDT-PERP", 0, MS))
