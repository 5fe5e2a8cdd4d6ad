"""Too many restarts: a child is parked, or the supervisor gives up as a whole; and what ends a supervisor by itself."""

from __future__ import annotations

import msgspec
import pytest

from messages.base import CONTROL
from messages.child_specs import (
    SECOND,
    AutoShutdown,
    ChildSpec,
    ExitPolicy,
    GiveUpOrder,
    GiveUpPolicy,
    Intensity,
    IntensityScope,
    Restart,
)
from messages.control import Halt
from messages.supervision import (
    AddChild,
    EndSupervisor,
    ExitReason,
    LeaveDesk,
    RetryChild,
    Shutdown,
    StartChild,
    StartFailed,
    StrategyGivenUp,
)
from supervisors.state import Phase
from tests.supervisors.fake_host import FakeHost, children, spec

pytestmark = pytest.mark.unit

ALONE = Intensity(restarts=2, period=60 * SECOND, scope=IntensityScope.CHILD)
ORDER = GiveUpOrder(("execution/x", "execution/y"), ("BTC-USDT",), GiveUpPolicy.FLATTEN, 0.02)


def wear_out(host: FakeHost, name: str, deaths: int) -> None:
    """Kill a child so many times, waiting for its restart in between."""
    for _ in range(deaths):
        host.kill(name)
        host.elapse(8 * SECOND)


def test_scope_child_parks_the_child_and_leaves_its_siblings_untouched() -> None:
    host = FakeHost(spec(*children("a", "b", "c"), intensity=ALONE))
    wear_out(host, "b", 2)
    mark = len(host.world.history)
    before = {name: host.child(name).incarnation for name in ("a", "c")}
    host.kill("b")
    host.elapse(600 * SECOND)
    assert host.statuses() == {"a": "running", "b": "given_up", "c": "running"}
    assert host.since(mark) == []
    assert {name: host.child(name).incarnation for name in ("a", "c")} == before


@pytest.mark.parametrize(("withheld", "status"), [(False, "given_up"), (True, "backing_off")])
def test_a_start_that_was_not_tried_for_want_of_a_lease_does_not_count(withheld: bool, status: str) -> None:
    host = FakeHost(spec(*children("a"), intensity=ALONE), begin=False)
    host.pass_on(next(iter(host.lanes)))
    for _ in range(ALONE.restarts + 1):
        host.elapse(8 * SECOND, settle=False)
        start = host.lanes.pop("a")[0]
        assert isinstance(start, StartChild)
        host.take(StartFailed("a", start.attempt, "lease_lost", withheld=withheld))
    assert host.statuses() == {"a": status}


def test_scope_child_counts_each_child_by_itself() -> None:
    host = FakeHost(spec(*children("a", "b", "c"), intensity=ALONE))
    for name in ("a", "b", "c"):
        wear_out(host, name, 2)
    assert set(host.statuses().values()) == {"running"}


def test_restarts_outside_the_period_are_forgotten() -> None:
    host = FakeHost(spec(*children("a"), intensity=ALONE))
    for _ in range(6):
        host.kill("a")
        host.elapse(61 * SECOND)
    assert host.statuses() == {"a": "running"}


def test_a_child_that_never_starts_is_parked_and_does_not_hold_back_its_siblings() -> None:
    host = FakeHost(spec(*children("a", "b"), intensity=ALONE), begin=False)
    host.world.refusing["a"] = 1_000
    host.settle()
    assert host.statuses() == {"a": "backing_off", "b": "running"}
    host.elapse(60 * SECOND)
    assert host.statuses() == {"a": "given_up", "b": "running"}
    assert host.world.refusing["a"] == 997


def test_a_strategy_given_up_hands_its_positions_to_its_executors() -> None:
    strategy = ChildSpec(id="strategy/BTC-USDT", on_give_up=ORDER)
    host = FakeHost(spec(strategy, intensity=ALONE))
    wear_out(host, strategy.id, 3)
    message = StrategyGivenUp(strategy.id, ("BTC-USDT",), GiveUpPolicy.FLATTEN, 0.02)
    assert [(mail.recipient, mail.message) for mail in host.sent] == [
        ("execution/x", message),
        ("execution/y", message),
    ]


def test_a_person_can_have_a_parked_child_tried_again_with_a_clean_record() -> None:
    host = FakeHost(spec(*children("a"), intensity=ALONE))
    wear_out(host, "a", 3)
    host.tell(RetryChild("a"))
    assert host.statuses() == {"a": "running"}
    assert (host.child("a").failures, host.child("a").restarts) == (0, [])
    wear_out(host, "a", 2)
    assert host.statuses() == {"a": "running"}


