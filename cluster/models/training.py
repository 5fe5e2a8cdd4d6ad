"""Training a run: walk forward to learn what the models are worth, then fit each to all rows, and write it down.

The same data, plan and code give the same run: its id is a fingerprint of them.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from actors.strategy.models import Calibration, Target
from actors.strategy.pipeline.arrays import Floats
from actors.strategy.pipeline.features import FEATURES
from actors.strategy.pipeline.horizons import ALWAYS_OPEN_MINUTES, parse_horizons
from actors.strategy.pipeline.ranking import RankingSettings
from cluster.backtest.record import DataFile
from cluster.code_version import code_version
from cluster.durable_files import sync_folder, write_atomically
from cluster.models.bars import Bars
from cluster.models.calibrating import calibration_of, rank_correlation
from cluster.models.dataset import Dataset, Key, build_dataset, window_features
from cluster.models.fitting import Fit, FitTask, Fitted, entry_of, fit_here
from cluster.models.labels import BARRIER
from cluster.models.leaks import FeatureBuilder
from cluster.models.manifest import FoldRecord, ModelEntry, RunManifest, write_manifest
from cluster.models.splitting import Split, walk_forward
from cluster.models.trainers import Parameter, parameters_of
from config.duration import MINUTE
from messages.errors import ConfigurationError, ModelLoadError

Progress = Callable[[int, int], None]
"""Told how many fits have ended, of how many."""

DEFAULT_HORIZONS: Final = ("5m", "15m", "30m", "60m")


class TrainingPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What is learnt, from bars of `interval_minutes`.

    With `ranked` the models tell how a symbol compares with the others of its time. `embargo_minutes` lie between what
    is learnt from and what is tested; None: as long as the horizon. `features` None: all that the data has. `barrier`
    in standard deviations over the horizon, for peaks and valleys.
    """

    interval_minutes: int = 5
    horizons: tuple[str, ...] = DEFAULT_HORIZONS
    targets: tuple[Target, ...] = (Target.FORWARD_RETURN,)
    family: str = "lightgbm"
    name: str | None = None
    folds: int = 4
    embargo_minutes: int | None = None
    features: tuple[str, ...] | None = None
    barrier: float = BARRIER
    day_minutes: int = ALWAYS_OPEN_MINUTES
    parameters: Mapping[str, Parameter] = {}
    seed: int = 7
    ranked: bool = False

    @property
    def model_name(self) -> str:
        """What the models are called: the family unless told otherwise."""
        return self.name or self.family

    def horizons_ns(self) -> dict[str, int]:
        """The horizons in ns, shortest first. Raises `ConfigurationError` for one that is no number of bars."""
        found = {}
        for horizon in parse_horizons(self.horizons, self.day_minutes):
            if horizon.minutes % self.interval_minutes:
                raise ConfigurationError(
                    f"is no whole number of bars of {self.interval_minutes} minutes",
                    field="horizons",
                    value=horizon.name,
                    remedy="choose other horizons, or another interval",
                )
            found[horizon.name] = horizon.minutes * MINUTE
        return found


class TrainedRun(msgspec.Struct, frozen=True):
    """A run that is not on disk yet: its manifest and the files it names."""

    manifest: RunManifest
    files: dict[str, bytes]


def train(
    series: Sequence[Bars],
    plan: TrainingPlan,
    *,
    data: Sequence[DataFile] = (),
    run: Fit = fit_here,
    progress: Progress | None = None,
    build: FeatureBuilder = window_features,
    built: Sequence[str] = FEATURES,
) -> TrainedRun:
    """Train the models of a plan on bars of some symbols; `data` are the files these came from.

    `build` makes the features, which are called `built`. Raises `ConfigurationError` for a plan that can't be,
    `DataProviderError` for data that is too short, `ModelLoadError` for a feature that looks ahead and a library that
    is missing.
    """
    horizons = plan.horizons_ns()
    parameters = parameters_of(plan.family, plan.parameters)
    if plan.ranked and len(series) < RankingSettings().minimum:
        raise ConfigurationError(
            f"a ranking takes at least {RankingSettings().minimum} symbols",
            field="ranked",
            value=len(series),
            remedy="train on more symbols, or without ranking",
        )
    if any(bars.interval != plan.interval_minutes * MINUTE for bars in series):
        raise ConfigurationError(
            "the bars are of another length than the plan's",
            field="interval_minutes",
            value=plan.interval_minutes,
            remedy="make bars of that length",
        )
    dataset = build_dataset(
        series,
        plan.targets,
        horizons,
        barrier=plan.barrier,
        names=plan.features,
        build=build,
        built=built,
    )
    splits = {key: _splits(dataset, key, plan) for key in dataset.y}
    tasks = [task for key, parts in splits.items() for task in _tasks(dataset, key, parts, plan, parameters)]
    fitted = _run(dataset, tasks, run, progress)
    entries: list[ModelEntry] = []
    records: list[FoldRecord] = []
    files: dict[str, bytes] = {}
    for index, (key, parts) in enumerate(splits.items()):
        begin = index * (plan.folds + 1)
        *tests, final = fitted[begin : begin + plan.folds + 1]
        entry = entry_of(plan.model_name, plan.family, key, dataset.features, final.data)
        entry = msgspec.structs.replace(
            entry,
            barrier=plan.barrier if key[0].is_probability else None,
            cross_sectional_ranking=plan.ranked and not key[0].is_probability,
            calibration=_calibration(dataset, key, parts, tests, plan),
        )
        entries.append(entry)
        records += [
            _record(dataset, key, entry.label, split, test) for split, test in zip(parts, tests, strict=True)
        ]
        files[entry.file] = final.data
    manifest = _manifest(series, dataset, plan, parameters, data, entries, records)
    return TrainedRun(manifest, files)


