"""Entries in two columns: each adds up to nothing, together they show what the books show, each is there once."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.risk.books.entries import Entry, EntryKind, Ledger, Leg
from messages import codec
from messages.account_events import Funding, PositionCorrected
from messages.base import Message
from messages.reasons import Reason
from tests.actors.risk import sessions
from tests.actors.risk.desk import BUY, SELL, D, Desk, instrument, ready
from tests.actors.risk.desk import settings as risk_settings

pytestmark = pytest.mark.unit


def read(journal: list[Message]) -> tuple[Ledger, list[Entry]]:
    ledger = Ledger()
    return ledger, [entry for event in journal for entry in ledger.post(event)]


def legs(entry: Entry) -> dict[str, str]:
    return {f"{leg.account} {leg.unit}": str(leg.amount) for leg in entry.legs}


def test_a_fill_moves_cash_and_units_and_its_fee_is_an_entry_of_its_own() -> None:
    desk = ready()
    desk.trade(BUY, 2, 100, fee="0.1")
    ledger, (opening, fill, fee) = read(desk.journal)
    assert (opening.kind, opening.id) == (EntryKind.TRANSFER, "opening:paper")
    assert legs(opening) == {"cash/paper USDT": "100000", "capital/paper USDT": "-100000"}
    assert fill.kind is EntryKind.FILL
    assert legs(fill) == {
        "position/paper/BTC-USDT BTC-USDT": "2",
        "trading/paper/BTC-USDT BTC-USDT": "-2",
        "cash/paper USDT": "-200",
        "trading/paper/BTC-USDT USDT": "200",
    }
    assert (fee.kind, fee.id) == (EntryKind.FEE, fill.id.replace("fill:", "fee:"))
    assert legs(fee) == {"fees/paper USDT": "0.1", "cash/paper USDT": "-0.1"}
    assert ledger.shown("cash/paper", "USDT") == D("99799.9")


def test_a_fee_in_another_currency_is_taken_from_that_currency() -> None:
    desk = ready().seed()
    desk.fill("unknown", BUY, 1, 100, "0.5", fee_currency="BNB")
    _, entries = read(desk.journal)
    assert legs(entries[-1]) == {"fees/paper BNB": "0.5", "cash/paper BNB": "-0.5"}


def test_funding_and_corrections_have_kinds_of_their_own() -> None:
    desk = ready()
    desk.trade(BUY, 2, 100)
    desk.give(Funding("p1", "paper", "BTC-USDT", "USDT", D(-3), D("0.0001"), desk.ctx.now))
    corrected = PositionCorrected(
        correction_id="c1",
        venue="paper",
        symbol="BTC-USDT",
        strategy="",
        owner="",
        side=SELL,
        quantity=D(1),
        price=D(100),
        of_account=True,
        reason=Reason.OPERATOR,
        event_time=desk.ctx.now,
    )
    desk.give(corrected)
    _, entries = read(desk.journal)
    assert [entry.kind for entry in entries[-2:]] == [EntryKind.FUNDING, EntryKind.CORRECTION]
    assert legs(entries[-2]) == {"cash/paper USDT": "-3", "funding/paper/BTC-USDT USDT": "3"}


def test_an_exchange_of_currencies_makes_no_position() -> None:
    pair = instrument("USDC-USDT", spot=True, converts=True)
    desk = Desk(risk_settings(instruments=(pair,), rates={"USDC": D(1)})).seed(1000)
    desk.fill("unknown", BUY, 10, "1.01", symbol="USDC-USDT")
    ledger, entries = read(desk.journal)
    assert entries[-1].kind is EntryKind.CONVERSION
    assert ledger.shown("cash/paper", "USDC") == D(10)
    assert ledger.shown("cash/paper", "USDT") == D("989.9")


def test_what_was_booked_before_the_account_was_found_is_contained_in_what_was_found() -> None:
    desk = Desk()
    desk.fill("unknown", BUY, 1, 105)
    desk.seed(1000, BTC_USDT="3")
    ledger, entries = read(desk.journal)
    assert entries[-1].id == "opening:paper"
    assert ledger.shown("cash/paper", "USDT") == D(1000)
    assert ledger.shown("position/paper/BTC-USDT", "BTC-USDT") == D(3)
    assert ledger.shown("capital/paper", "USDT") == D(-1105)


def test_an_event_read_twice_is_posted_once() -> None:
    desk = ready()
    desk.trade(BUY, 2, 100, fee="0.1")
    ledger, entries = read(desk.journal)
    before = dict(ledger.accounts)
    assert [ledger.post(event) for event in desk.journal] == [()] * len(desk.journal)
    assert ledger.accounts == before
    assert len({entry.id for entry in entries}) == len(entries)


def test_an_entry_that_does_not_add_up_says_by_how_much() -> None:
    leg = Leg("cash/paper", "USDT", D(5))
    entry = Entry("x", EntryKind.FILL, 0, "paper", "", "", (leg, msgspec.structs.replace(leg, amount=D(-3))))
    assert entry.unbalanced() == {"USDT": D(2)}


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32))
def test_every_entry_adds_up_and_all_of_them_show_what_the_books_show(seed: int) -> None:
    world = sessions.run(seed)
    stored = [codec.decode(codec.encode(event)) for event in world.desk.journal]
    ledger, entries = read(stored)
    assert [entry.unbalanced() for entry in entries] == [{}] * len(entries)
    assert not any(ledger.trial_balance().values())
    for venue, account in world.state.accounts.items():
        for currency, amount in account.balances.items():
            assert ledger.shown(f"cash/{venue}", currency) == amount
    for listing, holding in world.state.holdings.items():
        assert ledger.shown(f"position/{listing}", holding.symbol) == holding.position
    kinds = {entry.kind for entry in entries}
    assert EntryKind.TRANSFER in kinds
