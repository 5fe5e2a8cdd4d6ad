"""Runs that the tests of models share, made once."""

from __future__ import annotations

from pathlib import Path

import pytest

from cluster.models.manifest import RunManifest
from cluster.models.training import TrainedRun, TrainingPlan, train
from tests.cluster.models.making import QUICK, fitted, lightgbm_entry, made_bars, make_run


@pytest.fixture(scope="session")
def lightgbm_file() -> bytes:
    return fitted("lightgbm")


@pytest.fixture
def run(tmp_path: Path, lightgbm_file: bytes) -> tuple[Path, RunManifest]:
    """A run of one LightGBM model, and where it lies."""
    folder = tmp_path / "run"
    return folder, make_run(folder, [(lightgbm_entry(lightgbm_file), lightgbm_file)])


@pytest.fixture(scope="session")
def plan() -> TrainingPlan:
    return TrainingPlan(horizons=("5m", "15m"), folds=2, parameters=QUICK)


@pytest.fixture(scope="session")
def trained(plan: TrainingPlan) -> TrainedRun:
    """Two symbols, two horizons, two folds."""
    return train([made_bars("BTC-USDT", seed=1), made_bars("ETH-USDT", seed=2)], plan)
