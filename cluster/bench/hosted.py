"""Roles with the desk's own machinery: a real `ActorHost` around a stand-in or the real risk actor."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from actors.base import Actor
from cluster.bench.bare import CommitCall, capture_commit
from cluster.bench.crew import BenchError
from cluster.bench.turns import Turns, tell_done
from cluster.bench.workload import (
    CAPACITY,
    DESK,
    RISK,
    BenchAsk,
    BenchSettle,
    Requester,
    Taker,
    bench_launch,
)
from cluster.host import settings_map
from cluster.host.actor_host import ActorHost, HostSettings
from cluster.host.clocks import PacedClock
from cluster.host.garbage import spare_what_is_loaded
from cluster.host.launch import ChildLaunch, Launch
from cluster.host.lease import this_incarnation
from cluster.steps.journal import InputKind
from cluster.steps.machine import StepMachine
from cluster.steps.requests import Report
from cluster.store.port import Section
from cluster.store.redis_store import RedisStore, connect
from messages.base import Address
from messages.errors import DeskError
from messages.supervision import ExitReason


class Hosted:
    """A host at work in this process; keeps what it committed, for that is what its floor sends."""

    def __init__(self, url: str, folder: str) -> None:
        self.url = url
        self.folder = Path(folder)
        self.steps: list[tuple[int, int]] = []
        self._fullest: Section | None = None
        self._latest_of_one: Section | None = None
        self._host: ActorHost | None = None
        self._life: asyncio.Task[ExitReason] | None = None

    async def make_host(self) -> ActorHost:
        """The host to run; every role has its own."""
        raise NotImplementedError

    @property
    def host(self) -> ActorHost:
        """The running host."""
        assert self._host is not None, "open() comes first"
        return self._host

    async def open(self) -> None:
        """Start the host and wait until it is ready."""
        self._host = await self.make_host()
        inner = self._host.report

        def report(told: Report) -> None:
            inner(told)
            if told.level == "step":
                self._committed(told.fields["section"])

        self._host.report = report
        self._life = asyncio.create_task(self._host.run())
        await self._unless_it_ends(self._host.ready.wait())

    async def close(self) -> None:
        """Stop the host."""
        if self._host is not None and self._life is not None:
            self._host.stop()
            await asyncio.wait({self._life}, timeout=3.0)
            await self._host.store.close()

    def _committed(self, section: Section) -> None:
        inputs = len(section.record.inputs)
        self.steps.append((time.perf_counter_ns(), inputs))
        if inputs == 1 and section.record.inputs[0].kind is not InputKind.CONTROL:
            self._latest_of_one = section
        if self._fullest is None or inputs >= len(self._fullest.record.inputs):
            self._fullest = section

    async def commit_call(self, desk: str, fullest: bool) -> CommitCall:
        """A commit made here, as it would be sent for another desk of the same Redis: the one with the most inputs,
        or the latest with one, which is of the load.
        """
        chosen = self._fullest if fullest else self._latest_of_one
        if chosen is None:
            raise BenchError("no such step was committed", field=self.host.machine.address)
        return capture_commit(chosen, desk, CAPACITY)

    async def committed_inputs(self, count: int) -> list[tuple[int, int]]:
        """(time, number of inputs) of every step, once there are `count` inputs in all."""
        await self.until(lambda: sum(inputs for _, inputs in self.steps) >= count)
        return self.steps

    async def until(self, reached: Callable[[], bool]) -> None:
        """Wait until something has come true; raises what ended the host meanwhile."""

        async def wait() -> None:
            while not reached():
                await asyncio.sleep(0.002)

        await self._unless_it_ends(wait())

    async def _unless_it_ends(self, work: Any) -> None:
        assert self._life is not None
        waiting = asyncio.ensure_future(work)
        await asyncio.wait({waiting, self._life}, return_when=asyncio.FIRST_COMPLETED)
        if not waiting.done():
            waiting.cancel()
            error = self._life.exception()
            detail = str(error) if isinstance(error, DeskError) else repr(error)
            raise BenchError(f"the host ended: {detail}", field=self.host.machine.address)


class StandInRole(Hosted):
    """Hosts a stand-in; `batch` inputs at most go into one of its steps."""

    def __init__(self, url: str, folder: str, batch: int) -> None:
        super().__init__(url, folder)
        self._batch = batch

    def make_actor(self) -> Actor[Any]:
        """The stand-in."""
        raise NotImplementedError

    async def make_host(self) -> ActorHost:
        """A host with the desk's own settings of steps."""
        actor = self.make_actor()
        config = bench_launch(self.url, self.folder).config
        machine = StepMachine(
            actor, this_incarnation(actor.address), settings_map.step_settings(config), seed=config.desk.seed
        )
        store = RedisStore(connect(self.url), DESK, capacity=CAPACITY)
        settings = HostSettings(batch=self._batch, lease_s=60.0)
        return ActorHost(machine, store, clock=PacedClock.live(), settings=settings)


