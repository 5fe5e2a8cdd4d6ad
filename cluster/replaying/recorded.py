"""What was recorded of a desk, as plain data: the one structure that replay, export and parity work on.

A live Redis, a memory store and an export file all fill it alike; nothing behind it knows where it came from.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

import messages.known  # noqa: F401 - all types that actors write
from cluster.replaying.settings import RecordedSettings
from cluster.session_feed import FeedPlan
from cluster.steps.journal import JournalRecord, decode_record, encode_record
from cluster.store.memory import MemoryStore
from cluster.store.port import StoredSnapshot
from messages import codec
from messages.base import Address
from messages.errors import CodecError, JournalCorruptError

Entries = tuple[tuple[str, bytes], ...]
"""Messages of one stream: stream id and stored form, in the order of the stream."""


class Header(msgspec.Struct, frozen=True):
    """Which desk it was and how it was set up. `feed` None: no data to fold again."""

    desk: str
    config: RecordedSettings
    config_hash: str
    code_version: str
    seed: int
    generation: str
    feed: FeedPlan | None


class RecordedActor(msgspec.Struct, frozen=True):
    """One actor's history in its stored form: journal by step, snapshots newest first, its own two streams."""

    address: Address
    journal: tuple[tuple[int, bytes], ...]
    snapshots: tuple[StoredSnapshot, ...]
    urgent: Entries
    mailbox: Entries

    def records(self) -> list[JournalRecord]:
        """The journal, decoded. Raises `JournalCorruptError` naming the step that can't be read."""
        found = []
        for step, data in self.journal:
            record = decode_record(data, where=f"journal of {self.address}, step {step}")
            if record.step != step:
                raise JournalCorruptError(
                    "the journal record is filed under another step",
                    field=f"journal of {self.address}, step {step}",
                    value=record.step,
                    remedy="export the desk again, or restore its store from a backup",
                )
            found.append(record)
        return found


class DeadLetterRecord(msgspec.Struct, frozen=True):
    """A message that was put aside: when (stream id), whose it was, which input, why, and its stored form."""

    id: str
    address: Address
    input: str
    error: str
    data: bytes


class Recorded(msgspec.Struct, frozen=True):
    """All that was kept of a desk."""

    header: Header
    actors: Mapping[Address, RecordedActor]
    control: Entries
    dead_letters: tuple[DeadLetterRecord, ...] = ()

    def sent(self) -> dict[str, list[bytes]]:
        """All mail that can still be found, by message id. A lost store repeats ids, hence the list.

        What can't be read is left out: who was to take it will tell.
        """
        found: dict[str, list[bytes]] = {}
        for data in self._mail():
            try:
                envelope = codec.decode_envelope(data)
            except CodecError:
                continue
            found.setdefault(envelope.id, []).append(data)
        return found

    def _mail(self) -> Iterator[bytes]:
        for actor in self.actors.values():
            for _, data in (*actor.urgent, *actor.mailbox):
                yield data
        for _, data in self.control:
            yield data


def recorded_in_memory(store: MemoryStore, header: Header) -> Recorded:
    """What a memory store has kept, in its stored form."""

    def entries(stream: Any) -> Entries:
        return tuple((entry_id, codec.encode_envelope(each)) for entry_id, each in stream.after("0-0", 2**62))

    actors = {
        address: RecordedActor(
            address,
            tuple((record.step, encode_record(record)) for record in actor.journal),
            tuple(actor.snapshots),
            entries(actor.urgent),
            entries(actor.mailbox),
        )
        for address, actor in sorted(store.actors.items())
    }
    letters = tuple(
        DeadLetterRecord(f"{number}-0", address, key, error, data)
        for number, (address, key, data, error) in enumerate(store.dead_letters, start=1)
    )
    return Recorded(header, actors, entries(store.control), letters)
