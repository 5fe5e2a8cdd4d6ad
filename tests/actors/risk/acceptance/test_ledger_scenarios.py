"""Scenarios of the reference systems about books, caps and losses, with their figures, through the whole risk actor."""

from __future__ import annotations

from decimal import Decimal

import pytest

from actors.risk import modes
from actors.risk.books.capital import checkpoint
from actors.risk.state import Capital
from messages.control import Halt, Mode
from messages.intents import Side, Verdict
from messages.modes import DailyLossBreached, DrawdownBreached
from messages.portfolio import CapitalCode
from messages.reasons import Reason
from tests.actors.risk import desk as bench
from tests.actors.risk.desk import BUY, SELL, D, Desk, limits, result

pytestmark = pytest.mark.golden


def with_nav(nav: int, **changes: object) -> Desk:
    """A desk of that NAV with BTC-USDT at 1, so that a quantity is an amount of money."""
    return Desk(bench.settings(limits(**changes))).seed(nav).mark(bid=1.0)


# ---------------------------------------------------------------- caps


def test_an_intent_beyond_the_cap_shrinks_into_it() -> None:
    desk = with_nav(1_000, max_symbol_exposure=D("0.05"))
    desk.intend(BUY, 100, worst=1)
    assert (desk.decision.verdict, desk.decision.quantity) == (Verdict.RESIZED, D(50))
    assert desk.decision.reason is Reason.SYMBOL_EXPOSURE
    assert [check.check for check in desk.decision.checks if not check.passed] == ["symbol_exposure"]


def test_where_the_cap_is_used_up_nothing_is_left() -> None:
    desk = with_nav(1_000, max_symbol_exposure=D("0.05"))
    desk.trade(BUY, 50, 1)
    desk.intend(BUY, 10, worst=1)
    assert (desk.decision.verdict, desk.decision.quantity) == (Verdict.REJECTED, 0)
    found = result(desk, "symbol_exposure")
    assert (found.limit, found.allowed) == (D(50), 0)


def test_a_sell_of_what_is_held_is_unchanged() -> None:
    desk = with_nav(1_000, max_symbol_exposure=D("0.1"), max_gross_exposure=D("0.1"))
    desk.trade(BUY, 100, 1)
    desk.intend(SELL, 75, worst=1)
    assert (desk.decision.verdict, desk.decision.quantity) == (Verdict.APPROVED, D(75))


def test_held_pending_and_proposed_together_are_held_to_the_total_at_risk() -> None:
    desk = with_nav(10_000, max_total_at_risk=D("0.15"))
    desk.trade(BUY, 500, 1)
    desk.intend(BUY, 600, worst=1)
    assert desk.decision.verdict is Verdict.APPROVED
    desk.intend(BUY, 900, worst=1)
    found = result(desk, "total_at_risk")
    assert (desk.decision.verdict, desk.decision.reason) == (Verdict.REJECTED, Reason.TOTAL_AT_RISK)
    assert (found.limit, found.observed) == (D(1_500), D(2_000)), "20 % of NAV against 15 %"


def test_what_is_pending_counts_in_the_cap() -> None:
    desk = with_nav(10_000, max_symbol_exposure=D("0.05"))
    desk.intend(BUY, 300, worst=1)
    desk.intend(BUY, 300, worst=1)
    assert (desk.decision.verdict, desk.decision.quantity) == (Verdict.RESIZED, D(200))


def test_a_pending_sell_takes_no_room_from_buys() -> None:
    desk = with_nav(10_000, max_symbol_exposure=D("0.05"))
    desk.trade(BUY, 100, 1)
    desk.intend(SELL, 100, worst=1)
    desk.intend(BUY, 400, worst=1)
    assert (desk.decision.verdict, desk.decision.quantity) == (Verdict.APPROVED, D(400))


def test_gross_adds_up_long_and_short_and_net_takes_one_from_the_other() -> None:
    desk = Desk(bench.settings(limits(max_net_exposure=D("0.2"), max_gross_exposure=D("0.4")))).seed(10_000)
    desk.mark("BTC-USDT", 1.0).mark("ETH-USDT", 1.0)
    desk.fill("external/1", SELL, 1_000, 1, symbol="ETH-USDT")
    desk.fill("external/2", BUY, 3_000, 1)
    assert desk.nav == D(10_000)
    assert desk.risk.state.totals.exposure == D(4_000)
    assert desk.risk.state.totals.value == D(2_000)


# ---------------------------------------------------------------- books


