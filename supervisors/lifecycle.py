"""The life of a child as one transition table, and the table of which ends lead to a restart."""

from __future__ import annotations

from enum import StrEnum

from messages.base import Message
from messages.child_specs import Restart
from messages.errors import IllegalTransitionError
from messages.supervision import ExitReason
from messages.supervision_events import (
    ChildBackingOff,
    ChildDone,
    ChildFailed,
    ChildGivenUp,
    ChildReady,
    ChildStarted,
    ChildStarting,
    ChildStopped,
    ChildStopping,
    SupervisionBegun,
    SupervisorEnded,
)


class ChildStatus(StrEnum):
    """Where a child stands."""

    WAITING = "waiting"
    """wanted, its turn to be started has not come"""
    STARTING = "starting"
    """a start was promised and is not answered"""
    RUNNING = "running"
    BACKING_OFF = "backing_off"
    """it failed and is started again later"""
    STOPPING = "stopping"
    """a stop was promised and is not answered"""
    STOPPED = "stopped"
    GIVEN_UP = "given_up"
    """it failed too often and is parked"""
    DONE = "done"
    """it ended by itself and its restart rule leaves it at that"""


S = ChildStatus

TRANSITIONS: dict[tuple[ChildStatus, type[Message]], ChildStatus] = {
    (S.WAITING, ChildStarting): S.STARTING,
    (S.WAITING, ChildStarted): S.RUNNING,  # found alive
    (S.WAITING, SupervisorEnded): S.STOPPED,
    (S.STARTING, ChildStarted): S.RUNNING,
    (S.STARTING, ChildFailed): S.STOPPED,
    (S.RUNNING, ChildStarted): S.RUNNING,  # a newer incarnation has taken over
    (S.RUNNING, ChildStopping): S.STOPPING,
    (S.RUNNING, ChildStopped): S.STOPPED,
    (S.RUNNING, ChildFailed): S.STOPPED,
    (S.STOPPING, ChildStopped): S.STOPPED,
    (S.STOPPING, ChildFailed): S.STOPPED,
    (S.STOPPED, ChildReady): S.WAITING,
    (S.STOPPED, ChildBackingOff): S.BACKING_OFF,
    (S.STOPPED, ChildGivenUp): S.GIVEN_UP,
    (S.STOPPED, ChildDone): S.DONE,
    (S.BACKING_OFF, ChildReady): S.WAITING,
    (S.BACKING_OFF, ChildStarting): S.STARTING,  # revived only to be stopped, whatever is wanted
    (S.BACKING_OFF, SupervisorEnded): S.STOPPED,
    (S.GIVEN_UP, ChildReady): S.WAITING,
    (S.DONE, ChildReady): S.WAITING,
    **{(status, SupervisionBegun): S.WAITING for status in ChildStatus},
}
"""What each event makes of each status; a pair that is missing is illegal."""

ALIVE = frozenset({S.STARTING, S.RUNNING, S.STOPPING})
"""A process may exist."""

ORDERLY = frozenset({ExitReason.NORMAL, ExitReason.SHUTDOWN})
"""The child had finished what it had to do, a supervisor had stopped its children."""

FAILURES = frozenset({ExitReason.CRASH, ExitReason.HUNG, ExitReason.LOST, ExitReason.START_FAILED})
"""Abnormal ends. FENCED is neither a failure nor orderly: another incarnation goes on with the work."""

RESTARTED: dict[Restart, frozenset[ExitReason]] = {
    Restart.PERMANENT: frozenset(ExitReason),
    Restart.TRANSIENT: FAILURES | {ExitReason.FENCED},
    Restart.TEMPORARY: frozenset(),
}
"""The ends after which a child of each restart rule is started again."""


def following(status: ChildStatus, event: type[Message], child: str) -> ChildStatus:
    """The status after `event`. Raises `IllegalTransitionError` when the table has no such row."""
    after = TRANSITIONS.get((status, event))
    if after is None:
        raise IllegalTransitionError(
            f"{event.__name__} can't happen to a child that is {status.value}",
            field=child,
            value=status.value,
            remedy="the journal was written by other code, or the supervisor has a defect",
        )
    return after
