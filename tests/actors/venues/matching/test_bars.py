"""The rule for fills inside a bar, one sentence of it at a time."""

from __future__ import annotations

from typing import Any

import pytest

from actors.venues.matching.bars import GRACE
from actors.venues.matching.events import OrderFilled, OrderTriggered
from actors.venues.matching.instruments import AccountSettings, EngineSettings, MarketKind
from messages.errors import ConfigurationError, DataProviderError
from messages.intents import Side, TimeInForce
from messages.reasons import Reason
from tests.actors.venues.matching.builders import (
    NAN,
    SYMBOL,
    Desk,
    amount,
    ending,
    fills,
    instrument,
    names,
    of,
    rejection,
)

pytestmark = pytest.mark.unit

IOC, FOK = TimeInForce.IOC, TimeInForce.FOK
MINUTE = 60 * 1_000_000_000


def desk_of(accounts: tuple[AccountSettings, ...] = (), **model: Any) -> Desk:
    """A desk after one bar that closed at 100.0."""
    changes = {f"model_{name}": value for name, value in model.items()}
    desk = Desk(instrument(MarketKind.BARS, **changes), accounts=accounts)
    desk.bar(100.0, 101.0, 99.0, 100.0)
    return desk


@pytest.fixture
def desk() -> Desk:
    return desk_of()


def test_a_market_order_waits_for_the_next_open_and_is_told_at_the_close(desk: Desk) -> None:
    assert names(desk.buy(1)) == ["OrderAccepted"]
    events = desk.bar(100.5, 103.0, 100.0, 102.0, at=MINUTE)
    assert fills(events) == [(1, 100.5)]
    (filled,) = of(OrderFilled, events)
    assert (filled.time, filled.liquidity) == (MINUTE, "taker")


@pytest.mark.parametrize(
    ("side", "price"),
    [
        (Side.BUY, 100.7),  # 1005 ticks + ceil(1005 * 0.0015) = + 2
        (Side.SELL, 100.3),
    ],
)
def test_slippage_worsens_the_open_by_whole_ticks(side: Side, price: float) -> None:
    desk = desk_of(slippage=amount("0.0015"))
    desk.place(desk.order(side, 1))
    assert fills(desk.bar(100.5, 103.0, 100.0, 102.0)) == [(1, price)]


def test_a_market_order_before_the_first_bar_has_no_market() -> None:
    assert rejection(Desk(instrument(MarketKind.BARS)).buy(1)) is Reason.NO_LIQUIDITY


@pytest.mark.parametrize(("low", "filled"), [(99.0, []), (98.9, [(1, 99.0)])])
def test_a_resting_buy_fills_only_where_the_bar_trades_through_it(
    desk: Desk, low: float, filled: list[Any]
) -> None:
    desk.buy(1, "99.0")
    events = desk.bar(100.0, 100.5, low, 100.2)
    assert fills(events) == filled
    assert all(event.liquidity == "maker" for event in of(OrderFilled, events))


@pytest.mark.parametrize(("high", "filled"), [(101.0, []), (101.1, [(1, 101.0)])])
def test_a_resting_sell_fills_only_where_the_bar_trades_through_it(
    desk: Desk, high: float, filled: list[Any]
) -> None:
    desk.sell(1, "101.0")
    assert fills(desk.bar(100.0, high, 99.5, 100.2)) == filled


def test_prices_between_ticks_are_rounded_against_us(desk: Desk) -> None:
    desk.buy(1, "99.0")
    assert fills(desk.bar(100.0, 100.5, 98.95, 100.2)) == []
    desk.sell(1)
    assert fills(desk.bar(100.06, 100.5, 99.5, 100.2)) == [(1, 100.0)]


def test_a_gap_fills_a_resting_order_at_the_open(desk: Desk) -> None:
    desk.buy(1, "99.0")
    desk.bar(100.0, 100.5, 99.5, 100.0)
    assert fills(desk.bar(98.0, 98.5, 97.0, 98.2)) == [(1, 98.0)]


def test_a_marketable_limit_order_takes_at_the_open_and_never_beyond_its_limit() -> None:
    desk = desk_of(slippage=amount("0.001"))
    desk.buy(1, "102.0")
    desk.buy(1, "100.6")
    desk.buy(1, "100.5")
    events = desk.bar(100.5, 100.9, 100.5, 100.8)
    # worsened open 100.7; the open trades through 100.6; 100.5 is touched and not traded through
    assert fills(events) == [(1, 100.7), (1, 100.6)]
    assert all(event.liquidity == "taker" for event in of(OrderFilled, events))


