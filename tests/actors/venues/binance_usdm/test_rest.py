"""Which public questions go first when the budget of requests is short."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from actors.venues.binance_usdm.rest import BinanceRest
from actors.venues.transport.budget import Priority
from messages.errors import VenueConnectionError
from tests.actors.venues.binance_usdm.building import settings_for

pytestmark = pytest.mark.unit


class Spent:
    """A budget that has nothing left, and remembers how urgent each request was."""

    def __init__(self) -> None:
        self.asked: list[Priority] = []

    async def enter(self, costs: Mapping[str, int], priority: Priority, patience_s: float) -> bool:
        self.asked.append(priority)
        return False


@pytest.mark.parametrize(
    ("path", "priority"),
    [
        ("/fapi/v1/time", Priority.QUERY),
        ("/fapi/v1/ticker/bookTicker", Priority.QUERY),
        ("/fapi/v1/klines", Priority.BACKGROUND),
    ],
)
def test_time_and_best_prices_go_before_histories(path: str, priority: Priority) -> None:
    async def work() -> None:
        gate: Any = Spent()
        rest = BinanceRest(settings_for("http://127.0.0.1:9"), None, gate=gate)
        with pytest.raises(VenueConnectionError):
            await rest.get(path, {}, 1)
        assert gate.asked == [priority]

    asyncio.run(work())
