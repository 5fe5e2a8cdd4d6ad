"""A part of an actor fails: the step is discarded, the actor hears whose fault it was, and takes the input again."""

from __future__ import annotations

import pytest

from actors.base import Context, receives
from cluster.steps.journal import InputKind
from cluster.steps.machine import PoisonError
from cluster.steps.recovery import state_digest
from cluster.steps.requests import Commit, Input, Rebuild, Report
from messages.base import Message, message_type
from messages.market import ObservationDue
from tests.cluster.steps.dialog import COMMITTED, NOTHING, Dialog
from tests.cluster.steps.stage import HandPicked, Stage
from tests.samples import Counted, Counter, CounterState, Ping, WakeUp

pytestmark = pytest.mark.unit


@message_type
class PartFailed(Message, frozen=True):
    """A part of the actor below failed on this number."""

    number: int


class InParts(Counter):
    """Fails on numbers from 90 on, each a part of its own, and goes on without the parts it has heard of."""

    def blamed(self, error: Exception) -> Message | None:
        return PartFailed(error.args[0]) if isinstance(error, LookupError) else None

    @receives(Ping)
    def on_part(self, ping: Ping, ctx: Context) -> None:
        ctx.emit(Counted(number=-ping.number))
        self._part(ping.number)
        ctx.emit(Counted(number=ping.number))

    @receives(WakeUp)
    def on_wake_up(self, wake_up: WakeUp, ctx: Context) -> None:
        self._part(wake_up.number)
        ctx.emit(Counted(number=wake_up.number))

    @receives(ObservationDue)
    def on_due(self, due: ObservationDue, ctx: Context) -> None:
        ctx.emit(Counted(number=-due.position))
        self._part(due.position)
        self._part(due.position + 1)
        ctx.emit(Counted(number=due.position))

    @receives(PartFailed)
    def on_failed(self, failed: PartFailed, ctx: Context) -> None:
        ctx.emit(Counted(number=1_000 + failed.number))

    def _part(self, number: int) -> None:
        if number >= 90 and 1_000 + number not in self.state.numbers:
            raise LookupError(number)
        if number < 0:
            raise ValueError("the whole actor fails")


@pytest.fixture
def stage() -> Stage:
    return Stage(lambda: InParts("counter", CounterState(numbers=[], asked={})))


def test_mail_is_taken_again_once_the_actor_knows_and_nothing_of_the_failed_step_remains(
    stage: Stage,
) -> None:
    stage.post(Ping(number=1), Ping(number=95), Ping(number=2))
    host = stage.start()
    assert host.ended is None
    assert host.machine.actor.state.numbers == [-1, 1, 1_095, -95, 95, -2, 2]
    assert not stage.sent("risk"), "no dead letter"
    kinds = [[each.kind for each in record.inputs] for record in stage.journal()]
    assert kinds[:2] == [[InputKind.MAILBOX], [InputKind.SIGNAL]]


def test_an_observation_is_decided_on_again_once_for_each_part_that_fails(stage: Stage) -> None:
    host = stage.host()
    picked = HandPicked(host)
    picked.batches.append([Input(InputKind.OBSERVATION, "95", ObservationDue("BTC-USDT", 95, 1))])
    host.settle()
    assert host.machine.actor.state.numbers == [1_095, 1_096, -95, 95]
    assert [record.fault for record in stage.journal()] == [None] * 3


def test_a_timer_fires_again(stage: Stage) -> None:
    stage.make = lambda: Timed("counter", CounterState(numbers=[], asked={}))
    stage.post(Ping(number=5))
    host = stage.start()
    stage.clock.now += 10_000
    host.settle()
    assert host.machine.actor.state.numbers == [5, 1_097, 97]
    assert host.machine.timers == {}


class Timed(InParts):
    """Sets a timer whose part fails."""

    @receives(Ping)
    def on_timed(self, ping: Ping, ctx: Context) -> None:
        ctx.emit(Counted(number=ping.number))
        ctx.after(1_000, WakeUp(number=97), key="wake")


def test_what_the_step_had_promised_before_the_failure_is_performed(stage: Stage) -> None:
    stage.make = lambda: Asking("counter", CounterState(numbers=[], asked={}))
    stage.post(Ping(number=3), Ping(number=95))
    host = stage.start()
    assert stage.oracle.asked == [3]
    assert host.machine.position.outstanding == 0
    assert host.machine.actor.state.numbers == [3, 1_095, 95]


class Asking(InParts):
    """Asks the outside as counters do."""

    @receives(Ping)
    def on_asking(self, ping: Ping, ctx: Context) -> None:
        self._part(ping.number)
        self.on_ping(ping, ctx)


def test_it_is_reported_and_recorded_where_the_view_stands() -> None:
    """Of an observation: what the actor hears and what it takes again are steps of their own, at the same row."""
    due = Input(InputKind.OBSERVATION, "95", ObservationDue("BTC-USDT", 95, 1))
    dialog = Dialog(InParts("counter", CounterState(numbers=[1_096], asked={}))).begin()
    dialog.take(due, feed=7).answer(NOTHING).expect(Rebuild(7)).answer()
    told = Report("error", "a part of the actor failed", {"input": "95", "error": "95"})
    assert dialog.reports[-1] == told
    heard = dialog.request
    again = dialog.answer(COMMITTED).request
    assert isinstance(heard, Commit)
    assert isinstance(again, Commit)
    assert [each.reference for each in heard.section.record.inputs] == ["blamed:0"]
    assert [each.reference for each in again.section.record.inputs] == ["95"]
    assert [each.section.position.feed for each in (heard, again)] == [7, 7]


def test_an_error_that_is_no_parts_is_poison_as_ever(stage: Stage) -> None:
    stage.post(Ping(number=-1))
    assert isinstance(stage.start().ended, PoisonError)


def test_a_kill_in_between_loses_nothing(stage: Stage) -> None:
    stage.post(Ping(number=1), Ping(number=95), Ping(number=2))
    plain = Stage(stage.make)
    plain.post(Ping(number=1), Ping(number=95), Ping(number=2))
    expected = state_digest(plain.start().machine.actor)
    for turns in range(2, 12):
        again = Stage(stage.make)
        again.post(Ping(number=1), Ping(number=95), Ping(number=2))
        host = again.host()
        for _ in range(turns):
            host.turn()
        assert state_digest(again.start().machine.actor) == expected
