"""Two runtimes, one result: real processes on Ray and Redis in lockstep, and the simulator, order for order."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Sequence
from pathlib import Path

import pytest

from cluster.observe.fingerprint import fingerprint
from cluster.session_feed import replay_plan
from cluster.simulator.lockstep import LockstepDesk
from config.loader import LoadedConfig, load_config
from tests.chaos.desks import SECOND, session, settings

pytestmark = [pytest.mark.chaos, pytest.mark.parity]

RECORDED = Path(__file__).parents[2].parent / "shared" / "data" / "binance_raw_l2"


def test_a_synthetic_market_is_traded_alike(tmp_path: Path, ray_cluster: None) -> None:
    parts = {"duration": "8s"}
    loaded = settings(tmp_path, "alike", *(f"feed.synthetic.{name}={value}" for name, value in parts.items()))
    _require_parity(tmp_path, loaded, (), orders=15)


def test_a_recorded_market_is_traded_alike(tmp_path: Path, ray_cluster: None) -> None:
    recordings = [RECORDED / f"usdm_{listing}_20240808.gz" for listing in ("btcusdt", "ethusdt")]
    if not all(path.exists() for path in recordings):
        pytest.skip("skipped: no recorded data")
    data = [_beginning(path, tmp_path / path.name, 25 * SECOND) for path in recordings]
    loaded = load_config("replay", environ={}, overrides=["ray.dashboard=false", "metrics.enabled=false"])
    _require_parity(tmp_path, loaded, data, orders=15)


def _require_parity(tmp_path: Path, loaded: LoadedConfig, data: Sequence[Path], *, orders: int) -> None:
    simulated = LockstepDesk(loaded.config, replay_plan(loaded.config, data, tmp_path / "cache"))
    simulated.run()
    expected = simulated.projection()
    assert expected.orders.orders_seen >= orders
    real = asyncio.run(_on_ray(tmp_path / "desk", loaded, data))
    assert real == fingerprint(expected)


async def _on_ray(folder: Path, loaded: LoadedConfig, data: Sequence[Path]) -> str:
    async with session(folder, loaded, data=data) as desk:
        await desk.ended()
        return (await desk.outcome()).fingerprint


def _beginning(recording: Path, cut: Path, duration: int) -> Path:
    """The first `duration` ns of a raw stream, as a recording of its own."""
    with gzip.open(recording, "rb") as source, gzip.open(cut, "wb", compresslevel=1) as target:
        first: int | None = None
        for line in source:
            time = int(line.split(b" ", 1)[0])
            first = time if first is None else first
            if time > first + duration:
                break
            target.write(line)
    return cut
