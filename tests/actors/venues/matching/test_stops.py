"""Stop and stop-limit orders: what wakes them and what they do then."""

from __future__ import annotations

import pytest

from actors.venues.matching.events import OrderTriggered
from actors.venues.matching.instruments import MarketKind
from messages.intents import Side, TimeInForce
from messages.reasons import Reason
from tests.actors.venues.matching.builders import Desk, ending, fills, instrument, names, of

pytestmark = pytest.mark.unit


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.quote(100.0, 5, 100.2, 5)
    return desk


def test_a_sell_stop_sleeps_until_the_bid_reaches_it(desk: Desk) -> None:
    assert names(desk.sell(1, stop="99.5")) == ["OrderAccepted"]
    assert desk.quote(99.6, 5, 99.8, 5) == []
    events = desk.quote(99.5, 5, 99.7, 5)
    assert names(events) == ["OrderTriggered", "OrderFilled"]
    assert fills(events) == [(1, 99.5)]


def test_a_buy_stop_looks_at_the_ask(desk: Desk) -> None:
    desk.buy(1, stop="100.5")
    assert fills(desk.quote(100.3, 5, 100.6, 5)) == [(1, 100.6)]


@pytest.mark.parametrize(("side", "stop"), [(Side.BUY, "100.2"), (Side.SELL, "100.0")])
def test_a_stop_already_through_triggers_at_once(desk: Desk, side: Side, stop: str) -> None:
    events = desk.place(desk.order(side, 1, stop=stop))
    assert names(events) == ["OrderAccepted", "OrderTriggered", "OrderFilled"]


def test_a_print_triggers_a_stop(desk: Desk) -> None:
    desk.sell(1, stop="99.5")
    assert names(desk.trade(99.4, 0.1, -1)) == ["OrderTriggered", "OrderFilled"]


def test_stops_wake_nearest_first(desk: Desk) -> None:
    desk.sell(1, stop="99.0", id="far")
    desk.sell(1, stop="99.5", id="near")
    triggered = of(OrderTriggered, desk.quote(98.0, 1, 98.2, 1))
    assert [event.client_order_id for event in triggered] == ["near", "far"]


def test_a_stop_limit_becomes_a_limit_order(desk: Desk) -> None:
    desk.sell(1, "99.4", stop="99.5")
    assert names(desk.quote(99.0, 5, 99.2, 5)) == ["OrderTriggered"]
    (order,) = desk.engine.open_orders("a")
    assert order.triggered
    assert fills(desk.quote(99.4, 5, 99.6, 5)) == [(1, 99.4)]


def test_a_triggered_stop_goes_to_the_end_of_the_line() -> None:
    desk = Desk(instrument(MarketKind.NONE))
    desk.sell(1, "100.0", id="s0", account="c")
    desk.buy(1, "99.0", stop="100.0", id="stop", account="a")
    desk.buy(1, "99.0", id="limit", account="b")
    desk.buy("0.5", "100.0", account="b")
    assert [event.account for event in desk.sell("1.2", "99.0", account="c") if event.account != "c"] == [
        "b",
        "a",
    ]


def test_trades_between_accounts_wake_stops_one_after_the_other() -> None:
    desk = Desk(instrument(MarketKind.NONE))
    desk.buy(1, "100.0", account="a")
    desk.buy(1, "99.0", account="a")
    desk.buy(1, "98.0", account="a")
    desk.sell(1, stop="100.0", account="b", id="first")
    desk.sell(1, stop="99.0", account="b", id="second")
    events = desk.sell(1, account="c")
    assert fills(events, "a") == [(1, 100.0), (1, 99.0), (1, 98.0)]
    assert [event.client_order_id for event in of(OrderTriggered, events)] == ["first", "second"]


def test_a_triggered_post_only_that_would_take_is_cancelled(desk: Desk) -> None:
    desk.sell(1, "99.0", stop="99.5", post_only=True)
    events = desk.quote(99.4, 5, 99.6, 5)
    assert (names(events), ending(events)) == (
        ["OrderTriggered", "OrderCancelled"],
        Reason.POST_ONLY_WOULD_TAKE,
    )


def test_a_triggered_fill_or_kill_without_size_expires(desk: Desk) -> None:
    desk.sell(3, stop="99.5", tif=TimeInForce.FOK)
    events = desk.quote(99.4, 2, 99.6, 5)
    assert fills(events) == []
    assert ending(events) is Reason.FILL_OR_KILL


def test_a_sleeping_stop_can_be_cancelled(desk: Desk) -> None:
    desk.sell(1, stop="99.5", id="x")
    assert ending(desk.cancel("x")) is Reason.CANCEL_REQUESTED
    assert desk.quote(90.0, 1, 90.1, 1) == []


def test_a_triggered_market_order_that_finds_too_little_waits(desk: Desk) -> None:
    desk.sell(3, stop="99.5")
    assert fills(desk.quote(99.0, 2, 99.2, 2)) == [(2, 99.0)]
    assert fills(desk.quote(98.0, 2, 98.2, 2)) == [(1, 98.0)]
