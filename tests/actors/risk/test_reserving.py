"""What each step of a reservation's life makes of the state, amount by amount, with odd rates and multipliers."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from actors.risk.exposure import (
    in_base,
    open_worth,
    open_worths,
    recompute,
    refresh,
    symbol_exposure,
    valued,
)
from actors.risk.reservations import (
    await_final,
    consume,
    holding_of,
    release,
    remember,
    reopen,
    reserve,
)
from actors.risk.state import CLOSED_REMEMBERED, Holding, KnownMark, RiskState
from messages.intents import Purpose, Side, Verdict
from messages.portfolio import IntentDecided
from messages.reasons import Reason
from tests.actors.risk.books import LISTING, reservation
from tests.actors.risk.desk import BUY, SELL, START, D

pytestmark = pytest.mark.unit

APPROVED = IntentDecided(
    intent_id="i1",
    requester="strategy/BTC",
    strategy="ema",
    venue="paper",
    symbol="BTC-EUR",
    side=BUY,
    purpose=Purpose.ENTRY,
    requested=D(9),
    quantity=D(6),
    price=D(10),
    multiplier=D(2),
    verdict=Verdict.RESIZED,
    reason=Reason.ACCEPTED,
    mode_version=0,
    increases_exposure=True,
    submit_id="risk#1",
    checks=(),
    time=START,
    rate=D(3),
)
"""Six of nine wanted, at 10 EUR, two base units each, a EUR worth 3: 60 in base currency for each unit."""


def reserved(**changes: object) -> RiskState:
    state = RiskState()
    reserve(state, msgspec.structs.replace(APPROVED, **changes), flattening=False)
    return state


def open_orders(state: RiskState) -> tuple[Decimal, Decimal, Decimal, Decimal]:
    holding = state.holdings[LISTING]
    return holding.buys, holding.buys_value, holding.sells, holding.sells_value


def test_a_stop_that_only_reduces_takes_no_room_whatever_becomes_of_it() -> None:
    state = reserved(side=SELL, purpose=Purpose.PROTECTIVE, increases_exposure=False)
    assert open_orders(state) == (0, 0, 0, 0)
    assert state.reservations["i1"].remaining == 6
    consume(state, "i1", "paper/f1", D(2))
    release(state, "i1")
    assert open_orders(state) == (0, 0, 0, 0)
    reopen(state, "i1")
    assert (open_orders(state), state.reservations["i1"].remaining) == ((0, 0, 0, 0), 4)


def test_a_long_of_one_unit_counts_beside_a_smaller_order_that_sells() -> None:
    state = reserved(side=SELL, quantity=D("0.5"))
    state.marks["BTC-EUR"] = KnownMark(D(8), D(11), START)
    state.holdings[LISTING].position = D(1)
    refresh(state, LISTING)
    assert state.totals.exposure == D(66)


def test_a_scan_passes_over_what_takes_no_room_and_goes_on() -> None:
    state = reserved(side=SELL, purpose=Purpose.PROTECTIVE, increases_exposure=False)
    reserve(state, msgspec.structs.replace(APPROVED, intent_id="i2"), flattening=False)
    assert open_orders(state) == (6, 360, 0, 0)
    assert recompute(state, "USDT") == (state.holdings, state.totals)


def test_a_protective_order_that_may_increase_exposure_counts() -> None:
    state = reserved(side=SELL, purpose=Purpose.PROTECTIVE, increases_exposure=True)
    assert open_orders(state)[2] == 6


def test_an_approval_is_set_aside_in_base_currency() -> None:
    state = reserved()
    assert state.reservations == {"i1": reservation()}
    assert state.submissions == {"risk#1": "i1"}
    assert open_orders(state) == (D(6), D(360), D(0), D(0))
    assert (state.totals.buys_value, state.totals.exposure) == (D(360), D(360))
    assert list(state.totals.active) == [LISTING]
    holding = state.holdings[LISTING]
    assert (holding.venue, holding.symbol, holding.multiplier, holding.rate) == ("paper", "BTC-EUR", 2, 3)
    assert state.listings == {"BTC-EUR": {LISTING: None}}


def test_sells_are_set_aside_on_their_own_side_and_cost_no_cash() -> None:
    state = reserved(side=SELL)
    assert open_orders(state) == (D(0), D(0), D(6), D(360))
    assert (state.totals.buys_value, state.totals.exposure) == (D(0), D(360))
    release(state, "i1")
    assert open_orders(state) == (D(0), D(0), D(0), D(0))


@pytest.mark.parametrize(
    "changes",
    [
        {"verdict": Verdict.REJECTED},
        {"submit_id": None},
        {"verdict": Verdict.REJECTED, "submit_id": None},
    ],
)
def test_what_is_not_sent_on_is_not_set_aside(changes: dict[str, object]) -> None:
    assert reserved(**changes) == RiskState()


@pytest.mark.parametrize("flattening", [True, False])
def test_what_closes_a_position_by_command_is_marked(flattening: bool) -> None:
    state = RiskState()
    reserve(state, APPROVED, flattening=flattening)
    assert state.reservations["i1"].flattening is flattening


def test_two_intents_of_a_listing_share_its_book() -> None:
    state = reserved()
    book = state.holdings[LISTING]
    second = msgspec.structs.replace(APPROVED, intent_id="i2", submit_id="risk#2", quantity=D(1))
    reserve(state, second, flattening=False)
    assert state.holdings == {LISTING: book}
    assert open_orders(state) == (D(7), D(420), D(0), D(0))
    assert state.submissions == {"risk#1": "i1", "risk#2": "i2"}


def test_the_listings_of_a_symbol_are_known_by_it() -> None:
    state = RiskState()
    first = holding_of(state, "paper", "BTC-EUR", D(2), D(3))
    holding_of(state, "other", "BTC-EUR", D(1))
    assert holding_of(state, "paper", "BTC-EUR", D(5), D(7)) is first
    assert first == Holding(venue="paper", symbol="BTC-EUR", multiplier=D(2), rate=D(3))
    assert state.holdings["other/BTC-EUR"].rate == D(1)
    assert state.listings == {"BTC-EUR": {LISTING: None, "other/BTC-EUR": None}}


def test_fills_wear_it_down_as_far_as_there_is_something_left() -> None:
    state = reserved()
    consume(state, "i1", "paper/f1", D(4))
    assert open_orders(state) == (D(2), D(120), D(0), D(0))
    consume(state, "i1", "paper/f2", D(5))
    assert open_orders(state) == (D(0), D(0), D(0), D(0))
    assert state.totals.buys_value == D(0)
    wanted = state.reservations["i1"]
    assert (wanted.booked, wanted.remaining, list(wanted.fills)) == (D(9), D(0), ["paper/f1", "paper/f2"])


def test_a_fill_after_the_end_is_counted_and_frees_nothing() -> None:
    state = reserved()
    release(state, "i1")
    consume(state, "i1", "paper/f1", D(4))
    assert (state.closed["i1"].booked, list(state.closed["i1"].fills)) == (D(4), ["paper/f1"])
    assert open_orders(state) == (D(0), D(0), D(0), D(0))


def test_the_end_frees_what_is_left_and_forgets_the_submission() -> None:
    state = reserved()
    consume(state, "i1", "paper/f1", D(4))
    await_final(state, "i1", D(4))
    assert state.reservations["i1"].final_filled == D(4)
    release(state, "i1")
    assert open_orders(state) == (D(0), D(0), D(0), D(0))
    assert (state.totals.buys_value, state.totals.exposure, state.totals.active) == (D(0), D(0), {})
    assert (state.reservations, state.submissions, list(state.closed)) == ({}, {}, ["i1"])


def test_the_end_may_come_when_the_submission_is_gone() -> None:
    state = reserved()
    state.submissions.clear()
    release(state, "i1")
    assert (state.reservations, list(state.closed)) == ({}, ["i1"])


def test_what_lives_again_is_set_aside_again_without_its_end() -> None:
    state = reserved()
    consume(state, "i1", "paper/f1", D(4))
    await_final(state, "i1", D(4))
    release(state, "i1")
    reopen(state, "i1")
    assert open_orders(state) == (D(2), D(120), D(0), D(0))
    assert (list(state.reservations), state.closed) == (["i1"], {})
    assert state.reservations["i1"].final_filled is None
    assert state.totals.exposure == D(120)


def test_open_orders_are_worth_what_is_set_aside_and_never_less_than_the_ask() -> None:
    state = reserved()
    for intent_id, changes in (("i2", {"side": SELL, "quantity": D(4)}), ("i3", {"symbol": "ETH-EUR"})):
        reserve(state, msgspec.structs.replace(APPROVED, intent_id=intent_id, **changes), flattening=False)
    assert open_worths(state, LISTING) == (D(360), D(240)), "without a mark"
    for ask, buys, sells in ((9, 360, 240), (11, 396, 264)):
        state.marks["BTC-EUR"] = KnownMark(D(8), D(ask), START)
        assert open_worths(state, LISTING) == (D(buys), D(sells)), "11 times 2 times 3 is 66 for each unit"
    assert (open_worth(state, BUY), open_worth(state, SELL)) == (D(396 + 360), D(264))
    release(state, "i2")
    assert open_worths(state, LISTING) == (D(396), D(0))
    release(state, "i1")
    assert open_worths(state, LISTING) == (D(0), D(0))


def test_open_orders_are_counted_through_end_and_return() -> None:
    state = reserved()
    reserve(state, msgspec.structs.replace(APPROVED, intent_id="i2", submit_id="risk#2"), flattening=False)
    holding = state.holdings[LISTING]
    counts = [holding.orders]
    for change in (release, reopen):
        change(state, "i1")
        counts.append(holding.orders)
    assert counts == [2, 1, 2]


def test_the_intent_that_ended_longest_ago_is_forgotten_first() -> None:
    state = RiskState()
    for number in range(CLOSED_REMEMBERED):
        remember(state, str(number), reservation())
    assert next(iter(state.closed)) == "0"
    last = reservation()
    remember(state, "last", last)
    assert len(state.closed) == CLOSED_REMEMBERED
    assert (next(iter(state.closed)), state.closed["last"]) == ("1", last)


# ---------------------------------------------------------------- what it is worth


@pytest.mark.parametrize(
    ("position", "side", "exposure", "value"),
    [
        ("0", BUY, "396", "0"),
        ("5", BUY, "726", "270"),
        ("-5", BUY, "330", "-330"),
        ("-5", SELL, "726", "-330"),
    ],
)
def test_exposure_and_value_are_in_base_currency(
    position: str, side: Side, exposure: str, value: str
) -> None:
    """A unit is worth 66 at the ask of 11 and 54 at the bid of 9; the six ordered at 60 are worth the ask as well."""
    state = reserved(side=side)
    state.marks["BTC-EUR"] = KnownMark(D(9), D(11), START)
    state.holdings[LISTING].position = D(position)
    refresh(state, LISTING)
    assert state.holdings[LISTING].exposure == state.totals.exposure == D(exposure)
    assert state.holdings[LISTING].value == state.totals.value == D(value)


def test_a_position_without_a_mark_is_worth_nothing_known_and_its_orders_what_they_were() -> None:
    state = reserved()
    state.holdings[LISTING].position = D(5)
    refresh(state, LISTING)
    assert (state.holdings[LISTING].value, state.totals.value) == (None, D(0))
    assert list(state.totals.unvalued) == list(state.totals.active) == [LISTING]
    assert state.totals.exposure == D(360)
    state.marks["BTC-EUR"] = KnownMark(D(9), D(11), START)
    refresh(state, LISTING)
    assert state.totals.unvalued == {}
    assert state.totals.value == D(270)


@pytest.mark.parametrize(
    ("position", "expected"), [("4", "216"), ("-4", "-264"), ("0", "0"), ("0.5", "27"), ("-0.5", "-33")]
)
def test_a_long_is_worth_the_bid_and_a_short_the_ask(position: str, expected: str) -> None:
    assert valued(D(position), D(9), D(11), D(6)) == D(expected)


def test_balances_are_worth_what_their_rates_say_and_those_without_one_are_not_counted() -> None:
    rates = {"EUR": D(3), "BNB": D(7)}
    assert in_base({"USDT": D(5), "EUR": D(2), "XRP": D(100)}, rates, "USDT") == D(11)
    assert in_base({"EUR": D(2), "BNB": D(-1)}, rates, "USDT") == D(-1)
    assert in_base({}, rates, "USDT") == D(0)


def test_the_exposure_to_a_symbol_that_nobody_listed_is_an_amount_too() -> None:
    assert isinstance(symbol_exposure(RiskState(), "BTC-EUR"), Decimal)
