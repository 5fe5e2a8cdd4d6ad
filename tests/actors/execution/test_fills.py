"""Fills by question: a stream that begins anew, and orders with fills that were not seen."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from actors.execution.order import Order
from actors.execution.settings import SECOND, Collateral
from messages.account_events import ExternalActivity
from messages.intents import Side
from messages.order_events import OrderEscalated
from messages.orders import Fill, OrderReport, OrderState
from messages.reasons import Reason
from messages.venue import FillsResult, Outcome, QueryFills, QueryOrder
from messages.venue_account import AccountResult, QueryAccount
from messages.venue_stream import StreamOpened
from tests.actors.execution.listed import OVERLAP, listed, of_order, opened, trade
from tests.actors.execution.rig import DOUR, START, SYMBOL, Rig, kinds, told, venue_event

pytestmark = pytest.mark.unit


def test_a_stream_that_begins_anew_makes_us_ask_for_fills_and_account() -> None:
    rig = Rig(DOUR)
    rig.working()
    opened(rig)
    assert rig.effects == [QueryFills("paper", SYMBOL, START - OVERLAP), QueryAccount("paper")]
    listed(rig, trade("f1"))
    assert [fill.fill_id for fill in rig.fills()] == ["f1"]
    final = rig.final()
    assert final is not None
    assert (final.state, final.filled) == (OrderState.FILLED, Decimal(1))
    assert rig.state.at_venue.fills_due == {}


def test_nothing_is_asked_of_symbols_that_nothing_can_have_happened_to() -> None:
    rig = opened(Rig(DOUR))
    assert rig.effects == [QueryAccount("paper")]


def test_every_symbol_traded_here_is_asked_for_as_others_may_have_bought_and_sold_it_again() -> None:
    rig = opened(Rig(msgspec.structs.replace(DOUR, symbols=(SYMBOL, "ETH-USDT"))))
    asked = [effect.symbol for effect in rig.effects if isinstance(effect, QueryFills)]
    assert asked == [SYMBOL, "ETH-USDT"]


def test_a_position_may_have_been_closed_by_somebody_so_its_symbol_is_asked_for() -> None:
    rig = Rig(DOUR, seeded=False)
    rig.take(AccountResult("paper", Outcome.ACCEPTED, positions={"ETH-USDT": Decimal(2)}, time=START))
    opened(rig)
    assert rig.effects == [QueryFills("paper", "ETH-USDT", START - OVERLAP), QueryAccount("paper")]


def test_the_list_is_asked_for_from_the_last_fill_on() -> None:
    rig = Rig(DOUR)
    order = rig.working(quantity=Decimal(3))
    rig.event(order, OrderState.PARTIALLY_FILLED, filled="1", fill="f1")
    time = rig.state.at_venue.heard_until
    assert time is not None
    assert time > START
    opened(rig)
    assert rig.effects[0] == QueryFills("paper", SYMBOL, time - OVERLAP)
    listed(rig, trade("f1"), trade("f2"))
    assert order.filled == Decimal(2)
    assert [fill.fill_id for fill in rig.fills()] == ["f2"]


@pytest.mark.parametrize("cash", ["1000", "990"])
def test_an_account_that_agrees_does_not_say_that_all_fills_are_known(cash: str) -> None:
    """Bought and sold again by somebody while nobody listened: positions are alike, and so may be the cash."""
    collateral = {SYMBOL: Collateral("USDT", Decimal(1))}
    rig = Rig(msgspec.structs.replace(DOUR, collateral=collateral, symbols=(SYMBOL,)), seeded=False)
    rig.take(AccountResult("paper", Outcome.ACCEPTED, balances={"USDT": Decimal(1000)}, time=START))
    listed(opened(rig, START + 10))
    late = START + 600 * SECOND
    rig.take(AccountResult("paper", Outcome.ACCEPTED, balances={"USDT": Decimal(cash)}, time=late))
    opened(rig, late + SECOND)
    assert rig.effects[0] == QueryFills("paper", SYMBOL, START + 10 - OVERLAP)


def test_a_fill_that_was_found_by_asking_does_not_say_what_the_stream_would_have_told_before_it() -> None:
    """While nobody listened somebody bought and sold again, and then an order of ours was filled."""
    rig = Rig(DOUR)
    order = rig.working()
    listed(opened(rig, START + 10))
    late = START + 600 * SECOND
    rig.found(order, OrderState.FILLED, "1")
    of_order(rig, order, trade("ours", time=late))
    assert rig.state.orders[order.client_order_id].settled
    opened(rig, late + SECOND)
    assert rig.effects[0] == QueryFills("paper", SYMBOL, START + 10 - OVERLAP)
    theirs = [
        trade("bought", venue_order_id="v8", time=START + 300 * SECOND),
        trade("sold", venue_order_id="v9", time=START + 301 * SECOND, side=Side.SELL),
    ]
    listed(rig, *theirs, trade("ours", time=late))
    told_of = [
        each.fill.fill_id for each in told(rig.sent, ExternalActivity, "risk") if each.fill is not None
    ]
    assert told_of == ["bought", "sold"]
    assert rig.state.positions == {SYMBOL: Decimal(1)}


def test_no_answer_is_asked_again_after_growing_waits() -> None:
    rig = Rig(DOUR)
    rig.working()
    opened(rig)
    rig.take(AccountResult("paper", Outcome.ACCEPTED))
    waits = []
    for _ in range(3):
        listed(rig, outcome=Outcome.NO_ANSWER)
        waits.append(rig.timers[f"fills:{SYMBOL}"].due - rig.now)
        assert "QueryFills" in kinds(rig.wait(waits[-1]))
    assert waits == [SECOND, 2 * SECOND, 4 * SECOND]


def test_a_second_interruption_keeps_the_older_question_and_its_answer_does_not_count() -> None:
    rig = Rig(DOUR)
    rig.working()
    opened(rig)
    first = rig.state.at_venue.fills_due[SYMBOL].since
    opened(rig)
    assert rig.state.at_venue.fills_due[SYMBOL].since == first - 1
    rig.take(FillsResult("paper", SYMBOL, Outcome.ACCEPTED, (), first))
    assert SYMBOL in rig.state.at_venue.fills_due
    listed(rig)
    assert rig.state.at_venue.fills_due == {}


def test_an_opened_stream_that_was_taken_already_says_nothing() -> None:
    rig = opened(Rig(DOUR))
    assert rig.take(StreamOpened("paper", 1, START)).events == []


def test_an_account_asked_for_before_the_stream_began_is_asked_for_again() -> None:
    rig = Rig(DOUR, seeded=False)
    opened(rig)
    rig.take(AccountResult("paper", Outcome.ACCEPTED, time=START))
    assert kinds(rig.wait(SECOND)) == ["QueryAccount"]
    rig.take(AccountResult("paper", Outcome.ACCEPTED, time=START))
    assert rig.wait(600 * SECOND) == []


def test_a_gap_in_such_a_stream_is_an_interruption() -> None:
    rig = Rig(DOUR)
    order = rig.working(quantity=Decimal(3))
    sequence = rig.state.stream_sequence + 5
    rig.take(venue_event(order, OrderState.PARTIALLY_FILLED, sequence, filled="2", fill="f2", quantity="1"))
    assert kinds(rig.effects)[:2] == ["QueryFills", "QueryAccount"]
    assert rig.effects[0] == QueryFills("paper", SYMBOL, START - OVERLAP)
    assert rig.state.stream_missing == {}


def test_after_a_crash_what_was_asked_is_owed() -> None:
    rig = Rig(DOUR)
    order = rig.working()
    opened(rig)
    rig.take(AccountResult("paper", Outcome.ACCEPTED))
    assert QueryFills("paper", SYMBOL, START - OVERLAP) in rig.restart()
    listed(rig)
    rig.found(order, OrderState.FILLED, "1")
    assert QueryFills("paper", SYMBOL, None, order.client_order_id, "v1") in rig.restart()


# --- orders with fills that were not seen ---------------------------------------------------------------------


def ended_short(rig: Rig) -> Order:
    """An order that ended at the venue with one more filled than was told."""
    order = rig.working(quantity=Decimal(2))
    rig.found(order, OrderState.FILLED, "2")
    return rig.state.orders[order.client_order_id]


def test_an_order_with_missing_fills_is_asked_for_them_at_once_and_not_settled_before() -> None:
    rig = Rig(DOUR)
    order = ended_short(rig)
    assert rig.effects == [QueryFills("paper", SYMBOL, None, order.client_order_id, "v1")]
    assert (order.terminal, order.settled, rig.final()) == (True, False, None)
    of_order(rig, order, trade("f1"))
    assert rig.final() is None
    assert kinds(rig.wait(SECOND)) == ["QueryFills"]
    of_order(rig, order, trade("f1"), trade("f2"))
    final = rig.final()
    assert final is not None
    assert final.filled == Decimal(2)
    assert rig.wait(3_600 * SECOND) == []


def test_a_live_order_with_missing_fills_is_asked_for_them_too() -> None:
    rig = Rig(DOUR)
    order = rig.working(quantity=Decimal(3))
    rig.found(order, OrderState.PARTIALLY_FILLED, "1")
    assert kinds(rig.effects) == ["QueryFills"]
    of_order(rig, order, trade("f1"))
    assert (order.filled, order.state) == (Decimal(1), OrderState.PARTIALLY_FILLED)
    rig.found(order, OrderState.PARTIALLY_FILLED, "2")
    assert kinds(rig.effects) == ["QueryFills"]


def test_fills_that_are_never_listed_call_a_person_once_and_hold_the_order_open() -> None:
    rig = Rig(DOUR)
    order = ended_short(rig)
    for _ in range(12):
        of_order(rig, order)
        assert kinds(rig.wait(DOUR.probe_max_ns)) == ["QueryFills"]
    assert len(rig.happened(OrderEscalated)) == 1
    assert not order.settled


def test_fills_that_come_in_the_stream_after_all_settle_the_order() -> None:
    rig = Rig(DOUR)
    order = ended_short(rig)
    rig.event(order, OrderState.FILLED, filled="2", fill="f1", quantity="2")
    assert rig.final() is not None
    of_order(rig, order, trade("f1", "2"))
    assert told(rig.sent, Fill, "risk")[-1].fill_id == "f1"
    assert len(told(rig.sent, Fill, "risk")) == 1
    assert rig.wait(3_600 * SECOND) == []


def test_a_report_of_the_end_is_told_once_for_all_fills() -> None:
    rig = Rig(DOUR)
    order = ended_short(rig)
    of_order(rig, order, trade("f1"), trade("f2"))
    finals = [each for each in told(rig.sent, OrderReport, "risk") if each.final]
    assert [each.filled for each in finals] == [Decimal(2)]


def test_settings_say_how_far_a_list_reaches_back() -> None:
    rig = Rig(msgspec.structs.replace(DOUR, fills_overlap_ns=5))
    rig.working()
    opened(rig)
    assert rig.effects[0] == QueryFills("paper", SYMBOL, START - 5)


def test_an_order_asked_about_after_the_stream_began_tells_what_became_of_it() -> None:
    rig = Rig(DOUR)
    order = rig.working()
    opened(rig)
    listed(rig)
    rig.take(AccountResult("paper", Outcome.ACCEPTED))
    assert QueryOrder(order.client_order_id, SYMBOL, "v1") in rig.effects
    rig.found(order, OrderState.CANCELLED)
    final = rig.final()
    assert final is not None
    assert (final.state, final.reason) == (OrderState.CANCELLED, Reason.CANCEL_REQUESTED)
