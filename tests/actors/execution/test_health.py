"""The way to the venue and what is unknown there, as conditions that risk hears of, and of whose end it hears."""

from __future__ import annotations

import pytest

from messages.account_events import VenueCondition, WayJudged
from messages.control import Mode, SessionStarted
from messages.orders import OrderState
from messages.reasons import Reason
from messages.venue import FillsResult, Outcome, ReplaceResult
from messages.venue_account import AccountResult
from messages.venue_stream import StreamOpened
from tests.actors.execution.rig import DOUR, SECOND, WARY, Rig, changed, kinds, told
from tests.actors.execution.routing.routed import RoutedRig, changing

pytestmark = pytest.mark.unit


def said(rig: Rig) -> list[tuple[str, Mode]]:
    """What risk was told of conditions in the last step."""
    return [(each.cause, each.mode) for each in told(rig.envelopes, VenueCondition, "risk")]


def test_what_the_host_sees_of_the_way_is_told_when_it_changes() -> None:
    rig = Rig()
    rig.take(WayJudged({}))
    assert said(rig) == []
    rig.take(WayJudged({"stream_down": "no fills are heard of"}))
    assert said(rig) == [("stream_down", Mode.REDUCE)]
    rig.take(WayJudged({"stream_down": "still", "clock_skew": "2 s"}))
    assert said(rig) == [("clock_skew", Mode.REDUCE)]
    rig.restart()
    rig.take(WayJudged({"clock_skew": "2 s"}))
    assert said(rig) == [("stream_down", Mode.NORMAL)]
    rig.take(WayJudged({}))
    assert said(rig) == [("clock_skew", Mode.NORMAL)]


def test_an_order_for_which_a_person_was_called_holds_the_desk_until_its_fate_is_known() -> None:
    rig = Rig(WARY)
    order = rig.submit()
    rig.place_result(order, Outcome.NO_ANSWER)
    for _ in range(WARY.escalate_at_probe):
        assert ("unknown_orders", Mode.REDUCE) not in said(rig)
        rig.wait(1000 * SECOND)
        rig.silent(order)
    assert said(rig) == [("unknown_orders", Mode.REDUCE)]
    rig.restart()
    rig.wait(1000 * SECOND)
    rig.found(order, OrderState.CANCELLED)
    assert said(rig) == [("unknown_orders", Mode.NORMAL)]


def test_fills_that_are_asked_for_five_times_in_vain_stand_still_until_they_are_told() -> None:
    rig = Rig(DOUR)
    rig.working()
    rig.take(StreamOpened("paper", 1, rig.now))
    [question] = [each for each in rig.effects if type(each).__name__ == "QueryFills"]
    for attempt in range(5):
        assert said(rig) == [], attempt
        rig.take(
            FillsResult("paper", question.symbol, Outcome.NO_ANSWER, since=question.since)  # type: ignore[attr-defined]
        )
        if attempt < 4:
            rig.wait(600 * SECOND)
            rig.take(WayJudged({}))
    assert said(rig) == [("cursor_stall", Mode.REDUCE)]
    rig.take(FillsResult("paper", question.symbol, Outcome.ACCEPTED, since=question.since))  # type: ignore[attr-defined]
    assert said(rig) == [("cursor_stall", Mode.NORMAL)]


def begin(rig: Rig) -> None:
    """A desk begins on this actor's history."""
    rig.restart()
    rig.take(SessionStarted("ana"), sender="operator")


def accept_change(rig: RoutedRig) -> None:
    rig.take(ReplaceResult(rig.order.client_order_id, Outcome.ACCEPTED, Reason.ACCEPTED))


def test_a_change_of_an_order_that_a_start_finds_open_holds_the_desk_until_it_is_over() -> None:
    rig = changing()
    assert said(rig) == []
    begin(rig)
    assert said(rig) == [("open_replace", Mode.REDUCE)]
    [condition] = told(rig.envelopes, VenueCondition, "risk")
    assert rig.order.client_order_id in condition.detail
    begin(rig)
    accept_change(rig)
    assert said(rig) == [("open_replace", Mode.NORMAL)]


def test_a_change_that_begins_after_the_start_holds_nothing() -> None:
    rig = changing()
    begin(rig)
    accept_change(rig)
    assert said(rig) == [("open_replace", Mode.NORMAL)]
    rig.wait(SECOND)
    rig.quote(102)
    assert kinds(rig.effects) == ["ReplaceOrder"]
    assert said(rig) == []


def test_a_start_that_finds_no_open_change_says_nothing() -> None:
    rig = changing()
    accept_change(rig)
    begin(rig)
    assert said(rig) == []


def test_an_account_that_was_never_read_lets_nothing_leave_and_says_so_until_it_is_read() -> None:
    rig = Rig(seeded=False)
    assert said(rig) == []
    rig.take(AccountResult("paper", Outcome.NO_ANSWER))
    assert said(rig) == [("account_unread", Mode.OBSERVE)]
    rig.restart()
    rig.wait(SECOND)
    rig.take(AccountResult("paper", Outcome.NO_ANSWER))
    assert said(rig) == []
    rig.wait(2 * SECOND)
    rig.take(AccountResult("paper", Outcome.ACCEPTED))
    assert said(rig) == [("account_unread", Mode.NORMAL)]


def test_an_account_that_was_read_before_is_not_unread_when_it_does_not_answer() -> None:
    rig = Rig()
    rig.take(StreamOpened("paper", 1, rig.now))
    rig.take(AccountResult("paper", Outcome.NO_ANSWER))
    assert said(rig) == []


def test_what_was_not_cancelled_while_nothing_might_leave_is_looked_at_again_after() -> None:
    rig = Rig()
    rig.take(changed(Mode.OBSERVE, 1), sender="risk")
    assert kinds(rig.effects) == []
    rig.take(changed(Mode.REDUCE, 2), sender="risk")
    assert kinds(rig.effects) == ["QueryAccount"]
    rig.take(changed(Mode.NORMAL, 3), sender="risk")
    assert kinds(rig.effects) == []
