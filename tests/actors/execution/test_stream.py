"""The private stream: fills once, in any order, lost by nobody; final only when the fills add up."""

from __future__ import annotations

from decimal import Decimal

import pytest

from actors.execution.settings import SECOND
from messages.account_events import ExternalActivity, StreamGapFound, VenueEventTaken
from messages.errors import IllegalTransitionError
from messages.intents import Side
from messages.order_events import OrderEscalated, OrderOverfilled, OrderSettled
from messages.orders import OrderState
from messages.reasons import Reason
from messages.venue import Outcome
from messages.venue_account import AccountResult
from tests.actors.execution.rig import LOST, STRATEGY, Rig, kinds, told, venue_event

pytestmark = pytest.mark.unit


def test_a_fill_reaches_risk_and_the_requester_with_all_its_parts() -> None:
    rig = Rig()
    order = rig.working()
    rig.event(order, OrderState.PARTIALLY_FILLED, filled="0.4", fill="f1", price="99.5")
    assert rig.fills("risk") == rig.fills(STRATEGY)
    (fill,) = rig.fills()
    assert (fill.fill_id, fill.price, fill.quantity) == ("f1", Decimal("99.5"), Decimal("0.4"))
    assert (fill.intent_id, fill.strategy, fill.client_order_id) == (
        order.intent_id,
        "ema",
        order.client_order_id,
    )
    assert rig.reports() == []


def test_partial_fills_are_reported_once_and_the_last_is_final() -> None:
    rig = Rig()
    order = rig.working()
    rig.event(order, OrderState.PARTIALLY_FILLED, filled="0.4", fill="f1")
    rig.event(order, OrderState.PARTIALLY_FILLED, filled="0.7", fill="f2", quantity="0.3")
    assert (len(rig.fills()), rig.reports()) == (1, [])
    rig.event(order, OrderState.FILLED, filled="1", fill="f3", quantity="0.3")
    assert [(r.state, r.filled, r.final) for r in rig.reports()] == [(OrderState.FILLED, Decimal(1), True)]
    assert rig.state.live == {}


def test_an_event_seen_again_changes_nothing() -> None:
    rig = Rig()
    order = rig.working()
    event = venue_event(order, OrderState.PARTIALLY_FILLED, 1, filled="0.4", fill="f1")
    rig.take(event)
    rig.take(event)
    assert (rig.events, rig.envelopes) == ([], [])


def test_a_fill_seen_again_under_a_new_sequence_is_not_booked_twice() -> None:
    rig = Rig()
    order = rig.working()
    rig.event(order, OrderState.PARTIALLY_FILLED, filled="0.4", fill="f1")
    rig.event(order, OrderState.PARTIALLY_FILLED, filled="0.4", fill="f1")
    assert rig.fills() == []
    assert order.filled == Decimal("0.4")


def test_a_fill_may_come_before_the_answer_to_placing() -> None:
    rig = Rig()
    order = rig.submit(time_to_live=SECOND)
    rig.event(order, OrderState.PARTIALLY_FILLED, filled="0.4", fill="f1")
    assert order.state is OrderState.PARTIALLY_FILLED
    rig.place_result(order, Outcome.ACCEPTED)
    assert order.state is OrderState.PARTIALLY_FILLED
    assert kinds(rig.wait(SECOND)) == ["CancelOrder"]


def test_the_final_word_waits_for_every_fill_the_venue_counts() -> None:
    rig = Rig()
    order = rig.working()
    rig.place_result(order, Outcome.ACCEPTED)
    rig.cancel()
    rig.cancel_result(order, Outcome.NO_ANSWER)
    rig.found(order, OrderState.CANCELLED, "0.5")
    assert rig.final() is None
    rig.event(order, OrderState.PARTIALLY_FILLED, filled="0.5", fill="f1")
    final = rig.final()
    assert final is not None
    assert (final.state, final.filled) == (OrderState.CANCELLED, Decimal("0.5"))


def test_fills_that_never_come_are_asked_for_and_escalated() -> None:
    rig = Rig()
    order = rig.working()
    rig.event(order, OrderState.FILLED, filled="1")
    assert rig.final() is None
    for _ in range(9):
        while not rig.wait(SECOND):
            pass
        rig.found(order, OrderState.FILLED, "1")
    assert len(rig.happened(OrderEscalated)) == 1
    assert rig.final() is None


def test_a_fill_after_the_cancel_was_final_is_booked_and_told_as_final_again() -> None:
    rig = Rig()
    order = rig.working()
    rig.cancel()
    rig.event(order, OrderState.CANCELLED)
    rig.event(order, OrderState.CANCELLED, filled="0.2", fill="f1")
    assert [fill.quantity for fill in rig.fills()] == [Decimal("0.2")]
    assert [(r.state, r.filled, r.final) for r in rig.reports()] == [
        (OrderState.CANCELLED, Decimal("0.2"), True)
    ]


def test_a_late_count_of_fills_not_seen_reopens_the_order_until_they_come() -> None:
    rig = Rig()
    order = rig.working()
    rig.cancel()
    rig.event(order, OrderState.CANCELLED)
    rig.event(order, OrderState.CANCELLED, filled="0.2")
    assert not order.settled
    assert order.client_order_id in rig.state.live
    rig.event(order, OrderState.CANCELLED, filled="0.2", fill="f1")
    assert order.settled
    assert len(rig.happened(OrderSettled)) == 2
    assert rig.state.closed == [order.intent_id]


