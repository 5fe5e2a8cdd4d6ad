"""Currencies that count what the market says: what is booked keeps its rate, what is held counts at that of now."""

from __future__ import annotations

import random
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.risk import modes
from actors.risk.actor import RiskActor
from actors.risk.books.entries import Ledger
from actors.risk.books.figures import figures
from actors.risk.books.rate_settings import RateSettings
from actors.risk.exposure import recompute
from actors.risk.ledger import unrealised
from actors.risk.limits import SECOND, RiskSettings
from messages import codec
from messages.control import Mode
from messages.intents import Verdict
from messages.portfolio import FillBooked, RatesTaken
from messages.reasons import Reason
from messages.transfers import Transfer
from tests.actors.risk import desk as bench
from tests.actors.risk.desk import BUY, SELL, D, Desk, instrument, limits

pytestmark = pytest.mark.unit

EUR, SYMBOL = "EUR-USDT", "ETH-EUR"


def chosen(step: str = "0.001", max_age: int = 60 * SECOND, **changes: object) -> RiskSettings:
    """A desk in USDT that trades a symbol quoted in EUR, and EUR itself, which starts at 1.25."""
    ether = instrument(SYMBOL, quote_currency="EUR", rate=D("1.25"))
    euro = instrument(EUR, tick=D("0.0001"))
    marked = RateSettings(symbols={"EUR": EUR, "BNB": "BNB-USDT"}, step=D(step), max_age=max_age)
    instruments = (instrument("BTC-USDT"), ether, euro, instrument("BNB-USDT"))
    defaults: dict[str, object] = {"instruments": instruments, "rates": {"EUR": D("1.25")}, "marked": marked}
    return bench.settings(**(defaults | changes))


def desk_with(**changes: object) -> Desk:
    """1,000 EUR and 100,000 USDT; one EUR counts 1.25."""
    return Desk(chosen(**changes)).seed(balances={"EUR": D(1000)}).mark(EUR, 1.25)  # type: ignore[arg-type]


def trade(desk: Desk, side: bench.Side, quantity: int, price: int) -> FillBooked:
    desk.mark(SYMBOL, price)
    desk.fill(
        desk.intend(side, quantity, SYMBOL, price), side, quantity, price, 0, SYMBOL, fee_currency="EUR"
    )
    return desk.events(FillBooked)[0]


# ---------------------------------------------------------------- what counts when


def test_what_is_held_follows_the_mark_and_what_that_moves_is_a_result() -> None:
    desk = desk_with()
    assert desk.nav == D(101_250)
    desk.mark(EUR, 1.2, 1.22)
    [taken] = desk.events(RatesTaken)
    assert (taken.rates, taken.listings) == ({"EUR": D("1.21")}, {f"paper/{SYMBOL}": D("1.21")})
    assert desk.nav == D(101_210)
    assert (desk.risk.state.revalued, desk.risk.state.deposits) == (D(-40), D(101_250))


def test_each_booking_keeps_the_rate_of_its_time() -> None:
    desk = desk_with()
    first = trade(desk, BUY, 10, 40)
    desk.mark(EUR, 1.5)
    second = trade(desk, BUY, 10, 40)
    assert (first.rate, second.rate) == (D("1.25"), D("1.5"))
    holding = desk.risk.state.holdings[f"paper/{SYMBOL}"]
    assert holding.cost == D(500) + D(600)
    assert [lot.value for lot in holding.lots] == [D(500), D(600)]
    assert holding.value == D(20 * 40) * D("1.5")
    assert unrealised(desk.risk.state) == D(100), "the rate's gain on the first"


def test_each_entry_of_the_ledger_tells_what_its_currencies_counted_then() -> None:
    desk = desk_with()
    trade(desk, BUY, 10, 40)
    desk.mark(EUR, 1.5)
    trade(desk, BUY, 10, 40)
    desk.give(Transfer("t1", "paper", "EUR", D(5), "TRANSFER", 1), "execution/paper")
    desk.give(Transfer("t2", "paper", "XYZ", D(5), "TRANSFER", 1), "execution/paper")
    ledger = Ledger()
    entries = [entry for event in desk.journal for entry in ledger.post(event)]
    assert [entry.rates for entry in entries] == [
        {"USDT": D(1), "EUR": D("1.25")},
        {"EUR": D("1.25")},
        {"EUR": D("1.5")},
        {"EUR": D("1.5")},
        {},
    ]


def test_approvals_are_reserved_and_judged_at_the_rate_of_now() -> None:
    desk = Desk(chosen(limits=limits(max_order_notional=D(600)))).seed(balances={"EUR": D(9000)})
    desk.mark(EUR, 1.5).mark(SYMBOL, 40)
    desk.intend(BUY, 20, SYMBOL, 40)
    assert (desk.decision.verdict, desk.decision.quantity, desk.decision.rate) == (
        Verdict.RESIZED,
        D(10),
        D("1.5"),
    )
    assert desk.risk.state.totals.buys_value == D(600)
    desk.mark(EUR, 1.25)
    assert desk.risk.state.totals.buys_value == D(500)


