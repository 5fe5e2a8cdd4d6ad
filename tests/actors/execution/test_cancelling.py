"""Cancels: of what works, of what may work, of what has not arrived; and what becomes of a cancel without effect."""

from __future__ import annotations

import msgspec
import pytest

from actors.execution.settings import SECOND
from messages.control import Flatten, Mode, ModeChanged
from messages.intents import Purpose
from messages.order_events import CancelWished, Tombstoned
from messages.orders import OrderState
from messages.reasons import Reason
from messages.venue import Outcome
from tests.actors.execution.rig import SAFE, Rig, approved, intent, kinds

pytestmark = pytest.mark.unit


def test_a_working_order_is_cancelled_and_the_reason_is_kept() -> None:
    rig = Rig()
    order = rig.working()
    rig.cancel(reason=Reason.TIME_EXIT)
    assert (order.state, kinds(rig.effects)) == (OrderState.PENDING_CANCEL, ["CancelOrder"])
    rig.cancel_result(order, Outcome.ACCEPTED)
    assert order.state is OrderState.PENDING_CANCEL
    rig.event(order, OrderState.CANCELLED, reason=Reason.CANCEL_REQUESTED)
    assert [(r.state, r.reason, r.final) for r in rig.reports()] == [
        (OrderState.CANCELLED, Reason.TIME_EXIT, True)
    ]
    assert rig.timers == {}


def test_a_second_cancel_of_the_same_order_sends_nothing() -> None:
    rig = Rig()
    rig.working()
    rig.cancel()
    rig.cancel()
    assert (rig.events, rig.effects) == ([], [])


def test_a_cancel_that_overtakes_its_intent_ends_it_on_arrival() -> None:
    rig = Rig()
    rig.cancel()
    assert rig.events == [Tombstoned(intent(1), Reason.SIGNAL)]
    rig.take(approved(), sender="risk")
    assert rig.effects == []
    assert [(r.state, r.reason, r.final) for r in rig.reports()] == [
        (OrderState.CANCELLED, Reason.TOMBSTONE, True)
    ]
    assert rig.state.tombstones == {}


@pytest.mark.parametrize("outcome", [Outcome.ACCEPTED, Outcome.NO_ANSWER])
def test_a_cancel_while_placing_waits_for_evidence(outcome: Outcome) -> None:
    rig = Rig()
    order = rig.submit()
    rig.cancel()
    assert rig.events == [CancelWished(order.client_order_id, Reason.SIGNAL)]
    assert rig.effects == []
    rig.place_result(order, outcome)
    if outcome is Outcome.NO_ANSWER:
        rig.found(order, OrderState.WORKING)
    assert (order.state, kinds(rig.effects)) == (OrderState.PENDING_CANCEL, ["CancelOrder"])


def test_a_fill_that_races_the_cancel_counts_and_the_cancel_still_ends_the_rest() -> None:
    rig = Rig()
    order = rig.working()
    rig.cancel()
    rig.event(order, OrderState.PARTIALLY_FILLED, filled="0.3", fill="f1")
    assert order.state is OrderState.PENDING_CANCEL
    rig.event(order, OrderState.CANCELLED, filled="0.3")
    final = rig.final()
    assert final is not None
    assert (final.state, str(final.filled)) == (OrderState.CANCELLED, "0.3")


def test_a_fill_that_wins_the_race_ends_the_order_filled() -> None:
    rig = Rig()
    order = rig.working()
    rig.cancel()
    rig.event(order, OrderState.FILLED, filled="1", fill="f1")
    rig.cancel_result(order, Outcome.REJECTED, Reason.UNKNOWN_ORDER)
    assert (order.state, rig.effects) == (OrderState.FILLED, [])


@pytest.mark.parametrize("outcome", [Outcome.REJECTED, Outcome.NO_ANSWER])
def test_a_cancel_refused_or_unanswered_leads_to_a_question(outcome: Outcome) -> None:
    rig = Rig()
    order = rig.working()
    rig.cancel()
    rig.cancel_result(order, outcome, Reason.UNKNOWN_ORDER)
    assert kinds(rig.effects) == ["QueryOrder"]
    rig.found(order, OrderState.CANCELLED)
    final = rig.final()
    assert final is not None
    assert final.state is OrderState.CANCELLED


