"""The life of plain orders, and every reason for which one is refused."""

from __future__ import annotations

from typing import Any

import pytest

from cluster.exchange.api import AccountChanged, BookChanged, OrderChanged, PublicTrade, Status
from messages.intents import OrderType, Side, TimeInForce
from messages.reasons import Reason
from tests.cluster.exchange.core.lab import BTC, ETH, START, D, Lab, changed, refusal, rules

pytestmark = pytest.mark.unit


def test_a_market_order_takes_the_levels_and_tells_of_each_trade():
    lab = Lab()
    lab.levels(asks=[(101, 10), (102, 30)])
    lab.events.clear()
    order = lab.buy(3)
    assert (order.status, order.filled, order.average_price) == (Status.FILLED, D(3), D("101.666666666667"))
    told = lab.of(OrderChanged)
    assert [event.order.status for event in told] == [Status.NEW, Status.PARTIALLY_FILLED, Status.FILLED]
    assert [event.order.version for event in told] == [1, 2, 3]
    assert [(event.trade.price, event.trade.quantity) for event in told[1:]] == [(101, 1), (102, 2)]
    assert [(t.price, t.quantity, t.buyer_is_maker) for t in lab.of(PublicTrade)] == [
        (101, 1, False),
        (102, 2, False),
    ]
    assert lab.exchange.trades("a") == [event.trade for event in told[1:]]
    assert lab.book() == ([(100, 10.0)], [(102, 1.0)])
    assert [event.sequence for event in lab.events] == sorted({event.sequence for event in lab.events})


def test_what_a_market_order_does_not_get_expires():
    lab = Lab()
    order = lab.buy(12)
    assert (order.status, order.filled, order.reason) == (Status.EXPIRED, D(10), Reason.IMMEDIATE_OR_CANCEL)
    assert refusal(lab.buy, 1) is Reason.NO_LIQUIDITY


def test_a_limit_order_rests_in_the_public_book_and_is_filled_by_the_tape_behind_its_queue():
    lab = Lab()
    order = lab.buy(2, 100)
    assert (order.status, lab.book()[0]) == (Status.NEW, [(100, 12.0)])
    lab.levels(prints=[(100, 90, -1)], bids=[(100, 10)])
    assert lab.now(order).filled == 0
    lab.events.clear()
    lab.levels(prints=[(100, 25, -1)])
    assert (lab.now(order).status, lab.now(order).filled) == (Status.PARTIALLY_FILLED, D("1.5"))
    assert [trade.maker for trade in lab.exchange.trades("a")] == [True]
    tape = lab.of(PublicTrade)
    assert sum(trade.quantity for trade in tape) == D("2.5")
    assert all(trade.buyer_is_maker for trade in tape)
    assert lab.book()[0] == [(100, 1.5)]


def test_two_accounts_trade_with_each_other_in_one_trade():
    lab = Lab(script=None)
    lab.levels(bids=[(100, 0)], asks=[(101, 0)])
    maker = lab.buy(1, 99)
    taker = lab.sell("0.4", 99, account="b")
    assert (lab.now(maker).filled, taker.status) == (D("0.4"), Status.FILLED)
    own, other = lab.exchange.trades("a")[0], lab.exchange.trades("b")[0]
    assert (own.trade_id, own.price, own.quantity) == (other.trade_id, other.price, other.quantity)
    assert (own.maker, other.maker) == (True, False)
    assert len(lab.of(PublicTrade)) == 1
    assert lab.book() == ([(99, 0.6)], [])


def test_an_order_that_takes_ends_its_owners_own_that_it_meets():
    lab = Lab()
    lab.levels(asks=[(101, 0), (103, 50)])
    mine = lab.sell(1, 102)
    order = lab.buy(1)
    assert (lab.now(mine).status, lab.now(mine).reason) == (Status.EXPIRED, Reason.SELF_TRADE)
    assert (order.status, order.average_price) == (Status.FILLED, D(103))
    assert lab.book()[1] == [(103, 4.0)]


def test_a_cancel_takes_the_rest_out_and_the_client_order_id_is_free_again():
    lab = Lab()
    order = lab.buy(2, 99, client_order_id="x")
    assert refusal(lab.buy, 1, 98, client_order_id="x") is Reason.DUPLICATE_CLIENT_ORDER_ID
    ended = lab.exchange.cancel("a", order.order_id)
    assert (ended.status, ended.reason) == (Status.CANCELED, Reason.CANCEL_REQUESTED)
    assert refusal(lab.exchange.cancel, "a", order.order_id) is Reason.UNKNOWN_ORDER
    assert refusal(lab.exchange.cancel, "b", order.order_id) is Reason.UNKNOWN_ORDER
    again = lab.buy(1, 98, client_order_id="x")
    assert lab.exchange.order("a", client_order_id="x") == again
    assert lab.exchange.order("b", order_id=again.order_id) is None
    assert [each.order_id for each in lab.exchange.orders("a")] == [order.order_id, again.order_id]
    assert lab.exchange.orders("a", BTC, open_only=True) == [again]
    assert lab.book()[0] == [(100, 10.0), (98, 1.0)]


