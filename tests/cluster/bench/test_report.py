"""What is shown of a measurement, and how it is compared with an earlier one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from cluster.bench.crew import BenchError
from cluster.bench.report import compare, read_result, render
from cluster.bench.runner import AIMS, SECTIONS, Aim, run_bench

pytestmark = pytest.mark.unit


def result(p50_us: float = 300.0) -> dict[str, Any]:
    return {
        "machine": {"cpus": 2, "load_1min": 0.4},
        "quick": True,
        "hop": {"always": {"p50_us": p50_us, "samples": 20}, "everysec": {"p50_us": 200.0, "samples": 20}},
        "strategy_actor": {"start_p50_ms": 480.0},
        "aims": [{"figure": "hop.always.p50_us", "aim": "quick", "found": p50_us, "met": False}],
    }


def shown(*arguments: Any) -> str:
    console = Console(width=160, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    console.print(render(*arguments))
    return console.export_text()


def test_every_section_has_a_table_with_its_cases_as_columns() -> None:
    text = shown(result())
    assert "always" in text
    assert "everysec" in text
    assert "start_p50_ms" in text
    assert "480" in text


def test_an_aim_that_is_missed_says_so() -> None:
    [line] = [line for line in shown(result()).splitlines() if "quick" in line]
    assert line.rstrip(" │|").endswith("no")


def test_a_comparison_has_a_ratio_for_every_figure_that_both_have() -> None:
    compared = compare(result(300.0), {**result(200.0), "recovery": {"risk": {"recovery_p50_ms": 1.0}}})
    assert compared["hop.always.p50_us"] == {"now": 300.0, "then": 200.0, "ratio": 1.5}
    assert "recovery.risk.recovery_p50_ms" not in compared
    assert not any(name.startswith(("machine", "aims", "quick")) for name in compared)


def test_the_comparison_is_shown_with_then_and_now() -> None:
    assert "1.50" in shown(result(300.0), result(200.0))


def test_an_earlier_result_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "earlier.json"
    path.write_text(json.dumps(result()))
    assert compare(result(), read_result(path))["hop.always.p50_us"]["ratio"] == 1.0


@pytest.mark.parametrize("content", ["", "[1, 2]", "{}", '{"machine": {"cpus": 2}}'])
def test_a_file_that_is_no_result_is_named(tmp_path: Path, content: str) -> None:
    path = tmp_path / "other.json"
    path.write_text(content)
    with pytest.raises(BenchError, match=r"--against: not a result .*other\.json"):
        read_result(path)


def test_an_unknown_section_is_refused_with_those_there_are() -> None:
    with pytest.raises(
        BenchError, match="hop, chain, order, messages, risk, recovery, feed, pipeline, backtest"
    ):
        run_bench(["speed"])


def test_no_section_measures_nothing() -> None:
    measured = run_bench([])
    assert set(measured) == {"machine", "quick", "aims"}
    assert measured["aims"] == []


@pytest.mark.parametrize(
    ("aim", "found", "met"),
    [
        (Aim("x", "", most=2.0), 2.0, True),
        (Aim("x", "", most=2.0), 2.01, False),
        (Aim("x", "", least=5_000), 5_000, True),
        (Aim("x", "", least=5_000), 4_999, False),
    ],
)
def test_an_aim_is_met_up_to_its_bound(aim: Aim, found: float, met: bool) -> None:
    assert aim.met(found) is met


def test_aims_are_about_sections_there_are() -> None:
    assert {aim.figure.split(".")[0] for aim in AIMS} <= set(SECTIONS)
