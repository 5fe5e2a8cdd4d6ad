"""A supervisor that died comes back: it adopts the living, notes the dead, repeats what it had promised."""

from __future__ import annotations

import pytest

from messages.child_specs import SECOND, ChildKind, ChildSpec, ExitPolicy, Intensity, Restart, RestartStrategy
from messages.supervision import (
    ChildDown,
    ChildFenced,
    ChildrenFound,
    ChildUp,
    DiscoverChildren,
    EndedChild,
    ExitReason,
    FenceChild,
    LivingChild,
    RemoveChild,
    Shutdown,
    StartFailed,
    StopChild,
    StopFinished,
    StopReason,
)
from supervisors.lifecycle import ChildStatus
from supervisors.state import Phase
from tests.supervisors.fake_host import FakeHost, Process, children, spec, supervisor_child

pytestmark = pytest.mark.unit


def test_what_is_owed_first_is_to_find_out_who_lives() -> None:
    host = FakeHost(spec(*children("a", "b")))
    assert host.actor.outstanding() == (DiscoverChildren(1, 2, ("a", "b")),)


def test_the_living_are_adopted_without_a_start() -> None:
    host = FakeHost(spec(*children("a", "b")))
    mark = len(host.world.history)
    host.recover()
    assert host.since(mark) == []
    assert host.statuses() == {"a": "running", "b": "running"}


def test_who_died_meanwhile_is_restarted_for_the_reason_it_left() -> None:
    done = ChildSpec(id="b", restart=Restart.TRANSIENT)
    host = FakeHost(spec(*children("a"), done, *children("c")))
    host.world.die("a", ExitReason.CRASH)
    host.world.die("b", ExitReason.NORMAL)
    host.recover()
    assert host.statuses() == {"a": "backing_off", "b": "done", "c": "running"}


def test_who_can_not_be_found_is_lost_and_proven_gone_before_it_is_replaced() -> None:
    host = FakeHost(spec(*children("a")))
    del host.world.alive["a"]
    host.recover(settle=False)
    host.pass_on("")
    assert [type(effect) for effect in host.last_effects] == [FenceChild, StopChild]
    host.settle()
    assert host.child("a").last_exit is ExitReason.LOST
    host.elapse(SECOND)
    assert host.statuses() == {"a": "running"}


def test_deaths_found_together_are_one_incident_and_do_not_make_a_root_give_up() -> None:
    intensity = Intensity(restarts=1, period=60 * SECOND)
    host = FakeHost(spec(*children("a", "b", "c", "d"), intensity=intensity, root=ExitPolicy()))
    for name in ("a", "b"):
        host.world.die(name, ExitReason.CRASH)
    for name in ("c", "d"):
        del host.world.alive[name]
    host.recover()
    host.elapse(10 * SECOND)
    assert set(host.statuses().values()) == {"running"}
    assert len(host.state.restarts) == 1


def test_a_child_of_other_code_or_settings_is_replaced() -> None:
    host = FakeHost(spec(*children("a", "b")))
    host.world.alive["a"].current = False
    mark = len(host.world.history)
    host.recover()
    assert host.since(mark) == [("stop", "a"), ("start", "a")]


def test_a_start_that_was_promised_is_repeated_under_the_same_attempt() -> None:
    host = FakeHost(spec(*children("a")), begin=False)
    host.pass_on("")
    promised = host.last_effects
    host.recover(settle=False)
    host.pass_on("")
    assert host.last_effects == promised
    host.settle()
    assert host.world.history == [("start", "a")]


def test_a_start_that_had_happened_is_adopted_not_repeated() -> None:
    host = FakeHost(spec(*children("a")), begin=False)
    host.pass_on("")
    host.perform("a")
    host.recover()
    assert host.world.history == [("start", "a")]
    assert host.statuses() == {"a": "running"}


def test_a_temporary_child_that_ran_and_ended_unseen_is_not_run_twice() -> None:
    host = FakeHost(spec(ChildSpec(id="a", restart=Restart.TEMPORARY)), begin=False)
    host.pass_on("")
    host.perform("a")
    host.world.die("a", ExitReason.NORMAL)
    host.recover()
    assert host.world.history == [("start", "a")]
    assert host.statuses() == {}


def test_a_stop_that_was_promised_is_repeated_or_taken_as_done() -> None:
    for happened in (False, True):
        host = FakeHost(spec(*children("a", "b")))
        host.tell(Shutdown("operator", "down"), settle=False)
        if happened:
            host.perform("b")
        mark = len(host.world.history)
        host.recover()
        assert host.since(mark) == [("stop", "b"), ("stop", "a")][happened:]
        assert host.state.phase is Phase.ENDED


def test_a_fence_that_was_promised_is_repeated() -> None:
    host = FakeHost(spec(*children("a")))
    host.kill("a", settle=False)
    host.recover()
    assert host.child("a").fencing is None
    assert host.world.epochs["a"] == 2


