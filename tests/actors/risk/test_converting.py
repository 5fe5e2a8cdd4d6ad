"""An intent whose currency is missing waits for a conversion: two legs in one journal, whatever comes between."""

from __future__ import annotations

import pytest

from actors.risk import ledger
from actors.risk.limits import SECOND, RiskLimits, RiskSettings
from actors.risk.state import Book
from actors.risk.treasury_settings import TreasurySettings
from messages.control import Halt, Resume
from messages.intents import IntentRejected, Purpose, Refused, SubmitOrder
from messages.orders import OrderState
from messages.portfolio import Exchanged, FillBooked, IntentDecided, Posting
from messages.reasons import Reason
from messages.treasury import ConversionEnded, ConversionStarted
from tests.actors.risk.desk import BUY, SELL, WIDE, D, Desk, instrument, limits, settings

pytestmark = pytest.mark.unit

TRADER = "strategy/BTC-USDC"


def chosen(*, convert: bool = True, **more: object) -> RiskSettings:
    """BTC quoted in USDC and in USDT, and two ways to USDC."""
    listed = (
        instrument("BTC-USDC", spot=True, quote_currency="USDC", taker_fee=D("0.001")),
        instrument("BTC-USDT", spot=True),
        instrument("USDC-USDT", spot=True, converts=True, tick=D("0.0001"), lot=D("0.01")),
        instrument("EUR-USDC", spot=True, converts=True, quote_currency="USDC", taker_fee=D("0.01")),
    )
    rates = {"USDC": D(1), "EUR": D("1.1")}
    return settings(instruments=listed, rates=rates, treasury=TreasurySettings(convert=convert), **more)


def desk_with(bounds: RiskLimits = WIDE, **balances: str) -> Desk:
    desk = Desk(chosen(limits=bounds))
    desk.seed(balances.pop("USDT", "10000"), balances={name: D(amount) for name, amount in balances.items()})
    for symbol, price in (("BTC-USDC", 100.0), ("BTC-USDT", 100.0), ("USDC-USDT", 1.0), ("EUR-USDC", 1.1)):
        desk.mark(symbol, price)
    return desk


def orders(desk: Desk) -> list[SubmitOrder]:
    return desk.messages_to("execution/paper", SubmitOrder)


def buy(desk: Desk, quantity: str = "10") -> str:
    return desk.intend(BUY, quantity, symbol="BTC-USDC")


def fill_leg(desk: Desk, leg: SubmitOrder, quantity: str, price: str = "1") -> None:
    terms = leg.terms
    desk.fill(leg.intent_id, terms.side, quantity, price, symbol=terms.symbol, strategy="treasury")


def test_a_missing_currency_is_bought_first_and_then_spent() -> None:
    desk = desk_with(USDC="400")
    intent_id = buy(desk)
    (leg,) = orders(desk)
    # 1,001 are needed and 601 missing, of which five per cent more are bought
    assert (leg.terms.symbol, leg.terms.side, leg.terms.quantity) == ("USDC-USDT", BUY, D("631.05"))
    assert (leg.terms.purpose, leg.requester, leg.terms.worst_price) == (Purpose.CONVERT, "risk", D("1.0020"))
    (started,) = desk.events(ConversionStarted)
    assert (started.intent_id, started.leg_id, started.deficit) == (intent_id, leg.intent_id, D(601))
    fill_leg(desk, leg, "631.05", "1.001")
    assert orders(desk) == []
    desk.report(leg.intent_id, OrderState.FILLED, "631.05", symbol="USDC-USDT")
    (order,) = orders(desk)
    assert (order.intent_id, order.requester, order.terms.quantity) == (intent_id, TRADER, D(10))
    (ended,) = desk.events(ConversionEnded)
    assert (ended.filled, ended.reason) == (D("631.05"), Reason.CONVERSION)
    balances = desk.risk.state.accounts["paper"].balances
    assert (balances["USDC"], balances["USDT"]) == (D("1031.05"), D(10_000) - D("631.05") * D("1.001"))
    holding = desk.risk.state.holdings["paper/USDC-USDT"]
    assert (holding.position, holding.exposure) == (0, 0)
    assert holding.realised == -D("631.05") * D("0.001")
    assert desk.risk.state.conversions == {}
    assert desk.risk.state.legs == {}
    before = desk.packed()
    desk.restart()
    assert desk.packed() == before


