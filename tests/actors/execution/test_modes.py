"""Modes as execution obeys them: the kill switch at once, risk's word in order, protective orders untouched."""

from __future__ import annotations

from typing import Any

import pytest

from messages.control import Drain, Flatten, Halt, Mode, Resume, SessionStarted, SetMode
from messages.intents import OrderType, Purpose, Route, TimeInForce
from messages.orders import OrderState
from messages.reasons import Reason
from messages.venue import Outcome
from tests.actors.execution.rig import Rig, approved, changed, kinds

pytestmark = pytest.mark.unit


def halt(rig: Rig) -> Rig:
    return rig.take(Halt("ana", "drill"), sender="operator")


def resume(rig: Rig, acknowledgement: str = "checked") -> Rig:
    return rig.take(Resume("ana", acknowledgement), sender="operator")


def mode_of(rig: Rig) -> Mode:
    return rig.state.effective_mode


def test_the_kill_switch_cancels_at_once_all_but_protective_orders() -> None:
    rig = Rig()
    entry, stop, placing = rig.working(1), rig.working(2, purpose=Purpose.PROTECTIVE), rig.submit(3)
    halt(rig)
    assert entry.state is OrderState.PENDING_CANCEL
    assert stop.state is OrderState.WORKING
    assert kinds(rig.effects) == ["CancelOrder"]
    rig.place_result(placing, Outcome.ACCEPTED)
    assert placing.state is OrderState.PENDING_CANCEL
    rig.event(placing, OrderState.CANCELLED)
    final = rig.final(3)
    assert final is not None
    assert final.reason is Reason.HALTED


def test_the_kill_switch_refuses_increases_before_risk_has_confirmed_it() -> None:
    rig = Rig()
    halt(rig)
    rig.take(approved(1), sender="risk")
    assert [r.reason for r in rig.reports()] == [Reason.HALTED]
    rig.take(approved(2, increases_exposure=False), sender="risk")
    assert kinds(rig.effects) == ["PlaceOrder"]


def test_a_milder_word_that_risk_gave_before_it_heard_does_not_lift_the_kill_switch() -> None:
    rig = Rig()
    halt(rig)
    rig.take(changed(Mode.REDUCE, 1), sender="risk")
    assert mode_of(rig) is Mode.HALTED
    rig.take(changed(Mode.HALTED, 2), sender="risk")
    rig.take(changed(Mode.NORMAL, 3), sender="risk")
    assert mode_of(rig) is Mode.NORMAL


def test_after_a_person_resumes_risks_next_word_counts() -> None:
    rig = Rig()
    rig.take(changed(Mode.HALTED, 1), sender="risk")
    halt(rig)
    resume(rig)
    assert mode_of(rig) is Mode.HALTED
    rig.take(changed(Mode.NORMAL, 2), sender="risk")
    assert mode_of(rig) is Mode.NORMAL


def test_a_resume_without_acknowledgement_or_before_the_halt_lifts_nothing() -> None:
    rig = Rig()
    resume(rig)
    halt(rig)
    resume(rig, " ")
    rig.take(changed(Mode.NORMAL, 1), sender="risk")
    assert mode_of(rig) is Mode.HALTED


def test_halted_by_risk_cancels_as_well() -> None:
    rig = Rig()
    order = rig.working()
    rig.take(changed(Mode.HALTED, 1), sender="risk")
    assert order.state is OrderState.PENDING_CANCEL


@pytest.mark.parametrize("mode", [Mode.REDUCE, Mode.OBSERVE])
def test_reduce_and_observe_leave_working_orders_alone(mode: Mode) -> None:
    rig = Rig()
    order = rig.working()
    rig.take(changed(mode, 1), sender="risk")
    assert (order.state, rig.effects) == (OrderState.WORKING, [])


def test_an_older_or_repeated_mode_is_passed_over() -> None:
    rig = Rig()
    rig.take(changed(Mode.REDUCE, 5), sender="risk")
    rig.take(changed(Mode.NORMAL, 4), sender="risk")
    rig.take(changed(Mode.NORMAL, 5), sender="risk")
    assert (mode_of(rig), rig.state.mode_version) == (Mode.REDUCE, 5)


def test_the_kill_switch_survives_a_crash() -> None:
    rig = Rig()
    halt(rig)
    rig.restart()
    assert mode_of(rig) is Mode.HALTED


def test_control_that_is_risks_to_handle_is_passed_over() -> None:
    rig = Rig()
    rig.take(SetMode("ana", Mode.REDUCE, "drill"), sender="operator")
    rig.take(Flatten("ana"), sender="operator")
    assert (rig.events, rig.effects, rig.envelopes) == ([], [], [])


def test_draining_cancels_what_protects_nothing_and_refuses_increases_until_a_session_starts() -> None:
    rig = Rig()
    entry, stop = rig.working(1), rig.working(2, purpose=Purpose.PROTECTIVE)
    rig.take(Drain("ana", "end of day"), sender="operator")
    assert (entry.state, stop.state) == (OrderState.PENDING_CANCEL, OrderState.WORKING)
    rig.take(approved(3), sender="risk")
    assert [r.reason for r in rig.reports()] == [Reason.DRAINING]
    rig.take(approved(4, increases_exposure=False, time_in_force=TimeInForce.IOC), sender="risk")
    assert kinds(rig.effects) == ["PlaceOrder"]
    rig.restart()
    rig.take(SessionStarted("ana"), sender="operator")
    rig.take(approved(5), sender="risk")
    assert kinds(rig.effects) == ["PlaceOrder"]


@pytest.mark.parametrize(
    ("change", "placed"),
    [
        ({}, False),
        ({"order_type": OrderType.MARKET, "limit_price": None}, True),
        ({"time_in_force": TimeInForce.FOK}, True),
        ({"order_type": OrderType.MARKET, "limit_price": None, "route": Route.TWAP}, False),
        ({"purpose": Purpose.PROTECTIVE}, True),
        ({"purpose": Purpose.FLATTEN}, True),
    ],
)
def test_what_comes_while_draining_leaves_no_order_behind(change: dict[str, Any], placed: bool) -> None:
    """Nobody would be there to cancel it: the desk stops once it is at rest."""
    rig = Rig()
    rig.take(Drain("ana", "end of day"), sender="operator")
    rig.take(approved(1, increases_exposure=False, **change), sender="risk")
    assert ("PlaceOrder" in kinds(rig.effects)) is placed
    assert placed or [r.reason for r in rig.reports()] == [Reason.DRAINING]


def test_draining_lets_no_order_be_sent_again() -> None:
    rig = Rig()
    retrying, unknown = rig.submit(1), rig.submit(2)
    rig.place_result(retrying, Outcome.NOT_SENT)
    rig.place_result(unknown, Outcome.NO_ANSWER)
    rig.take(Drain("ana", "end of day"), sender="operator")
    final = rig.final(1)
    assert final is not None
    assert final.state is OrderState.CANCELLED
    rig.absent(unknown).absent(unknown)
    assert (retrying.sends, unknown.sends) == (1, 1)
