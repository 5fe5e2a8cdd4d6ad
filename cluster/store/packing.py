"""What a commit sends: the keys and arguments of `scripts/commit.lua`, in the order in which it reads them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from actors.base import Timer
from cluster.steps.journal import encode_record
from cluster.store.keys import Keys
from cluster.store.memory import refusal
from cluster.store.port import Position, Section, StreamName
from messages import codec
from messages.base import CONTROL, Envelope


def commit_call(names: Keys, capacity: int, sections: Sequence[Section]) -> tuple[list[str], list[Any]]:
    """Keys and arguments that commit these sections; mailboxes refuse what may be refused from `capacity` on."""
    keys: list[str] = [names.store]
    arguments: list[Any] = [capacity, len(sections)]
    for section in sections:
        _add_section(names, section, keys, arguments)
    return keys, arguments


def stream_of(envelope: Envelope) -> StreamName:
    """Which stream of its recipient a message goes to."""
    if envelope.recipient == CONTROL:
        return StreamName.CONTROL
    return StreamName.URGENT if type(envelope.message).urgent else StreamName.MAILBOX


def _add_section(names: Keys, section: Section, keys: list[str], arguments: list[Any]) -> None:
    address, position = section.address, section.position
    keys += [
        names.actor(address),
        names.journal(address),
        names.timers(address),
        names.stream(address, StreamName.URGENT),
        names.stream(address, StreamName.MAILBOX),
    ]
    arguments += [section.epoch, position.step, section.generation, encode_record(section.record)]
    _add_counted(arguments, _position_fields(section))
    _add_counted(
        arguments,
        [part for timer in section.timers.values() for part in (timer.key, _timer_bytes(timer))],
    )
    _add_counted(arguments, section.cancelled_timers)
    arguments += [section.taken_urgent, section.taken_mailbox]
    trim = section.trim
    _add_counted(arguments, [trim.journal, trim.urgent, trim.mailbox] if trim else [])
    arguments.append(len(section.envelopes))
    encoded = section.encoded
    if encoded is None:
        encoded = [codec.encode_envelope(envelope) for envelope in section.envelopes]
    for envelope, data in zip(section.envelopes, encoded, strict=True):
        name = stream_of(envelope)
        keys += [names.actor(envelope.recipient), names.stream(envelope.recipient, name)]
        refusable = type(envelope.message).refusable
        arguments += [
            name.value,
            data,
            codec.encode_envelope(refusal(envelope)) if refusable else b"",
        ]


def _position_fields(section: Section) -> list[Any]:
    fields: list[Any] = []
    for name in Position.__struct_fields__:
        if name != "step":
            fields += [name, getattr(section.position, name)]
    fields += ["next_timer", "" if section.next_timer is None else section.next_timer]
    if section.record.digest is not None:
        fields += ["digest", section.record.digest]
    return fields


def _add_counted(arguments: list[Any], values: Sequence[Any]) -> None:
    arguments.append(len(values))
    arguments.extend(values)


def _timer_bytes(timer: Timer) -> bytes:
    return codec.pack([timer.due, codec.message_to_plain(timer.message)])
