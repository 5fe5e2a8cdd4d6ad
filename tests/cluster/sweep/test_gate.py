"""The regression gate: what differs, by how much it may, and files that are no baseline."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from cluster.backtest.runner import backtest
from cluster.sweep.figures import FIGURES, Figures, figures_of, merit, objective_named
from cluster.sweep.gate import BACKTEST, Difference, Run, compare, passes, read_baseline, runs_of_backtest
from config import LoadedConfig
from messages.errors import ConfigurationError

FIVE = Decimal("0.05")


def run(fingerprint: str = "aa", **figures: float | None) -> Run:
    return Run(dict(figures), fingerprint)


@pytest.mark.parametrize(
    ("found", "stored", "tolerance", "differs"),
    [
        (1.0, 1.0, Decimal(0), False),
        (1.0000001, 1.0, Decimal(0), True),
        (1.05, 1.0, FIVE, False),
        (1.0501, 1.0, FIVE, True),
        (-0.95, -1.0, FIVE, False),
        (-0.94, -1.0, FIVE, True),
        (0.0, 0.0, FIVE, False),
        (0.001, 0.0, FIVE, True),
        (None, None, FIVE, False),
        (None, 0.0, FIVE, True),
        (0.0, None, FIVE, True),
        (105, 100, FIVE, False),
        (106, 100, FIVE, True),
    ],
)
def test_a_figure_may_differ_by_its_part_of_the_stored_value(
    found: float | None, stored: float | None, tolerance: Decimal, differs: bool
) -> None:
    differences = compare({"p": run(x=found)}, {"p": run(x=stored)}, tolerance)

    assert differences == ((Difference("p", "x", stored, found),) if differs else ())
    assert passes(differences) is not differs


def test_a_fingerprint_must_be_equal_unless_there_is_a_tolerance() -> None:
    strict = compare({"p": run("aa")}, {"p": run("bb")})
    lenient = compare({"p": run("aa")}, {"p": run("bb")}, FIVE)

    assert [each.figure for each in (*strict, *lenient)] == ["fingerprint"] * 2
    assert not passes(strict)
    assert passes(lenient)


def test_runs_that_only_one_side_has_fail() -> None:
    differences = compare({"new": run()}, {"old": run()}, FIVE)

    assert differences == (
        Difference("new", "run", "missing", "there"),
        Difference("old", "run", "there", "missing"),
    )


def test_a_run_that_fails_now_differs_from_one_that_did_not() -> None:
    [difference] = compare({"p": Run({}, "", "boom")}, {"p": Run({}, "")}, FIVE)
    assert (difference.figure, difference.found) == ("error", "boom")


def test_a_report_on_disk_is_the_baseline_of_the_same_backtest(base: LoadedConfig, tmp_path: Path) -> None:
    result = backtest(base, cache=tmp_path)
    result.write_report(tmp_path / "report")
    found, stored = runs_of_backtest(result), read_baseline(tmp_path / "report" / "report.json")

    assert found[BACKTEST].figures["fills"] == len(result.fills) > 0
    assert found[BACKTEST].figures["total_return"] == pytest.approx(result.statistics.total_return, rel=1e-9)
    assert compare(found, stored) == ()

    document = json.loads((tmp_path / "report" / "report.json").read_text())
    document["statistics"]["profit"] += 1
    (tmp_path / "changed.json").write_text(json.dumps(document))
    [difference] = compare(found, read_baseline(tmp_path / "changed.json"))
    assert difference.figure == "profit"


@pytest.mark.parametrize("content", [None, "", "[]", "{}", '{"statistics": {}}', '{"format": 1}', "\xff"])
def test_what_is_no_baseline_is_refused(content: str | None, tmp_path: Path) -> None:
    path = tmp_path / "baseline.json"
    if content is not None:
        path.write_text(content, encoding="latin-1")
    with pytest.raises(ConfigurationError) as raised:
        read_baseline(path)
    assert raised.value.field == "--baseline"
    assert str(path) in str(raised.value)


def test_objectives_are_figures_by_their_names_and_aliases() -> None:
    assert objective_named("net_return") == "total_return"
    assert objective_named("sharpe") == "sharpe"
    with pytest.raises(ConfigurationError, match="no such figure") as raised:
        objective_named("luck")
    assert "sharpe" in (raised.value.remedy or "")


def test_less_of_what_costs_is_better() -> None:
    figures: Figures = {"total_return": 0.1, "max_drawdown": 0.2, "sharpe": None}
    assert merit(figures, "total_return") == 0.1
    assert merit(figures, "max_drawdown") == -0.2
    assert merit(figures, "sharpe") is None


def test_every_figure_is_one_of_the_table(base: LoadedConfig, tmp_path: Path) -> None:
    assert tuple(figures_of(backtest(base, cache=tmp_path))) == FIGURES
