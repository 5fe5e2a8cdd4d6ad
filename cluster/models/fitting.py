"""One task of training: fit a model, and predict the rows that it did not see. Runs in any process."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from actors.strategy.models import Target
from actors.strategy.pipeline.arrays import Floats, Ints
from cluster.models.dataset import Dataset, Key
from cluster.models.families import open_model
from cluster.models.loading import LoadedModel
from cluster.models.manifest import ModelEntry
from cluster.models.trainers import Parameter, fit, trainer_of
from config import DeskConfig
from messages.errors import DeskError


@dataclass(frozen=True, eq=False)
class FitTask:
    """Fit a model of `family` for `key` to the rows `train`, and predict the rows `test`, if any."""

    name: str
    family: str
    key: Key
    interval_minutes: int
    train: Ints
    test: Ints
    parameters: Mapping[str, Parameter]
    seed: int


@dataclass(frozen=True, eq=False)
class Fitted:
    """The file of the model and its predictions float64[test]; or why there are none."""

    data: bytes = b""
    predictions: Floats | None = None
    error: str | None = None


Fit = Callable[[Dataset, Sequence[FitTask]], Iterator[tuple[int, Fitted]]]
"""Runs tasks: the results with their tasks' numbers, as they come."""


def fit_task(dataset: Dataset, task: FitTask) -> Fitted:
    """Run one task. What goes wrong in it is its result."""
    target, _ = task.key
    x, y = dataset.x[task.train], dataset.y[task.key][task.train]
    try:
        data = fit(task.family, x, y, dataset.features, target, parameters=task.parameters, seed=task.seed)
        if not len(task.test):
            return Fitted(data)
        entry = entry_of(task.name, task.family, task.key, dataset.features, data)
        # the same way as in a desk, so that what is measured is what will be done
        model = LoadedModel(entry, task.interval_minutes, open_model(data, entry))
        return Fitted(data, model.predict(dataset.x[task.test]))
    except DeskError as error:
        return Fitted(error=str(error))


def entry_of(name: str, family: str, key: Key, features: tuple[str, ...], data: bytes) -> ModelEntry:
    """The manifest's entry of a fitted model."""
    target, horizon = key
    return ModelEntry(
        name=name,
        family=family,
        target=Target(target),
        horizon=horizon,
        file=f"models/{name}/{target.value}-{horizon}{trainer_of(family).suffix}",
        sha256=hashlib.sha256(data).hexdigest(),
        size=len(data),
        features=features,
    )


def fit_here(dataset: Dataset, tasks: Sequence[FitTask]) -> Iterator[tuple[int, Fitted]]:
    """One after the other in this process."""
    for number, task in enumerate(tasks):
        yield number, fit_task(dataset, task)


@contextmanager
def fit_on_ray(config: DeskConfig) -> Iterator[Fit]:
    """Ray tasks of one core each, on the configured cluster or one of our own; see `cluster.sweep.running`."""
    from cluster.sweep.running import each_on_ray, ray_cluster

    def run(dataset: Dataset, tasks: Sequence[FitTask]) -> Iterator[tuple[int, Fitted]]:
        return each_on_ray(fit_task, tasks, failed=lambda reason: Fitted(error=reason), shared=(dataset,))

    with ray_cluster(config):
        yield run
