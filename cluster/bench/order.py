"""Quote at the feed to order at the socket: the whole desk's own way, over a real venue's protocol.

Exchange, strategy, risk and execution are processes of their own, on one Redis. The floor beside it is what three
durable commits and two hand-overs cost bare clients in the same run and at the same pace, for processes that have
slept wake up slowly; sockets, signing and decisions come on top.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from cluster.bench.crew import BenchError, Crew, Member
from cluster.bench.figures import Figures, latencies, percentile
from cluster.bench.order_desk import DESK
from cluster.bench.order_roles import (
    Commit,
    ExchangeRole,
    ExecutionRole,
    PortfolioRole,
    Seen,
    Sent,
    StrategyRole,
)
from cluster.bench.paths import PathPlan, Spans, floor_of
from cluster.store.redis_store import RedisStore, connect

HOPS = (
    "quote_to_decision",
    "hop_to_risk",
    "risk_decision",
    "hop_to_execution",
    "execution_decision",
    "placing_commit",
    "to_socket",
)
"""The parts of the way, in order: each ends where the next begins, and together they are all of it.

A hop is a commit and its hand-over: the receiver may hold the message before the sender has the commit's answer.
"""

Told = tuple[Seen, Commit, Sent, int]
"""One order, as strategy, risk, execution and exchange saw it."""

_ENOUGH = 0.9
"""Part of the orders whose quote must be known; fewer would not be a fair choice of them."""


def measure_order(url: str, folder: Path, plan: PathPlan) -> dict[str, Any]:
    """Market orders, one after the other, of a strategy that decides on a quote of the exchange's stream."""
    asyncio.run(_open_store(url))
    way, floor = _Way(), Spans()
    with Crew(folder / "logs") as crew:
        desk = _Desk(crew, url, folder)
        desk.trade(plan.warm_up, plan.pause_s)
        bare = floor_of(crew, url, desk.members)
        bare.run(plan.warm_up, plan.pause_s)
        for _ in range(plan.rounds):
            began = time.monotonic()
            way.add(desk.trade(plan.samples, plan.pause_s))
            floor.add(*bare.run(plan.samples, (time.monotonic() - began) / plan.samples))
    if len(way.totals) < _ENOUGH * plan.rounds * plan.samples:
        raise BenchError("the quotes of too many orders are not known", field="order", value=len(way.totals))
    return {**latencies("", way.totals, floor.committed), **way.figures(), "samples": len(way.totals)}


async def _open_store(url: str) -> None:
    store = RedisStore(connect(url), DESK)
    try:
        await store.open("b0")
    finally:
        await store.close()


class _Desk:
    """The desk's three processes on the way and the exchange at its end, ready to trade."""

    def __init__(self, crew: Crew, url: str, folder: Path) -> None:
        self._exchange = crew.start("exchange", ExchangeRole, url, str(folder))
        self._risk = crew.start("risk", PortfolioRole, url, str(folder))
        self._execution = crew.start("execution", ExecutionRole, url, str(folder))
        self._strategy = crew.start("strategy", StrategyRole, url, str(folder))
        self._strategy.ask("until_it_trades")

    @property
    def members(self) -> Sequence[Member]:
        """In the order of the way."""
        return self._strategy, self._risk, self._execution

    def trade(self, orders: int, pause_s: float) -> Iterable[Told]:
        """Trade, and bring together what each process saw of each intent."""
        seen = self._strategy.ask("trade", orders, pause_s)
        intents = [each.intent_id for each in seen]
        decided, sent = self._risk.ask("decided", intents), self._execution.ask("sent", intents)
        arrived = self._exchange.ask("arrivals", [each.order_id for each in sent])
        return zip(seen, decided, sent, arrived, strict=True)


class _Way:
    """Samples in ns: each hop, all of them together, and from the socket to the venue's answer."""

    def __init__(self) -> None:
        self.totals: list[int] = []
        self._hops: dict[str, list[int]] = {name: [] for name in HOPS}
        self._answers: list[int] = []

    def add(self, orders: Iterable[Told]) -> None:
        """Take over the moments of some orders. A request that the exchange has read was written before."""
        for seen, decided, sent, arrived in orders:
            written = min(sent.written, arrived)
            moments = (
                *(seen.received, seen.raised.asked),
                *(decided.mail, decided.asked),
                *(sent.placing.mail, sent.placing.asked, sent.placing.committed),
                written,
            )
            for name, began, ended in zip(HOPS, moments, moments[1:], strict=False):
                self._hops[name].append(ended - began)
            self.totals.append(written - seen.received)
            self._answers.append(sent.answered - written)

    def figures(self) -> dict[str, Figures]:
        """Each hop: median, 99th percentile, and its share of the whole way; the answer comes after it."""
        whole = sum(self.totals)
        found = {
            name: {**_spread(spans), "share": round(sum(spans) / whole, 3)}
            for name, spans in self._hops.items()
        }
        return {**found, "answer_after": _spread(self._answers)}


def _spread(spans: Sequence[int]) -> Figures:
    return {
        "p50_us": round(percentile(spans, 0.5) / 1e3, 1),
        "p99_us": round(percentile(spans, 0.99) / 1e3, 1),
    }
