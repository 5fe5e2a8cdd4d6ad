"""Replay on the real stack: what killed processes left in Redis comes out of the actors again, bit for bit."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest

from cluster.replaying.cast import Cast
from cluster.replaying.export_file import read_export, write_export
from cluster.replaying.parity import run_recorded
from cluster.replaying.recorded import Recorded
from cluster.replaying.replay import replay
from cluster.replaying.settings import restored
from cluster.replaying.stored import header_of, read_recorded
from tests.chaos.desks import (
    BTC,
    ETH,
    EXECUTION,
    PROFILE,
    RISK,
    ROOT,
    SECOND,
    STRATEGIES,
    Session,
    session,
    settings,
    until,
)

pytestmark = [pytest.mark.chaos, pytest.mark.integration]

KILLS = ((STRATEGIES, 1), (RISK, 2), (BTC, 3))
"""Who is killed, and after how many seconds of desk time."""


async def kill(running: Session, address: str, after: int) -> None:
    """Kill the actor's process once so much desk time has passed."""

    async def there() -> bool:
        return await running.time() > after * SECOND

    await until(there, 60, f"{after} s of desk time")
    pid = await running.pid(address)
    assert pid is not None
    os.kill(pid, signal.SIGKILL)


async def recorded_session(folder: Path, speed: str) -> tuple[Recorded, str]:
    """A short desk some of whose processes are killed; what Redis kept of it, and its fingerprint."""
    synthetic = {**PROFILE["feed"]["synthetic"], "duration": "7s"}
    loaded = settings(folder, "replay", feed={**PROFILE["feed"], "synthetic": synthetic})
    async with session(folder, loaded, speed) as running:
        for address, after in KILLS:
            await kill(running, address, after)
        await running.ended()

        async def replaced() -> bool:
            statuses = [await running.status(address) for address, _ in KILLS]
            return all(each.epoch > 1 and not each.outstanding for each in statuses)

        await until(replaced, 60, "everybody who was killed is back")
        launch = running.desk.launch
        recorded = await read_recorded(launch.redis_url, header_of(launch))
        return recorded, (await running.outcome()).fingerprint


@pytest.mark.timeout(150)
@pytest.mark.parametrize("speed", ["lockstep", pytest.param("max", marks=pytest.mark.long)])
def test_a_session_with_kills_is_replayed_bit_for_bit_from_its_export(
    tmp_path: Path, ray_cluster: None, speed: str
) -> None:
    kept, fingerprint = asyncio.run(recorded_session(tmp_path, speed))
    write_export(kept, tmp_path / "desk.export")
    recorded = read_export(tmp_path / "desk.export")
    assert recorded == kept
    for address, _ in KILLS:
        assert len({record.epoch for record in recorded.actors[address].records()}) >= 2
    plan = recorded.header.feed
    results = {
        each.actor: each for each in replay(recorded, Cast(restored(recorded.header.config), plan, plan))
    }
    assert {each.difference or each.skipped for each in results.values()} == {None}
    assert {RISK, EXECUTION, BTC, ETH, ROOT, STRATEGIES} <= set(results)
    for address, result in results.items():
        assert result.from_step == 0
        assert result.steps == len(recorded.actors[address].journal)
    assert run_recorded(recorded, "export").fingerprint == fingerprint
