"""`raydesk exchange conformance` as a person runs it."""

from __future__ import annotations

import json

import pytest

from cluster.cli.exits import Exit
from cluster.cli.main import run
from cluster.conformance import scenarios
from cluster.conformance.desk import Desk
from cluster.conformance.scenario import Group, demand

pytestmark = [pytest.mark.conformance, pytest.mark.integration]


async def fails(desk: Desk) -> None:
    demand(False, "as it was meant to")


def test_the_table_shows_every_cell(capsys: pytest.CaptureFixture[str]) -> None:
    code = run(["exchange", "conformance", "--scenario", "dead-man switch it is disarmed"])

    out, err = capsys.readouterr()
    assert code == Exit.OK
    (row,) = [line for line in out.splitlines() if "it is disarmed" in line]
    assert row.split("disarmed")[1].split() == ["not", "offered", "not", "offered", "green"]
    assert "1 green, 0 red, 2 not offered" in err


def test_a_red_cell_is_shown_and_makes_the_exit_code(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    group = Group("planted")
    group.add("a planted failure", fails)
    monkeypatch.setattr(scenarios, "SCENARIOS", tuple(group))

    code = run(["exchange", "conformance", "--venue", "paper", "--json"])

    told = json.loads(capsys.readouterr().out)
    assert code == Exit.TROUBLE
    assert told["venues"] == ["paper"]
    (cell,) = told["cells"]
    assert (cell["scenario"], cell["verdict"]) == ("a planted failure", "red")
    assert cell["detail"] == "as it was meant to"


@pytest.mark.parametrize("options", [["--venue", "nowhere"], ["--scenario", "nothing like it"]])
def test_what_is_not_there_is_refused(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["exchange", "conformance", *options]) == Exit.USAGE
    assert "there is no such" in capsys.readouterr().err