def test_an_overfill_is_booked_and_recorded_as_an_anomaly() -> None:
    rig = Rig()
    order = rig.working()
    rig.event(order, OrderState.FILLED, filled="1.5", fill="f1")
    (anomaly,) = rig.happened(OrderOverfilled)
    assert (anomaly.quantity, anomaly.filled) == (Decimal(1), Decimal("1.5"))
    assert rig.state.positions == {"BTC-USDT": Decimal("1.5")}
    assert order.settled


def test_an_order_rejected_on_arrival_after_the_gateway_took_it() -> None:
    rig = Rig()
    order = rig.working()
    rig.event(order, OrderState.REJECTED, reason=Reason.INSUFFICIENT_BALANCE)
    final = rig.final()
    assert final is not None
    assert (final.state, final.reason) == (OrderState.REJECTED, Reason.INSUFFICIENT_BALANCE)


def test_what_contradicts_everything_known_raises() -> None:
    rig = Rig()
    order = rig.working()
    rig.event(order, OrderState.FILLED, filled="1", fill="f1")
    with pytest.raises(IllegalTransitionError, match="filled"):
        rig.event(order, OrderState.REJECTED)


# --- gaps


def test_a_gap_is_recorded_and_the_account_asked_for() -> None:
    rig = Rig()
    order = rig.working()
    rig.take(venue_event(order, OrderState.PARTIALLY_FILLED, 3, filled="0.4", fill="f2", quantity="0.1"))
    assert rig.happened(StreamGapFound) == [StreamGapFound(1, 2)]
    assert kinds(rig.effects) == ["QueryAccount"]
    assert rig.actor.resume_after() == 0


def test_what_was_skipped_is_taken_when_it_comes_and_its_fill_counts() -> None:
    rig = Rig()
    order = rig.working()
    rig.take(venue_event(order, OrderState.FILLED, 2, filled="1", fill="f2", quantity="0.6"))
    assert rig.final() is None
    rig.take(venue_event(order, OrderState.PARTIALLY_FILLED, 1, filled="0.4", fill="f1"))
    final = rig.final()
    assert final is not None
    assert (final.state, final.filled) == (OrderState.FILLED, Decimal(1))
    assert (rig.actor.resume_after(), rig.state.stream_missing) == (2, {})


def test_an_old_state_that_comes_late_does_not_turn_an_order_back() -> None:
    rig = Rig()
    order = rig.working()
    rig.take(venue_event(order, OrderState.CANCELLED, 2))
    rig.take(venue_event(order, OrderState.WORKING, 1))
    assert order.state is OrderState.CANCELLED


def test_an_end_that_comes_late_is_an_end() -> None:
    rig = Rig()
    first, second = rig.working(1), rig.working(2)
    rig.take(venue_event(second, OrderState.WORKING, 2))
    rig.take(venue_event(first, OrderState.EXPIRED, 1))
    assert first.state is OrderState.EXPIRED


def test_very_old_gaps_are_no_longer_waited_for_yet_their_fills_still_count() -> None:
    rig = Rig()
    order = rig.working()
    rig.take(venue_event(order, OrderState.WORKING, 5_000))
    assert len(rig.state.stream_missing) == rig.settings.keep_missing
    assert rig.actor.resume_after() == 5_000 - rig.settings.keep_missing - 1
    rig.take(venue_event(order, OrderState.PARTIALLY_FILLED, 7, filled="0.4", fill="f1"))
    assert len(rig.fills()) == 1
    rig.take(venue_event(order, OrderState.PARTIALLY_FILLED, 7, filled="0.4", fill="f1"))
    assert rig.events == []


def test_a_clean_comparison_does_not_end_the_wait_for_fills_that_cancel_out() -> None:
    rig = Rig()
    bought, sold = rig.working(1), rig.working(2, side=Side.SELL)
    rig.take(venue_event(sold, OrderState.WORKING, 3))
    rig.take(AccountResult("paper", Outcome.ACCEPTED))
    rig.take(venue_event(bought, OrderState.FILLED, 1, filled="1", fill="f1"))
    rig.take(venue_event(sold, OrderState.FILLED, 2, filled="1", fill="f2"))
    assert (bought.state, sold.state) == (OrderState.FILLED, OrderState.FILLED)
    assert (bought.settled, sold.settled) == (True, True)


# --- not ours


@pytest.mark.parametrize(("name", "ours"), [("manual-1", False), (LOST, True)])
def test_activity_that_is_not_ours_is_recorded_and_told_to_risk(name: str, ours: bool) -> None:
    rig = Rig()
    rig.take(venue_event(name, OrderState.FILLED, 1, filled="2", fill="x1"))
    (activity,) = told(rig.envelopes, ExternalActivity, "risk")
    assert (activity.client_order_id, activity.ours, activity.filled) == (name, ours, Decimal(2))
    assert activity.fill is not None
    assert rig.state.positions == {"BTC-USDT": Decimal(2)}
    assert rig.state.orders == {}


def test_the_position_of_the_stream_survives_a_crash() -> None:
    rig = Rig()
    order = rig.working()
    rig.event(order, OrderState.WORKING)
    assert [each.sequence for each in rig.happened(VenueEventTaken)] == [1]
    rig.restart()
    assert rig.actor.resume_after() == 1
