"""One actor's history, ready to be replayed: where it can begin, what each step was given, where each step ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import msgspec

from cluster.observe.snapshots import open_snapshot
from cluster.replaying.recorded import Recorded
from cluster.steps.inputs import Progress
from cluster.steps.journal import MAIL, InputKind, JournalledInput, JournalRecord
from cluster.steps.requests import Input
from cluster.store.port import Position, StoredSnapshot
from messages.base import Address, Message
from messages.errors import DeskError, JournalCorruptError


class NotReplayableError(DeskError):
    """What is needed to replay an actor is not there any more, or was never recorded."""

    reason_code = "not_replayable"


class History(msgspec.Struct, frozen=True):
    """The part of an actor's history that can be replayed.

    `base` is the snapshot it begins at, None for the very beginning; `records` are the steps after it; `mail` is what
    its streams still have, by kind and stream id; `notes` say what was passed over.
    """

    address: Address
    base: StoredSnapshot | None
    start: Position
    records: Sequence[JournalRecord]
    mail: Mapping[tuple[InputKind, str], bytes]
    notes: tuple[str, ...]

    def inputs(self, record: JournalRecord) -> list[Input]:
        """What a step was given, in the order taken."""
        return [Input(item.kind, item.reference, self._data(item)) for item in record.inputs]

    def _data(self, item: JournalledInput) -> bytes | Message:
        if item.kind in MAIL:
            return self.mail[item.kind, item.reference]
        assert item.message is not None
        return item.message


def following(before: Position, record: JournalRecord) -> Position:
    """Where the actor stood after `record`, having stood at `before`."""
    progress = Progress(before)
    for item in record.inputs:
        progress.accept(item)
    return Position(
        record.step,
        record.now,
        progress.urgent,
        progress.control,
        progress.mailbox,
        record.sequence,
        record.ordinal,
        record.outstanding,
        record.feed,
        progress.venue,
    )


def history_of(recorded: Recorded, address: Address) -> History:
    """The longest replayable part of an actor's history that reaches to its end.

    It begins with the first step where the journal is whole and its mail is there, else at the oldest snapshot that
    is sound. Raises `NotReplayableError` when there is no such place, `JournalCorruptError` for a damaged record.
    """
    actor = recorded.actors[address]
    records = actor.records()
    _require_whole(address, records)
    mail = _mail(recorded, address)
    candidates, notes = _starts(address, actor.snapshots)
    if not records or records[0].step == 1:
        candidates.insert(0, (None, Position()))
    for base, start in candidates:
        later = [record for record in records if record.step > start.step]
        reaches = not later or later[0].step == start.step + 1
        if reaches and not _first_missing(later, mail):
            return History(address, base, start, later, mail, tuple(notes))
    missing = _first_missing(records, mail)
    raise NotReplayableError(
        "no place to begin at: the journal was trimmed, and there is no sound snapshot with all its mail after it",
        field=address,
        value=missing or f"journal from step {records[0].step if records else 0}",
        remedy="replay an earlier export, or raise supervision.journal_retention_steps for the next run",
    )


def _require_whole(address: Address, records: Sequence[JournalRecord]) -> None:
    for before, after in pairwise(records):
        if after.step != before.step + 1:
            raise JournalCorruptError(
                "the journal has a hole",
                field=address,
                value=f"step {after.step} after {before.step}",
                remedy="export the desk again, or restore its store from a backup",
            )


def _starts(
    address: Address, snapshots: Sequence[StoredSnapshot]
) -> tuple[list[tuple[StoredSnapshot | None, Position]], list[str]]:
    """The sound snapshots, oldest first, and what is said of the others."""
    sound: list[tuple[StoredSnapshot | None, Position]] = []
    notes: list[str] = []
    for stored in snapshots:
        try:
            sound.insert(0, (stored, open_snapshot(address, stored).position))
        except JournalCorruptError as error:
            notes.append(f"the snapshot at step {stored.step} is passed over: {error.message}")
    return sound, notes


def _mail(recorded: Recorded, address: Address) -> dict[tuple[InputKind, str], bytes]:
    actor = recorded.actors[address]
    streams: tuple[tuple[InputKind, Any], ...] = (
        (InputKind.URGENT, actor.urgent),
        (InputKind.CONTROL, recorded.control),
        (InputKind.MAILBOX, actor.mailbox),
    )
    return {(kind, entry_id): data for kind, entries in streams for entry_id, data in entries}


def _first_missing(
    records: Sequence[JournalRecord], mail: Mapping[tuple[InputKind, str], bytes]
) -> str | None:
    """The first piece of mail that a step names and nobody has, in words."""
    for record in records:
        for item in record.inputs:
            if item.kind in MAIL and (item.kind, item.reference) not in mail:
                return f"{item.kind.name.lower()} mail {item.reference} of step {record.step}"
    return None