def test_a_pause_and_a_quiet_time_go_on_where_they_were() -> None:
    host = FakeHost(spec(*children("a")))
    host.kill("a")
    retry_at = host.child("a").retry_at
    host.timers.clear()
    host.recover()
    assert [timer.due for timer in host.timers.values()] == [retry_at]
    host.elapse(SECOND)
    assert host.statuses() == {"a": "running"}


def test_an_escalation_is_carried_through_after_a_recovery() -> None:
    intensity = Intensity(restarts=0, period=60 * SECOND)
    host = FakeHost(spec(*children("risk", "b"), intensity=intensity, root=ExitPolicy(grace=3 * SECOND)))
    host.kill("risk")
    host.timers.clear()
    host.recover()
    assert host.state.phase is Phase.HALTING
    host.elapse(3 * SECOND)
    assert host.world.left is not None
    assert len(host.sent) == 1


def test_a_supervisor_killed_as_it_left_leaves_again_and_begins_afresh_only_under_a_newer_life() -> None:
    host = FakeHost(spec(*children("a")))
    host.tell(Shutdown("operator", "down"))
    host.world.left = None
    host.recover()
    assert host.world.left is not None
    assert host.statuses() == {"a": "stopped"}
    host.recover(life=2)
    assert host.statuses() == {"a": "running"}


def test_a_newer_life_supersedes_a_shutdown_that_was_interrupted() -> None:
    host = FakeHost(spec(*children("a", "b", "c")))
    host.tell(Shutdown("operator", "down"), settle=False)
    mark = len(host.world.history)
    host.recover(life=2)
    assert host.statuses() == {"a": "running", "b": "running", "c": "running"}
    assert host.since(mark) == []


def test_nothing_is_promised_in_the_name_of_a_life_that_is_over() -> None:
    host = FakeHost(spec(*children("a", "b")))
    host.tell(RemoveChild("b"), settle=False)
    host.tell(Shutdown("operator", "down"), settle=False)
    host.recover(life=2, settle=False)
    host.take(host.world.die("b", ExitReason.CRASH))
    assert host.last_effects == []
    host.settle()
    assert host.statuses() == {"a": "running", "b": "running"}
    assert host.child("a").incarnation == 1


def test_a_child_proven_gone_is_restarted_whoever_had_it_stopped() -> None:
    host = FakeHost(spec(*children("a")))
    host.world.die("a", ExitReason.SHUTDOWN)
    host.take(StopFinished("a", 1, ExitReason.SHUTDOWN))
    assert host.statuses() == {"a": "backing_off"}
    assert host.state.restarts == []


def test_a_child_known_to_have_ended_is_not_adopted_on_the_word_of_an_older_discovery() -> None:
    host = FakeHost(spec(*children("a")))
    host.recover(life=2, settle=False)
    found = host.perform("")
    host.take(host.world.die("a", ExitReason.CRASH))
    assert found is not None
    host.take(found)
    host.settle()
    assert host.statuses() == {"a": "running"}
    assert host.child("a").incarnation == host.world.alive["a"].incarnation


def test_a_stray_incarnation_is_fenced_and_stopped() -> None:
    host = FakeHost(spec(*children("a", "b")))
    host.kill("a")
    host.world.alive["a"] = Process(1)
    host.recover(settle=False)
    host.pass_on("")
    assert FenceChild("a", 1) in host.last_effects
    assert StopChild("a", 1, ChildKind.ACTOR, 0, StopReason.STRAY) in host.last_effects


def test_a_stray_service_is_stopped_without_a_fence() -> None:
    host = FakeHost(spec(ChildSpec(id="a", kind=ChildKind.SERVICE)))
    host.kill("a")
    host.world.alive["a"] = Process(1)
    host.recover(settle=False)
    host.pass_on("")
    assert host.last_effects == [StopChild("a", 1, ChildKind.SERVICE, 0, StopReason.STRAY)]


def test_an_older_incarnation_beside_the_present_one_is_stopped_and_the_present_one_kept() -> None:
    host = FakeHost(spec(*children("a")))
    host.kill("a")
    host.elapse(SECOND)
    newest = host.child("a").incarnation
    alive = tuple(LivingChild("a", ChildKind.ACTOR, number, 1, "n") for number in (1, newest))
    host.take(ChildrenFound(1, host.state.attempts, alive))
    assert host.last_effects == [
        FenceChild("a", 1),
        StopChild("a", 1, ChildKind.ACTOR, 0, StopReason.STRAY),
    ]
    assert host.statuses() == {"a": "running"}


def test_an_unknown_child_is_stopped_in_order_with_its_own_children() -> None:
    host = FakeHost(spec(*children("a")))
    host.world.alive["old"] = Process(4)
    host.world.kinds["old"] = ChildKind.SUPERVISOR
    host.recover(settle=False)
    host.pass_on("")
    assert host.last_effects == [StopChild("old", 4, ChildKind.SUPERVISOR, None, StopReason.SHUTDOWN)]


def test_a_discovery_says_nothing_about_children_started_after_it_was_asked() -> None:
    host = FakeHost(spec(*children("a")), begin=False)
    host.settle()
    outdated = ChildrenFound(1, 0, ())
    host.take(outdated)
    assert host.statuses() == {"a": "running"}


