"""Orders that wait for a price: stops and take-profits, by the last trade or by the mark."""

from __future__ import annotations

import pytest

from cluster.exchange.api import OrderChanged, Status
from messages.intents import OrderType, Side
from messages.reasons import Reason
from tests.cluster.exchange.core.lab import BTC, D, Lab, refusal

pytestmark = pytest.mark.unit


def traded_at(lab: Lab, ticks: int) -> None:
    """The outside trades at a price."""
    lab.levels(prints=[(ticks, 1, 1)])


@pytest.mark.parametrize(
    ("side", "take_profit", "quiet", "due"),
    [
        (Side.BUY, False, 109, 110),
        (Side.SELL, False, 91, 90),
        (Side.BUY, True, 91, 90),
        (Side.SELL, True, 109, 110),
    ],
)
def test_each_kind_waits_for_its_side_of_the_price(side: Side, take_profit: bool, quiet: int, due: int):
    lab = Lab()
    traded_at(lab, 100)
    order = lab.place(side, 1, trigger_price=due, take_profit=take_profit)
    assert (order.status, order.conditional, lab.book()) == (Status.NEW, True, ([(100, 10.0)], [(101, 10.0)]))
    traded_at(lab, quiet)
    assert lab.now(order).open
    traded_at(lab, due)
    ended = lab.now(order)
    assert (ended.status, ended.triggered) == (Status.EXPIRED, order.order_id + 1)
    plain = lab.exchange.order("a", order_id=order.order_id + 1)
    assert plain is not None
    assert (plain.status, plain.request.order_type, plain.conditional) == (
        Status.FILLED,
        OrderType.MARKET,
        False,
    )
    assert plain.request.client_order_id == order.request.client_order_id
    assert lab.exchange.order("a", client_order_id=order.request.client_order_id) == plain
    assert lab.held() == side.sign


def test_a_stop_limit_becomes_a_limit_order_at_its_price():
    lab = Lab()
    traded_at(lab, 100)
    order = lab.buy(1, 99, trigger_price=110)
    traded_at(lab, 110)
    plain = lab.exchange.order("a", order_id=lab.now(order).triggered)
    assert plain is not None
    assert (plain.status, plain.price, plain.request.order_type) == (Status.NEW, D(99), OrderType.LIMIT)
    assert lab.book()[0] == [(100, 10.0), (99, 1.0)]


def test_an_order_by_the_mark_does_not_look_at_trades():
    lab = Lab()
    traded_at(lab, 100)
    lab.mark(100.0)
    order = lab.sell(1, trigger_price=95, trigger_by_mark=True)
    traded_at(lab, 90)
    assert lab.now(order).open
    lab.mark(95.0)
    assert (lab.now(order).status, lab.held()) == (Status.EXPIRED, D(-1))


def test_own_trades_reach_a_trigger_too_and_one_order_may_set_off_another():
    lab = Lab()
    traded_at(lab, 100)
    lab.levels(asks=[(101, 10), (105, 10), (110, 10)])
    first = lab.buy(1, trigger_price=101, account="b")
    second = lab.buy(1, trigger_price=105, account="b")
    lab.buy(1)
    assert (lab.now(first).status, lab.now(second).status) == (Status.EXPIRED, Status.EXPIRED)
    assert [trade.price for trade in lab.exchange.trades("b")] == [105, 110]


def test_a_trigger_that_has_been_reached_already_is_refused():
    lab = Lab()
    traded_at(lab, 100)
    assert refusal(lab.buy, 1, trigger_price=100) is Reason.STOP_WOULD_TRIGGER
    assert refusal(lab.sell, 1, trigger_price=100) is Reason.STOP_WOULD_TRIGGER
    assert refusal(lab.buy, 1, trigger_price=100, take_profit=True) is Reason.STOP_WOULD_TRIGGER


def test_a_stop_that_closes_the_position_takes_what_there_is_then():
    lab = Lab()
    traded_at(lab, 100)
    lab.buy(2)
    stop = lab.sell(None, trigger_price=90, close_position=True)
    lab.buy("1.5")
    traded_at(lab, 90)
    plain = lab.exchange.order("a", order_id=lab.now(stop).triggered)
    assert plain is not None
    assert (plain.quantity, plain.status, lab.held()) == (D("3.5"), Status.FILLED, 0)


def test_a_stop_whose_position_is_gone_is_rejected_when_it_is_triggered():
    lab = Lab()
    traded_at(lab, 100)
    stop = lab.sell(None, trigger_price=90, close_position=True)
    traded_at(lab, 90)
    ended = lab.now(stop)
    assert (ended.status, ended.reason) == (Status.REJECTED, Reason.REDUCE_ONLY_WOULD_INCREASE)
    assert ended.triggered is None
    assert len(lab.exchange.orders("a")) == 1


def test_a_waiting_order_can_be_cancelled_and_can_expire():
    lab = Lab()
    traded_at(lab, 100)
    first = lab.buy(1, trigger_price=110)
    second = lab.buy(1, trigger_price=110, expire_at=lab.exchange.now + 1_000_000_000)
    assert lab.exchange.cancel("a", first.order_id).status is Status.CANCELED
    lab.tick(2_000_000_000)
    assert (lab.now(second).status, lab.now(second).reason) == (Status.EXPIRED, Reason.EXPIRED)
    traded_at(lab, 110)
    assert lab.held() == 0
    assert [type(each) for each in lab.of(OrderChanged)] == [OrderChanged] * 4


def test_a_waiting_order_binds_no_margin_and_is_asked_for_it_when_it_acts():
    lab = Lab()
    traded_at(lab, 100)
    free = lab.free()
    stop = lab.buy(1000, trigger_price=110)
    assert lab.free() == free
    traded_at(lab, 110)
    assert (lab.now(stop).status, lab.now(stop).reason) == (Status.REJECTED, Reason.INSUFFICIENT_BALANCE)
    assert lab.exchange.positions("a") == []
    assert lab.exchange.rules(BTC)[0].trading
