"""Training: reproducible, honest about what it saw, and it finds what there is to find."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from actors.strategy.models import Target
from actors.strategy.pipeline.arrays import Floats
from actors.strategy.pipeline.features import FEATURES
from cluster.backtest.record import DataFile
from cluster.models.bars import Bars
from cluster.models.dataset import window_features
from cluster.models.loading import ModelRun
from cluster.models.manifest import MANIFEST, manifest_json
from cluster.models.training import TrainedRun, TrainingPlan, train, write_run
from config.duration import MINUTE
from messages.errors import ConfigurationError, DataProviderError, ModelLoadError
from tests.cluster.models.making import INTERVAL, QUICK, START, made_bars

pytestmark = pytest.mark.unit


def test_the_manifest_says_what_was_learnt_from_what(trained: TrainedRun) -> None:
    manifest = trained.manifest
    assert manifest.horizons == ("5m", "15m")
    assert manifest.trained_symbols == ("BTC-USDT", "ETH-USDT")
    assert manifest.trained_from == START
    assert manifest.trained_to == START + 1200 * INTERVAL, "the last label was known at the last close"
    assert all(entry.features == FEATURES for entry in manifest.models)
    assert set(trained.files) == {entry.file for entry in manifest.models}
    assert manifest.parameters["rounds"] == "10"
    assert manifest.parameters["seed"] == "7"


def test_folds_follow_each_other_and_are_purged(trained: TrainedRun, plan: TrainingPlan) -> None:
    horizons = {"5m": 5 * MINUTE, "15m": 15 * MINUTE}
    for entry in trained.manifest.models:
        folds = [each for each in trained.manifest.folds if each.model == entry.label]
        assert len(folds) == plan.folds
        assert folds[0].test_end < folds[1].test_start
        for fold in folds:
            assert fold.train_end + 2 * horizons[entry.horizon] <= fold.test_start, "purged, and an embargo"
            assert fold.train_rows > 300
            assert fold.test_rows > 300


def test_it_finds_that_this_market_gives_back_half_of_each_move(trained: TrainedRun) -> None:
    nearest, later = (entry.calibration for entry in trained.manifest.models)
    assert nearest is not None
    assert later is not None
    assert nearest.ic > 0.25
    assert nearest.slope > 0.0003
    assert nearest.rmse < 0.003
    assert later.pairs < nearest.pairs / 2, "labels over three bars overlap"


def test_noise_has_no_worth() -> None:
    """The same with the order of the bars' moves drawn anew: nothing is left to be found, and that is what is said."""
    bars = made_bars(count=2400, seed=11)
    moves = np.random.default_rng(12).permutation(bars.values[1:, 3] / bars.values[:-1, 3])
    close = 100.0 * np.cumprod(np.r_[1.0, moves])
    flat = np.column_stack([close, close, close, close, bars.values[:, 4]])
    plan = TrainingPlan(horizons=("5m",), folds=2, parameters=QUICK)
    (entry,) = train([replace(bars, values=flat)], plan).manifest.models
    assert entry.calibration is not None
    assert abs(entry.calibration.ic) < 0.1


def test_the_same_data_plan_and_code_give_the_same_run(trained: TrainedRun, plan: TrainingPlan) -> None:
    again = train([made_bars("BTC-USDT", seed=1), made_bars("ETH-USDT", seed=2)], plan)
    assert again.files == trained.files
    assert manifest_json(again.manifest) == manifest_json(trained.manifest)
    other = train(
        [made_bars("BTC-USDT", seed=1), made_bars("ETH-USDT", seed=2)], msgspec.structs.replace(plan, seed=8)
    )
    assert other.manifest.run_id != trained.manifest.run_id
    assert other.files != trained.files


def test_what_is_stored_is_loaded_and_predicts_the_desks_own_features(
    trained: TrainedRun, tmp_path: Path
) -> None:
    place = write_run(tmp_path / "run", trained)
    run = ModelRun.open(place, interval_minutes=5)
    assert run.manifest == trained.manifest
    bars = made_bars("BTC-USDT", seed=9)
    made = window_features(bars)
    (model, _) = run.models()
    said = model.predict(made)
    returns = np.r_[bars.values[1:, 3] / bars.values[:-1, 3] - 1.0, np.nan]
    known = np.isfinite(said) & np.isfinite(returns)
    assert known.sum() == len(bars) - 253
    assert np.corrcoef(said[known], returns[known])[0, 1] > 0.25, "on a market that it has not seen"


