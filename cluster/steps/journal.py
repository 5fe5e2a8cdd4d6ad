"""The journal record: one per step, also when nothing was emitted.

It holds the inputs in the order taken (mail by stream id, everything else by value), the desk time, the events, a
hash of the outputs and, every k steps, a digest of the state. With a snapshot it rebuilds the state; with the
mail it names it replays the decisions.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import Any

import msgspec

from messages import codec
from messages.base import Message
from messages.errors import CodecError, JournalCorruptError

RECORD_VERSION = 1

_PARTS = 13


class InputKind(IntEnum):
    """Where an input came from. The first three are mail and journalled by stream id."""

    URGENT = 0
    CONTROL = 1
    MAILBOX = 2
    RESULT = 3
    TIMER = 4
    OBSERVATION = 5
    SIGNAL = 6
    VENUE = 7


MAIL = frozenset({InputKind.URGENT, InputKind.CONTROL, InputKind.MAILBOX})


class JournalledInput(msgspec.Struct, frozen=True, gc=False):
    """An input as the journal keeps it: `reference` is a stream id or a key; `message` only if not mail."""

    kind: InputKind
    reference: str
    message: Message | None


class JournalRecord(msgspec.Struct, frozen=True, gc=False):
    """One step. `fault` is set when an input could not be processed and was given up instead."""

    step: int
    epoch: int
    now: int
    inputs: Sequence[JournalledInput]
    events: Sequence[Message]
    outputs: str
    sequence: int
    ordinal: int
    outstanding: int
    feed: int
    digest: str | None = None
    fault: Message | None = None


def encode_record(record: JournalRecord) -> bytes:
    """The stored form, preceded by 16 hex digits of checksum."""
    document = [
        RECORD_VERSION,
        record.step,
        record.epoch,
        record.now,
        [
            [int(item.kind), item.reference, codec.packable(item.message) if item.message else None]
            for item in record.inputs
        ],
        [codec.packable(event) for event in record.events],
        record.outputs,
        record.sequence,
        record.ordinal,
        record.outstanding,
        record.feed,
        record.digest,
        codec.packable(record.fault) if record.fault else None,
    ]
    body = codec.pack_around(document)
    return codec.digest(body)[:16].encode() + body


def decode_record(data: bytes, *, where: str) -> JournalRecord:
    """The record in `data`. Raises `JournalCorruptError` naming `where` when it is damaged or unreadable."""
    checksum, body = data[:16], data[16:]
    if codec.digest(body)[:16].encode() != checksum:
        raise JournalCorruptError(
            "the journal record does not match its checksum",
            field=where,
            remedy="restore the store from its backup; the actor does not start on damaged history",
        )
    try:
        return _from_plain(codec.unpack(body))
    except (CodecError, TypeError, ValueError, LookupError) as error:
        raise JournalCorruptError(
            f"the journal record can't be read: {error}", field=where, remedy="run the version that wrote it"
        ) from error


def _from_plain(document: list[Any]) -> JournalRecord:
    version = document[0]
    if len(document) != _PARTS or not isinstance(version, int):
        raise CodecError(f"a journal record has {_PARTS} parts", field="record", value=len(document))
    if version > RECORD_VERSION:
        raise CodecError("journal record of a newer version", field="version", value=version)
    return JournalRecord(
        step=document[1],
        epoch=document[2],
        now=document[3],
        inputs=[
            JournalledInput(InputKind(kind), reference, codec.message_from_plain(plain) if plain else None)
            for kind, reference, plain in document[4]
        ],
        events=[codec.message_from_plain(plain) for plain in document[5]],
        outputs=document[6],
        sequence=document[7],
        ordinal=document[8],
        outstanding=document[9],
        feed=document[10],
        digest=document[11],
        fault=codec.message_from_plain(document[12]) if document[12] else None,
    )
