"""The same training as Ray tasks, on a real local cluster: the same run, and what fails there is told."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest

from cluster.models.fitting import Fit, fit_on_ray
from cluster.models.training import TrainedRun, TrainingPlan, train
from config import load_config
from messages.errors import ModelLoadError
from tests.cluster.models.making import made_bars

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def on_ray() -> Iterator[Fit]:
    with fit_on_ray(load_config("synthetic", environ={}).config) as run:
        yield run


def test_ray_tasks_give_the_run_that_one_process_gives(
    on_ray: Fit, trained: TrainedRun, plan: TrainingPlan
) -> None:
    told: list[tuple[int, int]] = []
    series = [made_bars("BTC-USDT", seed=1), made_bars("ETH-USDT", seed=2)]
    found = train(series, plan, run=on_ray, progress=lambda ended, known: told.append((ended, known)))

    assert found.files == trained.files
    assert found.manifest == trained.manifest
    assert told == [(ended, 6) for ended in range(1, 7)]


def test_a_fit_that_fails_there_ends_the_training(on_ray: Fit, plan: TrainingPlan) -> None:
    with pytest.raises(ModelLoadError, match="training failed: parameters: lightgbm refused"):
        train([made_bars(count=700)], msgspec.structs.replace(plan, parameters={"num_leaves": 1}), run=on_ray)
