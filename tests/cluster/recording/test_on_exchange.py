"""A recording of the local exchange, made with the command, replays: every row, and the same backtest each time."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cluster.cli.main import run as raydesk
from cluster.recording.manifest import Manifest, create_dataset
from tests.actors.venues.binance_usdm.exchange_market import serving
from tests.cluster.exchange.rig import settings_of

pytestmark = pytest.mark.integration

SYMBOLS = {"BTC-USDT": "BTCUSDT", "ETH-USDT": "ETHUSDT"}


async def _record(home: Path, folder: Path) -> dict[str, Any]:
    """Run `raydesk record` for two seconds beside an exchange; what it prints in the end."""
    async with serving(settings_of(home)) as server:
        address: Any = server.at  # type: ignore[attr-defined]
        empty = Manifest(
            venue="binance_usdm", rest_url=address.rest, stream_url=address.stream, created_at=1, symbols=SYMBOLS,
            depth=True,
        )  # fmt: skip
        create_dataset(folder, empty)
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "cluster", "record", "--out", str(folder), "--for", "2", "--part", "1s", "--json",
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    told: dict[str, Any] = json.loads(out)
    return told


def test_a_recording_of_the_exchange_is_sound_and_backtests_the_same_each_time(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "dataset"
    told = asyncio.run(_record(tmp_path / "exchange", folder))
    assert told["rows"] > 50
    assert told["instruments"] == list(SYMBOLS)
    assert told["parts"]

    assert raydesk(["record", "check", str(folder), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"sound": True, "findings": []}

    reports = []
    for _ in range(2):
        assert raydesk(["backtest", "replay", "--data", str(folder), "--json"]) == 0
        reports.append(json.loads(capsys.readouterr().out))
    assert reports[0] == reports[1]
    assert reports[0]["run"]["fingerprint"]
