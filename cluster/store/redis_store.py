"""The store in Redis: streams for mail and journals, one hash per actor, every change one Lua script."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any

import msgspec
import redis.asyncio as aioredis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from actors.base import Timer
from cluster.steps.journal import decode_record
from cluster.store.answering import answering
from cluster.store.commands import Commands, Script
from cluster.store.keys import Keys
from cluster.store.memory import refused_claim
from cluster.store.noticeboard import Noticeboard
from cluster.store.packing import commit_call, stream_of
from cluster.store.port import (
    BEGINNING,
    CLAIM_REFUSED,
    EARLIER_KEPT,
    ActorStatus,
    Claimed,
    CommitStatus,
    Entry,
    Incarnation,
    Loaded,
    Position,
    Section,
    StoredSnapshot,
    StreamName,
    Where,
)
from messages import codec
from messages.base import CONTROL, Address, Envelope
from messages.control import StoreRenewed

_PAGE = 2_000


def connect(url: str, *, timeout_s: float = 5.0) -> aioredis.Redis:
    """A client for `redis://` or `unix://` that never retries by itself: what is in doubt is for us to resolve.

    The password may stand in the URL. Nothing is sent before the first call.
    """
    return aioredis.Redis.from_url(
        url,
        socket_timeout=timeout_s,
        socket_connect_timeout=timeout_s,
        retry=Retry(NoBackoff(), 0),
        protocol=2,
        decode_responses=False,
        health_check_interval=0,
    )


class RedisStore(Noticeboard):
    """See the module docstring; the methods are those of `cluster.store.port.Store`, awaited.

    Scripts and the reading of mail go the short way (`Commands`), everything else through `client`.
    """

    def __init__(self, client: aioredis.Redis, desk: str, *, capacity: int = 10_000) -> None:
        self.client = client
        self.keys = Keys(desk)
        self.capacity = capacity
        self._commands = Commands(client.connection_pool)

    async def close(self) -> None:
        """Close all connections."""
        await self._commands.close()
        await self.client.aclose()

    async def open(self, generation: str) -> str:
        """See `Store.open`."""
        notice = Envelope("store", 0, CONTROL, "", "", 0, StoreRenewed(generation=generation))
        found = await self._run(
            "open", [self.keys.store, self.keys.control], [generation, codec.encode_envelope(notice)]
        )
        return _text(found)

    async def claim(
        self,
        address: Address,
        incarnation: Incarnation,
        parent: tuple[Address, int] | None = None,
        at_least: int = 0,
    ) -> Claimed:
        """See `Store.claim`."""
        keys = self.keys
        answer = await self._run(
            "claim",
            [keys.actor(address), keys.actor(parent[0] if parent else address), keys.store, keys.index],
            [
                address,
                msgspec.json.encode(incarnation),
                parent[1] if parent else "",
                at_least,
                EARLIER_KEPT,
                CLAIM_REFUSED,
            ],
        )
        if answer[0] == b"refused":
            assert parent is not None
            raise refused_claim(address, parent, int(answer[1]))
        _, epoch, generation, before, reason, deaths, earlier = answer
        return Claimed(
            int(epoch),
            _text(generation),
            _incarnation(before),
            _text(reason) or None,
            int(deaths),
            tuple(
                msgspec.json.decode(each, type=Incarnation)
                for each in msgspec.json.decode(earlier, type=list[str])
            ),
        )

    async def fence(self, address: Address) -> int:
        """See `Store.fence`."""
        with answering("fence"):
            return int(await self.client.hincrby(self.keys.actor(address), "epoch", 1))

    async def load(self, address: Address, steps_after: int | None = None) -> Loaded:
        """See `Store.load`. Raises `JournalCorruptError` for a damaged record."""
        keys = self.keys
        with answering("load"):
            fields = await self.client.hgetall(keys.actor(address))
            stored = await self.client.hgetall(keys.snapshots(address))
            timers = await self.client.hgetall(keys.timers(address))
        snapshots = sorted((_snapshot(step, data) for step, data in stored.items()), key=lambda s: -s.step)
        after = steps_after if steps_after is not None else min((s.step for s in snapshots), default=0)
        records = [
            decode_record(data, where=f"{keys.journal(address)} step {step}")
            async for step, data in self._journal(address, after)
        ]
        return Loaded(
            position_from(fields),
            _text(fields.get(b"digest", b"")) or None,
            tuple(snapshots),
            records,
            {_text(key): _timer(_text(key), data) for key, data in timers.items()},
        )

    async def _journal(self, address: Address, after: int) -> Any:
        """Pages of (step, record bytes) behind step `after`."""
        key, start = self.keys.journal(address), f"({after}-0"
        while True:
            with answering("load"):
                page = await self.client.xrange(key, min=start, max="+", count=_PAGE)
            for entry_id, fields in page:
                yield int(entry_id.split(b"-")[0]), fields[b"r"]
            if len(page) < _PAGE:
                return
            start = f"({_text(page[-1][0])}"

    async def read(
        self, address: Address, cursors: Mapping[StreamName, str], count: int, wait_ms: int | None = None
    ) -> list[Entry]:
        """See `Store.read`; with `wait_ms` it waits that long for the first entry."""
        names = {self.keys.stream(address, name): name for name in cursors}
        block = () if wait_ms is None else ("BLOCK", wait_ms)
        with answering("read"):
            answer = await self._commands.call(
                *("XREAD", "COUNT", count, *block, "STREAMS", *names, *cursors.values()),
                wait_s=(wait_ms or 0) / 1_000,
            )
        found = [
            Entry(names[stream.decode()], entry_id.decode(), data)
            for stream, entries in answer or ()
            for entry_id, (_, data) in entries  # the one field of an entry, `m`, and its value
        ]
        order = list(cursors)
        return sorted(found, key=lambda entry: order.index(entry.stream))

    async def commit(self, sections: Sequence[Section]) -> list[CommitStatus]:
        """See `Store.commit`."""
        keys, arguments = commit_call(self.keys, self.capacity, sections)
        answers = await self._run("commit", keys, arguments)
        return [CommitStatus(_text(answer)) for answer in answers]

    async def where(self, address: Address) -> Where:
        """See `Store.where`."""
        return await self.heartbeat(address, -1)

    async def heartbeat(self, address: Address, epoch: int) -> Where:
        """See `Store.heartbeat`."""
        stored = await self._run("heartbeat", [self.keys.actor(address), self.keys.store], [epoch])
        return Where(int(stored[0]), int(stored[1]), _text(stored[2]))

    async def owe(self, address: Address, epoch: int, outstanding: int) -> bool:
        """See `Store.owe`."""
        return bool(await self._run("owe", [self.keys.actor(address)], [epoch, outstanding]))

    async def save_snapshot(self, address: Address, epoch: int, snapshot: StoredSnapshot) -> bool:
        """See `Store.save_snapshot`."""
        data = snapshot.checksum.encode() + snapshot.data
        keys = [self.keys.actor(address), self.keys.snapshots(address)]
        return bool(await self._run("snapshot", keys, [epoch, snapshot.step, data]))

    async def count_attempt(self, address: Address, key: str) -> int:
        """See `Store.count_attempt`."""
        with answering("count_attempt"):
            return int(await self.client.hincrby(self.keys.attempts(address), key, 1))

    async def put_aside(self, address: Address, key: str, data: bytes, error: str) -> None:
        """See `Store.put_aside`."""
        with answering("put_aside"):
            await self.client.xadd(
                self.keys.dead_letters, {"address": address, "input": key, "data": data, "error": error}
            )

    async def leave(self, address: Address, epoch: int, reason: str) -> bool:
        """See `Store.leave`."""
        return bool(await self._run("leave", [self.keys.actor(address)], [epoch, reason]))

    async def post(self, envelope: Envelope) -> str:
        """See `Store.post`."""
        with answering("post"):
            sequence = int(await self.client.incr(self.keys.operator))
        numbered = Envelope(
            envelope.sender,
            sequence,
            envelope.recipient,
            envelope.cause,
            envelope.cycle,
            envelope.sent_at,
            envelope.message,
        )
        name = stream_of(numbered)
        keys = [self.keys.actor(numbered.recipient), self.keys.stream(numbered.recipient, name)]
        await self._run("post", keys, [name.value, codec.encode_envelope(numbered)])
        return numbered.id

    async def renew(self, old_generation: str, new_generation: str, notice: Envelope) -> str:
        """See `Store.renew`."""
        keys = [self.keys.store, self.keys.control]
        found = await self._run(
            "renew", keys, [old_generation, new_generation, codec.encode_envelope(notice)]
        )
        return _text(found)

    async def status(self, addresses: Sequence[Address]) -> list[ActorStatus]:
        """See `Store.status`."""
        keys = [self.keys.control]
        for address in addresses:
            keys += [self.keys.actor(address), self.keys.journal(address)]
        answer = await self._run("status", keys, [])
        return [
            _status(address, fields, answer[0]) for address, fields in zip(addresses, answer[1:], strict=True)
        ]

    async def addresses(self) -> list[Address]:
        """All actors that ever claimed, sorted."""
        with answering("addresses"):
            return sorted(_text(member) for member in await self.client.smembers(self.keys.index))

    async def _run(self, name: str, keys: Sequence[str], arguments: Sequence[Any]) -> Any:
        with answering(name):
            return await self._commands.run(_script(name), keys, arguments)


def position_from(fields: Mapping[bytes, bytes]) -> Position:
    """The position as the actor's hash tells it."""

    def number(name: bytes) -> int:
        return int(fields.get(name, b"0"))

    return Position(
        step=number(b"step"),
        now=number(b"now"),
        urgent=_text(fields.get(b"urgent", BEGINNING.encode())),
        control=_text(fields.get(b"control", BEGINNING.encode())),
        mailbox=_text(fields.get(b"mailbox", BEGINNING.encode())),
        sequence=number(b"sequence"),
        inputs=number(b"inputs"),
        outstanding=number(b"outstanding"),
        feed=number(b"feed"),
        venue=number(b"venue"),
    )


