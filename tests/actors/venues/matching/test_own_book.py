"""Accounts trading with each other: price-time priority, prices, and self-trade prevention."""

from __future__ import annotations

import pytest

from actors.venues.matching.events import OrderFilled
from actors.venues.matching.instruments import MarketKind
from messages.intents import TimeInForce
from messages.orders import Liquidity
from messages.reasons import Reason
from tests.actors.venues.matching.builders import Desk, ending, fills, instrument, names, of, rejection

pytestmark = pytest.mark.unit


@pytest.fixture
def desk() -> Desk:
    return Desk(instrument(MarketKind.NONE))


def test_orders_of_two_accounts_trade_at_the_resting_price(desk: Desk) -> None:
    desk.sell(1, "100.0", account="b")
    taker, maker = of(OrderFilled, desk.buy(1, "101.0", account="a"))
    assert (taker.account, taker.liquidity, float(taker.price)) == ("a", Liquidity.TAKER, 100.0)
    assert (maker.account, maker.liquidity, float(maker.price)) == ("b", Liquidity.MAKER, 100.0)


def test_the_better_price_trades_first_and_at_one_price_the_older_order(desk: Desk) -> None:
    desk.sell(1, "100.1", account="b", id="third")
    desk.sell(1, "100.0", account="b", id="first")
    desk.sell(1, "100.0", account="c", id="second")
    makers = [event for event in of(OrderFilled, desk.buy("2.5")) if event.liquidity is Liquidity.MAKER]
    assert [event.client_order_id for event in makers] == ["first", "second", "third"]


def test_an_order_never_trades_with_its_own_account(desk: Desk) -> None:
    desk.sell(1, "100.0", account="a", id="old")
    events = desk.buy(1, "100.0", account="a", id="new")
    assert names(events) == ["OrderAccepted", "OrderCancelled"]
    assert ending(events) is Reason.SELF_TRADE
    assert [order.client_order_id for order in desk.engine.open_orders("a")] == ["old"]


def test_a_fill_or_kill_does_not_count_its_own_account(desk: Desk) -> None:
    desk.sell(1, "100.0", account="b")
    desk.sell(1, "100.1", account="a")
    desk.sell(1, "100.2", account="b")
    assert rejection(desk.buy(2, "100.2", tif=TimeInForce.FOK)) is Reason.FILL_OR_KILL
    assert fills(desk.buy(1, "100.2", tif=TimeInForce.FOK), "a") == [(1, 100.0)]


def test_a_fill_or_kill_may_span_orders_of_several_accounts(desk: Desk) -> None:
    desk.sell(1, "100.0", account="b")
    desk.sell(1, "100.1", account="c")
    assert fills(desk.buy(2, tif=TimeInForce.FOK), "a") == [(1, 100.0), (1, 100.1)]


def test_a_market_order_expires_where_nobody_else_will_come(desk: Desk) -> None:
    desk.sell(1, "100.0", account="b")
    events = desk.buy(2)
    assert fills(events, "a") == [(1, 100.0)]
    assert ending(events) is Reason.NO_LIQUIDITY


def test_post_only_sees_the_other_accounts(desk: Desk) -> None:
    desk.sell(1, "100.0", account="b")
    assert rejection(desk.buy(1, "100.0", post_only=True)) is Reason.POST_ONLY_WOULD_TAKE


def test_accounts_and_outside_are_one_market() -> None:
    desk = Desk()
    desk.quote(99.0, 5, 100.1, 1)
    desk.sell(1, "100.0", account="b")
    desk.sell(1, "100.2", account="b")
    assert fills(desk.buy(3, "100.2"), "a") == [(1, 100.0), (1, 100.1), (1, 100.2)]


def test_a_waiting_market_order_takes_what_another_account_brings() -> None:
    desk = Desk()
    desk.quote(99.0, 5, 100.1, 1)
    desk.buy(3)
    assert fills(desk.sell(1, "105.0", account="b"), "a") == [(1, 105.0)]


def test_a_trade_between_waiting_and_resting_wakes_no_later_stop() -> None:
    desk = Desk()
    desk.quote(99.0, 5, 100.1, 1)
    desk.buy(2)
    desk.sell(1, "105.0", account="b")
    assert names(desk.buy(1, stop="103.0", account="c")) == ["OrderAccepted"]
    assert desk.quote(99.0, 5, 100.1, 1) == []


def test_an_outsiders_prints_and_quotes_mean_nothing_without_an_outside(desk: Desk) -> None:
    desk.buy(1, "100.0")
    assert desk.quote(90.0, 9, 90.1, 9) == []
    assert desk.trade(90.0, 9, -1) == []
    assert desk.depth([(90.0, 1)], [(90.1, 1)]) == []


def test_a_fill_or_kill_counts_nothing_from_the_price_of_its_own_account_on() -> None:
    desk = Desk()
    desk.quote(99.0, 5, 100.2, 2)
    desk.sell(1, "100.2")
    assert rejection(desk.buy(1, "100.2", tif=TimeInForce.FOK)) is Reason.FILL_OR_KILL
    assert fills(desk.buy(1, "100.2", account="b", tif=TimeInForce.FOK)) == [(1, 100.2)]
