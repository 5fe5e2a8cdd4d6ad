"""Replay: every recorded step is decided again from the recorded inputs, and must come out bit for bit the same.

Closed loop: each actor goes on from what it decided itself. Its replay ends at the first difference, since what comes
after it follows from it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cluster.host.settings_map import step_settings
from cluster.replaying.cast import Cast
from cluster.replaying.difference import Again, Sent, compare, difference, input_text
from cluster.replaying.history import History, NotReplayableError, following, history_of
from cluster.replaying.life import Life, Past
from cluster.replaying.recorded import Recorded
from cluster.replaying.results import ActorReplay, Difference
from cluster.steps.journal import JournalRecord
from cluster.steps.machine import PoisonError
from cluster.steps.recovery import state_digest
from cluster.store.port import Position
from messages.base import Address
from messages.errors import CodecError, DataProviderError, DeskError, InvariantError, JournalCorruptError

UNRECOVERABLE = (JournalCorruptError, InvariantError, CodecError)
"""What an actor that can't be brought to a recorded state raises."""


def replay(recorded: Recorded, cast: Cast, addresses: Sequence[Address] = ()) -> tuple[ActorReplay, ...]:
    """Replay these actors, all that have a journal when none is named, each by itself.

    Raises `JournalCorruptError` for a journal that can't be read.
    """
    sent = recorded.sent()
    return tuple(_replay(recorded, cast, address, sent) for address in chosen(recorded, addresses))


def chosen(recorded: Recorded, addresses: Sequence[Address]) -> list[Address]:
    """The actors to replay: those named, or all that have a journal; traders before supervisors."""
    wanted = addresses or [address for address, actor in recorded.actors.items() if actor.journal]
    return sorted(wanted, key=lambda address: (address.startswith("supervisor"), address))


def lives(
    history: History, cast: Cast, seed: int, generation: str
) -> Iterator[tuple[int, Position, JournalRecord, Life]]:
    """Walk through the records, each with its index, where the actor stood before, and the life that decided it.

    A new life begins with every epoch, and recovers from the record as its process did. The caller lets the life
    decide, and commits.
    """
    life: Life | None = None
    position = history.start
    for index, record in enumerate(history.records):
        if life is None or life.epoch != record.epoch:
            past = Past(
                history.base, history.records[:index], position, {} if life is None else dict(life.timers)
            )
            life = begin(history, cast, past, index, seed, generation)
        yield index, position, record, life
        position = following(position, record)


def begin(history: History, cast: Cast, past: Past, index: int, seed: int, generation: str) -> Life:
    """The life that wrote the record of this index, as it stood before it."""
    first = history.records[index]
    own = [record for record in history.records[index:] if record.epoch == first.epoch]
    return Life(
        cast.make(history.address, own),
        cast.view(history.address),
        step_settings(cast.config),
        past,
        first=first,
        seed=seed,
        generation=generation,
    )


def skipped(address: Address, why: str) -> ActorReplay:
    """An actor that could not be replayed."""
    return ActorReplay(address, 0, 0, 0, None, why, ())


def _replay(recorded: Recorded, cast: Cast, address: Address, sent: Sent) -> ActorReplay:
    try:
        history = history_of(recorded, address)
        return _decide_again(history, cast, recorded, sent)
    except (NotReplayableError, DataProviderError) as error:
        return skipped(address, str(error))


def _decide_again(history: History, cast: Cast, recorded: Recorded, sent: Sent) -> ActorReplay:
    steps = events = 0
    found: Difference | None = None
    walk = lives(history, cast, recorded.header.seed, recorded.header.generation)
    try:
        for index, position, record, life in walk:
            steps, events = index + 1, events + len(record.events)
            found = _step(history, position, record, life, sent)
            if found is not None:
                break
    except UNRECOVERABLE as error:
        steps += 1
        found = difference(history.address, history.records[steps - 1], "recovery", "sound", str(error))
    return ActorReplay(history.address, history.start.step, steps, events, found, None, history.notes)


def _step(
    history: History, position: Position, record: JournalRecord, life: Life, sent: Sent
) -> Difference | None:
    address = history.address
    try:
        section = life.decide(record, history.inputs(record))
        if section is None:
            return difference(address, record, "inputs", list(map(input_text, record.inputs)), [])
        effects = tuple(life.machine.context.effects)
        digest = None if record.digest is None else state_digest(life.actor)
        found = compare(Again(address, position, record, section, effects, digest), sent)
        if found is None or len(section.record.inputs) < len(record.inputs):
            life.commit(record)  # of a step that fails half-way the sound half is committed before it raises
    except PoisonError as error:
        return difference(address, record, "error", None, cause_of(error))
    return found


def cause_of(error: DeskError) -> str:
    """What the actor itself raised."""
    cause = error.__cause__
    return str(error) if cause is None else f"{type(cause).__name__}: {cause}"
