"""Orders, settings and a venue of answers for the tests of the adapter."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import msgspec

from actors.venues.binance_usdm.port import BinanceUsdmPort
from actors.venues.binance_usdm.settings import BinanceUsdmSettings, StreamSettings
from actors.venues.binance_usdm.signing import Credentials
from actors.venues.transport.http import Phases
from messages.intents import OrderType, Side, TimeInForce
from messages.venue import PlaceOrder
from tests.actors.venues.scripted import Asked, Say, Scripted, scripted

SECOND = 1_000_000_000
SYMBOL, LISTING = "BTC-USDT-PERP", "BTCUSDT"
CREDENTIALS = Credentials("key-of-tests", "secret-of-tests")
FAR = 10**18 * 4
PATIENT = Phases(connect_s=10.0, pool_s=10.0, write_s=10.0, read_s=10.0)
"""Longer than any busy machine takes."""
HASTY = msgspec.structs.replace(PATIENT, read_s=0.3)
"""For who waits for a silent venue."""
BRISK = StreamSettings(
    open_s=10.0,
    keepalive_s=600.0,
    keepalive_retry_s=0.2,
    renewal_s=600.0,
    overlap_s=0.2,
    silence_s=5.0,
    first_pause_s=0.05,
    longest_pause_s=0.2,
)


def settings_for(url: str, stream_url: str = "ws://127.0.0.1:9", **more: Any) -> BinanceUsdmSettings:
    plain = BinanceUsdmSettings(
        venue="usdm",
        rest_url=url,
        stream_url=stream_url,
        listings={SYMBOL: LISTING, "ETH-USDT-PERP": "ETHUSDT"},
        phases=PATIENT,
        stream=BRISK,
        query_patience_s=10.0,
        cancel_patience_s=10.0,
        order_ready_s=10.0,
    )
    return msgspec.structs.replace(plain, **more)


def order(client_order_id: str = "cid-1", **changes: Any) -> PlaceOrder:
    plain = PlaceOrder(
        client_order_id=client_order_id,
        symbol=SYMBOL,
        side=Side.BUY,
        quantity=Decimal("0.010"),
        order_type=OrderType.LIMIT,
        time_in_force=TimeInForce.GTC,
        post_only=False,
        reduce_only=False,
        limit_price=Decimal("50000.10"),
        stop_price=None,
        deadline=FAR,
        mode_version=1,
        increases_exposure=True,
    )
    return msgspec.structs.replace(plain, **changes)


def placed(client_order_id: str = "cid-1", **changes: Any) -> dict[str, Any]:
    """An order as the sheet's example shows it."""
    return {
        "avgPrice": "0.00000",
        "clientOrderId": client_order_id,
        "cumQuote": "0",
        "executedQty": "0",
        "orderId": 1573346959,
        "origQty": "0.010",
        "origType": "LIMIT",
        "price": "50000.10",
        "reduceOnly": False,
        "side": "BUY",
        "positionSide": "BOTH",
        "status": "NEW",
        "stopPrice": "0",
        "closePosition": False,
        "symbol": LISTING,
        "time": 1579276756075,
        "timeInForce": "GTC",
        "type": "LIMIT",
        "updateTime": 1579276756075,
        "workingType": "CONTRACT_PRICE",
        "goodTillDate": 0,
        "st": 1,
    } | changes


def stop(client_order_id: str = "cid-1", **changes: Any) -> dict[str, Any]:
    """A conditional order as the sheet's example shows it."""
    return {
        "algoId": 2146760,
        "clientAlgoId": client_order_id,
        "algoType": "CONDITIONAL",
        "orderType": "STOP_MARKET",
        "symbol": LISTING,
        "side": "SELL",
        "positionSide": "BOTH",
        "timeInForce": "GTC",
        "quantity": "0.010",
        "algoStatus": "NEW",
        "triggerPrice": "45000.00",
        "price": "0",
        "icebergQuantity": None,
        "activatePrice": "",
        "actualOrderId": "",
        "createTime": 1750485492076,
    } | changes


def no(code: int, msg: str = "", status: int = 400, **headers: str) -> Say:
    return Say(
        status=status,
        body={"code": code, "msg": msg},
        headers={name.replace("_", "-"): value for name, value in headers.items()},
    )


Rows = dict[tuple[str, str], "Say | Callable[[Asked], Say]"]


def answering(rows: Rows) -> Callable[[Asked], Say]:
    """Answers by method and path; the time is always told, and what is not in `rows` is not there."""

    def answer(asked: Asked) -> Say:
        row = rows.get((asked.method, asked.path))
        if row is None and asked.path == "/fapi/v1/time":
            return Say(body={"serverTime": time.time_ns() // 1_000_000})
        if row is None:
            return Say(status=404, body=b"<html>nothing here</html>")
        return row if isinstance(row, Say) else row(asked)

    return answer


@asynccontextmanager
async def port_with(rows: Rows, **more: Any) -> AsyncIterator[tuple[BinanceUsdmPort, Scripted]]:
    """A port to a venue that gives these answers."""
    async with scripted(answering(rows)) as server:
        port = BinanceUsdmPort(settings_for(server.url, **more), CREDENTIALS)
        try:
            yield port, server
        finally:
            await port.close()
