"""The books: average cost, fees, flips, cash, what an account is opened with, and every fill once."""

from __future__ import annotations

from decimal import Decimal

import pytest

from actors.risk.ledger import post, unrealised, unrealised_of
from actors.risk.state import CLOSED_REMEMBERED, Book, Holding, KnownMark, RiskState, StrategyHolding
from actors.risk.summary import average_price
from messages.account_events import ExternalActivity
from messages.control import Mode
from messages.intents import Side
from messages.orders import Liquidity, OrderState
from messages.portfolio import FillBooked
from messages.venue import VenueFill
from tests.actors.risk import desk as bench
from tests.actors.risk.desk import BUY, SELL, D, Desk, instrument

pytestmark = pytest.mark.unit

ONE = D(1)


def booked(*fills: tuple[Side, str, str, str]) -> Book:
    """A book after fills of (side, quantity, price, fee)."""
    book = Book()
    for side, quantity, price, fee in fills:
        after = post(book, side, D(quantity), D(quantity) * D(price), D(fee))
        book.position, book.cost, book.open_fees = after.position, after.cost, after.open_fees
        book.realised += after.realised
        book.net += after.net
        book.fees += D(fee)
    return book


@pytest.mark.golden
@pytest.mark.parametrize(
    ("fills", "net", "position", "entry", "fees"),
    [
        ([(BUY, ".01", "50000", "10"), (SELL, ".01", "52000", "10")], "0", "0", None, "20"),
        ([(BUY, ".02", "50000", "20"), (SELL, ".01", "51000", "10")], "-10", ".01", "50000", "30"),
        ([(BUY, ".01", "50000", "10"), (SELL, ".01", "48000", "10")], "-40", "0", None, "20"),
        ([(BUY, ".01", "50000", "10"), (BUY, ".01", "52000", "10")], "0", ".02", "51000", "20"),
        ([(BUY, ".5", "100", ".05"), (BUY, ".25", "100", ".025")], "0", ".75", "100", ".075"),
        ([(BUY, "1", "100", ".60"), (SELL, "1", "110", ".66")], "8.74", "0", None, "1.26"),
        ([(BUY, "1", "100", ".60"), (SELL, "1", "90", ".54")], "-11.14", "0", None, "1.14"),
        ([(BUY, "1", "100", ".60"), (SELL, "1", "100", ".60")], "-1.20", "0", None, "1.20"),
    ],
)
def test_profit_after_fees_is_that_of_the_reference(
    fills: list[tuple[Side, str, str, str]], net: str, position: str, entry: str | None, fees: str
) -> None:
    book = booked(*fills)
    assert (book.net, book.position, book.fees) == (D(net), D(position), D(fees))
    assert average_price(book, ONE) == (None if entry is None else D(entry))
    if not book.position:
        assert (book.cost, book.open_fees) == (0, 0)


@pytest.mark.parametrize(
    ("fills", "realised", "net", "position", "entry", "open_fees"),
    [
        # long through flat to short, and back
        ([(BUY, "2", "100", "2"), (SELL, "5", "110", "5")], "20", "16", "-3", "110", "3"),
        ([(SELL, "2", "100", "2"), (BUY, "5", "90", "5")], "20", "16", "3", "90", "3"),
        # a short makes money when the price falls
        ([(SELL, "2", "100", "0"), (BUY, "1", "80", "0")], "20", "20", "-1", "100", "0"),
        # adding moves the average, reducing does not
        (
            [(SELL, "1", "100", "0"), (SELL, "1", "200", "0"), (BUY, "1", "150", "0")],
            "0",
            "0",
            "-1",
            "150",
            "0",
        ),
        # a rebate is a negative fee
        ([(BUY, "1", "100", "-1"), (SELL, "1", "100", "-1")], "0", "2", "0", None, "0"),
    ],
)
def test_what_closes_is_booked_before_what_opens(
    fills: list[tuple[Side, str, str, str]],
    realised: str,
    net: str,
    position: str,
    entry: str | None,
    open_fees: str,
) -> None:
    book = booked(*fills)
    assert (book.realised, book.net, book.position) == (D(realised), D(net), D(position))
    assert average_price(book, ONE) == (None if entry is None else D(entry))
    assert book.open_fees == D(open_fees)


def test_thirds_lose_nothing() -> None:
    book = booked((BUY, "3", "33.33", "1"), *[(SELL, "1", "33.33", "0")] * 3)
    assert (book.position, book.cost, book.open_fees) == (0, 0, 0)
    assert (book.realised, book.net) == (0, -1)
    third = booked((BUY, "3", "10.01", "1"), (SELL, "1", "10.01", "0"))
    assert third.cost is not None
    assert third.cost + (D("10.01") - third.realised) == D("30.03")


