"""The process that holds a desk is killed: the next `raydesk up` works at once, and says so when its own tree lives."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

pytestmark = [pytest.mark.chaos, pytest.mark.long]

UP = ("up", "synthetic", "--set", "ray.dashboard=false", "--set", "metrics.enabled=false", "--wait", "300")


def raydesk(folder: Path, *arguments: str) -> str:
    """What a command says as an operator runs it."""
    done = subprocess.run(
        [sys.executable, "-m", "cluster", *arguments, "--desk", "widowed", "--folder", str(folder)],
        capture_output=True,
        text=True,
        timeout=360,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def processes(folder: Path) -> dict[str, int]:
    """The pid of each actor."""
    return {each["address"]: each["pid"] for each in json.loads(raydesk(folder, "ps", "--json"))["actors"]}


def test_up_works_at_once_after_the_holder_was_killed_and_returns_when_the_new_tree_lives(
    tmp_path: Path,
) -> None:
    try:
        holder = re.search(r"pid (\d+)", raydesk(tmp_path, *UP))
        assert holder is not None
        before = processes(tmp_path)
        psutil.Process(int(holder[1])).kill()
        raydesk(tmp_path, *UP)
        after = processes(tmp_path)
    finally:
        raydesk(tmp_path, "down")
    assert after.keys() == before.keys()
    assert set(after.values()).isdisjoint(before.values())
