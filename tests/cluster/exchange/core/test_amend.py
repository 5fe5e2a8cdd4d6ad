"""Changing an order that is open: what keeps its place, what loses it, what ends it."""

from __future__ import annotations

import pytest

from cluster.exchange.api import Status
from messages.reasons import Reason
from tests.cluster.exchange.core.lab import D, Lab, refusal

pytestmark = pytest.mark.unit


def test_less_at_the_same_price_keeps_its_place():
    lab = Lab()
    first, second = lab.buy(3, 99), lab.buy(3, 99, account="b")
    amended = lab.exchange.amend("a", first.order_id, D(2), D(99))
    assert (amended.quantity, amended.version, amended.status) == (D(2), 2, Status.NEW)
    assert lab.book()[0] == [(100, 10.0), (99, 5.0)]
    lab.levels(bids=[(100, 0)], prints=[(98, 20, -1)])
    assert (lab.now(first).status, lab.now(second).filled) == (Status.FILLED, 0)


def test_more_at_the_same_price_goes_to_the_end_of_the_queue():
    lab = Lab()
    first, second = lab.buy(3, 99), lab.buy(3, 99, account="b")
    lab.exchange.amend("a", first.order_id, D(4), D(99))
    lab.levels(bids=[(100, 0)], prints=[(98, 30, -1)])
    assert (lab.now(first).filled, lab.now(second).status) == (0, Status.FILLED)
    assert lab.book()[0] == [(99, 4.0)]


def test_a_better_price_may_take_at_once_and_the_order_keeps_its_number_and_id():
    lab = Lab()
    order = lab.buy(3, 99)
    amended = lab.exchange.amend("a", order.order_id, D(3), D(101))
    assert (amended.order_id, amended.status, amended.filled) == (order.order_id, Status.FILLED, D(3))
    assert amended.request.client_order_id == order.request.client_order_id
    assert (amended.price, amended.created_at) == (D(101), order.created_at)
    assert lab.book() == ([(100, 10.0)], [(101, 7.0)])


def test_what_has_been_traded_counts_towards_the_new_quantity():
    lab = Lab()
    order = lab.buy(3, 99)
    lab.levels(bids=[(100, 0)], prints=[(98, 10, -1)])
    assert lab.now(order).filled == 1
    amended = lab.exchange.amend("a", order.order_id, D(4), D(98))
    assert (amended.status, amended.quantity, amended.filled) == (Status.PARTIALLY_FILLED, D(4), D(1))
    assert lab.book()[0] == [(98, 3.0)]
    smaller = lab.exchange.amend("a", order.order_id, D(2), D(98))
    assert (smaller.quantity, lab.book()[0]) == (D(2), [(98, 1.0)])
    lab.levels(prints=[(97, 100, -1)])
    assert (lab.now(order).status, lab.now(order).filled, lab.held()) == (Status.FILLED, D(2), D(2))


def test_a_change_to_what_has_been_traded_already_ends_the_order():
    lab = Lab()
    order = lab.buy(3, 99)
    lab.levels(bids=[(100, 0)], prints=[(98, 20, -1)])
    ended = lab.exchange.amend("a", order.order_id, D(2), D(99))
    assert (ended.status, ended.filled) == (Status.CANCELED, D(2))


def test_a_post_only_order_that_would_take_at_its_new_price_ends():
    lab = Lab()
    order = lab.buy(3, 99, post_only=True)
    assert lab.exchange.amend("a", order.order_id, D(3), D(100)).open
    ended = lab.exchange.amend("a", order.order_id, D(3), D(101))
    assert (ended.status, ended.reason, lab.held()) == (Status.EXPIRED, Reason.POST_ONLY_WOULD_TAKE, 0)


def test_a_refused_change_leaves_the_order_as_it_was():
    lab = Lab()
    order = lab.buy(3, 99)
    cases = [
        (D(3), D(99), Reason.INTENT_MALFORMED),
        (D("3.05"), D(99), Reason.LOT_SIZE),
        (D(3), D("98.5"), Reason.TICK_SIZE),
        (D("0.1"), D(99), Reason.MIN_NOTIONAL),
        (D(1000), D(101), Reason.INSUFFICIENT_BALANCE),
    ]
    for quantity, price, reason in cases:
        assert refusal(lab.exchange.amend, "a", order.order_id, quantity, price) is reason
        assert lab.now(order) == order
    assert refusal(lab.exchange.amend, "b", order.order_id, D(2), D(99)) is Reason.UNKNOWN_ORDER
    stop = lab.buy(1, trigger_price=120)
    assert refusal(lab.exchange.amend, "a", stop.order_id, D(2), D(99)) is Reason.INTENT_MALFORMED
