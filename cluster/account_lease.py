"""One desk for each venue account: a lease in Redis, under the account's key, for desks on any host that share it.

Desks with a Redis of their own do not see each other's lease. On one machine a file lock stands in for it; across
machines execution finds orders of another desk on its account, and halts (`foreign_desk`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import msgspec

from cluster.folders import FolderLock
from cluster.host.lease import proven_gone
from cluster.host.settings_map import may_write
from cluster.owner import LOCK_SECONDS, Owner, read_owner
from cluster.store.redis_store import RedisStore
from config import DeskConfig
from config.schema.venues import BinanceUsdmSettings
from messages.errors import DeskLockedError, FencedError


class Holder(msgspec.Struct, frozen=True):
    """Who has a lease: the desk's name, and its owner."""

    desk: str
    owner: Owner


def account_keys(config: DeskConfig, *, writing: bool = True) -> dict[str, str]:
    """By venue: the fingerprint of its account. Venues without keys of their own have none.

    With `writing` only those on which the desk may change something: who looks on does not get in a trader's way. The
    API key is hashed with the venue's address: it is not to be read from a store or a file's name.
    """
    found = {}
    for name, venue in config.venues.items():
        if writing and not may_write(config, name):
            continue
        if isinstance(venue, BinanceUsdmSettings) and venue.api_key is not None:
            text = f"{venue.kind}\n{venue.rest_url}\n{venue.api_key.get_secret_value()}"
            found[name] = hashlib.sha256(text.encode()).hexdigest()[:16]
    return found


class AccountLeases:
    """The leases of one desk's accounts; `token` is what only its own processes know."""

    def __init__(self, store: RedisStore, config: DeskConfig, token: str) -> None:
        self._store = store
        self._token = token
        self._keys = {venue: f"raydesk:account:{key}" for venue, key in account_keys(config).items()}

    async def take(self, owner: Owner, desk: str) -> None:
        """Take them all. Raises `DeskLockedError` naming who trades on an account already; then none is held."""
        told = msgspec.json.encode(Holder(desk, owner))
        taken: list[str] = []
        for venue, key in self._keys.items():
            first = await self._store.lock(self._token, told, LOCK_SECONDS, key)
            if first is not None:
                holder = msgspec.json.decode(first, type=Holder)
                if proven_gone(holder.owner.incarnation):
                    await self._store.unlock(holder.owner.token, key)
                    first = await self._store.lock(self._token, told, LOCK_SECONDS, key)
            if first is not None:
                await self._release(taken)
                raise _locked(
                    venue,
                    f"desk {holder.desk}, pid {holder.owner.incarnation.pid} on {holder.owner.host}, "
                    f"user {holder.owner.user}",
                    f"stop it with `raydesk down -d {holder.desk}` there; if it is dead its lease ends within "
                    f"{LOCK_SECONDS} s",
                )
            taken.append(key)

    async def renew(self, desk: str) -> None:
        """Keep them, or take them again when they ended while Redis was away.

        Raises `FencedError` when another desk has one now.
        """
        for venue, key in self._keys.items():
            if await self._store.keep_lock(self._token, LOCK_SECONDS, key):
                continue
            owner = await read_owner(self._store)
            if owner is None:
                continue  # the desk's own lock is seen to first
            told = msgspec.json.encode(Holder(desk, owner))
            if await self._store.lock(self._token, told, LOCK_SECONDS, key) is not None:
                raise FencedError(
                    "another desk trades on the account now",
                    field=f"venues.{venue}",
                    remedy="none needed: this root stops",
                )

    async def holders(self) -> dict[str, Holder]:
        """Who has each of them now, by venue; those that nobody has are not there."""
        found = {}
        for venue, key in self._keys.items():
            held = await self._store.lock_holder(key)
            if held:
                found[venue] = msgspec.json.decode(held, type=Holder)
        return found

    async def release(self) -> None:
        """Let them go, as far as they are ours."""
        await self._release(list(self._keys.values()))

    async def _release(self, keys: Sequence[str]) -> None:
        for key in keys:
            await self._store.unlock(self._token, key)


class StarterLocks:
    """What the process that starts a desk holds on its machine: the desk's folder, and its accounts."""

    def __init__(self, base: Path, config: DeskConfig) -> None:
        self._folder, self._accounts = FolderLock(base), AccountFiles(config)

    def take(self, desk: str) -> None:
        """Take them. Raises `DeskLockedError`; then none is held."""
        self._folder.take(desk)
        try:
            self._accounts.take(desk)
        except DeskLockedError:
            self._folder.release()
            raise

    def release(self) -> None:
        """Let them go; harmless to repeat."""
        self._accounts.release()
        self._folder.release()


class AccountFiles:
    """The same on one machine, by file locks that end with the process that holds them."""

    def __init__(self, config: DeskConfig, home: Path | None = None) -> None:
        base = home or Path.home() / ".raydesk" / "accounts"
        self._locks = {venue: FolderLock(base / key) for venue, key in account_keys(config).items()}

    def take(self, desk: str) -> None:
        """Take them all. Raises `DeskLockedError` when another process of this machine has one."""
        for venue, lock in self._locks.items():
            try:
                lock.take(desk)
            except DeskLockedError as error:
                self.release()
                raise _locked(venue, str(error.value), "stop it, or trade on another account") from error

    def release(self) -> None:
        """Let them go; harmless to repeat."""
        for lock in self._locks.values():
            lock.release()


def _locked(venue: str, holder: str, remedy: str) -> DeskLockedError:
    return DeskLockedError(
        "LOCKED: another desk trades on this account", field=f"venues.{venue}", value=holder, remedy=remedy
    )
