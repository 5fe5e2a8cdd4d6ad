"""The store port: what the desk asks of the place that keeps mailboxes, journals, timers and epochs.

`MemoryStore` (simulator, backtests) and `RedisStore` (the real desk) implement it alike; one contract suite
holds both to it. The memory store answers at once, the Redis store is awaited: `Maybe[T]` is either.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from enum import StrEnum
from typing import Protocol, TypeAlias, TypeVar

import msgspec

from actors.base import Timer
from cluster.steps.journal import JournalRecord
from messages.base import Address, Envelope
from messages.supervision import ExitReason

T = TypeVar("T")
Maybe: TypeAlias = T | Awaitable[T]

EARLIER_KEPT = 7
"""How many incarnations are remembered besides the last one."""

BEGINNING = "0-0"
"""The cursor of a stream nothing of which has been read."""

CLAIM_REFUSED = f"{ExitReason.FENCED.value}: its claim was refused, as its supervisor has been superseded"
"""The exit reason of a process that claims anew, after a loss of history, and is refused."""


class StreamName(StrEnum):
    """The three streams an actor reads, in the order of their rank."""

    URGENT = "urgent"
    CONTROL = "control"
    MAILBOX = "mailbox"


class Incarnation(msgspec.Struct, frozen=True):
    """One process hosting an actor: enough to prove on its own node that it is gone.

    `started` is the process's start time in clock ticks since boot, `boot` the boot id of its machine.
    """

    node: str
    boot: str
    pid: int
    started: int
    label: str = ""


class Position(msgspec.Struct, frozen=True, gc=False):
    """How far an actor has come, as of its last commit.

    `sequence` counts sent messages, `inputs` taken inputs, `outstanding` effects promised and not answered;
    `feed` is the number of market data rows folded; `venue` the last sequence of the venue's private stream.
    """

    step: int = 0
    now: int = 0
    urgent: str = BEGINNING
    control: str = BEGINNING
    mailbox: str = BEGINNING
    sequence: int = 0
    inputs: int = 0
    outstanding: int = 0
    feed: int = 0
    venue: int = 0


class Entry(msgspec.Struct, frozen=True, gc=False):
    """One message as read from a stream; `data` is its stored form, or the envelope itself in memory."""

    stream: StreamName
    id: str
    data: bytes | Envelope


class Trim(msgspec.Struct, frozen=True, gc=False):
    """Up to where history may be dropped: a journal step and stream ids, exclusive.

    The store keeps the mail that a kept journal record names, however far the stream ids go: a record without its mail
    can't be replayed.
    """

    journal: int
    urgent: str
    mailbox: str


class Section(msgspec.Struct, gc=False):
    """One actor's part of a commit: everything its step changes, fenced by `epoch` and the step before.

    `taken_urgent` and `taken_mailbox` count consumed mail, for backpressure; `next_timer` is when the actor's next
    timer is due after this step (desk time, ns UTC). A store of another `generation` refuses the section: epochs and
    steps repeat after a loss of history, generations don't ('' is not checked). `encoded` is the stored form of the
    envelopes, in their order, where the step has made it already.
    """

    address: Address
    epoch: int
    position: Position
    record: JournalRecord
    envelopes: Sequence[Envelope]
    timers: Mapping[str, Timer]
    cancelled_timers: Sequence[str]
    taken_urgent: int
    taken_mailbox: int
    next_timer: int | None = None
    trim: Trim | None = None
    generation: str = ""
    encoded: Sequence[bytes] | None = None


class CommitStatus(StrEnum):
    """What became of a section."""

    COMMITTED = "committed"
    FENCED = "fenced"
    """a newer incarnation has claimed the actor"""
    OUT_OF_STEP = "out_of_step"
    """the stored step is not the one before this, or the store is of another generation"""


class Where(msgspec.Struct, frozen=True, gc=False):
    """What the store knows of an actor's progress; all zero for an actor it has never seen."""

    epoch: int
    step: int
    generation: str