def test_an_immediate_order_ends_with_the_open(desk: Desk) -> None:
    assert names(desk.buy(1, "99.5", tif=IOC)) == ["OrderAccepted"]
    events = desk.bar(100.0, 100.5, 98.0, 100.0)
    assert (names(events), ending(events)) == (["OrderExpired"], Reason.IMMEDIATE_OR_CANCEL)


def test_an_immediate_order_takes_what_the_volume_allows_and_the_rest_expires() -> None:
    desk = desk_of(max_participation=amount("0.5"))
    desk.buy(3, tif=IOC)
    events = desk.bar(100.0, 100.5, 99.5, 100.0, 4)
    assert fills(events) == [(2, 100.0)]
    assert ending(events) is Reason.IMMEDIATE_OR_CANCEL


@pytest.mark.parametrize(("volume", "filled"), [(3.0, [(3, 100.0)]), (2.99, [])])
def test_fill_or_kill_is_decided_by_the_bar(desk: Desk, volume: float, filled: list[Any]) -> None:
    desk.buy(3, "100.0", tif=FOK)
    events = desk.bar(100.0, 100.5, 99.5, 100.0, volume)
    assert fills(events) == filled
    assert ending(events) is (None if filled else Reason.FILL_OR_KILL)


def test_post_only_is_refused_beyond_the_close_and_never_takes(desk: Desk) -> None:
    assert rejection(desk.buy(1, "100.1", post_only=True)) is Reason.POST_ONLY_WOULD_TAKE
    assert rejection(desk.buy(1, "100.0", post_only=True)) is None
    assert desk.bar(100.0, 100.5, 100.0, 100.0) == []
    (filled,) = of(OrderFilled, desk.bar(99.9, 100.5, 99.5, 100.0))
    assert (float(filled.price), filled.liquidity) == (99.9, "maker")


def test_participation_is_shared_and_the_rest_waits_for_the_next_open() -> None:
    desk = desk_of(max_participation=amount("0.1"))
    desk.buy(2, account="a")
    desk.buy(2, account="b")
    events = desk.bar(100.0, 100.5, 99.5, 100.0, 30)
    assert (fills(events, "a"), fills(events, "b")) == ([(2, 100.0)], [(1, 100.0)])
    assert fills(desk.bar(101.0, 101.5, 100.5, 101.0, 30), "b") == [(1, 101.0)]


@pytest.mark.parametrize("volume", [0.0, NAN])
def test_without_volume_nothing_fills_unless_takers_are_unbounded(volume: float) -> None:
    for bound, filled in ((amount(1), []), (None, [(1, 100.0)])):
        desk = desk_of(max_participation=bound)
        desk.buy(1)
        desk.sell(1, "100.5", account="b")
        assert fills(desk.bar(100.0, 102.0, 99.0, 100.0, volume)) == filled


@pytest.mark.parametrize(
    ("side", "stop", "bar", "price"),
    [
        (Side.SELL, "99.0", (100.0, 100.5, 99.0, 99.5), 98.9),  # touched: at the stop
        (Side.SELL, "99.0", (98.0, 98.5, 97.0, 98.0), 97.9),  # gapped: at the open
        (Side.BUY, "101.0", (100.0, 101.0, 99.5, 100.5), 101.2),
        (Side.BUY, "101.0", (102.0, 102.5, 101.5, 102.0), 102.2),
    ],
)
def test_a_stop_fills_at_the_worse_of_stop_and_open_worsened(
    side: Side, stop: str, bar: tuple[float, ...], price: float
) -> None:
    desk = desk_of(slippage=amount("0.001"))
    desk.place(desk.order(side, 1, stop=stop))
    opened, high, low, close = bar
    events = desk.bar(opened, high, low, close)
    assert names(events) == ["OrderTriggered", "OrderFilled"]
    assert fills(events) == [(1, price)]


def test_a_stop_that_is_not_touched_sleeps_on(desk: Desk) -> None:
    desk.sell(1, stop="99.0")
    assert desk.bar(100.0, 100.5, 99.1, 100.0) == []


def test_of_stop_and_target_in_one_bar_the_stop_fills(desk: Desk) -> None:
    desk.buy(1)
    desk.bar(100.0, 100.5, 99.5, 100.0)
    desk.sell(1, "102.0", id="target", reduce_only=True)
    desk.sell(1, stop="98.0", id="stop", reduce_only=True)
    events = desk.bar(100.0, 103.0, 97.0, 100.0)
    assert [event.client_order_id for event in of(OrderFilled, events)] == ["stop"]
    assert ending(events) is Reason.REDUCE_ONLY_WOULD_INCREASE
    assert desk.engine.open_orders("a") == []


def test_a_position_opened_at_the_open_can_be_stopped_out_in_the_same_bar(desk: Desk) -> None:
    desk.sell(1, stop="98.0", reduce_only=True)
    desk.buy(1)
    assert fills(desk.bar(100.0, 100.5, 97.0, 100.0)) == [(1, 100.0), (1, 98.0)]


