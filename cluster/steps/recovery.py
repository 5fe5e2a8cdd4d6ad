"""Recovery: state = snapshot + journal. Nothing is decided again, so new code can read an old journal."""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec

from actors.base import Actor, Timer
from cluster.store.port import Loaded, Position, StoredSnapshot
from messages import codec
from messages.errors import CodecError, InvariantError, JournalCorruptError

SNAPSHOT_VERSION = 1


class Recovered(msgspec.Struct, frozen=True):
    """Where the actor stands after recovery; `snapshots` are the positions of the usable snapshots, oldest first.

    `damaged` names the snapshots that were put aside, `notes` what an upgrade left that could not be compared.
    """

    position: Position
    timers: dict[str, Timer]
    snapshots: tuple[Position, ...]
    steps_since_snapshot: int
    damaged: tuple[str, ...]
    notes: tuple[str, ...]


_CONTENT_FORM = b"amounts as text"
"""How the content of a digest is packed. Part of the shape: what was packed in another way is not compared."""


def state_digest(actor: Actor[Any]) -> str:
    """8 hex digits of the state's shape, and 16 over its content: equal states, equal digests.

    The content is packed at once, not as a snapshot stores it: that takes five times as long, and a step waits for it.
    """
    content = codec.digest(codec.pack_around(actor.state))[:16]
    return f"{_shape_of(type(actor.state))}-{content}"


def of_one_shape(one: str, other: str) -> bool:
    """Whether two digests tell states apart: a version of the desk whose state has other fields has other digests."""
    return one.rpartition("-")[0] == other.rpartition("-")[0]


@cache
def _shape_of(kind: type) -> str:
    """Fields, types and defaults of a state, and of all that is in it; words about them don't count."""

    def bare(schema: Any) -> Any:
        if isinstance(schema, list):
            return [bare(each) for each in schema]
        if isinstance(schema, dict):
            return {
                name: bare(each)
                for name, each in schema.items()
                if name != "description" or not isinstance(each, str)
            }
        return schema

    # what takes anything, as the arguments of a child do, has no schema of its own
    schema = msgspec.json.schema(kind, schema_hook=lambda other: {"title": other.__name__})
    return codec.digest(_CONTENT_FORM, msgspec.json.encode(bare(schema), order="sorted"))[:8]


def take_snapshot(actor: Actor[Any], position: Position) -> StoredSnapshot:
    """The state at `position`, with a checksum. Timers live in the store and are not part of it."""
    data = codec.pack([SNAPSHOT_VERSION, codec.to_plain(position), codec.to_plain(actor.state)])
    return StoredSnapshot(position.step, data, codec.digest(data)[:16])


def recover(actor: Actor[Any], pristine: bytes, loaded: Loaded) -> Recovered:
    """Bring `actor` to the state of its last commit.

    Uses the newest sound snapshot, the older one if that is damaged, the whole journal if there is none. A digest of
    another version's state is passed over and noted. Raises `JournalCorruptError` when what is left does not reach
    back far enough, `InvariantError` when the recovered state does not match the digest the dead incarnation stored.
    """
    damaged: list[str] = []
    sound: list[Position] = []
    base: Position | None = None
    for stored in loaded.snapshots:
        try:
            position, state = _open(actor, stored)
        except (CodecError, JournalCorruptError) as error:
            damaged.append(f"snapshot at step {stored.step} put aside: {error}")
            continue
        sound.insert(0, position)
        if base is None:
            base = position
            actor.state = state
    if base is None:
        base = Position()
        actor.state = codec.from_plain(codec.unpack(pristine), type(actor.state), where="initial state")
    notes = _replay(actor, base, loaded)
    if loaded.position.step < base.step:
        raise JournalCorruptError(
            "the snapshot is ahead of the stored position",
            field=actor.address,
            value=f"snapshot {base.step}, position {loaded.position.step}",
            remedy="the store lost history; restore it or let the desk start over",
        )
    since = loaded.position.step - base.step
    return Recovered(loaded.position, dict(loaded.timers), tuple(sound), since, tuple(damaged), tuple(notes))


def _open(actor: Actor[Any], stored: StoredSnapshot) -> tuple[Position, Any]:
    if codec.digest(stored.data)[:16] != stored.checksum:
        raise JournalCorruptError(
            "the snapshot does not match its checksum", field=actor.address, value=f"step {stored.step}"
        )
    parts = codec.unpack(stored.data)
    if not (isinstance(parts, list) and len(parts) == 3 and isinstance(parts[0], int)):
        raise JournalCorruptError(
            "a snapshot has three parts", field=actor.address, value=f"step {stored.step}"
        )
    version, position, state = parts
    if version > SNAPSHOT_VERSION:
        raise JournalCorruptError("snapshot of a newer version", field=actor.address, value=version)
    return (
        codec.from_plain(position, Position, where="snapshot.position"),
        codec.from_plain(state, type(actor.state), where=f"{actor.address} snapshot"),
    )


def _replay(actor: Actor[Any], base: Position, loaded: Loaded) -> list[str]:
    """Apply what is journalled behind `base`; returns what is to be noted of it."""
    notes: list[str] = []
    digested = max((record.step for record in loaded.records if record.digest is not None), default=0)
    expected = base.step
    for record in loaded.records:
        if record.step <= base.step:
            continue
        expected += 1
        if record.step != expected:
            raise JournalCorruptError(
                "the journal has a hole",
                field=actor.address,
                value=f"step {record.step} where {expected} should be",
                remedy="restore the store from its backup",
            )
        for event in record.events:
            actor.apply(event)
        if record.step == digested and record.digest is not None:
            notes += _verify(actor, record.step, record.digest)
    if expected != loaded.position.step and loaded.position.step >= base.step:
        raise JournalCorruptError(
            "the journal ends before the stored position",
            field=actor.address,
            value=f"step {expected} of {loaded.position.step}",
            remedy="restore the store from its backup",
        )
    return notes


def _verify(actor: Actor[Any], step: int, digest: str) -> list[str]:
    found = state_digest(actor)
    if not of_one_shape(digest, found):
        return [f"the digest of step {step} is of another version's state: not compared"]
    if found != digest:
        raise InvariantError(
            "the recovered state differs from the one that was committed",
            field=actor.address,
            value=f"step {step}: {found} instead of {digest}",
            remedy="an `apply` is not a function of state and event, or changed its meaning",
        )
    return []