def test_immediate_or_cancel_and_fill_or_kill():
    lab = Lab()
    rest = lab.buy(12, 101, time_in_force=TimeInForce.IOC)
    assert (rest.status, rest.filled, rest.reason) == (Status.EXPIRED, D(10), Reason.IMMEDIATE_OR_CANCEL)
    lab.levels(asks=[(101, 100)])
    assert refusal(lab.buy, 12, 101, time_in_force=TimeInForce.FOK) is Reason.FILL_OR_KILL
    assert lab.buy(10, 101, time_in_force=TimeInForce.FOK).status is Status.FILLED


def test_an_order_with_an_end_expires_by_itself():
    lab = Lab()
    order = lab.buy(1, 99, expire_at=START + 5_000_000_000)
    lab.tick(4_000_000_000)
    assert lab.now(order).open
    lab.tick(2_000_000_000)
    assert (lab.now(order).status, lab.now(order).reason) == (Status.EXPIRED, Reason.EXPIRED)
    assert lab.now(order).updated_at == START + 5_000_000_000
    assert refusal(lab.buy, 1, 99, expire_at=START) is Reason.INTENT_MALFORMED


def test_the_dead_man_cancels_plain_orders_unless_he_is_heard_from():
    lab = Lab()
    plain, stop = lab.buy(1, 99), lab.buy(1, trigger_price=120)
    lab.exchange.count_down("a", BTC, START + 2_000_000_000)
    lab.tick(1_000_000_000)
    lab.exchange.count_down("a", BTC, START + 4_000_000_000)
    lab.tick(2_000_000_000)
    assert lab.now(plain).open
    lab.tick(2_000_000_000)
    assert (lab.now(plain).status, lab.now(plain).reason) == (Status.CANCELED, Reason.DEAD_MAN)
    assert lab.now(stop).open
    other = lab.buy(1, 99)
    lab.exchange.count_down("a", BTC, lab.exchange.now + 1_000_000_000)
    lab.exchange.count_down("a", BTC, None)
    lab.tick(5_000_000_000)
    assert lab.now(other).open


