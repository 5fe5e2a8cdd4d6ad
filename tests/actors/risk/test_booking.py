"""What one fill makes of the books, amount by amount, with odd rates and multipliers."""

from __future__ import annotations

from decimal import ROUND_UP, Context, localcontext

import pytest

from actors.risk.ledger import booking, external_fill, fill_key, post
from actors.risk.state import Account, Book, Reservation, RiskState, StrategyHolding
from messages.account_events import ExternalActivity
from messages.intents import Side
from messages.orders import Liquidity, OrderState
from messages.portfolio import FillBooked, Posting
from messages.venue import VenueFill
from tests.actors.risk.books import CONTRACT, FILL, LISTING, booked, desk, fill
from tests.actors.risk.desk import BUY, SELL, START, D

pytestmark = pytest.mark.unit


# ---------------------------------------------------------------- what a fill is booked as


def test_a_fill_of_an_order_nobody_asked_for_carries_all_that_the_venue_told() -> None:
    seen = VenueFill("f1", D(10), D(4), D(5), "EUR", Liquidity.MAKER)
    activity = ExternalActivity(
        "paper", "c1", "v1", "BTC-EUR", SELL, OrderState.FILLED, D(4), seen, False, START
    )
    assert external_fill(activity, seen) == fill(
        strategy="", intent_id="external/v1", side=SELL, liquidity=Liquidity.MAKER
    )


def test_a_fill_is_named_by_its_venue() -> None:
    assert fill_key(FILL) == "paper/f1"


def test_a_fill_is_booked_in_its_own_currency_and_valued_in_the_base_currency() -> None:
    event = booking(desk(), FILL, CONTRACT, "USDT", START + 7)
    posting = Posting(D(4), D(240), D(15), D(0), D(0))
    assert event == FillBooked(
        fill_id="f1",
        intent_id="i1",
        requester="strategy/BTC",
        strategy="ema",
        venue="paper",
        symbol="BTC-EUR",
        side=BUY,
        price=D(10),
        quantity=D(4),
        multiplier=D(2),
        fee=D(5),
        fee_currency="EUR",
        currency="EUR",
        cash=D(915),
        opening_value=None,
        desk=posting,
        own=posting,
        time=START + 7,
        rate=D(3),
        fee_rate=None,
        closed=(),
    )
    assert booking(desk(), fill(side=SELL), CONTRACT, "USDT", START).cash == D(1075)


@pytest.mark.parametrize(
    ("currency", "fee_rate", "open_fees"),
    [("BNB", "7", "35"), ("USDT", "1", "5"), ("XRP", None, "0")],
)
def test_a_fee_in_another_currency_costs_what_that_is_worth(
    currency: str, fee_rate: str | None, open_fees: str
) -> None:
    event = booking(desk(), fill(fee_currency=currency), CONTRACT, "USDT", START)
    assert event.cash == D(920), "the quote balance pays for the trade alone"
    assert event.fee_rate == (None if fee_rate is None else D(fee_rate))
    assert event.desk.open_fees == event.own.open_fees == D(open_fees)


def test_what_is_in_no_configured_symbol_counts_as_quoted_in_base_currency() -> None:
    event = booking(desk(), fill(fee_currency="USDT"), None, "USDT", START)
    assert (event.multiplier, event.rate, event.currency, event.fee_rate) == (D(1), D(1), "USDT", None)
    assert (event.cash, event.desk.cost, event.desk.open_fees) == (D(455), D(40), D(5))


def test_an_unknown_account_and_intent_begin_at_nothing() -> None:
    event = booking(RiskState(), FILL, CONTRACT, "USDT", START)
    assert (event.cash, event.requester) == (D(-85), "")


def test_an_intent_that_ended_still_says_who_wanted_the_fill() -> None:
    state = desk()
    state.closed["i1"] = state.reservations.pop("i1")
    assert booking(state, FILL, CONTRACT, "USDT", START).requester == "strategy/BTC"


def test_a_position_without_a_price_takes_the_fills_in_base_currency() -> None:
    state = desk()
    holding = state.holdings[LISTING]
    holding.position, holding.cost = D(6), None
    event = booking(state, FILL, CONTRACT, "USDT", START)
    assert event.opening_value == D(360)
    assert event.desk == Posting(D(10), D(600), D(15), D(0), D(0))
    assert event.own == Posting(D(4), D(240), D(15), D(0), D(0))


def test_a_fill_of_nothing_gives_no_position_a_price() -> None:
    unpriced = Book(position=D(3), cost=None)
    assert post(unpriced, BUY, D(0), D(0), D(0)) == Posting(D(3), D(0), D(0), D(0), D(0))


