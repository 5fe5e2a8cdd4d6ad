"""Control: modes, the kill switch, and the operators' commands. All of it goes over the shared control stream."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from messages.base import Address, Message, message_type
from messages.events import EventType


class Mode(StrEnum):
    """What the desk may do, from free to tied. The strictest source wins."""

    NORMAL = "normal"
    REDUCE = "reduce"
    HALTED = "halted"
    OBSERVE = "observe"

    @property
    def strictness(self) -> int:
        """0 for NORMAL to 3 for OBSERVE."""
        return _STRICTNESS[self]


_STRICTNESS = {Mode.NORMAL: 0, Mode.REDUCE: 1, Mode.HALTED: 2, Mode.OBSERVE: 3}


def strictest(*modes: Mode) -> Mode:
    """The strictest of the given modes; NORMAL when there is none."""
    return max(modes, key=lambda mode: mode.strictness, default=Mode.NORMAL)


class Action(StrEnum):
    """What a mode allows or forbids."""

    INCREASE = "increase"
    """an order that may increase exposure"""
    DECREASE = "decrease"
    """an order that can't increase exposure under any fate of what is open"""
    PROTECT = "protect"
    """a protective stop at the venue"""
    CANCEL = "cancel"


_EVERYTHING = frozenset(Action)

ALLOWED: dict[Mode, frozenset[Action]] = {
    Mode.NORMAL: _EVERYTHING,
    Mode.REDUCE: _EVERYTHING - {Action.INCREASE},
    Mode.HALTED: _EVERYTHING - {Action.INCREASE},
    Mode.OBSERVE: frozenset(),
}
"""The one table of what each mode allows. HALTED also cancels working orders, except protective ones."""


@message_type
class Halt(Message, frozen=True):
    """The kill switch (operator -> everyone). `flatten` also closes all positions. Survives restarts."""

    broadcast = True
    urgent = True
    grave = True
    event_type = EventType.KILL_SWITCH_TRIGGERED

    by: str
    reason: str
    flatten: bool = False


@message_type
class Resume(Message, frozen=True):
    """A person clears the kill switch and every source that waits for a person (operator -> risk)."""

    broadcast = True
    urgent = True
    grave = True

    by: str
    acknowledgement: str


@message_type
class SetMode(Message, frozen=True):
    """An operator asks for at least this mode; NORMAL withdraws the operator's own source only."""

    broadcast = True
    urgent = True
    grave = True

    by: str
    mode: Mode
    reason: str


@message_type
class ArmingDecided(Message, frozen=True):
    """Whether what the desk does can change anything at a venue, at a start (its starter -> risk, which journals it).

    `reasons` are all that speak against it; see `cluster.arming`.
    """

    urgent = True
    event_type = EventType.ARMING_CHANGED

    environment: str
    armed: bool
    reasons: tuple[str, ...]


@message_type
class KillFileSeen(Message, frozen=True):
    """Input made by risk's host: the kill file `path` is there, with `text` in it; or it is gone (`present` False)."""

    urgent = True
    grave = True

    path: str
    present: bool
    text: str


@message_type
class ModeChanged(Message, frozen=True):
    """The desk's mode from now on (risk -> everyone). Approvals of an older `version` are void."""

    broadcast = True
    urgent = True
    grave = True
    event_type = EventType.MODE_CHANGED

    mode: Mode
    version: int
    sources: dict[str, Mode]
    reason: str


@message_type
class Flatten(Message, frozen=True):
    """Close the position of one symbol, or of all, at one venue or at all (operator -> risk and execution).

    Working orders that protect nothing are cancelled. `stages`: in how many parts each position goes, one after the
    other, with a pause of `every` (ns) between them; what the parts left goes in the last.
    """

    schema_version = 3
    broadcast = True
    urgent = True
    grave = True

    by: str
    symbol: str | None = None
    venue: str | None = None
    stages: int = 1
    every: int = 0


@message_type
class Drain(Message, frozen=True):
    """The session ends (operator, clock -> everyone): no new entries, non-protective working orders are cancelled."""

    broadcast = True
    urgent = True
    grave = True

    by: str
    reason: str


@message_type
class SessionStarted(Message, frozen=True):
    """A desk begins, afresh or on an earlier session's history (its starter -> everyone): draining is over.

    With `universe` symbols come and go on it, and none is in before the universe has told who is.
    """

    broadcast = True
    urgent = True
    grave = True
    schema_version = 2

    by: str
    universe: bool = False


@message_type
class DeadLettered(Message, frozen=True):
    """A message could not be processed and was put aside (host -> risk). Grave ones reduce trading."""

    urgent = True
    event_type = EventType.DEAD_LETTERED

    address: Address
    message_id: str
    kind: str
    grave_kind: bool
    error: str


@message_type
class StoreRenewed(Message, frozen=True):
    """The store lost history and has a new generation: reconcile with the venues before anything trades."""

    broadcast = True
    urgent = True
    grave = True
    event_type = EventType.STORE_LOST

    generation: str


@message_type
class StoreAway(Message, frozen=True):
    """Input made by the host when the store has not answered for `on_store_loss`: cancel what may be cancelled."""

    urgent = True

    since: int


@message_type
class DecisionFailed(Message, frozen=True):
    """Journalled in place of the events of a step that raised: a NO_TRADE with its reason, before the restart."""

    event_type = EventType.ERROR

    input: str
    reason: str
    error: str


class ActorFault(msgspec.Struct, frozen=True, gc=False):
    """Where and why an actor failed, as written under its epoch before it leaves."""

    kind: str
    detail: str