class Claimed(msgspec.Struct, frozen=True):
    """The answer to a claim.

    `predecessor` is the incarnation before, if any, `earlier` those before that, newest first, as far as they are
    remembered: any of them may still run, whatever became of the ones after it. `exit_reason` is what the last wrote
    before it left; `deaths` how many incarnations in a row died without a word at the same step.
    """

    epoch: int
    generation: str
    predecessor: Incarnation | None
    exit_reason: str | None
    deaths: int
    earlier: tuple[Incarnation, ...] = ()

    @property
    def before(self) -> tuple[Incarnation, ...]:
        """Every incarnation before this one that is remembered, newest first."""
        return () if self.predecessor is None else (self.predecessor, *self.earlier)


class StoredSnapshot(msgspec.Struct, frozen=True):
    """A snapshot of an actor's state at a step; `checksum` is over `data`."""

    step: int
    data: bytes
    checksum: str


class Loaded(msgspec.Struct, frozen=True):
    """All that is needed to recover an actor. Snapshots newest first; records in order of their steps."""

    position: Position
    digest: str | None
    snapshots: tuple[StoredSnapshot, ...]
    records: Sequence[JournalRecord]
    timers: Mapping[str, Timer]


class ActorStatus(msgspec.Struct, frozen=True):
    """One actor as operators see it: progress, backlog and life signs."""

    address: Address
    epoch: int
    step: int
    heartbeat: int
    urgent_depth: int
    mailbox_depth: int
    control_behind: bool
    outstanding: int
    next_timer: int | None
    journal_length: int
    incarnation: Incarnation | None
    exit_reason: str | None
    digest: str | None
    now: int
    venue: int


class Store(Protocol):
    """See the module docstring. Every method may raise `StoreUnavailableError`: then nobody knows."""

    def open(self, generation: str) -> Maybe[str]:
        """Give birth to the store with this generation unless it has one; returns the one in force."""

    def claim(
        self,
        address: Address,
        incarnation: Incarnation,
        parent: tuple[Address, int] | None = None,
        at_least: int = 0,
    ) -> Maybe[Claimed]:
        """Claim the next epoch (above `at_least`).

        Raises `FencedError` when the parent's epoch is not `parent`'s. The process that had claimed last has then left
        with the word `CLAIM_REFUSED`, as it has no epoch any more under which it could write one.
        """

    def fence(self, address: Address) -> Maybe[int]:
        """Raise the epoch so that no living incarnation can commit; returns the new epoch."""

    def load(self, address: Address, steps_after: int | None = None) -> Maybe[Loaded]:
        """Everything to recover from: newest snapshots and the journal after the older of them."""

    def read(self, address: Address, cursors: Mapping[StreamName, str], count: int) -> Maybe[list[Entry]]:
        """Up to `count` entries per stream after the cursors, urgent first, without waiting."""

    def commit(self, sections: Sequence[Section]) -> Maybe[list[CommitStatus]]:
        """Check every section, then write those that pass, as one."""

    def where(self, address: Address) -> Maybe[Where]:
        """Epoch, step and generation as stored."""

    def heartbeat(self, address: Address, epoch: int) -> Maybe[Where]:
        """Count one life sign of this epoch (none for an older one); returns what is stored."""

    def owe(self, address: Address, epoch: int, outstanding: int) -> Maybe[bool]:
        """Correct the number of effects that are owed, after a recovery; False when fenced."""

    def save_snapshot(self, address: Address, epoch: int, snapshot: StoredSnapshot) -> Maybe[bool]:
        """Keep this snapshot and the one before it; False when fenced."""

    def count_attempt(self, address: Address, key: str) -> Maybe[int]:
        """Count a failed attempt at one input; returns how many there were."""

    def put_aside(self, address: Address, key: str, data: bytes, error: str) -> Maybe[None]:
        """Keep a dead letter with the error that made it one."""

    def leave(self, address: Address, epoch: int, reason: str) -> Maybe[bool]:
        """Write the exit reason of this epoch; False when fenced."""

    def post(self, envelope: Envelope) -> Maybe[str]:
        """Deliver one message from outside any actor (operators); returns its message id."""

    def renew(self, old_generation: str, new_generation: str, notice: Envelope) -> Maybe[str]:
        """Declare the store lost and reborn, once; posts `notice` on the control stream. Returns what is in force."""

    def status(self, addresses: Sequence[Address]) -> Maybe[list[ActorStatus]]:
        """One atomic look at several actors."""