REFUSED: dict[str, tuple[dict[str, Any], Reason]] = {
    "unknown listing": ({"listing": "XYZUSDT"}, Reason.SYMBOL_UNKNOWN),
    "no client order id": ({"client_order_id": ""}, Reason.INTENT_MALFORMED),
    "limit without a price": ({"price": None, "order_type": OrderType.LIMIT}, Reason.INTENT_MALFORMED),
    "market with a price": ({"order_type": OrderType.MARKET}, Reason.INTENT_MALFORMED),
    "stop without a trigger": ({"order_type": OrderType.STOP_LIMIT}, Reason.INTENT_MALFORMED),
    "no quantity": ({"quantity": None}, Reason.INTENT_MALFORMED),
    "post-only that must take": (
        {"post_only": True, "time_in_force": TimeInForce.IOC},
        Reason.INTENT_MALFORMED,
    ),
    "tick": ({"price": D("99.5")}, Reason.TICK_SIZE),
    "lot": ({"quantity": D("1.05")}, Reason.LOT_SIZE),
    "too little": ({"quantity": D("0.1"), "listing": ETH}, Reason.MIN_QUANTITY),
    "too much": ({"quantity": D(1001)}, Reason.MAX_QUANTITY),
    "worth too little": ({"quantity": D("0.1")}, Reason.MIN_NOTIONAL),
    "far above the mark": ({"price": D(151), "listing": ETH, "quantity": D(1)}, Reason.PRICE_BAND),
    "post-only would take": ({"price": D(101), "post_only": True}, Reason.POST_ONLY_WOULD_TAKE),
    "reduce-only while flat": ({"reduce_only": True}, Reason.REDUCE_ONLY_WOULD_INCREASE),
    "more than the account carries": ({"quantity": D(1000), "price": D(100)}, Reason.INSUFFICIENT_BALANCE),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_breaks_a_rule_is_refused_and_leaves_everything_as_it_was(case: str):
    changes, reason = REFUSED[case]
    eth = rules(ETH, min_quantity=D("0.5"), price_up=D("1.5"), price_down=D("0.5"))
    lab = Lab(rules(), eth)
    lab.mark(100.0, ETH)
    before = lab.exchange.orders("a"), lab.exchange.balances("a"), lab.book()
    lab.events.clear()
    request = changed(lab.request(Side.BUY, 1, 99), **changes)
    assert refusal(lab.exchange.place, "a", request) is reason
    assert (lab.exchange.orders("a"), lab.exchange.balances("a"), lab.book()) == before
    assert lab.events == []


def test_unknown_accounts_and_keys():
    lab = Lab()
    assert refusal(lab.buy, 1, 99, account="nobody") is Reason.AUTH
    assert lab.exchange.account_of("key-a") == ("a", "s")
    assert lab.exchange.account_of("other") is None


def test_the_number_of_open_orders_is_bounded_plain_and_conditional_apart():
    lab = Lab(rules(max_open_orders=2, max_conditional_orders=1))
    lab.buy(1, 90)
    lab.buy(1, 91)
    assert refusal(lab.buy, 1, 92) is Reason.VENUE_MAX_ORDERS
    lab.buy(1, trigger_price=120)
    assert refusal(lab.buy, 1, trigger_price=121) is Reason.VENUE_MAX_ORDERS
    assert lab.buy(1, 92, account="b").open


def test_a_reduce_only_order_may_be_small_and_no_larger_than_the_position():
    lab = Lab()
    lab.buy("0.5")
    assert refusal(lab.sell, "0.6", 105, reduce_only=True) is Reason.REDUCE_ONLY_WOULD_INCREASE
    assert refusal(lab.buy, "0.1", 99, reduce_only=True) is Reason.REDUCE_ONLY_WOULD_INCREASE
    rest = lab.sell("0.1", 105, reduce_only=True)
    assert lab.sell("0.5", reduce_only=True).status is Status.FILLED
    assert (lab.held(), lab.now(rest).status) == (0, Status.EXPIRED)
    assert lab.now(rest).reason is Reason.REDUCE_ONLY_WOULD_INCREASE


def test_close_position_closes_all_of_it():
    lab = Lab()
    lab.sell("0.7")
    assert refusal(lab.sell, None, close_position=True) is Reason.REDUCE_ONLY_WOULD_INCREASE
    order = lab.buy(None, close_position=True)
    assert (order.quantity, order.status, lab.held()) == (D("0.7"), Status.FILLED, 0)


def test_maintenance_and_halts_refuse_orders_but_not_cancels():
    lab = Lab()
    order = lab.buy(1, 99)
    lab.exchange.set_maintenance(True)
    assert refusal(lab.buy, 1, 99) is Reason.INSTRUMENT_CLOSED
    assert refusal(lab.exchange.amend, "a", order.order_id, D(2), D(99)) is Reason.INSTRUMENT_CLOSED
    assert lab.exchange.cancel("a", order.order_id).status is Status.CANCELED
    lab.exchange.set_maintenance(False)
    lab.exchange.set_rules(rules(trading=False))
    assert refusal(lab.buy, 1, 99) is Reason.INSTRUMENT_CLOSED
    lab.exchange.set_rules(rules(tick=D(5)))
    assert refusal(lab.buy, 1, 99) is Reason.TICK_SIZE
    assert lab.buy(1, 95).open
    assert [type(event).__name__ for event in lab.events].count("StatusChanged") == 4


def test_a_subscriber_that_places_an_order_is_told_of_it_after_what_caused_it():
    lab = Lab()
    told: list[Any] = []

    def react(event: Any) -> None:
        told.append(event)
        if isinstance(event, OrderChanged) and event.order.request.client_order_id == "first":
            lab.exchange.place("b", lab.request(Side.BUY, 1, 97, client_order_id="second"))

    end = lab.exchange.subscribe(react)
    lab.buy(1, 98, client_order_id="first")
    names = [each.order.request.client_order_id for each in told if isinstance(each, OrderChanged)]
    assert names == ["first", "second"]
    assert [each.sequence for each in told] == sorted(each.sequence for each in told)
    end()
    lab.buy(1, 96)
    assert len([each for each in told if isinstance(each, OrderChanged)]) == 2


def test_account_changes_tell_only_what_changed():
    lab = Lab(rules(), rules(ETH))
    lab.events.clear()
    lab.buy(1, 99)
    assert lab.of(AccountChanged) == []
    lab.buy(1)
    (event,) = lab.of(AccountChanged)
    assert (event.account, event.cause) == ("a", "order")
    assert [balance.currency for balance in event.balances] == ["USDT"]
    assert [(each.listing, each.quantity) for each in event.positions] == [(BTC, 1)]


def test_one_nanosecond_market_events_come_before_the_timers_of_their_time():
    lab = Lab()
    lab.mark(100.0)
    assert lab.exchange.mark(BTC).mark == D(100)
    assert lab.exchange.mark(BTC).next_funding % lab.settings.funding_interval == 0
    assert lab.of(BookChanged) == []
