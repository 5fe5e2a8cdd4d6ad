"""What the tests of the paper venue's adapter have in common: orders, a port, an ear at the stream."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

from actors.venues.paper import PaperPort, PaperTimeouts
from messages.intents import OrderType, Side, TimeInForce
from messages.venue import PlaceOrder
from messages.venue_stream import VenueEvent
from tests.cluster.paper.building import SECOND, START

T = TypeVar("T")
SHORT = PaperTimeouts(connect_s=20.0, write_s=20.0, answer_s=0.2)
"""For servers that never answer."""
BRISK = PaperTimeouts(connect_s=20.0, write_s=20.0, answer_s=1.0)
"""Shorter than a late answer."""
PATIENT = PaperTimeouts(connect_s=20.0, write_s=20.0, answer_s=20.0)
"""Longer than any busy machine takes."""


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run one test's work on an event loop of its own."""
    return asyncio.run(asyncio.wait_for(work, 60))


@asynccontextmanager
async def port_to(folder: Path, timeouts: PaperTimeouts = PATIENT) -> AsyncIterator[PaperPort]:
    port = PaperPort.of_folder("paper", folder, timeouts=timeouts)
    try:
        yield port
    finally:
        await port.close()


def market(client_order_id: str, **changes: Any) -> PlaceOrder:
    chosen: dict[str, Any] = {
        "client_order_id": client_order_id,
        "symbol": "BTC-USDT",
        "side": Side.BUY,
        "quantity": Decimal("0.01"),
        "order_type": OrderType.MARKET,
        "time_in_force": TimeInForce.GTC,
        "post_only": False,
        "reduce_only": False,
        "limit_price": None,
        "stop_price": None,
        "deadline": START + 3600 * SECOND,
        "mode_version": 1,
        "increases_exposure": True,
    }
    return PlaceOrder(**(chosen | changes))


def bid(client_order_id: str, **changes: Any) -> PlaceOrder:
    """A bid far below the market."""
    price = Decimal("30000.0")
    return market(client_order_id, **({"order_type": OrderType.LIMIT, "limit_price": price} | changes))


async def hear(port: PaperPort, after: int, count: int) -> list[VenueEvent]:
    heard: list[VenueEvent] = []
    async for event in port.events(after):
        heard.append(event)
        if len(heard) == count:
            break
    return heard
