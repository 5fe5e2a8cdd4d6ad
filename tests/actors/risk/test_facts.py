"""Facts can't be refused: what they do to the mode, in the same step, and with how much patience."""

from __future__ import annotations

import pytest

from actors.risk.facts import judge
from messages.base import CONTROL
from messages.control import Mode, ModeChanged
from messages.modes import DailyLossBreached, DrawdownBreached, LimitBreached
from messages.portfolio import MarksTaken
from messages.reasons import Reason
from tests.actors.risk import desk as bench
from tests.actors.risk.desk import BUY, SELL, D, Desk, limits

pytestmark = pytest.mark.unit


def desk_with(**changes: object) -> Desk:
    return Desk(bench.settings(limits(**changes))).seed(10_000).mark()


def test_a_mark_may_carry_an_exposure_as_far_as_the_tolerance() -> None:
    desk = desk_with(max_symbol_exposure=D("0.1"), breach_tolerance=D("0.05"))
    desk.trade(SELL, 10)
    desk.mark(bid=104)
    assert desk.mode is Mode.NORMAL
    desk.mark(bid=105)
    assert [type(event) for event in desk.last_events[:2]] == [MarksTaken, LimitBreached]
    (breach,) = desk.events(LimitBreached)
    assert (breach.source, breach.reason) == ("exposure:BTC-USDT", Reason.SYMBOL_EXPOSURE)
    assert (breach.limit, breach.observed) == (D(995), D(1050))
    assert desk.messages_to(CONTROL, ModeChanged)[0].mode is Mode.REDUCE


def test_it_ends_at_the_limit_itself() -> None:
    desk = desk_with(max_symbol_exposure=D("0.1"), breach_tolerance=D("0.05"))
    desk.trade(SELL, 10)
    desk.mark(bid=110).mark(bid=101)
    assert desk.mode is Mode.REDUCE
    desk.mark(bid=100)
    assert desk.mode is Mode.NORMAL


def test_without_tolerance_a_tick_is_enough() -> None:
    desk = desk_with(max_symbol_exposure=D("0.1"), breach_tolerance=D(0))
    desk.trade(SELL, 10)
    desk.mark(bid=100.01)
    assert desk.mode is Mode.REDUCE


def test_a_breach_is_said_once() -> None:
    desk = desk_with(max_symbol_exposure=D("0.1"))
    desk.trade(SELL, 10)
    desk.mark(bid=120)
    assert desk.events(LimitBreached)
    desk.mark(bid=121)
    assert desk.events(LimitBreached) == []


@pytest.mark.parametrize(
    ("changes", "source"),
    [
        ({"max_gross_exposure": D("0.1")}, "gross_exposure"),
        ({"min_cash_reserve": D("0.95")}, "cash_reserve"),
        ({"max_open_positions": 0}, "open_positions"),
    ],
)
def test_every_limit_that_facts_can_break_is_watched(changes: dict[str, object], source: str) -> None:
    desk = desk_with(**changes)
    desk.fill("stray", BUY, 11)
    assert source in {event.source for event in desk.events(LimitBreached)}
    assert source in desk.risk.state.sources
    desk.fill("stray", SELL, 11, fill_id="back")
    assert source not in desk.risk.state.sources


def test_normal_trading_at_the_limit_does_not_reduce() -> None:
    desk = desk_with(max_symbol_exposure=D("0.1"), max_gross_exposure=D("0.1"), min_cash_reserve=D("0.9"))
    intent_id = desk.intend(BUY, 50)
    assert desk.decision.quantity == D(10)
    for number in range(10):
        desk.fill(intent_id, BUY, 1, fee="0.1", fill_id=str(number))
    desk.report(intent_id, filled=10)
    assert desk.mode is Mode.NORMAL


@pytest.mark.parametrize(("price", "lost"), [(95.01, False), (95, True)])
def test_the_loss_of_a_day_counts_from_its_anchor(price: float, lost: bool) -> None:
    desk = desk_with(daily_loss_limit=D("0.005"))
    desk.trade(BUY, 10)
    desk.mark(bid=price)
    assert (desk.mode is Mode.REDUCE) is lost
    assert bool(desk.events(DailyLossBreached)) is lost


def test_a_fee_alone_can_lose_the_day() -> None:
    desk = desk_with(daily_loss_limit=D("0.005"))
    desk.trade(BUY, 1, fee=50)
    assert "daily_loss" in desk.risk.state.sources


def test_a_drawdown_counts_from_the_highest_nav() -> None:
    desk = desk_with(drawdown_reduce=D("0.05"), drawdown_halt=D("0.10"))
    desk.trade(BUY, 100)
    desk.mark(bid=200)
    assert desk.risk.state.peak == D(20_000)
    desk.mark(bid=191)
    assert desk.mode is Mode.NORMAL
    desk.mark(bid=190)
    (breach,) = desk.events(DrawdownBreached)
    assert (breach.limit, breach.observed, breach.mode) == (D(1000), D(1000), Mode.REDUCE)
    desk.mark(bid=180)
    assert desk.mode is Mode.HALTED
    desk.mark(bid=200)
    assert desk.mode is Mode.HALTED


def test_losses_never_lead_to_observe() -> None:
    desk = desk_with(daily_loss_limit=D("0.1"), drawdown_reduce=D("0.1"), drawdown_halt=D("0.2"))
    desk.trade(BUY, 100)
    desk.mark(bid=0.01)
    assert desk.mode is Mode.HALTED
    assert set(desk.risk.state.sources) == {"daily_loss", "drawdown", "drawdown_halt"}
    desk.intend(SELL, 100, worst="0.01")
    assert desk.decision.quantity == D(100)


def test_nothing_is_judged_while_nav_is_unknown() -> None:
    desk = desk_with(drawdown_reduce=D("0.05"), drawdown_halt=D("0.10"))
    desk.fill("stray", BUY, 10, symbol="ETH-USDT")
    assert desk.nav is None
    assert desk.events(LimitBreached) == []
    assert desk.events(DrawdownBreached) == []


def test_where_nothing_stands_a_mark_or_a_fill_ends_nothing() -> None:
    desk = desk_with()
    desk.trade(BUY, 1)
    desk.mark(bid=101)
    findings = judge(desk.risk.state, desk.settings.limits, desk.ctx.now)
    assert (findings.raised, findings.ended, findings.events) == ({}, [], [])
