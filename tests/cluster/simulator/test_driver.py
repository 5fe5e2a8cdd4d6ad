"""The simulated host: what it hands out in which order, lanes, the lease, and what becomes of it when it dies."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from cluster.feeds.cursor import FeedCursor
from cluster.simulator.chain import CAST, LOOK_EVERY
from cluster.simulator.crash_loop import RowFeed
from cluster.simulator.driver import MemoryMail, SimulatedHost
from cluster.simulator.lanes import SimulatedLanes
from cluster.simulator.lease import VirtualLease
from cluster.simulator.ports import Turn, VirtualClock
from cluster.steps.journal import InputKind
from cluster.steps.machine import StepMachine, StepSettings
from cluster.store.memory import MemoryStore
from cluster.store.port import Incarnation
from messages.base import CONTROL, Envelope, Message
from messages.control import Halt
from messages.errors import InvariantError
from messages.intents import Side
from messages.orders import OrderState
from messages.reasons import Reason
from messages.venue_stream import VenueEvent
from tests.cluster.steps.stage import Stage
from tests.samples import Answer, Ask, Ping, UrgentPing

pytestmark = pytest.mark.unit


def venue_event(sequence: int) -> VenueEvent:
    return VenueEvent(
        "v", sequence, 1, "c", "o", "X", Side.BUY, OrderState.WORKING, Decimal(0), None, Reason.ACCEPTED
    )


def test_inputs_come_in_one_order_whatever_came_first(stage: Stage) -> None:
    stage.post(Ping(number=5))
    host = stage.start()
    stage.clock.now += 1_000
    stage.post(Ping(number=1))
    stage.post(Halt(by="me", reason="test"), to=CONTROL)
    host.intake.signal(Ping(number=2))
    host.intake.venue_event(venue_event(1))
    host.intake.answer(2, Ask(number=2), Answer(number=2))
    host.intake.answer(1, Ask(number=1), Answer(number=1))
    stage.post(UrgentPing(number=4))
    found = host.intake.gather(stage.clock.now, 64)
    assert [(item.kind, item.reference) for item in found] == [
        (InputKind.CONTROL, "1-0"),
        (InputKind.URGENT, "1-0"),
        (InputKind.RESULT, "1"),
        (InputKind.RESULT, "2"),
        (InputKind.VENUE, "1"),
        (InputKind.SIGNAL, "1"),
        (InputKind.TIMER, "wake/5"),
        (InputKind.MAILBOX, "2-0"),
    ]


def test_a_step_takes_no_more_than_the_limit(stage: Stage) -> None:
    host = stage.start()
    stage.post(*(Ping(number=number) for number in range(1, 8)))
    assert [len(host.intake.gather(1_000, 3)) for _ in range(4)] == [3, 3, 1, 0]


def test_an_event_of_the_venue_seen_twice_is_taken_once(stage: Stage) -> None:
    host = stage.start()
    for sequence in (1, 2, 1, 2):
        host.intake.venue_event(venue_event(sequence))
    assert [item.reference for item in host.intake.gather(1_000, 10)] == ["1", "2"]


def test_an_effect_without_an_outside_is_an_error() -> None:
    stage = Stage()
    stage.oracle = None  # type: ignore[assignment]
    stage.post(Ping(number=3))
    host = stage.start()
    assert isinstance(host.ended, InvariantError)
    assert "nobody to perform" in str(host.ended)


def watcher(store: MemoryStore, clock: VirtualClock, rows: int) -> SimulatedHost:
    machine = StepMachine(CAST["watcher"](), Incarnation("n", "b", 1, 1), StepSettings())
    return SimulatedHost(machine, store, clock, mail=MemoryMail(store), feed=FeedCursor(RowFeed(rows)))


def test_a_feed_is_folded_up_to_now_and_looked_at_when_due() -> None:
    store, clock = MemoryStore(), VirtualClock()
    host = watcher(store, clock, 30)
    host.settle()
    assert host.machine.actor.state.looked == []
    clock.now = 2**60
    host.settle()
    assert host.machine.actor.state.looked == [LOOK_EVERY, 2 * LOOK_EVERY, 3 * LOOK_EVERY, 4 * LOOK_EVERY]
    assert host.machine.position.feed == 4 * LOOK_EVERY


def test_a_successor_folds_the_feed_again_up_to_the_committed_row() -> None:
    store, clock = MemoryStore(), VirtualClock(2**60)
    watcher(store, clock, 10).settle()
    second = watcher(store, clock, 20)
    while type(second.request).__name__ != "Take":
        second.turn()
    assert second.machine.actor.rows == LOOK_EVERY  # type: ignore[attr-defined]
    second.settle()
    assert second.machine.actor.state.looked == [LOOK_EVERY, 2 * LOOK_EVERY]


# ---------------------------------------------------------------- lanes


def started(lanes: list[tuple[str, int]]) -> Callable[[Message, int], None]:
    return lambda effect, ordinal: lanes.append((effect.lane, ordinal))  # type: ignore[attr-defined]


def test_effects_of_one_lane_are_serial_those_of_others_are_not() -> None:
    begun: list[tuple[str, int]] = []
    lanes = SimulatedLanes(started(begun))  # type: ignore[arg-type]
    lanes.start([Ask(number=1), Ask(number=1), Ask(number=2)])
    assert begun == [("1", 1), ("2", 3)]
    lanes.finish("1")
    assert begun[-1] == ("1", 2)
    lanes.finish("1")
    lanes.finish("2")
    assert lanes.idle


def test_what_was_begun_before_a_cancel_is_not_heard_of_again() -> None:
    heard: list[int] = []
    lanes = SimulatedLanes(lambda effect, ordinal: None)
    late = lanes.bound(lambda: heard.append(1))
    lanes.cancel()
    late()
    lanes.finish("1")
    assert heard == []
    assert lanes.idle


# ---------------------------------------------------------------- the lease


@pytest.mark.parametrize(
    ("gone", "now", "may"),
    [(True, 0, True), (True, 49, True), (True, 50, False), (False, 0, False), (False, 99, False)],
)
def test_a_lease_is_good_for_half_its_time_and_waits_for_a_living_predecessor(
    gone: bool, now: int, may: bool
) -> None:
    lease = VirtualLease(100)
    lease.begin(0, 0, gone)
    assert lease.may_act(now) is may


def test_a_renewed_lease_goes_on_and_an_old_answer_does_not_shorten_it() -> None:
    lease = VirtualLease(100)
    lease.begin(0, 0, False)
    lease.renew(90)
    lease.renew(10)
    assert lease.may_act(100)
    assert lease.may_act(139)
    assert not lease.may_act(140)


def test_a_host_that_has_ended_takes_no_turn(stage: Stage) -> None:
    host = stage.start()
    host.die(KeyboardInterrupt())
    assert host.turn() is Turn.ENDED
    assert host.settle() is Turn.ENDED


def test_reading_mail_is_not_consuming(stage: Stage) -> None:
    mail = MemoryMail(stage.store)
    stage.store.post(Envelope("operator", 0, "counter", "", "", 0, Ping(number=1)))
    assert mail.heads("counter") == (0, 0, 1)
    assert mail.heads("nobody") == (0, 0, 0)
