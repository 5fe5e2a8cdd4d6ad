"""What if: which recorded decisions would have been others under other settings.

Open loop: every recorded input is decided on the recorded state, whatever was decided differently before it. So each
change stands for itself, and none is a mere consequence of another; for those, run a backtest.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from actors.base import Actor
from cluster.observe.check_views import CheckView, check_views
from cluster.replaying.cast import Cast
from cluster.replaying.difference import input_text, plain, stored
from cluster.replaying.history import History, NotReplayableError, following, history_of
from cluster.replaying.life import Life, Past
from cluster.replaying.recorded import Recorded
from cluster.replaying.replay import UNRECOVERABLE, begin, cause_of, chosen
from cluster.replaying.results import ActorWhatIf, ChangedDecision, ChangedStep, VerdictView
from cluster.steps.journal import JournalRecord
from cluster.steps.machine import PoisonError
from cluster.steps.recovery import recover, take_snapshot
from cluster.steps.requests import Input
from cluster.store.port import Loaded, Position
from messages import codec
from messages.base import Address, Message
from messages.control import DeadLettered, DecisionFailed
from messages.errors import DataProviderError
from messages.intents import Verdict
from messages.portfolio import IntentDecided
from messages.reasons import Reason


def what_if(
    recorded: Recorded, cast: Cast, changed: Cast, addresses: Sequence[Address] = ()
) -> tuple[ActorWhatIf, ...]:
    """What these actors, all when none is named, would have decided with the settings of `changed`.

    `cast` has the recorded settings. Raises `JournalCorruptError` for a journal that can't be read,
    `ConfigurationError` for settings that an actor refuses.
    """
    return tuple(_actor(recorded, cast, changed, address) for address in chosen(recorded, addresses))


def _actor(recorded: Recorded, cast: Cast, changed: Cast, address: Address) -> ActorWhatIf:
    try:
        history = history_of(recorded, address)
        return _Trial(recorded, history, cast, changed).run()
    except (NotReplayableError, DataProviderError, *UNRECOVERABLE) as error:
        return ActorWhatIf(address, 0, 0, 0, (), (), str(error), ())


class _Tried(msgspec.Struct, frozen=True):
    """What the changed settings make of some inputs; `error` when the actor fails on them."""

    events: Sequence[Message]
    outputs: str
    error: str | None = None

    def same_as(self, record: JournalRecord) -> bool:
        """Whether it is what was recorded."""
        return self.error is None and self._puts_out(record) and stored(self.events) == stored(record.events)

    def says_what(self, record: JournalRecord) -> bool:
        """Whether it is, but for the figures of checks whose answer is the same, in events and in what was sent."""
        if self.error is not None or _said(self.events) != _said(record.events):
            return False
        return self._puts_out(record) or stored(self.events) != stored(record.events)

    def _puts_out(self, record: JournalRecord) -> bool:
        return record.outputs in ("", self.outputs)  # the journal of a backtest has no hashes


class _Trial:
    """One actor, decided again step by step, beside a follower that only applies what was recorded."""

    def __init__(self, recorded: Recorded, history: History, cast: Cast, changed: Cast) -> None:
        self.header = recorded.header
        self.history = history
        self.casts = {"recorded": cast, "changed": changed}
        self.lives: dict[str, Life] = {}
        self.follower: Actor[Any] = cast.make(history.address, history.records)
        pristine = codec.pack(codec.to_plain(self.follower.state))
        snapshots = () if history.base is None else (history.base,)
        recover(self.follower, pristine, Loaded(history.start, None, snapshots, (), {}))
        self.decisions = 0
        self.changed: list[ChangedDecision] = []
        self.other: list[ChangedStep] = []

    def run(self) -> ActorWhatIf:
        """Walk through all records."""
        history, position = self.history, self.history.start
        for index, record in enumerate(history.records):
            self._step(index, record, position)
            position = following(position, record)
        return ActorWhatIf(
            history.address,
            history.start.step,
            len(history.records),
            self.decisions,
            tuple(self.changed),
            tuple(self.other),
            None,
            history.notes,
        )

    def _step(self, index: int, record: JournalRecord, before: Position) -> None:
        """Decide under the changed settings, note what is different, and go on from what was recorded."""
        inputs = self.history.inputs(record)
        tried = self._try("changed", index, record, inputs, before)
        same = tried.same_as(record)
        if not tried.says_what(record) and not (
            len(inputs) > 1 and self._one_by_one(index, record, inputs, before)
        ):
            self._note(record, tried)
        for event in record.events:
            self.follower.apply(event)
        if not same and "changed" in self.lives:
            after = following(before, record)
            self.lives["changed"].stand_at(take_snapshot(self.follower, after), after)
        self.decisions += sum(isinstance(event, IntentDecided) for event in record.events)

    def _one_by_one(
        self, index: int, record: JournalRecord, inputs: Sequence[Input], before: Position
    ) -> bool:
        """Decide each input of a step on the state that the recorded settings make of those before it.

        False, and nothing noted, when those settings do not make of the step what was recorded: then this is other
        code, and where one input's events end can't be told.
        """
        found: list[tuple[JournalRecord, _Tried]] = []
        position, snapshot = before, take_snapshot(self.follower, before)
        for item, given in zip(record.inputs, inputs, strict=True):
            for settings in ("recorded", "changed"):
                self._life(settings, index, before).stand_at(snapshot, position)
            part = msgspec.structs.replace(record, inputs=(item,), fault=None, digest=None)
            expected = self._try("recorded", index, part, [given], before)
            if expected.error is not None:
                return False
            baseline = self.lives["recorded"]
            position = baseline.machine.position
            snapshot = take_snapshot(baseline.actor, position)
            tried = self._try("changed", index, part, [given], before)
            part = msgspec.structs.replace(part, events=expected.events, outputs=expected.outputs)
            found.append((part, tried))
        if stored([event for part, _ in found for event in part.events]) != stored(record.events):
            return False
        for part, tried in found:
            if not tried.says_what(part):
                self._note(part, tried)
        return True

    def _try(
        self, settings: str, index: int, record: JournalRecord, inputs: Sequence[Input], before: Position
    ) -> _Tried:
        life = self._life(settings, index, before)
        try:
            section = life.decide(record, inputs)
            if section is None:
                return _Tried((), "", "it would take none of these inputs")
            again = section.record
            fault = life.commit(record) or again.fault
        except PoisonError as poison:
            del self.lives[settings]  # it has ended; the next one recovers from the record
            return _Tried((), "", cause_of(poison))
        error = fault.error if isinstance(fault, DeadLettered | DecisionFailed) else None
        return _Tried(tuple(again.events), again.outputs, error if record.fault is None else None)

    def _life(self, settings: str, index: int, before: Position) -> Life:
        """The life that decides on the record of this index: a new one with every epoch, and after one that failed."""
        history, life = self.history, self.lives.get(settings)
        if life is None or life.epoch != history.records[index].epoch:
            past = Past(history.base, history.records[:index], before, {})
            cast = self.casts[settings]
            life = begin(history, cast, past, index, self.header.seed, self.header.generation)
            self.lives[settings] = life
        return life

    def _note(self, record: JournalRecord, tried: _Tried) -> None:
        answers = list(_changed_answers(record, tried.events))
        self.changed += answers
        if answers:
            return
        self.other.append(
            ChangedStep(
                self.history.address,
                record.step,
                record.now,
                tuple(map(input_text, record.inputs)),
                tuple(map(plain, record.events)),
                tuple(map(plain, tried.events)),
                tried.error,
            )
        )


def _said(events: Sequence[Message]) -> list[bytes]:
    """The events without what another limit changes by itself where the answer to an intent is the same."""
    return stored([_bare(each) if isinstance(each, IntentDecided) else each for each in events])


def _bare(event: IntentDecided) -> IntentDecided:
    return msgspec.structs.replace(event, checks=(), reason=_answer(event)[2])


def _changed_answers(record: JournalRecord, events: Sequence[Message]) -> Iterator[ChangedDecision]:
    again = {event.intent_id: event for event in events if isinstance(event, IntentDecided)}
    for event in record.events:
        if not isinstance(event, IntentDecided) or event.intent_id not in again:
            continue
        after = again[event.intent_id]
        if _answer(event) != _answer(after):
            yield ChangedDecision(
                record.step,
                record.now,
                event.intent_id,
                event.strategy,
                event.symbol,
                event.side.value,
                event.requested,
                _view(event),
                _view(after),
            )


def _answer(event: IntentDecided) -> tuple[Verdict, Decimal, Reason]:
    """What an answer comes to. Which of several checks heads it matters only where nothing was approved."""
    reason = event.reason if event.verdict is Verdict.REJECTED else Reason.ACCEPTED
    return event.verdict, event.quantity, reason


def _view(event: IntentDecided) -> VerdictView:
    found = _deciding(event)
    return VerdictView(
        event.verdict,
        event.reason,
        event.quantity,
        found.check or None,
        found.limit,
        found.observed,
        found.unit,
    )


def _deciding(event: IntentDecided) -> CheckView:
    """The failed check that allows least; an empty one when none failed."""
    failed = check_views(check for check in event.checks if not check.passed)
    return min(
        failed,
        key=lambda check: check.allowed or Decimal(0),
        default=CheckView("", passed=True, reason=event.reason),
    )
