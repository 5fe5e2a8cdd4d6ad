"""Orders as the venue reads them, compared parameter by parameter with its sheet."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.venues.binance_usdm.orders import (
    Impossible,
    Request,
    cancel_request,
    place_request,
    plain,
    replace_request,
)
from actors.venues.binance_usdm.settings import TriggerBy
from messages.intents import OrderType, PositionLeg, Side, TimeInForce
from messages.reasons import Reason
from messages.venue import CancelOrder, ReplaceOrder
from tests.actors.venues.binance_usdm.building import FAR, LISTING, SYMBOL, order

pytestmark = pytest.mark.unit

MARKET = {"order_type": OrderType.MARKET, "limit_price": None}
STOP = {
    "order_type": OrderType.STOP,
    "limit_price": None,
    "stop_price": Decimal("45000.00"),
    "side": Side.SELL,
}
STOP_LIMIT = STOP | {"order_type": OrderType.STOP_LIMIT, "limit_price": Decimal("44900")}
COMMON = {"symbol": LISTING, "side": "BUY"}
LIMIT = COMMON | {"type": "LIMIT", "quantity": "0.01", "price": "50000.1", "newClientOrderId": "cid-1"}
ALGO = {
    "symbol": LISTING,
    "side": "SELL",
    "algoType": "CONDITIONAL",
    "triggerPrice": "45000",
    "workingType": "CONTRACT_PRICE",
    "clientAlgoId": "cid-1",
}


@pytest.mark.parametrize(
    ("changes", "path", "parameters"),
    [
        ({}, "order", LIMIT | {"timeInForce": "GTC"}),
        ({"time_in_force": TimeInForce.IOC}, "order", LIMIT | {"timeInForce": "IOC"}),
        ({"time_in_force": TimeInForce.FOK}, "order", LIMIT | {"timeInForce": "FOK"}),
        ({"post_only": True}, "order", LIMIT | {"timeInForce": "GTX"}),
        ({"reduce_only": True}, "order", LIMIT | {"timeInForce": "GTC", "reduceOnly": "true"}),
        ({"leg": PositionLeg.LONG}, "order", LIMIT | {"timeInForce": "GTC", "positionSide": "LONG"}),
        (
            {"leg": PositionLeg.SHORT, "reduce_only": True},
            "order",
            LIMIT | {"timeInForce": "GTC", "positionSide": "SHORT"},
        ),
        (
            MARKET,
            "order",
            COMMON | {"type": "MARKET", "quantity": "0.01", "newClientOrderId": "cid-1"},
        ),
        (STOP, "algoOrder", ALGO | {"type": "STOP_MARKET", "quantity": "0.01"}),
        (
            STOP | {"reduce_only": True},
            "algoOrder",
            ALGO | {"type": "STOP_MARKET", "quantity": "0.01", "reduceOnly": "true"},
        ),
        (
            STOP | {"take_profit": True},
            "algoOrder",
            ALGO | {"type": "TAKE_PROFIT_MARKET", "quantity": "0.01"},
        ),
        (
            STOP | {"close_position": True, "reduce_only": True},
            "algoOrder",
            ALGO | {"type": "STOP_MARKET", "closePosition": "true"},
        ),
        (
            STOP | {"close_position": True, "leg": PositionLeg.LONG},
            "algoOrder",
            ALGO | {"type": "STOP_MARKET", "closePosition": "true", "positionSide": "LONG"},
        ),
        (
            STOP_LIMIT,
            "algoOrder",
            ALGO | {"type": "STOP", "quantity": "0.01", "price": "44900", "timeInForce": "GTC"},
        ),
        (
            STOP_LIMIT | {"take_profit": True, "post_only": True},
            "algoOrder",
            ALGO | {"type": "TAKE_PROFIT", "quantity": "0.01", "price": "44900", "timeInForce": "GTX"},
        ),
    ],
)
def test_an_order_is_written_as(changes: dict[str, Any], path: str, parameters: dict[str, str]) -> None:
    request = place_request(order(**changes), LISTING, TriggerBy.LAST)
    assert isinstance(request, Request)
    assert (request.endpoint.method, request.endpoint.path) == ("POST", f"/fapi/v1/{path}")
    assert request.parameters == parameters


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"limit_price": None}, Reason.INTENT_MALFORMED),
        (STOP | {"stop_price": None}, Reason.INTENT_MALFORMED),
        ({"take_profit": True}, Reason.INTENT_MALFORMED),
        (MARKET | {"post_only": True}, Reason.NOT_OFFERED),
        ({"post_only": True, "time_in_force": TimeInForce.IOC}, Reason.NOT_OFFERED),
        ({"close_position": True}, Reason.NOT_OFFERED),
        (STOP_LIMIT | {"close_position": True}, Reason.NOT_OFFERED),
        ({"leg": PositionLeg.LONG, "reduce_only": True}, Reason.REDUCE_ONLY_WOULD_INCREASE),
    ],
)
def test_what_the_venue_has_no_words_for_is_refused_here(changes: dict[str, Any], reason: Reason) -> None:
    refused = place_request(order(**changes), LISTING, TriggerBy.LAST)
    assert isinstance(refused, Impossible)
    assert refused.reason is reason


def test_stops_can_watch_the_mark_price() -> None:
    request = place_request(order(**STOP), LISTING, TriggerBy.MARK)
    assert isinstance(request, Request)
    assert request.parameters["workingType"] == "MARK_PRICE"


def test_cancels_name_our_id_and_the_venues_only_without_one() -> None:
    ours, theirs = CancelOrder("cid-1", SYMBOL, "77"), CancelOrder("", SYMBOL, "77")
    assert cancel_request(ours, LISTING, conditional=False).parameters == {
        "symbol": LISTING,
        "origClientOrderId": "cid-1",
    }
    assert cancel_request(theirs, LISTING, conditional=False).parameters == {
        "symbol": LISTING,
        "orderId": "77",
    }
    assert cancel_request(ours, LISTING, conditional=True).parameters == {"clientAlgoId": "cid-1"}
    assert cancel_request(theirs, LISTING, conditional=True).parameters == {"algoId": "77"}


def test_a_replacement_names_everything_that_the_venue_wants() -> None:
    replace = ReplaceOrder(
        "cid-1", SYMBOL, Side.SELL, Decimal("0.020"), Decimal("50001.0"), FAR, 1, increases_exposure=True
    )
    request = replace_request(replace, LISTING)
    assert (request.endpoint.method, request.endpoint.path) == ("PUT", "/fapi/v1/order")
    assert request.parameters == {
        "symbol": LISTING,
        "side": "SELL",
        "quantity": "0.02",
        "price": "50001",
        "origClientOrderId": "cid-1",
    }


@pytest.mark.property
@given(st.decimals(allow_nan=False, allow_infinity=False, places=10, min_value=0, max_value=10**12))
def test_numbers_are_plain_and_lose_nothing(value: Decimal) -> None:
    text = plain(value)
    assert Decimal(text) == value
    assert set(text) <= set("0123456789.")
    assert not text.endswith(".")


def test_large_and_small_numbers_have_no_exponent() -> None:
    assert plain(Decimal("1E+3")) == "1000"
    assert plain(Decimal("1E-8")) == "0.00000001"
    assert plain(Decimal("100")) == "100"
