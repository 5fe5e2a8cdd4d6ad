"""A desk that is not there: journals in a real Redis, and the face that commands see of a running desk."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import msgspec
import redis

from cluster.steps.journal import JournalRecord, encode_record
from cluster.store.keys import Keys
from cluster.store.port import Incarnation
from cluster.store.redis_store import RedisStore, connect
from config import load_config
from messages.base import CONTROL, Address, Message
from tests.cluster.observe import stories
from tests.cluster.observe.stories import Journal

HERE = Incarnation("here", "boot", 4242, 1)
FAST = ("supervision.heartbeat_interval=10ms", "supervision.hang_timeout=5s")


class StoredDesk:
    """Writes what actors would have written; every command gets a `FakeDesk` on it."""

    def __init__(self, url: str, name: str) -> None:
        self.url = url
        self.name = name
        self.keys = Keys(name)
        self.loaded = load_config("synthetic", environ={}, overrides=(f"desk.name={name}", *FAST))
        self.posted: list[Message] = []
        self.on_post: Callable[[Message], None] = lambda message: None
        self.answers: dict[Address, Any] = {}
        self.asked: list[tuple[Any, ...]] = []
        self.stopped = self.closed = 0
        self.progress: Any = None
        self.ended = False
        self._client = redis.Redis.from_url(url)
        self._client.hset(self.keys.store, "generation", "g1")

    def hang_after(self, timeout: str) -> None:
        """Take an actor for dead after so long without a heartbeat."""
        overrides = (f"desk.name={self.name}", FAST[0], f"supervision.hang_timeout={timeout}")
        self.loaded = load_config("synthetic", environ={}, overrides=overrides)

    def write(self, journal: Journal) -> None:
        """Journal these records, and let their actors be known."""
        for address, record in journal:
            self.append(address, record)

    def append(self, address: Address, record: JournalRecord) -> None:
        """Journal one record."""
        self.claim(address, step=record.step)
        self._client.xadd(self.keys.journal(address), {"r": encode_record(record)}, id=f"{record.step}-0")

    def claim(self, address: Address, *, step: int = 0, left: str = "") -> None:
        """Let an actor be known, with a process of its own."""
        fields: dict[Any, Any] = {"epoch": 1, "step": step, "heartbeat": 1, "now": stories.T0}
        fields["incarnation"] = msgspec.json.encode(HERE)
        if left:
            fields["exit_reason"] = left
        self._client.hset(self.keys.actor(address), mapping=fields)
        self._client.sadd(self.keys.index, address)

    def beat(self, addresses: Sequence[Address]) -> None:
        """A sign of life of these actors."""
        for address in addresses:
            self._client.hincrby(self.keys.actor(address), "heartbeat", 1)

    def put_aside(self, address: Address, error: str) -> None:
        """A dead letter."""
        self._client.xadd(
            self.keys.dead_letters, {"address": address, "input": "k", "data": b"xyz", "error": error}
        )

    def close(self) -> None:
        """Let go of Redis."""
        self._client.close()


class FakeDesk:
    """What `cluster.desk.Desk` shows to commands; its actors give signs of life whenever it is looked at."""

    def __init__(self, stored: StoredDesk) -> None:
        self._stored = stored
        self.store = _LivingStore(stored)
        self.launch = SimpleNamespace(config=stored.loaded.config, config_hash=stored.loaded.hash)
        self.owner = SimpleNamespace(
            host="here",
            incarnation=HERE,
            since=stories.T0,
            speed="lockstep",
            config_hash=stored.loaded.hash,
            tree_up=True,
        )
        self.dashboard_url = "http://127.0.0.1:8265"

    async def addresses(self) -> list[Address]:
        """All actors."""
        return await self.store.addresses()

    async def progress(self) -> Any:
        """How far the session has come."""
        return self._stored.progress

    async def post(self, message: Message, to: Address = CONTROL) -> str:
        """Remember the message, and let the test answer it."""
        self._stored.posted.append(message)
        self._stored.on_post(message)
        return "operator#1"

    async def ask(self, address: Address, method: str, *arguments: Any) -> Any:
        """What the test has the process of this actor answer; None where it has none."""
        self._stored.asked.append((address, method, *arguments))
        return self._stored.answers.get(address)

    async def wait_until_end(self, timeout_s: float | None = None) -> bool:
        """Whether the test says that the session is over."""
        await asyncio.sleep(0.005)
        return self._stored.ended

    async def stop(self, *, drain: bool = True, timeout_s: float = 60.0) -> None:
        """Count it."""
        self._stored.stopped += 1

    async def close(self) -> None:
        """Count it, and let go of the store."""
        self._stored.closed += 1
        await self.store.close()


class _LivingStore(RedisStore):
    """A store whose actors' hearts beat when they are looked at, but for those in `silent`."""

    silent: tuple[Address, ...] = ()

    def __init__(self, stored: StoredDesk) -> None:
        super().__init__(connect(stored.url), stored.name)
        self._stored = stored

    async def status(self, addresses: Sequence[Address]) -> Any:
        self._stored.beat([address for address in addresses if address not in self.silent])
        return await super().status(addresses)


def unique_name() -> str:
    """A desk name that no other test has."""
    return f"cli{time.time_ns():x}"
