"""What a simulated host needs of its world: a store that answers at once, an outside, and, to be tested, chance."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum
from typing import Protocol

import msgspec

from cluster.steps.machine import StepMachine
from cluster.steps.requests import Input
from cluster.store.port import (
    Claimed,
    CommitStatus,
    Incarnation,
    Loaded,
    Section,
    StoredSnapshot,
    StreamName,
    Where,
)
from messages.base import Address, Effect, Envelope, Message
from messages.market import ObservationDue
from messages.reasons import Reason
from messages.venue_stream import StreamEvent


class Crash(BaseException):
    """The process dies here, as by kill -9: not to be caught by anything but the host it happens to."""


class Turn(Enum):
    """What a turn came to."""

    WORKED = "worked"
    WAITING = "waiting"
    """nothing to take"""
    ENDED = "ended"
    """the machine has ended, or died"""


class VirtualClock:
    """Desk time and machine time of a simulation, ns; moved by whoever runs it, never backwards."""

    __slots__ = ("now",)

    def __init__(self, now: int = 0) -> None:
        self.now = now


class Clock(Protocol):
    """A clock that can be read: ns, never decreasing."""

    @property
    def now(self) -> int:
        """The time."""


class Outside(Protocol):
    """Who performs effects in a simulation."""

    def latency(self, effect: Effect) -> tuple[int, int]:
        """How long the request travels, and how long its answer, in ns."""

    def perform(self, effect: Effect, now: int) -> Message | None:
        """The request has arrived: carry it out; the result is sent back. None: there is none."""

    def withheld(self, effect: Effect, reason: Reason) -> Message | None:
        """The result of an effect that must not be performed now; None when it is harmless to perform anyway."""


class Surroundings(Protocol):
    """The world around a host, if it has one: chance, time and watchful eyes."""

    def failpoint(self, name: str, address: Address) -> None:
        """A named place in the host's life is passed. May raise `Crash`."""

    def at(self, time: int, act: Callable[[], None]) -> None:
        """Call `act` when the clock reaches `time`."""

    def is_gone(self, incarnation: Incarnation) -> bool:
        """Whether that incarnation's process certainly does not run any more."""

    def acts(self, machine: StepMachine, epoch: int, effect: Effect, written_at: int) -> None:
        """A request of this process reaches the outside; it was written at `written_at`, and under this epoch."""

    def generation(self) -> str:
        """A name for a store that is born again."""


class HostSettings(msgspec.Struct, frozen=True):
    """How many inputs a step takes at most; the lease in ns, None for hosts that are never replaced."""

    batch: int = 64
    lease: int | None = None


class SyncStore(Protocol):
    """The part of `cluster.store.port.Store` that hosts use, answered at once."""

    def claim(
        self,
        address: Address,
        incarnation: Incarnation,
        parent: tuple[Address, int] | None = None,
        at_least: int = 0,
    ) -> Claimed:
        """See `Store.claim`."""

    def load(self, address: Address, steps_after: int | None = None) -> Loaded:
        """See `Store.load`."""

    def commit(self, sections: Sequence[Section]) -> list[CommitStatus]:
        """See `Store.commit`."""

    def where(self, address: Address) -> Where:
        """See `Store.where`."""

    def heartbeat(self, address: Address, epoch: int) -> Where:
        """See `Store.heartbeat`."""

    def owe(self, address: Address, epoch: int, outstanding: int) -> bool:
        """See `Store.owe`."""

    def save_snapshot(self, address: Address, epoch: int, snapshot: StoredSnapshot) -> bool:
        """See `Store.save_snapshot`."""

    def count_attempt(self, address: Address, key: str) -> int:
        """See `Store.count_attempt`."""

    def put_aside(self, address: Address, key: str, data: bytes, error: str) -> None:
        """See `Store.put_aside`."""

    def leave(self, address: Address, epoch: int, reason: str) -> bool:
        """See `Store.leave`."""

    def renew(self, old_generation: str, new_generation: str, notice: Envelope) -> str:
        """See `Store.renew`."""


class Intake(Protocol):
    """Where what is no mail is handed to a simulated actor."""

    def venue_event(self, event: StreamEvent) -> None:
        """An event of the venue's private stream; one that was told before is passed over."""

    def observation(self, due: ObservationDue) -> None:
        """A decision that is due on a feed which somebody else folds; taken after everything else."""

    def folded(self, position: int) -> None:
        """Somebody else has folded the feed up to so many rows, without the one on which a decision is due."""


class Mail(Protocol):
    """Where an intake reads its actor's streams."""

    def heads(self, address: Address) -> tuple[int, int, int]:
        """The ordinals of the newest entries: urgent, control, mailbox."""

    def read_inputs(self, address: Address, stream: StreamName, cursor: int, count: int) -> list[Input]:
        """Up to `count` entries of one stream after its `cursor`-th, ready to be taken."""
