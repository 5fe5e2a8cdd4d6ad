"""What happened in a supervisor: the events of its journal, from which its state is rebuilt."""

from __future__ import annotations

from messages.base import Address, Message, message_type
from messages.child_specs import ChildSpec, SupervisorSpec
from messages.events import EventType
from messages.supervision import ExitReason, StopReason

# ---------------------------------------------------------------- the supervisor itself


@message_type
class SupervisionBegun(Message, frozen=True):
    """The supervisor took up its spec.

    `fresh`: it begins anew, with all of the spec's children, and forgets failures; otherwise it goes on under a
    spec that has changed. Children that were added by command are kept in both cases, temporary ones only in the
    second.
    """

    event_type = EventType.ENGINE_START

    life: int
    fresh: bool
    spec: SupervisorSpec


@message_type
class ShutdownNoted(Message, frozen=True):
    """A shutdown was asked for before this life had begun; it is carried out as soon as it has."""

    life: int
    by: str
    reason: str


@message_type
class SupervisorEnding(Message, frozen=True):
    """All children are to be stopped, then the supervisor leaves. Recorded before the first stop."""

    event_type = EventType.ENGINE_STOP

    by: str
    reason: str


@message_type
class Escalated(Message, frozen=True):
    """Too many restarts: the supervisor gives up as a whole. A root stops its children at `grace_until` (ns)."""

    event_type = EventType.SUPERVISOR_ESCALATED

    child: Address
    detail: str
    grace_until: int | None


@message_type
class SupervisorEnded(Message, frozen=True):
    """No child is left; what follows is the end of the process."""

    detail: str


@message_type
class CommandRefused(Message, frozen=True):
    """A command could not be carried out: what it was, on which child, and what is wrong with it."""

    event_type = EventType.WARNING

    command: str
    child: Address
    problem: str


# ---------------------------------------------------------------- a child's life


@message_type
class ChildAdded(Message, frozen=True):
    """A child is wanted, or its spec has changed. `dynamic`: by a command, not by the supervisor's own spec."""

    spec: ChildSpec
    dynamic: bool


@message_type
class ChildWithdrawn(Message, frozen=True):
    """A child is not wanted any more: it is stopped, then forgotten."""

    child: Address


@message_type
class ChildRemoved(Message, frozen=True):
    """A child is forgotten."""

    child: Address


@message_type
class ChildReplacing(Message, frozen=True):
    """A child is to be stopped in order and started afresh."""

    child: Address
    because: str


@message_type
class ChildReady(Message, frozen=True):
    """A child waits for its turn to be started. `forgiven`: its failures are forgotten."""

    child: Address
    forgiven: bool


@message_type
class ChildStarting(Message, frozen=True):
    """A start was promised."""

    child: Address
    attempt: int
    life: int


@message_type
class ChildStarted(Message, frozen=True):
    """A child runs since `at` (ns), started or found alive (`adopted`)."""

    event_type = EventType.CHILD_STARTED

    child: Address
    incarnation: int
    pid: int
    node: str
    adopted: bool
    at: int


@message_type
class ChildStopping(Message, frozen=True):
    """A stop was promised. `failure`: the child hangs or is lost, and that is why."""

    child: Address
    reason: StopReason
    failure: ExitReason | None
    detail: str
    counted: bool


@message_type
class ChildStopped(Message, frozen=True):
    """A child ended in order, or because it was told to."""

    event_type = EventType.CHILD_STOPPED

    child: Address
    reason: ExitReason
    detail: str


@message_type
class ChildFailed(Message, frozen=True):
    """A child ended abnormally or did not start. `fenced`: raising its epoch was promised."""

    event_type = EventType.CHILD_DOWN

    child: Address
    reason: ExitReason
    detail: str
    fenced: bool


@message_type
class FenceConfirmed(Message, frozen=True):
    """The promised fence is in place."""

    child: Address
    incarnation: int


@message_type
class ChildBackingOff(Message, frozen=True):
    """A child is started again at `retry_at` (ns), after `failures` in a row.

    `counted` adds `at` to the restarts of the window; `reviving` brings a supervisor back only to stop its children.
    """

    event_type = EventType.CHILD_RESTARTING

    child: Address
    at: int
    retry_at: int
    failures: int
    counted: bool
    reviving: bool


@message_type
class ChildGivenUp(Message, frozen=True):
    """A child is parked; tried again at `retry_at` (ns), or by a person when that is None."""

    event_type = EventType.CHILD_GIVEN_UP

    child: Address
    detail: str
    retry_at: int | None


@message_type
class ChildDone(Message, frozen=True):
    """A child ended for good, by its own restart rule."""

    child: Address


@message_type
class SubtreeAbandoned(Message, frozen=True):
    """A supervisor that was to stop its children could not be brought back: they may live on, unwatched."""

    event_type = EventType.ERROR

    child: Address
    detail: str