def test_a_position_opened_by_a_limit_order_can_be_stopped_out_but_not_closed_with_profit(
    desk: Desk,
) -> None:
    desk.sell(1, stop="98.0", reduce_only=True)
    desk.buy(1, "99.0")
    events = desk.bar(100.0, 103.0, 97.0, 100.0)
    assert fills(events) == [(1, 99.0), (1, 98.0)]


def test_an_entry_stop_and_the_stop_that_protects_it_meet_the_bar_in_either_order() -> None:
    for entry, protection in ((Side.BUY, Side.SELL), (Side.SELL, Side.BUY)):
        desk = desk_of()
        prices = {Side.BUY: "102.0", Side.SELL: "98.0"}
        desk.place(desk.order(entry, 1, stop=prices[entry], id="entry"))
        desk.place(desk.order(protection, 1, stop=prices[protection], id="protection", reduce_only=True))
        events = desk.bar(100.0, 103.0, 97.0, 100.0)
        assert [event.client_order_id for event in of(OrderFilled, events)] == ["entry", "protection"]


def test_a_touched_stop_with_nothing_to_reduce_ends(desk: Desk) -> None:
    desk.sell(1, stop="98.0", reduce_only=True)
    events = desk.bar(100.0, 100.5, 97.0, 100.0)
    assert (names(events), ending(events)) == (
        ["OrderTriggered", "OrderCancelled"],
        Reason.REDUCE_ONLY_WOULD_INCREASE,
    )


def test_a_stop_limit_trades_within_its_limit_or_rests_from_the_next_bar(desk: Desk) -> None:
    desk.sell(1, "98.5", stop="99.0", id="loose")
    desk.sell(1, "99.5", stop="99.0", id="tight")
    events = desk.bar(100.0, 101.0, 98.0, 99.0)
    assert [event.client_order_id for event in of(OrderTriggered, events)] == ["loose", "tight"]
    assert fills(events) == [(1, 99.0)]
    assert fills(desk.bar(99.0, 99.6, 98.5, 99.0)) == [(1, 99.5)]


def test_a_stop_beyond_the_close_wakes_on_arrival_and_fills_at_the_next_open(desk: Desk) -> None:
    assert names(desk.sell(1, stop="100.0")) == ["OrderAccepted", "OrderTriggered"]
    assert fills(desk.bar(101.0, 102.0, 100.5, 101.0)) == [(1, 101.0)]


def test_a_reduce_only_order_trades_no_more_than_the_position(desk: Desk) -> None:
    desk.buy(2)
    desk.bar(100.0, 100.5, 99.5, 100.0)
    desk.sell(1, "101.0", id="part")
    desk.sell(2, reduce_only=True, id="all")
    events = desk.bar(101.5, 102.0, 101.2, 101.5)
    assert [(event.client_order_id, float(event.quantity)) for event in of(OrderFilled, events)] == [
        ("part", 1),
        ("all", 1),
    ]
    assert ending(events) is Reason.REDUCE_ONLY_WOULD_INCREASE


def test_limit_orders_that_reduce_come_before_those_that_open(desk: Desk) -> None:
    desk.buy(2)
    desk.bar(100.0, 100.5, 99.5, 100.0)
    desk.sell(2, "102.0", id="target", reduce_only=True)
    desk.sell(1, "101.0", id="part")
    desk.bar(100.0, 101.1, 99.5, 100.0)
    desk.buy(1, "99.0", id="more")
    events = desk.bar(100.0, 103.0, 98.0, 100.0)
    # one is held when the bar begins, and the target closes no more: what "more" buys may have come later
    assert [(event.client_order_id, float(event.quantity)) for event in of(OrderFilled, events)] == [
        ("target", 1),
        ("more", 1),
    ]


def test_of_orders_that_reduce_the_better_price_comes_first(desk: Desk) -> None:
    desk.buy(2)
    desk.bar(100.0, 100.5, 99.5, 100.0)
    desk.sell(2, "102.0", id="target", reduce_only=True)
    desk.sell(1, "101.0", id="part")
    events = desk.bar(100.0, 103.0, 99.5, 100.0)
    assert [(event.client_order_id, float(event.quantity)) for event in of(OrderFilled, events)] == [
        ("part", 1),
        ("target", 1),
    ]
    assert desk.engine.account("a").positions == {}


def test_the_accounts_orders_do_not_meet_each_other(desk: Desk) -> None:
    desk.sell(1, "99.5", account="b")
    desk.sell(1, "105.0", id="own")
    assert names(desk.buy(1)) == ["OrderAccepted"]
    events = desk.bar(100.0, 100.5, 99.6, 100.0)
    assert (fills(events, "a"), fills(events, "b")) == ([(1, 100.0)], [(1, 100.0)])


