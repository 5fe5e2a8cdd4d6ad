"""Two runtimes, one result: real processes on Ray and Redis in lockstep, and the simulator, order for order."""

from __future__ import annotations

import asyncio
import gzip
import os
import signal
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pytest

from cluster.observe.fingerprint import fingerprint
from cluster.session_feed import replay_plan
from cluster.simulator.lockstep import LockstepDesk
from config.loader import LoadedConfig, load_config
from tests.chaos.desks import PROFILE, SECOND, Outcome, Session, session, settings, until
from tests.chaos.sessions import settings_of_kills
from tests.chaos.strategies import STRONGEST

pytestmark = [pytest.mark.chaos, pytest.mark.parity]

RECORDED = Path(__file__).parents[2].parent / "shared" / "data" / "binance_raw_l2"


def test_a_synthetic_market_is_traded_alike(baseline: Outcome, tmp_path: Path) -> None:
    assert baseline.fingerprint == _simulated(tmp_path, settings_of_kills(tmp_path), (), orders=40)


def test_a_recorded_market_is_traded_alike(tmp_path: Path, ray_cluster: None) -> None:
    recordings = [RECORDED / f"usdm_{listing}_20240808.gz" for listing in ("btcusdt", "ethusdt")]
    if not all(path.exists() for path in recordings):
        pytest.skip("skipped: no recorded data")
    data = [_beginning(path, tmp_path / path.name, 25 * SECOND) for path in recordings]
    loaded = load_config("replay", environ={}, overrides=["ray.dashboard=false", "metrics.enabled=false"])
    expected = _simulated(tmp_path, loaded, data, orders=15)
    assert asyncio.run(_on_ray(tmp_path / "desk", loaded, data)) == expected


def test_a_group_beside_actors_of_its_symbols_is_traded_alike_also_when_it_is_killed(
    tmp_path: Path, ray_cluster: None
) -> None:
    synthetic = {**PROFILE["feed"]["synthetic"], "duration": "8s"}
    loaded = settings(
        tmp_path,
        "group",
        feed={**PROFILE["feed"], "synthetic": synthetic},
        strategies={**PROFILE["strategies"], "strongest": STRONGEST},
    )
    expected = _simulated(tmp_path, loaded, (), orders=20)
    assert asyncio.run(_on_ray(tmp_path / "desk", loaded, (), kill="strategy/strongest")) == expected


def _simulated(folder: Path, loaded: LoadedConfig, data: Sequence[Path], *, orders: int) -> str:
    """The fingerprint of the simulator's run, in which at least so many orders were seen."""
    desk = LockstepDesk(loaded.config, replay_plan(loaded.config, data, folder / "cache"))
    desk.run()
    expected = desk.projection()
    assert expected.orders.orders_seen >= orders
    return fingerprint(expected)


async def _on_ray(folder: Path, loaded: LoadedConfig, data: Sequence[Path], kill: str = "") -> str:
    async with session(folder, loaded, data=data) as desk:
        if kill:
            await until(partial(_has_stepped, desk, kill), 60, f"{kill} has decided a few times")
            pid = await desk.pid(kill)
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
        await desk.ended()
        return (await desk.outcome()).fingerprint


async def _has_stepped(desk: Session, address: str) -> bool:
    return (await desk.status(address)).step > 20


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
