"""Spot pairs: balances move, and open orders hold what they would cost."""

from __future__ import annotations

import pytest

from cluster.exchange.api import AccountChanged, Kind, Status
from messages.reasons import Reason
from tests.cluster.exchange.core.lab import BTC, D, Lab, accounts, refusal, rules

pytestmark = pytest.mark.unit


def spot_lab() -> Lab:
    """1,000 USDT and 5 BTC; fees of 1 % for makers and takers."""
    listing = rules(kind=Kind.SPOT, maker_fee=D("0.01"), taker_fee=D("0.01"))
    return Lab(listing, specs=accounts("a", balances={"USDT": D(1000), "BTC": D(5)}))


def balances(lab: Lab) -> dict[str, tuple[object, object]]:
    return {each.currency: (each.total, each.available) for each in lab.exchange.balances("a")}


def test_a_trade_moves_both_balances_and_costs_its_fee_in_quote():
    lab = spot_lab()
    lab.buy(2)
    assert balances(lab) == {"USDT": (D("795.98"), D("795.98")), "BTC": (D(7), D(7))}
    lab.sell(1)
    assert balances(lab) == {"USDT": (D("894.98"), D("894.98")), "BTC": (D(6), D(6))}
    assert lab.exchange.positions("a") == []


def test_open_orders_hold_what_they_would_cost():
    lab = spot_lab()
    order = lab.buy(2, 90)
    lab.sell(3, 110)
    assert balances(lab) == {"USDT": (D(1000), D("818.2")), "BTC": (D(5), D(2))}
    assert len(lab.of(AccountChanged)) == 2
    lab.exchange.cancel("a", order.order_id)
    assert balances(lab)["USDT"] == (D(1000), D(1000))


def test_what_is_not_there_cannot_be_bought_or_sold():
    lab = spot_lab()
    assert refusal(lab.buy, 10, 100) is Reason.INSUFFICIENT_BALANCE
    assert refusal(lab.buy, "9.9") is Reason.INSUFFICIENT_BALANCE
    assert refusal(lab.sell, "5.1") is Reason.INSUFFICIENT_BALANCE
    lab.sell(5, 110)
    assert refusal(lab.sell, "0.5") is Reason.INSUFFICIENT_BALANCE


def test_a_market_order_sized_in_quote_buys_whole_lots_through_the_levels():
    lab = spot_lab()
    lab.levels(asks=[(101, 10), (103, 50)])
    order = lab.buy(None, quote_quantity=D(250))
    # 1.0 at 101, then 149 / 103 = 1.44: 1.4
    assert (order.status, order.filled) == (Status.FILLED, D("2.4"))
    assert refusal(lab.buy, None, quote_quantity=D(5)) is Reason.MIN_QUANTITY


def test_positions_and_their_orders_are_no_part_of_spot():
    lab = spot_lab()
    assert refusal(lab.sell, 1, reduce_only=True) is Reason.INTENT_MALFORMED
    assert refusal(lab.sell, None, close_position=True) is Reason.INTENT_MALFORMED
    lab.mark(100.0)
    assert refusal(lab.exchange.mark, BTC) is Reason.SYMBOL_UNKNOWN
