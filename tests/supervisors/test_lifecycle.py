"""The transition table of a child, the restart groups, and the stored form of what supervisors say."""

from __future__ import annotations

import pytest

import messages.supervision as supervision
import messages.supervision_events as supervision_events
from messages.base import Message
from messages.child_specs import RestartStrategy
from messages.codec import from_plain, pack, to_plain, unpack
from messages.errors import IllegalTransitionError
from messages.supervision_events import (
    ChildDone,
    ChildReady,
    ChildStarted,
    ChildStarting,
    SupervisionBegun,
)
from supervisors.lifecycle import ALIVE, FAILURES, ORDERLY, TRANSITIONS, ChildStatus, following
from supervisors.plan import siblings_to_restart
from supervisors.state import SupervisorState
from supervisors.supervisor import Supervisor
from tests.supervisors.fake_host import FakeHost, children, spec

pytestmark = pytest.mark.unit

LEADS_TO = {
    ChildStatus.WAITING: {ChildStatus.STARTING, ChildStatus.RUNNING, ChildStatus.STOPPED},
    ChildStatus.STARTING: {ChildStatus.RUNNING, ChildStatus.STOPPED},
    ChildStatus.RUNNING: {ChildStatus.RUNNING, ChildStatus.STOPPING, ChildStatus.STOPPED},
    ChildStatus.STOPPING: {ChildStatus.STOPPED},
    ChildStatus.STOPPED: {
        ChildStatus.WAITING,
        ChildStatus.BACKING_OFF,
        ChildStatus.GIVEN_UP,
        ChildStatus.DONE,
    },
    ChildStatus.BACKING_OFF: {ChildStatus.WAITING, ChildStatus.STARTING, ChildStatus.STOPPED},
    ChildStatus.GIVEN_UP: {ChildStatus.WAITING},
    ChildStatus.DONE: {ChildStatus.WAITING},
}


@pytest.mark.parametrize("status", ChildStatus)
def test_each_status_leads_only_where_it_may(status: ChildStatus) -> None:
    reached = {
        after
        for (before, event), after in TRANSITIONS.items()
        if before is status and event is not SupervisionBegun
    }
    assert reached == LEADS_TO[status]


@pytest.mark.parametrize("status", ChildStatus)
def test_a_process_can_only_come_to_be_by_a_start(status: ChildStatus) -> None:
    ways = {
        event
        for (before, event), after in TRANSITIONS.items()
        if after is status and status in ALIVE and before not in ALIVE
    }
    assert ways <= {ChildStarting, ChildStarted}


@pytest.mark.parametrize(
    ("status", "event"),
    [
        (ChildStatus.RUNNING, ChildStarting),
        (ChildStatus.STARTING, ChildStarting),
        (ChildStatus.STOPPING, ChildStarted),
        (ChildStatus.GIVEN_UP, ChildStarting),
        (ChildStatus.RUNNING, ChildDone),
        (ChildStatus.RUNNING, ChildReady),
    ],
)
def test_what_the_table_does_not_have_is_illegal(status: ChildStatus, event: type[Message]) -> None:
    with pytest.raises(IllegalTransitionError, match=status.value):
        following(status, event, "a")


def test_fenced_is_neither_a_failure_nor_an_orderly_end() -> None:
    assert supervision.ExitReason.FENCED not in FAILURES | ORDERLY
    assert set(supervision.ExitReason) - FAILURES - ORDERLY == {supervision.ExitReason.FENCED}


@pytest.mark.parametrize(
    ("strategy", "failed", "expected"),
    [
        (RestartStrategy.ONE_FOR_ONE, "b", ()),
        (RestartStrategy.ONE_FOR_ALL, "a", ("b", "c")),
        (RestartStrategy.ONE_FOR_ALL, "b", ("a", "c")),
        (RestartStrategy.REST_FOR_ONE, "a", ("b", "c")),
        (RestartStrategy.REST_FOR_ONE, "b", ("c",)),
        (RestartStrategy.REST_FOR_ONE, "c", ()),
    ],
)
def test_each_strategy_has_its_restart_group(
    strategy: RestartStrategy, failed: str, expected: tuple[str, ...]
) -> None:
    assert siblings_to_restart(strategy, ("a", "b", "c"), failed) == expected


def test_every_event_has_a_method_that_remembers_it() -> None:
    events = {
        kind
        for kind in vars(supervision_events).values()
        if isinstance(kind, type)
        and issubclass(kind, Message)
        and kind.__module__ == supervision_events.__name__
    }
    assert set(Supervisor.appliers) == events


def test_what_a_supervisor_remembers_is_what_its_stored_events_make() -> None:
    host = FakeHost(spec(*children("a", "b")))
    host.kill("a")
    host.hang("b")
    stored = pack(to_plain(host.state))
    assert host.replayed() == stored
    assert pack(to_plain(from_plain(unpack(stored), SupervisorState, where="state"))) == stored
