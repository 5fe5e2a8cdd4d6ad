"""What a desk keeps in Redis for all to see, beside its mail: the lock on its name, small notes, how the tree is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from cluster.store.answering import answering
from cluster.store.keys import Keys
from messages.base import Address


class Noticeboard:
    """The part of the Redis store that holds no history."""

    client: Any
    keys: Keys

    async def _run(self, name: str, keys: Sequence[str], arguments: Sequence[Any]) -> Any:
        """Run one of the store's scripts."""
        raise NotImplementedError

    async def lock(self, token: str, owner: bytes, seconds: int, key: str = "") -> bytes | None:
        """Take the desk's lock, or that of `key`, for `seconds`; None when it is ours now, else who holds it."""
        holder: bytes = await self._run("lock", [key or self.keys.owner], ["take", token, seconds, owner])
        return holder or None

    async def keep_lock(self, token: str, seconds: int, key: str = "") -> bool:
        """Renew the lock; False when it is not held under this token."""
        return bool(await self._run("lock", [key or self.keys.owner], ["keep", token, seconds]))

    async def unlock(self, token: str, key: str = "") -> None:
        """Release the lock if it is held under this token."""
        await self._run("lock", [key or self.keys.owner], ["drop", token])

    async def lock_holder(self, key: str = "") -> bytes | None:
        """The owner that holds the lock."""
        with answering("lock"):
            held: bytes | None = await self.client.get(key or self.keys.owner)
        return held.split(b"\n", 1)[1] if held else None

    async def set_note(self, name: str, data: bytes) -> None:
        """Keep a small thing for all to see, such as the replay's progress."""
        with answering("note"):
            await self.client.hset(self.keys.notes, name, data)

    async def note(self, name: str) -> bytes | None:
        """What was last kept under this name."""
        with answering("note"):
            found: bytes | None = await self.client.hget(self.keys.notes, name)
            return found

    async def notes(self, names: Sequence[str]) -> list[bytes | None]:
        """What was last kept under each of these names, at one instant."""
        if not names:
            return []
        with answering("note"):
            found: list[bytes | None] = await self.client.hmget(self.keys.notes, names)
            return found

    async def show_children(self, supervisor: Address, rows: Sequence[Mapping[str, Any]]) -> None:
        """Publish how a supervisor's children are."""
        with answering("tree"):
            await self.client.hset(self.keys.tree, supervisor, msgspec.json.encode(rows))

    async def tree(self) -> list[dict[str, Any]]:
        """The rows of all supervisors, as they last published them, in order of the supervisors' addresses."""
        with answering("tree"):
            published = await self.client.hgetall(self.keys.tree)
        return [row for _, rows in sorted(published.items()) for row in msgspec.json.decode(rows)]
