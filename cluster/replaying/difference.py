"""Holding a step that was decided again to the record of it: bit for bit, and readable where they part."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from actors.base import Timer
from cluster.replaying.results import Difference, Plain
from cluster.steps.journal import JournalledInput, JournalRecord
from cluster.steps.recovery import of_one_shape
from cluster.store.port import Position, Section
from messages import codec
from messages.base import Address, Effect, Envelope, Message

_CONTEXT_LINES = 3


class Again(msgspec.Struct, frozen=True):
    """A recorded step and the same step decided again.

    `before` is where the actor stood; `digest` that of its state now, None where the record has none.
    """

    address: Address
    before: Position
    record: JournalRecord
    section: Section
    effects: Sequence[Effect]
    digest: str | None


Sent = Mapping[str, Sequence[bytes]]
"""All recorded mail that can still be found, in its stored form, by message id."""


def compare(step: Again, sent: Sent) -> Difference | None:
    """The first difference between the record and the replay of a step; None when there is none."""
    found = next(_differences(step, sent), None)
    return None if found is None else difference(step.address, step.record, *found)


def difference(
    address: Address, record: JournalRecord, what: str, recorded: Any, replayed: Any
) -> Difference:
    """A difference, with both sides laid against each other."""
    return Difference(
        address,
        record.step,
        record.now,
        tuple(map(input_text, record.inputs)),
        what,
        recorded,
        replayed,
        _lines(recorded, replayed),
    )


def input_text(item: JournalledInput) -> str:
    """An input in a few words: `urgent:17-0`, `timer:retry (RetryDue)`."""
    message = "" if item.message is None else f" ({type(item.message).__name__})"
    return f"{item.kind.name.lower()}:{item.reference}{message}"


def plain(message: Message) -> Plain:
    """A message as plain fields, its type first."""
    return {"type": type(message).__name__, **codec.to_plain(message)}


def stored(messages: Sequence[Message]) -> list[bytes]:
    """The stored forms, which tell apart what `==` does not: 1.0 from 1.00, and NaN from nothing."""
    return [codec.encode(message) for message in messages]


def _differences(step: Again, sent: Sent) -> Iterator[tuple[str, Any, Any]]:
    """Every difference with its two sides, first what tells most. Messages are told apart by their stored forms."""
    record, again = step.record, step.section.record
    inputs, taken = list(map(input_text, record.inputs)), list(map(input_text, again.inputs))
    if inputs != taken:
        yield "inputs", inputs, taken
    if stored(record.events) != stored(again.events):
        yield "events", list(map(plain, record.events)), list(map(plain, again.events))
    faults = [[] if each.fault is None else [each.fault] for each in (record, again)]
    if stored(faults[0]) != stored(faults[1]):
        yield "fault", list(map(plain, faults[0])), list(map(plain, faults[1]))
    hashed = record.outputs or record.sequence == step.before.sequence  # a backtest's journal has no hashes
    if hashed and record.outputs != again.outputs:
        yield "outputs", _recorded_outputs(step, sent), _new_outputs(step)
    yield from _delivered(step.section, sent)
    for name in ("now", "sequence", "ordinal", "outstanding", "feed"):
        recorded, replayed = getattr(record, name), getattr(again, name)
        if recorded != replayed:
            yield name, recorded, replayed
    recorded, found = record.digest or "", step.digest or ""
    if recorded != found and of_one_shape(recorded, found):
        yield "digest", record.digest, step.digest


def _recorded_outputs(step: Again, sent: Sent) -> Plain:
    """The record keeps a hash of the outputs; the mail among them is found where it was delivered."""
    ids = [f"{step.address}#{each}" for each in range(step.before.sequence + 1, step.record.sequence + 1)]
    return {
        "hash": step.record.outputs,
        "sent": [
            _mail(codec.decode_envelope(sent[each][-1])) if each in sent else {"id": each} for each in ids
        ],
        "effects": "kept as part of the hash alone",
        "timers": "kept as part of the hash alone",
    }


def _new_outputs(step: Again) -> Plain:
    return {
        "hash": step.section.record.outputs,
        "sent": [_mail(envelope) for envelope in step.section.envelopes],
        "effects": [plain(effect) for effect in step.effects],
        "timers": [_timer(timer) for timer in step.section.timers.values()],
    }


def _mail(envelope: Envelope) -> Plain:
    return {"id": envelope.id, "to": envelope.recipient, **plain(envelope.message)}


def _timer(timer: Timer) -> Plain:
    return {"key": timer.key, "due": timer.due}


def _delivered(section: Section, sent: Sent) -> Iterator[tuple[str, Any, Any]]:
    for envelope, data in zip(section.envelopes, section.encoded or (), strict=False):
        found = sent.get(envelope.id)
        if found and data not in found:
            yield "delivered", _envelope(found[-1]), _envelope(data)


def _envelope(data: bytes) -> Plain:
    return dict(
        zip(
            ("sender", "sequence", "recipient", "cause", "cycle", "sent_at", "message"),
            codec.unpack(data),
            strict=False,
        )
    )


def _lines(recorded: Any, replayed: Any) -> tuple[str, ...]:
    """A unified diff of the two sides, one field a line."""
    found = difflib.unified_diff(
        list(_text(recorded)), list(_text(replayed)), "recorded", "replayed", n=_CONTEXT_LINES, lineterm=""
    )
    return tuple(found)


def _text(value: Any, name: str = "", depth: int = 0) -> Iterator[str]:
    indent, head = "  " * depth, f"{name}: " if name else ""
    if isinstance(value, Mapping):
        yield f"{indent}{head}{value.get('type', '')}".rstrip()
        for key, each in value.items():
            if key != "type":
                yield from _text(each, str(key), depth + 1)
    elif isinstance(value, list | tuple):
        yield f"{indent}{head}{len(value)}"
        for each in value:
            yield from _text(each, "", depth + 1)
    else:
        yield f"{indent}{head}{value}"
