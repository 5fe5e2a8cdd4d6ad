"""Changing a working order as a transaction: both prices count until one is known to be in force."""

from __future__ import annotations

from decimal import Decimal

import pytest

from actors.execution.order import Order
from actors.execution.routing.plan import claim_of
from actors.execution.settings import SECOND
from messages.control import Mode, ModeChanged
from messages.intents import Route
from messages.orders import OrderState
from messages.reasons import Reason
from messages.routing import ReplaceEnded, ReplaceStarted
from messages.venue import Outcome, QueryResult, ReplaceResult, VenueOrder
from tests.actors.execution.rig import SYMBOL, kinds
from tests.actors.execution.routing.routed import REPLACING, RoutedRig, changing

pytestmark = pytest.mark.unit


def answer(rig: RoutedRig, price: str | None, state: OrderState = OrderState.WORKING) -> None:
    """The venue is asked and tells the order at this price."""
    order = rig.order
    limit = None if price is None else Decimal(price)
    told = VenueOrder(
        order.client_order_id, "v", SYMBOL, order.terms.side, state, Decimal(2), order.filled, limit
    )
    rig.take(QueryResult(order.client_order_id, Outcome.ACCEPTED, told))


def lost(rig: RoutedRig) -> Order:
    """No answer came to the change; the venue is being asked."""
    rig.take(ReplaceResult(rig.order.client_order_id, Outcome.NO_ANSWER, Reason.UNKNOWN_OUTCOME))
    assert kinds(rig.effects) == ["QueryOrder"]
    return rig.order


def test_a_lost_answer_is_resolved_by_the_price_the_venue_tells() -> None:
    rig = changing()
    lost(rig)
    answer(rig, "100")
    assert (rig.order.state, rig.order.terms.limit_price) == (OrderState.WORKING, 100)
    assert rig.happened(ReplaceEnded)[-1].applied


def test_the_old_price_counts_only_when_the_request_can_not_arrive_any_more() -> None:
    rig = changing()
    lost(rig)
    answer(rig, "99")
    assert rig.order.state is OrderState.PENDING_REPLACE
    for _ in range(5):
        if rig.order.replacing is None:
            break
        assert "QueryOrder" in kinds(rig.wait(31 * SECOND))
        answer(rig, "99")
    assert not rig.happened(ReplaceEnded)[-1].applied
    assert rig.happened(ReplaceEnded)[-1].time > rig.happened(ReplaceStarted)[-1].time + 6 * SECOND
    assert rig.order.terms.limit_price == 99


def test_a_venue_that_does_not_tell_the_price_loses_the_order() -> None:
    rig = changing()
    lost(rig)
    for _ in range(5):
        answer(rig, None)
        if rig.order.state is OrderState.PENDING_CANCEL:
            break
        rig.wait(31 * SECOND)
    assert rig.order.state is OrderState.PENDING_CANCEL


@pytest.mark.parametrize("reason", [Reason.VENUE_REJECTED, Reason.UNKNOWN_ORDER])
def test_a_refused_change_leaves_the_order_and_asks_what_it_is(reason: Reason) -> None:
    rig = changing()
    rig.take(ReplaceResult(rig.order.client_order_id, Outcome.REJECTED, reason))
    assert kinds(rig.effects) == ["QueryOrder"]
    assert (rig.order.state, rig.order.terms.limit_price) == (OrderState.WORKING, 99)


def test_a_change_that_was_withheld_leaves_the_order() -> None:
    rig = changing()
    rig.take(ReplaceResult(rig.order.client_order_id, Outcome.NOT_SENT, Reason.RATE_LIMIT))
    assert (rig.order.state, rig.order.terms.limit_price) == (OrderState.WORKING, 99)


def test_fills_during_a_change_are_booked_and_end_it_when_nothing_is_left() -> None:
    rig = changing()
    rig.fill("0.5", "99", OrderState.PARTIALLY_FILLED)
    assert rig.order.state is OrderState.PENDING_REPLACE
    assert claim_of(rig.order) == 2
    rig.fill("1.5", "100", OrderState.FILLED)
    assert rig.order.replacing is None
    assert rig.outcome.filled == 2
    rig.take(ReplaceResult(rig.order.client_order_id, Outcome.REJECTED, Reason.UNKNOWN_ORDER))
    assert rig.events == []


def test_a_filled_part_shows_in_the_state_after_the_change() -> None:
    rig = changing()
    rig.fill("0.5", "99", OrderState.PARTIALLY_FILLED)
    rig.take(ReplaceResult(rig.order.client_order_id, Outcome.ACCEPTED, Reason.ACCEPTED))
    assert rig.order.state is OrderState.PARTIALLY_FILLED


def test_after_a_crash_the_open_change_is_asked_for_and_not_sent_again() -> None:
    rig = changing()
    assert kinds(rig.restart()) == ["QueryOrder"]
    answer(rig, "100")
    assert rig.order.terms.limit_price == 100


def test_a_cancel_during_a_change_goes_out_at_once() -> None:
    rig = changing()
    rig.cancel()
    assert kinds(rig.effects) == ["CancelOrder"]
    rig.take(ReplaceResult(rig.order.client_order_id, Outcome.ACCEPTED, Reason.ACCEPTED))
    assert rig.order.state is OrderState.PENDING_CANCEL
    rig.ended(OrderState.CANCELLED, Reason.CANCEL_REQUESTED)
    assert rig.outcome.state is OrderState.CANCELLED


def test_after_a_crash_the_cancel_of_a_change_by_cancelling_is_owed_and_nothing_is_doubled() -> None:
    rig = RoutedRig(REPLACING)
    rig.route(Route.MAKER_FIRST)
    rig.accept()
    rig.wait(SECOND)
    rig.quote(101)
    assert kinds(rig.restart()) == ["CancelOrder"]
    assert len(rig.plan.orders) == 1
    rig.ended(OrderState.CANCELLED, Reason.CANCEL_REQUESTED)
    assert len(rig.plan.orders) == 2
    assert kinds(rig.effects) == ["PlaceOrder"]


def test_an_approval_of_an_older_mode_is_not_repriced() -> None:
    rig = RoutedRig()
    rig.route(Route.MAKER_FIRST)
    rig.accept()
    rig.take(ModeChanged(Mode.NORMAL, 1, {}, "again"), sender="risk")
    rig.wait(SECOND)
    assert rig.quote(101) == []
    assert rig.order.state is OrderState.WORKING
