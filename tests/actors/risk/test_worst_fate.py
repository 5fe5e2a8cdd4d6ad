"""Exposure, cash and counts under the worst fate of everything open; and that what only reduces always passes."""

from __future__ import annotations

import pytest

from actors.risk.limits import SECOND
from messages.control import Mode
from messages.intents import Side, SubmitOrder, Verdict
from messages.reasons import Reason
from tests.actors.risk import desk as bench
from tests.actors.risk.desk import BUY, SELL, D, Desk, instrument, limits, ready, result

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("held", "open_orders", "side", "asked", "approved"),
    [
        # nothing there: 10 units of 100 are 1% of 100,000
        ("0", [], BUY, "10", "10"),
        ("0", [], BUY, "11", "10"),
        ("0", [], SELL, "11", "10"),
        # a position counts
        ("4", [], BUY, "11", "6"),
        ("-4", [], SELL, "11", "6"),
        # going through flat: what closes is free, what opens is limited
        ("-4", [], BUY, "20", "14"),
        ("4", [], SELL, "20", "14"),
        # open orders of the same side count as if filled
        ("0", [(BUY, "3")], BUY, "11", "7"),
        ("2", [(BUY, "3")], BUY, "11", "5"),
        ("-2", [(BUY, "3")], BUY, "11", "9"),
        # those of the other side do not help, for they may not be filled
        ("0", [(SELL, "3")], BUY, "11", "10"),
        ("4", [(SELL, "4")], BUY, "11", "6"),
        # an exit that works already leaves no room for a second one beyond flat
        ("4", [(SELL, "4")], SELL, "20", "10"),
        # no room at all
        ("10", [], BUY, "1", "0"),
        ("4", [(BUY, "6")], BUY, "1", "0"),
    ],
)
def test_exposure_is_judged_under_the_worst_fate(
    held: str, open_orders: list[tuple[Side, str]], side: Side, asked: str, approved: str
) -> None:
    desk = ready(limits(max_symbol_exposure=D("0.01")))
    if D(held):
        desk.trade(BUY if D(held) > 0 else SELL, str(abs(D(held))))
    for open_side, quantity in open_orders:
        desk.intend(open_side, quantity)
        assert desk.decision.verdict is Verdict.APPROVED
    desk.intend(side, asked)
    assert desk.decision.quantity == D(approved)
    if D(approved) < D(asked):
        assert desk.decision.reason is Reason.SYMBOL_EXPOSURE


def test_the_exposure_check_tells_limit_observed_and_room() -> None:
    desk = ready(limits(max_symbol_exposure=D("0.01")))
    desk.trade(BUY, 4)
    desk.intend(BUY, 11)
    check = result(desk, "symbol_exposure")
    assert (check.limit, check.observed, check.room, check.unit) == (D(1000), D(1500), D(-500), "quote")
    assert (check.passed, check.allowed) == (False, D(6))


def test_gross_exposure_counts_all_symbols() -> None:
    desk = ready(limits(max_gross_exposure=D("0.01"))).mark("ETH-USDT", 50)
    desk.trade(SELL, 4)
    desk.intend(BUY, 4, "ETH-USDT", 50)
    assert desk.decision.verdict is Verdict.APPROVED
    desk.intend(BUY, 20, "ETH-USDT", 50)
    assert (desk.decision.quantity, desk.decision.reason) == (D(8), Reason.GROSS_EXPOSURE)


def test_a_symbol_s_exposure_counts_all_its_venues() -> None:
    two = (instrument("BTC-USDT"), instrument("BTC-USDT", "other"))
    desk = Desk(bench.settings(limits(max_symbol_exposure=D("0.01")), instruments=two))
    desk.seed(50_000).seed(50_000, "other").mark()
    desk.intend(BUY, 7)
    desk.intend(SELL, 7, venue="other")
    assert (desk.decision.quantity, desk.decision.reason) == (D(3), Reason.SYMBOL_EXPOSURE)


def test_marks_that_move_move_what_open_orders_are_worth() -> None:
    desk = ready(limits(max_symbol_exposure=D("0.01"), breach_tolerance=D(1)))
    desk.intend(BUY, 4)
    desk.mark(bid=125)
    desk.intend(BUY, 8, worst=125)
    assert desk.decision.quantity == D(4)


def test_cash_stays_above_the_reserve_after_all_open_buys() -> None:
    desk = ready(limits(min_cash_reserve=D("0.9")))
    desk.intend(BUY, 60)
    assert desk.decision.quantity == D(60)
    desk.intend(BUY, 60)
    assert (desk.decision.quantity, desk.decision.reason) == (D(40), Reason.CASH_RESERVE)
    desk.intend(BUY, 1)
    assert desk.decision.verdict is Verdict.REJECTED


def test_a_sale_needs_no_cash() -> None:
    desk = ready(limits(min_cash_reserve=D(1)))
    desk.intend(SELL, 1)
    assert desk.decision.verdict is Verdict.APPROVED


