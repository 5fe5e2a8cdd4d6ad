"""What accounts, marks and rates make of the books, amount by amount, with odd rates and multipliers."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from actors.risk.exposure import recompute
from actors.risk.ledger import note_peak, open_account, take_marks, take_rates, unrealised
from actors.risk.reservations import holding_of
from actors.risk.state import Account, Capital, KnownMark, RiskState
from messages.portfolio import AccountOpened, MarksTaken, MarkTaken, OpenedPosition, RatesTaken
from tests.actors.risk.books import LISTING, booked, desk, reservation
from tests.actors.risk.desk import START, D

pytestmark = pytest.mark.unit


# ---------------------------------------------------------------- accounts


def opened(cash: str = "1300", **changes: object) -> AccountOpened:
    """An account of 1,000 USDT and 100 EUR, worth 1,300, with a short of 2."""
    found = (OpenedPosition("BTC-EUR", D(-2), D(2), D(3)),)
    event = AccountOpened("paper", {"USDT": D(1000), "EUR": D(100)}, found, "USDT", D(cash), START)
    return msgspec.structs.replace(event, **changes)


def test_an_account_opens_with_its_balances_and_positions_as_a_deposit() -> None:
    state = RiskState(rates={"EUR": D(3)})
    open_account(state, opened())
    assert state.accounts == {"paper": Account({"USDT": D(1000), "EUR": D(100)}, True)}
    assert (state.totals.cash, state.deposits) == (D(1300), D(1300))
    holding = state.holdings[LISTING]
    assert (holding.position, holding.cost, holding.value) == (D(-2), None, None)
    assert (holding.multiplier, holding.rate) == (D(2), D(3))
    assert (state.nav, state.peak) == (None, None)


def test_what_is_deposited_adds_to_the_capital_and_to_nothing_else_of_it() -> None:
    state = RiskState(rates={"EUR": D(3)}, capital=Capital(D(100), D(7), D(5), 2))
    open_account(state, opened())
    assert state.capital == Capital(D(1400), D(7), D(5), 2)


def test_a_position_found_where_there_is_a_mark_is_priced_at_once() -> None:
    state = RiskState(rates={"EUR": D(3)}, marks={"BTC-EUR": KnownMark(D(9), D(11), START)})
    open_account(state, opened())
    holding = state.holdings[LISTING]
    assert holding.cost == holding.value == D(-132), "two short at the ask of 11, times 2, times 3"
    assert (state.deposits, state.nav, state.peak) == (D(1168), D(1168), D(1168))
    assert unrealised(state) == 0


def test_what_was_booked_before_the_account_was_found_is_part_of_what_was_found() -> None:
    state = RiskState(rates={"EUR": D(3)})
    booked(state)
    other = holding_of(state, "other", "BTC-EUR", D(2), D(3))
    other.position, other.cost, other.open_fees = D(7), D(70), D(1)
    open_account(state, opened(positions=()))
    assert state.totals.cash == D(1300)
    assert state.deposits == D(1300) + D(255) - D(240), "of the fill, only its fee is left"
    holding = state.holdings[LISTING]
    assert (holding.position, holding.cost, holding.open_fees, holding.value) == (0, 0, 0, 0)
    assert (other.position, other.cost, other.open_fees) == (D(7), D(70), D(1)), "another venue's"


def test_a_second_account_adds_to_the_first() -> None:
    state = RiskState(rates={"EUR": D(3)})
    open_account(state, opened(positions=()))
    open_account(state, opened(positions=(), venue="other"))
    assert (state.totals.cash, state.deposits, state.nav, state.peak) == (D(2600),) * 4


def test_anchors_move_with_deposits_and_the_peak_with_profits_only() -> None:
    state = RiskState(rates={"EUR": D(3)}, peak=D(10), day_anchor=D(20), deposits=D(5))
    open_account(state, opened(positions=()))
    assert (state.deposits, state.peak, state.day_anchor) == (D(1305), D(1310), D(1320))
    state.peak = D(1299)
    open_account(state, opened(positions=(), cash="1300"))
    assert state.peak == D(1300)


# ---------------------------------------------------------------- marks and rates


def test_marks_value_every_listing_of_their_symbol_and_no_other() -> None:
    state = RiskState(rates={"EUR": D(3)})
    open_account(state, opened())
    second = holding_of(state, "other", "BTC-EUR", D(1), D(1))
    second.position, second.cost = D(5), D(1)
    third = holding_of(state, "paper", "ETH-EUR", D(1), D(1))
    third.position, third.cost = D(5), D(1)
    marks = (MarkTaken("BTC-EUR", D(9), D(11), START + 1), MarkTaken("XRP-EUR", D(1), D(2), START + 2))
    take_marks(state, MarksTaken(marks))
    assert state.marks["BTC-EUR"] == KnownMark(D(9), D(11), START + 1)
    assert state.marks["XRP-EUR"] == KnownMark(D(1), D(2), START + 2)
    assert (state.holdings[LISTING].value, second.value) == (D(-132), D(45))
    assert (second.cost, third.value) == (D(1), D(0)), "refreshed by no mark of its own"
    assert state.totals.value == D(-87)


def test_the_open_profit_is_the_value_of_all_positions_less_what_they_cost() -> None:
    state = RiskState()
    assert unrealised(state) == 0
    assert isinstance(unrealised(state), Decimal)
    for number, cost in ((1, D(40)), (2, D(-10))):
        holding_of(state, "paper", f"S{number}", D(1)).cost = cost
    state.totals.value = D(50)
    assert unrealised(state) == D(20)
    state.totals.unvalued["paper/S1"] = None
    assert unrealised(state) is None


def rated(state: RiskState, eur: str, **listings: str) -> None:
    """Take a rate of EUR, with the listings quoted in it (paper's, or as named)."""
    names = {name.replace("_", "-"): D(rate) for name, rate in listings.items()}
    changes = {f"paper/{name}": rate for name, rate in names.items()}
    take_rates(state, RatesTaken("USDT", {"EUR": D(eur)}, changes, START))


def test_new_rates_revalue_balances_positions_and_reservations() -> None:
    state = desk()
    other = holding_of(state, "paper", "BTC-USDT", D(1), D(1))
    other.buys, other.buys_value = D(6), D(360)
    state.totals.buys_value += D(360)
    state.reservations["i2"] = reservation("paper/BTC-USDT")
    state.marks["BTC-EUR"] = KnownMark(D(9), D(11), START)
    booked(state)
    fees = state.holdings[LISTING].fees
    rated(state, "4", BTC_USDT="1", XRP_EUR="4", BTC_EUR="4")
    holding = state.holdings[LISTING]
    assert state.rates == {"EUR": D(4), "BNB": D(7)}
    assert (holding.rate, holding.cost, holding.fees) == (D(4), D(240), fees), "costs stay what they were"
    assert holding.value == D(4) * 9 * 2 * 4
    assert state.reservations["i1"].unit_value == D(80)
    assert (holding.buys, holding.buys_value) == (D(2), D(160))
    assert state.reservations["i2"].unit_value == D(60), "another currency's"
    assert state.totals.buys_value == D(520)
    assert state.totals.cash == D(500) + D(915) * 4 + D(63)
    assert state.revalued == D(915)
    assert "paper/XRP-EUR" not in state.holdings
    assert (state.holdings, state.totals) == recompute(state, "USDT")


def test_revaluations_add_up_and_raise_the_peak() -> None:
    state = desk()
    rated(state, "4", BTC_EUR="4")
    assert (state.revalued, state.nav, state.peak) == (D(1000), D(4563), D(4563))
    rated(state, "3.5", BTC_EUR="3.5")
    assert (state.revalued, state.nav, state.peak) == (D(500), D(4063), D(4563))


def test_a_reservation_is_never_revalued_to_less_than_it_is_worth() -> None:
    state = desk()
    state.reservations["i1"].unit_value = D(10)
    rated(state, "1", BTC_EUR="1")
    assert state.reservations["i1"].unit_value == D("3.33333334")


def test_sums_over_nothing_are_amounts_too() -> None:
    """Totals are stored: an int among them would change their stored form."""
    _, totals = recompute(RiskState(), "USDT")
    assert all(isinstance(amount, Decimal) for amount in (totals.cash, totals.buys_value))


def test_all_that_came_without_a_rate_is_deposited_at_its_first() -> None:
    """In two currencies and at two venues at once; what has no rate yet waits on."""
    state = RiskState()
    state.accounts["paper"] = Account({"EUR": D(10), "BNB": D(2)}, True, unvalued={"EUR": D(10), "BNB": D(2)})
    state.accounts["other"] = Account({"EUR": D(1), "XYZ": D(5)}, True, unvalued={"EUR": D(1), "XYZ": D(5)})
    take_rates(state, RatesTaken("USDT", {"EUR": D(3), "BNB": D(100)}, {}, START))
    assert (state.deposits, state.revalued, state.totals.cash) == (D(233), D(0), D(233))
    assert [each.unvalued for each in state.accounts.values()] == [{}, {"XYZ": D(5)}]


@pytest.mark.parametrize(("peak", "expected"), [("0", "10"), ("-1", "10"), ("1", "1"), ("4", "10")])
def test_nothing_is_out_of_proportion_to_a_peak_that_is_no_money(peak: str, expected: str) -> None:
    state = RiskState(peak=D(peak), accounts={"paper": Account({"USDT": D(10)}, True)})
    state.totals.cash = D(10)
    note_peak(state)
    assert state.peak == D(expected)