def test_small_moves_are_not_taken_until_they_add_up() -> None:
    desk = desk_with(step="0.01")
    desk.mark(EUR, 1.26)
    assert desk.events(RatesTaken) == []
    desk.mark(EUR, 1.2626)
    assert desk.events(RatesTaken)[0].rates == {"EUR": D("1.2626")}


def test_without_a_step_every_move_is_taken() -> None:
    desk = desk_with(step="0")
    desk.mark(EUR, 1.2501)
    assert desk.nav == D(100_000) + D("1250.1")
    desk.mark(EUR, 1.2501)
    assert desk.events(RatesTaken) == []


def test_a_rate_has_no_more_digits_than_sums_can_bear() -> None:
    fine = chosen(instruments=(instrument(EUR, tick=D("1e-12")),), step="0")
    desk = Desk(fine).seed(balances={"EUR": D(1)}).mark(EUR, 1.234567890123)
    assert desk.risk.state.rates["EUR"] == D("1.234567890")


def test_a_restart_goes_on_with_the_rate_of_the_books_and_not_with_that_of_the_settings() -> None:
    desk = desk_with()
    desk.mark(EUR, 1.5)
    fresh = RiskActor(desk.settings)
    for event in desk.journal:
        fresh.apply(codec.decode(codec.encode(event)))
    desk.risk = fresh
    desk.ctx = type(desk.ctx)(fresh, seed=1)
    desk.ctx.now = max(mark.time for mark in fresh.state.marks.values()) + SECOND
    booked = trade(desk, BUY, 1, 40)
    assert booked.rate == D("1.5")
    assert desk.risk.state.rates["EUR"] == D("1.5")


def test_a_currency_that_is_marked_no_more_takes_its_fixed_rate() -> None:
    desk = desk_with()
    desk.mark(EUR, 1.5)
    fixed = Desk(chosen(marked=RateSettings()))
    fixed.risk.state, fixed.ctx.now = desk.risk.state, desk.ctx.now
    fixed.mark("BTC-USDT")
    assert fixed.events(RatesTaken)[0].rates == {"EUR": D("1.25")}


def test_losses_by_a_rate_reduce_in_the_same_step() -> None:
    careful = limits(drawdown_reduce=D("0.1"), drawdown_halt=D("0.5"), daily_loss_limit=D("0.5"))
    desk = Desk(chosen(limits=careful)).seed(1000, balances={"EUR": D(9000)}).mark(EUR, 1.25)
    assert desk.mode is Mode.NORMAL
    desk.mark(EUR, 1)
    assert modes.DRAWDOWN in desk.risk.state.sources


# ---------------------------------------------------------------- missing and old


def test_before_the_first_mark_a_desk_that_holds_the_currency_only_reduces() -> None:
    desk = Desk(chosen()).seed(balances={"EUR": D(1000)}).mark()
    source = desk.risk.state.sources[modes.CONVERSION + "EUR"]
    assert (source.mode, source.reason) == (Mode.REDUCE, "no mark of EUR-USDT for what one EUR counts")
    desk.intend(BUY, 1)
    assert desk.decision.reason is Reason.MODE_REDUCE
    desk.mark(EUR, 1.25).mark()
    assert desk.mode is Mode.NORMAL


def test_a_mark_that_grew_old_reduces_until_there_is_a_newer_one() -> None:
    desk = desk_with(max_age=30 * SECOND)
    desk.wait(30 * SECOND - 1).mark()
    assert desk.mode is Mode.NORMAL
    desk.wait(SECOND).mark()
    assert desk.mode is Mode.REDUCE
    assert "31 s old" in desk.risk.state.sources[modes.CONVERSION + "EUR"].reason
    assert desk.nav == D(101_250), "counted as it was known last, never as nothing"
    desk.mark(EUR, 1.25)
    assert desk.mode is Mode.NORMAL


def again(desk: Desk, **changes: object) -> Desk:
    """The same books under other settings."""
    desk.settings = chosen(**changes)
    desk.restart()
    return desk.mark()


def test_a_currency_that_is_marked_no_more_and_fixed_needs_no_mark() -> None:
    desk = Desk(chosen()).seed(balances={"EUR": D(1000)}).mark()
    assert modes.CONVERSION + "EUR" in desk.risk.state.sources
    again(desk, marked=RateSettings())
    assert (desk.mode, desk.risk.state.sources) == (Mode.NORMAL, {})


