"""Runs the measurements that were asked for, each on a Redis of its own; says which figures reach what is aimed at."""

from __future__ import annotations

import os
import platform
import tempfile
from collections.abc import Callable, Sequence
from importlib.util import cache_from_source
from pathlib import Path
from typing import Any

import msgspec

from cluster.bench.backtests.runs import measure_backtests
from cluster.bench.backtests.scenarios import SCENARIOS
from cluster.bench.crew import BenchError
from cluster.bench.feed import FeedPlan, measure_feed
from cluster.bench.figures import flatten
from cluster.bench.lives import LivesPlan, measure_lives
from cluster.bench.order import measure_order
from cluster.bench.paths import PathPlan, measure_chain, measure_hop
from cluster.bench.pipeline import PipelinePlan, measure_pipeline
from cluster.bench.risk import AllChecksPlan, measure_all_checks
from cluster.bench.throughput import ThroughputPlan, measure_messages, measure_risk
from cluster.embedded_redis import EmbeddedRedis, RedisSettings
from cluster.simulator.stub_backtest import measure as measure_stub

FSYNC = ("always", "everysec")

Measure = Callable[[str, Path, "BenchPlan"], dict[str, Any]]


class BenchPlan(msgspec.Struct, frozen=True):
    """How much of each is measured."""

    path: PathPlan = PathPlan()
    throughput: ThroughputPlan = ThroughputPlan()
    lives: LivesPlan = LivesPlan()
    feed: FeedPlan = FeedPlan()
    order: PathPlan = PathPlan(samples=150, warm_up=40)
    pipeline: PipelinePlan = PipelinePlan()
    all_checks: AllChecksPlan = AllChecksPlan()


FULL = BenchPlan()
QUICK = BenchPlan(
    PathPlan(rounds=2, samples=100, warm_up=20),
    ThroughputPlan(commits=50, messages=1_000, intents=2_000),
    LivesPlan(kills=1),
    FeedPlan(frames=20_000, rounds=2),
    PathPlan(rounds=2, samples=50, warm_up=20),
    PipelinePlan(one=200, thousand=20),
    AllChecksPlan(decisions=1_000, samples=60, intents=1_000),
)


class Aim(msgspec.Struct, frozen=True):
    """What a figure should reach: at most `most`, or at least `least`; `figure` is its dotted name in the result."""

    figure: str
    says: str
    most: float | None = None
    least: float | None = None

    def met(self, found: float) -> bool:
        """Whether it does."""
        return (self.most is None or found <= self.most) and (self.least is None or found >= self.least)


_BACKTEST_AIMS = (
    ("ema", "callbacks_per_s", 400_000, "400,000 quotes/s through an EMA cross, 1 % of them orders"),
    ("bars", "callbacks_per_s", 100_000, "100,000 bars/s through an EMA cross, 9 % of them orders"),
    ("market_per_quote", "orders_per_s", 11_000, "11,000 market orders/s"),
    ("limit_cancel", "orders_per_s", 20_000, "20,000 limit orders with their cancels/s"),
)

AIMS = (
    *(
        Aim(f"{path}.{fsync}.p50_ratio_to_floor", "median within twice the raw floor", most=2.0)
        for path in ("hop", "chain")
        for fsync in FSYNC
    ),
    Aim("order.everysec.p50_us", "quote to order within 1.5 ms in the median", most=1_500),
    Aim("order.everysec.p99_us", "and within 6 ms but for one in a hundred", most=6_000),
    *(Aim(f"risk.{fsync}.intents_per_s", "5,000 intents/s through risk", least=5_000) for fsync in FSYNC),
    Aim(
        "risk.all_checks.intents_per_s",
        "10,000 intents/s with all checks on a thousand symbols",
        least=10_000,
    ),
    Aim("risk.all_checks.own_p99_us", "and 0.3 ms of risk's own work but for one in a hundred", most=300),
    *(
        Aim(f"recovery.{kind}.recovery_above_floor_ms", "no more than 200 ms above an empty actor", most=200)
        for kind in ("strategy", "risk", "execution")
    ),
    Aim("feed.decode.frames_per_s", "800,000 frames/s decoded", least=800_000),
    Aim("feed.book.frames_per_s", "150,000 frames/s with the book applied", least=150_000),
    Aim("pipeline.one.decision_p50_us", "a decision on one symbol within 300 µs", most=300),
    Aim("pipeline.thousand.decision_per_symbol_us", "5 µs a symbol for a thousand in one call", most=5),
    *(Aim(f"backtest.{name}.{figure}", says, least=least) for name, figure, least, says in _BACKTEST_AIMS),
    *(Aim(f"backtest.{name}.peak_mb", "at most 250 MB", most=250) for name in SCENARIOS),
    *(
        Aim(f"backtest.{name}.last_to_first_quarter", "no dearer in the end than in the beginning", most=1.15)
        for name in SCENARIOS
    ),
)

