"""Funding in the books: once, for the account and for each strategy by its own position, seen by every limit."""

from __future__ import annotations

import msgspec
import pytest

from actors.risk.state import PAYMENTS_REMEMBERED
from messages.account_events import Funding
from messages.control import Mode
from messages.portfolio import FundingBooked
from tests.actors.risk.desk import BUY, SELL, D, Desk, limits, settings

pytestmark = pytest.mark.unit


def paid(amount: str, payment_id: str = "p1", **changes: object) -> Funding:
    payment = Funding(payment_id, "paper", "BTC-USDT", "USDT", D(amount), D("0.0001"), 77)
    return msgspec.structs.replace(payment, **changes)


def held() -> Desk:
    """Two strategies: one long 3, one short 1, so that the account is long 2."""
    desk = Desk().seed().mark()
    desk.trade(BUY, 3, strategy="trend")
    desk.trade(SELL, 1, strategy="fade")
    return desk


def test_what_is_paid_leaves_the_balance_and_each_strategy_bears_its_own_part() -> None:
    desk = held()
    cash = desk.risk.state.totals.cash
    desk.give(paid("-0.2"), "execution/paper")
    [event] = desk.events(FundingBooked)
    assert (event.shares, event.value) == ({"trend": D("-0.3"), "fade": D("0.1")}, D("-0.2"))
    assert (event.event_time, event.time, event.funding_rate) == (77, desk.ctx.now, D("0.0001"))
    state = desk.risk.state
    assert state.totals.cash == state.accounts["paper"].balances["USDT"] == event.cash == cash - D("0.2")
    assert state.holdings["paper/BTC-USDT"].funding == D("-0.2")
    assert [book.funding for book in state.strategies.values()] == [D("-0.3"), D("0.1")]
    portfolio = desk.risk.portfolio()
    assert (portfolio.funding, portfolio.realised, portfolio.fees) == (D("-0.2"), 0, 0)


def test_a_payment_counts_once() -> None:
    desk = held()
    desk.give(paid("-0.2"), "execution/paper")
    before = desk.packed()
    desk.give(paid("-0.2"), "execution/paper")
    assert desk.last_events == []
    assert desk.packed() == before
    desk.give(paid("-0.2", "p2"), "execution/paper")
    assert desk.risk.state.holdings["paper/BTC-USDT"].funding == D("-0.4")


def test_thirds_are_shared_to_the_last_digit() -> None:
    desk = Desk().seed().mark()
    for strategy in ("one", "two", "three"):
        desk.trade(BUY, 1, strategy=strategy)
    desk.give(paid("-0.00000001"), "execution/paper")
    [event] = desk.events(FundingBooked)
    assert sum(event.shares.values()) == event.value == D("-0.00000001")
    assert len(set(event.shares.values())) == 2


def test_what_was_held_before_the_desk_belongs_to_no_strategy() -> None:
    desk = Desk().seed(BTC_USDT="1").mark()
    desk.trade(BUY, 1, strategy="trend")
    desk.give(paid("-0.2"), "execution/paper")
    [event] = desk.events(FundingBooked)
    assert event.shares == {"trend": D("-0.1")}
    assert desk.risk.state.holdings["paper/BTC-USDT"].funding == D("-0.2")


def test_funding_of_what_is_flat_by_now_is_the_account_s() -> None:
    desk = Desk().seed().mark()
    desk.trade(BUY, 1)
    desk.trade(SELL, 1)
    desk.give(paid("0.3"), "execution/paper")
    assert desk.events(FundingBooked)[0].shares == {}
    assert desk.nav == D("100000.3")


def test_losses_by_funding_count_in_drawdown_and_in_the_day() -> None:
    desk = Desk(settings(limits(daily_loss_limit=D("0.01"), drawdown_reduce=D("0.02")))).seed(1000).mark()
    desk.trade(BUY, 1)
    desk.give(paid("-11"), "execution/paper")
    assert list(desk.risk.state.sources) == ["daily_loss"]
    desk.give(paid("-11", "p2"), "execution/paper")
    assert list(desk.risk.state.sources) == ["daily_loss", "drawdown"]


@pytest.mark.parametrize(
    ("changes", "source"),
    [
        ({"currency": "XYZ"}, "fee_conversion:XYZ"),
        ({"symbol": "DOGE-USDT"}, "unknown_symbol:DOGE-USDT"),
    ],
)
def test_what_cant_be_valued_or_placed_reduces(changes: dict[str, str], source: str) -> None:
    desk = held()
    nav = desk.nav
    desk.give(paid("-0.2", **changes), "execution/paper")
    assert desk.mode is Mode.REDUCE
    assert list(desk.risk.state.sources) == [source]
    currency = changes.get("currency", "USDT")
    expected = D("-0.2") if currency == "XYZ" else desk.risk.state.totals.cash
    assert desk.risk.state.accounts["paper"].balances[currency] == expected
    assert nav is not None
    assert desk.nav == nav - (0 if currency == "XYZ" else D("0.2"))


def test_only_the_latest_payments_are_remembered() -> None:
    desk = held()
    for number in range(PAYMENTS_REMEMBERED + 5):
        desk.give(paid("0.001", f"p{number}"), "execution/paper")
    payments = desk.risk.state.accounts["paper"].payments
    assert len(payments) == PAYMENTS_REMEMBERED
    assert next(iter(payments)) == "p5"


def test_the_journal_alone_gives_the_same_books() -> None:
    desk = held()
    desk.give(paid("-0.2"), "execution/paper")
    assert desk.replayed().state == desk.risk.state
