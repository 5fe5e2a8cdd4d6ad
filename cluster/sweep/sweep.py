"""A sweep from its settings to its document: every point over the data, or the best of each window on the next."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

import msgspec

from cluster.backtest.funding import open_funding
from cluster.backtest.record import DEFAULT_SETTINGS
from cluster.code_version import code_version
from cluster.sweep.document import FORMAT, FoldEntry, PointEntry, SweepDocument, WalkForwardEntry
from cluster.sweep.evaluate import RunResult, Task, market_of
from cluster.sweep.figures import FIGURES, Figures, merit
from cluster.sweep.folds import Fold, WalkForward, chained, folds_of
from cluster.sweep.running import Runner, run_here
from cluster.sweep.space import Point
from config import LoadedConfig
from messages.errors import ConfigurationError

LoadPoint = Callable[[Point], LoadedConfig]
"""The settings of a point. Raises `ConfigurationError` when they are wrong."""

Progress = Callable[[int, int], None]
"""Told how many runs have ended, of how many that are known of by now."""


class SweepPlan(msgspec.Struct, frozen=True):
    """What is swept over which data. `objective` is a figure's name; times ns UTC, inclusive, None = all data."""

    points: tuple[Point, ...]
    objective: str
    data: tuple[str, ...]
    cache: str
    start: int | None = None
    end: int | None = None
    walk_forward: WalkForward | None = None
    funding: tuple[str, ...] = ()


class _Results:
    """The results of tasks as they come; an interrupt ends it with those that have."""

    def __init__(self, runner: Runner, progress: Progress | None) -> None:
        self._runner = runner
        self._progress = progress
        self._ended = self._known = 0
        self.interrupted = False

    def run(self, tasks: Sequence[Task | RunResult]) -> list[RunResult | None]:
        """The result of each; what is a result already stands as it is. None where none came."""
        found: list[RunResult | None] = [each if isinstance(each, RunResult) else None for each in tasks]
        due = [index for index, each in enumerate(tasks) if isinstance(each, Task)]
        self._known += len(due)
        if self.interrupted:
            return found
        try:
            for number, result in self._runner([each for each in tasks if isinstance(each, Task)]):
                found[due[number]] = result
                self._ended += 1
                if self._progress is not None:
                    self._progress(self._ended, self._known)
        except KeyboardInterrupt:
            self.interrupted = True
        return found


def sweep(
    base: LoadedConfig,
    load: LoadPoint,
    plan: SweepPlan,
    *,
    runner: Runner = run_here,
    progress: Progress | None = None,
) -> SweepDocument:
    """Run every point of the plan; a point that fails is recorded as such. `base` are the settings without a point.

    An interrupt (Ctrl-C) ends it early: the document has what was finished and is not `complete`. Raises
    `ConfigurationError` when the settings of no point can be loaded or the data has nothing to offer, and
    `DataProviderError` for data that can't be read.
    """
    loaded = _loaded(plan.points, load)
    market = market_of(Task(base, plan.data, plan.cache, plan.start, plan.end))
    _, rates = open_funding(base.config, plan.funding)
    results = _Results(runner, progress)
    points: tuple[PointEntry, ...] = ()
    walk: WalkForwardEntry | None = None
    if plan.walk_forward is None:
        points = _ranked(plan, loaded, results.run(_tasks(plan, loaded, plan.start, plan.end)))
    else:
        folds = folds_of(plan.walk_forward, market.start, market.end)
        walk = _walk(plan, loaded, folds, results)
    return SweepDocument(
        FORMAT,
        base.config.desk.name,
        base.hash,
        code_version(),
        plan.objective,
        market.start,
        market.end,
        (*market.files, *rates),
        not results.interrupted,
        points,
        walk,
    )


def best_of(results: Sequence[RunResult | None], objective: str) -> int | None:
    """The index of the best run; the first of equals, None where no run has the figure."""
    order = _order(results, objective)
    return order[0] if order else None


def _order(results: Sequence[RunResult | None], objective: str) -> list[int]:
    """Indices from best to worst, of the runs that have the figure."""
    merits = [None if each is None or each.error else merit(each.figures, objective) for each in results]
    known = [(-value, index) for index, value in enumerate(merits) if value is not None]
    return [index for _, index in sorted(known)]