def test_after_the_quiet_time_a_parked_child_is_tried_again() -> None:
    intensity = msgspec.structs.replace(ALONE, quiet_time=300 * SECOND)
    host = FakeHost(spec(*children("a"), intensity=intensity))
    wear_out(host, "a", 2)
    host.kill("a")
    parked_at = host.now
    assert host.child("a").retry_at == parked_at + 300 * SECOND
    host.elapse(300 * SECOND - 1)
    assert host.statuses() == {"a": "given_up"}
    host.elapse(1)
    assert host.statuses() == {"a": "running"}


def test_scope_supervisor_counts_all_together_and_escalates() -> None:
    host = FakeHost(spec(*children("a", "b", "c"), intensity=Intensity(restarts=2, period=60 * SECOND)))
    mark = len(host.world.history)
    wear_out(host, "a", 1)
    wear_out(host, "b", 1)
    host.kill("c")
    assert host.since(mark) == [("start", "a"), ("start", "b"), ("stop", "b"), ("stop", "a")]
    assert host.state.phase is Phase.ENDED
    assert isinstance(host.world.left, EndSupervisor)
    assert "c: more than 2 restarts" in host.world.left.detail


@pytest.mark.parametrize("flatten", [False, True])
def test_a_root_that_gives_up_halts_the_desk_then_stops_everything_and_leaves(flatten: bool) -> None:
    root = ExitPolicy(flatten=flatten, grace=5 * SECOND)
    intensity = Intensity(restarts=0, period=60 * SECOND)
    host = FakeHost(spec(*children("risk", "b"), intensity=intensity, root=root))
    host.kill("risk")
    (mail,) = host.sent
    assert mail.recipient == CONTROL
    assert isinstance(mail.message, Halt)
    assert (mail.message.by, mail.message.flatten) == ("s", flatten)
    assert host.statuses()["b"] == "running"
    assert host.state.phase is Phase.HALTING
    host.elapse(5 * SECOND)
    assert host.statuses()["b"] == "stopped"
    assert isinstance(host.world.left, LeaveDesk)
    assert host.world.left.gave_up


def test_a_halting_root_restarts_nothing_and_takes_no_commands() -> None:
    intensity = Intensity(restarts=0, period=60 * SECOND)
    host = FakeHost(spec(*children("risk", "b"), intensity=intensity, root=ExitPolicy(grace=60 * SECOND)))
    host.kill("risk")
    mark = len(host.world.history)
    host.kill("b")
    host.tell(AddChild(ChildSpec(id="x")))
    host.tell(RetryChild("risk"))
    host.tell(Shutdown("operator", "please"))
    host.elapse(30 * SECOND)
    assert host.since(mark) == []
    assert host.state.phase is Phase.HALTING
    assert host.kinds().count("CommandRefused") == 2


AUTO = {
    (AutoShutdown.NEVER, 1): False,
    (AutoShutdown.ANY_SIGNIFICANT, 1): True,
    (AutoShutdown.ALL_SIGNIFICANT, 1): False,
    (AutoShutdown.ALL_SIGNIFICANT, 2): True,
}


@pytest.mark.parametrize("restart", [Restart.TRANSIENT, Restart.TEMPORARY])
@pytest.mark.parametrize(("auto", "ends"), AUTO)
def test_the_end_of_significant_children_ends_the_supervisor(
    auto: AutoShutdown, ends: int, restart: Restart
) -> None:
    kids = [
        ChildSpec(id=name, restart=restart, significant=auto is not AutoShutdown.NEVER) for name in ("a", "b")
    ]
    host = FakeHost(spec(*kids, *children("c"), auto_shutdown=auto))
    for name in ("a", "b")[:ends]:
        host.kill(name, ExitReason.NORMAL)
    ended = AUTO[auto, ends]
    assert (host.state.phase is Phase.ENDED) is ended
    assert ("c" in host.world.alive) is not ended


def test_a_significant_transient_child_that_crashes_is_restarted_and_ends_nothing() -> None:
    kid = ChildSpec(id="a", restart=Restart.TRANSIENT, significant=True)
    host = FakeHost(spec(kid, auto_shutdown=AutoShutdown.ANY_SIGNIFICANT))
    host.kill("a")
    host.elapse(SECOND)
    assert host.statuses() == {"a": "running"}


def test_the_end_of_a_child_that_is_not_significant_ends_nothing() -> None:
    kids = (
        ChildSpec(id="a", restart=Restart.TRANSIENT, significant=True),
        ChildSpec(id="b", restart=Restart.TRANSIENT),
    )
    host = FakeHost(spec(*kids, auto_shutdown=AutoShutdown.ANY_SIGNIFICANT))
    host.kill("b", ExitReason.NORMAL)
    assert host.statuses() == {"a": "running", "b": "done"}


def test_a_quiet_time_outlives_the_supervisor() -> None:
    intensity = msgspec.structs.replace(ALONE, quiet_time=300 * SECOND)
    host = FakeHost(spec(*children("a"), intensity=intensity))
    wear_out(host, "a", 2)
    host.kill("a")
    host.timers.clear()
    host.recover()
    host.elapse(300 * SECOND)
    assert host.statuses() == {"a": "running"}
