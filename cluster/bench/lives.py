"""Starts, deaths and memory of real Ray processes, each beside an empty Ray actor that goes the same way.

An executor, as every supervisor has one, starts the processes and is told of their ends, in this process. A recovery
lasts from kill -9 to the answer that the successor has claimed, recovered and runs; the pause that a supervisor makes
before a restart is its policy and not in it.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from cluster.bench.crew import BenchError, Crew
from cluster.bench.empty import empty_class
from cluster.bench.figures import Figures, durations, percentile
from cluster.bench.workload import bench_launch
from cluster.host.clocks import PaceAnchor
from cluster.host.executor import Executor, ExecutorSettings
from cluster.host.handles import Handles
from cluster.host.launch import ChildLaunch, Launch
from cluster.host.lease import this_incarnation
from cluster.host.process import CONTROL_CALLS
from cluster.ray_session import RaySession
from cluster.session_feed import FeedPlan
from cluster.store.redis_store import RedisStore, connect
from messages.base import Address, Message
from messages.child_specs import ChildKind
from messages.supervision import ChildDown, ChildUp, StartChild

BENCH: Address = "supervisor/bench"
EMPTY: Address = "metrics"
"""The floor's process takes a place that nothing else has in this measurement."""

KINDS: dict[str, tuple[Address, ChildKind]] = {
    "paper_venue": ("venue/paper", ChildKind.SERVICE),
    "execution": ("execution/paper", ChildKind.ACTOR),
    "risk": ("risk", ChildKind.ACTOR),
    "strategy": ("strategy/BTC-USDT", ChildKind.ACTOR),
    "supervisor": ("supervisor/operations", ChildKind.SUPERVISOR),
}
"""One process of each kind, in the order in which they need each other."""

_DOWN_TIMEOUT_S = 30.0
_SETTLE_S = 0.5
_ANSWER_TIMEOUT_S = 600.0


class LivesPlan(msgspec.Struct, frozen=True):
    """How often each process is killed, which kinds are, and how many more symbols are started and weighed."""

    kills: int = 7
    kinds: tuple[str, ...] = tuple(KINDS)
    symbols: tuple[str, ...] = ("ETH-USDT", "SOL-USDT", "XRP-USDT")


class _EmptyHandles(Handles):
    """Starts empty processes wherever a desk's would be started."""

    def create(self, child: ChildLaunch, *, root: bool = False) -> Any:
        options = {
            "name": child.address,
            "namespace": self.namespace,
            "lifetime": "detached",
            "max_concurrency": 16,
        }
        return empty_class(CONTROL_CALLS).options(**options).remote(child.address)


class _Keeper:
    """An executor without its supervisor: starts and kills, and measures both."""

    def __init__(self, launch: Launch, store: RedisStore, handles: Handles, epoch: int) -> None:
        self._ends: asyncio.Queue[Message] = asyncio.Queue()
        self._attempts = 0
        self._pids: dict[Address, int] = {}
        self.starts: dict[Address, list[float]] = {}
        self.recoveries: dict[Address, list[float]] = {}

        async def end(effect: Any) -> None:
            """There is no supervisor to end."""

        self._executor = Executor(
            BENCH,
            launch,
            store,
            handles,
            epoch=lambda: epoch,
            may_act=lambda: True,
            signal=self._ends.put_nowait,
            end=end,
            settings=ExecutorSettings(),
        )
        self._store = store
        self._handles = handles

    async def start(self, address: Address, kind: ChildKind) -> None:
        """Start a process and wait until it runs."""
        began = time.perf_counter()
        await self._up(address, kind)
        self.starts.setdefault(address, []).append(time.perf_counter() - began)

    async def kill(self, address: Address, kind: ChildKind) -> None:
        """kill -9 it, and start it again once its end is known."""
        began = time.perf_counter()
        self._shoot(address)
        while True:
            told = await asyncio.wait_for(self._ends.get(), _DOWN_TIMEOUT_S)
            if isinstance(told, ChildDown) and told.child == address:
                break
        await self._up(address, kind)
        self.recoveries.setdefault(address, []).append(time.perf_counter() - began)

    def _shoot(self, address: Address) -> None:
        try:
            os.kill(self._pids[address], signal.SIGKILL)
        except ProcessLookupError:
            words = [getattr(told, "detail", "") for told in _drained(self._ends)]
            raise BenchError(
                "a process ended before it was killed", field=address, value="; ".join(words)
            ) from None

    async def _up(self, address: Address, kind: ChildKind) -> None:
        self._attempts += 1
        effect = StartChild(child=address, attempt=self._attempts, life=1, kind=kind, arguments={})
        answer = await self._executor.perform(effect, time.time_ns)
        if not isinstance(answer, ChildUp):
            raise BenchError(
                "a process did not start", field=address, value=getattr(answer, "detail", answer)
            )
        self._pids[address] = answer.pid

    def memory_mb(self, address: Address) -> float:
        """The part of this machine's memory that the process takes: its own pages and its share of common ones."""
        return proportional_memory_mb(self._pids[address])

    async def end_all(self) -> None:
        """End every process that was started."""
        for address in reversed(self._pids):
            [status] = await self._store.status([address])
            await self._handles.end(address, status.incarnation)


