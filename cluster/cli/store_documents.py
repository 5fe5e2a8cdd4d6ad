"""What `raydesk store` and `raydesk store show` print with `--json`; see `documents`."""

from __future__ import annotations

from typing import Any

import msgspec

from messages.base import Address


class StoreEntry(msgspec.Struct, frozen=True):
    """What the store keeps of one actor."""

    address: Address
    epoch: int
    step: int
    journal_length: int
    urgent_depth: int
    mailbox_depth: int
    control_behind: bool
    outstanding: int
    next_timer: int | None
    exit_reason: str | None
    digest: str | None


class DeadLetterEntry(msgspec.Struct, frozen=True):
    """One message that was put aside; `time` is machine time."""

    time: int
    address: Address
    input: str
    error: str
    bytes: int


class StoreDocument(msgspec.Struct, frozen=True):
    """`raydesk store`."""

    desk: str
    generation: str
    actors: tuple[StoreEntry, ...]
    dead_letters: int
    newest_dead_letters: tuple[DeadLetterEntry, ...]


class RecordEntry(msgspec.Struct, frozen=True):
    """One journal record; `error` says why it can't be read, and the rest is then empty."""

    step: int
    epoch: int
    time: int
    inputs: tuple[str, ...]
    events: tuple[dict[str, Any], ...]
    digest: str | None
    fault: dict[str, Any] | None
    error: str | None


class SnapshotEntry(msgspec.Struct, frozen=True):
    """One snapshot; `sound` is False when it is damaged, and `error` says how."""

    step: int
    bytes: int
    sound: bool
    error: str | None


class StoreActorDocument(msgspec.Struct, frozen=True):
    """`raydesk store show ACTOR`: the newest records, the snapshots, and the state in the newest sound one."""

    desk: str
    actor: StoreEntry
    timers: tuple[dict[str, Any], ...]
    snapshots: tuple[SnapshotEntry, ...]
    records: tuple[RecordEntry, ...]
    state_step: int | None
    state: Any
