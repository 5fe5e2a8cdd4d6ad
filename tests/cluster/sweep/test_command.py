"""`raydesk sweep` as a person or a script calls it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest

from cluster.cli.main import run
from cluster.sweep.document import SweepDocument, sweep_json

FAST = "strategies.ema.parameters.fast"


class Said(NamedTuple):
    code: int
    out: str
    err: str


Sweep = Callable[..., Said]


@pytest.fixture
def sweep(config_file: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Sweep:
    def call(*arguments: str, command: str = "sweep") -> Said:
        own = ["--local"] if command == "sweep" else []
        capfd.readouterr()
        code = run([command, str(config_file), "--cache", str(tmp_path / "cache"), *own, *arguments])
        return Said(code, *capfd.readouterr())

    return call


def test_a_sweep_prints_its_points_from_the_best_on(sweep: Sweep) -> None:
    said = sweep("--grid", f"{FAST}=2,3", "--top", "1")

    assert said.code == 0, said.err
    assert "2 points" in said.out
    assert said.out.count(f"{FAST}=") == 1


def test_json_is_one_document_and_out_stores_the_same(sweep: Sweep, tmp_path: Path) -> None:
    said = sweep("--grid", f"{FAST}=2,3", "--json", "--out", str(tmp_path / "out"))

    assert said.code == 0, said.err
    assert json.loads(said.out)["complete"] is True
    assert (tmp_path / "out" / "sweep.json").read_text() == said.out
    assert (tmp_path / "out" / "sweep.csv").read_text().count("\n") == 3


def test_json_is_of_the_promised_schema(sweep: Sweep) -> None:
    said = sweep("--grid", f"{FAST}=2,3", "--json")
    document = msgspec.json.decode(said.out, type=SweepDocument)
    assert sweep_json(document).decode() == said.out


def test_the_gate_passes_what_is_equal_and_fails_what_differs(sweep: Sweep, tmp_path: Path) -> None:
    baseline = tmp_path / "out" / "sweep.json"
    sweep("--grid", f"{FAST}=2,3", "--out", str(baseline.parent))
    again = ("--grid", f"{FAST}=2,3", "--baseline", str(baseline))

    assert sweep(*again).code == 0
    changed = sweep(*again, "--set", "strategies.ema.order.notional=1000")
    assert changed.code == 1
    assert f"differs {FAST}=2: profit" in changed.err
    assert "baseline not met" in changed.err
    assert sweep(*again, "--set", "strategies.ema.order.notional=1000", "--tolerance", "100000%").code == 0


def test_a_backtest_goes_through_the_same_gate(sweep: Sweep, tmp_path: Path) -> None:
    report = tmp_path / "report" / "report.json"
    assert sweep("--report", str(report.parent), command="backtest").code == 0

    assert sweep("--baseline", str(report), command="backtest").code == 0
    changed = sweep("--baseline", str(report), "--set", f"{FAST}=4", command="backtest")
    assert changed.code == 1
    assert "differs backtest: fills" in changed.err


def test_a_point_that_fails_is_shown_and_told_by_the_exit_code(sweep: Sweep) -> None:
    said = sweep("--grid", f"{FAST}=2,7")

    assert said.code == 1
    assert f"failed: {FAST}=7" in said.out
    assert "must be below slow" in " ".join(said.out.split())


def test_walking_forward_shows_what_is_kept_out_of_sample(sweep: Sweep) -> None:
    said = sweep("--grid", f"{FAST}=2,3", "--walk-forward", "train=8s,test=4s")

    assert said.code == 0, said.err
    assert "out of sample, chained" in said.out
    assert "4 pairs of windows" in said.out


def test_a_draw_repeats_with_its_seed(sweep: Sweep) -> None:
    def drawn(seed: str) -> list[str]:
        said = sweep("--random", "3", "--range", "strategies.ema.stop=10..90bps", "--seed", seed, "--json")
        return [point["point"] for point in json.loads(said.out)["points"]]

    assert drawn("1") == drawn("1") != drawn("2")


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ((), "--grid"),
        (("--range", "risk.price_collar=1..2%"), "--range"),
        (("--grid", f"{FAST}=2,3", "--objective", "luck"), "--objective"),
        (("--grid", f"{FAST}=2,3", "--tolerance", "5"), "--tolerance"),
        (("--grid", f"{FAST}=2,3", "--tolerance", "-5%"), "--tolerance"),
        (("--grid", f"{FAST}=2,3", "--baseline", "/nowhere.json"), "--baseline"),
        (("--grid", f"{FAST}=2,3", "--walk-forward", "train=9d,test=1d"), "--walk-forward"),
        (("--grid", f"{FAST}=2,3", "--set", f"{FAST}=4"), "--set"),
        (("--grid", "no.such.setting=1,2"), "no"),
    ],
)
def test_bad_usage_is_one_line_that_names_the_option(
    sweep: Sweep, arguments: tuple[str, ...], named: str
) -> None:
    said = sweep(*arguments)

    assert said.code == 2
    assert said.err.startswith(f"error: {named}"), said.err
    assert said.out == ""
