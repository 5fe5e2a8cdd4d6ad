"""The requests an order is made of: every term reaches the venue as it was approved, and what may still fill."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from actors.execution.order import Order, Replacement, cancellation, placement, question, within
from actors.execution.settings import ExecutionSettings
from messages.intents import OrderType, PositionLeg, Purpose, Side, TimeInForce
from messages.orders import TERMINAL, OrderState
from messages.venue import CancelOrder, PlaceOrder, QueryOrder
from tests.actors.execution.rig import SAFE, START, SYMBOL, terms

pytestmark = pytest.mark.unit

STOP_ORDER = terms(
    side=Side.SELL,
    quantity=Decimal("1.5"),
    order_type=OrderType.STOP,
    worst_price=Decimal(88),
    deadline=START + 7,
    limit_price=Decimal(89),
    stop_price=Decimal(90),
    post_only=True,
    reduce_only=True,
    purpose=Purpose.PROTECTIVE,
)


def order(**changes: object) -> Order:
    made = Order("c1", "i1", "strategy/BTC-USDT", "strategy/BTC-USDT", "ema", terms(), 0, True, START)
    return msgspec.structs.replace(made, **changes)


def placed(settings: ExecutionSettings = SAFE, **changes: object) -> PlaceOrder:
    return placement("c1", terms(**changes), 3, True, settings)


def test_a_request_carries_every_term_of_the_order() -> None:
    assert placement("c1", STOP_ORDER, 3, False, SAFE) == PlaceOrder(
        client_order_id="c1",
        symbol=SYMBOL,
        side=Side.SELL,
        quantity=Decimal("1.5"),
        order_type=OrderType.STOP,
        time_in_force=TimeInForce.GTC,
        post_only=True,
        reduce_only=True,
        limit_price=Decimal(89),
        stop_price=Decimal(90),
        deadline=START + 7,
        mode_version=3,
        increases_exposure=False,
    )
    assert placed().increases_exposure


@pytest.mark.parametrize(
    ("asked", "sent"),
    [
        (TimeInForce.GTC, TimeInForce.IOC),
        (TimeInForce.IOC, TimeInForce.IOC),
        (TimeInForce.FOK, TimeInForce.FOK),
    ],
)
def test_a_bounded_market_order_never_rests_and_stays_all_or_nothing(
    asked: TimeInForce, sent: TimeInForce
) -> None:
    request = placed(order_type=OrderType.MARKET, time_in_force=asked, limit_price=None)
    assert (request.order_type, request.time_in_force) == (OrderType.LIMIT, sent)
    assert request.limit_price == Decimal(100)


@pytest.mark.parametrize(
    ("bounded", "purpose"), [(False, Purpose.ENTRY), (True, Purpose.FLATTEN), (False, Purpose.FLATTEN)]
)
def test_a_market_order_that_is_not_bounded_goes_out_as_it_is(bounded: bool, purpose: Purpose) -> None:
    settings = msgspec.structs.replace(SAFE, bound_market_orders=bounded)
    request = placed(settings, order_type=OrderType.MARKET, limit_price=None, purpose=purpose)
    assert (request.order_type, request.time_in_force, request.limit_price) == (
        OrderType.MARKET,
        TimeInForce.GTC,
        None,
    )


def test_a_limit_order_keeps_its_own_price() -> None:
    settings = msgspec.structs.replace(SAFE, tick_sizes={SYMBOL: Decimal(7)})
    assert placed(settings, limit_price=Decimal(95)).limit_price == Decimal(95)


@pytest.mark.parametrize(
    ("side", "worst", "tick", "expected"),
    [
        (Side.BUY, "100.37", "0.25", "100.25"),
        (Side.SELL, "100.37", "0.25", "100.50"),
        (Side.BUY, "100.25", "0.25", "100.25"),
        (Side.SELL, "100.25", "0.25", "100.25"),
        (Side.BUY, "100.37", None, "100.37"),
    ],
)
def test_a_worst_price_moves_onto_the_grid_and_never_beyond(
    side: Side, worst: str, tick: str | None, expected: str
) -> None:
    assert within(Decimal(worst), side, None if tick is None else Decimal(tick)) == Decimal(expected)


def test_the_tick_is_that_of_the_order_s_symbol() -> None:
    settings = msgspec.structs.replace(SAFE, tick_sizes={SYMBOL: Decimal(3), "ETH-USDT": Decimal(7)})
    assert placed(settings, order_type=OrderType.MARKET).limit_price == Decimal(99)


def test_cancels_and_questions_name_the_order_and_its_symbol() -> None:
    assert cancellation(order()) == CancelOrder("c1", SYMBOL)
    assert question(order()) == QueryOrder("c1", SYMBOL)
    stop = order(terms=STOP_ORDER, venue_order_id="v1")
    assert cancellation(stop) == CancelOrder("c1", SYMBOL, "v1", conditional=True)
    assert question(stop) == QueryOrder("c1", SYMBOL, "v1", conditional=True)


@pytest.mark.parametrize("state", OrderState)
def test_what_may_still_fill_is_what_is_left_of_a_live_order(state: OrderState) -> None:
    ended = state in TERMINAL
    assert order(state=state).terminal is ended
    assert order(state=state, filled=Decimal("0.4")).leaves == (0 if ended else Decimal("0.6"))
    assert order(state=state, filled=Decimal("1.2")).leaves == 0


@pytest.mark.parametrize("purpose", Purpose)
def test_only_protective_orders_are_protective(purpose: Purpose) -> None:
    assert order(terms=terms(purpose=purpose)).protective is (purpose is Purpose.PROTECTIVE)
    assert order().symbol == SYMBOL


@pytest.mark.parametrize(
    ("changes", "leg"),
    [
        ({"side": Side.BUY}, PositionLeg.LONG),
        ({"side": Side.SELL}, PositionLeg.SHORT),
        ({"side": Side.SELL, "reduce_only": True}, PositionLeg.LONG),
        ({"side": Side.BUY, "reduce_only": True}, PositionLeg.SHORT),
        ({"side": Side.SELL, "close_position": True}, PositionLeg.LONG),
        ({"side": Side.BUY, "leg": PositionLeg.SHORT}, PositionLeg.SHORT),
    ],
)
def test_where_legs_are_kept_apart_an_order_is_about_the_one_it_opens_or_reduces(
    changes: dict[str, Any], leg: PositionLeg
) -> None:
    hedged = msgspec.structs.replace(SAFE, hedge_mode=True)
    assert placed(hedged, **changes).leg is leg
    assert placed(SAFE, **{name: value for name, value in changes.items() if name != "leg"}).leg is None


def test_what_cannot_increase_exposure_closes_a_leg_without_saying_reduce_only() -> None:
    hedged = msgspec.structs.replace(SAFE, hedge_mode=True)
    assert placement("c1", terms(side=Side.SELL), 3, False, hedged).leg is PositionLeg.LONG
    assert placement("c1", terms(side=Side.BUY), 3, False, hedged).leg is PositionLeg.SHORT


def test_a_take_profit_and_a_closing_stop_reach_the_venue_as_such() -> None:
    request = placed(
        order_type=OrderType.STOP, stop_price=Decimal(120), take_profit=True, close_position=True
    )
    assert (request.take_profit, request.close_position, request.stop_price) == (True, True, 120)


def test_the_larger_of_two_quantities_counts_while_an_order_is_being_changed() -> None:
    changing = order(replacing=Replacement(Decimal(99), Decimal(3), True, START), filled=Decimal("0.5"))
    assert (changing.most, changing.leaves) == (3, Decimal("2.5"))
    assert order(replacing=Replacement(Decimal(99), Decimal("0.4"), True, START)).most == 1