def test_a_newer_incarnation_found_alive_replaces_the_known_one() -> None:
    host = FakeHost(spec(*children("a")))
    host.world.alive["a"] = Process(7)
    host.recover()
    assert host.child("a").incarnation == 7


def test_a_stopping_supervisor_child_that_was_killed_unseen_is_brought_back_to_finish() -> None:
    host = FakeHost(spec(supervisor_child("sub")))
    host.tell(Shutdown("operator", "down"), settle=False)
    host.world.die("sub", ExitReason.CRASH)
    host.recover()
    host.elapse(SECOND)
    assert host.world.history == [("start", "sub"), ("start", "sub"), ("stop", "sub")]
    assert host.state.phase is Phase.ENDED


STALE = [
    ChildUp("a", 1, 9, 1, "n", False),
    ChildUp("a", 2, 1, 1, "n", False),
    StartFailed("a", 1, "late"),
    StartFailed("a", 2, "twice"),
    ChildDown("a", 1, ExitReason.CRASH, "late"),
    StopFinished("a", 1, ExitReason.CRASH),
    StopFinished("a", 2, ExitReason.CRASH),
    ChildFenced("a", 2),
    ChildDown("unknown", 1, ExitReason.CRASH, ""),
    StopFinished("unknown", 1, ExitReason.CRASH),
    StartFailed("unknown", 1, ""),
    ChildFenced("unknown", 1),
]


@pytest.mark.parametrize("signal", STALE, ids=repr)
def test_signals_about_an_earlier_attempt_or_incarnation_change_nothing(signal: ChildUp) -> None:
    host = FakeHost(spec(*children("a")))
    host.hang("a")
    host.elapse(SECOND)
    assert (host.child("a").attempt, host.child("a").incarnation) == (2, 3)
    assert host.take(signal) == []
    assert host.last_effects == []


def test_of_two_roots_the_older_ones_answers_are_stale_to_the_newer() -> None:
    older = FakeHost(spec(*children("a", "b")), begin=False)
    older.pass_on("")
    newer = FakeHost(older.spec, begin=False)
    newer.journal = list(older.journal)
    newer.world = older.world
    newer.recover()
    newer.kill("a")
    newer.elapse(SECOND)
    late = older.perform("a")
    assert late is not None
    before = newer.replayed()
    newer.take(late)
    assert newer.replayed() == before
    assert newer.last_effects == []


def test_a_word_that_an_unknown_child_is_up_stops_it() -> None:
    host = FakeHost(spec(*children("a")))
    host.take(ChildUp("ghost", 1, 3, 1, "n", False))
    assert host.last_effects == [
        FenceChild("ghost", 3),
        StopChild("ghost", 3, ChildKind.ACTOR, 0, StopReason.STRAY),
    ]


def script(host: FakeHost) -> None:
    """Boot, a crash, a hang, a command, a shutdown: a life with every kind of promise in it."""
    host.settle()
    host.kill("b")
    host.elapse(2 * SECOND)
    host.hang("c")
    host.elapse(4 * SECOND)
    host.tell(Shutdown("operator", "down"))


def recovered_at(full: FakeHost, cut: int, survivors: str) -> FakeHost:
    """A successor that has the first `cut` events of a journal; of the running children, the survivors live."""
    host = FakeHost(full.spec, begin=False)
    host.now = full.now
    host.journal = full.journal[:cut]
    host.recover(settle=False)
    for child in host.state.children.values():
        host.world.epochs[child.id] = child.incarnation
        if child.id in survivors and child.status in (ChildStatus.RUNNING, ChildStatus.STOPPING):
            host.world.alive[child.id] = Process(child.incarnation)
    return host


@pytest.mark.parametrize("strategy", RestartStrategy)
def test_recovery_after_every_step_reaches_what_was_wanted(strategy: RestartStrategy) -> None:
    kids = (*children("a", "b", "c"), supervisor_child("d"))
    full = FakeHost(spec(*kids, strategy=strategy), begin=False)
    script(full)
    for cut in full.boundaries:
        for survivors in ("", "ab", "abcd"):
            host = recovered_at(full, cut, survivors)
            ending = host.state.phase in (Phase.ENDING, Phase.ENDED)
            host.settle()
            host.elapse(300 * SECOND)
            if ending:
                assert host.state.phase is Phase.ENDED
                assert host.world.alive == {}
                assert host.world.left is not None
            else:
                assert host.statuses() == dict.fromkeys("abcd", "running")
                assert {name: process.incarnation for name, process in host.world.alive.items()} == {
                    name: child.incarnation for name, child in host.state.children.items()
                }


def test_the_children_of_a_recovered_supervisor_end_with_their_own_word_not_as_lost() -> None:
    host = FakeHost(spec(*children("a")))
    found = ChildrenFound(1, 1, (), (EndedChild("a", 1, ExitReason.FENCED),))
    host.take(found)
    assert host.child("a").last_exit is ExitReason.FENCED
    assert host.state.restarts == []