@pytest.mark.parametrize("crash_after", ["leg", "fill"])
def test_a_crash_between_the_legs_loses_nothing(crash_after: str) -> None:
    desk = desk_with()
    intent_id = buy(desk)
    (leg,) = orders(desk)
    if crash_after == "leg":
        desk.restart()
    fill_leg(desk, leg, str(leg.terms.quantity))
    if crash_after == "fill":
        desk.restart()
    desk.report(leg.intent_id, OrderState.FILLED, leg.terms.quantity, symbol="USDC-USDT")
    (order,) = orders(desk)
    assert (order.intent_id, order.terms.symbol) == (intent_id, "BTC-USDC")
    submitted = [each.message for each in desk.sent if isinstance(each.message, SubmitOrder)]
    assert [each.intent_id for each in submitted] == [leg.intent_id, intent_id]


def test_the_last_fill_may_come_after_the_report() -> None:
    desk = desk_with()
    intent_id = buy(desk)
    (leg,) = orders(desk)
    desk.report(leg.intent_id, OrderState.FILLED, leg.terms.quantity, symbol="USDC-USDT")
    assert orders(desk) == []
    fill_leg(desk, leg, str(leg.terms.quantity))
    assert [order.intent_id for order in orders(desk)] == [intent_id]


def test_the_currency_may_also_be_had_by_selling_another() -> None:
    desk = desk_with(USDT="10", EUR="2000")
    buy(desk)
    (leg,) = orders(desk)
    assert (leg.terms.symbol, leg.terms.side) == ("EUR-USDC", SELL)
    # each euro brings 1.09 less one per cent: 1,051.05 of them are worth 974.0061
    assert leg.terms.worst_price == D("1.09")
    assert leg.terms.quantity == D("974.007")
    fill_leg(desk, leg, "974.007", "1.1")
    balances = desk.risk.state.accounts["paper"].balances
    assert (balances["EUR"], balances["USDC"]) == (D("1025.993"), D("1071.4077"))


def test_the_cheaper_way_is_taken_where_both_have_enough() -> None:
    desk = desk_with(EUR="20000")
    buy(desk)
    assert [order.terms.symbol for order in orders(desk)] == ["USDC-USDT"]


def test_where_nobody_has_enough_the_intent_goes_its_way() -> None:
    desk = desk_with(USDT="100", EUR="10")
    intent_id = buy(desk)
    assert [order.intent_id for order in orders(desk)] == [intent_id]


def test_a_conversion_that_a_limit_makes_smaller_is_not_begun() -> None:
    """Half of the money buys nothing, and what was decided on the intent would not hold beside it."""
    desk = desk_with(limits(max_order_notional=D(1000)))
    intent_id = buy(desk)
    assert [order.intent_id for order in orders(desk)] == [intent_id]
    assert list(desk.risk.state.reservations) == [intent_id]


def test_what_is_there_needs_no_conversion_nor_does_an_exit_or_a_disabled_policy() -> None:
    desk = desk_with(USDC="2000")
    buy(desk)
    assert [order.terms.symbol for order in orders(desk)] == ["BTC-USDC"]
    desk = Desk(chosen(convert=False)).seed().mark("BTC-USDC").mark("USDC-USDT", 1.0)
    buy(desk)
    assert [order.terms.symbol for order in orders(desk)] == ["BTC-USDC"]