@cache
def _script(name: str) -> Script:
    return Script(resources.files("cluster.store").joinpath("scripts", f"{name}.lua").read_text())


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value


def _incarnation(data: bytes) -> Incarnation | None:
    return msgspec.json.decode(data, type=Incarnation) if data else None


def _snapshot(step: bytes, data: bytes) -> StoredSnapshot:
    return StoredSnapshot(int(step), data[16:], _text(data[:16]))


def _timer(key: str, data: bytes) -> Timer:
    due, message = codec.unpack(data)
    return Timer(key, due, codec.message_from_plain(message))


def _status(address: Address, fields: Sequence[bytes], control: bytes) -> ActorStatus:
    values = [_text(field) for field in fields]

    def number(index: int) -> int:
        return int(values[index] or 0)

    return ActorStatus(
        address=address,
        epoch=number(0),
        step=number(1),
        heartbeat=number(2),
        urgent_depth=number(3) - number(4),
        mailbox_depth=number(5) - number(6),
        control_behind=(values[7] or BEGINNING) != _text(control),
        outstanding=number(8),
        next_timer=int(values[9]) if values[9] else None,
        journal_length=number(14),
        incarnation=_incarnation(values[10].encode()),
        exit_reason=values[11] or None,
        digest=values[12] or None,
        now=number(13),
        venue=number(15),
    )