@pytest.mark.parametrize("family", ["lightgbm", "xgboost"])
def test_peaks_and_valleys_are_learnt_as_well(family: str) -> None:
    quick: dict[str, Any] = QUICK if family == "lightgbm" else {"rounds": 10, "min_child_weight": 10}
    plan = TrainingPlan(horizons=("15m",), targets=tuple(Target), family=family, folds=1, parameters=quick)
    manifest = train([made_bars(count=1000)], plan).manifest
    assert manifest.targets == tuple(Target)
    assert [entry.barrier for entry in manifest.models] == [None, 1.0, 1.0]
    assert [entry.calibration is None for entry in manifest.models] == [False, True, True]
    assert all(fold.ic is not None and fold.ic > 0.1 for fold in manifest.folds)


# ---------------------------------------------------------------------- refusals


def peeking(bars: Bars) -> Floats:
    """The desk's features, but for one that is the return to come."""
    found = window_features(bars)
    close = bars.values[:, 3]
    found[:, 0] = np.r_[close[1:] / close[:-1] - 1.0, 0.0]
    return found


def test_a_planted_leak_ends_the_training(plan: TrainingPlan) -> None:
    with pytest.raises(ModelLoadError, match="return_1 looks ahead"):
        train([made_bars()], plan, build=peeking)


def test_a_leak_would_have_looked_like_worth(plan: TrainingPlan, monkeypatch: pytest.MonkeyPatch) -> None:
    """Walking forward alone does not find it: what peeks predicts the unseen best of all."""
    monkeypatch.setattr("cluster.models.dataset.require_no_lookahead", lambda bars, build, names: build(bars))
    entry = train([made_bars()], plan, build=peeking).manifest.models[0]
    assert entry.calibration is not None
    assert entry.calibration.ic > 0.9


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"family": "onnx"}, "can't be trained here"),
        ({"parameters": {"rouds": 5}}, "not given such a parameter"),
        ({"parameters": {"num_threads": 8}}, "not given such a parameter"),
        ({"parameters": {"num_leaves": 1}}, "training failed: parameters: lightgbm refused"),
        ({"horizons": ("7m",)}, "no whole number of bars of 5 minutes"),
        ({"horizons": ("soon",)}, "not a horizon"),
        ({"interval_minutes": 1}, "of another length"),
    ],
)
def test_a_plan_that_can_not_be_is_refused(plan: TrainingPlan, change: dict[str, Any], told: str) -> None:
    with pytest.raises((ConfigurationError, ModelLoadError), match=told):
        train([made_bars(count=700)], msgspec.structs.replace(plan, **change))


def test_too_little_data_is_refused(plan: TrainingPlan) -> None:
    with pytest.raises(DataProviderError, match="too little data for 2 folds"):
        train([made_bars(count=300)], plan)


# ---------------------------------------------------------------------- writing


def test_a_run_is_written_whole_or_not_at_all(
    trained: TrainedRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(folder: Path, manifest: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("cluster.models.training.write_manifest", full)
    with pytest.raises(ConfigurationError, match="No space left"):
        write_run(tmp_path / "run", trained)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_written_over(trained: TrainedRun, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    place = write_run(tmp_path / "run", trained)
    assert place == tmp_path / "run", "an empty folder is no obstacle"
    before = (place / MANIFEST).read_bytes()
    with pytest.raises(ConfigurationError, match="something already"):
        write_run(place, trained)
    assert (place / MANIFEST).read_bytes() == before


def test_where_the_data_came_from_is_kept(plan: TrainingPlan) -> None:
    files = (DataFile("btc.csv", "0123456789ab", 900, START, START + 1),)
    quick = msgspec.structs.replace(plan, horizons=("5m",), folds=1)
    assert train([made_bars(count=700)], quick, data=files).manifest.data == files


def test_ranked_models_are_calibrated_and_served_by_ranks(tmp_path: Path) -> None:
    series = [made_bars(f"{name}-USDT", count=600, seed=seed) for seed, name in enumerate("ABCDE")]
    plan = TrainingPlan(
        horizons=("5m",), folds=1, parameters=QUICK, ranked=True, targets=(Target.FORWARD_RETURN, Target.PEAK)
    )
    write_run(tmp_path / "run", train(series, plan))
    score, peak = ModelRun.open(tmp_path / "run").models()
    assert score.cross_sectional
    assert score.calibration is not None
    assert score.calibration.ranked
    assert score.calibration.slope > 0.0003
    assert not peak.cross_sectional
    with pytest.raises(ConfigurationError, match="at least 5 symbols"):
        train(series[:4], plan)
