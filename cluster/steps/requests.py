"""What the step machine asks of the runtime that drives it. It does no input or output of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from cluster.steps.journal import InputKind
from cluster.store.port import Incarnation, Section, StoredSnapshot
from messages.base import Address, Effect, Envelope, Message
from messages.supervision import ExitReason


class Claim(msgspec.Struct, frozen=True):
    """Claim the actor. Answer: `Claimed`."""

    address: Address
    incarnation: Incarnation
    parent: tuple[Address, int] | None
    at_least: int


class Load(msgspec.Struct, frozen=True):
    """Load what the store keeps of the actor. Answer: `Loaded`."""

    address: Address


class Rebuild(msgspec.Struct, frozen=True):
    """Fold the feed again up to this position, without deciding. No answer."""

    feed: int


class Input(msgspec.Struct, frozen=True, gc=False):
    """One thing to take. Mail carries its stream id in `reference` and its stored form or envelope in `data`."""

    kind: InputKind
    reference: str
    data: bytes | Envelope | Message


class Taken(msgspec.Struct, frozen=True, gc=False):
    """What the runtime hands to a step: desk time, inputs in order, the feed position of the view."""

    now: int
    inputs: Sequence[Input]
    feed: int
    stop: ExitReason | None = None


class Take(msgspec.Struct, frozen=True):
    """Wait until there is something to take. Answer: `Taken`. `single` asks for one input at a time."""

    single: bool


class Commit(msgspec.Struct, frozen=True):
    """Commit a step. Answer: `CommitStatus`."""

    section: Section


class Locate(msgspec.Struct, frozen=True):
    """Ask where the store stands, after a commit whose reply was lost. Answer: `Where`. The runtime backs off."""

    address: Address
    attempt: int


class Perform(msgspec.Struct, frozen=True):
    """Start these effects; their results come back as inputs. No answer.

    `owed` marks effects of a former incarnation, performed again after recovery.
    """

    effects: Sequence[Effect]
    owed: bool


class Owe(msgspec.Struct, frozen=True):
    """Store how many effects are owed after a recovery. Answer: whether it was stored."""

    address: Address
    epoch: int
    outstanding: int


class SaveSnapshot(msgspec.Struct, frozen=True):
    """Keep a snapshot. Answer: whether it was kept."""

    address: Address
    epoch: int
    snapshot: StoredSnapshot


class CountAttempt(msgspec.Struct, frozen=True):
    """Count one more failure of this input. Answer: how many there are."""

    address: Address
    key: str


class PutAside(msgspec.Struct, frozen=True):
    """Keep a dead letter. No answer."""

    address: Address
    key: str
    data: bytes
    error: str


class RenewStore(msgspec.Struct, frozen=True):
    """The store lost history: renew its generation. Answer: the generation in force."""

    generation: str


class Leave(msgspec.Struct, frozen=True):
    """Write the exit reason. No answer."""

    address: Address
    epoch: int
    reason: str


class Report(msgspec.Struct, frozen=True):
    """Something for the log: a committed step with its events, or a note on recovery. No answer."""

    level: str
    text: str
    fields: dict[str, Any]


Request = (
    Claim
    | Load
    | Rebuild
    | Take
    | Commit
    | Locate
    | Perform
    | Owe
    | SaveSnapshot
    | CountAttempt
    | PutAside
    | RenewStore
    | Leave
    | Report
)
