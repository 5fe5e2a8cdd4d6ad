"""Where the desk's pages listen: each service publishes its URL in one hash of the store, under its name."""

from __future__ import annotations

from cluster.observe.asking import answered
from cluster.store.redis_store import RedisStore


class Services:
    """The published services of one desk. All methods raise `StoreUnavailableError`."""

    def __init__(self, store: RedisStore) -> None:
        self._client = store.client
        self._key = f"{store.keys.prefix}:services"

    async def publish(self, name: str, url: str) -> None:
        """From now on the service of this name is at `url`."""
        await answered(self._client.hset(self._key, name, url))

    async def withdraw(self, name: str, url: str) -> None:
        """The service has ended; one that was replaced meanwhile stays published."""
        if await self.find(name) == url:
            await answered(self._client.hdel(self._key, name))

    async def find(self, name: str) -> str | None:
        """Where it is; None when it is not published."""
        found = await answered(self._client.hget(self._key, name))
        return found.decode() if found else None
