"""`raydesk drill` as a person or a script calls it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from cluster.cli.main import run
from cluster.drill.drills import DRILLS


class Said(NamedTuple):
    code: int
    out: str
    err: str


Command = Callable[..., Said]


@pytest.fixture
def command(config_file: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Command:
    def call(*arguments: str) -> Said:
        capfd.readouterr()
        own = ["--config", str(config_file), "--cache", str(tmp_path / "cache")]
        return Said(run(["drill", *arguments, *own]), *capfd.readouterr())

    return call


def test_drills_are_listed_with_the_data_they_need(command: Command) -> None:
    assert [name for name in DRILLS if name not in command("--list").out] == []
    listed = json.loads(command("--list", "--json").out)["available"]
    assert {each["drill"]: each["needs"] for each in listed} == {
        name: drill.length for name, drill in DRILLS.items()
    }


def test_a_drill_prints_each_assertion_with_what_was_seen(command: Command) -> None:
    said = command("kill_switch")

    assert said.code == 0, said.out
    assert said.out.count("✓") == len(DRILLS["kill_switch"].checks) + 7
    assert "✗" not in said.out
    assert "kill_switch passed" in said.out


def test_a_drill_that_fails_says_so_by_its_exit_code(command: Command) -> None:
    said = command("stale_quotes", "--set", "feed.max_quote_age=1h", "--json")

    assert said.code == 1
    [document] = json.loads(said.out)["drills"]
    assert document["passed"] is False
    assert "no entry on quotes that are 8 s old" in [
        each["check"] for each in document["checks"] if not each["passed"]
    ]


def test_a_setting_of_the_drill_can_be_overridden(command: Command) -> None:
    said = command("drawdown", "--set", "risk.drawdown_reduce=9%", "--set", "risk.drawdown_halt=10%")

    assert said.code == 1
    assert "✗  REDUCE at once" in said.out


@pytest.mark.parametrize(
    ("arguments", "named"),
    [((), "NAME"), (("flood",), "NAME"), (("kill_switch", "--set", "feed.mode=recorded"), "--data")],
)
def test_bad_usage_is_one_line_that_says_what_to_do(
    command: Command, arguments: tuple[str, ...], named: str
) -> None:
    said = command(*arguments)

    assert said.code == 2
    assert said.err.startswith(f"error: {named}"), said.err
