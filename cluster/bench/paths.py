"""Latency between processes: one durable hop, and strategy -> risk -> execution, each beside its bare floor.

Real path and floor take turns on one Redis, so that both see the same machine. A span begins where the strategy
decides, before its commit, and ends where the last actor holds the message, and where its commit is answered.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

from cluster.bench.bare import BareRole
from cluster.bench.crew import Crew, Member
from cluster.bench.figures import Figures, latencies
from cluster.bench.hosted import RequesterRole, RiskRole, TakerRole
from cluster.bench.workload import DESK, EXECUTION, RISK, opening_mail
from cluster.store.redis_store import RedisStore, connect
from messages.base import Envelope

FLOOR_DESK = "floor"


class PathPlan(msgspec.Struct, frozen=True):
    """How long to measure: rounds of real path and floor in turn, of `samples` decisions.

    Each begins `pause_s` after the one before has arrived.
    """

    rounds: int = 4
    samples: int = 250
    warm_up: int = 50
    pause_s: float = 0.001


class Spans(msgspec.Struct):
    """Samples in ns: from the decision to the message in hand, and to the answer of the last commit."""

    received: list[int] = []
    committed: list[int] = []

    def add(self, began: Sequence[int], received: Sequence[int], committed: Sequence[int]) -> None:
        """Take over what a path's `run` has returned."""
        self.received += [end - start for start, end in zip(began, received, strict=True)]
        self.committed += [end - start for start, end in zip(began, committed, strict=True)]


def measure_hop(url: str, folder: Path, plan: PathPlan) -> Figures:
    """One actor commits an intent, another one's host takes it."""
    return _measure(url, folder, plan, through_risk=False)


def measure_chain(url: str, folder: Path, plan: PathPlan) -> Figures:
    """Strategy -> risk -> execution: two hops, three commits, with the real risk actor in between."""
    return _measure(url, folder, plan, through_risk=True)


def prepare_risk(url: str) -> None:
    """Open risk's account and give it a mark, as the first mail of its desk."""
    now = time.time_ns()

    async def post() -> None:
        store = RedisStore(connect(url), DESK)
        try:
            generation = await store.open(DESK)
            for sender, message in opening_mail(generation, now):
                await store.post(Envelope(sender, 0, RISK, sender, sender, now, message))
        finally:
            await store.close()

    asyncio.run(post())


def _measure(url: str, folder: Path, plan: PathPlan, *, through_risk: bool) -> Figures:
    prepare_risk(url)
    with Crew(folder / "logs") as crew:
        finished, finish = crew.pipe()
        taker = crew.start("taker", TakerRole, url, str(folder), EXECUTION, finish)
        actors = [taker]
        if through_risk:
            actors.insert(0, crew.start("risk", RiskRole, url, str(folder)))
        first = RISK if through_risk else EXECUTION
        requester = crew.start("requester", RequesterRole, url, str(folder), first, finished)
        path = _RealPath(requester, taker)
        path.run(plan.warm_up, plan.pause_s)
        floor = floor_of(crew, url, [requester, *actors])
        floor.run(plan.warm_up, plan.pause_s)
        real, bare = Spans(), Spans()
        for _ in range(plan.rounds):
            real.add(*path.run(plan.samples, plan.pause_s))
            if through_risk:
                taker.ask("settle")
                time.sleep(plan.samples * 0.0005)  # risk lets go of its reservations
            bare.add(*floor.run(plan.samples, plan.pause_s))
    found = latencies("", real.received, bare.received)
    if through_risk:
        found |= latencies("committed_", real.committed, bare.committed)
    return {**found, "samples": len(real.received)}


Stamps = tuple[Sequence[int], Sequence[int], Sequence[int]]


class _RealPath:
    """The desk's own processes."""

    def __init__(self, requester: Member, taker: Member) -> None:
        self._requester = requester
        self._taker = taker
        self._sent = 0

    def run(self, samples: int, pause_s: float) -> Stamps:
        """One decision after the other; when each began, was received and was committed."""
        began = self._requester.ask("send_in_turn", samples, pause_s)
        self._sent += samples
        received, committed = self._taker.ask("taken", self._sent)
        return list(began.values()), [received[name] for name in began], [committed[name] for name in began]


class BarePath:
    """The same number of processes with plain clients; messages keep their order, so that places tell them apart."""

    def __init__(self, sender: Member, last: Member) -> None:
        self._sender = sender
        self._last = last
        self._sent = 0

    def run(self, samples: int, pause_s: float) -> Stamps:
        """See `_RealPath.run`."""
        began = self._sender.ask("send_in_turn", samples, pause_s)
        self._sent += samples
        received, committed = self._last.ask("taken", self._sent)
        return began, received[-samples:], committed[-samples:]


def floor_of(crew: Crew, url: str, actors: Sequence[Member]) -> BarePath:
    """One bare process per actor, which sends what that actor commits."""
    finished, finish = crew.pipe()
    pipes = [finished, *[None] * (len(actors) - 2), finish]
    calls = [actor.ask("commit_call", FLOOR_DESK, False) for actor in actors]
    members = [
        crew.start(f"bare-{actor.name}", BareRole, url, call, pipe is not finished, pipe)
        for actor, call, pipe in reversed(list(zip(actors, calls, pipes, strict=True)))
    ]
    return BarePath(members[-1], members[0])
