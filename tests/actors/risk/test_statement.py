"""A day's statement: its parts add up to the last digit, by lots as by average cost, and days follow each other."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.risk.books.statement import Bridge, ListingDay, statement
from actors.risk.limits import SECOND
from actors.risk.state import DAYS_KEPT, ListingFigures
from messages.account_events import Funding
from messages.errors import ConfigurationError
from tests.actors.risk import sessions
from tests.actors.risk.desk import BUY, SELL, START, D, Desk, ready

pytestmark = pytest.mark.unit

DAY = 86_400_000_000_000


def next_day(desk: Desk, bid: float) -> None:
    desk.ctx.now = desk.risk.state.day_ends_at
    desk.mark(bid=bid)


def test_a_day_says_what_made_nav_of_nav() -> None:
    desk = ready()
    desk.trade(BUY, 2, 100, fee=1)
    desk.trade(BUY, 2, 110, fee=1)
    desk.trade(SELL, 2, 120, fee=2)
    desk.give(Funding("p1", "paper", "BTC-USDT", "USDT", D(-3), D("0.0001"), desk.ctx.now))
    desk.mark(bid=130, ask=131)
    told = statement(desk.risk.state)
    assert (told.day, told.ended, told.ends_at) == ("2024-08-08", False, START + DAY)
    common = {"start": D(100_000), "deposits": D(0), "revalued": D(0), "fees": D(4), "funding": D(-3)}
    assert told.average == Bridge(**common, realised=D(30), unrealised=D(50), end=D(100_073))
    assert told.fifo == Bridge(**common, realised=D(40), unrealised=D(40), end=D(100_073))
    assert told.listings == {"paper/BTC-USDT": ListingDay(D(30), D(40), D(4), D(-3))}
    assert told.positions == {
        "paper/BTC-USDT": ListingFigures(D(30), D(40), D(4), D(-3), D(2), D(210), D(220), D(260))
    }


def test_each_day_begins_where_the_one_before_ended() -> None:
    desk = ready()
    desk.trade(BUY, 2, 100, fee=1)
    desk.mark(bid=120)
    next_day(desk, 125)
    desk.trade(SELL, 2, 125, fee=1)
    first, second = statement(desk.risk.state, "2024-08-08"), statement(desk.risk.state)
    assert first.ended
    assert first.average is not None
    assert first.average.end == 100_000 - 1 + 40
    assert second.average is not None
    assert (second.day, second.begins_at, second.average.start) == (
        "2024-08-09",
        first.ends_at,
        first.average.end,
    )
    assert (second.average.realised, second.average.unrealised) == (D(50), D(-40))
    assert second.average.difference == 0


def test_a_day_that_began_before_nav_was_known_begins_when_it_is() -> None:
    desk = Desk().mark().seed(1000)
    assert len(desk.risk.state.days) == 1
    assert desk.risk.state.days[0].begins_at is None
    told = statement(desk.risk.state)
    assert told.average is not None
    assert (told.average.start, told.average.deposits) == (D(1000), D(0))


def test_a_day_that_goes_on_to_the_midnight_of_another_time_zone_keeps_its_beginning() -> None:
    """The days before and after must not take over what was made in it."""
    desk = ready()
    next_day(desk, 100)
    desk.trade(BUY, 2, 100, fee=1)
    desk.mark(bid=120)
    desk.settings = msgspec.structs.replace(desk.settings, day_boundary="America/New_York")
    desk.restart()
    next_day(desk, 120)
    assert [each.day for each in desk.risk.state.days] == ["2024-08-08", "2024-08-09"]
    before, told = statement(desk.risk.state, "2024-08-08"), statement(desk.risk.state)
    assert before.average is not None
    assert told.average is not None
    assert (before.average.end, told.average.start, told.average.end) == (D(100_000), D(100_000), D(100_039))
    assert told.ends_at - before.ends_at == 28 * 3_600 * SECOND


def test_nothing_is_said_of_a_day_whose_nav_is_not_known() -> None:
    desk = Desk().seed(1000, BTC_USDT="1")
    told = statement(desk.risk.state)
    assert told.average is None
    assert told.fifo is None


def test_days_long_past_are_not_kept() -> None:
    desk = ready()
    for number in range(DAYS_KEPT):
        next_day(desk, 100 + number)
    assert [each.day for each in desk.risk.state.days] == ["2024-08-09", "2024-08-10", "2024-08-11"]
    assert statement(desk.risk.state, "2024-08-09").begins_at == START + DAY
    with pytest.raises(ConfigurationError, match="no figures of this day") as caught:
        statement(desk.risk.state, "2024-08-08")
    assert caught.value.remedy == "days kept: 2024-08-09, 2024-08-10, 2024-08-11"


def test_money_from_outside_is_no_profit() -> None:
    desk = ready()
    desk.seed(500, venue="other")
    told = statement(desk.risk.state).average
    assert told is not None
    assert (told.deposits, told.profit, told.end) == (D(500), D(0), D(100_500))


def test_what_is_missing_from_a_bridge_is_named() -> None:
    bridge = Bridge(D(10), D(1), D(2), D(3), D(4), D(5), D(6), D(22))
    assert bridge.difference == D(1)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 2))
def test_the_parts_of_every_day_add_up_exactly(seed: int, days: int) -> None:
    world = sessions.run(seed)
    for _ in range(days):
        world.desk.ctx.now = world.state.day_ends_at
        world.move(sessions.SYMBOLS[0], 9_000 + seed % 2_000, 3)
        world.execute(seed, 5_000, 10, 100)
        world.deliver(seed)
    checked = 0
    for each in world.state.days:
        told = statement(world.state, each.day)
        for bridge in (told.average, told.fifo):
            if bridge is not None:
                checked += 1
                assert bridge.difference == 0
    assert checked or world.nav() is None
    restarted = world.desk.replayed().state
    assert restarted.days == world.state.days
