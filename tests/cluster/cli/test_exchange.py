"""`raydesk exchange` as a person starts it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from cluster.cli.exits import Exit
from cluster.cli.main import run

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[3]


def started(*options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "cluster", "exchange", "--symbols", "2", *options],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_scripts_get_one_line_and_ctrl_c_ends_it(tmp_path: Path) -> None:
    process = started("--json", "--home", str(tmp_path), "--fault", "unavailable@GET /fapi/v1/time")
    try:
        assert process.stdout is not None
        address = json.loads(process.stdout.readline())
        assert set(address) == {"rest", "stream", "control", "keys", "pid"}
        assert httpx.get(f"{address['rest']}/fapi/v1/ping", trust_env=False).json() == {}
        assert httpx.get(f"{address['rest']}/fapi/v1/time", trust_env=False).status_code == 503
        process.send_signal(signal.SIGINT)
        rest, said = process.communicate(timeout=60)
        assert (process.returncode, rest, said) == (0, "", "")
    finally:
        process.kill()
        process.wait()


def test_people_see_addresses_and_never_a_key(tmp_path: Path) -> None:
    process = started("--home", str(tmp_path), "--account", "alice=5000USDT")
    try:
        assert process.stdout is not None
        shown = ""
        while "drawn from" not in shown:
            shown += process.stdout.readline()
        process.send_signal(signal.SIGINT)
        rest, said = process.communicate(timeout=60)
        assert process.returncode == 0
    finally:
        process.kill()
        process.wait()
    key = json.loads((tmp_path / "keys.json").read_text())["alice"]
    for part in ("http://127.0.0.1:", "ws://127.0.0.1:", "account alice", "BTCUSDT, ETHUSDT", "seed 1"):
        assert part in shown
    assert key["api_key"] not in shown + rest + said
    assert key["secret"] not in shown + rest + said
    assert "orders 0" in said
    assert "stopped" in said


@pytest.mark.parametrize(
    "options",
    [
        ["--symbols", "NOPE"],
        ["--fault", "fire"],
        ["--host", "0.0.0.0"],
        ["--data", "x.gz"],
        ["--levels", "bars"],
        ["--account", "a=much"],
        ["--speed", "2"],
        ["--levels", "quotes"],
        ["--rate", "1e9"],
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_starts(options: list[str]) -> None:
    assert run(["exchange", *options]) == Exit.USAGE
