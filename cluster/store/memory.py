"""The store in memory: the same contract as Redis, for the simulator, backtests and tests.

It keeps frozen objects and encodes nothing. A simulated loss of history is a matter of `copy` and `become`.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence

import msgspec

from actors.base import Timer
from cluster.steps.journal import JournalRecord
from cluster.store.port import (
    BEGINNING,
    CLAIM_REFUSED,
    EARLIER_KEPT,
    ActorStatus,
    Claimed,
    CommitStatus,
    Entry,
    Incarnation,
    Loaded,
    Position,
    Section,
    StoredSnapshot,
    StreamName,
    Trim,
    Where,
)
from messages.base import CONTROL, Address, Envelope
from messages.control import StoreRenewed
from messages.errors import FencedError
from messages.intents import Refused

_ANCESTORS = 64
"""How many generations a store remembers to have replaced."""

_COMMITTED, _FENCED, _OUT_OF_STEP = CommitStatus.COMMITTED, CommitStatus.FENCED, CommitStatus.OUT_OF_STEP
"""Bound once: to look a member up on its enum class costs 0.2 µs, which counts where every step passes."""


class _Stream:
    """An append-only list with ids `n-0`; trimming forgets a prefix."""

    __slots__ = ("added", "entries", "first", "last", "taken")

    def __init__(self) -> None:
        self.entries: list[Envelope] = []
        self.first = 1
        self.last = 0
        self.added = 0
        self.taken = 0

    def append(self, envelope: Envelope) -> None:
        self.entries.append(envelope)
        self.added += 1
        self.last += 1

    def after(self, cursor: str, count: int) -> list[tuple[str, Envelope]]:
        start = max(0, _ordinal(cursor) + 1 - self.first)
        found = self.entries[start : start + count]
        return [(f"{self.first + start + index}-0", envelope) for index, envelope in enumerate(found)]

    def trim(self, cursor: str) -> None:
        drop = max(0, min(_ordinal(cursor) - self.first, len(self.entries)))
        if drop:
            del self.entries[:drop]
            self.first += drop


class _Actor:
    """All that is stored of one actor."""

    def __init__(self) -> None:
        self.epoch = 0
        self.position = Position()
        self.digest: str | None = None
        self.heartbeat = 0
        self.incarnation: Incarnation | None = None
        self.earlier: tuple[Incarnation, ...] = ()
        self.exit_reason: str | None = None
        self.claimed_step = -1
        self.deaths = 0
        self.journal: list[JournalRecord] = []
        self.positions: list[Position] = []
        """Where each step of the journal ended."""
        self.timers: dict[str, Timer] = {}
        self.snapshots: list[StoredSnapshot] = []
        self.attempts: dict[str, int] = {}
        self.urgent, self.mailbox = _Stream(), _Stream()
        self.streams = {StreamName.URGENT: self.urgent, StreamName.MAILBOX: self.mailbox}


class MemoryStore:
    """See the module docstring; the methods are those of `cluster.store.port.Store`, answered at once."""

    def __init__(self, capacity: int = 10_000, keep_journal: bool = True) -> None:
        self.capacity = capacity
        self.keep_journal = keep_journal
        self.generation = ""
        self.ancestors: list[str] = []
        self.actors: dict[Address, _Actor] = {}
        self.control = _Stream()
        self.dead_letters: list[tuple[Address, str, bytes, str]] = []
        self.posted = 0

    def copy(self) -> MemoryStore:
        """The store as it is now, apart from this one; a backup to roll back to."""
        return copy.deepcopy(self)

    def become(self, backup: MemoryStore) -> None:
        """Lose everything since `backup` was taken."""
        self.__dict__.update(copy.deepcopy(backup).__dict__)

    def open(self, generation: str) -> str:
        """See `Store.open`."""
        if not self.generation:
            self.generation = generation
            self.control.append(renewal(generation))
        return self.generation

    def claim(
        self,
        address: Address,
        incarnation: Incarnation,
        parent: tuple[Address, int] | None = None,
        at_least: int = 0,
    ) -> Claimed:
        """See `Store.claim`."""
        if parent is not None and self._actor(parent[0]).epoch != parent[1]:
            last = self.actors.get(address)
            if last is not None and last.incarnation == incarnation and last.exit_reason is None:
                last.exit_reason = CLAIM_REFUSED
            raise refused_claim(address, parent, self._actor(parent[0]).epoch)
        actor = self._actor(address)
        before, reason = actor.incarnation, actor.exit_reason
        died = before is not None and reason is None and actor.claimed_step == actor.position.step
        actor.deaths = actor.deaths + 1 if died else 0
        actor.epoch = max(actor.epoch, at_least) + 1
        actor.incarnation, actor.exit_reason = incarnation, None
        actor.claimed_step = actor.position.step
        actor.heartbeat += 1
        earlier = actor.earlier
        if before is not None:
            actor.earlier = (before, *earlier)[:EARLIER_KEPT]
        return Claimed(actor.epoch, self.generation, before, reason, actor.deaths, earlier)

    def fence(self, address: Address) -> int:
        """See `Store.fence`."""
        self._actor(address).epoch += 1
        return self._actor(address).epoch

    def load(self, address: Address, steps_after: int | None = None) -> Loaded:
        """See `Store.load`."""
        actor = self._actor(address)
        after = steps_after if steps_after is not None else min((s.step for s in actor.snapshots), default=0)
        records = [record for record in actor.journal if record.step > after]
        return Loaded(actor.position, actor.digest, tuple(actor.snapshots), records, dict(actor.timers))

    def read(self, address: Address, cursors: Mapping[StreamName, str], count: int) -> list[Entry]:
        """See `Store.read`."""
        actor = self._actor(address)
        found: list[Entry] = []
        for name, cursor in cursors.items():
            stream = self.control if name is StreamName.CONTROL else actor.streams[name]
            found += [Entry(name, entry_id, envelope) for entry_id, envelope in stream.after(cursor, count)]
        return found

    def commit(self, sections: Sequence[Section]) -> list[CommitStatus]:
        """See `Store.commit`."""
        if len(sections) == 1:  # the rule in a simulation, and what a backtest spends its time on
            (section,) = sections
            verdict = self._judge(section)
            if verdict is _COMMITTED:
                self._write(section)
            return [verdict]
        verdicts = [self._judge(section) for section in sections]
        for section, verdict in zip(sections, verdicts, strict=True):
            if verdict is _COMMITTED:
                self._write(section)
        return verdicts

    def _judge(self, section: Section) -> CommitStatus:
        actor = self.actors.get(section.address) or self._actor(section.address)
        if actor.epoch != section.epoch:
            return _FENCED
        if actor.position.step != section.position.step - 1:
            return _OUT_OF_STEP
        if section.generation and section.generation != self.generation:
            return _OUT_OF_STEP
        # mail that the store never had was read before a loss of history: it is not to be acted on
        urgent, mailbox = actor.urgent, actor.mailbox
        more = section.taken_urgent
        if more and urgent.taken + more > urgent.added:
            return _OUT_OF_STEP
        more = section.taken_mailbox
        if more and mailbox.taken + more > mailbox.added:
            return _OUT_OF_STEP
        return _COMMITTED

    def _write(self, section: Section) -> None:
        actor, record = self.actors[section.address], section.record
        actor.position = section.position
        actor.heartbeat += 1
        if record.digest is not None:
            actor.digest = record.digest
        if self.keep_journal:
            actor.journal.append(record)
            actor.positions.append(section.position)
        if section.cancelled_timers:
            for key in section.cancelled_timers:
                actor.timers.pop(key, None)
        if section.timers:
            actor.timers.update(section.timers)
        if section.taken_urgent:
            actor.urgent.taken += section.taken_urgent
        if section.taken_mailbox:
            actor.mailbox.taken += section.taken_mailbox
        if section.envelopes:
            deliver = self._deliver
            for envelope in section.envelopes:
                deliver(envelope)
        if section.trim is not None:
            self._trim(actor, section.trim)

    def _deliver(self, envelope: Envelope) -> None:
        recipient, kind = envelope.recipient, type(envelope.message)
        if recipient == CONTROL:
            self.control.append(envelope)
            return
        receiver = self.actors.get(recipient) or self._actor(recipient)
        stream = receiver.urgent if kind.urgent else receiver.mailbox
        if kind.refusable and stream.added - stream.taken >= self.capacity:
            self._actor(envelope.sender).urgent.append(refusal(envelope))
            return
        stream.entries.append(envelope)  # `append` written out: all mail passes here
        stream.added += 1
        stream.last += 1

    def _trim(self, actor: _Actor, trim: Trim) -> None:
        """Drop history; the mail that a kept record names stays, as the record is replayed with it."""
        urgent, mailbox = trim.urgent, trim.mailbox
        if self.keep_journal:
            before = next(
                (each for each in reversed(actor.positions) if each.step < trim.journal), Position()
            )
            urgent = min(urgent, before.urgent, key=_ordinal)
            mailbox = min(mailbox, before.mailbox, key=_ordinal)
            actor.journal = [record for record in actor.journal if record.step >= trim.journal]
            actor.positions = [each for each in actor.positions if each.step >= trim.journal]
        actor.urgent.trim(urgent)
        actor.mailbox.trim(mailbox)

    def where(self, address: Address) -> Where:
        """See `Store.where`."""
        actor = self._actor(address)
        return Where(actor.epoch, actor.position.step, self.generation)

    def heartbeat(self, address: Address, epoch: int) -> Where:
        """See `Store.heartbeat`."""
        actor = self._actor(address)
        if actor.epoch == epoch:
            actor.heartbeat += 1
        return self.where(address)

    def owe(self, address: Address, epoch: int, outstanding: int) -> bool:
        """See `Store.owe`."""
        actor = self._actor(address)
        if actor.epoch != epoch:
            return False
        actor.position = msgspec.structs.replace(actor.position, outstanding=outstanding)
        return True

    def save_snapshot(self, address: Address, epoch: int, snapshot: StoredSnapshot) -> bool:
        """See `Store.save_snapshot`."""
        actor = self._actor(address)
        if actor.epoch != epoch:
            return False
        actor.snapshots = [snapshot, *actor.snapshots[:1]]
        return True

    def count_attempt(self, address: Address, key: str) -> int:
        """See `Store.count_attempt`."""
        attempts = self._actor(address).attempts
        attempts[key] = attempts.get(key, 0) + 1
        return attempts[key]

    def put_aside(self, address: Address, key: str, data: bytes, error: str) -> None:
        """See `Store.put_aside`."""
        self.dead_letters.append((address, key, data, error))

    def leave(self, address: Address, epoch: int, reason: str) -> bool:
        """See `Store.leave`."""
        actor = self._actor(address)
        if actor.epoch != epoch:
            return False
        actor.exit_reason = reason
        return True

    def post(self, envelope: Envelope) -> str:
        """See `Store.post`."""
        self.posted += 1
        numbered = Envelope(
            envelope.sender,
            self.posted,
            envelope.recipient,
            envelope.cause,
            envelope.cycle,
            envelope.sent_at,
            envelope.message,
        )
        self._deliver(numbered)
        return numbered.id

    def renew(self, old_generation: str, new_generation: str, notice: Envelope) -> str:
        """See `Store.renew`."""
        if old_generation not in self.ancestors:
            self.ancestors = [*self.ancestors, old_generation, self.generation][-_ANCESTORS:]
            self.generation = new_generation
            self._deliver(notice)
        return self.generation

    def status(self, addresses: Sequence[Address]) -> list[ActorStatus]:
        """See `Store.status`."""
        return [self._status(address) for address in addresses]

    def _status(self, address: Address) -> ActorStatus:
        actor = self._actor(address)
        urgent, mailbox = actor.urgent, actor.mailbox
        return ActorStatus(
            address=address,
            epoch=actor.epoch,
            step=actor.position.step,
            heartbeat=actor.heartbeat,
            urgent_depth=urgent.last - _ordinal(actor.position.urgent),
            mailbox_depth=mailbox.last - _ordinal(actor.position.mailbox),
            control_behind=_ordinal(actor.position.control) < self.control.last,
            outstanding=actor.position.outstanding,
            next_timer=min((timer.due for timer in actor.timers.values()), default=None),
            journal_length=len(actor.journal),
            incarnation=actor.incarnation,
            exit_reason=actor.exit_reason,
            digest=actor.digest,
            now=actor.position.now,
            venue=actor.position.venue,
        )

    def _actor(self, address: Address) -> _Actor:
        actor = self.actors.get(address)
        if actor is None:
            actor = self.actors[address] = _Actor()
        return actor


def _ordinal(cursor: str) -> int:
    return 0 if cursor == BEGINNING else int(cursor.split("-", 1)[0])


def renewal(generation: str) -> Envelope:
    """What everybody hears of a store that has a new generation."""
    return Envelope("store", 0, CONTROL, "", "", 0, StoreRenewed(generation=generation))


def refusal(envelope: Envelope) -> Envelope:
    """What the sender of a refused message gets, under an id derived from the refused one."""
    notice = Refused(
        message_id=envelope.id, recipient=envelope.recipient, kind=type(envelope.message).__name__
    )
    return Envelope(
        f"refused:{envelope.sender}",
        envelope.sequence,
        envelope.sender,
        envelope.id,
        envelope.cycle,
        envelope.sent_at,
        notice,
    )


def refused_claim(address: Address, parent: tuple[Address, int], stored: int) -> FencedError:
    """The error of a claim under a supervisor that has been superseded."""
    return FencedError(
        "the supervisor that started this actor has been superseded",
        field=address,
        value=f"{parent[0]} epoch {parent[1]}, stored {stored}",
        remedy="none needed: the newer supervisor starts the actor itself",
    )
