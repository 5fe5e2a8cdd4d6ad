"""What is approved is set aside until the last of its fills is booked, in whatever order news comes."""

from __future__ import annotations

import pytest

from actors.risk.state import Holding
from messages.control import Mode
from messages.intents import IntentRejected, Refused, SubmitOrder, Verdict
from messages.modes import LimitBreached
from messages.orders import OrderState
from messages.portfolio import FinalFillsAwaited, ReservationReleased, ReservationReopened
from messages.reasons import Layer, Reason
from tests.actors.risk import desk as bench
from tests.actors.risk.desk import BUY, SELL, D, Desk, limits

pytestmark = pytest.mark.unit


def ready() -> Desk:
    return Desk(bench.settings(limits(max_symbol_exposure=D("0.01")))).seed().mark()


def holding(desk: Desk) -> Holding:
    return desk.risk.state.holdings["paper/BTC-USDT"]


def test_an_approval_is_reserved_at_its_price() -> None:
    desk = ready()
    desk.intend(BUY, 4, worst=102)
    desk.intend(SELL, 3, worst=98)
    assert (holding(desk).buys, holding(desk).buys_value) == (D(4), D(408))
    assert (holding(desk).sells, holding(desk).sells_value) == (D(3), D(300))
    assert holding(desk).exposure == D(408)
    assert desk.risk.state.totals.buys_value == D(408)


def test_fills_wear_a_reservation_down_and_the_final_report_ends_it() -> None:
    desk = ready()
    intent_id = desk.intend(BUY, 4)
    desk.fill(intent_id, BUY, 1)
    assert (holding(desk).position, holding(desk).buys) == (D(1), D(3))
    desk.report(intent_id, OrderState.CANCELLED, 1)
    assert desk.events(ReservationReleased)
    assert (holding(desk).buys, holding(desk).buys_value, holding(desk).exposure) == (0, 0, D(100))
    assert desk.risk.state.reservations == {}


def test_a_final_report_that_overtakes_its_fills_keeps_the_reservation() -> None:
    desk = ready()
    intent_id = desk.intend(BUY, 4)
    desk.report(intent_id, OrderState.CANCELLED, 2)
    assert desk.events(FinalFillsAwaited)
    assert holding(desk).buys == D(4)
    desk.fill(intent_id, BUY, 1)
    assert desk.events(ReservationReleased) == []
    desk.fill(intent_id, BUY, 1)
    assert desk.events(ReservationReleased)
    assert (holding(desk).position, holding(desk).buys) == (D(2), 0)


def test_reports_that_end_nothing_change_nothing() -> None:
    desk = ready()
    intent_id = desk.intend(BUY, 4)
    for state in (OrderState.WORKING, OrderState.PARTIALLY_FILLED, OrderState.UNKNOWN):
        desk.report(intent_id, state, final=False)
        assert desk.last_events == []
    desk.report("someone else's", OrderState.FILLED, 1)
    assert desk.last_events == []


def test_an_approval_refused_by_a_full_mailbox_is_free_again_and_told() -> None:
    desk = ready()
    intent_id = desk.intend(BUY, 4)
    submit_id = desk.last_sent[0].id
    desk.give(Refused(submit_id, "execution/paper", "SubmitOrder"), "store")
    (answer,) = desk.messages_to("strategy/BTC-USDT", IntentRejected)
    assert (answer.intent_id, answer.reason, answer.layer) == (intent_id, Reason.MAILBOX_FULL, Layer.RUNTIME)
    assert holding(desk).buys == 0
    desk.give(Refused(submit_id, "execution/paper", "SubmitOrder"), "store")
    assert desk.last_events == []
    desk.give(Refused("risk#999", "execution/paper", "SubmitOrder"), "store")
    assert desk.last_events == []


def test_a_late_fill_after_the_end_is_booked_and_breaches_without_tolerance() -> None:
    desk = ready()
    first = desk.intend(BUY, 10)
    desk.report(first, OrderState.CANCELLED, 0)
    second = desk.intend(BUY, 10)
    desk.fill(second, BUY, 10)
    assert desk.mode is Mode.NORMAL
    desk.fill(first, BUY, "0.001")
    assert holding(desk).position == D("10.001")
    (breach,) = desk.events(LimitBreached)
    assert (breach.source, breach.limit, breach.observed) == ("exposure:BTC-USDT", D(1000), D("1000.1"))
    assert desk.mode is Mode.REDUCE


def test_an_order_thought_ended_that_lives_is_reserved_again() -> None:
    desk = ready()
    intent_id = desk.intend(BUY, 4)
    desk.fill(intent_id, BUY, 1)
    desk.report(intent_id, OrderState.NOT_SENT, 1)
    desk.report(intent_id, OrderState.WORKING, 1, final=False)
    assert desk.events(ReservationReopened)
    assert (holding(desk).position, holding(desk).buys) == (D(1), D(3))
    desk.fill(intent_id, BUY, 3)
    desk.report(intent_id, OrderState.FILLED, 4)
    assert holding(desk).buys == 0
    assert desk.risk.state.reservations == {}


def test_an_end_told_again_with_more_filled_waits_for_that_fill() -> None:
    desk = ready()
    intent_id = desk.intend(BUY, 4)
    desk.report(intent_id, OrderState.CANCELLED, 0)
    desk.report(intent_id, OrderState.CANCELLED, 2)
    assert holding(desk).buys == D(4)
    desk.fill(intent_id, BUY, 2)
    assert (holding(desk).position, holding(desk).buys) == (D(2), 0)
    assert desk.risk.state.reservations == {}


def test_a_reopened_order_beyond_the_limit_reduces_trading() -> None:
    desk = ready()
    first = desk.intend(BUY, 10)
    desk.report(first, OrderState.NOT_SENT, 0)
    desk.intend(BUY, 10)
    desk.report(first, OrderState.WORKING, 0, final=False)
    assert desk.mode is Mode.REDUCE
    assert "exposure:BTC-USDT" in desk.risk.state.sources


def test_an_order_of_an_intent_long_forgotten_reduces_trading() -> None:
    desk = ready()
    desk.report("strategy/BTC-USDT#0", OrderState.WORKING, 0, final=False)
    assert "unreserved_order:execution/paper" in desk.risk.state.sources


def test_more_filled_than_approved_is_booked_and_reduces_trading() -> None:
    desk = ready()
    intent_id = desk.intend(BUY, 1)
    desk.fill(intent_id, BUY, 2)
    assert (holding(desk).position, holding(desk).buys, holding(desk).buys_value) == (D(2), 0, 0)
    assert "overfill:paper" in desk.risk.state.sources


def test_a_resized_intent_reserves_what_was_approved() -> None:
    desk = ready()
    desk.intend(BUY, 25)
    (order,) = desk.messages_to("execution/paper", SubmitOrder)
    assert desk.decision.verdict is Verdict.RESIZED
    assert order.terms.quantity == holding(desk).buys == D(10)
