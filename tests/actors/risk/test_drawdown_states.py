"""Weeks and their anchors, the states of a drawdown, NAV beyond all proportion, worth by venue and elsewhere."""

from __future__ import annotations

import pytest

from actors.risk import modes
from actors.risk.books.worth import worth
from actors.risk.days import week_of
from actors.risk.limits import check_settings
from messages.control import Mode, Resume
from messages.errors import ConfigurationError
from messages.modes import DrawdownState, DrawdownStateChanged, NavAnomalyFound, WeeklyLossBreached
from messages.portfolio import PeakReset
from tests.actors.risk import desk as bench
from tests.actors.risk.desk import BUY, SELL, D, Desk, limits

pytestmark = pytest.mark.unit


def desk_with(cash: int = 1000, **changes: object) -> Desk:
    """Ten units bought at 100: NAV moves by 10 for each point of the mark."""
    desk = Desk(bench.settings(limits(**changes))).seed(cash).mark()
    desk.trade(BUY, 10)
    return desk


def to_day(desk: Desk, day: str, bid: float) -> None:
    while desk.risk.state.day != day:
        desk.ctx.now = desk.risk.state.day_ends_at
        desk.mark(bid=bid)


# ---------------------------------------------------------------- weeks


@pytest.mark.parametrize(
    ("day", "week"),
    [
        ("2024-08-08", "2024-W32"),
        ("2024-08-11", "2024-W32"),
        ("2024-08-12", "2024-W33"),
        ("2024-12-30", "2025-W01"),
        ("2021-01-03", "2020-W53"),
    ],
)
def test_a_week_begins_on_monday_and_belongs_to_the_year_of_its_thursday(day: str, week: str) -> None:
    assert week_of(day) == week


def test_the_weeks_anchor_stays_while_days_pass_and_moves_with_deposits() -> None:
    desk = desk_with()
    to_day(desk, "2024-08-11", 99)
    assert (desk.risk.state.day_anchor, desk.risk.state.week_anchor) == (D(990), D(1000))
    desk.seed(500, venue="other")
    assert desk.risk.state.week_anchor == D(1500)
    to_day(desk, "2024-08-12", 98)
    assert (desk.risk.state.week, desk.risk.state.week_anchor) == ("2024-W33", D(1490))


def test_the_loss_of_a_week_reduces_until_the_next_one() -> None:
    desk = desk_with(weekly_loss_limit=D("0.05"))
    to_day(desk, "2024-08-10", 96)
    desk.mark(bid=95.01)
    assert desk.mode is Mode.NORMAL
    desk.mark(bid=95)
    (told,) = desk.events(WeeklyLossBreached)
    assert (told.limit, told.observed) == (D(50), D(50))
    assert desk.risk.state.sources[modes.WEEKLY_LOSS].mode is Mode.REDUCE
    to_day(desk, "2024-08-11", 95)
    assert desk.mode is Mode.REDUCE
    to_day(desk, "2024-08-12", 95)
    assert desk.mode is Mode.NORMAL


def test_without_a_limit_a_week_may_lose_anything() -> None:
    desk = desk_with()
    to_day(desk, "2024-08-10", 80)
    assert desk.mode is Mode.NORMAL


def test_a_weekly_limit_of_nothing_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="weekly_loss_limit"):
        check_settings(bench.settings(limits(weekly_loss_limit=D(0))))


# ---------------------------------------------------------------- states of a drawdown


def test_a_fall_is_cautious_then_defensive_and_left_when_half_is_recovered() -> None:
    desk = desk_with(drawdown_cautious=D("0.03"), drawdown_defensive=D("0.06"))
    seen = []
    for bid in (97.01, 97, 95, 94, 96.9, 97.01, 98.4, 98.6, 97.5):
        desk.mark(bid=bid)
        seen.append(desk.risk.state.drawdown_state.value)
        assert desk.mode is Mode.NORMAL
    assert seen == [
        "normal",
        "cautious",
        "cautious",
        "defensive",
        "defensive",
        "cautious",
        "cautious",
        "normal",
        "normal",
    ]