@pytest.mark.parametrize("side", [BUY, SELL])
def test_shares_are_rounded_half_to_even_whatever_the_thread_s_decimal_context_says(side: Side) -> None:
    held = Book(position=-side.sign * D(3), cost=-side.sign * D(1), open_fees=D(1))
    expected = post(held, side, D(1), D(1), D(0))
    assert abs(expected.cost) == D("0.666666666667")
    unpriced = Book(position=D(1), cost=None)
    with localcontext(Context(rounding=ROUND_UP)):
        assert post(held, side, D(1), D(1), D(0)) == expected
        assert post(unpriced, BUY, D(3), D(1), D(0)).cost == D("1.333333333333")


@pytest.mark.parametrize("side", [BUY, SELL])
def test_what_is_closed_whole_leaves_nothing_to_the_last_digit(side: Side) -> None:
    """Only shares are rounded; digits beyond that would stay behind in a flat book for ever."""
    dust = D("0.0000000000001")
    held = Book(position=-side.sign * D(3), cost=-side.sign * (D(10) + dust), open_fees=D(1) + dust)
    after = post(held, side, D(3), D(10) + 3 * dust, D(2) + dust)
    assert (after.position, after.cost, after.open_fees) == (D(0), D(0), D(0))
    assert after.realised == -side.sign * 2 * dust
    assert after.net == after.realised - D(3) - 2 * dust


# ---------------------------------------------------------------- the books afterwards


def test_a_fill_is_in_every_book_at_once() -> None:
    state = desk()
    booked(state)
    for found in (state.holdings[LISTING], state.strategies[f"ema/{LISTING}"]):
        assert (found.position, found.cost, found.open_fees, found.fees) == (D(4), D(240), D(15), D(15))
    assert state.strategies[f"ema/{LISTING}"] == StrategyHolding(
        strategy="ema",
        venue="paper",
        symbol="BTC-EUR",
        holder="strategy/BTC",
        position=D(4),
        cost=D(240),
        open_fees=D(15),
        fees=D(15),
    )
    assert state.accounts["paper"].balances == {"USDT": D(500), "EUR": D(915), "BNB": D(9)}
    assert state.totals.cash == D(3563) - D(255)
    wanted = state.reservations["i1"]
    assert (wanted.booked, wanted.remaining, list(wanted.fills)) == (D(4), D(2), ["paper/f1"])
    assert (state.holdings[LISTING].buys, state.holdings[LISTING].buys_value) == (D(2), D(120))
    assert state.totals.buys_value == D(120)


def test_profits_add_up_fill_by_fill() -> None:
    state = desk()
    booked(state)
    for number, price in ((2, 11), (3, 13)):
        booked(state, fill(fill_id=f"f{number}", side=SELL, quantity=D(2), price=D(price), fee=D(1)))
    for found in (state.holdings[LISTING], state.strategies[f"ema/{LISTING}"]):
        assert (found.position, found.cost, found.open_fees) == (D(0), D(0), D(0))
        assert (found.realised, found.fees, found.net) == (D(48), D(21), D(27))


@pytest.mark.parametrize(("currency", "left", "worth"), [("BNB", "4", "35"), ("XRP", "-5", "0")])
def test_a_fee_in_another_currency_leaves_that_balance(currency: str, left: str, worth: str) -> None:
    state = desk()
    booked(state, fill(fee_currency=currency))
    balances = state.accounts["paper"].balances
    assert (balances["EUR"], balances[currency]) == (D(920), D(left))
    assert state.totals.cash == D(3563) - D(240) - D(worth)
    assert state.holdings[LISTING].fees == D(worth)


def test_a_fill_of_a_forgotten_intent_is_remembered_with_nothing_reserved() -> None:
    state = desk()
    booked(state, fill(intent_id="long ago"))
    assert state.closed["long ago"] == Reservation(
        requester="",
        strategy="ema",
        listing=LISTING,
        side=BUY,
        quantity=D(0),
        unit_value=D(0),
        submit_id="",
        booked=D(4),
        fills={"paper/f1": None},
    )
    assert state.holdings[LISTING].buys == D(6), "what others have reserved stays"


def test_a_fill_of_an_ended_intent_is_not_a_new_one() -> None:
    state = desk()
    ended = state.closed["i1"] = state.reservations.pop("i1")
    booked(state)
    assert state.closed == {"i1": ended}
    assert ended.booked == D(4)


def test_a_fill_at_a_venue_that_was_never_seen_opens_its_books() -> None:
    state = RiskState()
    booked(state)
    assert state.accounts["paper"] == Account({"EUR": D(-85)}, False)
    assert state.totals.cash == D(-255)
    holding = state.holdings[LISTING]
    assert (holding.venue, holding.symbol, holding.multiplier, holding.rate) == ("paper", "BTC-EUR", 2, 3)
    assert state.listings == {"BTC-EUR": {LISTING: None}}


def test_the_price_that_a_fill_gives_to_a_position_found_is_no_profit() -> None:
    state = desk()
    holding = state.holdings[LISTING]
    holding.position, holding.cost = D(6), None
    state.deposits, state.peak, state.day_anchor = D(100), D(50_000), D(300)
    booked(state)
    assert (state.deposits, state.peak, state.day_anchor) == (D(460), D(50_360), D(660))
