"""A host's mail: reads its actor's three streams ahead of the step machine, so that mail is at hand when it asks."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

import messages.control
import messages.decisions
import messages.universe  # noqa: F401 — whatever is broadcast must be known to all who read the control stream
from cluster.steps.journal import InputKind
from cluster.steps.requests import Input
from cluster.store.port import Position, StreamName
from cluster.store.redis_store import RedisStore
from messages.base import Address
from messages.errors import StoreUnavailableError

_KINDS = {
    StreamName.URGENT: InputKind.URGENT,
    StreamName.CONTROL: InputKind.CONTROL,
    StreamName.MAILBOX: InputKind.MAILBOX,
}
_WAIT_MS = 500
_AHEAD = 1_000
_COUNT = 256


class Inbox:
    """Mail read but not yet taken. Reading is not consuming: the cursors move with the commits only."""

    def __init__(self, store: RedisStore, address: Address, wake: asyncio.Event) -> None:
        self._store = store
        self._address = address
        self._wake = wake
        self._queues: dict[StreamName, deque[Input]] = {name: deque() for name in _KINDS}
        self._cursors: dict[StreamName, str] = {}
        self._known = asyncio.Event()

    def restart(self, position: Position) -> None:
        """Begin to read where the actor's last commit stands."""
        for queue in self._queues.values():
            queue.clear()
        self._cursors = {
            StreamName.URGENT: position.urgent,
            StreamName.CONTROL: position.control,
            StreamName.MAILBOX: position.mailbox,
        }
        self._known.set()

    async def follow(self, position: Callable[[], Position]) -> None:
        """Read for ever, waiting in the store for what is new.

        Begins once `restart` has said where: before there are no cursors to read from. A store that was away may have
        lost mail that was read but not taken: it is all read again, from the committed `position`.
        """
        await self._known.wait()
        while True:
            if sum(map(len, self._queues.values())) >= _AHEAD:
                await asyncio.sleep(0.005)
                continue
            try:
                await self.fetch(wait_ms=_WAIT_MS)
                await asyncio.sleep(
                    0
                )  # the step on what came goes first, the next question to Redis after it
            except StoreUnavailableError:
                await asyncio.sleep(0.05)
                self.restart(position())

    async def fetch(self, wait_ms: int | None = None) -> None:
        """Read once; without `wait_ms` only what is there."""
        before = dict(self._cursors)
        for entry in await self._store.read(self._address, before, _COUNT, wait_ms):
            if before != self._cursors:
                return  # restarted meanwhile: this answer belongs to the time before
            self._queues[entry.stream].append(Input(_KINDS[entry.stream], entry.id, entry.data))
            before[entry.stream] = entry.id
            self._cursors[entry.stream] = entry.id
            self._wake.set()

    def take(self, name: StreamName, count: int, after: str) -> list[Input]:
        """Remove and return up to `count` entries of one stream behind the committed cursor `after`, oldest first."""
        queue = self._queues[name]
        while queue and _order(queue[0].reference) <= _order(after):
            queue.popleft()  # read once more after Redis had been away
        return [queue.popleft() for _ in range(min(count, len(queue)))]


def _order(entry_id: str) -> tuple[int, int]:
    milliseconds, _, sequence = entry_id.partition("-")
    return int(milliseconds), int(sequence or 0)