@pytest.mark.parametrize("was_marked", [True, False], ids=["counted once", "never counted"])
def test_a_currency_of_which_the_settings_say_nothing_any_more_reduces_while_something_is_held_in_it(
    was_marked: bool,
) -> None:
    """Its last rate stays in the books, and nobody looks whether it still holds."""
    two = (instrument("BTC-USDT"), instrument(EUR, tick=D("0.0001")))
    desk = Desk(chosen(rates={}, instruments=two)).seed(balances={"EUR": D(1000)}).mark()
    if was_marked:
        desk.mark(EUR, 1.5)
        assert desk.mode is Mode.NORMAL
    again(desk, rates={}, marked=RateSettings(), instruments=(instrument("BTC-USDT"),))
    assert desk.mode is Mode.REDUCE
    source = desk.risk.state.sources[modes.CONVERSION + "EUR"]
    assert was_marked is ("the settings say nothing any more" in source.reason)
    again(desk, rates={"EUR": D("1.25")}, marked=RateSettings(), instruments=(instrument("BTC-USDT"),))
    assert (desk.mode, desk.nav) == (Mode.NORMAL, D(101_250))


def test_a_rate_that_nobody_needs_any_more_bothers_nobody() -> None:
    desk = Desk(chosen()).seed().mark(EUR, 1.25)
    again(desk, rates={}, marked=RateSettings(), instruments=(instrument("BTC-USDT"),))
    assert (desk.mode, desk.risk.state.rates) == (Mode.NORMAL, {"EUR": D("1.25")})


def test_a_currency_in_which_nothing_is_held_needs_no_mark() -> None:
    desk = Desk(chosen()).seed().mark()
    assert desk.mode is Mode.NORMAL
    desk.mark(SYMBOL, 40)
    desk.intend(BUY, 1, SYMBOL, 40)
    desk.mark()
    assert modes.CONVERSION + "EUR" in desk.risk.state.sources, "an open order is paid in it"


def test_money_that_came_before_its_first_rate_is_deposited_at_it_and_no_profit() -> None:
    desk = Desk(chosen()).seed(balances={"BNB": D(10)}).mark()
    assert list(desk.risk.state.sources) == [modes.CONVERSION + "BNB"]
    desk.give(Transfer("t1", "paper", "BNB", D(5), "TRANSFER", 1), "execution/paper")
    desk.fill("external/1", BUY, 1, 100, 1, fee_currency="BNB")
    state = desk.risk.state
    assert (state.accounts["paper"].unvalued, desk.nav) == ({"BNB": D(15)}, D(100_000))
    desk.mark("BNB-USDT", 300)
    state = desk.risk.state
    assert (state.deposits, state.revalued, state.accounts["paper"].unvalued) == (D(104_500), D(-300), {})
    assert desk.nav == D(104_200)
    assert (state.peak, state.day_anchor) == (D(104_500), D(104_500))


def test_a_balance_in_a_currency_that_nobody_values_reduces_until_a_person_saw_it() -> None:
    desk = Desk(chosen()).seed(balances={"XYZ": D(3)}).mark()
    assert list(desk.risk.state.sources) == [modes.FEE_CONVERSION + "XYZ"]
    assert desk.nav == D(100_000)


# ---------------------------------------------------------------- exactness


@pytest.mark.property
@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32))
def test_nav_is_its_parts_to_the_last_digit_whatever_rates_do(seed: int) -> None:
    draw = random.Random(seed)
    loose = limits(daily_loss_limit=D(10**9), drawdown_reduce=D(10**9), drawdown_halt=D(10**9))
    desk = Desk(chosen(limits=loose, step=draw.choice(("0", "0.0005", "0.01")))).seed(
        balances={"EUR": D(5000)}
    )
    rate, balance = 1.25, D(5000)
    for number in range(draw.randint(5, 40)):
        action = draw.choice(("rate", "rate", "fill", "fill", "mark", "transfer"))
        if action == "rate":
            rate = round(rate * draw.uniform(0.97, 1.03), 4)
            desk.mark(EUR, rate, rate + 0.0002)
        elif action == "fill":
            side, quantity, price = (
                draw.choice((BUY, SELL)),
                D(draw.randint(1, 900)) / 1000,
                D(draw.randint(20, 60)),
            )
            fee = D(draw.randint(0, 900)) / 1000
            desk.fill(
                f"x/{number}", side, quantity, price, fee, SYMBOL, fee_currency="EUR", fill_id=f"f{number}"
            )
            balance -= side.sign * quantity * price + fee
        elif action == "mark":
            desk.mark(SYMBOL, draw.randint(20, 60))
        else:
            amount = D(draw.randint(-900, 900))
            desk.give(Transfer(f"t{number}", "paper", "EUR", amount, "TRANSFER", 1), "execution/paper")
            balance += amount
        state = desk.risk.state
        assert state.accounts["paper"].balances["EUR"] == balance
        assert state.totals.cash == D(100_000) + balance * state.rates["EUR"]
        assert recompute(state, "USDT") == (state.holdings, state.totals)
        found = figures(state)
        if found.nav is not None and found.unrealised is not None and found.unrealised_fifo is not None:
            common = found.deposits + found.revalued - found.fees + found.funding
            assert found.nav == common + found.realised + found.unrealised
            assert found.nav == common + found.fifo + found.unrealised_fifo
    assert codec.pack(codec.to_plain(desk.replayed().state)) == desk.packed()
    assert isinstance(desk.risk.state.revalued, Decimal)
