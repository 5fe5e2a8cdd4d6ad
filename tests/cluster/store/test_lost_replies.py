"""Any call of the Redis store whose reply is lost: it says that nobody knows, and the next one works."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from cluster.store.port import BEGINNING, CommitStatus, Incarnation, StoredSnapshot, StreamName
from cluster.store.redis_store import RedisStore, connect
from messages.base import CONTROL
from messages.control import StoreRenewed
from messages.errors import StoreUnavailableError
from tests.cluster.store.test_contract import envelope, section
from tests.samples import Ping

pytestmark = pytest.mark.integration

HERE = Incarnation("node", "boot", 1, 1)
URGENT = {StreamName.URGENT: BEGINNING}


class Line:
    """Between store and Redis: passes everything on, until told to cut off the answer of what comes next."""

    def __init__(self, path: Path, redis_url: str) -> None:
        parts = urlsplit(redis_url)
        self.url = redis_url.replace(parts.path, str(path))
        self._path, self._behind = path, parts.path
        self._lines: set[asyncio.StreamWriter] = set()
        self._works: set[asyncio.Task[None]] = set()
        self.cut = False

    async def __aenter__(self) -> Line:
        self._server = await asyncio.start_unix_server(self._serve, str(self._path))
        return self

    async def __aexit__(self, *error: object) -> None:
        self._server.close()
        for work in self._works:
            work.cancel()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_redis, to_redis = await asyncio.open_unix_connection(self._behind)
        back = asyncio.create_task(self._answers(from_redis, writer))
        self._works.add(back)
        while told := await reader.read(65_536):
            to_redis.write(told)
        to_redis.close()

    async def _answers(self, from_redis: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while told := await from_redis.read(65_536):
                if self.cut:
                    writer.write(told[: len(told) // 2])
                    break
                writer.write(told)
            writer.close()


Call = Callable[[RedisStore, int], Awaitable[Any]]

CALLS: dict[str, Call] = {
    "open": lambda store, epoch: store.open("g2"),
    "claim": lambda store, epoch: store.claim("other", HERE),
    "fence": lambda store, epoch: store.fence("other"),
    "load": lambda store, epoch: store.load("a"),
    "read": lambda store, epoch: store.read("a", URGENT, 10),
    "waiting read": lambda store, epoch: store.read("a", URGENT, 10, 10),
    "commit": lambda store, epoch: store.commit([section(epoch, 1)]),
    "where": lambda store, epoch: store.where("a"),
    "heartbeat": lambda store, epoch: store.heartbeat("a", epoch),
    "owe": lambda store, epoch: store.owe("a", epoch, 0),
    "save_snapshot": lambda store, epoch: store.save_snapshot("a", epoch, StoredSnapshot(1, b"s", "c" * 16)),
    "count_attempt": lambda store, epoch: store.count_attempt("a", "x"),
    "put_aside": lambda store, epoch: store.put_aside("a", "x", b"", "an error"),
    "leave": lambda store, epoch: store.leave("a", epoch, "shutdown"),
    "post": lambda store, epoch: store.post(envelope(Ping(number=1))),
    "renew": lambda store, epoch: store.renew(
        "g1", "g3", envelope(StoreRenewed(generation="g3"), sender="store", to=CONTROL)
    ),
    "status": lambda store, epoch: store.status(["a"]),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_lost_reply_leaves_everyone_in_doubt_and_nothing_behind(
    redis_url: str, tmp_path: Path, name: str
) -> None:
    async def test() -> None:
        async with asyncio.timeout(60), Line(tmp_path / "line", redis_url) as line:
            store = RedisStore(connect(line.url), f"lost-{name}")
            await store.open("g1")
            epoch = (await store.claim("a", HERE)).epoch
            line.cut = True
            with pytest.raises(StoreUnavailableError):
                await CALLS[name](store, epoch)
            line.cut = False
            assert (await store.where("a")).epoch == epoch
            await CALLS[name](store, epoch)
            await store.close()

    asyncio.run(test())


def test_the_commit_whose_reply_was_lost_has_happened_once(redis_url: str, tmp_path: Path) -> None:
    async def test() -> None:
        async with asyncio.timeout(60), Line(tmp_path / "line", redis_url) as line:
            store = RedisStore(connect(line.url), "lost-once")
            await store.open("g1")
            epoch = (await store.claim("a", HERE)).epoch
            step = section(epoch, 1, envelope(Ping(number=1)))
            line.cut = True
            with pytest.raises(StoreUnavailableError):
                await store.commit([step])
            line.cut = False
            assert (await store.where("a")).step == 1
            assert await store.commit([step]) == [CommitStatus.OUT_OF_STEP]
            assert len(await store.read("b", {StreamName.MAILBOX: BEGINNING}, 10)) == 1
            await store.close()

    asyncio.run(test())
