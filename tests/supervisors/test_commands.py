"""Adding, removing, restarting and retrying children by command."""

from __future__ import annotations

import msgspec
import pytest

from messages.child_specs import SECOND, ChildSpec, Restart
from messages.supervision import (
    AddChild,
    ExitReason,
    RemoveChild,
    RestartChild,
    RetryChild,
    Shutdown,
)
from messages.supervision_events import CommandRefused
from tests.supervisors.fake_host import FakeHost, children, spec

pytestmark = pytest.mark.unit


def test_an_added_child_is_started_and_stops_first() -> None:
    host = FakeHost(spec(*children("a")))
    mark = len(host.world.history)
    host.tell(AddChild(ChildSpec(id="x")))
    host.tell(Shutdown("operator", "down"))
    assert host.since(mark) == [("start", "x"), ("stop", "x"), ("stop", "a")]


def test_adding_the_same_child_again_changes_nothing() -> None:
    host = FakeHost(spec(*children("a")))
    assert host.tell(AddChild(ChildSpec(id="a"))) == []


def test_adding_a_known_child_with_another_spec_replaces_it() -> None:
    host = FakeHost(spec(*children("a", "b")))
    mark = len(host.world.history)
    host.tell(AddChild(ChildSpec(id="a", arguments={"model": "v2"})))
    assert host.since(mark) == [("stop", "a"), ("start", "a")]
    assert host.child("a").spec.arguments == {"model": "v2"}


def test_a_removed_child_is_stopped_and_forgotten_also_for_a_supervisor_that_comes_back() -> None:
    host = FakeHost(spec(*children("a", "b")))
    host.tell(RemoveChild("a"))
    assert host.statuses() == {"b": "running"}
    host.recover()
    assert host.statuses() == {"b": "running"}
    assert list(host.world.alive) == ["b"]


def test_a_child_removed_during_its_backoff_is_forgotten_with_its_timer() -> None:
    host = FakeHost(spec(*children("a")))
    host.kill("a")
    host.tell(RemoveChild("a"))
    assert host.statuses() == {}
    assert host.timers == {}


def test_a_removal_that_has_not_begun_is_taken_back_by_adding_the_child_again() -> None:
    host = FakeHost(spec(*children("a", "b", "c")))
    host.tell(RemoveChild("c"), settle=False)
    host.tell(RemoveChild("b"), settle=False)
    assert host.statuses()["b"] == "running"
    incarnation = host.child("b").incarnation
    host.tell(AddChild(ChildSpec(id="b")))
    assert host.statuses() == {"a": "running", "b": "running"}
    assert host.child("b").incarnation == incarnation


def test_a_child_added_again_while_it_is_being_stopped_is_started_afterwards() -> None:
    host = FakeHost(spec(*children("a")))
    mark = len(host.world.history)
    host.tell(RemoveChild("a"), settle=False)
    host.tell(AddChild(ChildSpec(id="a")))
    assert host.since(mark) == [("stop", "a"), ("start", "a")]


def test_a_restart_by_command_touches_no_sibling_and_counts_as_no_failure() -> None:
    host = FakeHost(spec(*children("a", "b")))
    mark = len(host.world.history)
    for _ in range(10):
        host.tell(RestartChild("a"))
    assert host.since(mark) == [("stop", "a"), ("start", "a")] * 10
    assert host.state.restarts == []


def test_a_restart_by_command_brings_a_temporary_child_back_too() -> None:
    host = FakeHost(spec(ChildSpec(id="a", restart=Restart.TEMPORARY)))
    host.tell(RestartChild("a"))
    assert host.statuses() == {"a": "running"}


@pytest.mark.parametrize("command", [RetryChild, RestartChild])
def test_a_child_that_backs_off_or_is_done_is_tried_at_once(command: type[RetryChild | RestartChild]) -> None:
    done = ChildSpec(id="b", restart=Restart.TRANSIENT)
    host = FakeHost(spec(*children("a"), done))
    host.kill("a")
    host.kill("b", ExitReason.NORMAL)
    assert host.statuses() == {"a": "backing_off", "b": "done"}
    host.tell(command("a"))
    host.tell(command("b"))
    assert host.statuses() == {"a": "running", "b": "running"}
    assert host.timers == {}


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        (RetryChild("a"), "only a child that has ended"),
        (RetryChild("x"), "no such child"),
        (RestartChild("x"), "no such child"),
        (RemoveChild("x"), "no such child"),
        (AddChild(ChildSpec(id="x", shutdown_timeout=-1)), "is negative"),
        (AddChild(ChildSpec(id="x", restart=Restart.TRANSIENT, significant=True)), "auto_shutdown"),
        (AddChild(ChildSpec(id="s")), "its own child"),
    ],
)
def test_a_command_that_makes_no_sense_is_refused_with_the_reason(
    command: RetryChild | RestartChild | RemoveChild | AddChild, problem: str
) -> None:
    host = FakeHost(spec(*children("a")))
    (event,) = host.tell(command)
    assert isinstance(event, CommandRefused)
    assert event.command == type(command).__name__
    assert problem in event.problem
    assert host.statuses() == {"a": "running"}


def test_commands_are_refused_once_the_supervisor_is_leaving() -> None:
    host = FakeHost(spec(*children("a")))
    host.tell(Shutdown("operator", "down"), settle=False)
    (event,) = host.tell(AddChild(ChildSpec(id="x")), settle=False)
    assert isinstance(event, CommandRefused)
    assert "is ending" in event.problem


def test_added_children_outlive_the_supervisor_and_its_lives() -> None:
    host = FakeHost(spec(*children("a")))
    host.tell(AddChild(ChildSpec(id="x")))
    host.tell(AddChild(ChildSpec(id="y", restart=Restart.TEMPORARY)))
    host.recover()
    assert set(host.statuses()) == {"a", "x", "y"}
    host.tell(Shutdown("operator", "down"))
    host.recover(life=2)
    assert host.statuses() == {"a": "running", "x": "running"}


def test_a_changed_spec_is_taken_up_when_the_supervisor_comes_back() -> None:
    host = FakeHost(spec(*children("a", "b", "c")))
    changed = msgspec.structs.replace(host.spec.children[1], arguments={"model": "v2"})
    mark = len(host.world.history)
    host.recover(spec=spec(host.spec.children[0], changed, *children("d")))
    assert host.statuses() == {"a": "running", "b": "running", "d": "running"}
    assert host.child("b").spec is not None
    assert [item for item in host.since(mark) if item[1] == "a"] == []
    assert sorted(host.since(mark)) == [("start", "b"), ("start", "d"), ("stop", "b"), ("stop", "c")]


def test_a_taken_up_spec_is_taken_up_once() -> None:
    host = FakeHost(spec(ChildSpec(id="a", restart=Restart.TEMPORARY), *children("b")))
    host.kill("a", ExitReason.NORMAL)
    host.elapse(SECOND)
    count = host.kinds().count("SupervisionBegun")
    host.recover()
    assert host.kinds().count("SupervisionBegun") == count
    assert host.statuses() == {"b": "running"}


def test_a_changed_spec_does_not_run_a_finished_temporary_child_again() -> None:
    once = ChildSpec(id="a", restart=Restart.TEMPORARY)
    host = FakeHost(spec(once, *children("b")))
    host.kill("a", ExitReason.NORMAL)
    host.recover(spec=spec(once, *children("b", "c")))
    assert host.statuses() == {"b": "running", "c": "running"}