def _loaded(points: Sequence[Point], load: LoadPoint) -> list[LoadedConfig | ConfigurationError]:
    found: list[LoadedConfig | ConfigurationError] = []
    for point in points:
        try:
            found.append(load(point))
        except ConfigurationError as error:
            found.append(error)
    errors = [each for each in found if isinstance(each, ConfigurationError)]
    if errors and len(errors) == len(found):
        raise errors[0]  # nothing would run: most likely a setting's name is wrong
    return found


def _tasks(
    plan: SweepPlan,
    loaded: Sequence[LoadedConfig | ConfigurationError],
    start: int | None,
    end: int | None,
) -> list[Task | RunResult]:
    return [
        Task(each, plan.data, plan.cache, start, end, plan.funding)
        if isinstance(each, LoadedConfig)
        else RunResult(error=str(each))
        for each in loaded
    ]


def _ranked(
    plan: SweepPlan,
    loaded: Sequence[LoadedConfig | ConfigurationError],
    results: Sequence[RunResult | None],
) -> tuple[PointEntry, ...]:
    ranks = {index: place for place, index in enumerate(_order(results, plan.objective), 1)}
    return tuple(
        PointEntry(
            point.label,
            dict(point.settings),
            ranks.get(index),
            result.figures,
            result.fingerprint,
            result.config_hash,
            result.error,
        )
        for index, (point, result) in enumerate(zip(plan.points, results, strict=True))
        if result is not None
    )


def _walk(
    plan: SweepPlan,
    loaded: Sequence[LoadedConfig | ConfigurationError],
    folds: Sequence[Fold],
    results: _Results,
) -> WalkForwardEntry:
    count = len(plan.points)
    tasks = [task for fold in folds for task in _tasks(plan, loaded, fold.train_start, fold.train_end)]
    trained = results.run(tasks)
    by_fold = [trained[index * count : (index + 1) * count] for index in range(len(folds))]
    chosen = [best_of(each, plan.objective) for each in by_fold]
    tested = results.run([_test(plan, loaded, *pair) for pair in zip(folds, chosen, strict=True)])
    entries = tuple(
        _fold_entry(plan, fold, runs, best, test)
        for fold, runs, best, test in zip(folds, by_fold, chosen, tested, strict=True)
        if test is not None
    )
    curves = [test.curve for test in tested if test is not None and test.curve is not None]
    in_sample = _mean([each.in_sample for each in entries if each.point is not None])
    gaps = [each.gap for each in entries if each.gap is not None]
    prints = hashlib.sha256("".join(each.fingerprint for each in entries).encode()).hexdigest()
    return WalkForwardEntry(
        entries,
        in_sample,
        chained(curves, DEFAULT_SETTINGS.periods_per_year),
        sum(gaps) / len(gaps) if gaps else None,
        prints,
    )


def _test(
    plan: SweepPlan, loaded: Sequence[LoadedConfig | ConfigurationError], fold: Fold, best: int | None
) -> Task | RunResult:
    settings = None if best is None else loaded[best]
    if not isinstance(settings, LoadedConfig):
        return RunResult(error=f"{plan.objective} is undefined for every point in sample")
    return Task(settings, plan.data, plan.cache, fold.test_start, fold.test_end, plan.funding, curve=True)


def _fold_entry(
    plan: SweepPlan, fold: Fold, runs: Sequence[RunResult | None], best: int | None, test: RunResult
) -> FoldEntry:
    chosen = None if best is None else runs[best]
    before = {} if chosen is None else chosen.figures
    inside, outside = merit(before, plan.objective), merit(test.figures, plan.objective)
    return FoldEntry(
        fold,
        None if best is None else plan.points[best].label,
        before,
        test.figures,
        None if inside is None or outside is None else inside - outside,
        test.fingerprint,
        sum(1 for each in runs if each is not None and each.error is not None),
        test.error,
    )


def _mean(runs: Sequence[Figures]) -> Figures:
    """The mean of each figure over the runs that have it."""
    found: Figures = {}
    for name in FIGURES if runs else ():
        known = [value for each in runs if (value := each.get(name)) is not None]
        found[name] = sum(known) / len(known) if known else None
    return found
