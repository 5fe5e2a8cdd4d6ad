"""Sweeps in one process: a point is its backtest, failures stay alone, walking forward fits nothing to its tests."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import pytest

from cluster.backtest.runner import backtest
from cluster.session_feed import SYNTHETIC_START
from cluster.sweep import evaluate as evaluating
from cluster.sweep.document import SweepDocument, sweep_csv, sweep_json, write_sweep
from cluster.sweep.evaluate import RunResult, Task
from cluster.sweep.figures import figures_of, merit
from cluster.sweep.folds import WalkForward
from cluster.sweep.gate import compare, read_baseline, runs_of_sweep
from cluster.sweep.running import run_here
from cluster.sweep.space import Axis, Point, grid_points
from cluster.sweep.sweep import SweepPlan, sweep
from config import LoadedConfig, load_config
from messages.errors import ConfigurationError

FAST = "strategies.ema.parameters.fast"
STOP = "strategies.ema.stop"
SECOND = 1_000_000_000


class Bench:
    """Runs sweeps over one file of settings."""

    def __init__(self, config_file: Path, cache: Path) -> None:
        self.config_file = config_file
        self.cache = cache

    def load(self, point: Point) -> LoadedConfig:
        return load_config(self.config_file, environ={}, overrides=point.overrides)

    def plan(
        self, *axes: Axis, walk: WalkForward | None = None, objective: str = "total_return"
    ) -> SweepPlan:
        return SweepPlan(grid_points(axes), objective, (), str(self.cache), walk_forward=walk)

    def sweep(self, plan: SweepPlan, **options: object) -> SweepDocument:
        return sweep(self.load(Point(())), self.load, plan, **options)  # type: ignore[arg-type]


@pytest.fixture
def bench(config_file: Path, tmp_path: Path) -> Bench:
    return Bench(config_file, tmp_path / "cache")


def test_every_point_is_the_backtest_of_its_settings(bench: Bench, tmp_path: Path) -> None:
    plan = bench.plan(Axis(FAST, ("2", "3")), Axis(STOP, ("50bps", "5bps")))

    document = bench.sweep(plan)

    assert [entry.point for entry in document.points] == [point.label for point in plan.points]
    for point, entry in zip(plan.points, document.points, strict=True):
        alone = backtest(bench.load(point), cache=tmp_path)
        assert entry.fingerprint == alone.record.fingerprint
        assert entry.figures == figures_of(alone)
        assert entry.config_hash == alone.record.config_hash
    assert len({entry.fingerprint for entry in document.points}) > 1, "the settings made no difference"


def test_funding_rates_are_charged_in_every_point(bench: Bench, tmp_path: Path) -> None:
    file = tmp_path / "BTC_USDT-8h-funding_rate.csv"
    times = [SYNTHETIC_START + n * SECOND for n in range(2, 24, 2)]
    rows = [f"{time // 1_000_000},0.001" for time in times]
    file.write_text("\n".join(["timestamp,funding_rate", *rows]) + "\n")
    plan = bench.plan(Axis(FAST, ("2", "3")))

    plain = bench.sweep(plan)
    charged = bench.sweep(msgspec.structs.replace(plan, funding=(str(file),)))

    for point, before, after in zip(plan.points, plain.points, charged.points, strict=True):
        alone = backtest(bench.load(point), funding=[file], cache=tmp_path)
        assert alone.record.funding, "nothing was charged"
        assert after.figures == figures_of(alone) != before.figures
    assert [each.name for each in charged.files] == [file.name]


def test_ranks_follow_the_objective(bench: Bench) -> None:
    document = bench.sweep(bench.plan(Axis(FAST, ("2", "3", "4")), objective="max_drawdown"))

    ranked = sorted(document.points, key=lambda each: each.rank or 0)
    depths = [each.figures["max_drawdown"] for each in ranked]
    assert [each.rank for each in ranked] == [1, 2, 3]
    assert depths == sorted(depths, key=lambda depth: depth or 0)


def test_points_that_fail_are_told_and_the_others_go_on(bench: Bench) -> None:
    """7 is no fast average beside a slow one of 5, and there is no strategy called flies."""
    axes = Axis(FAST, ("2", "7")), Axis("strategies.ema.kind", ("ema_cross", "flies"))

    document = bench.sweep(bench.plan(*axes))

    good, *bad = document.points
    assert good.rank == 1
    assert good.error is None
    for entry in bad:
        assert entry.rank is None
        assert entry.figures == {}
        assert entry.error
    assert "must be below slow" in (bad[1].error or "")


def test_a_strategy_that_raises_fails_its_own_point(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken_strategy.py").write_text(
        "from actors.strategy.builtin.ema_cross import EmaCross\n"
        "class Broken(EmaCross):\n"
        "    def on_quote(self, view):\n"
        "        return 1 // (self.parameters.fast - 3) > 99\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    kind = Axis("strategies.ema.kind", ("broken_strategy:Broken",))

    document = bench.sweep(bench.plan(kind, Axis(FAST, ("2", "3"))))

    assert [entry.error is None for entry in document.points] == [True, False]
    assert "ZeroDivisionError" in (document.points[1].error or "")


def test_a_setting_that_does_not_exist_ends_the_sweep_before_it_begins(bench: Bench) -> None:
    with pytest.raises(ConfigurationError, match=r"strategies\.ema\.parameter"):
        bench.sweep(bench.plan(Axis("strategies.ema.parameter.fast", ("2", "3"))))


def test_the_same_sweep_is_the_same_to_the_last_byte(bench: Bench, tmp_path: Path) -> None:
    plan = bench.plan(Axis(FAST, ("2", "4")))
    first, second = bench.sweep(plan), bench.sweep(plan, runner=backwards)

    assert sweep_json(first) == sweep_json(second)
    assert sweep_csv(first) == sweep_csv(second)
    write_sweep(first, tmp_path / "out")
    assert (tmp_path / "out" / "sweep.json").read_bytes() == sweep_json(first)
    assert compare(runs_of_sweep(second), read_baseline(tmp_path / "out" / "sweep.json")) == ()


def backwards(tasks: Sequence[Task]) -> Iterator[tuple[int, RunResult]]:
    """Results in another order than asked for, as cores give them."""
    return iter(list(run_here(tasks))[::-1])


def test_the_csv_has_a_line_per_point_with_its_settings(bench: Bench) -> None:
    lines = sweep_csv(bench.sweep(bench.plan(Axis(FAST, ("2", "4"))))).decode().splitlines()

    assert lines[0].startswith(f"rank,{FAST},total_return,")
    assert [line.split(",")[1] for line in lines[1:]] == ["2", "4"]


def test_market_data_is_opened_once(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = []
    real = evaluating.open_market
    monkeypatch.setattr(evaluating, "open_market", lambda *a, **k: opened.append(a) or real(*a, **k))
    monkeypatch.setattr(evaluating, "_markets", type(evaluating._markets)())

    bench.sweep(bench.plan(Axis(FAST, ("2", "3", "4"))))

    assert len(opened) == 1


def test_walking_forward_tries_the_best_of_each_window_on_the_next(bench: Bench, tmp_path: Path) -> None:
    plan = bench.plan(Axis(FAST, ("2", "3", "4")), walk=WalkForward(8 * SECOND, 4 * SECOND, 4 * SECOND))

    document = bench.sweep(plan)

    walk = document.walk_forward
    assert walk is not None
    assert document.points == ()
    assert len(walk.folds) == 4
    growth = 1.0
    for fold in walk.folds:
        trained = {
            point.label: figures_of(
                backtest(
                    bench.load(point),
                    start=fold.windows.train_start,
                    end=fold.windows.train_end,
                    cache=tmp_path,
                )
            )
            for point in plan.points
        }
        merits = {name: merit(figures, "total_return") or 0.0 for name, figures in trained.items()}
        assert fold.point is not None
        assert merits[fold.point] == max(merits.values())
        chosen = next(point for point in plan.points if point.label == fold.point)
        test = backtest(
            bench.load(chosen), start=fold.windows.test_start, end=fold.windows.test_end, cache=tmp_path
        )
        assert fold.fingerprint == test.record.fingerprint
        assert fold.out_of_sample == figures_of(test)
        outside = fold.out_of_sample["total_return"]
        assert outside is not None
        assert fold.gap == pytest.approx(merits[fold.point] - outside)
        growth *= 1 + outside
    assert walk.out_of_sample["total_return"] == pytest.approx(growth - 1)


def test_walking_forward_without_a_choice_says_so(bench: Bench) -> None:
    """A Sharpe ratio needs two days."""
    walk = WalkForward(12 * SECOND, 6 * SECOND, 6 * SECOND)

    document = bench.sweep(bench.plan(Axis(FAST, ("2", "3")), walk=walk, objective="sharpe"))

    assert document.walk_forward is not None
    for fold in document.walk_forward.folds:
        assert fold.point is None
        assert fold.error == "sharpe is undefined for every point in sample"
    assert document.walk_forward.out_of_sample == {}


def test_an_interrupt_leaves_what_was_finished(bench: Bench) -> None:
    def interrupted(tasks: Sequence[Task]) -> Iterator[tuple[int, RunResult]]:
        yield from list(run_here(tasks[:1]))
        raise KeyboardInterrupt

    told: list[tuple[int, int]] = []
    plan = bench.plan(Axis(FAST, ("2", "3", "4")))
    document = bench.sweep(plan, runner=interrupted, progress=lambda *done: told.append(done))

    assert not document.complete
    assert [entry.point for entry in document.points] == [plan.points[0].label]
    assert told == [(1, 3)]
