"""Unknown outcomes: no answer is not no order. Asked for until there is evidence, frozen and escalated until then."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from actors.execution.order import Order
from actors.execution.settings import SECOND, ExecutionSettings, probe_delay
from messages.control import Mode, ModeChanged
from messages.order_events import OrderEscalated, OrderResent
from messages.orders import OrderState
from messages.reasons import Reason
from messages.universe import SymbolHeld
from messages.venue import Outcome, PlaceOrder
from tests.actors.execution.rig import SAFE, STRATEGY, WARY, Rig, kinds, state_of, told

pytestmark = pytest.mark.unit


def unknown(settings: ExecutionSettings, **terms: Any) -> tuple[Rig, Order]:
    rig = Rig(settings)
    order = rig.submit(**terms)
    rig.place_result(order, Outcome.NO_ANSWER, Reason.UNKNOWN_OUTCOME)
    return rig, order


def test_no_answer_is_unknown_told_and_asked_at_once() -> None:
    rig, order = unknown(SAFE)
    assert state_of(order) is OrderState.UNKNOWN
    assert [(r.state, r.final) for r in rig.reports(STRATEGY)] == [(OrderState.UNKNOWN, False)]
    assert kinds(rig.effects) == ["QueryOrder"]
    assert rig.state.frozen == {"BTC-USDT": 1}


@pytest.mark.parametrize(
    ("there", "filled", "here"),
    [
        (OrderState.WORKING, "0", OrderState.WORKING),
        (OrderState.PARTIALLY_FILLED, "0.4", OrderState.PARTIALLY_FILLED),
        (OrderState.CANCELLED, "0", OrderState.CANCELLED),
        (OrderState.REJECTED, "0", OrderState.REJECTED),
        (OrderState.EXPIRED, "0", OrderState.EXPIRED),
        (OrderState.FILLED, "1", OrderState.FILLED),
    ],
)
def test_an_order_that_is_found_is_adopted_as_it_is(there: OrderState, filled: str, here: OrderState) -> None:
    rig, order = unknown(WARY)
    rig.found(order, there, filled)
    assert (order.state, order.venue_order_id) == (here, "v1")
    assert rig.state.frozen == {}
    assert not rig.happened(OrderResent)


def test_the_probing_schedule() -> None:
    waits = [probe_delay(SAFE, answers) // SECOND for answers in range(1, 10)]
    assert waits == [1, 5, 30, 60, 120, 240, 480, 900, 900]


def test_silence_is_probed_by_schedule_escalated_once_and_stays_unknown() -> None:
    rig, order = unknown(SAFE)
    asked_at = []
    for _ in range(12):
        rig.silent(order)
        before = rig.now
        while not (effects := rig.wait(SECOND)):
            pass
        assert kinds(effects) == ["QueryOrder"]
        asked_at.append((rig.now - before) // SECOND)
    assert asked_at == [1, 5, 30, 60, 120, 240, 480, 900, 900, 900, 900, 900]
    (escalated,) = rig.happened(OrderEscalated)
    assert (escalated.probes, escalated.symbol) == (8, "BTC-USDT")
    assert state_of(order) is OrderState.UNKNOWN
    assert rig.final() is None
    assert rig.state.frozen == {"BTC-USDT": 1}


def test_with_the_trait_two_absences_send_again_without_waiting() -> None:
    rig, order = unknown(SAFE)
    rig.absent(order)
    assert kinds(rig.effects) == ["QueryOrder"]
    rig.absent(order)
    (again,) = rig.effects
    assert isinstance(again, PlaceOrder)
    assert (again.client_order_id, order.sends, order.state) == (order.client_order_id, 2, OrderState.PLACING)
    assert rig.state.frozen == {}


def test_without_the_trait_absence_counts_only_after_the_request_has_expired() -> None:
    rig, order = unknown(WARY)
    rig.absent(order)
    assert kinds(rig.wait(SECOND)) == ["QueryOrder"]
    rig.absent(order)
    assert state_of(order) is OrderState.UNKNOWN
    effects = rig.wait(WARY.request_expiry_ns + WARY.clock_bound_ns)
    assert kinds(effects) == ["QueryOrder"]
    assert rig.final() is None
    rig.absent(order)
    final = rig.final()
    assert final is not None
    assert (final.state, final.final, final.filled) == (OrderState.NOT_SENT, True, Decimal(0))
    assert not rig.happened(OrderResent)


def test_one_absence_proves_nothing_however_late() -> None:
    rig, order = unknown(WARY)
    rig.silent(order)
    rig.wait(SECOND)
    rig.silent(order)
    rig.wait(10 * SECOND)
    rig.silent(order)
    rig.wait(100 * SECOND)
    rig.absent(order)
    assert state_of(order) is OrderState.UNKNOWN


def test_absence_after_the_expiry_is_confirmed_at_once_however_long_the_silence_before() -> None:
    rig, order = unknown(WARY)
    for seconds in (1, 5, 30):
        rig.silent(order)
        assert kinds(rig.wait(seconds * SECOND)) == ["QueryOrder"]
    rig.absent(order)
    assert state_of(order) is OrderState.UNKNOWN
    assert kinds(rig.wait(SECOND)) == ["QueryOrder"]
    rig.absent(order)
    assert state_of(order) is OrderState.NOT_SENT
    assert rig.state.frozen == {}


def test_a_question_put_before_the_expiry_and_answered_after_it_is_put_again_at_once() -> None:
    rig, order = unknown(WARY)
    rig.absent(order)
    assert kinds(rig.wait(SECOND)) == ["QueryOrder"]
    rig.wait(WARY.request_expiry_ns + WARY.clock_bound_ns)
    rig.absent(order)
    assert state_of(order) is OrderState.UNKNOWN
    assert kinds(rig.wait(SECOND)) == ["QueryOrder"]
    rig.absent(order)
    assert state_of(order) is OrderState.NOT_SENT


def test_silence_after_an_absence_is_probed_by_schedule_again() -> None:
    rig, order = unknown(WARY)
    for seconds in (1, 5, 30):
        rig.silent(order)
        rig.wait(seconds * SECOND)
    rig.absent(order)
    rig.wait(SECOND)
    rig.silent(order)
    assert rig.wait(119 * SECOND) == []
    assert kinds(rig.wait(SECOND)) == ["QueryOrder"]


def test_sending_again_stops_at_the_deadline_the_mode_a_cancel_and_the_limit() -> None:
    def rig_with(**terms: Any) -> tuple[Rig, Order]:
        return unknown(SAFE, **terms)

    rig, order = rig_with()
    rig.take(ModeChanged(Mode.NORMAL, 1, {}, "new version"), sender="risk")
    rig.absent(order).absent(order)
    assert state_of(order) is OrderState.UNKNOWN
    rig, order = rig_with()
    rig.cancel()
    rig.absent(order).absent(order)
    assert state_of(order) is OrderState.UNKNOWN
    rig, order = rig_with()
    rig.wait(61 * SECOND)
    rig.absent(order).absent(order)
    assert not rig.happened(OrderResent)
    rig, order = rig_with()
    for _ in range(SAFE.max_sends - 1):
        rig.absent(order).absent(order)
        rig.place_result(order, Outcome.NO_ANSWER)
    rig.absent(order).absent(order)
    assert (order.sends, order.state) == (SAFE.max_sends, OrderState.UNKNOWN)


def test_a_duplicate_id_means_that_the_venue_has_the_order() -> None:
    rig, order = unknown(SAFE)
    rig.absent(order).absent(order)
    rig.place_result(order, Outcome.REJECTED, Reason.DUPLICATE_CLIENT_ORDER_ID)
    assert state_of(order) is OrderState.UNKNOWN
    assert kinds(rig.effects) == ["QueryOrder"]
    rig.absent(order).absent(order)
    rig.wait(3600 * SECOND)
    rig.absent(order).absent(order)
    assert state_of(order) is OrderState.UNKNOWN
    assert order.sends == 2
    rig.found(order, OrderState.WORKING)
    assert state_of(order) is OrderState.WORKING


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        (Outcome.REJECTED, Reason.INSUFFICIENT_BALANCE),
        (Outcome.NOT_SENT, Reason.EXPIRED),
        (Outcome.NOT_SENT, Reason.NOT_SENT),
    ],
)
def test_a_second_request_that_fails_leaves_the_first_in_doubt(outcome: Outcome, reason: Reason) -> None:
    rig, order = unknown(SAFE)
    rig.absent(order).absent(order)
    rig.place_result(order, outcome, reason)
    assert state_of(order) is OrderState.UNKNOWN
    assert rig.final() is None
    rig.found(order, OrderState.WORKING)
    assert state_of(order) is OrderState.WORKING


def test_an_order_the_venue_once_had_is_never_taken_for_absent() -> None:
    rig = Rig()
    order = rig.working()
    rig.cancel()
    rig.cancel_result(order, Outcome.NO_ANSWER)
    for _ in range(4):
        rig.absent(order)
        rig.wait(1000 * SECOND)
    assert state_of(order) is OrderState.UNKNOWN
    assert not rig.happened(OrderResent)
    rig.found(order, OrderState.WORKING)
    assert state_of(order) is OrderState.PENDING_CANCEL
    assert kinds(rig.effects) == ["CancelOrder"]


# --- late acceptance


def not_sent(rig: Rig) -> Order:
    order = rig.submit()
    rig.place_result(order, Outcome.NO_ANSWER)
    rig.absent(order)
    rig.wait(SECOND)
    rig.absent(order)
    rig.wait(10 * SECOND)
    rig.absent(order)
    assert state_of(order) is OrderState.NOT_SENT
    assert order.settled
    return order


def test_a_late_acceptance_is_ours_told_and_cancelled() -> None:
    rig = Rig(WARY)
    order = not_sent(rig)
    rig.event(order, OrderState.WORKING)
    assert state_of(order) is OrderState.PENDING_CANCEL
    assert kinds(rig.effects) == ["CancelOrder"]
    assert [(r.state, r.final) for r in rig.reports(STRATEGY)] == [(OrderState.WORKING, False)]
    assert order.client_order_id in rig.state.live
    rig.event(order, OrderState.CANCELLED, reason=Reason.CANCEL_REQUESTED)
    final = rig.final()
    assert final is not None
    assert (final.state, final.reason) == (OrderState.CANCELLED, Reason.LATE_ACCEPTANCE)


def test_a_late_fill_of_an_order_thought_not_sent_is_booked() -> None:
    rig = Rig(WARY)
    order = not_sent(rig)
    rig.event(order, OrderState.FILLED, filled="1", fill="f1")
    assert [fill.quantity for fill in rig.fills(STRATEGY)] == [1]
    final = rig.final()
    assert final is not None
    assert (final.state, final.filled) == (OrderState.FILLED, Decimal(1))
    assert rig.state.positions == {"BTC-USDT": 1}


@pytest.mark.parametrize("has_universe", [True, False])
def test_the_universe_is_told_of_every_fill_after_the_end(has_universe: bool) -> None:
    """Its symbol may have left meanwhile, and its strategy with it."""
    rig = Rig(msgspec.structs.replace(WARY, has_universe=has_universe))
    order = not_sent(rig)
    rig.event(order, OrderState.WORKING)
    assert told(rig.envelopes, SymbolHeld, "universe") == [], "nothing is held yet"
    for number, filled in enumerate(("0.5", "1")):
        rig.event(order, OrderState.PARTIALLY_FILLED, filled=filled, quantity="0.5", fill=f"f{number}")
        heard = told(rig.envelopes, SymbolHeld, "universe")
        assert heard == ([SymbolHeld("BTC-USDT")] if has_universe else [])


def test_the_universe_is_told_of_no_fill_before_the_end() -> None:
    rig = Rig(msgspec.structs.replace(WARY, has_universe=True))
    order = rig.working()
    rig.event(order, OrderState.PARTIALLY_FILLED, filled="0.25", quantity="0.25", fill="f1")
    rig.event(order, OrderState.CANCELLED, filled="0.25")
    assert order.settled
    assert told(rig.sent, SymbolHeld, "universe") == []
    rig.event(order, OrderState.CANCELLED, filled="0.5", quantity="0.25", fill="f2")
    assert told(rig.envelopes, SymbolHeld, "universe") == [SymbolHeld("BTC-USDT")]


# --- crashes


def test_unknown_orders_are_asked_for_after_a_crash() -> None:
    rig, order = unknown(SAFE)
    rig.silent(order)
    assert kinds(rig.restart()) == ["QueryOrder"]
    assert rig.state.frozen == {"BTC-USDT": 1}


def test_a_promised_order_that_nobody_answers_for_becomes_unknown() -> None:
    rig = Rig()
    order = rig.submit()
    rig.restart()
    rig.silent(order)
    assert rig.state.orders[order.client_order_id].state is OrderState.UNKNOWN
    assert kinds(rig.wait(SECOND)) == ["QueryOrder"]


def test_an_order_that_left_long_after_its_promise_is_given_up_no_sooner_than_the_venue_refuses_it() -> None:
    """After a restart an order may wait for the lease, or for the venue's clock, before it leaves."""
    rig = Rig(WARY)
    order = rig.submit()
    rig.wait(8 * SECOND)
    rig.place_result(order, Outcome.NO_ANSWER, Reason.UNKNOWN_OUTCOME)
    refused_at = rig.now + WARY.request_expiry_ns + WARY.clock_bound_ns
    asked = [rig.now]
    rig.absent(order)
    while state_of(order) is OrderState.UNKNOWN and len(asked) < 10:
        rig.wait(SECOND)
        if order.asking:
            asked.append(order.asked_at)
            rig.absent(order)
    assert state_of(order) is OrderState.NOT_SENT
    assert asked[-1] > refused_at
    assert asked[-1] < refused_at + SECOND