def test_each_change_is_told_once_with_its_figures() -> None:
    desk = desk_with(drawdown_cautious=D("0.03"), drawdown_defensive=D("0.05"))
    desk.mark(bid=90)
    (told,) = desk.events(DrawdownStateChanged)
    assert (told.before, told.after) == (DrawdownState.NORMAL, DrawdownState.DEFENSIVE)
    assert (told.nav, told.peak) == (D(900), D(1000))
    desk.mark(bid=89)
    assert desk.events(DrawdownStateChanged) == []
    assert desk.replayed().state.drawdown_state is DrawdownState.DEFENSIVE


def test_thresholds_in_the_wrong_order_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="drawdown_defensive"):
        check_settings(bench.settings(limits(drawdown_cautious=D("0.2"), drawdown_defensive=D("0.1"))))


# ---------------------------------------------------------------- NAV beyond all proportion


def test_a_jump_of_nav_is_no_peak_until_a_person_accepts_it() -> None:
    desk = desk_with()
    desk.mark(bid=300.01)
    (told,) = desk.events(NavAnomalyFound)
    assert (told.nav, told.peak) == (D("3000.1"), D(1000))
    assert (desk.mode, desk.risk.state.peak) == (Mode.REDUCE, D(1000))
    desk.mark(bid=301)
    assert desk.events(NavAnomalyFound) == []
    desk.mark(bid=100)
    assert desk.mode is Mode.REDUCE
    assert desk.risk.state.drawdown_state is DrawdownState.NORMAL
    desk.mark(bid=301)
    desk.give(Resume("anna", "it is worth that much"))
    assert [event.nav for event in desk.events(PeakReset)] == [D(3010)]
    assert (desk.mode, desk.risk.state.peak) == (Mode.NORMAL, D(3010))


def test_up_to_three_times_it_is_a_peak() -> None:
    desk = desk_with()
    desk.mark(bid=300)
    assert (desk.mode, desk.risk.state.peak) == (Mode.NORMAL, D(3000))


def test_a_large_deposit_is_no_anomaly() -> None:
    desk = desk_with()
    desk.seed(50_000, venue="other")
    assert (desk.mode, desk.risk.state.peak) == (Mode.NORMAL, D(51_000))


# ---------------------------------------------------------------- worth


def test_venues_add_up_to_nav_and_what_is_elsewhere_only_to_aum() -> None:
    desk = desk_with()
    desk.seed(500, venue="other").mark(bid=110, ask=111)
    found = worth(desk.risk.state, "USDT", {"BTC": D(2), "USDT": D(5)})
    assert found.venues == {"paper": D(1100), "other": D(500)}
    assert found.nav == desk.nav == D(1600)
    assert found.off_exchange == {"BTC": D(220), "USDT": D(5)}
    assert found.aum == D(1825)


def test_what_nobody_can_value_makes_aum_unknown_and_leaves_nav() -> None:
    found = worth(desk_with().risk.state, "USDT", {"XAU": D(1)})
    assert (found.nav, found.off_exchange, found.aum) == (D(1000), {"XAU": None}, None)


def test_a_venue_whose_position_has_no_mark_is_not_known() -> None:
    desk = Desk().seed(10).seed(5, venue="other", BTC_USDT="1")
    found = worth(desk.risk.state, "USDT", {})
    assert (found.nav, found.venues, found.aum) == (None, {"paper": D(10), "other": None}, None)


def test_what_was_sold_short_counts_against_its_venue() -> None:
    desk = Desk().seed(1000).mark()
    desk.trade(SELL, 2)
    desk.mark(bid=109, ask=110)
    assert worth(desk.risk.state, "USDT", {}).venues == {"paper": D(980)}
