"""A recording of the local exchange: one fingerprint on real processes in lockstep and in a backtest."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.recording.on_exchange import BUSY, record

pytestmark = [pytest.mark.chaos, pytest.mark.e2e, pytest.mark.parity, pytest.mark.long]

PROJECT = Path(__file__).parents[2]


def raydesk(*words: str) -> dict[str, Any]:
    """What a command prints with --json, under settings with which the replay profile is busy."""
    settings = [word for each in BUSY for word in ("--set", each)]
    environ = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    done = subprocess.run(
        [sys.executable, "-m", "cluster", *words, *settings, "--json"],
        cwd=PROJECT, env=environ, stdout=subprocess.PIPE, timeout=280, check=True,
    )  # fmt: skip
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.timeout(600)
def test_a_recording_of_the_exchange_replays_on_real_processes_and_backtests_alike(tmp_path: Path) -> None:
    folder = tmp_path / "dataset"
    record(tmp_path / "exchange", folder, 20)
    data = ("replay", "--data", str(folder))
    run = ("--speed", "lockstep", "--until-end", "--set", "ray.dashboard=false", "--folder")
    replayed = raydesk("run", *data, *run, str(tmp_path / "desk"), "--desk", f"recorded-{os.getpid()}")
    backtested = raydesk("backtest", *data, "--lockstep", "--cache", str(tmp_path / "cache"))
    assert sum(replayed["orders"].values()) > 20
    assert replayed["fingerprint"] == backtested["run"]["fingerprint"]
