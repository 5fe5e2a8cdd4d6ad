"""The raw floor: the same commits and waiting reads by plain redis-py, with no desk around them.

A commit is the desk's own script called with the very arguments of a real step, captured, so that payloads are equal
byte for byte; only the step number moves on. A read is XREAD BLOCK on the same three streams.
"""

from __future__ import annotations

import asyncio
import time
from importlib import resources
from multiprocessing.connection import Connection
from typing import Any

import msgspec

from cluster.bench.crew import BenchError
from cluster.bench.turns import Turns, tell_done
from cluster.store.keys import Keys
from cluster.store.packing import commit_call
from cluster.store.port import BEGINNING, Section, StreamName
from cluster.store.redis_store import connect
from messages.base import Address

_MAIL_AT_HAND = 1_000_000
"""How much mail a bare actor is made to have received, so that its captured commits may take as much as they do."""

_COUNT = 256
_WAIT_MS = 500


class CommitCall(msgspec.Struct, frozen=True):
    """One call of the commit script, for a step of `address` that took `inputs` inputs.

    `step_at` is where among the arguments the step's number stands.
    """

    address: Address
    desk: str
    epoch: int
    generation: str
    keys: tuple[Any, ...]
    arguments: tuple[Any, ...]
    step_at: int
    inputs: int


def capture_commit(section: Section, desk: str, capacity: int) -> CommitCall:
    """What the store would send to commit this section for `desk`, whose mailboxes hold `capacity`."""
    later = msgspec.structs.replace(section.position, step=section.position.step + 1)
    keys, arguments = commit_call(Keys(desk), capacity, [section])
    _, moved = commit_call(Keys(desk), capacity, [msgspec.structs.replace(section, position=later)])
    [step_at] = [place for place, pair in enumerate(zip(arguments, moved, strict=True)) if pair[0] != pair[1]]
    return CommitCall(
        section.address,
        desk,
        section.epoch,
        section.generation,
        tuple(keys),
        tuple(arguments),
        step_at,
        len(section.record.inputs),
    )


class BareRole:
    """A process that commits as one actor and reads its streams; `relays`: it commits once per `call.inputs` read.

    Time stamps are ns of this machine's monotonic clock, which all its processes share.
    """

    def __init__(self, url: str, call: CommitCall, relays: bool, pipe: Connection | None = None) -> None:
        self._pipe = pipe
        self._call = call
        self._keys = Keys(call.desk)
        self._relays = relays
        self._client = connect(url)
        self._waiting = connect(url)
        self._arguments = list(call.arguments)
        self._step = 0
        self._sha = ""
        self._reading: asyncio.Task[None] | None = None
        self.received: list[int] = []
        self.committed: list[int] = []

    async def open(self) -> None:
        """Load the script, own the actor, and begin to read if it relays."""
        call = self._call
        script = resources.files("cluster.store").joinpath("scripts", "commit.lua").read_text()
        self._sha = await self._client.script_load(script)
        await self._client.hset(self._keys.store, "generation", call.generation)
        owned: Any = {
            "epoch": call.epoch,
            "step": 0,
            "urgent.added": _MAIL_AT_HAND,
            "mailbox.added": _MAIL_AT_HAND,
        }
        await self._client.hset(self._keys.actor(call.address), mapping=owned)
        if self._relays:
            self._reading = asyncio.create_task(self._read())

    async def close(self) -> None:
        """Stop reading and let go of the connections."""
        if self._reading is not None:
            self._reading.cancel()
        await self._client.aclose()
        await self._waiting.aclose()

    async def send(self, steps: int) -> list[int]:
        """Commit `steps` times, as fast as it goes; returns when each began."""
        stamps = []
        for _ in range(steps):
            stamps.append(time.perf_counter_ns())
            await self._commit()
        return stamps

    async def send_in_turn(self, samples: int, pause_s: float) -> list[int]:
        """Commit one after the other, each `pause_s` seconds after the one before has arrived."""
        assert self._pipe is not None, "a path in turns needs a pipe"
        turns, stamps = Turns(self._pipe), []
        turns.open()
        for _ in range(samples):
            stamps.append(time.perf_counter_ns())
            await self._commit()
            await turns.done()
            await asyncio.sleep(pause_s)
        turns.close()
        return stamps

    async def taken(self, count: int) -> tuple[list[int], list[int]]:
        """When each message was read and when that was committed, once there are `count` of them in all."""
        while len(self.committed) < count:
            if self._reading is not None and self._reading.done():
                self._reading.result()
            await asyncio.sleep(0.002)
        return self.received, self.committed

    async def _commit(self) -> None:
        self._step += 1
        self._arguments[self._call.step_at] = self._step
        keys = self._call.keys
        answer = await self._client.evalsha(self._sha, len(keys), *keys, *self._arguments)
        if answer != [b"committed"]:
            raise BenchError("a bare commit was refused", field=self._call.address, value=answer)

    async def _read(self) -> None:
        address = self._call.address
        cursors: dict[Any, Any] = {self._keys.stream(address, name): BEGINNING for name in StreamName}
        per_commit = max(1, self._call.inputs)
        while True:
            answer: Any = await self._waiting.xread(cursors, count=_COUNT, block=_WAIT_MS)
            now, found = time.perf_counter_ns(), 0
            for stream, entries in answer or ():
                cursors[stream.decode()] = entries[-1][0]
                found += len(entries)
            self.received.extend([now] * found)
            while found > 0:
                await self._commit()
                some = min(found, per_commit)
                self.committed.extend([time.perf_counter_ns()] * some)
                tell_done(self._pipe)
                found -= some
