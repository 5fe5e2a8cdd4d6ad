"""The desk's own requests to Binance USD-M are those that ccxt and the venue's own SDK were recorded to send."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from actors.venues.binance_usdm.orders import Request, cancel_request, place_request, replace_request
from actors.venues.binance_usdm.settings import TriggerBy
from messages.intents import OrderType, Side, TimeInForce
from messages.venue import CancelOrder, PlaceOrder, ReplaceOrder

pytestmark = pytest.mark.unit

HERE = Path(__file__).parent
ANY_PRICE = Decimal("60000.1")
IDS = ("orderId", "origClientOrderId", "newClientOrderId", "algoId", "clientAlgoId")
DEFAULTS = {("workingType", "CONTRACT_PRICE"), ("newOrderRespType", "RESULT"), ("newOrderRespType", "ACK")}
"""What may be said or left out: it is what the venue assumes, or only shapes the answer."""


def recorded(client: str, method: str, path: str, **having: str) -> list[dict[str, str]]:
    """The parameters of a client's requests of this kind."""
    rows = json.loads((HERE / "recorded" / f"{client}.json").read_text())
    return [
        reduced(row["parameters"])
        for row in rows
        if (row["method"], row["path"]) == (method, path)
        and all(row["parameters"].get(name) == value for name, value in having.items())
    ]


def reduced(parameters: dict[str, Any]) -> dict[str, str]:
    """Without names, prices and what is assumed anyway. A symbol beside the id of a stop says nothing more."""
    found = {
        ("ID" if name in IDS else name): (
            "ANY" if name in IDS else "DECIMAL" if name in ("price", "triggerPrice") else str(value)
        )
        for name, value in parameters.items()
        if (name, value) not in DEFAULTS
    }
    if "type" not in parameters and ("algoId" in parameters or "clientAlgoId" in parameters):
        found.pop("symbol", None)
    return found


def order(**changes: Any) -> PlaceOrder:
    terms: dict[str, Any] = {
        "client_order_id": "one",
        "symbol": "BTC-USDT-PERP",
        "side": Side.BUY,
        "quantity": Decimal("0.010"),
        "order_type": OrderType.LIMIT,
        "time_in_force": TimeInForce.GTC,
        "post_only": False,
        "reduce_only": False,
        "limit_price": ANY_PRICE,
        "stop_price": None,
        "deadline": 1,
        "mode_version": 1,
        "increases_exposure": True,
    }
    return PlaceOrder(**{**terms, **changes})


MARKET = {"order_type": OrderType.MARKET, "limit_price": None}
STOP = {"order_type": OrderType.STOP, "limit_price": None, "stop_price": ANY_PRICE, "side": Side.SELL}
PLACED = [
    ("limit", order(), {"type": "LIMIT", "timeInForce": "GTC"}),
    ("post-only", order(post_only=True), {"timeInForce": "GTX"}),
    ("market", order(**MARKET), {"type": "MARKET", "side": "BUY"}),
    ("reduce-only", order(**MARKET, side=Side.SELL, reduce_only=True), {"reduceOnly": "true"}),
    ("stop", order(**STOP), {"type": "STOP_MARKET"}),
]


@pytest.mark.parametrize("client", ["ccxt", "sdk"])
@pytest.mark.parametrize(("placed", "having"), [row[1:] for row in PLACED], ids=[row[0] for row in PLACED])
def test_orders_are_placed_as_others_place_them(
    client: str, placed: PlaceOrder, having: dict[str, str]
) -> None:
    ours = place_request(placed, "BTCUSDT", TriggerBy.LAST)
    assert isinstance(ours, Request)
    theirs = recorded(client, ours.endpoint.method, ours.endpoint.path, **having)
    assert theirs
    assert all({"ID": "ANY", **row} == reduced(dict(ours.parameters)) for row in theirs)


@pytest.mark.parametrize("client", ["ccxt", "sdk"])
def test_orders_are_changed_as_others_change_them(client: str) -> None:
    ours = replace_request(
        ReplaceOrder("one", "BTC-USDT-PERP", Side.BUY, Decimal("0.02"), ANY_PRICE, 1, 1, True), "BTCUSDT"
    )
    theirs = recorded(client, ours.endpoint.method, ours.endpoint.path)
    assert theirs
    assert all(row == reduced(dict(ours.parameters)) for row in theirs)


@pytest.mark.parametrize("client", ["ccxt", "sdk"])
@pytest.mark.parametrize("conditional", [False, True])
def test_orders_are_cancelled_as_others_cancel_them(client: str, conditional: bool) -> None:
    ours = cancel_request(CancelOrder("one", "BTC-USDT-PERP"), "BTCUSDT", conditional=conditional)
    theirs = recorded(client, ours.endpoint.method, ours.endpoint.path)
    assert theirs
    assert all(row == reduced(dict(ours.parameters)) for row in theirs)
