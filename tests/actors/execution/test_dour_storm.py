"""The storm at a venue that tells nothing twice: events told while nobody listened are lost, and fills are asked for.

Its lists name fills by the venue's order ids alone, its ids may be used again, and a stream that begins anew says so.
"""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule, run_state_machine_as_test

from actors.execution.settings import SECOND
from messages.account_events import FillsTaken, OrderFillsAsked, StreamBegun
from messages.base import Message
from messages.order_events import FillReceived
from messages.venue_stream import StreamOpened
from tests.actors.execution import test_storm
from tests.actors.execution.rig import DOUR
from tests.actors.execution.test_storm import STORM, Storm, by_hand, reached

pytestmark = pytest.mark.property

SETTINGS = msgspec.structs.replace(DOUR, fills_overlap_ns=SECOND)


class DourStorm(Storm):
    """As `Storm`, but for the stream: `heard` of its events were told or lost, `told` are those of this session."""

    execution = SETTINGS

    def __init__(self) -> None:
        self.heard = 0
        self.told: list[Message] = []
        super().__init__()

    def undelivered(self) -> list[int]:
        return list(range(self.heard, len(self.venue.stream)))

    def deliver(self, index: int) -> None:
        """The next event of the session, numbered by the adapter; none can overtake another."""
        event = self.venue.stream[self.heard]
        self.heard += 1
        self.delivered.add(index)
        self.hear(msgspec.structs.replace(event, sequence=self.rig.state.stream_sequence + 1))

    def hear(self, message: Message) -> None:
        self.told.append(message)
        self.take(message)

    def interrupt(self) -> None:
        self.heard, self.told = len(self.venue.stream), []
        self.hear(StreamOpened("paper", self.rig.state.stream_sequence + 1, self.venue.now))

    @precondition(lambda self: self.told)
    @rule(choice=st.integers(0, 50))
    def event_again(self, choice: int) -> None:
        self.take(self.told[choice % len(self.told)])
        assert self.rig.events == []

    @rule()
    def stream_is_interrupted(self) -> None:
        self.interrupt()

    @rule()
    def crash(self) -> None:
        """As ever; and the next process's stream begins anew."""
        super().crash()
        self.interrupt()

    def count_what_was_reached(self) -> None:
        super().count_what_was_reached()
        reached["stream begun"] += len(self.rig.happened(StreamBegun))
        reached["list taken"] += len(self.rig.happened(FillsTaken))
        reached["order's fills asked"] += len(self.rig.happened(OrderFillsAsked))
        streamed = {event.fill.fill_id for event in self.told if getattr(event, "fill", None) is not None}
        booked = [each.fill.fill_id for each in self.rig.happened(FillReceived)]
        reached["fill by question"] += sum(fill_id not in streamed for fill_id in booked)


def test_nothing_is_lost_where_the_stream_tells_nothing_twice() -> None:
    reached.clear()
    by_hand(DourStorm)
    run_state_machine_as_test(DourStorm, settings=STORM)
    wanted = {"doubted", "cancel_sent", "part_filled", "filled", "not_sent", "late_accepted"}
    wanted |= {"stream begun", "list taken", "order's fills asked", "fill by question"}
    assert {each for each in wanted if not reached[each]} == set()
    assert test_storm.reached is reached