_BY_FSYNC: dict[str, Measure] = {
    "hop": lambda url, folder, plan: measure_hop(url, folder, plan.path),
    "chain": lambda url, folder, plan: measure_chain(url, folder, plan.path),
    "order": lambda url, folder, plan: measure_order(url, folder, plan.order),
    "messages": lambda url, folder, plan: measure_messages(url, folder, plan.throughput),
    "risk": lambda url, folder, plan: measure_risk(url, folder, plan.throughput),
}
"""Measured under both fsync settings."""

SECTIONS = (*_BY_FSYNC, "recovery", "feed", "pipeline", "backtest")
"""What can be asked for. `recovery` includes start time and memory per symbol."""


def run_bench(
    sections: Sequence[str] = SECTIONS,
    *,
    quick: bool = False,
    scenarios: Sequence[str] = (),
) -> dict[str, Any]:
    """Measure on this machine; plain numbers with their units in the keys, nested by section.

    `quick` measures little of everything; `scenarios` are those of the backtest, all when none is named. Raises
    `BenchError` for an unknown section or scenario, and for a measurement that fails.
    """
    unknown = [name for name in sections if name not in SECTIONS]
    if unknown:
        raise BenchError(
            "no such section",
            field="bench",
            value=", ".join(unknown),
            remedy=f"choose of {', '.join(SECTIONS)}",
        )
    plan = QUICK if quick else FULL
    result: dict[str, Any] = {"machine": _machine(), "quick": quick}
    for name in sections:
        if name in _BY_FSYNC:
            result[name] = {fsync: _on_redis(fsync, _BY_FSYNC[name], plan) for fsync in FSYNC}
            if name == "risk":
                result[name]["all_checks"] = _on_redis("everysec", _all_checks, plan)
        elif name == "recovery":
            result |= _lives(plan)
        elif name == "feed":
            result[name] = measure_feed(plan.feed)
        elif name == "pipeline":
            result[name] = measure_pipeline(plan.pipeline)
        else:
            result |= _backtest(scenarios, quick)
    result["aims"] = _aims(result)
    return result


def _on_redis(fsync: str, measure: Measure, plan: BenchPlan) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="raydesk-bench-") as name:
        folder = Path(name)
        server = EmbeddedRedis(RedisSettings(str(folder / "redis"), appendfsync=fsync))
        try:
            return measure(server.ensure_running(), folder, plan)
        finally:
            server.stop()


def _all_checks(url: str, folder: Path, plan: BenchPlan) -> dict[str, Any]:
    """A thousand symbols and every check."""
    return measure_all_checks(url, folder, plan.all_checks)


def _lives(plan: BenchPlan) -> dict[str, Any]:
    """Recoveries and starts on the default store, which flushes always."""
    return _on_redis("always", lambda url, folder, plan: measure_lives(url, folder, plan.lives), plan)


def _backtest(scenarios: Sequence[str], quick: bool) -> dict[str, Any]:
    """The whole desk in one process, and beside it the step machine alone, with actors that do next to nothing."""
    found = measure_backtests(scenarios or tuple(SCENARIOS), quick=quick)
    return {"backtest": found if scenarios else {**found, "step_machine": measure_stub()}}


def _machine() -> dict[str, Any]:
    """What the figures are of. The load tells whether the machine was this measurement's own.

    `bytecode` says whether modules were compiled ahead; else every process compiles its own at each start, which adds
    to recoveries (see `make setup`).
    """
    return {
        "cpus": os.cpu_count(),
        "load_1min": round(os.getloadavg()[0], 2),
        "system": platform.platform(),
        "python": platform.python_version(),
        "bytecode": Path(cache_from_source(__file__)).exists(),
    }


def _aims(result: dict[str, Any]) -> list[dict[str, Any]]:
    figures = flatten(result)
    return [
        {
            "figure": aim.figure,
            "aim": aim.says,
            "found": figures[aim.figure],
            "met": aim.met(figures[aim.figure]),
        }
        for aim in AIMS
        if aim.figure in figures
    ]
