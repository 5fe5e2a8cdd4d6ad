"""Orders that may not have left: withheld, tried again under the same id, asked about after a crash."""

from __future__ import annotations

import pytest

from actors.execution.settings import SECOND, ExecutionSettings
from messages.control import Mode
from messages.order_events import OrderResent, OrderRetryPlanned
from messages.orders import OrderState
from messages.reasons import Reason
from messages.venue import Outcome, PlaceOrder
from tests.actors.execution.rig import SAFE, START, WARY, Rig, changed, intent, kinds

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("reason", "state"),
    [
        (Reason.EXPIRED, OrderState.EXPIRED),
        (Reason.MODE_OUTDATED, OrderState.EXPIRED),
        (Reason.HALTED, OrderState.NOT_SENT),
        (Reason.LEASE_LOST, OrderState.NOT_SENT),
        (Reason.CIRCUIT_OPEN, OrderState.NOT_SENT),
    ],
)
def test_an_order_withheld_at_the_gate_ends_for_its_reason(reason: Reason, state: OrderState) -> None:
    rig = Rig()
    order = rig.submit()
    rig.place_result(order, Outcome.NOT_SENT, reason)
    assert [(r.state, r.reason, r.final) for r in rig.reports()] == [(state, reason, True)]
    assert rig.effects == []


def test_a_refused_connection_is_tried_again_under_the_same_id_after_growing_waits() -> None:
    rig = Rig()
    order = rig.submit()
    rig.place_result(order, Outcome.NOT_SENT)
    assert rig.effects == []
    (again,) = rig.wait(SECOND // 4)
    assert isinstance(again, PlaceOrder)
    assert again.client_order_id == order.client_order_id
    rig.place_result(order, Outcome.NOT_SENT, Reason.RATE_LIMIT)
    assert [plan.due - rig.now for plan in rig.happened(OrderRetryPlanned)[1:]] == [SECOND // 2]
    rig.wait(SECOND // 2)
    rig.place_result(order, Outcome.NOT_SENT)
    assert order.sends == SAFE.max_sends
    assert [(r.state, r.final) for r in rig.reports()] == [(OrderState.NOT_SENT, True)]


@pytest.mark.parametrize("reason", [Reason.NOT_SENT, Reason.RATE_LIMIT, Reason.CLOCK_SKEW])
@pytest.mark.parametrize("settings", [SAFE, WARY], ids=["safe", "wary"])
def test_what_the_venue_surely_did_not_take_is_sent_again_wherever_ids_may_be_used_again(
    settings: ExecutionSettings, reason: Reason
) -> None:
    rig = Rig(settings)
    order = rig.submit()
    rig.place_result(order, Outcome.NOT_SENT, reason)
    (again,) = rig.wait(SECOND // 4)
    assert isinstance(again, PlaceOrder)
    assert again.client_order_id == order.client_order_id
    rig.place_result(order, Outcome.ACCEPTED)
    assert (order.state, order.sends) == (OrderState.WORKING, 2)


def test_without_the_trait_nothing_that_may_be_at_the_venue_is_sent_again() -> None:
    rig = Rig(WARY)
    order = rig.submit()
    rig.place_result(order, Outcome.NOT_SENT)
    rig.wait(SECOND // 4)
    rig.place_result(order, Outcome.NO_ANSWER)
    rig.place_result(order, Outcome.NOT_SENT)
    assert order.state is OrderState.UNKNOWN
    while not order.settled:
        rig.absent(order)
        assert "PlaceOrder" not in kinds(rig.wait(40 * SECOND))
    assert order.sends == 2


def test_a_retry_under_way_at_a_crash_is_asked_for_and_not_sent_again_without_the_trait() -> None:
    rig = Rig(WARY)
    rig.place_result(rig.submit(), Outcome.NOT_SENT)
    rig.wait(SECOND // 4)
    assert kinds(rig.restart()) == ["QueryOrder"]
    order = rig.state.order_of(intent(1))
    assert order is not None
    while not order.settled:
        rig.absent(order)
        assert "PlaceOrder" not in kinds(rig.wait(40 * SECOND))
    assert order.state is OrderState.NOT_SENT


def test_a_retry_that_would_come_after_the_deadline_is_not_planned() -> None:
    rig = Rig()
    order = rig.submit(deadline=START + SECOND // 8)
    rig.place_result(order, Outcome.NOT_SENT)
    assert [(r.state, r.final) for r in rig.reports()] == [(OrderState.NOT_SENT, True)]


def test_a_retry_passes_the_gate_again() -> None:
    rig = Rig()
    order = rig.submit()
    rig.place_result(order, Outcome.NOT_SENT)
    rig.take(changed(Mode.REDUCE, 1), sender="risk")
    assert rig.wait(SECOND) == []
    final = rig.final()
    assert final is not None
    assert (final.state, final.reason) == (OrderState.EXPIRED, Reason.MODE_OUTDATED)


def test_a_cancel_before_the_retry_ends_the_order_at_once() -> None:
    rig = Rig()
    order = rig.submit()
    rig.place_result(order, Outcome.NOT_SENT)
    rig.cancel()
    assert [(r.state, r.final) for r in rig.reports()] == [(OrderState.CANCELLED, True)]
    assert rig.wait(SECOND) == []
    assert order.sends == 1


def test_a_planned_retry_survives_a_crash_without_a_question() -> None:
    rig = Rig()
    order = rig.submit()
    rig.place_result(order, Outcome.NOT_SENT)
    assert rig.restart() == []
    assert kinds(rig.wait(SECOND)) == ["PlaceOrder"]
    assert rig.state.orders[order.client_order_id].sends == 2


# --- a crash between promise and answer


def test_a_promised_order_is_asked_for_after_a_crash_and_never_placed_again_blindly() -> None:
    rig = Rig()
    rig.submit()
    assert kinds(rig.restart()) == ["QueryOrder"]


def test_an_order_that_had_arrived_before_the_crash_is_adopted() -> None:
    rig = Rig()
    order = rig.submit()
    rig.restart()
    rig.found(order, OrderState.WORKING)
    assert rig.state.orders[order.client_order_id].state is OrderState.WORKING
    assert not rig.happened(OrderResent)


def test_an_order_that_never_left_is_sent_after_two_absences_at_the_same_desk_time() -> None:
    rig = Rig()
    order = rig.submit()
    rig.restart()
    rig.absent(order)
    assert kinds(rig.effects) == ["QueryOrder"]
    rig.absent(order)
    (again,) = rig.effects
    assert isinstance(again, PlaceOrder)
    assert again.client_order_id == order.client_order_id
    assert rig.now == START