def test_a_cancelled_order_takes_no_part(desk: Desk) -> None:
    desk.buy(1, id="x")
    assert ending(desk.cancel("x")) is Reason.CANCEL_REQUESTED
    assert desk.bar(100.0, 101.0, 99.0, 100.0) == []


def test_what_arrives_inside_a_running_bar_takes_part_from_the_next() -> None:
    desk = desk_of()
    start = desk.engine.now
    desk.engine.advance(start + GRACE)
    desk.buy(1, id="market")
    desk.sell(1, "101.0", id="limit", account="b")
    desk.sell(1, stop="98.0", id="stop", account="c")
    assert desk.bar(99.0, 103.0, 97.0, 100.0, at=start + MINUTE) == []
    events = desk.bar(100.5, 103.0, 97.0, 100.0, at=start + 2 * MINUTE)
    assert [event.client_order_id for event in of(OrderFilled, events)] == ["market", "stop", "limit"]


def test_a_late_stop_that_the_close_has_passed_fills_at_the_next_open() -> None:
    desk = desk_of()
    start = desk.engine.now
    desk.engine.advance(start + GRACE)
    desk.sell(1, stop="98.0")
    assert names(desk.bar(100.0, 100.5, 96.0, 97.0, at=start + MINUTE)) == ["OrderTriggered"]
    assert fills(desk.bar(97.5, 98.0, 97.0, 97.0, at=start + 2 * MINUTE)) == [(1, 97.5)]


def test_the_order_latency_is_no_lateness() -> None:
    settings = EngineSettings(order_latency=5 * GRACE)
    desk = Desk(instrument(MarketKind.BARS), settings=settings)
    desk.bar(100.0, 101.0, 99.0, 100.0)
    decided = desk.engine.now
    desk.engine.submit(desk.order(Side.BUY, 1), settings.arrival_time(decided))
    assert fills(desk.bar(100.5, 101.0, 99.0, 100.0, at=decided + MINUTE)) == [(1, 100.5)]


def test_an_order_that_arrives_at_a_close_is_too_late_for_its_bar(desk: Desk) -> None:
    close = desk.engine.now + 5
    desk.engine.submit(desk.order(Side.BUY, 1), close)
    desk.engine.advance(close)
    desk.engine.drain()
    assert desk.bar(99.0, 101.0, 98.0, 100.0, at=close) == []
    assert fills(desk.bar(100.5, 101.0, 99.0, 100.0)) == [(1, 100.5)]


def test_a_cash_account_buys_what_it_can_pay_at_the_open() -> None:
    account = AccountSettings(account="a", balances={"USDT": amount(1000)})
    desk = desk_of(accounts=(account,))
    assert rejection(desk.buy(10)) is None
    events = desk.bar(125.0, 126.0, 124.0, 125.0)
    assert fills(events) == [(8, 125.0)]
    assert ending(events) is Reason.INSUFFICIENT_BALANCE


def test_a_bar_without_prices_moves_nothing_but_the_clock(desk: Desk) -> None:
    desk.buy(1)
    assert desk.bar(NAN, NAN, NAN, NAN, at=MINUTE) == []
    assert desk.engine.now == MINUTE
    assert fills(desk.bar(100.0, 100.5, 99.5, 100.0, at=2 * MINUTE)) == [(1, 100.0)]


@pytest.mark.parametrize(
    "prices", [(100.0, 99.0, 98.0, 98.5), (100.0, 101.0, 100.5, 100.6), (0.0, 1.0, 0.0, 1.0)]
)
def test_prices_that_are_no_bar_are_refused(desk: Desk, prices: tuple[float, ...]) -> None:
    with pytest.raises(DataProviderError, match=f"{SYMBOL}.bar"):
        desk.bar(*prices)


def test_other_data_is_not_its_market_and_bars_are_not_the_others(desk: Desk) -> None:
    desk.buy(1, "99.0")
    assert desk.quote(90.0, 9, 90.1, 9) == []
    assert desk.trade(90.0, 9, -1) == []
    assert desk.depth([(90.0, 9)], [(90.1, 9)], snapshot=True) == []
    other = Desk()
    other.quote(100.0, 5, 100.2, 5)
    other.buy(1, "99.0")
    assert other.bar(100.0, 101.0, 90.0, 100.0) == []


@pytest.mark.parametrize("ratio", ["0", "-0.1", "1.01"])
def test_a_participation_that_is_no_part_of_the_volume_is_refused(ratio: str) -> None:
    with pytest.raises(ConfigurationError, match="max_participation"):
        desk_of(max_participation=amount(ratio))
