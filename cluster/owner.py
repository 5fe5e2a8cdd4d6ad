"""The single-desk lock: one desk of a name runs at a time, and who refuses a second one says who is first."""

from __future__ import annotations

import getpass
import socket
import time
from typing import Any

import msgspec

from cluster.host.lease import proven_gone, this_incarnation
from cluster.store.port import Incarnation
from cluster.store.redis_store import RedisStore
from messages.errors import DeskLockedError, FencedError

LOCK_SECONDS = 15
"""How long a desk that is not heard of keeps its name. Its root renews far more often."""


class Owner(msgspec.Struct, frozen=True):
    """Who runs the desk: the process that started it, since when (ns UTC), and what it runs.

    `tree_up` says that its start is over: before, what can be seen of its actors may be of an earlier start.
    """

    token: str
    host: str
    user: str
    incarnation: Incarnation
    since: int
    config_hash: str
    environment: str
    speed: str
    dashboard: str | None = None
    tree_up: bool = False


def this_owner(token: str, config_hash: str, environment: str, speed: str, dashboard: str | None) -> Owner:
    """This process as a desk's owner."""
    return Owner(
        token,
        socket.gethostname(),
        getpass.getuser(),
        this_incarnation(),
        time.time_ns(),
        config_hash,
        environment,
        speed,
        dashboard,
    )


class OwnerLock:
    """The lock as seen by one desk; `token` is what only its own processes know."""

    def __init__(self, store: RedisStore, token: str) -> None:
        self.store = store
        self.token = token
        self._owner: bytes | None = None

    async def take(self, owner: Owner) -> None:
        """Take the lock. Raises `DeskLockedError` naming the owner when a living desk holds it."""
        first = await self.store.lock(self.token, msgspec.json.encode(owner), LOCK_SECONDS)
        if first is None:
            return
        holder = msgspec.json.decode(first, type=Owner)
        if proven_gone(holder.incarnation):
            await self.store.unlock(holder.token)
            await self.take(owner)
            return
        raise DeskLockedError(
            "a desk of this name is running",
            field="desk.name",
            value=f"pid {holder.incarnation.pid} on {holder.host}, user {holder.user}",
            remedy=f"stop it with `raydesk down`; if it is dead its lock ends within {LOCK_SECONDS} s",
        )

    async def renew(self) -> None:
        """Keep the lock, or take it again when it ended while Redis was away or lost it.

        Raises `FencedError` when another desk has it.
        """
        if await self.store.keep_lock(self.token, LOCK_SECONDS):
            self._owner = self._owner or await self.store.lock_holder()
            return
        if self._owner is None or await self.store.lock(self.token, self._owner, LOCK_SECONDS) is not None:
            raise FencedError(
                "another desk of this name has taken over the lock",
                field="desk.name",
                remedy="none needed: this root stops",
            )

    async def release(self) -> None:
        """Let the lock go, if it is ours."""
        await self.store.unlock(self.token)


async def read_owner(store: RedisStore) -> Owner | None:
    """Who holds the lock now; None when nobody does."""
    data: Any = await store.lock_holder()
    return msgspec.json.decode(data, type=Owner) if data else None