def write_run(folder: Path, trained: TrainedRun) -> Path:
    """Write a run: the folder appears whole, or not at all. Returns where it is.

    Raises `ConfigurationError` when there is something already, or it can't be written.
    """
    place = folder.expanduser().resolve()
    if place.exists() and (not place.is_dir() or any(place.iterdir())):
        raise ConfigurationError(
            "there is something already",
            field="--out",
            value=str(folder),
            remedy="name a folder that is empty or not there yet",
        )
    draft = place.with_name(f".{place.name}.{os.getpid()}.part")
    try:
        shutil.rmtree(draft, ignore_errors=True)
        for name, content in trained.files.items():
            path = draft / name
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, content, mode=0o644)
        write_manifest(draft, trained.manifest)
        draft.rename(place)
        sync_folder(place.parent)
    except OSError as error:
        raise ConfigurationError(
            f"the run can't be stored: {error.strerror or error}",
            field="--out",
            value=str(folder),
            remedy="name a folder that can be written to",
        ) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return place


# ---------------------------------------------------------------------- the parts


def _rows(dataset: Dataset, key: Key) -> np.ndarray:
    return np.flatnonzero(np.isfinite(dataset.y[key]))


def _splits(dataset: Dataset, key: Key, plan: TrainingPlan) -> tuple[Split, ...]:
    """The folds of one model, as rows of the dataset."""
    rows, horizon = _rows(dataset, key), dataset.horizons[key[1]]
    embargo = horizon if plan.embargo_minutes is None else plan.embargo_minutes * MINUTE
    times = dataset.times[rows]
    parts = walk_forward(times, times + horizon, plan.folds, embargo)
    return tuple(Split(rows[part.train], rows[part.test]) for part in parts)


def _tasks(
    dataset: Dataset,
    key: Key,
    parts: Sequence[Split],
    plan: TrainingPlan,
    parameters: Mapping[str, Parameter],
) -> list[FitTask]:
    """One task for each fold, and one for the model itself, which is fitted to all rows."""
    everything = Split(_rows(dataset, key), np.zeros(0, np.int64))
    return [
        FitTask(
            plan.model_name,
            plan.family,
            key,
            plan.interval_minutes,
            part.train,
            part.test,
            parameters,
            plan.seed,
        )
        for part in (*parts, everything)
    ]


def _run(dataset: Dataset, tasks: Sequence[FitTask], run: Fit, progress: Progress | None) -> list[Fitted]:
    """The results in the order of the tasks. Raises `ModelLoadError` for the first that failed."""
    found: dict[int, Fitted] = {}
    for number, result in run(dataset, tasks):
        if result.error is not None:
            target, horizon = tasks[number].key
            raise ModelLoadError(
                f"training failed: {result.error}",
                field=f"{tasks[number].name}/{target.value}/{horizon}",
                remedy="correct the plan or the data",
            )
        found[number] = result
        if progress is not None:
            progress(len(found), len(tasks))
    return [found[number] for number in range(len(tasks))]


def _calibration(
    dataset: Dataset, key: Key, parts: Sequence[Split], tests: Sequence[Fitted], plan: TrainingPlan
) -> Calibration | None:
    """Over the predictions of all folds, none of which saw what it predicts."""
    if key[0].is_probability:
        return None
    rows = np.concatenate([part.test for part in parts])
    overlap = dataset.horizons[key[1]] // (plan.interval_minutes * MINUTE)
    return calibration_of(
        dataset.times[rows],
        dataset.symbols[rows],
        np.concatenate([_predictions(each) for each in tests]),
        dataset.y[key][rows],
        overlap=overlap,
        ranked=plan.ranked,
    )


def _record(dataset: Dataset, key: Key, label: str, split: Split, test: Fitted) -> FoldRecord:
    learnt, tried = dataset.times[split.train], dataset.times[split.test]
    return FoldRecord(
        model=label,
        train_start=int(learnt[0]),
        train_end=int(learnt[-1]),
        test_start=int(tried[0]),
        test_end=int(tried[-1]),
        train_rows=len(learnt),
        test_rows=len(tried),
        ic=rank_correlation(_predictions(test), dataset.y[key][split.test]),
    )


def _predictions(test: Fitted) -> Floats:
    assert test.predictions is not None, "a fold has something to predict"
    return test.predictions


def _manifest(
    series: Sequence[Bars],
    dataset: Dataset,
    plan: TrainingPlan,
    parameters: Mapping[str, Parameter],
    data: Sequence[DataFile],
    entries: Sequence[ModelEntry],
    records: Sequence[FoldRecord],
) -> RunManifest:
    version = code_version()
    content = [hashlib.sha256(bars.closes.tobytes() + bars.values.tobytes()).hexdigest() for bars in series]
    told = msgspec.json.encode([plan, parameters, content, [bars.symbol for bars in series], version])
    return RunManifest(
        run_id=hashlib.sha256(told).hexdigest()[:12],
        interval_minutes=plan.interval_minutes,
        day_minutes=plan.day_minutes,
        models=tuple(entries),
        trained_from=min(int(bars.closes[0]) - bars.interval for bars in series),
        trained_to=dataset.known_until,
        bar_source=", ".join(sorted({bars.source.value for bars in series})),
        trained_symbols=dataset.names,
        data=tuple(data),
        folds=tuple(records),
        parameters={name: str(value) for name, value in {**parameters, "seed": plan.seed}.items()},
        code_version=version,
    )
