"""Reading a desk's whole history out of its Redis, while it runs or after it has stopped. It only reads."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec

from cluster.embedded_redis import EmbeddedRedis
from cluster.folders import FolderLock, desk_home, read_word
from cluster.host.launch import Launch
from cluster.observe.asking import answered
from cluster.replaying.recorded import DeadLetterRecord, Entries, Header, Recorded, RecordedActor
from cluster.replaying.settings import recorded_settings
from cluster.store.port import StoredSnapshot, StreamName
from cluster.store.redis_store import RedisStore, connect
from messages.base import Address
from messages.errors import StoreError

PAGE = 1_000
"""Entries read at a time."""


async def read_desk(name: str, folder: Path | None, redis_url: str | None = None) -> Recorded:
    """The history of the desk `name` as its starter left word of it on this machine.

    The embedded Redis of a desk that has stopped is started for as long as it is read. Raises
    `StoreUnavailableError` when there was never such a desk or its Redis does not answer, `DeskLockedError` when
    the desk is just starting.
    """
    launch = read_word(name, folder)
    if redis_url is not None:
        launch = msgspec.structs.replace(launch, redis_url=redis_url, embedded_redis=None)
    async with _awake(launch, folder or desk_home(name)):
        return await read_recorded(launch.redis_url, header_of(launch))


@asynccontextmanager
async def _awake(launch: Launch, base: Path) -> AsyncIterator[None]:
    """See to it that the desk's Redis runs; one that was started for this is stopped again."""
    if launch.embedded_redis is None or EmbeddedRedis(launch.embedded_redis).pid is not None:
        yield
        return
    server, lock = EmbeddedRedis(launch.embedded_redis), FolderLock(base)
    lock.take(launch.desk)
    try:
        await asyncio.to_thread(server.ensure_running)
        yield
    finally:
        await asyncio.to_thread(server.stop)
        lock.release()


def header_of(launch: Launch) -> Header:
    """What a desk was set up with. The store's generation is filled in when the store is read."""
    return Header(
        launch.desk,
        recorded_settings(launch.config),
        launch.config_hash,
        launch.code_version,
        launch.config.desk.seed,
        "",
        launch.feed,
    )


async def read_recorded(redis_url: str, header: Header) -> Recorded:
    """Everything that Redis keeps of the desk that `header` names.

    Snapshots come before journals and journals before mail: what a running desk adds meanwhile leaves no gap. Raises
    `StoreUnavailableError` when Redis does not answer, `StoreError` when it knows no such desk.
    """
    store = RedisStore(connect(redis_url), header.desk)
    try:
        addresses = await store.addresses()
        if not addresses:
            raise StoreError(
                "this Redis keeps nothing of such a desk",
                field="--desk",
                value=header.desk,
                remedy="name the desk as `desk.name` in its settings does",
            )
        generation = await answered(store.client.hget(store.keys.store, "generation"))
        actors = {address: await _actor(store, address) for address in addresses}
        return Recorded(
            msgspec.structs.replace(header, generation=(generation or b"").decode()),
            {address: await _with_mail(store, actor) for address, actor in actors.items()},
            await _entries(store, store.keys.control),
            tuple([_letter(*entry) async for entry in _stream(store, store.keys.dead_letters)]),
        )
    finally:
        await store.close()


async def read_actor(
    name: str, folder: Path | None, address: Address, redis_url: str | None = None
) -> tuple[Header, RecordedActor]:
    """The history of one actor of a desk, its mail left out: for what needs no more. Otherwise as `read_desk`."""
    launch = read_word(name, folder)
    if redis_url is not None:
        launch = msgspec.structs.replace(launch, redis_url=redis_url, embedded_redis=None)
    async with _awake(launch, folder or desk_home(name)):
        store = RedisStore(connect(launch.redis_url), launch.desk)
        try:
            return header_of(launch), await _actor(store, address)
        finally:
            await store.close()


async def _actor(store: RedisStore, address: Address) -> RecordedActor:
    stored = await answered(store.client.hgetall(store.keys.snapshots(address)))
    snapshots = [StoredSnapshot(int(step), data[16:], data[:16].decode()) for step, data in stored.items()]
    journal = [
        (int(entry_id.split("-")[0]), fields[b"r"])
        async for entry_id, fields in _stream(store, store.keys.journal(address))
    ]
    newest_first = tuple(sorted(snapshots, key=lambda each: -each.step))
    return RecordedActor(address, tuple(journal), newest_first, (), ())


async def _with_mail(store: RedisStore, actor: RecordedActor) -> RecordedActor:
    names = {
        "urgent": store.keys.stream(actor.address, StreamName.URGENT),
        "mailbox": store.keys.stream(actor.address, StreamName.MAILBOX),
    }
    mail = {name: await _entries(store, key) for name, key in names.items()}
    return msgspec.structs.replace(actor, **mail)


async def _entries(store: RedisStore, key: str) -> Entries:
    return tuple([(entry_id, fields[b"m"]) async for entry_id, fields in _stream(store, key)])


async def _stream(store: RedisStore, key: str) -> AsyncIterator[tuple[str, Mapping[bytes, bytes]]]:
    """All entries of a stream, read page by page."""
    start = "-"
    while True:
        page: list[tuple[bytes, dict[bytes, bytes]]] = await answered(
            store.client.xrange(key, min=start, max="+", count=PAGE)
        )
        for entry_id, fields in page:
            yield entry_id.decode(), fields
        if len(page) < PAGE:
            return
        start = f"({page[-1][0].decode()}"


def _letter(entry_id: str, fields: Mapping[bytes, Any]) -> DeadLetterRecord:
    return DeadLetterRecord(
        entry_id,
        fields[b"address"].decode(),
        fields[b"input"].decode(),
        fields[b"error"].decode(errors="replace"),
        fields[b"data"],
    )