class RequesterRole(StandInRole):
    """The strategy's stand-in; its intents go to `recipient`."""

    def __init__(self, url: str, folder: str, recipient: Address, pipe: Connection | None = None) -> None:
        super().__init__(url, folder, batch=1)
        self._requester = Requester(recipient, time.perf_counter_ns)
        self._turns = Turns(pipe) if pipe is not None else None
        self._decided = 0

    def make_actor(self) -> Requester:
        """See `StandInRole.make_actor`."""
        return self._requester

    def _committed(self, section: Section) -> None:
        super()._committed(section)
        self._decided += section.record.inputs[0].kind is InputKind.SIGNAL

    async def send(self, steps: int, messages: int) -> dict[str, int]:
        """Take `steps` decisions of `messages` intents each, as fast as it goes.

        Returns when each intent was decided on, once all are committed.
        """
        known, goal = set(self._requester.stamps), self._decided + steps
        for _ in range(steps):
            self.host.intake.signal(BenchAsk(messages))
        await self.until(lambda: self._decided >= goal)
        return self._since(known)

    async def send_in_turn(self, samples: int, pause_s: float) -> dict[str, int]:
        """Decide on one intent after the other, each `pause_s` seconds after the one before has arrived.

        Returns when each was decided on.
        """
        assert self._turns is not None, "a path in turns needs a pipe"
        known = set(self._requester.stamps)
        self._turns.open()
        for _ in range(samples):
            self.host.intake.signal(BenchAsk())
            await self._unless_it_ends(self._turns.done())
            await asyncio.sleep(pause_s)
        self._turns.close()
        return self._since(known)

    def _since(self, known: set[str]) -> dict[str, int]:
        if self._requester.refusals:
            raise BenchError("part of the load was refused", value=self._requester.refusals[0])
        return {name: stamp for name, stamp in self._requester.stamps.items() if name not in known}


class TakerRole(StandInRole):
    """The stand-in at the end of a path."""

    def __init__(self, url: str, folder: str, address: Address, pipe: Connection | None = None) -> None:
        super().__init__(url, folder, batch=HostSettings().batch)
        self._pipe = pipe
        self._taker = Taker(address, time.perf_counter_ns)
        self._committed_at: dict[str, int] = {}

    def make_actor(self) -> Taker:
        """See `StandInRole.make_actor`."""
        return self._taker

    def _committed(self, section: Section) -> None:
        super()._committed(section)
        now = time.perf_counter_ns()
        for event in section.record.events:
            intent_id = getattr(event, "intent_id", None)
            if intent_id is not None:
                self._committed_at[intent_id] = now
                tell_done(self._pipe)

    async def taken(self, count: int) -> tuple[dict[str, int], dict[str, int]]:
        """When each intent was taken and when that was committed, once there are `count` of them in all."""
        await self.until(lambda: len(self._committed_at) >= count)
        return self._taker.stamps, self._committed_at

    async def settle(self) -> None:
        """Report everything taken as ended."""
        goal = len(self.steps) + 1
        self.host.intake.signal(BenchSettle())
        await self.until(lambda: len(self.steps) >= goal)


class RiskRole(Hosted):
    """The real risk actor, put together as on a desk."""

    def launch(self) -> Launch:
        """The desk it belongs to."""
        return bench_launch(self.url, self.folder)

    async def make_host(self) -> ActorHost:
        """What a desk's risk process runs."""
        from cluster.host.assembly import assemble
        from cluster.host.process_spec import process_spec

        host = await assemble(process_spec(ChildLaunch(self.launch(), RISK, "actor", {}, None)))
        assert isinstance(host, ActorHost)
        spare_what_is_loaded()  # as a desk's processes do
        return host
