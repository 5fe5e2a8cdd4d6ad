"""Stopping a whole subtree in reverse order, and doing so to the end whatever dies meanwhile."""

from __future__ import annotations

import pytest

from messages.child_specs import SECOND, ChildKind, ChildSpec, ExitPolicy
from messages.supervision import (
    ChildDown,
    EndSupervisor,
    ExitReason,
    FenceChild,
    LeaveDesk,
    Shutdown,
    StopChild,
    StopFinished,
    StopReason,
)
from supervisors.state import Phase
from tests.supervisors.fake_host import FakeHost, children, spec, supervisor_child

pytestmark = pytest.mark.unit

STOP = Shutdown("operator", "down")


def test_children_stop_in_reverse_one_after_the_other_then_the_supervisor_leaves() -> None:
    host = FakeHost(spec(*children("a", "b", "c")))
    mark = len(host.world.history)
    host.tell(STOP, settle=False)
    assert list(host.lanes) == ["c"]
    host.settle()
    assert host.since(mark) == [("stop", "c"), ("stop", "b"), ("stop", "a")]
    assert host.state.phase is Phase.ENDED
    assert host.world.left == EndSupervisor("down")


def test_a_root_that_was_asked_to_leave_did_not_give_up() -> None:
    host = FakeHost(spec(*children("a"), root=ExitPolicy()))
    host.tell(STOP)
    assert host.world.left == LeaveDesk(False, "down")
    assert host.sent == []


def test_a_supervisor_without_children_leaves_at_once() -> None:
    host = FakeHost(spec())
    host.tell(STOP)
    assert host.state.phase is Phase.ENDED


def test_with_concurrency_so_many_stop_at_a_time() -> None:
    host = FakeHost(spec(*children("a", "b", "c"), concurrency=2))
    host.tell(STOP, settle=False)
    assert list(host.lanes) == ["c", "b"]


def test_actors_get_their_time_and_supervisors_all_they_need() -> None:
    slow = ChildSpec(id="slow", shutdown_timeout=7 * SECOND)
    host = FakeHost(spec(slow, supervisor_child("sub"), concurrency=2))
    host.tell(STOP, settle=False)
    stops = [effect for effect in host.last_effects if isinstance(effect, StopChild)]
    assert [(stop.child, stop.timeout, stop.reason) for stop in stops] == [
        ("sub", None, StopReason.SHUTDOWN),
        ("slow", 7 * SECOND, StopReason.SHUTDOWN),
    ]


def test_a_child_that_is_still_starting_is_waited_for_and_stopped_before_its_elders() -> None:
    host = FakeHost(spec(*children("a", "b")), begin=False)
    host.pass_on("")
    host.pass_on("a")
    assert host.statuses() == {"a": "running", "b": "starting"}
    host.tell(STOP, settle=False)
    assert list(host.lanes) == ["b"]
    mark = len(host.world.history)
    host.settle()
    assert host.since(mark) == [("start", "b"), ("stop", "b"), ("stop", "a")]


def test_a_child_that_dies_during_the_shutdown_is_not_restarted() -> None:
    host = FakeHost(spec(*children("a", "b")))
    host.tell(STOP, settle=False)
    mark = len(host.world.history)
    host.kill("a")
    host.elapse(60 * SECOND)
    assert [item for item in host.since(mark) if item[0] == "start"] == []
    assert host.state.phase is Phase.ENDED


def test_a_crash_during_the_shutdown_is_told_as_a_failure_and_fenced() -> None:
    host = FakeHost(spec(*children("a", "b")))
    host.tell(STOP, settle=False)
    events = host.kill("a", settle=False)
    assert [type(event).__name__ for event in events] == ["ChildFailed"]
    assert FenceChild("a", 1) in host.last_effects


def test_a_child_that_is_told_to_stop_and_no_more_seen_is_not_taken_for_gone() -> None:
    host = FakeHost(spec(*children("a")))
    host.tell(STOP, settle=False)
    assert host.take(ChildDown("a", 1, ExitReason.LOST, "unseen")) == []
    assert host.statuses() == {"a": "stopping"}


def test_a_backoff_is_cut_short_by_a_shutdown() -> None:
    host = FakeHost(spec(*children("a", "b")))
    host.kill("b")
    host.tell(STOP)
    assert host.statuses() == {"a": "stopped", "b": "stopped"}
    host.elapse(60 * SECOND)
    assert host.timers == {}
    assert host.state.phase is Phase.ENDED


def test_a_supervisor_that_dies_before_its_children_are_stopped_is_brought_back_to_stop_them() -> None:
    host = FakeHost(spec(*children("a"), supervisor_child("sub")))
    life = host.child("sub").life
    host.tell(STOP, settle=False)
    host.kill("sub")
    assert host.statuses() == {"a": "running", "sub": "backing_off"}
    mark = len(host.world.history)
    host.elapse(SECOND)
    assert host.since(mark) == [("start", "sub"), ("stop", "sub"), ("stop", "a")]
    assert host.child("sub").life == life
    assert host.state.phase is Phase.ENDED


def test_a_supervisor_that_can_never_be_brought_back_does_not_hold_up_the_shutdown_for_ever() -> None:
    host = FakeHost(spec(*children("a"), supervisor_child("sub")))
    host.tell(STOP, settle=False)
    host.world.refusing["sub"] = 1_000
    host.kill("sub")
    host.elapse(60 * SECOND)
    assert "SubtreeAbandoned" in host.kinds()
    assert host.state.phase is Phase.ENDED
    assert 1_000 - host.world.refusing["sub"] == host.spec.intensity.restarts


@pytest.mark.parametrize("kind", [ChildKind.ACTOR, ChildKind.SERVICE])
def test_an_actor_killed_for_being_slow_is_stopped_all_the_same(kind: ChildKind) -> None:
    host = FakeHost(spec(*children("a"), ChildSpec(id="b", kind=kind)))
    host.tell(STOP, settle=False)
    host.lanes.clear()
    del host.world.alive["b"]
    host.take(StopFinished("b", 1, ExitReason.CRASH, "killed"))
    assert host.statuses() == {"a": "stopping", "b": "stopped"}


def test_a_shutdown_asked_for_before_the_beginning_is_carried_out_after_it() -> None:
    host = FakeHost(spec(*children("a")), begin=False)
    host.tell(STOP)
    assert host.state.phase is Phase.ENDED
    assert host.world.history == []
    host.recover(life=2)
    assert host.statuses() == {"a": "running"}