def _drained(queue: asyncio.Queue[Message]) -> list[Message]:
    return [queue.get_nowait() for _ in range(queue.qsize())]


def proportional_memory_mb(pid: int) -> float:
    """PSS of a process in MB, from the kernel's own sum."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return round(int(line.split()[1]) / 1024, 1)
    raise BenchError("the kernel does not tell the process's memory", field="pid", value=pid)


def measure_lives(url: str, folder: Path, plan: LivesPlan) -> dict[str, Any]:
    """Recovery by kind of actor, and start time and memory of strategy actors, on a Ray cluster of its own."""
    with Crew(folder / "logs", answer_timeout_s=_ANSWER_TIMEOUT_S) as crew:
        keeper = crew.start("keeper", _KeeperRole, url, str(folder))
        measured: dict[str, Any] = keeper.ask("measure", plan)
    return measured


class _KeeperRole:
    """The process that Ray belongs to: one of its own, for Ray writes of every death to its output."""

    def __init__(self, url: str, folder: str) -> None:
        self._launch = bench_launch(url, Path(folder))
        self._session: RaySession | None = None

    async def open(self) -> None:
        """Start a Ray cluster, and say when the market begins: now."""
        config = self._launch.config
        self._session = RaySession.open(config, os.environ)
        now = time.time_ns()
        feed = FeedPlan(start=now, slice_ns=config.feed.slice, anchor=PaceAnchor(now, now, 1.0))
        self._launch = msgspec.structs.replace(self._launch, feed=feed, ray_address=self._session.address)

    async def measure(self, plan: LivesPlan) -> dict[str, Any]:
        """Everything there is to measure."""
        return await _measure(self._launch, plan)

    async def close(self) -> None:
        """End the cluster."""
        if self._session is not None:
            self._session.stop()


async def _measure(launch: Launch, plan: LivesPlan) -> dict[str, Any]:
    store = RedisStore(connect(launch.redis_url), launch.desk)
    await store.open("bench")
    epoch = (await store.claim(BENCH, this_incarnation(BENCH))).epoch
    real = _Keeper(launch, store, Handles(launch.namespace), epoch)
    floor = _Keeper(launch, store, _EmptyHandles(launch.namespace), epoch)
    try:
        for address, kind in KINDS.values():
            await real.start(address, kind)
        await floor.start(EMPTY, ChildKind.SERVICE)
        recovery = await _recoveries(real, floor, plan)
        return {"recovery": recovery, "strategy_actor": await _starts(real, floor, plan)}
    finally:
        await real.end_all()
        await floor.end_all()
        await store.close()


async def _recoveries(real: _Keeper, floor: _Keeper, plan: LivesPlan) -> dict[str, Figures]:
    """Kill each kind in turn, and the empty actor with each of them."""
    for _ in range(plan.kills):
        for name in plan.kinds:
            address, kind = KINDS[name]
            await real.kill(address, kind)
            await asyncio.sleep(_SETTLE_S)
        await floor.kill(EMPTY, ChildKind.SERVICE)
        await asyncio.sleep(_SETTLE_S)
    empty = floor.recoveries[EMPTY]
    return {
        name: durations("recovery", real.recoveries[KINDS[name][0]], empty) | {"kills": plan.kills}
        for name in plan.kinds
    }


async def _starts(real: _Keeper, floor: _Keeper, plan: LivesPlan) -> Figures:
    """Start strategy actors and empty ones in turn; weigh all of them when they have been at work for a moment."""
    strategies = [f"strategy/{symbol}" for symbol in plan.symbols]
    empties = [f"{EMPTY}/{symbol}" for symbol in plan.symbols]
    for strategy, empty in zip(strategies, empties, strict=True):
        await real.start(strategy, ChildKind.ACTOR)
        await floor.start(empty, ChildKind.SERVICE)
    await asyncio.sleep(2 * _SETTLE_S)
    started = [span for address in strategies for span in real.starts[address]]
    floor_started = [span for address in empties for span in floor.starts[address]]
    found = durations("start", started, floor_started)
    return {**found, **_memory(real, strategies, floor, empties), "actors": len(strategies)}


def _memory(real: _Keeper, strategies: Sequence[str], floor: _Keeper, empties: Sequence[str]) -> Figures:
    weight = percentile([real.memory_mb(address) for address in strategies], 0.5)
    floor_weight = percentile([floor.memory_mb(address) for address in empties], 0.5)
    return {
        "memory_p50_mb": weight,
        "memory_floor_p50_mb": floor_weight,
        "memory_above_floor_mb": round(weight - floor_weight, 1),
    }
