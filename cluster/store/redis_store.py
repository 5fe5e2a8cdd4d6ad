"""The store in Redis: streams for mail and journals, one hash per actor, every change one Lua script."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Any

import msgspec
import redis.asyncio as aioredis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from actors.base import Timer
from cluster.steps.journal import decode_record, encode_record
from cluster.store.answering import answering
from cluster.store.keys import Keys
from cluster.store.memory import refusal, refused_claim
from cluster.store.noticeboard import Noticeboard
from cluster.store.port import (
    BEGINNING,
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

    `client` serves everything but waiting reads, which need a connection of their own (`wait_client`).
    """

    def __init__(
        self,
        client: aioredis.Redis,
        desk: str,
        *,
        capacity: int = 10_000,
        wait_client: aioredis.Redis | None = None,
    ) -> None:
        self.client = client
        self.wait_client = wait_client or client
        self.keys = Keys(desk)
        self.capacity = capacity
        self._scripts = {
            name: client.register_script(_script(name))
            for name in (
                "commit",
                "claim",
                "heartbeat",
                "owe",
                "snapshot",
                "leave",
                "renew",
                "post",
                "open",
                "status",
                "lock",
            )
        }

    async def close(self) -> None:
        """Close both connections."""
        await self.client.aclose()
        if self.wait_client is not self.client:
            await self.wait_client.aclose()

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
            [address, msgspec.json.encode(incarnation), parent[1] if parent else "", at_least, EARLIER_KEPT],
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
        streams: dict[Any, Any] = {
            self.keys.stream(address, name): cursor for name, cursor in cursors.items()
        }
        client = self.client if wait_ms is None else self.wait_client
        with answering("read"):
            answer = await client.xread(streams, count=count, block=wait_ms)
        found = [
            Entry(names[_text(stream)], _text(entry_id), fields[b"m"])
            for stream, entries in answer or ()
            for entry_id, fields in entries
        ]
        order = list(cursors)
        return sorted(found, key=lambda entry: order.index(entry.stream))

    async def commit(self, sections: Sequence[Section]) -> list[CommitStatus]:
        """See `Store.commit`."""
        keys: list[str] = [self.keys.store]
        arguments: list[Any] = [self.capacity, len(sections)]
        for section in sections:
            self._pack(section, keys, arguments)
        answers = await self._run("commit", keys, arguments)
        return [CommitStatus(_text(answer)) for answer in answers]

    def _pack(self, section: Section, keys: list[str], arguments: list[Any]) -> None:
        names, address, position = self.keys, section.address, section.position
        keys += [
            names.actor(address),
            names.journal(address),
            names.timers(address),
            names.stream(address, StreamName.URGENT),
            names.stream(address, StreamName.MAILBOX),
        ]
        arguments += [section.epoch, position.step, section.generation, encode_record(section.record)]
        _counted(arguments, _position_fields(section))
        _counted(
            arguments,
            [part for timer in section.timers.values() for part in (timer.key, _timer_bytes(timer))],
        )
        _counted(arguments, section.cancelled_timers)
        arguments += [section.taken_urgent, section.taken_mailbox]
        trim = section.trim
        _counted(arguments, [trim.journal, trim.urgent, trim.mailbox] if trim else [])
        arguments.append(len(section.envelopes))
        encoded = section.encoded
        if encoded is None:
            encoded = [codec.encode_envelope(envelope) for envelope in section.envelopes]
        for envelope, data in zip(section.envelopes, encoded, strict=True):
            name = stream_of(envelope)
            keys += [names.actor(envelope.recipient), names.stream(envelope.recipient, name)]
            refusable = type(envelope.message).refusable
            arguments += [
                name.value,
                data,
                codec.encode_envelope(refusal(envelope)) if refusable else b"",
            ]

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
            return await self._scripts[name](keys=keys, args=arguments)


def stream_of(envelope: Envelope) -> StreamName:
    """Which stream of its recipient a message goes to."""
    if envelope.recipient == CONTROL:
        return StreamName.CONTROL
    return StreamName.URGENT if type(envelope.message).urgent else StreamName.MAILBOX


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


def _position_fields(section: Section) -> list[Any]:
    fields: list[Any] = []
    for name in Position.__struct_fields__:
        if name != "step":
            fields += [name, getattr(section.position, name)]
    fields += ["next_timer", "" if section.next_timer is None else section.next_timer]
    if section.record.digest is not None:
        fields += ["digest", section.record.digest]
    return fields


def _counted(arguments: list[Any], values: Sequence[Any]) -> None:
    arguments.append(len(values))
    arguments.extend(values)


def _script(name: str) -> str:
    return resources.files("cluster.store").joinpath("scripts", f"{name}.lua").read_text()


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value


def _incarnation(data: bytes) -> Incarnation | None:
    return msgspec.json.decode(data, type=Incarnation) if data else None


def _snapshot(step: bytes, data: bytes) -> StoredSnapshot:
    return StoredSnapshot(int(step), data[16:], _text(data[:16]))


def _timer_bytes(timer: Timer) -> bytes:
    return codec.pack([timer.due, codec.message_to_plain(timer.message)])


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