def test_open_orders_and_positions_count_towards_the_positions_allowed() -> None:
    desk = ready(limits(max_open_positions=2)).mark("ETH-USDT", 50).mark("SOL-USDT", 20)
    desk.trade(BUY, 1)
    desk.intend(BUY, 1, "ETH-USDT", 50)
    desk.intend(BUY, 1, "SOL-USDT", 20)
    assert (desk.decision.verdict, desk.decision.reason) == (Verdict.REJECTED, Reason.MAX_POSITIONS)
    assert (result(desk, "open_positions").limit, result(desk, "open_positions").observed) == (D(2), D(3))
    desk.intend(BUY, 1)
    assert desk.decision.verdict is Verdict.APPROVED


def test_only_so_many_orders_may_be_open() -> None:
    desk = ready(limits(max_open_orders=2))
    first = desk.intend(BUY, 1)
    desk.intend(BUY, 1)
    desk.intend(BUY, 1)
    assert (desk.decision.verdict, desk.decision.reason) == (Verdict.REJECTED, Reason.MAX_OPEN_ORDERS)
    desk.report(first)
    desk.intend(BUY, 1)
    assert desk.decision.verdict is Verdict.APPROVED


def test_a_lost_day_and_a_deep_drawdown_stop_entries() -> None:
    desk = ready(limits(daily_loss_limit=D("0.01"), drawdown_reduce=D("0.02")))
    desk.trade(BUY, 50)
    desk.mark(bid=80)
    desk.intend(BUY, 1, worst=80)
    assert desk.decision.reason is Reason.MODE_REDUCE
    assert (result(desk, "daily_loss").reason, result(desk, "daily_loss").observed) == (
        Reason.DAILY_LOSS,
        D(1000),
    )
    assert result(desk, "drawdown").passed
    desk.mark(bid=60)
    desk.intend(BUY, 1, worst=60)
    assert result(desk, "drawdown").reason is Reason.DRAWDOWN


# --- what reduces ---------------------------------------------------------------------------------------------


def test_what_can_t_increase_exposure_passes_every_limit() -> None:
    desk = ready()
    desk.trade(BUY, 5)
    closed = limits(
        min_notional=D(1),
        max_order_notional=D(1),
        max_symbol_exposure=D("0.000001"),
        max_gross_exposure=D("0.000001"),
        min_cash_reserve=D(2),
        max_open_positions=0,
        max_open_orders=0,
        price_collar=D("0.0001"),
        max_mark_age=0,
        breach_tolerance=D(10**9),
    )
    tight = Desk(bench.settings(closed))
    for event in desk.journal:
        tight.risk.apply(event)
    tight.ctx.now = desk.ctx.now + SECOND
    tight.ctx.sequence = tight.messages = 100
    tight.intend(SELL, 5, worst=1)
    assert (tight.decision.verdict, tight.decision.increases_exposure) == (Verdict.APPROVED, False)
    tight.report(f"strategy/BTC-USDT#{tight.messages}")
    tight.intend(SELL, 6, worst=1)
    assert (tight.decision.verdict, tight.decision.quantity) == (Verdict.RESIZED, D(5))
    assert not tight.decision.increases_exposure


@pytest.mark.parametrize(
    ("side", "quantity", "increases"),
    [(SELL, "3", False), (SELL, "2", False), (SELL, "3.001", True), (BUY, "0.001", True)],
)
def test_increase_is_judged_by_what_may_result_not_by_side_or_flag(
    side: Side, quantity: str, increases: bool
) -> None:
    desk = ready()
    desk.trade(BUY, 5)
    desk.intend(SELL, 2)
    desk.intend(side, quantity, reduce_only=True)
    assert desk.decision.increases_exposure is increases
    (order,) = desk.messages_to("execution/paper", SubmitOrder)
    assert order.increases_exposure is increases


def test_what_is_left_after_shrinking_must_still_be_worth_an_order() -> None:
    desk = ready(limits(max_symbol_exposure=D("0.01"), min_notional=D(50)))
    desk.trade(BUY, "9.6")
    desk.intend(BUY, 2)
    assert (desk.decision.verdict, desk.decision.reason) == (
        Verdict.REJECTED,
        Reason.BELOW_MINIMUM_AFTER_RESIZE,
    )
    assert next(one.reason for one in desk.decision.checks if not one.passed) is Reason.SYMBOL_EXPOSURE


def test_what_is_left_and_only_reduces_has_no_minimum() -> None:
    desk = ready(limits(min_notional=D(50)))
    desk.fill("stray", BUY, "0.1")
    assert desk.mode is Mode.REDUCE
    desk.intend(SELL, 3)
    assert (desk.decision.verdict, desk.decision.quantity) == (Verdict.RESIZED, D("0.1"))


def test_while_one_side_is_beyond_its_limit_the_other_is_not_opened() -> None:
    desk = ready(limits(max_symbol_exposure=D("0.01"), breach_tolerance=D("0.05")))
    desk.trade(SELL, 10)
    desk.mark(bid=104)
    assert desk.mode is Mode.NORMAL
    desk.intend(BUY, 15, worst=104)
    assert (desk.decision.quantity, desk.decision.reason) == (D(10), Reason.SYMBOL_EXPOSURE)


def test_an_intent_that_comes_twice_is_decided_once() -> None:
    desk = ready()
    intent_id = desk.intend(BUY, 1)
    before = desk.packed()
    desk.intend(BUY, 1, message_id=intent_id)
    assert desk.last_events == []
    assert desk.last_sent == []
    assert desk.packed() == before
