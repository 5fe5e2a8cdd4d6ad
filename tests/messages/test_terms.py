"""The small vocabulary of orders: sides, the quote's middle, and the states an order ends in."""

from __future__ import annotations

import pytest

from messages.intents import Side
from messages.market import QuoteSnapshot
from messages.orders import TERMINAL, OrderState

pytestmark = pytest.mark.unit

ENDED = {
    OrderState.PLACING: False,
    OrderState.WORKING: False,
    OrderState.PARTIALLY_FILLED: False,
    OrderState.PENDING_CANCEL: False,
    OrderState.PENDING_REPLACE: False,
    OrderState.UNKNOWN: False,
    OrderState.FILLED: True,
    OrderState.CANCELLED: True,
    OrderState.REJECTED: True,
    OrderState.EXPIRED: True,
    OrderState.NOT_SENT: True,
    OrderState.SIMULATED: True,
}


@pytest.mark.parametrize("state", OrderState)
def test_an_order_has_ended_in_these_states_only(state: OrderState) -> None:
    assert (state in TERMINAL) is ENDED[state]


@pytest.mark.parametrize(("side", "sign", "opposite"), [(Side.BUY, 1, Side.SELL), (Side.SELL, -1, Side.BUY)])
def test_a_side_has_a_sign_and_an_opposite(side: Side, sign: int, opposite: Side) -> None:
    assert (side.sign, side.opposite) == (sign, opposite)


def test_the_middle_of_a_quote_lies_between_bid_and_ask() -> None:
    quote = QuoteSnapshot(bid=100.0, ask=101.0, bid_size=None, ask_size=2.0, time=1, event_time=1)
    assert quote.mid == 100.5
