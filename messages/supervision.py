"""Supervision: what hosts signal to supervisors, what they ask of hosts, and what people may ask of both.

Staleness is told by numbers: `attempt` (one per start, unique within the supervisor) ties an answer to its start,
`incarnation` (the epoch a child claimed) ties a death to the life that ended.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from messages.base import Address, Effect, Message, message_type
from messages.child_specs import ChildKind, ChildSpec
from messages.child_specs import GiveUpPolicy as GiveUpPolicy
from messages.events import EventType


class ExitReason(StrEnum):
    """Why a child ended. No written reason means CRASH; FENCED is never a failure."""

    NORMAL = "normal"
    SHUTDOWN = "shutdown"
    CRASH = "crash"
    HUNG = "hung"
    LOST = "lost"
    FENCED = "fenced"
    START_FAILED = "start_failed"


class StopReason(StrEnum):
    """What a stop is to achieve."""

    SHUTDOWN = "shutdown"
    """an orderly end: an actor drains, a supervisor stops its children first"""
    FAILED = "failed"
    """only the process of a hung or lost child must be gone; a supervisor's children live on"""
    STRAY = "stray"
    """only the process of an incarnation that should have ended must be gone; a supervisor's children live on"""


# ---------------------------------------------------------------- to other actors


@message_type
class StrategyGivenUp(Message, frozen=True):
    """A strategy is parked and will not manage its positions (supervisor -> execution).

    `stop` is the protective stop's distance from the position's average price, a fraction; used by HOLD_WITH_STOP.
    """

    urgent = True
    grave = True
    event_type = EventType.CHILD_GIVEN_UP

    strategy: Address
    symbols: tuple[str, ...]
    policy: GiveUpPolicy
    stop: float


# ---------------------------------------------------------------- effects: supervisor -> host


@message_type
class StartChild(Effect, frozen=True):
    """Bring the child up. Answer: `ChildUp` or `StartFailed`, with this `attempt`.

    A living child with this process's code version and config hash is adopted; any other predecessor is fenced and
    stopped first (a supervisor without its children). Safe to perform twice. `ChildUp` is answered once the child
    has claimed and recovered, and before any `ChildDown` of it. `life` is handed to a supervisor child: it resumes
    what it did under the same life, and begins afresh under a newer one.
    """

    child: Address
    attempt: int
    life: int
    kind: ChildKind
    arguments: dict[str, object]

    @property
    def lane(self) -> str:
        """All effects on one child are strictly serial."""
        return self.child


@message_type
class StopChild(Effect, frozen=True):
    """Stop that incarnation of the child. Answer: `StopFinished`, once its process is proven gone.

    For SHUTDOWN: `stop()` (a supervisor takes it as the `Shutdown` signal), then after `timeout` ns terminate, then
    kill. Without a timeout the wait ends when the child has gone, or is found dead or hung and is killed. For FAILED
    and STRAY it is terminated at once and a supervisor's children live on. A child that is gone is finished.
    """

    child: Address
    incarnation: int
    kind: ChildKind
    timeout: int | None
    reason: StopReason

    @property
    def lane(self) -> str:
        """All effects on one child are strictly serial."""
        return self.child


@message_type
class FenceChild(Effect, frozen=True):
    """Raise the child's epoch, if it still is `incarnation`, so that that one can't commit. Answer: `ChildFenced`."""

    child: Address
    incarnation: int

    @property
    def lane(self) -> str:
        """All effects on one child are strictly serial."""
        return self.child


@message_type
class DiscoverChildren(Effect, frozen=True):
    """Find out which children live: those named, and any other whose parent this supervisor is.

    Owed after every recovery. Answer: `ChildrenFound` with the same `life` and `as_of` (the last start promised
    before the question: what was started since is not judged by the answer).
    """

    life: int
    as_of: int
    children: tuple[Address, ...]


@message_type
class EndSupervisor(Effect, frozen=True):
    """All children are gone: write the exit reason SHUTDOWN and end this supervisor's process. No answer."""

    detail: str


@message_type
class LeaveDesk(Effect, frozen=True):
    """The root has stopped everything: release the desk's lock and leave for good, not restarted. No answer.

    `gave_up` tells a desk that failed (exit code not 0) from one that was asked to stop.
    """

    gave_up: bool
    detail: str


# ---------------------------------------------------------------- signals: host -> supervisor


class LivingChild(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A child found alive. `current`: its code version and config hash are the supervisor's own."""

    child: Address
    kind: ChildKind
    incarnation: int
    pid: int
    node: str
    current: bool = True


class EndedChild(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A child found ended: the incarnation that wrote a reason before it left, or CRASH when it is proven gone."""

    child: Address
    incarnation: int
    reason: ExitReason
    detail: str = ""


@message_type
class ChildrenFound(Message, frozen=True):
    """Answer to `DiscoverChildren`. A child in neither list is taken for LOST."""

    life: int
    as_of: int
    alive: tuple[LivingChild, ...]
    ended: tuple[EndedChild, ...] = ()


@message_type
class ChildUp(Message, frozen=True):
    """Answer to `StartChild`: the child has claimed, recovered and runs."""

    child: Address
    attempt: int
    incarnation: int
    pid: int
    node: str
    adopted: bool


@message_type
class StartFailed(Message, frozen=True):
    """Answer to `StartChild`: there is no such process, and none will come of this attempt.

    `withheld`: it was not tried, as the supervisor's own lease was not in force; nothing that the child did.
    """

    schema_version = 2

    child: Address
    attempt: int
    detail: str
    withheld: bool = False


@message_type
class ChildDown(Message, frozen=True):
    """Signal: an incarnation of a child ended by itself, hangs, or can't be seen any more."""

    child: Address
    incarnation: int
    reason: ExitReason
    detail: str


@message_type
class StopFinished(Message, frozen=True):
    """Answer to `StopChild`: that process is gone. `reason` is what it wrote, CRASH when killed without a word."""

    child: Address
    incarnation: int
    reason: ExitReason
    detail: str = ""


@message_type
class ChildFenced(Message, frozen=True):
    """Answer to `FenceChild`: `incarnation` can't commit any more."""

    child: Address
    incarnation: int


# ---------------------------------------------------------------- commands: people, parents and other actors


@message_type
class Shutdown(Message, frozen=True):
    """Stop all children in reverse order, then leave. Recorded first, so that an interrupted one is resumed."""

    urgent = True

    by: str
    reason: str


@message_type
class AddChild(Message, frozen=True):
    """Keep one more child, started last. A known id gets the new spec and is replaced if that differs."""

    urgent = True

    spec: ChildSpec


@message_type
class RemoveChild(Message, frozen=True):
    """Stop a child and forget it."""

    urgent = True

    child: Address


@message_type
class RetryChild(Message, frozen=True):
    """Try a child again that is given up, done or backing off; its failures are forgotten."""

    urgent = True

    child: Address


@message_type
class RestartChild(Message, frozen=True):
    """Stop a running child in order and start it afresh, its siblings untouched; any other is tried again."""

    urgent = True

    child: Address


# ---------------------------------------------------------------- timers of a supervisor


@message_type
class RetryDue(Message, frozen=True):
    """Timer: the pause before a restart is over."""

    child: Address
    attempt: int


@message_type
class QuietTimeOver(Message, frozen=True):
    """Timer: a given-up child may be tried again."""

    child: Address
    attempt: int


@message_type
class GraceOver(Message, frozen=True):
    """Timer: the time that a halted desk had to carry out its exit policy is over."""

    life: int
