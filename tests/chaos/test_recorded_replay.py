"""The replay profile on a recorded market, as a person runs it: the command line, real processes, one JSON object."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.independent import SIGN, read_records

pytestmark = [pytest.mark.chaos, pytest.mark.e2e, pytest.mark.parity, pytest.mark.long]

PROJECT = Path(__file__).parents[2]
DATA = PROJECT / ".." / "shared" / "data" / "binance_raw_l2"
FILES = [DATA / "usdm_btcusdt_20240808.gz", DATA / "usdm_ethusdt_20240808.gz"]
START = Decimal(100_000)


def replay(folder: Path, speed: str, *settings: str) -> dict[str, Any]:
    """One run from the first row to the last; the desk lives in `folder`, `settings` are changes (`a.b=c`)."""
    if not all(path.exists() for path in FILES):
        pytest.skip("skipped: no recorded data")
    command = [sys.executable, "-m", "cluster", "run", "config/profiles/replay.yaml", "--until-end", "--json"]
    command += [
        "--speed",
        speed,
        "--folder",
        str(folder),
        "--desk",
        folder.name,
        "--set",
        "ray.dashboard=false",
    ]
    for path in FILES:
        command += ["--data", str(path)]
    for setting in settings:
        command += ["--set", setting]
    environ = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    done = subprocess.run(command, cwd=PROJECT, env=environ, stdout=subprocess.PIPE, timeout=280, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def require_the_venues_books(folder: Path, run: dict[str, Any]) -> None:
    """Fills, positions, cash and fees, added up from the venue's own records."""
    records = read_records(folder / "current" / "venues" / "paper" / "orders.jsonl")
    positions: dict[str, Decimal] = {}
    cash, fees = START, Decimal(0)
    for fill in records.fills:
        signed = SIGN[fill.side] * fill.quantity
        positions[fill.symbol] = positions.get(fill.symbol, Decimal(0)) + signed
        cash -= signed * fill.price + fill.fee
        fees += fill.fee
    ids = [order.client_order_id for order in records.received]
    # an order that the last gate or the venue's gateway turned away is the desk's alone
    assert len(ids) == len(set(ids)) <= sum(run["orders"].values())
    assert run["fills"] == len(records.fills)
    assert {symbol: Decimal(held) for symbol, held in run["positions"].items()} == {
        symbol: held for symbol, held in positions.items() if held
    }
    assert Decimal(run["cash"]) == cash
    assert Decimal(run["fees"]["USDT"]) == fees
    passive = sum(order.post_only for order in records.received)
    assert passive >= 100
    for symbol in ("BTC-USDT", "ETH-USDT"):
        held, low, high = Decimal(0), Decimal(0), Decimal(0)
        for fill in records.fills:
            if fill.symbol == symbol:
                held += SIGN[fill.side] * fill.quantity
                low, high = min(low, held), max(high, held)
        assert low < 0 < high, f"{symbol} was not traded both long and short"


@pytest.mark.timeout(600)
def test_two_lockstep_runs_of_a_recording_are_one_and_the_books_are_the_venues(tmp_path: Path) -> None:
    first, second = (replay(tmp_path / name, "lockstep") for name in ("first", "second"))
    assert first["fingerprint"] == second["fingerprint"]
    assert sum(first["orders"].values()) >= 300
    assert first["orders"]["cancelled"] >= 30
    assert len(first["rejected"]) >= 3
    require_the_venues_books(tmp_path / "first", first)


@pytest.mark.timeout(600)
def test_at_full_speed_the_books_are_the_venues_as_well(tmp_path: Path) -> None:
    require_the_venues_books(tmp_path / "fast", replay(tmp_path / "fast", "max"))
