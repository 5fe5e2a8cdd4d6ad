"""Which children are restarted, with whom, in which order, and after which pause."""

from __future__ import annotations

import msgspec
import pytest

from messages.child_specs import SECOND, ChildKind, ChildSpec, Restart, RestartStrategy
from messages.supervision import (
    ChildDown,
    ExitReason,
    FenceChild,
    StartChild,
    StartFailed,
    StopChild,
    StopReason,
)
from tests.supervisors.fake_host import FakeHost, children, spec, supervisor_child

pytestmark = pytest.mark.unit

RESTARTS = {
    (Restart.PERMANENT, ExitReason.NORMAL): True,
    (Restart.PERMANENT, ExitReason.SHUTDOWN): True,
    (Restart.PERMANENT, ExitReason.CRASH): True,
    (Restart.PERMANENT, ExitReason.HUNG): True,
    (Restart.PERMANENT, ExitReason.LOST): True,
    (Restart.PERMANENT, ExitReason.FENCED): True,
    (Restart.TRANSIENT, ExitReason.NORMAL): False,
    (Restart.TRANSIENT, ExitReason.SHUTDOWN): False,
    (Restart.TRANSIENT, ExitReason.CRASH): True,
    (Restart.TRANSIENT, ExitReason.HUNG): True,
    (Restart.TRANSIENT, ExitReason.LOST): True,
    (Restart.TRANSIENT, ExitReason.FENCED): True,
    (Restart.TEMPORARY, ExitReason.NORMAL): False,
    (Restart.TEMPORARY, ExitReason.SHUTDOWN): False,
    (Restart.TEMPORARY, ExitReason.CRASH): False,
    (Restart.TEMPORARY, ExitReason.HUNG): False,
    (Restart.TEMPORARY, ExitReason.LOST): False,
    (Restart.TEMPORARY, ExitReason.FENCED): False,
}

GROUPS = {
    RestartStrategy.ONE_FOR_ONE: [("start", "b")],
    RestartStrategy.ONE_FOR_ALL: [
        ("stop", "c"),
        ("stop", "a"),
        ("start", "a"),
        ("start", "b"),
        ("start", "c"),
    ],
    RestartStrategy.REST_FOR_ONE: [("stop", "c"), ("start", "b"), ("start", "c")],
}


def end(host: FakeHost, name: str, reason: ExitReason) -> None:
    """The child ends for this reason, the way such ends come about."""
    if reason in (ExitReason.HUNG, ExitReason.LOST):
        host.hang(name, reason)
    else:
        host.kill(name, reason)


@pytest.mark.parametrize("strategy", RestartStrategy)
@pytest.mark.parametrize(("restart", "reason"), RESTARTS)
def test_restart_rule_and_strategy_decide_who_is_restarted(
    strategy: RestartStrategy, restart: Restart, reason: ExitReason
) -> None:
    a, b, c = children("a", "b", "c")
    b = msgspec.structs.replace(b, restart=restart)
    host = FakeHost(spec(a, b, c, strategy=strategy))
    mark = len(host.world.history)
    end(host, "b", reason)
    host.elapse(10 * SECOND)
    happened = [item for item in host.since(mark) if item != ("stop", "b")]
    if RESTARTS[restart, reason]:
        assert happened == GROUPS[strategy]
        assert set(host.statuses().values()) == {"running"}
    else:
        assert happened == []
        assert host.statuses().get("b") == (None if restart is Restart.TEMPORARY else "done")


def test_children_start_in_order_one_after_the_other() -> None:
    host = FakeHost(spec(*children("a", "b", "c")), begin=False)
    host.pass_on("")
    assert list(host.lanes) == ["a"]
    host.pass_on("a")
    assert list(host.lanes) == ["b"]
    host.settle()
    assert host.world.history == [("start", "a"), ("start", "b"), ("start", "c")]


def test_with_concurrency_so_many_start_at_a_time() -> None:
    host = FakeHost(spec(*children("a", "b", "c", "d"), concurrency=3), begin=False)
    host.pass_on("")
    assert list(host.lanes) == ["a", "b", "c"]
    host.pass_on("b")
    assert list(host.lanes) == ["a", "c", "d"]


def test_a_failed_start_is_retried_after_a_growing_pause_and_holds_back_the_younger() -> None:
    host = FakeHost(spec(*children("a", "b")), begin=False)
    host.world.refusing["a"] = 2
    host.settle()
    assert host.statuses() == {"a": "backing_off", "b": "waiting"}
    assert host.child("a").retry_at == host.now + SECOND
    host.elapse(SECOND)
    assert host.child("a").retry_at == host.now + 2 * SECOND
    host.elapse(2 * SECOND)
    assert host.statuses() == {"a": "running", "b": "running"}


