"""What the gateway says at once, row by row."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from cluster.paper.gateway import Refusal, check_order
from messages.intents import OrderType, TimeInForce
from messages.reasons import Reason
from tests.cluster.paper.building import instrument_of, order, resting

pytestmark = pytest.mark.unit

INSTRUMENTS = {"BTC-USDT": instrument_of("BTC-USDT")}
LIMIT = OrderType.LIMIT


@pytest.mark.parametrize(
    ("changes", "reason", "field"),
    [
        ({"client_order_id": ""}, Reason.INTENT_MALFORMED, "client_order_id"),
        ({"client_order_id": "x" * 65}, Reason.INTENT_MALFORMED, "client_order_id"),
        ({"client_order_id": "a/b"}, Reason.INTENT_MALFORMED, "client_order_id"),
        ({"client_order_id": "é"}, Reason.INTENT_MALFORMED, "client_order_id"),
        ({"symbol": "DOGE-USDT"}, Reason.SYMBOL_UNKNOWN, "symbol"),
        ({"limit_price": Decimal(1)}, Reason.INTENT_MALFORMED, "limit_price"),
        ({"order_type": LIMIT}, Reason.INTENT_MALFORMED, "limit_price"),
        ({"order_type": OrderType.STOP}, Reason.INTENT_MALFORMED, "stop_price"),
        ({"stop_price": Decimal(1)}, Reason.INTENT_MALFORMED, "stop_price"),
        ({"post_only": True}, Reason.INTENT_MALFORMED, "post_only"),
        ({"order_type": LIMIT, "limit_price": Decimal("60000.05")}, Reason.TICK_SIZE, "limit_price"),
        ({"order_type": LIMIT, "limit_price": Decimal(0)}, Reason.TICK_SIZE, "limit_price"),
        ({"order_type": LIMIT, "limit_price": Decimal("NaN")}, Reason.TICK_SIZE, "limit_price"),
        ({"order_type": OrderType.STOP, "stop_price": Decimal("1.01")}, Reason.TICK_SIZE, "stop_price"),
        ({"quantity": Decimal("0.0105")}, Reason.LOT_SIZE, "quantity"),
        ({"quantity": Decimal(-1)}, Reason.LOT_SIZE, "quantity"),
        ({"quantity": Decimal("1E+400")}, Reason.LOT_SIZE, "quantity"),
        ({"quantity": Decimal("0.001")}, Reason.MIN_QUANTITY, "quantity"),
        ({"order_type": LIMIT, "limit_price": Decimal(900)}, Reason.MIN_NOTIONAL, "quantity"),
    ],
)
def test_a_broken_rule_is_named_with_its_field(changes: dict[str, Any], reason: Reason, field: str) -> None:
    with pytest.raises(Refusal) as refused:
        check_order(order(**({"client_order_id": "a"} | changes)), INSTRUMENTS)
    assert (refused.value.reason, refused.value.field) == (reason, field)
    assert refused.value.remedy


def test_a_post_only_order_must_be_able_to_rest() -> None:
    with pytest.raises(Refusal, match="post_only"):
        check_order(resting("a", post_only=True, time_in_force=TimeInForce.IOC), INSTRUMENTS)


@pytest.mark.parametrize(
    "accepted",
    [
        order("a"),
        resting("A-1", post_only=True),
        order("a", order_type=OrderType.STOP, stop_price=Decimal("70000.0")),
        resting("a", order_type=OrderType.STOP_LIMIT, stop_price=Decimal("70000.0")),
        resting("a", limit_price=Decimal(900), reduce_only=True),
    ],
)
def test_a_proper_order_passes(accepted: Any) -> None:
    check_order(accepted, INSTRUMENTS)
