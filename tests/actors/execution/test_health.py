"""The way to the venue and what is unknown there, as conditions that risk hears of, and of whose end it hears."""

from __future__ import annotations

import pytest

from messages.account_events import VenueCondition, WayJudged
from messages.control import Mode
from messages.orders import OrderState
from messages.venue import FillsResult, Outcome
from messages.venue_stream import StreamOpened
from tests.actors.execution.rig import DOUR, SECOND, WARY, Rig, told

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
