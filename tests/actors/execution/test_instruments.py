"""The venue's rules: when they are asked for, what they refuse before anything is promised, and what passes."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.execution.instruments import RULES, broken_rule
from actors.execution.settings import SECOND
from messages.intents import OrderType, Side, TimeInForce
from messages.limits import ProductStatusChanged
from messages.orders import OrderState
from messages.reasons import Reason
from messages.venue import Outcome, PlaceOrder
from messages.venue_account import InstrumentsResult, ListingStatus, QueryInstruments, VenueInstrument
from tests.actors.execution.rig import SAFE, SYMBOL, Rig, approved, kinds, told

pytestmark = pytest.mark.unit

MINUTE = 60 * SECOND
ASKING = msgspec.structs.replace(SAFE, instruments_interval_ns=MINUTE, symbols=(SYMBOL,))


def rules(**changes: Any) -> VenueInstrument:
    fields: dict[str, Any] = {
        "symbol": SYMBOL,
        "listing": "BTCUSDT",
        "status": ListingStatus.TRADING,
        "base_currency": "BTC",
        "quote_currency": "USDT",
        "settle_currency": "USDT",
        "tick": Decimal("0.1"),
        "lot": Decimal("0.001"),
        "min_quantity": Decimal("0.002"),
        "max_quantity": Decimal(500),
        "market_lot": Decimal("0.01"),
        "market_max_quantity": Decimal(50),
        "min_notional": Decimal(20),
        "min_price": Decimal(10),
        "max_price": Decimal(10_000),
    }
    return VenueInstrument(**(fields | changes))


def taught(*told: VenueInstrument) -> Rig:
    rig = Rig(ASKING)
    return rig.take(InstrumentsResult("paper", Outcome.ACCEPTED, told))


def ended(rig: Rig, **terms: Any) -> Reason | None:
    """Why an intent ended, None when its order was placed."""
    rig.take(approved(1, rig.now, **terms), sender="risk")
    final = rig.final()
    if final is None:
        assert kinds(rig.effects) == ["PlaceOrder"]
        return None
    assert final.state is OrderState.REJECTED
    return final.reason


def test_the_rules_are_owed_until_they_were_told_and_asked_for_at_each_interval() -> None:
    rig = Rig(ASKING)
    wanted = QueryInstruments("paper", (SYMBOL,))
    assert wanted in rig.restart()
    rig.take(InstrumentsResult("paper", Outcome.ACCEPTED, (rules(),)))
    assert rig.restart() == []
    assert rig.wait(MINUTE) == [wanted]


def test_a_question_whose_answer_is_lost_with_the_process_is_put_again() -> None:
    rig = taught(rules())
    wanted = QueryInstruments("paper", (SYMBOL,))
    assert rig.wait(MINUTE) == [wanted]
    rig.restart()
    assert rig.wait(ASKING.account_backoff_max_ns) == [wanted]


def test_without_an_answer_they_are_asked_for_again_after_growing_waits() -> None:
    rig = Rig(ASKING)
    waits = []
    for _ in range(3):
        rig.take(InstrumentsResult("paper", Outcome.NO_ANSWER))
        waits.append(rig.timers["instruments"].due - rig.now)
        assert kinds(rig.wait(waits[-1])) == ["QueryInstruments"]
    assert waits == [SECOND, 2 * SECOND, 4 * SECOND]


def test_without_the_setting_nothing_is_asked_and_nothing_refused() -> None:
    rig = Rig()
    assert rig.restart() == []
    assert ended(rig) is None


def test_a_symbol_without_rules_takes_no_new_exposure() -> None:
    assert ended(Rig(ASKING)) is Reason.INSTRUMENT_STALE
    assert ended(taught(rules(symbol="ETH-USDT"))) is Reason.INSTRUMENT_STALE


def test_rules_that_are_too_old_count_as_unknown() -> None:
    rig = taught(rules())
    rig.wait(3 * MINUTE)
    assert ended(rig) is None
    rig = taught(rules())
    rig.wait(3 * MINUTE + 1)
    assert ended(rig) is Reason.INSTRUMENT_STALE


@pytest.mark.parametrize("status", [ListingStatus.CLOSED, ListingStatus.CANCEL_ONLY])
def test_a_symbol_that_does_not_trade_takes_no_new_exposure(status: ListingStatus) -> None:
    assert ended(taught(rules(status=status))) is Reason.INSTRUMENT_CLOSED


def test_exits_are_tried_whatever_is_known_of_the_symbol() -> None:
    leaving: dict[str, Any] = {"increases_exposure": False, "side": Side.SELL, "reduce_only": True}
    assert ended(Rig(ASKING), **leaving) is None
    assert ended(taught(rules(status=ListingStatus.CLOSED)), **leaving) is None


def test_risk_hears_what_does_not_trade_and_that_it_does_again() -> None:
    rig = taught(rules())
    heard: list[ProductStatusChanged] = []
    answers = ((rules(status=ListingStatus.CLOSED),), (rules(status=ListingStatus.CLOSED),), (), (rules(),))
    for answer in answers:
        rig.take(InstrumentsResult("paper", Outcome.ACCEPTED, answer))
        heard += told(rig.envelopes, ProductStatusChanged, "risk")
    assert [each.closed for each in heard] == [{SYMBOL: "closed"}, {SYMBOL: "not_listed"}, {}]


def test_a_cancel_needs_no_rules() -> None:
    rig = taught(rules())
    rig.working()
    rig.take(InstrumentsResult("paper", Outcome.ACCEPTED, ()))
    assert kinds(rig.cancel().effects) == ["CancelOrder"]


@pytest.mark.parametrize(
    ("terms", "reason"),
    [
        ({}, None),
        ({"limit_price": Decimal("100.05"), "worst_price": Decimal("100.05")}, Reason.TICK_SIZE),
        ({"limit_price": Decimal("9.9"), "worst_price": Decimal("9.9")}, Reason.PRICE_BAND),
        ({"limit_price": Decimal(10_001), "worst_price": Decimal(10_001)}, Reason.PRICE_BAND),
        ({"quantity": Decimal("1.0005")}, Reason.LOT_SIZE),
        ({"quantity": Decimal("0.001")}, Reason.MIN_QUANTITY),
        ({"quantity": Decimal(501)}, Reason.MAX_QUANTITY),
        ({"quantity": Decimal("0.199")}, Reason.MIN_NOTIONAL),
        ({"quantity": Decimal("0.2")}, None),
        ({"quantity": Decimal("0.002"), "reduce_only": True, "increases_exposure": False}, None),
    ],
)
def test_what_the_rules_refuse_is_refused_before_it_is_promised(
    terms: dict[str, Any], reason: Reason | None
) -> None:
    assert ended(taught(rules()), **terms) is reason


def order(**changes: Any) -> PlaceOrder:
    fields: dict[str, Any] = {
        "client_order_id": "rd1",
        "symbol": SYMBOL,
        "side": Side.BUY,
        "quantity": Decimal(1),
        "order_type": OrderType.LIMIT,
        "time_in_force": TimeInForce.GTC,
        "post_only": False,
        "reduce_only": False,
        "limit_price": Decimal(100),
        "stop_price": None,
        "deadline": 1,
        "mode_version": 0,
        "increases_exposure": True,
    }
    return PlaceOrder(**(fields | changes))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"quantity": Decimal("0.205")}, Reason.LOT_SIZE),
        ({"quantity": Decimal(51)}, Reason.MAX_QUANTITY),
        ({"quantity": Decimal("0.1")}, Reason.MIN_NOTIONAL),
        ({}, None),
    ],
)
def test_market_orders_have_lots_and_a_maximum_of_their_own(
    changes: dict[str, Any], reason: Reason | None
) -> None:
    market = order(**{"order_type": OrderType.MARKET, "limit_price": None, **changes})
    assert broken_rule(rules(), market, Decimal(100)) is reason


def test_what_the_venue_does_not_tell_refuses_nothing() -> None:
    silent = rules(
        max_quantity=None,
        market_lot=None,
        market_max_quantity=None,
        min_notional=None,
        max_price=None,
        min_price=None,
    )
    assert broken_rule(silent, order(quantity=Decimal(10**9)), Decimal(100)) is None
    assert broken_rule(silent, order(limit_price=Decimal("0.1")), Decimal(100)) is None


def test_closing_the_whole_position_has_no_quantity_to_judge() -> None:
    closing = order(
        order_type=OrderType.STOP,
        limit_price=None,
        stop_price=Decimal(90),
        quantity=Decimal("0.0015"),
        close_position=True,
    )
    assert broken_rule(rules(), closing, Decimal(80)) is None


@given(
    ticks=st.integers(1, 200_000),
    lots=st.integers(1, 600_000),
    tick=st.sampled_from(["0.1", "0.01", "0.5", "1"]),
    lot=st.sampled_from(["0.001", "0.01", "1"]),
)
def test_what_passes_keeps_every_rule_and_what_does_not_breaks_the_one_that_is_named(
    ticks: int, lots: int, tick: str, lot: str
) -> None:
    told = rules(tick=Decimal(tick), lot=Decimal(lot))
    price, quantity = ticks * Decimal(tick), lots * Decimal(lot)
    reason = broken_rule(told, order(limit_price=price, quantity=quantity), price)
    assert told.max_price is not None
    assert told.min_price is not None
    assert told.max_quantity is not None
    assert told.min_notional is not None
    facts = {
        Reason.PRICE_BAND: not told.min_price <= price <= told.max_price,
        Reason.MIN_QUANTITY: quantity < told.min_quantity,
        Reason.MAX_QUANTITY: quantity > told.max_quantity,
        Reason.MIN_NOTIONAL: price * quantity < told.min_notional,
    }
    assert reason == next((name for name, _ in RULES if facts.get(name)), None)


def test_a_bounded_market_order_is_put_on_the_tick_that_the_venue_tells() -> None:
    rig = taught(rules(tick=Decimal("0.5")))
    terms: dict[str, Any] = {
        "order_type": OrderType.MARKET,
        "limit_price": None,
        "worst_price": Decimal("100.37"),
    }
    rig.take(approved(1, rig.now, **terms), sender="risk")
    (placed,) = rig.effects
    assert isinstance(placed, PlaceOrder)
    assert placed.limit_price == Decimal("100.0")
