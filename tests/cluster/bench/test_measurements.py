"""Every measurement runs at a tiny size and finds plausible figures; how fast they are is no test's business."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from cluster.bench.lives import LivesPlan, measure_lives, proportional_memory_mb
from cluster.bench.paths import PathPlan, measure_chain, measure_hop
from cluster.bench.throughput import ThroughputPlan, decisions_per_second, measure_messages, measure_risk
from cluster.embedded_redis import EmbeddedRedis, RedisSettings

pytestmark = pytest.mark.integration

TINY_PATH = PathPlan(rounds=1, samples=10, warm_up=5, pause_s=0.0)
TINY_THROUGHPUT = ThroughputPlan(commits=3, messages=30, intents=300)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    redis = EmbeddedRedis(RedisSettings(str(tmp_path / "redis"), appendfsync="no"))
    yield redis.ensure_running()
    redis.stop()


def test_a_hop_is_measured_beside_bare_commits_and_reads(server: str, tmp_path: Path) -> None:
    found = measure_hop(server, tmp_path, TINY_PATH)
    assert found["samples"] == 10
    assert 0 < found["p50_us"] <= found["p99_us"]
    assert 0 < found["floor_p50_us"] <= found["floor_p99_us"]


@pytest.mark.long
def test_the_whole_way_ends_later_when_the_last_commit_counts(server: str, tmp_path: Path) -> None:
    found = measure_chain(server, tmp_path, TINY_PATH)
    assert 0 < found["p50_us"] < found["committed_p50_us"]
    assert 0 < found["floor_p50_us"] < found["committed_floor_p50_us"]


@pytest.mark.long
def test_messages_are_counted_per_batch_size(server: str, tmp_path: Path) -> None:
    found = measure_messages(server, tmp_path, TINY_THROUGHPUT)
    assert list(found) == ["batch_1", "batch_10", "batch_100"]
    assert all(figures["messages_per_s"] > 0 for figures in found.values())
    assert all(figures["floor_messages_per_s"] > 0 for figures in found.values())


def test_intents_go_through_the_real_risk_actor(server: str, tmp_path: Path) -> None:
    found = measure_risk(server, tmp_path, TINY_THROUGHPUT)
    assert found["intents_per_s"] > 0
    assert found["floor_intents_per_s"] > 0


def test_deciding_alone_is_measured_without_any_store(tmp_path: Path) -> None:
    assert decisions_per_second(tmp_path, 20) > 0


def test_memory_is_the_kernels_proportional_sum() -> None:
    assert proportional_memory_mb(os.getpid()) > 1


@pytest.mark.long
def test_recovery_start_and_memory_are_measured_beside_an_empty_actor(server: str, tmp_path: Path) -> None:
    plan = LivesPlan(kills=1, kinds=("risk", "strategy"), symbols=("ETH-USDT",))
    found = measure_lives(server, tmp_path, plan)
    assert set(found["recovery"]) == {"risk", "strategy"}
    assert all(figures["recovery_floor_p50_ms"] > 0 for figures in found["recovery"].values())
    assert found["strategy_actor"]["memory_p50_mb"] > found["strategy_actor"]["memory_floor_p50_mb"] > 0
