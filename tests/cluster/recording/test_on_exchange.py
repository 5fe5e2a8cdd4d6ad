"""A recording of the local exchange, made with the command, replays: every row, and the same backtest each time."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.actors.venues.binance_usdm.exchange_market import serving
from tests.cluster.exchange.rig import settings_of

pytestmark = pytest.mark.integration


async def _raydesk(*arguments: str) -> dict[str, Any]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "cluster", *arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    told: dict[str, Any] = json.loads(out) if out.strip() else {}
    return told


def test_a_recording_of_the_exchange_is_sound_and_backtests_the_same_each_time(tmp_path: Path) -> None:
    async def work() -> None:
        folder = tmp_path / "dataset"
        async with serving(settings_of(tmp_path / "exchange")) as server:
            address: Any = server.at  # type: ignore[attr-defined]
            await _raydesk(
                "record", "init", str(folder), "--symbols", "BTC-USDT=BTCUSDT,ETH-USDT=ETHUSDT", "--depth",
                "--rest-url", address.rest, "--stream-url", address.stream,
            )  # fmt: skip
            told = await _raydesk("record", "--out", str(folder), "--for", "4", "--part", "1s", "--json")
        assert told["rows"] > 100
        assert told["instruments"] == ["BTC-USDT", "ETH-USDT"]
        assert len(told["parts"]) >= 2
        checked = await _raydesk("record", "check", str(folder), "--json")
        assert checked == {"sound": True, "findings": []}
        reports = [
            await _raydesk("backtest", "replay", "--data", str(folder), "--json", *options)
            for options in ((), (), ("--set", "venues.paper.fill.market=depth"))
        ]
        fingerprints = [report["run"]["fingerprint"] for report in reports]
        assert fingerprints[0] == fingerprints[1]
        assert reports[0]["orders"]["placed"] > 0
        assert fingerprints[2] != fingerprints[0], "the recorded book was not used"

    asyncio.run(work())
