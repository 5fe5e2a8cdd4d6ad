"""Margin as venues tell it: how much of an account is used, how near liquidation is, and what follows from it."""

from __future__ import annotations

import pytest

from actors.risk.margins import account_worth, liquidation_distance, maintenance
from messages.account_events import MarginsTold
from messages.control import Mode
from messages.modes import LimitBreached
from messages.reasons import Reason
from messages.venue_account import PositionMargin
from tests.actors.risk import desk as bench
from tests.actors.risk.desk import BUY, SELL, D, Desk, instrument, limits, result

pytestmark = pytest.mark.unit


def told(
    desk: Desk, *, liquidation: str | None = None, maintenance: str = "4", symbol: str = "BTC-USDT"
) -> None:
    price = None if liquidation is None else D(liquidation)
    held = desk.risk.state.holdings[f"paper/{symbol}"].position
    margin = PositionMargin(held, D(maintenance), price)
    desk.give(MarginsTold("paper", {symbol: margin}), "execution/paper")


def held(side: bench.Side = BUY, **chosen: object) -> Desk:
    """1,000 at the venue and 4 units bought (or sold) at 100."""
    desk = Desk(bench.settings(limits(**chosen))).seed(1_000).mark()
    desk.trade(side, 4)
    return desk


@pytest.mark.parametrize(
    ("side", "liquidation", "distance"),
    [
        (BUY, "80", "0.2"),
        (SELL, "120", "0.2"),
        (BUY, "100", "0"),
        (BUY, "110", "-0.1"),
        (SELL, "90", "-0.1"),
        (BUY, None, None),
    ],
)
def test_the_distance_is_that_of_the_mark_and_negative_beyond(
    side: bench.Side, liquidation: str | None, distance: str | None
) -> None:
    desk = held(side)
    told(desk, liquidation=liquidation)
    assert liquidation_distance(desk.risk.state, "paper") == (None if distance is None else D(distance))


def test_margin_counts_at_its_currency_s_rate_while_the_position_is_held() -> None:
    euros = instrument("BTC-EUR", quote_currency="EUR", rate=D("1.1"))
    desk = Desk(bench.settings(instruments=(euros,), rates={"EUR": D("1.1")})).seed(1_000).mark("BTC-EUR")
    desk.trade(BUY, 2, symbol="BTC-EUR")
    told(desk, symbol="BTC-EUR", liquidation="50", maintenance="10")
    state = desk.risk.state
    assert (maintenance(state, "paper"), account_worth(state, "paper", "USDT")) == (D(11), D(1_000))
    desk.trade(SELL, 2, symbol="BTC-EUR")
    assert (maintenance(state, "paper"), liquidation_distance(state, "paper")) == (D(0), None)


def test_what_was_said_of_a_position_that_has_turned_since_says_nothing_of_the_new_one() -> None:
    desk = held(min_liquidation_distance=D("0.1"))
    told(desk, liquidation="80")
    desk.trade(SELL, 6)
    state = desk.risk.state
    assert (maintenance(state, "paper"), liquidation_distance(state, "paper")) == (D(0), None)
    desk.intend(SELL, 1)
    assert result(desk, "liquidation").passed


def test_a_mark_that_comes_near_to_liquidation_reduces_at_once_until_it_is_away_again() -> None:
    desk = held(min_liquidation_distance=D("0.1"))
    told(desk, liquidation="72")
    desk.mark(bid=80)
    assert desk.mode is Mode.NORMAL  # 72 is just a tenth below
    desk.mark(bid=79)
    assert (desk.mode, set(desk.risk.state.sources)) == (Mode.REDUCE, {"limit:liquidation:paper"})
    (event,) = desk.events(LimitBreached)
    assert (event.reason, event.limit) == (Reason.LIQUIDATION_DISTANCE, D("0.9"))
    desk.restart()
    assert desk.mode is Mode.REDUCE
    desk.mark(bid=81)
    assert desk.mode is Mode.NORMAL


def test_margin_beyond_its_part_reduces_until_the_venue_tells_less() -> None:
    desk = held(max_margin_use=D("0.5"))
    told(desk, maintenance="525")  # 500 and the tolerance of facts
    assert desk.mode is Mode.NORMAL
    told(desk, maintenance="526")
    assert (desk.mode, set(desk.risk.state.sources)) == (Mode.REDUCE, {"limit:margin:paper"})
    told(desk, maintenance="500")
    assert desk.mode is Mode.NORMAL


def test_what_the_venue_said_already_is_not_journalled_again() -> None:
    desk = held()
    told(desk)
    told(desk)
    assert [type(each) for each in desk.journal].count(MarginsTold) == 1


def test_an_account_in_trouble_holds_its_own_orders_and_lets_it_shrink() -> None:
    two = (instrument("BTC-USDT"), instrument("ETH-USDT", "other"))
    made = bench.settings(limits(min_liquidation_distance=D("0.2")), instruments=two)
    desk = Desk(made).seed(1_000).seed(1_000, "other").mark().mark("ETH-USDT")
    desk.trade(BUY, 4)
    desk.give(MarginsTold("paper", {"BTC-USDT": PositionMargin(D(4), D(4), D(85))}), "execution/paper")
    desk.intend(BUY, 1, "ETH-USDT", venue="other")
    assert result(desk, "liquidation").passed
    desk.intend(SELL, 4)
    assert result(desk, "liquidation").passed
    desk.intend(BUY, 1)
    found = result(desk, "liquidation")
    assert (found.reason, found.limit, found.observed) == (
        Reason.LIQUIDATION_DISTANCE,
        D("0.2"),
        D("0.15"),
    )


def test_the_room_left_is_told() -> None:
    desk = held(max_margin_use=D("0.5"), min_liquidation_distance=D("0.1"))
    told(desk, liquidation="60", maintenance="4")
    room = {row.name: (row.limit, row.used, row.left) for row in desk.risk.portfolio().room}
    assert room["margin:paper"] == (D(500), D(4), D(496))
    assert room["liquidation:paper"] == (D("0.9"), D("0.6"), D("0.3"))
