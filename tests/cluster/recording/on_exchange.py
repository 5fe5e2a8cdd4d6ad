"""A recording of a local exchange, made with the command."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from cluster.recording.manifest import Manifest, create_dataset
from tests.actors.venues.binance_usdm.exchange_market import serving
from tests.cluster.exchange.rig import settings_of

SYMBOLS = {"BTC-USDT": "BTCUSDT", "ETH-USDT": "ETHUSDT"}

BUSY = (
    "strategies.ema.parameters.fast=2",
    "strategies.ema.parameters.slow=4",
    "strategies.momentum.parameters.lookback=300ms",
    "strategies.drift.parameters.fast=3",
    "strategies.drift.parameters.slow=6",
)
"""Overrides with which the replay profile trades within seconds."""


def record(home: Path, folder: Path, seconds: int) -> dict[str, Any]:
    """Run `raydesk record` beside an exchange for so long; what it prints in the end."""

    async def run() -> dict[str, Any]:
        async with serving(settings_of(home)) as server:
            address: Any = server.at  # type: ignore[attr-defined]
            empty = Manifest(
                venue="binance_usdm",
                rest_url=address.rest,
                stream_url=address.stream,
                created_at=1,
                symbols=SYMBOLS,
                depth=True,
            )
            create_dataset(folder, empty)
            words = ("record", "--out", str(folder), "--for", str(seconds), "--part", "1s", "--json")
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "cluster", *words, stdout=subprocess.PIPE, stderr=subprocess.PIPE
            )
            out, err = await process.communicate()
        assert process.returncode == 0, err.decode()
        told: dict[str, Any] = json.loads(out)
        return told

    return asyncio.run(run())