def test_an_intent_whose_time_is_over_is_told_so_and_the_money_stays() -> None:
    desk = desk_with()
    intent_id = buy(desk)
    (leg,) = orders(desk)
    desk.wait(2 * SECOND + 1)
    desk.ring(f"conversion:{intent_id}")
    (told,) = desk.messages_to(TRADER, IntentRejected)
    assert (told.intent_id, told.reason) == (intent_id, Reason.EXPIRED)
    fill_leg(desk, leg, str(leg.terms.quantity))
    desk.report(leg.intent_id, OrderState.FILLED, leg.terms.quantity, symbol="USDC-USDT")
    assert orders(desk) == []
    assert desk.risk.state.conversions == {}


def test_a_conversion_that_fails_leaves_the_decision_to_the_checks_and_the_venue() -> None:
    desk = desk_with()
    intent_id = buy(desk)
    (leg,) = orders(desk)
    desk.give(Refused(leg.intent_id, "execution/paper", "SubmitOrder"), "risk")
    assert [order.intent_id for order in orders(desk)] == [intent_id]


def test_a_desk_halted_between_the_legs_spends_nothing() -> None:
    desk = desk_with()
    intent_id = buy(desk)
    (leg,) = orders(desk)
    desk.give(Halt("anna", "fire"))
    fill_leg(desk, leg, str(leg.terms.quantity))
    desk.report(leg.intent_id, OrderState.FILLED, leg.terms.quantity, symbol="USDC-USDT")
    (told,) = desk.messages_to(TRADER, IntentRejected)
    assert (told.intent_id, told.reason) == (intent_id, Reason.KILL_SWITCH)
    desk.give(Resume("anna", "seen"))
    assert desk.risk.state.reservations == {}


def test_the_same_intent_again_is_not_decided_twice_while_it_waits() -> None:
    desk = desk_with()
    intent_id = buy(desk)
    before = len(desk.journal)
    desk.intend(BUY, "10", symbol="BTC-USDC", message_id=intent_id)
    assert len(desk.journal) == before
    assert [event.intent_id for event in desk.journal if isinstance(event, IntentDecided)] == [
        desk.risk.state.conversions[intent_id].leg_id
    ]


def test_what_an_exchange_costs_at_the_rates_and_in_fees_is_its_result() -> None:
    desk = desk_with()
    buy(desk)
    (leg,) = orders(desk)
    desk.fill(leg.intent_id, BUY, "100", "1.01", symbol="USDC-USDT", strategy="treasury", fee="0.2")
    (event,) = [each for each in desk.last_events if isinstance(each, FillBooked)]
    for posting in (event.desk, event.own):
        assert (posting.position, posting.cost, posting.open_fees) == (0, 0, 0)
        assert (posting.realised, posting.net) == (D("-1"), D("-1.2"))


def test_the_desks_own_currency_is_worth_itself_when_it_is_what_is_exchanged() -> None:
    listed = instrument(
        "USDT-USDC", spot=True, converts=True, quote_currency="USDC", rate=D("0.5"), tick=D("0.0001")
    )
    desk = Desk(settings(instruments=(listed,), rates={"USDC": D("0.5")})).seed(100, balances={"USDC": D(50)})
    desk.mark("USDT-USDC", 2.0)
    desk.fill("x", BUY, "10", "2", symbol="USDT-USDC")
    (event,) = [each for each in desk.last_events if isinstance(each, FillBooked)]
    assert event.exchanged == Exchanged("USDT", D(110), D(1))
    assert event.own.realised == 0


@pytest.mark.parametrize(("cost", "after"), [(None, "0"), ("5", "5"), ("0", "0")])
def test_an_exchange_leaves_a_book_as_it_is(cost: str | None, after: str) -> None:
    before = Book(position=D(2), cost=None if cost is None else D(cost), open_fees=D("0.1"))
    made = ledger._made_cash(before, D(3), D(1))
    assert made == Posting(D(2), D(after), D("0.1"), D(3), D(2))
