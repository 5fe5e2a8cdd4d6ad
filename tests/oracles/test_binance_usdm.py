"""Other people's clients of Binance USD-M trade on the local exchange, and what they sent is kept to compare with.

`make oracles` runs these; they need an interpreter that has the clients (RAYDESK_ORACLES). What ccxt and the venue's
own SDK send is stored in `recorded/`: one row per request, without signature and time, values that differ from run to
run replaced by their kind. Store them anew after a meant change: RAYDESK_UPDATE_GOLDEN=1 make oracles.
"""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import msgspec
import pytest

from cluster.exchange.core import default_listings
from cluster.exchange.fronts.binance_usdm.context import FrontSettings
from cluster.exchange.server import ExchangeServer
from tests.cluster.exchange.rig import settings_of

pytestmark = [pytest.mark.oracle, pytest.mark.integration]

HERE = Path(__file__).parent
PYTHON = os.environ.get("RAYDESK_ORACLES", "")
ORDER_LIFE = ("/fapi/v1/order", "/fapi/v1/algoOrder", "/fapi/v1/allOpenOrders", "/fapi/v1/countdownCancelAll")
NOT_COMPARED = {"timestamp", "signature", "recvWindow"}
DIFFERENT_EACH_TIME = {"price": "DECIMAL", "triggerPrice": "DECIMAL", "orderId": "NUMBER", "algoId": "NUMBER"}

SEEN: dict[str, dict[str, Any]] = {
    "ccxt": {
        "orders": {
            "time": True,
            "placed": "open",
            "asked": [True, "open", True],
            "open": [["ccxt-1", 0.02]],
            "cancelled": "canceled",
            "post_only": "PO",
            "filled": ["closed", 0.01],
            "trades": 0.01,
            "fees": True,
            "balance": True,
            "positions": [["long", 0.01]],
            "stops": 1,
            "flat": True,
            "refused": "BadRequest",
        },
        "streams": {"ticker": True, "tape": True, "order": "ccxt-s"},
    },
    "sdk": {
        "orders": {
            "time": True,
            "listed": ["BTCUSDT"],
            "weight": [["REQUEST_WEIGHT", True]],
            "placed": ["NEW", "0.01"],
            "asked": [True, "NEW", True],
            "changed": "0.02",
            "open": ["sdk-1"],
            "cancelled": "CANCELED",
            "filled": ["FILLED", "0.010"],
            "trades": [0.01, True],
            "balance": ["USDT"],
            "account": ["BTCUSDT"],
            "positions": ["0.010"],
            "stop": ["NEW", "STOP_MARKET"],
            "stops": 1,
            "stop_cancelled": "200",
            "flat": True,
            "refused": "BadRequestError",
        },
        "streams": {
            "ticker": "IndividualSymbolBookTickerStreamsResponse",
            "tape": "AggregateTradeStreamsResponse",
            "order": "sdk-s",
        },
    },
}


async def run_client(name: str, home: Path) -> tuple[Any, list[Any]]:
    """What a client saw of a fresh exchange, and what it sent."""
    market = msgspec.structs.replace(settings_of(home).market, listings=default_listings(1))
    server = ExchangeServer(settings_of(home, market=market, front=FrontSettings(keep_requests=1_000)))
    address = await server.start()
    try:
        key = server.keys["desk"]
        process = await asyncio.create_subprocess_exec(
            PYTHON,
            str(HERE / f"{name}_client.py"),
            address.rest,
            address.stream,
            key.api_key,
            key.secret,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        told, said = await asyncio.wait_for(process.communicate(), 120)
        assert process.returncode == 0, said.decode()[-2_000:]
        return json.loads(told), [canonical(sent) for sent in server.sent_requests()]
    finally:
        await server.stop()


def canonical(sent: Any) -> dict[str, Any]:
    """A request without what differs from run to run."""
    parameters = dict(parse_qsl(sent.query)) | dict(parse_qsl(sent.body))
    return {
        "method": sent.method,
        "path": sent.path,
        "parameters": {
            name: DIFFERENT_EACH_TIME.get(name, value)
            for name, value in sorted(parameters.items())
            if name not in NOT_COMPARED
        },
    }


@pytest.mark.skipif(not PYTHON, reason="skipped: no other clients installed, run make oracles")
@pytest.mark.parametrize("name", ["ccxt", "sdk"])
def test_another_client_trades_here(name: str, tmp_path: Path) -> None:
    seen, sent = asyncio.run(run_client(name, tmp_path))
    assert seen == SEEN[name]

    orders = [row for row in sent if row["path"] in ORDER_LIFE]
    path = HERE / "recorded" / f"{name}.json"
    if os.environ.get("RAYDESK_UPDATE_GOLDEN"):
        path.write_text(json.dumps(orders, indent=1) + "\n")
    assert orders == json.loads(path.read_text())


@pytest.mark.parametrize("name", ["ccxt", "sdk"])
def test_what_was_recorded_covers_the_life_of_an_order(name: str) -> None:
    rows = json.loads((HERE / "recorded" / f"{name}.json").read_text())
    covered = {(row["method"], row["path"]) for row in rows}
    assert {
        ("POST", "/fapi/v1/order"),
        ("PUT", "/fapi/v1/order"),
        ("GET", "/fapi/v1/order"),
        ("DELETE", "/fapi/v1/order"),
        ("POST", "/fapi/v1/algoOrder"),
        ("DELETE", "/fapi/v1/algoOrder"),
    } <= covered