def test_cash_moves_by_value_and_fee_and_nav_by_fee_and_spread() -> None:
    desk = Desk().seed(1000).mark(bid=99, ask=101)
    desk.trade(BUY, 2, 101, fee="0.5")
    state = desk.risk.state
    assert state.totals.cash == D("797.5")
    assert desk.nav == D("995.5")
    assert unrealised(state) == D(-4)
    desk.trade(SELL, 3, 99, fee="0.5")
    assert state.totals.cash == D(1094)
    assert desk.nav == D(1094) - 101
    assert state.holdings["paper/BTC-USDT"].realised == D(-4)


def part(position: str, cost: str | None) -> tuple[RiskState, StrategyHolding]:
    """A strategy's part of a listing of 10 base units each, whose quote currency is worth 1.2."""
    state = RiskState(
        marks={"BTC-USDT": KnownMark(D(99), D(101), 0)},
        holdings={
            "paper/BTC-USDT": Holding(venue="paper", symbol="BTC-USDT", multiplier=D(10), rate=D("1.2"))
        },
    )
    book = StrategyHolding(
        position=D(position),
        cost=None if cost is None else D(cost),
        strategy="ema",
        venue="paper",
        symbol="BTC-USDT",
        holder="strategy/BTC-USDT",
    )
    return state, book


@pytest.mark.parametrize(
    ("position", "cost", "profit"),
    [
        ("2", "2000", "376"),  # 2 x 99 x 10 x 1.2 - 2,000
        ("0.5", "600", "-6"),
        ("-2", "-2000", "-424"),  # a short is bought back at the ask
        ("0", "0", "0"),
        ("1", None, None),
    ],
)
def test_a_strategy_s_part_is_valued_like_the_account_s(
    position: str, cost: str | None, profit: str | None
) -> None:
    assert unrealised_of(*part(position, cost)) == (None if profit is None else D(profit))


def test_without_a_mark_a_strategy_s_profit_is_not_known_unless_it_is_flat() -> None:
    state, book = part("1", "1200")
    state.marks = {}
    assert unrealised_of(state, book) is None
    book.position = D(0)
    assert unrealised_of(state, book) == 0


def test_a_long_is_valued_at_the_bid_and_a_short_at_the_ask() -> None:
    desk = Desk().seed(1000).mark(bid=100)
    desk.trade(BUY, 1)
    desk.mark(bid=90, ask=110)
    assert desk.nav == D(990)
    desk.trade(SELL, 2)
    desk.mark(bid=90, ask=110)
    assert desk.nav == D(990)


def test_the_multiplier_scales_cash_cost_and_value() -> None:
    contract = instrument("BTC-USDT", multiplier=D("0.01"))
    desk = Desk(bench.settings(instruments=(contract,))).seed(1000).mark(bid=100)
    desk.trade(BUY, 50)
    state = desk.risk.state
    assert state.totals.cash == D(950)
    desk.mark(bid=120)
    assert desk.nav == D(1010)
    assert average_price(state.holdings["paper/BTC-USDT"], D("0.01")) == D(100)


def test_each_strategy_has_its_own_book_of_a_shared_position() -> None:
    desk = Desk().seed().mark()
    desk.trade(BUY, 3, strategy="ema")
    desk.trade(SELL, 1, strategy="momentum")
    state = desk.risk.state
    assert state.holdings["paper/BTC-USDT"].position == D(2)
    assert state.strategies["ema/paper/BTC-USDT"].position == D(3)
    assert state.strategies["momentum/paper/BTC-USDT"].position == D(-1)
    assert state.strategies["ema/paper/BTC-USDT"].holder == "strategy/BTC-USDT"


# --- once -----------------------------------------------------------------------------------------------------


def test_a_fill_is_booked_once_while_its_intent_is_open_and_after() -> None:
    desk = Desk().seed().mark()
    intent_id = desk.intend(BUY, 2)
    first = desk.fill(intent_id, BUY, 1)
    for _ in range(2):
        desk.give(first, "execution/paper")
        assert desk.last_events == []
    desk.report(intent_id, filled=1)
    desk.give(first, "execution/paper")
    assert desk.last_events == []
    assert desk.risk.state.holdings["paper/BTC-USDT"].position == D(1)
    assert desk.risk.state.booked == 1


def test_the_same_fill_id_of_another_venue_is_another_fill() -> None:
    two = bench.settings(instruments=(instrument("BTC-USDT"), instrument("BTC-USDT", "other")))
    desk = Desk(two).seed().seed(venue="other").mark()
    desk.fill(desk.intend(BUY, 1), BUY, 1, fill_id="7")
    desk.fill(desk.intend(BUY, 1, venue="other"), BUY, 1, fill_id="7", venue="other")
    assert len(desk.events(FillBooked)) == 1
    assert desk.nav == D(200_000)


def test_a_fill_of_no_known_intent_is_a_fact_and_reduces_trading() -> None:
    desk = Desk().seed().mark()
    stray = desk.fill("strategy/BTC-USDT#99", BUY, 1)
    assert desk.risk.state.holdings["paper/BTC-USDT"].position == D(1)
    assert desk.mode is Mode.REDUCE
    assert "unmatched_fill:paper" in desk.risk.state.sources
    desk.give(stray, "execution/paper")
    assert desk.last_events == []


