"""The past of the local exchange, downloaded with the command: bars, trades and funding rates that backtest."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pyarrow.parquet
import pytest

from cluster.cli.main import run as raydesk
from cluster.recording.manifest import Manifest, create_dataset, load_manifest
from tests.cluster.exchange.rig import SECOND, START, Clock, Rig, running, settings_of
from tests.cluster.recording.on_exchange import SYMBOLS

pytestmark = pytest.mark.integration

MINUTE = 60 * SECOND
FIRST = START // MINUTE * MINUTE - 120 * MINUTE
OPEN_FOR = 4 * MINUTE
"""How long the exchange has traded when it is asked."""


def moment(time: int) -> str:
    return datetime.fromtimestamp(time / SECOND, UTC).isoformat()


async def command(*words: str) -> dict[str, Any]:
    """Run a command in a process of its own; what it prints with --json."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "cluster", *words, "--json", stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    told: dict[str, Any] = json.loads(out)
    return told


async def pass_time(rig: Rig, span: int) -> None:
    """Let the exchange trade for so long of its own time."""
    end = rig.clock.now + span
    while rig.clock.now < end:
        rig.clock.now = min(end, rig.clock.now + 5 * SECOND)
        while (await rig.get("/fapi/v1/time"))["serverTime"] * 1_000_000 < rig.clock.now:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.02)


async def downloaded(home: Path, folder: Path) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Two downloads one after the other, and the trades that the exchange tells by itself."""
    settings = settings_of(home)
    market = msgspec.structs.replace(settings.market, funding_interval=MINUTE, updates_per_second=5.0)
    settings = msgspec.structs.replace(settings, market=market)
    async with running(settings, Clock()) as rig:
        create_dataset(
            folder,
            Manifest(
                venue="binance_usdm",
                rest_url=rig.address.rest,
                stream_url=rig.address.stream,
                created_at=1,
                symbols=SYMBOLS,
                bar_ns=MINUTE,
            ),
        )
        await pass_time(rig, OPEN_FOR)
        words = ("record", "history", str(folder))
        last = moment(rig.clock.now + MINUTE)  # later than now: up to what has settled
        begun = ("--from", moment(FIRST), "--trades")
        told = [
            await command(*words, *begun, "--to", moment(START + MINUTE)),
            await command(*words, "--to", last),
        ]
        trades = await rig.get(
            "/fapi/v1/aggTrades", symbol="BTCUSDT", limit=1000, startTime=START // 1_000_000
        )
        return told, trades


def test_the_past_of_the_exchange_is_downloaded_in_two_goes_and_backtests(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "dataset"
    told, trades = asyncio.run(downloaded(tmp_path / "exchange", folder))
    done = START + OPEN_FOR - MINUTE
    assert [each["done"] for each in told] == [START + MINUTE + 1, done]
    assert all(each["rows"] for each in told)
    assert told[1]["funding"].keys() == set(SYMBOLS.values())
    assert raydesk(["record", "check", str(folder), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"sound": True, "findings": []}

    manifest = load_manifest(folder)
    parts = [pyarrow.parquet.read_table(folder / part.file).to_pylist() for part in manifest.parts]
    rows = [row for part in parts for row in part if row["symbol"] == "BTCUSDT"]
    bars = [row["time"] for row in rows if row["kind"] == "bar"]
    assert bars == list(range(FIRST + MINUTE, done + 1, MINUTE))
    found = [
        (row["time"] // 1_000_000, row["v0"], row["v1"], row["v2"]) for row in rows if row["kind"] == "trade"
    ]
    asked = [(each["T"], float(each["p"]), float(each["q"]), -1.0 if each["m"] else 1.0) for each in trades]
    assert len(found) > 20
    assert found == [each for each in asked if each[0] * 1_000_000 < done]

    settings = ("venues.paper.fill.market=bars", "strategies.ema.parameters.fast=2", "feed.max_quote_age=2m")
    words = ["backtest", "replay", "--data", str(folder), "--funding", str(folder), "--json"]
    for each in (*settings, "strategies.ema.parameters.slow=4", "strategies.ema.order.deadline=5m"):
        words += ["--set", each]
    prints = []
    for _ in range(2):
        assert raydesk([*words, "--cache", str(tmp_path / "cache")]) == 0
        prints.append(json.loads(capsys.readouterr().out))
    assert prints[0] == prints[1]
    assert prints[0]["orders"]["filled"] > 3
