"""The bench command: what it measures is elsewhere; here is what it says, and what it compares with."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from cluster.bench import runner
from cluster.cli.exits import Exit
from tests.cluster.cli.conftest import Command

pytestmark = pytest.mark.unit


@pytest.fixture(autouse=True)
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[str], bool]]:
    """Measures nothing, and remembers what was to be measured."""
    seen: list[tuple[list[str], bool]] = []

    def run_bench(sections: list[str], *, quick: bool, scenarios: Sequence[str]) -> dict[str, Any]:
        print("a process of the measurement talks")
        seen.append((list(sections), quick))
        return {"hop": {"always": {"p50_us": 300.0}}}

    monkeypatch.setattr(runner, "run_bench", run_bench)
    return seen


def test_json_is_one_object_whatever_is_printed_meanwhile(
    command: Command, asked: list[tuple[list[str], bool]]
) -> None:
    said = command("bench", runner.SECTIONS[0], "--quick", "--json")

    assert said.json == {"hop": {"always": {"p50_us": 300.0}}}
    assert asked == [([runner.SECTIONS[0]], True)]


def test_against_tells_now_then_and_now_over_then(command: Command, tmp_path: Path) -> None:
    earlier = tmp_path / "earlier.json"
    earlier.write_text(json.dumps({"hop": {"always": {"p50_us": 200.0}}}))
    [figures] = command("bench", "--json", "--against", str(earlier)).json["against"].values()

    assert set(figures.values()) == {300.0, 200.0, 1.5}
    assert command("bench", "--against", str(earlier)).code == Exit.OK


def test_a_file_that_is_no_earlier_result_is_refused_before_anything_is_measured(
    command: Command, tmp_path: Path, asked: list[tuple[list[str], bool]]
) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text("no")
    said = command("bench", "--against", str(broken))

    assert said.code == Exit.USAGE
    assert asked == []


def test_everything_is_measured_unless_sections_are_named(
    command: Command, asked: list[tuple[list[str], bool]]
) -> None:
    assert command("bench").code == Exit.OK
    assert command("bench", "nonsense").code == Exit.USAGE
    assert asked == [(list(runner.SECTIONS), False)]


def test_a_scenario_asks_for_the_backtest_alone(
    command: Command, asked: list[tuple[list[str], bool]]
) -> None:
    assert command("bench", "--scenario", "ema").code == Exit.OK
    assert command("bench", "--scenario", "nonsense").code == Exit.USAGE
    assert asked == [(["backtest"], False)]