def test_an_order_that_is_still_open_is_cancelled_again_at_once_then_after_growing_waits() -> None:
    rig = Rig()
    order = rig.working()
    rig.cancel()
    for _ in range(2):
        rig.cancel_result(order, Outcome.NO_ANSWER)
        rig.found(order, OrderState.WORKING)
        assert kinds(rig.effects) == ["CancelOrder"]
    waits = []
    for _ in range(3):
        rig.cancel_result(order, Outcome.NO_ANSWER)
        rig.found(order, OrderState.WORKING)
        assert rig.effects == []
        waits.append((rig.timers[f"cancel_again:{order.client_order_id}"].due - rig.now) // SECOND)
        assert "CancelOrder" in kinds(rig.wait(waits[-1] * SECOND))
    assert waits == [4, 8, 16]


def test_a_cancel_that_could_not_be_written_is_sent_again_after_a_wait() -> None:
    rig = Rig()
    order = rig.working()
    rig.cancel()
    rig.cancel_result(order, Outcome.NOT_SENT)
    assert rig.effects == []
    assert kinds(rig.wait(SECOND)) == ["CancelOrder"]


def test_a_cancel_that_was_taken_without_effect_is_looked_after() -> None:
    rig = Rig()
    order = rig.working()
    rig.cancel()
    rig.cancel_result(order, Outcome.ACCEPTED)
    assert kinds(rig.wait(SAFE.cancel_check_ns)) == ["QueryOrder"]


def test_the_time_to_live_counts_from_acceptance_and_cancels() -> None:
    rig = Rig()
    order = rig.submit(time_to_live=3 * SECOND)
    assert rig.timers == {}
    rig.wait(SECOND)
    rig.place_result(order, Outcome.ACCEPTED)
    assert rig.wait(3 * SECOND - 1) == []
    assert kinds(rig.wait(1)) == ["CancelOrder"]
    rig.event(order, OrderState.CANCELLED, reason=Reason.CANCEL_REQUESTED)
    final = rig.final()
    assert final is not None
    assert final.reason is Reason.TIME_TO_LIVE


def test_the_time_to_live_ends_with_the_order() -> None:
    rig = Rig()
    order = rig.working(time_to_live=3 * SECOND)
    rig.event(order, OrderState.FILLED, filled="1", fill="f1")
    assert rig.timers == {}


def test_doubt_does_not_prolong_the_time_to_live() -> None:
    rig = Rig()
    order = rig.submit(time_to_live=10 * SECOND)
    rig.place_result(order, Outcome.NO_ANSWER)
    rig.found(order, OrderState.WORKING)
    rig.wait(4 * SECOND)
    assert rig.timers[f"time_to_live:{order.client_order_id}"].due - rig.now == 6 * SECOND


def test_a_pending_cancel_is_sent_again_after_a_crash() -> None:
    rig = Rig()
    rig.working()
    rig.cancel()
    assert kinds(rig.restart()) == ["CancelOrder"]


def test_a_cancel_of_an_intent_that_ended_leaves_no_tombstone() -> None:
    rig = Rig()
    order = rig.working()
    rig.event(order, OrderState.FILLED, filled="1", fill="f1")
    rig.cancel()
    rig.take(approved(2, deadline=0), sender="risk")
    rig.cancel(2)
    assert rig.state.tombstones == {}


def test_in_observe_no_cancel_leaves_and_all_leave_afterwards() -> None:
    rig = Rig()
    first, second = rig.working(1), rig.working(2)
    rig.cancel(1)
    rig.take(ModeChanged(Mode.OBSERVE, 1, {}, "drill"), sender="risk")
    rig.cancel(2)
    rig.cancel_result(first, Outcome.NO_ANSWER)
    rig.found(first, OrderState.WORKING)
    assert rig.effects == []
    assert second.state is OrderState.WORKING
    assert rig.restart() == []
    rig.take(ModeChanged(Mode.NORMAL, 2, {}, "over"), sender="risk")
    assert kinds(rig.effects) == ["QueryOrder", "CancelOrder", "QueryAccount"]


def test_a_read_only_venue_gets_no_cancel() -> None:
    rig = Rig()
    order = rig.working()
    rig.actor.settings = msgspec.structs.replace(SAFE, read_only=True)
    rig.cancel()
    assert (order.state, rig.effects) == (OrderState.WORKING, [])
    assert rig.actor.cancels_when_store_away() == []


@pytest.mark.parametrize(
    ("command", "cancelled"),
    [
        (Flatten("ana"), [1, 2]),
        (Flatten("ana", "ETH-USDT"), [2]),
        (Flatten("ana", venue="paper"), [1, 2]),
        (Flatten("ana", venue="elsewhere"), []),
    ],
)
def test_closing_positions_cancels_what_works_there_but_not_what_protects_or_closes(
    command: Flatten, cancelled: list[int]
) -> None:
    rig = Rig()
    for number, changes in enumerate(
        (
            {},
            {"symbol": "ETH-USDT"},
            {"purpose": Purpose.PROTECTIVE},
            {"purpose": Purpose.FLATTEN},
        ),
        1,
    ):
        rig.working(number, **changes)
    rig.take(command, sender="operator")
    names = [rig.state.intents[intent(number)] for number in cancelled]
    assert [effect.lane for effect in rig.effects] == names
    assert all(rig.state.orders[name].cancel_reason is Reason.OPERATOR for name in names)