def test_under_one_for_all_a_failed_start_takes_the_others_down_again() -> None:
    host = FakeHost(spec(*children("a", "b"), strategy=RestartStrategy.ONE_FOR_ALL))
    host.world.refusing["b"] = 1
    mark = len(host.world.history)
    host.kill("b")
    host.elapse(SECOND)
    assert host.statuses() == {"a": "waiting", "b": "backing_off"}
    host.elapse(10 * SECOND)
    assert host.since(mark) == [("stop", "a"), ("start", "a"), ("stop", "a"), ("start", "a"), ("start", "b")]


def test_one_for_all_takes_a_temporary_sibling_down_for_good_and_a_finished_one_up_again() -> None:
    a, b, c = children("a", "b", "c")
    b = msgspec.structs.replace(b, restart=Restart.TEMPORARY)
    c = msgspec.structs.replace(c, restart=Restart.TRANSIENT)
    host = FakeHost(spec(a, b, c, strategy=RestartStrategy.ONE_FOR_ALL))
    host.kill("c", ExitReason.NORMAL)
    host.kill("a")
    host.elapse(SECOND)
    assert host.statuses() == {"a": "running", "c": "running"}


def test_a_pause_starts_over_after_quiet_running() -> None:
    host = FakeHost(spec(*children("a")))
    for expected in (1, 2):
        host.kill("a")
        assert host.child("a").retry_at == host.now + expected * SECOND
        host.elapse(expected * SECOND)
    host.elapse(30 * SECOND)
    host.kill("a")
    assert host.child("a").retry_at == host.now + SECOND


def test_a_fenced_end_is_restarted_without_counting_or_a_longer_pause() -> None:
    host = FakeHost(spec(*children("a")))
    for _ in range(20):
        host.kill("a", ExitReason.FENCED)
        assert host.child("a").retry_at == host.now + SECOND
        host.elapse(SECOND)
    assert host.statuses() == {"a": "running"}
    assert host.state.restarts == []
    assert "ChildFailed" not in host.kinds()


def test_a_crash_is_fenced_at_once_so_that_a_zombie_cannot_commit_during_the_pause() -> None:
    host = FakeHost(spec(*children("a")))
    host.kill("a", settle=False)
    assert host.last_effects == [FenceChild("a", 1)]
    assert host.child("a").fencing == 1
    host.settle()
    assert host.child("a").fencing is None


@pytest.mark.parametrize("reason", [ExitReason.CRASH, ExitReason.HUNG])
def test_a_service_has_no_epoch_and_is_not_fenced(reason: ExitReason) -> None:
    host = FakeHost(spec(ChildSpec(id="a", kind=ChildKind.SERVICE)))
    host.take(ChildDown("a", 1, reason, "boom"))
    assert FenceChild("a", 1) not in host.last_effects
    assert host.child("a").fencing is None
    host.settle()
    host.elapse(SECOND)
    assert host.statuses() == {"a": "running"}


@pytest.mark.parametrize("reason", [ExitReason.HUNG, ExitReason.LOST])
def test_what_hangs_or_is_lost_is_fenced_and_stopped_before_it_is_replaced(reason: ExitReason) -> None:
    host = FakeHost(spec(*children("a")))
    host.hang("a", reason, settle=False)
    fence, stop = host.last_effects
    assert fence == FenceChild("a", 1)
    assert isinstance(stop, StopChild)
    assert (stop.reason, stop.timeout) == (StopReason.FAILED, 0)
    assert host.statuses() == {"a": "stopping"}
    host.settle()
    assert host.child("a").last_exit is reason
    host.elapse(SECOND)
    assert host.statuses() == {"a": "running"}


def test_a_crashed_supervisor_child_goes_on_with_its_life_a_stopped_one_begins_anew() -> None:
    host = FakeHost(spec(supervisor_child("sub")))
    first = host.child("sub").life
    host.kill("sub")
    host.elapse(SECOND)
    assert host.child("sub").life == first
    host.kill("sub", ExitReason.SHUTDOWN)
    host.elapse(10 * SECOND)
    assert host.child("sub").life > first


def test_a_late_answer_to_an_earlier_start_is_ignored() -> None:
    host = FakeHost(spec(*children("a")), begin=False)
    host.world.refusing["a"] = 1
    host.settle()
    host.elapse(SECOND, settle=False)
    start = host.lanes["a"][0]
    assert isinstance(start, StartChild)
    assert host.take(StartFailed("a", start.attempt - 1, "late")) == []
    assert host.statuses() == {"a": "starting"}