def test_a_fill_that_no_intent_explains_is_in_the_books_once_until_a_person_has_looked() -> None:
    desk = Desk().seed().mark()
    fill = VenueFill("7", D(100), D(2), D("0.5"), "USDT", Liquidity.TAKER)
    activity = ExternalActivity(
        "paper", "x", "v", "BTC-USDT", SELL, OrderState.FILLED, D(2), fill, True, desk.ctx.now
    )
    desk.give(activity, "execution/paper")
    desk.give(activity, "execution/paper")
    assert desk.risk.state.holdings["paper/BTC-USDT"].position == D(-2)
    assert desk.risk.state.totals.cash == D("100199.5")
    assert desk.mode is Mode.REDUCE
    assert "external:paper" in desk.risk.state.sources


@pytest.mark.parametrize("ours", [True, False])
def test_only_a_fill_under_our_own_mark_is_told_as_one_of_a_forgotten_intent(ours: bool) -> None:
    desk = Desk().seed().mark()
    fill = VenueFill("7", D(100), D(2), D("0.5"), "USDT", Liquidity.TAKER)
    activity = ExternalActivity(
        "paper", "x", "v", "BTC-USDT", SELL, OrderState.FILLED, D(2), fill, ours, desk.ctx.now
    )
    desk.give(activity, "execution/paper")
    expected = {"external:paper"} | ({"unmatched_fill:paper"} if ours else set())
    assert desk.risk.state.sources.keys() == expected
    assert desk.mode is Mode.REDUCE


def test_only_so_many_ended_intents_are_remembered() -> None:
    desk = Desk().seed().mark()
    first = desk.trade(BUY, 1)
    for _ in range(CLOSED_REMEMBERED):
        desk.report(desk.intend(BUY, 1))
    assert first not in desk.risk.state.closed
    assert len(desk.risk.state.closed) == CLOSED_REMEMBERED


# --- what comes from outside ----------------------------------------------------------------------------------


def test_an_account_opens_with_what_it_holds() -> None:
    desk = Desk().seed(1000, balances={"BTC": D(1)}, BTC_USDT="-2")
    state = desk.risk.state
    assert desk.nav is None
    assert state.deposits == D(1000)
    desk.mark(bid=99, ask=101)
    assert desk.nav == D(798)
    assert state.deposits == D(798)
    assert unrealised(state) == 0
    assert state.accounts["paper"].balances == {"USDT": D(1000), "BTC": D(1)}


def test_a_position_without_a_price_takes_that_of_the_first_fill() -> None:
    desk = Desk().seed(1000, BTC_USDT="2")
    desk.fill(desk.intend(SELL, 2, worst=50), SELL, 1, 60)
    holding = desk.risk.state.holdings["paper/BTC-USDT"]
    assert (holding.position, holding.cost, holding.realised) == (D(1), D(60), D(0))
    assert desk.risk.state.deposits == D(1120)
    desk.mark(bid=60)
    assert desk.nav == D(1120)


def test_an_account_opens_once() -> None:
    desk = Desk().seed(1000).mark()
    desk.trade(BUY, 1)
    before = desk.packed()
    desk.seed(5000)
    assert desk.packed() == before


def test_what_was_filled_before_the_account_was_found_is_part_of_what_was_found() -> None:
    desk = Desk().mark()
    desk.fill("early", BUY, 1, 100, fee=1)
    assert desk.nav is None
    desk.seed(899, BTC_USDT="1").mark(bid=100)
    assert desk.nav == D(999)
    assert desk.risk.state.totals.cash == D(899)


def test_a_second_account_is_no_profit() -> None:
    two = bench.settings(instruments=(instrument("BTC-USDT"), instrument("BTC-USDT", "other")))
    desk = Desk(two).seed(1000).mark()
    desk.trade(BUY, 1)
    desk.mark(bid=90)
    desk.seed(500, "other", BTC_USDT="1").mark(bid=90)
    state = desk.risk.state
    assert desk.nav == D(1580)
    assert (state.peak, state.day_anchor, state.deposits) == (D(1590),) * 3


def test_a_fee_in_another_currency_is_booked_there_and_reduces_trading() -> None:
    desk = Desk().seed(1000, balances={"BNB": D(5)}).mark()
    desk.fill(desk.intend(BUY, 1), BUY, 1, fee="0.01", fee_currency="BNB")
    assert desk.risk.state.accounts["paper"].balances["BNB"] == D("4.99")
    assert desk.nav == D(1000)
    assert desk.mode is Mode.REDUCE
    assert "fee_conversion:BNB" in desk.risk.state.sources


def test_a_fill_in_an_unknown_symbol_is_booked_and_reduces_trading() -> None:
    desk = Desk().seed(1000)
    desk.fill("x", BUY, 1, 10, symbol="XRP-USDT")
    assert desk.nav is None
    assert "unknown_symbol:XRP-USDT" in desk.risk.state.sources
    desk.mark("XRP-USDT", 10.123)
    assert desk.nav == D(1000) + Decimal("0.123")
