"""Entries that no order explains: corrections of the account and of a strategy's part, and what others trade."""

from __future__ import annotations

import pytest

from actors.risk.state import strategy_key
from messages.account_events import ExternalActivity, PositionCorrected, VenueCondition
from messages.control import Mode, Resume
from messages.intents import Side
from messages.orders import Liquidity, OrderState
from messages.pace import Outcome
from messages.portfolio import FillBooked
from messages.reasons import Reason
from messages.venue import VenueFill
from tests.actors.risk.desk import BUY, SELL, Amount, D, Desk, limits, settings

pytestmark = pytest.mark.unit

LISTING = "paper/BTC-USDT"


def correction(
    side: Side, quantity: Amount, *, strategy: str = "", price: Amount | None = None, number: int = 1
) -> PositionCorrected:
    return PositionCorrected(
        f"correction-g-{number}",
        "paper",
        "BTC-USDT",
        strategy,
        f"strategy/{strategy}" if strategy else "",
        side,
        D(quantity),
        None if price is None else D(price),
        not strategy,
        Reason.RECONCILED,
        1,
    )


def long_desk() -> Desk:
    """A strategy is long 3 at 100, and the mark is 110."""
    desk = Desk().seed().mark()
    desk.fill(desk.intend(BUY, 3), BUY, 3)
    return desk.mark(bid=110)


def position(desk: Desk, strategy: str | None = None) -> object:
    if strategy is None:
        return desk.risk.state.holdings[LISTING].position
    held = desk.risk.state.strategies.get(strategy_key(strategy, LISTING))
    return D(0) if held is None else held.position


def test_a_correction_of_the_account_is_an_entry_of_nobodys_at_the_mark_and_leaves_nav() -> None:
    desk = long_desk()
    before = desk.risk.state.nav
    desk.give(correction(SELL, 1), "execution/paper")
    assert (position(desk), position(desk, "ema"), position(desk, "")) == (D(2), D(3), D(-1))
    assert desk.risk.state.nav == before
    (booked,) = [event for event in desk.last_events if isinstance(event, FillBooked)]
    assert (booked.fill_id, booked.price, booked.fee) == ("correction-g-1", D(110), D(0))


def test_a_correction_of_a_strategys_part_moves_it_to_nobody_and_not_the_account() -> None:
    desk = long_desk()
    cash, nav = desk.risk.state.totals.cash, desk.risk.state.nav
    desk.give(correction(SELL, 3, strategy="ema", price=105), "execution/paper")
    assert (position(desk), position(desk, "ema"), position(desk, "")) == (D(3), D(0), D(3))
    assert (desk.risk.state.totals.cash, desk.risk.state.nav) == (cash, nav)
    assert desk.risk.state.strategies[strategy_key("ema", LISTING)].realised == D(15)


def test_a_correction_is_booked_once() -> None:
    desk = long_desk()
    for _ in range(2):
        desk.give(correction(SELL, 1), "execution/paper")
    assert position(desk) == D(2)


def test_without_a_mark_it_counts_at_what_the_position_had_cost() -> None:
    desk = Desk().seed()
    desk.fill("stray", BUY, 2, price=90)
    desk.give(correction(SELL, 1), "execution/paper")
    (booked,) = [event for event in desk.last_events if isinstance(event, FillBooked)]
    assert booked.price == D(90)


def test_without_any_price_it_waits_for_a_mark_and_nav_is_not_known_meanwhile() -> None:
    """The account holds what the books do not show: whoever resumes, nothing may grow beside it."""
    desk = Desk().seed().mark("ETH-USDT", 50)
    for _ in range(2):
        desk.give(correction(BUY, 1), "execution/paper")
    desk.give(Resume("ana", "seen"))
    assert desk.risk.state.holdings == {}
    assert (desk.risk.state.mode, desk.nav) == (Mode.REDUCE, None)
    assert desk.risk.state.sources["missing_marks"].reason == f"no mark for {LISTING}"
    assert desk.replayed().state == desk.risk.state
    desk.restart()
    desk.mark("ETH-USDT", 51)
    desk.intend(BUY, 1, "ETH-USDT", 51)
    assert Reason.NAV_STALE in {check.reason for check in desk.decision.checks}
    desk.mark(bid=100, ask=102)
    (booked,) = [event for event in desk.last_events if isinstance(event, FillBooked)]
    assert (booked.fill_id, booked.price, position(desk)) == ("correction-g-1", D(101), D(1))
    assert (desk.risk.state.mode, desk.nav) == (Mode.NORMAL, D(99_999)), "long at the middle, worth the bid"
    assert desk.risk.state.corrections == {}
    desk.give(correction(BUY, 1), "execution/paper")
    assert position(desk) == D(1), "told again, it is booked already"


def test_what_others_may_trade_is_booked_and_nothing_else_follows() -> None:
    desk = long_desk()
    fill = VenueFill("m1", D(110), D(1), D(0), "USDT", Liquidity.TAKER)
    told = ExternalActivity(
        "paper", "web", "v9", "BTC-USDT", SELL, OrderState.FILLED, D(1), fill, False, 1, suspect=False
    )
    desk.give(told, "execution/paper")
    assert (position(desk), desk.risk.state.mode) == (D(2), Mode.NORMAL)


def test_what_others_trade_counts_in_the_pace_of_the_desk_and_a_correction_does_not() -> None:
    desk = Desk(settings(limits(cooldown_after_fill=1_000, cooldown_after_loss=1_000))).seed().mark()
    desk.fill(desk.intend(BUY, 1), BUY, 1, price=100)
    known = desk.risk.state.activity.symbols["BTC-USDT"]
    desk.wait(10)
    desk.give(correction(BUY, 1), "execution/paper")
    assert known.filled_at == desk.ctx.now - 10
    fill = VenueFill("m1", D(90), D(2), D(0), "USDT", Liquidity.TAKER)
    told = ExternalActivity(
        "paper", "web", "v9", "BTC-USDT", SELL, OrderState.FILLED, D(2), fill, False, 1, suspect=False
    )
    desk.give(told, "execution/paper")
    assert (known.filled_at, known.outcome, known.trip) == (desk.ctx.now, Outcome.LOSS, D(0))


def condition(cause: str, mode: Mode, *, person: bool = False) -> VenueCondition:
    return VenueCondition("paper", cause, mode, "told", person)


def test_a_condition_of_a_venue_is_a_source_until_it_is_over() -> None:
    desk = Desk().seed()
    desk.give(condition("negative_balance", Mode.REDUCE), "execution/paper")
    assert desk.risk.state.mode is Mode.REDUCE
    assert list(desk.risk.state.sources) == ["venue:paper:negative_balance"]
    desk.give(condition("negative_balance", Mode.NORMAL), "execution/paper")
    assert desk.risk.state.mode is Mode.NORMAL


def test_one_that_waits_for_a_person_ends_with_resume() -> None:
    desk = Desk().seed()
    desk.give(condition("foreign_desk", Mode.HALTED, person=True), "execution/paper")
    assert desk.risk.state.mode is Mode.HALTED
    desk.give(Resume("ana", "it is switched off"))
    assert desk.risk.state.mode is Mode.NORMAL
