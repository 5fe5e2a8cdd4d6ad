"""Money from outside: it moves the balance and what was deposited, never the profit; peak and anchors follow."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.risk import modes
from actors.risk.books.entries import EntryKind, Ledger
from actors.risk.books.statement import statement
from actors.risk.books.transfers import after_flow, moved
from actors.risk.exposure import recompute
from actors.risk.facts import drawdown, loss_of_day
from actors.risk.state import TRANSFERS_REMEMBERED, Capital
from messages.account_events import AccountSeeded
from messages.control import Mode, Resume
from messages.portfolio import CapitalCheckpointed, CapitalCode
from messages.reasons import Reason
from messages.transfers import RecordTransfer, Transfer, TransferBooked, TransferRefused
from tests.actors.risk import desk as bench
from tests.actors.risk.desk import BUY, SELL, Amount, D, Desk, limits, ready

pytestmark = pytest.mark.unit


def tell(desk: Desk, amount: Amount, transfer_id: str = "t1", currency: str = "USDT") -> None:
    """The venue tells of money moved."""
    told = Transfer(transfer_id, "paper", currency, D(amount), "TRANSFER", desk.ctx.now)
    desk.give(told, "execution/paper")


def record(desk: Desk, amount: Amount, transfer_id: str = "", venue: str = "paper") -> None:
    """An operator says so."""
    desk.give(RecordTransfer("anna", venue, "USDT", D(amount), "from the bank", transfer_id))


def lost(desk: Desk, amount: int) -> Desk:
    """Lose so much: in fees, which move no mark."""
    desk.trade(BUY, 1, 100, fee=amount)
    return desk


# ---------------------------------------------------------------- booking


@pytest.mark.parametrize("amount", [5_000, -5_000])
def test_a_transfer_moves_cash_and_deposits_and_no_profit(amount: int) -> None:
    desk = ready(cash=10_000)
    tell(desk, amount)
    state = desk.risk.state
    [booked] = desk.events(TransferBooked)
    assert (booked.cash, booked.value, booked.rate, booked.nav) == (
        D(10_000 + amount),
        D(amount),
        1,
        D(10_000),
    )
    assert (booked.by, booked.note) == ("", "TRANSFER")
    assert state.accounts["paper"].balances == {"USDT": D(10_000 + amount)}
    assert desk.nav == state.deposits == D(10_000 + amount)
    assert loss_of_day(state) == drawdown(state) == 0
    assert recompute(state, "USDT") == (state.holdings, state.totals)
    found = statement(state).average
    assert found is not None
    assert (found.deposits, found.profit, found.difference) == (amount, 0, 0)
    assert desk.replayed().state == state


def test_what_an_operator_records_is_journalled_with_who_and_why() -> None:
    desk = ready()
    record(desk, "250.5", "bank-7")
    [booked] = desk.events(TransferBooked)
    assert (booked.by, booked.note, booked.transfer_id) == ("anna", "from the bank", "bank-7")
    assert (booked.event_time, booked.time) == (desk.ctx.now, desk.ctx.now)
    assert desk.nav == D("100250.5")


def test_a_record_without_an_id_takes_that_of_its_message() -> None:
    desk = ready()
    record(desk, 1)
    record(desk, 1)
    assert desk.nav == D(100_002)
    assert len(desk.risk.state.accounts["paper"].transfers) == 2


def test_whoever_tells_it_a_transfer_counts_once() -> None:
    desk = ready()
    tell(desk, 100, "t9")
    record(desk, 100, "t9")
    [refused] = desk.events(TransferRefused)
    assert (refused.reason, refused.by) == (Reason.TRANSFER_KNOWN, "anna")
    tell(desk, 100, "t9")
    assert desk.last_events == []
    record(desk, 50, "t10")
    tell(desk, 50, "t10")
    assert desk.nav == D(100_150)


@pytest.mark.parametrize(
    ("amount", "venue", "reason"),
    [
        (1, "elsewhere", Reason.ACCOUNT_NOT_OPEN),
        (0, "paper", Reason.INTENT_MALFORMED),
        ("NaN", "paper", Reason.INTENT_MALFORMED),
        ("Infinity", "paper", Reason.INTENT_MALFORMED),
    ],
)
def test_what_can_not_be_is_refused_with_its_reason(amount: Amount, venue: str, reason: Reason) -> None:
    desk = ready()
    before = desk.packed()
    record(desk, amount, venue=venue)
    [refused] = desk.events(TransferRefused)
    assert refused.reason is reason
    assert desk.packed() == before


def test_what_was_moved_before_the_account_was_found_is_contained_in_it() -> None:
    desk = Desk()
    record(desk, 500)
    assert desk.events(TransferRefused)
    tell(desk, 500)
    desk.give(AccountSeeded("paper", {"USDT": D(1_500)}, {}), "execution/paper")
    assert desk.nav == desk.risk.state.deposits == D(1_500)


def test_only_the_latest_ids_are_kept() -> None:
    desk = ready()
    for number in range(TRANSFERS_REMEMBERED + 5):
        tell(desk, 1, f"t{number}")
    known = desk.risk.state.accounts["paper"].transfers
    assert len(known) == TRANSFERS_REMEMBERED
    assert f"t{TRANSFERS_REMEMBERED + 4}" in known


def test_a_transfer_in_a_currency_without_a_rate_reduces_and_is_never_valued_at_nothing() -> None:
    desk = ready()
    tell(desk, 2, currency="XYZ")
    [booked] = desk.events(TransferBooked)
    assert (booked.rate, booked.value, booked.cash) == (None, None, 2)
    assert desk.mode is Mode.REDUCE
    assert list(desk.risk.state.sources) == [modes.FEE_CONVERSION + "XYZ"]
    assert desk.nav == desk.risk.state.deposits == D(100_000)


def test_a_transfer_in_another_currency_counts_at_its_rate() -> None:
    desk = Desk(bench.settings(rates={"EUR": D("1.25")})).seed().mark()
    tell(desk, 100, currency="EUR")
    assert desk.nav == desk.risk.state.deposits == D(100_125)
    assert desk.risk.state.accounts["paper"].balances["EUR"] == 100


# ---------------------------------------------------------------- peak and anchors


@pytest.mark.parametrize(
    ("anchor", "flow", "nav", "after"),
    [
        (100, 100, 96, "204.166666666667"),
        (100, -90, 96, "6.25"),
        (100, -96, 96, 4),
        (100, -200, 96, -100),
        (100, 50, None, 150),
        (100, 50, 0, 150),
        (100, 50, -1, 150),
        (None, 50, 96, None),
    ],
)
def test_an_anchor_moves_in_proportion_or_where_there_is_none_by_the_amount(
    anchor: int | None, flow: int, nav: int | None, after: Amount | None
) -> None:
    found = moved(None if anchor is None else D(anchor), D(flow), None if nav is None else D(nav))
    assert found == (None if after is None else D(after))


@pytest.mark.parametrize("flow", [-90_000, -1_000, 1, 900_000])
def test_a_flow_leaves_the_fall_from_the_peak_and_the_loss_of_the_day_the_part_they_were(flow: int) -> None:
    desk = lost(ready(), 4_000)
    state = desk.risk.state
    assert (desk.nav, state.peak, state.day_anchor) == (D(96_000), D(100_000), D(100_000))
    tell(desk, flow)
    for anchor in (state.peak, state.day_anchor, state.week_anchor):
        assert anchor is not None
        assert desk.nav is not None
        assert (anchor - desk.nav) / anchor == pytest.approx(D("0.04"), abs=D("1e-12"))
    assert desk.mode is Mode.NORMAL


def test_a_withdrawal_halts_nobody_and_a_deposit_heals_no_drawdown() -> None:
    careful = limits(drawdown_reduce=D("0.05"), drawdown_halt=D("0.1"), daily_loss_limit=D("0.05"))
    desk = lost(ready(careful), 4_900)
    tell(desk, -90_000)
    assert desk.mode is Mode.NORMAL
    lost(desk, 10)
    assert desk.mode is Mode.REDUCE, "another tenth of a percent of what is left"
    tell(desk, 1_000_000, "t2")
    assert desk.mode is Mode.REDUCE
    assert {modes.DRAWDOWN, modes.DAILY_LOSS} <= set(desk.risk.state.sources)


def test_a_large_deposit_is_no_anomaly_of_nav() -> None:
    desk = ready(cash=1_000)
    tell(desk, 9_000)
    assert (desk.mode, desk.risk.state.peak) == (Mode.NORMAL, D(10_000))


def test_all_money_withdrawn_is_no_drawdown() -> None:
    desk = ready(limits(drawdown_reduce=D("0.01"), drawdown_halt=D("0.01"), daily_loss_limit=D("0.01")))
    tell(desk, -100_000)
    assert (desk.nav, desk.risk.state.peak, desk.mode) == (0, 0, Mode.NORMAL)


def test_a_withdrawal_that_leaves_too_little_for_what_is_held_reduces_in_the_same_step() -> None:
    desk = ready(limits(max_symbol_exposure=D("0.2"), max_gross_exposure=D("0.5")))
    desk.trade(BUY, 100)
    assert desk.mode is Mode.NORMAL
    tell(desk, -90_000)
    assert desk.mode is Mode.REDUCE
    assert modes.EXPOSURE + "BTC-USDT" in desk.risk.state.sources


# ---------------------------------------------------------------- capital


@pytest.mark.parametrize(
    ("flow", "capital", "treasury"), [(100, 1100, 50), (-30, 1000, 20), (-50, 1000, 0), (-80, 970, 0)]
)
def test_a_deposit_is_capital_and_a_withdrawal_is_the_treasury_s_first(
    flow: int, capital: int, treasury: int
) -> None:
    after = after_flow(Capital(D(1000), D(50), D(7), 3), D(flow))
    assert after == Capital(D(capital), D(treasury), D(7), 3)


def test_capital_that_was_never_counted_stays_so() -> None:
    assert after_flow(Capital(), D(-5)) == Capital()


def financed() -> Desk:
    return Desk(bench.settings(limits(self_financing=True))).seed(1000).mark()


def next_day(desk: Desk) -> list[CapitalCheckpointed]:
    desk.ctx.now = desk.risk.state.day_ends_at
    desk.mark()
    return desk.events(CapitalCheckpointed)


def test_a_checkpoint_splits_the_profit_and_no_deposit() -> None:
    desk = financed()
    tell(desk, 500)
    desk.trade(BUY, 1, 100)
    desk.trade(SELL, 1, 110)
    tell(desk, -200, "t2")
    (told,) = next_day(desk)
    assert (told.code, told.capital, told.treasury, told.realised) == (CapitalCode.SPLIT, 1306, 4, 10)
    assert told.capital + told.treasury == desk.nav
    assert next_day(desk) == []


def test_profits_set_aside_can_be_taken_out_without_touching_capital() -> None:
    desk = financed()
    desk.trade(BUY, 1, 100)
    desk.trade(SELL, 1, 110)
    next_day(desk)
    record(desk, -4)
    assert desk.risk.state.capital == Capital(D(1006), D(0), D(10), 2)
    assert desk.mode is Mode.NORMAL


def test_more_taken_out_than_capital_and_treasury_reduces_until_a_person_looks() -> None:
    desk = financed()
    desk.trade(BUY, 1, 100)
    desk.mark(bid=900)
    tell(desk, -1_500)
    assert desk.risk.state.capital.capital == -500
    assert desk.risk.state.sources[modes.CAPITAL].mode is Mode.REDUCE
    desk.give(Resume("anna", "seen"))
    assert modes.CAPITAL not in desk.risk.state.sources
    tell(desk, 100, "t2")
    assert modes.CAPITAL not in desk.risk.state.sources, "what comes in is no cause"


# ---------------------------------------------------------------- entries


def test_a_transfer_is_one_entry_between_cash_and_capital() -> None:
    desk = ready()
    tell(desk, -40, "t7")
    ledger = Ledger()
    entries = [entry for event in desk.journal for entry in ledger.post(event)]
    assert (entries[-1].id, entries[-1].kind) == ("transfer:paper/t7", EntryKind.TRANSFER)
    assert entries[-1].unbalanced() == {}
    assert ledger.shown("cash/paper", "USDT") == -ledger.shown("capital/paper", "USDT") == D(99_960)


@pytest.mark.property
@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(-5_000_000, 5_000_000).filter(bool), min_size=1, max_size=12))
def test_flows_alone_never_make_a_loss_or_a_profit(cents: list[int]) -> None:
    desk = ready()
    desk.trade(BUY, 3, 100)
    for number, each in enumerate(cents):
        tell(desk, D(each) / 100, f"t{number}")
        state = desk.risk.state
        assert (
            desk.nav == state.deposits == 100_000 + sum((D(one) for one in cents[: number + 1]), D(0)) / 100
        )
        if desk.nav > 0:
            assert drawdown(state) == pytest.approx(Decimal(0), abs=D("1e-9"))
        else:
            break
