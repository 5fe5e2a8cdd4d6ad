"""Reading an actor's snapshot from outside, for journals whose beginning has been trimmed away."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from actors.execution.state import ExecutionState
from actors.operations.universe.memory import UniverseState
from actors.risk.state import RiskState
from actors.strategy.state import StrategyActorState
from cluster.store.port import Position, StoredSnapshot
from messages import codec
from messages.base import Address
from messages.errors import CodecError, JournalCorruptError
from supervisors.state import SupervisorState

_STATES: tuple[tuple[str, type[msgspec.Struct]], ...] = (
    ("risk", RiskState),
    ("execution/", ExecutionState),
    ("supervisor/", SupervisorState),
    ("strategy/", StrategyActorState),
    ("universe", UniverseState),
)
"""The actors whose state says something the journal behind it needs."""


class OpenedSnapshot(msgspec.Struct, frozen=True):
    """A snapshot's position, and its content as plain maps and lists."""

    position: Position
    content: object


def open_snapshot(address: Address, stored: StoredSnapshot) -> OpenedSnapshot:
    """What is in a snapshot. Raises `JournalCorruptError` when it is damaged or of another form."""
    if codec.digest(stored.data)[:16] != stored.checksum:
        raise JournalCorruptError(
            "the snapshot does not match its checksum", field=address, value=f"step {stored.step}"
        )
    try:
        _, position, content = codec.unpack(stored.data)
        return OpenedSnapshot(codec.from_plain(position, Position, where=f"{address} snapshot"), content)
    except (CodecError, ValueError, TypeError) as error:
        raise JournalCorruptError(
            f"the snapshot can't be read: {error}", field=address, value=f"step {stored.step}"
        ) from error


def newest_sound(address: Address, stored: Iterable[StoredSnapshot]) -> OpenedSnapshot | None:
    """The newest of these (given newest first) that can be read; None when none can."""
    for each in stored:
        try:
            return open_snapshot(address, each)
        except JournalCorruptError:
            continue
    return None


def typed_state(address: Address, content: object) -> msgspec.Struct | None:
    """The content as the state of the actor at `address`; None for actors whose state is not needed or not known."""
    for beginning, kind in _STATES:
        if address.startswith(beginning):
            try:
                return codec.from_plain(content, kind, where=f"{address} snapshot")
            except CodecError:
                return None
    return None
