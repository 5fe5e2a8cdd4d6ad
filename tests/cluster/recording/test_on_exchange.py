"""A recording of the local exchange, made with the command, replays and backtests to one fingerprint."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cluster.cli.main import run as raydesk
from cluster.feeds import expand_data
from cluster.observe.fingerprint import fingerprint
from cluster.session_feed import replay_plan
from cluster.simulator.lockstep import LockstepDesk
from config import load_config
from tests.cluster.recording.on_exchange import BUSY, SYMBOLS, record

pytestmark = pytest.mark.integration

Recorded = tuple[Path, dict[str, Any]]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    """A dataset of some seconds, and what the command said of it."""
    folder = tmp_path_factory.mktemp("recorded") / "dataset"
    return folder, record(folder.parent / "exchange", folder, 4)


def test_it_is_sound_and_has_what_was_asked_for(
    recorded: Recorded, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, told = recorded
    assert told["rows"] > 100
    assert told["instruments"] == list(SYMBOLS)
    assert told["parts"]
    assert raydesk(["record", "check", str(folder), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"sound": True, "findings": []}


@pytest.mark.parametrize("market", ["top", "depth", "trades"])
def test_replay_and_backtest_give_one_fingerprint(
    recorded: Recorded, market: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, _ = recorded
    overrides = [*BUSY, f"venues.paper.fill.market={market}"]
    config = load_config("replay", environ={}, overrides=overrides).config
    desk = LockstepDesk(config, replay_plan(config, expand_data([folder]), tmp_path))
    desk.run()
    found = desk.projection()
    assert found.orders.orders_seen > 3

    command = ["backtest", "replay", "--data", str(folder), "--cache", str(tmp_path), "--lockstep", "--json"]
    for each in overrides:
        command += ["--set", each]
    assert raydesk(command) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["run"]["fingerprint"] == fingerprint(found)
