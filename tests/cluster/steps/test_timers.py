"""Timers: set, moved, cancelled, fired once, also when that happens within one batch."""

from __future__ import annotations

import msgspec
import pytest

from actors.base import Actor, Context, applies, receives
from messages.base import Message, message_type
from tests.cluster.steps.stage import HandPicked, Stage
from tests.samples import Counted, Ping, WakeUp

pytestmark = pytest.mark.unit


@message_type
class SetAlarm(Message, frozen=True):
    """Set, move or (with a negative delay) cancel an alarm."""

    urgent = True

    key: str
    delay: int


class AlarmState(msgspec.Struct):
    """Which alarms went off."""

    rung: list[int] = []


class AlarmClock(Actor[AlarmState]):
    """Sets alarms as it is told."""

    @receives(SetAlarm)
    def on_set(self, message: SetAlarm, ctx: Context) -> None:
        if message.delay < 0:
            ctx.cancel_timer(message.key)
        else:
            ctx.after(message.delay, WakeUp(number=message.delay), key=message.key)

    @receives(WakeUp)
    def on_wake_up(self, message: WakeUp, ctx: Context) -> None:
        ctx.emit(Counted(number=message.number))

    @receives(Ping)
    def on_ping(self, message: Ping, ctx: Context) -> None:
        """Something to make a step of."""

    @applies(Counted)
    def rang(self, event: Counted) -> None:
        self.state.rung.append(event.number)


@pytest.fixture
def stage() -> Stage:
    return Stage(lambda: AlarmClock("clock", AlarmState(rung=[])))


def set_(key: str, delay: int) -> SetAlarm:
    return SetAlarm(key=key, delay=delay)


def test_a_timer_fires_when_its_time_has_come_and_once(stage: Stage) -> None:
    stage.post(set_("a", 10))
    host = stage.start()
    assert stage.store.status(["clock"])[0].next_timer == 1_010
    for now in (1_009, 1_010, 2_000):
        stage.clock.now = now
        host.settle()
    assert host.machine.actor.state.rung == [10]
    assert stage.store.status(["clock"])[0].next_timer is None
    assert stage.store.load("clock").timers == {}


def test_a_timer_survives_its_setter(stage: Stage) -> None:
    stage.post(set_("a", 10))
    stage.start()
    stage.clock.now = 1_010
    assert stage.start().machine.actor.state.rung == [10]


def test_due_timers_fire_in_order_of_their_times(stage: Stage) -> None:
    stage.post(set_("x", 30), set_("y", 10), set_("z", 20))
    host = stage.start()
    stage.clock.now = 1_100
    host.settle()
    assert host.machine.actor.state.rung == [10, 20, 30]
    assert len(stage.journal()) == 2, "in one step"


def test_a_timer_moved_in_the_batch_in_which_it_is_due_does_not_fire(stage: Stage) -> None:
    stage.post(set_("a", 10))
    host = stage.start()
    stage.clock.now = 1_010
    stage.post(set_("a", 50))
    host.settle()
    assert host.machine.actor.state.rung == []
    assert stage.store.load("clock").timers["a"].due == 1_060
    stage.clock.now = 1_060
    host.settle()
    assert host.machine.actor.state.rung == [50]


def test_a_timer_moved_to_the_same_message_fires_at_its_new_time_only(stage: Stage) -> None:
    stage.post(set_("a", 10))
    host = stage.start()
    stage.clock.now = 1_010
    stage.post(set_("a", 10))
    host.settle()
    assert host.machine.actor.state.rung == []
    stage.clock.now = 1_020
    host.settle()
    assert host.machine.actor.state.rung == [10]


def test_a_timer_cancelled_in_the_batch_in_which_it_is_due_does_not_fire(stage: Stage) -> None:
    stage.post(set_("a", 10))
    host = stage.start()
    stage.clock.now = 1_010
    stage.post(set_("a", -1))
    host.settle()
    assert host.machine.actor.state.rung == []
    assert stage.store.load("clock").timers == {}
    assert host.machine.timers == {}


def test_a_batch_of_nothing_but_overtaken_timers_is_no_step(stage: Stage) -> None:
    stage.post(set_("a", 10))
    host = stage.start()
    timer = host.machine.timers["a"]
    host.machine.timers["a"] = msgspec.structs.replace(timer, message=WakeUp(number=5))
    stage.clock.now = 1_010
    stale = host.intake.gather(stage.clock.now, 8)
    host.machine.timers["a"] = timer
    HandPicked(host).batches = [stale]
    host.settle()
    assert len(stage.journal()) == 1


def test_set_and_cancelled_in_one_step_is_as_if_it_never_was(stage: Stage) -> None:
    stage.post(set_("a", 10), set_("a", -1))
    stage.start()
    assert stage.store.load("clock").timers == {}
    assert stage.store.status(["clock"])[0].next_timer is None


def test_the_next_timer_is_known_to_the_store_after_every_step(stage: Stage) -> None:
    host = stage.start()
    expected = []
    for message in (set_("a", 50), set_("b", 20), Ping(number=1), set_("b", -1), set_("a", -1)):
        stage.post(message)
        host.settle()
        expected.append(stage.store.status(["clock"])[0].next_timer)
        assert stage.line.sections[-1].next_timer == expected[-1]
    assert expected == [1_050, 1_020, 1_020, 1_050, None]


def test_a_death_while_firing_fires_again(stage: Stage) -> None:
    stage.post(set_("a", 10))
    stage.start()
    stage.clock.now = 1_010
    stage.dies_at("before_commit")
    assert stage.start().machine.actor.state.rung == [10]
