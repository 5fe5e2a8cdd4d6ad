"""A local exchange that serves, and the desk's public side of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from actors.venues.binance_usdm.market import BinanceUsdmMarket, MarketSettings
from actors.venues.binance_usdm.market_line import LineSettings
from actors.venues.binance_usdm.rest import BinanceRest
from actors.venues.binance_usdm.settings import BinanceUsdmSettings
from cluster.exchange.server import ExchangeServer
from cluster.exchange.settings import ServerSettings
from tests.actors.venues.binance_usdm.market_server import FAST

BTC = "BTC-USDT-PERP"


@asynccontextmanager
async def serving(settings: ServerSettings) -> AsyncIterator[ExchangeServer]:
    server = ExchangeServer(settings)
    server.at = await server.start()  # type: ignore[attr-defined]
    try:
        yield server
    finally:
        await server.stop()


@asynccontextmanager
async def connected(server: ExchangeServer, settings: ServerSettings) -> AsyncIterator[BinanceUsdmMarket]:
    address = server.at  # type: ignore[attr-defined]
    rest = BinanceRest(
        BinanceUsdmSettings(
            venue="binance", rest_url=address.rest, stream_url=address.stream, listings={BTC: "BTCUSDT"}
        ),
        None,
    )
    lines = LineSettings(base_url=address.stream, **{**FAST, "idle_s": 1.0})
    market = BinanceUsdmMarket(
        "binance", {BTC: "BTCUSDT"}, rest, MarketSettings(lines=lines, book_pause_s=0.02)
    )
    try:
        yield market
    finally:
        await market.close()
        await rest.close()
