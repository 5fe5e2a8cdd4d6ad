"""One incarnation, lived again: the real step machine, handed recorded inputs and asked what it would commit.

The runtime around it is replaced by answers from the record; nothing is performed, stored or sent.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from typing import Any

import msgspec

from actors.base import Actor, Timer
from cluster.replaying.cast import View
from cluster.steps import requests as ask
from cluster.steps.journal import InputKind, JournalRecord
from cluster.steps.machine import DEADLY, StepMachine, StepSettings
from cluster.steps.recovery import recover
from cluster.steps.requests import Input, Taken
from cluster.store.port import (
    Claimed,
    CommitStatus,
    Incarnation,
    Loaded,
    Position,
    Section,
    StoredSnapshot,
    Where,
)
from messages.base import Message
from messages.control import DeadLettered, DecisionFailed

NOBODY = Incarnation("replay", "", 0, 0)
"""Who replays: no process that anybody could be asked about."""

_NEVER = 2**62
"""So many steps or attempts as there never are."""


class Past(msgspec.Struct, frozen=True):
    """What the store knew of the actor when a life began: a snapshot, the records since, where they led, the timers."""

    base: StoredSnapshot | None
    records: Sequence[JournalRecord]
    position: Position
    timers: Mapping[str, Timer]


class Life:
    """See the module docstring. Raises `JournalCorruptError`, `InvariantError` or a `CodecError` when the actor can't
    be recovered from the past, `DataProviderError` when its view can't be.
    """

    def __init__(
        self,
        actor: Actor[Any],
        view: View,
        settings: StepSettings,
        past: Past,
        *,
        first: JournalRecord,
        seed: int,
        generation: str,
    ) -> None:
        self.actor = actor
        self.epoch = first.epoch
        self._view = view
        self._past = past
        self._since: list[JournalRecord] = []
        self._settings = msgspec.structs.replace(settings, snapshot_every=_NEVER, report_steps=False)
        self._generation = generation
        self._deaths = settings.poison_deaths if _is_deadly(first) else 0
        self._fault_ahead = False
        self._answers = self._table()
        self.machine = StepMachine(actor, NOBODY, self._settings, seed=seed)
        self._steps: Generator[ask.Request, Any, Any] = self.machine.run()
        self._until_next(None)

    @property
    def timers(self) -> Mapping[str, Timer]:
        """What is set to wake the actor."""
        return self.machine.timers

    def decide(self, record: JournalRecord, inputs: Sequence[Input]) -> Section | None:
        """What the actor would commit on the inputs of `record`; None when it would take no step.

        Raises `PoisonError` when it fails on one of them where the record does not say so.
        """
        self._fault_ahead = record.fault is not None
        self._view.fold(self.actor.observe, record.feed)
        given = [self._at_hand(each, record.now) for each in inputs]
        return self._until_next(Taken(record.now, given, record.feed))

    def commit(self, record: JournalRecord) -> Message | None:
        """What was decided last is stored, as `record`.

        Returns the fault with which the actor then gave an input up, of the same step and by itself; None when the
        step was over. Raises `PoisonError` when it failed on one that is tried again.
        """
        self._since.append(record)
        section, fault = self._until_next(CommitStatus.COMMITTED), None
        while section is not None:
            fault = section.record.fault
            self._since.append(section.record)
            section = self._until_next(CommitStatus.COMMITTED)
        return fault

    def stand_at(self, snapshot: StoredSnapshot, position: Position) -> None:
        """Go on from a snapshot, at `position`, instead of where this life came to. The view stays as it is."""
        self._past, self._since = Past(snapshot, (), position, self.machine.timers), []
        recover(self.actor, b"", self._loaded())
        self.machine.position = position
        self.machine.context.sequence, self.machine.context.inputs = position.sequence, position.inputs

    # ------------------------------------------------------------------ the machine's requests

    def _until_next(self, answer: object) -> Section | None:
        """Answer the machine until it commits (the section) or wants to take more (None)."""
        request = self._steps.send(answer)
        while not isinstance(request, ask.Take):
            if isinstance(request, ask.Commit):
                return request.section
            request = self._steps.send(self._answers[type(request)](request))
        return None

    def _table(self) -> dict[type, Callable[[Any], object]]:
        return {
            ask.Claim: lambda _: Claimed(self.epoch, self._generation, None, None, self._deaths),
            ask.Load: lambda _: self._loaded(),
            ask.Rebuild: lambda request: self._view.rebuild(self.actor.observe, request.feed),
            ask.Locate: lambda _: Where(self.epoch, self.machine.position.step, self._generation),
            ask.Owe: lambda _: True,
            # an input that was given up is given up again at once, any other never
            ask.CountAttempt: lambda _: _NEVER if self._fault_ahead else 0,
            ask.Perform: lambda _: None,
            ask.PutAside: lambda _: None,
            ask.Leave: lambda _: None,
            ask.Report: lambda _: None,
        }

    def _loaded(self) -> Loaded:
        past = self._past
        records = [*past.records, *self._since]
        position = self.machine.position if self._since else past.position
        snapshots = () if past.base is None else (past.base,)
        timers = self.machine.timers if self._since else past.timers
        return Loaded(position, None, snapshots, records, dict(timers))

    def _at_hand(self, item: Input, now: int) -> Input:
        """A timer must be the very one that the machine knows.

        One set before the place where the replay begins is not: the journal keeps what came of a timer, not when it
        was set.
        """
        if item.kind is not InputKind.TIMER:
            return item
        assert isinstance(item.data, Message)
        known = self.machine.timers.get(item.reference)
        if known is None or known.message != item.data:
            known = self.machine.timers[item.reference] = Timer(item.reference, now, item.data)
        return Input(item.kind, item.reference, known.message)


def _is_deadly(first: JournalRecord) -> bool:
    """Whether this life began by giving an input up that had killed those before it."""
    return isinstance(first.fault, DeadLettered | DecisionFailed) and first.fault.error == DEADLY
