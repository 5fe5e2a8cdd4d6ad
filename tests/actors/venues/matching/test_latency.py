"""Time: when commands reach the book, ties, and the times events carry."""

from __future__ import annotations

from itertools import permutations

import pytest

from actors.venues.matching.engine import MatchingEngine
from actors.venues.matching.events import Event
from actors.venues.matching.instruments import EngineSettings
from actors.venues.matching.orders import CancelRequest
from messages.intents import Side
from messages.reasons import Reason
from tests.actors.venues.matching.builders import (
    SYMBOL,
    fills,
    instrument,
    make_order,
    names,
    rejection,
    rich,
)

pytestmark = pytest.mark.unit


def engine(order_latency: int = 0, report_latency: int = 0) -> MatchingEngine:
    settings = EngineSettings(order_latency=order_latency, report_latency=report_latency)
    return MatchingEngine([instrument()], settings, [rich("a"), rich("b")])


def test_an_order_meets_the_market_of_its_arrival() -> None:
    venue = engine(order_latency=50)
    venue.on_quote(SYMBOL, 100, 99.0, 1, 100.0, 1)
    venue.submit(make_order(Side.BUY, 1, id="x"), venue.settings.arrival_time(100))
    venue.on_quote(SYMBOL, 149, 99.0, 1, 101.0, 1)
    assert venue.drain() == []
    venue.on_quote(SYMBOL, 151, 99.0, 1, 102.0, 1)
    events = venue.drain()
    assert fills(events) == [(1, 101.0)]
    assert {event.time for event in events} == {150}


def test_reports_come_back_after_their_own_latency() -> None:
    venue = engine(report_latency=7)
    venue.on_quote(SYMBOL, 100, 99.0, 1, 100.0, 1)
    venue.submit(make_order(Side.BUY, 1, id="x"), 110)
    venue.advance(110)
    assert {(event.time, event.report_time) for event in venue.drain()} == {(110, 117)}


def test_at_one_instant_the_market_comes_before_the_commands() -> None:
    venue = engine()
    venue.submit(make_order(Side.BUY, 1, id="x"), 100)
    venue.on_quote(SYMBOL, 100, 99.0, 1, 100.0, 1)
    venue.on_quote(SYMBOL, 100, 99.0, 1, 101.0, 1)
    assert venue.drain() == []
    venue.advance(100)
    assert fills(venue.drain()) == [(1, 101.0)]


def test_commands_of_one_instant_come_by_account_and_id_not_by_call() -> None:
    commands = [
        make_order(Side.BUY, 1, id="1", account="b"),
        make_order(Side.BUY, 1, id="2", account="a"),
        make_order(Side.BUY, 1, id="1", account="a"),
    ]
    seen = set()
    for order in permutations(commands):
        venue = engine()
        venue.on_quote(SYMBOL, 1, 99.0, 1, 100.0, 2)
        for command in order:
            venue.submit(command, 10)
        venue.advance(10)
        seen.add(tuple((event.account, event.client_order_id, *fill) for event, fill in _filled(venue)))
    assert seen == {(("a", "1", 1.0, 100.0), ("a", "2", 1.0, 100.0))}


def test_two_different_orders_of_one_id_and_instant_are_decided_the_same_way_in_any_order() -> None:
    outcomes = []
    one, other = make_order(Side.BUY, 1, id="x"), make_order(Side.SELL, 2, "120.0", id="x")
    for first, second in ((one, other), (other, one)):
        venue = engine()
        venue.on_quote(SYMBOL, 1, 99.0, 1, 100.0, 2)
        venue.submit(first, 10)
        venue.submit(second, 10)
        venue.advance(10)
        outcomes.append(venue.drain())
    assert outcomes[0] == outcomes[1]
    assert rejection(outcomes[0]) is Reason.DUPLICATE_CLIENT_ORDER_ID


def test_a_cancel_of_the_same_instant_finds_its_order() -> None:
    venue = engine()
    venue.cancel(CancelRequest("a", "x"), 10)
    venue.submit(make_order(Side.BUY, 1, "90.0", id="x"), 10)
    venue.advance(10)
    assert names(venue.drain()) == ["OrderAccepted", "OrderCancelled"]


def test_a_cancel_that_overtakes_its_order_finds_nothing() -> None:
    venue = engine()
    venue.submit(make_order(Side.BUY, 1, "90.0", id="x"), 20)
    venue.cancel(CancelRequest("a", "x"), 10)
    venue.advance(20)
    assert names(venue.drain()) == ["CancelRejected", "OrderAccepted"]


def test_a_fill_on_the_way_of_a_cancel_stands() -> None:
    venue = engine()
    venue.on_quote(SYMBOL, 1, 99.0, 1, 100.0, 1)
    venue.submit(make_order(Side.BUY, 1, "99.5", id="x"), 2)
    venue.cancel(CancelRequest("a", "x"), 30)
    venue.on_quote(SYMBOL, 20, 99.0, 1, 99.5, 1)
    venue.advance(30)
    assert names(venue.drain()) == ["OrderAccepted", "OrderFilled", "CancelRejected"]


def test_a_command_from_the_past_is_processed_now_and_says_so() -> None:
    venue = engine()
    venue.advance(100)
    venue.submit(make_order(Side.BUY, 1, "90.0", id="x"), 40)
    venue.advance(100)
    assert [event.time for event in venue.drain()] == [100]


def test_the_next_arrival_is_known() -> None:
    venue = engine()
    assert venue.next_arrival() is None
    venue.submit(make_order(Side.BUY, 1, "90.0", id="x"), 40)
    venue.submit(make_order(Side.BUY, 1, "90.0", id="y"), 30)
    assert venue.next_arrival() == 30


def test_time_never_goes_back_by_advancing() -> None:
    venue = engine()
    venue.advance(100)
    venue.advance(50)
    assert venue.now == 100


def test_every_account_counts_its_own_events() -> None:
    venue = engine()
    venue.on_quote(SYMBOL, 1, 99.0, 1, 100.0, 9)
    for number in range(3):
        venue.submit(make_order(Side.BUY, 1, id=f"{number}", account="a"), 2 + number)
        venue.submit(make_order(Side.BUY, 1, id=f"{number}", account="b"), 2 + number)
    venue.advance(9)
    events = venue.drain()
    for account in ("a", "b"):
        assert [event.sequence for event in events if event.account == account] == [1, 2, 3, 4, 5, 6]


def _filled(venue: MatchingEngine) -> list[tuple[Event, tuple[float, float]]]:
    events = [event for event in venue.drain() if type(event).__name__ == "OrderFilled"]
    return list(zip(events, fills(events), strict=True))


def test_an_earlier_command_does_not_drag_one_of_this_instant_before_the_market() -> None:
    venue = engine()
    venue.on_quote(SYMBOL, 1, 99.0, 1, 100.0, 1)
    venue.submit(make_order(Side.BUY, 1, "90.0", id="early"), 50)
    venue.submit(make_order(Side.BUY, 1, id="now"), 100)
    venue.on_quote(SYMBOL, 100, 99.0, 1, 101.0, 1)
    venue.advance(100)
    assert fills(venue.drain()) == [(1, 101.0)]
