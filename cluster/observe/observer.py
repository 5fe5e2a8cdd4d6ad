"""Follows a desk's journals in Redis and folds them into a projection, while its actors live or are down.

It only reads. What can't be read (damaged, or written by newer code) is counted and passed over: who watches a
broken desk must see that it is broken.
"""

from __future__ import annotations

import messages.known  # noqa: F401 - all types that actors write
from cluster.observe.asking import answered
from cluster.observe.projection import Bounds, Projection
from cluster.observe.snapshots import newest_sound, typed_state
from cluster.steps.journal import decode_record
from cluster.store.port import ActorStatus, StoredSnapshot
from cluster.store.redis_store import RedisStore
from messages.base import Address
from messages.errors import JournalCorruptError, StoreUnavailableError

PAGE = 1_000
"""Records read at a time."""


class DeadLetter:
    """One message that was put aside: whose it was, which input, why, and when (machine time, ns UTC)."""

    __slots__ = ("address", "error", "input", "size", "time")

    def __init__(self, time: int, address: Address, input: str, error: str, size: int) -> None:
        self.time = time
        self.address = address
        self.input = input
        self.error = error
        self.size = size


class RedisObserver:
    """The projection of one desk, brought up to date by `poll`.

    All methods raise `StoreUnavailableError` when Redis does not answer; the projection then stays as it was.
    """

    def __init__(self, store: RedisStore, bounds: Bounds | None = None) -> None:
        self.store = store
        self.projection = Projection(bounds)
        self._bounds = bounds
        self._generation = ""

    async def poll(self) -> int:
        """Read what was journalled since the last time; returns the number of records.

        Begins anew when the store has lost history.
        """
        generation = await self.generation()
        if generation != self._generation:
            self._generation, self.projection = generation, Projection(self._bounds)
        return sum([await self._follow(address) for address in await self.store.addresses()])

    async def generation(self) -> str:
        """The store's generation; empty for a store that was never opened."""
        found = await answered(self.store.client.hget(self.store.keys.store, "generation"))
        return found.decode() if found else ""

    async def statuses(self) -> list[ActorStatus]:
        """Progress, backlog and life signs of every actor, at one instant."""
        addresses = await self.store.addresses()
        return await self.store.status(addresses) if addresses else []

    async def dead_letters(self, count: int = 100) -> tuple[int, list[DeadLetter]]:
        """How many messages were put aside, and the newest of them first."""
        key = self.store.keys.dead_letters
        total = int(await answered(self.store.client.xlen(key)))
        entries = await answered(self.store.client.xrevrange(key, count=count))
        return total, [_dead_letter(entry_id, fields) for entry_id, fields in entries]

    async def writable(self) -> bool:
        """Whether Redis takes a write now."""
        try:
            return bool(await answered(self.store.client.set(f"{self.store.keys.prefix}:probe", "1", ex=60)))
        except StoreUnavailableError:
            return False

    async def _follow(self, address: Address) -> int:
        view = self.projection.actor(address)
        if view.step == 0 and not await self._has_beginning(address):
            await self._start_from_snapshot(address)
        folded = 0
        while True:
            page = await answered(
                self.store.client.xrange(
                    self.store.keys.journal(address), min=f"({view.step}-0", max="+", count=PAGE
                )
            )
            for entry_id, fields in page:
                self._fold(address, int(entry_id.split(b"-")[0]), fields[b"r"])
            folded += len(page)
            if len(page) < PAGE:
                return folded

    def _fold(self, address: Address, step: int, data: bytes) -> None:
        try:
            record = decode_record(data, where=f"{address} step {step}")
        except JournalCorruptError as error:
            view = self.projection.actor(address)
            view.step = step
            view.damaged += 1
            view.last_damage = str(error)
            return
        self.projection.apply(address, record)

    async def _has_beginning(self, address: Address) -> bool:
        first = await answered(self.store.client.xrange(self.store.keys.journal(address), count=1))
        return not first or first[0][0].split(b"-")[0] == b"1"

    async def _start_from_snapshot(self, address: Address) -> None:
        stored = await self.snapshots(address)
        opened = newest_sound(address, stored)
        if opened is None:
            return
        state = typed_state(address, opened.content)
        if state is not None:
            self.projection.adopt(address, opened.position.step, opened.position.now, state)

    async def snapshots(self, address: Address) -> list[StoredSnapshot]:
        """The snapshots kept of an actor, newest first."""
        fields = await answered(self.store.client.hgetall(self.store.keys.snapshots(address)))
        found = [StoredSnapshot(int(step), data[16:], data[:16].decode()) for step, data in fields.items()]
        return sorted(found, key=lambda each: -each.step)

    async def records(self, address: Address, count: int) -> list[tuple[int, bytes]]:
        """The newest journal records of an actor, oldest first: step and stored form."""
        entries = await answered(self.store.client.xrevrange(self.store.keys.journal(address), count=count))
        return [(int(entry_id.split(b"-")[0]), fields[b"r"]) for entry_id, fields in reversed(entries)]


def _dead_letter(entry_id: bytes, fields: dict[bytes, bytes]) -> DeadLetter:
    return DeadLetter(
        int(entry_id.split(b"-")[0]) * 1_000_000,
        fields[b"address"].decode(),
        fields[b"input"].decode(),
        fields[b"error"].decode(errors="replace"),
        len(fields[b"data"]),
    )