@pytest.mark.parametrize(
    ("trades", "net", "position", "entry", "fees"),
    [
        ([(BUY, ".01", 50_000, 10), (SELL, ".01", 52_000, 10)], "0", "0", None, 20),
        ([(BUY, ".02", 50_000, 20), (SELL, ".01", 51_000, 10)], "-10", ".01", 50_000, 30),
        ([(BUY, ".01", 50_000, 10), (SELL, ".01", 48_000, 10)], "-40", "0", None, 20),
        ([(BUY, ".01", 50_000, 10), (BUY, ".01", 52_000, 10)], "0", ".02", 51_000, 20),
        ([(BUY, ".5", 100, ".05"), (BUY, ".25", 100, ".025")], "0", ".75", 100, ".075"),
        ([(BUY, "1", 100, ".60"), (SELL, "1", 110, ".66")], "8.74", "0", None, "1.26"),
    ],
)
def test_the_references_trades_have_the_references_profit(
    trades: list[tuple[Side, str, bench.Amount, bench.Amount]],
    net: str,
    position: str,
    entry: int | None,
    fees: bench.Amount,
) -> None:
    desk = Desk().seed()
    for side, quantity, price, fee in trades:
        desk.mark(bid=float(price))
        desk.trade(side, quantity, price, fee)
    book = desk.risk.state.holdings["paper/BTC-USDT"]
    own = desk.risk.state.strategies["ema/paper/BTC-USDT"]
    for each in (book, own):
        assert (each.net, each.position, each.fees) == (D(net), D(position), D(fees))
    shown = [each.average_price for each in desk.risk.portfolio().positions if each.strategy is None]
    assert [price for price in shown if price is not None] == ([] if entry is None else [D(entry)])
    if not book.position:
        assert desk.nav == D(100_000) + book.net


def test_a_buy_on_paper_leaves_this_cash_and_this_worth() -> None:
    desk = Desk().seed().mark(bid=150.0, ask=150.1)
    desk.fill(desk.intend(BUY, 100, worst=151), BUY, 100, "150.17505", "1.5017505")
    cash = desk.risk.state.accounts["paper"].balances["USDT"]
    assert cash == D("84980.9932495")
    mid = (Decimal(150) + D("150.10")) / 2
    assert cash + 100 * mid == D("99985.9932495")
    assert desk.nav == cash + 100 * D(150), "here a long is worth what closing it would bring: the bid"


# ---------------------------------------------------------------- losses


def test_a_fall_of_five_percent_is_in_order_one_of_fifteen_is_not() -> None:
    for lost, mode in ((5_000, Mode.NORMAL), (15_000, Mode.HALTED)):
        desk = Desk(bench.settings(limits(drawdown_reduce=D("0.1"), drawdown_halt=D("0.1")))).seed()
        desk.mark().trade(BUY, 1, 100, fee=lost)
        assert desk.nav == 100_000 - lost
        assert desk.mode is mode
        assert bool(desk.risk.state.sources) is (mode is not Mode.NORMAL)
    breached = [event for event in desk.journal if isinstance(event, DrawdownBreached)]
    assert {(event.limit, event.observed) for event in breached} == {(D(10_000), D(15_000))}
    gain = Decimal(100_000) / Decimal(95_000) - 1
    assert float(100 * gain) == pytest.approx(5.263157894736836)


def test_three_percent_lost_on_a_day_is_a_daily_loss() -> None:
    desk = Desk(bench.settings(limits(daily_loss_limit=D("0.02")))).seed().mark()
    desk.trade(BUY, 1, 100, fee=3_000)
    source = desk.risk.state.sources[modes.DAILY_LOSS]
    assert (source.mode, source.reason) == (Mode.REDUCE, Reason.DAILY_LOSS.value)
    [told] = [event for event in desk.journal if isinstance(event, DailyLossBreached)]
    assert (told.limit, told.observed) == (D(2_000), D(3_000))
    desk.intend(BUY, 1)
    assert desk.decision.verdict is Verdict.REJECTED
    desk.intend(SELL, 1)
    assert desk.decision.verdict is Verdict.APPROVED


# ---------------------------------------------------------------- capital and modes


def test_a_profit_of_a_hundred_is_sixty_to_capital_and_forty_to_the_treasury() -> None:
    known = Capital(D(1_000), D(0), D(0), 1)
    code, after = checkpoint(known, 2, D(100), D(1_100), D("0.4"))
    assert (code, after.capital, after.treasury) == (CapitalCode.SPLIT, D(1_060), D(40))
    code, again = checkpoint(after, 2, D(100), D(1_100), D("0.4"))
    assert (code, again) == (CapitalCode.ALREADY_APPLIED, after)
    code, lost = checkpoint(after, 3, D(70), D(1_070), D("0.4"))
    assert (code, lost.capital, lost.treasury) == (CapitalCode.LOSS, D(1_030), D(40))


def test_a_missing_mark_reduces_and_the_kill_switch_wins_over_it() -> None:
    desk = Desk().seed(ETH_USDT="1").mark()
    desk.intend(BUY, 1)
    assert desk.decision.verdict is Verdict.REJECTED
    assert Reason.NAV_STALE in {check.reason for check in desk.decision.checks if not check.passed}
    desk.give(Halt("anna", "drill"))
    assert desk.mode is Mode.HALTED
    desk.intend(BUY, 1)
    assert desk.decision.reason is Reason.KILL_SWITCH
