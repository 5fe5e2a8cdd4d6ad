"""Loading: every family behind one shape, everything checked first, missing stays missing."""

from __future__ import annotations

import hashlib
import pickle
import sys
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.strategy.models import Model, Target
from actors.strategy.pipeline.arrays import Floats
from actors.strategy.pipeline.sequences import Normalisation, normalise
from cluster.models import families
from cluster.models.families import FAMILIES, TRUST
from cluster.models.fitting import entry_of
from cluster.models.loading import LoadedModel, ModelRun
from cluster.models.manifest import ModelEntry, RunManifest
from messages.errors import InvariantError, ModelLoadError
from tests.cluster.models.making import (
    CALIBRATION,
    INTERVAL,
    NAMES,
    START,
    fitted,
    lightgbm_entry,
    linear_onnx,
    make_run,
    onnx_entry,
    table,
)

pytestmark = pytest.mark.unit

WEIGHTS = np.array([0.5, -0.25, 2.0])
KNOWN = (*NAMES, "atr_14")


def loaded(folder: Path, entry: ModelEntry, data: bytes, **more: Any) -> LoadedModel:
    """The one model of a run made of it."""
    make_run(folder, [(entry, data)])
    (model,) = ModelRun.open(folder, features=KNOWN, **more).models()
    return model


def test_a_loaded_model_has_the_shape_that_strategies_see(run: tuple[Path, RunManifest]) -> None:
    folder, _ = run
    (model,) = ModelRun.open(folder, interval_minutes=5).models()
    seen: Model = model

    assert (seen.name, seen.family, seen.target, seen.horizon) == (
        "lightgbm",
        "lightgbm",
        Target.FORWARD_RETURN,
        "5m",
    )
    assert (seen.interval_minutes, seen.input_mode, seen.features) == (5, "features", NAMES)
    assert (seen.sequence_length, seen.symbols, seen.cross_sectional) == (None, None, False)
    assert seen.calibration == CALIBRATION
    assert seen.predict(table()[0]).shape == (400,)


@pytest.mark.parametrize("family", ["lightgbm", "xgboost"])
def test_trees_predict_what_their_library_says_row_by_row(tmp_path: Path, family: str) -> None:
    data = fitted(family)
    model = loaded(tmp_path, entry_of(family, family, (Target.FORWARD_RETURN, "5m"), NAMES, data), data)
    x, y = table()
    together = model.predict(x)

    assert np.corrcoef(together, y)[0, 1] > 0.5
    assert together.dtype == np.float64
    alone = np.concatenate([model.predict(x[index : index + 1]) for index in range(50)])
    assert np.array_equal(alone, together[:50]), "one symbol alone = the same among many"


@pytest.mark.parametrize("family", ["lightgbm", "xgboost"])
def test_peaks_and_valleys_are_probabilities(tmp_path: Path, family: str) -> None:
    data = fitted(family, Target.PEAK)
    model = loaded(tmp_path, entry_of(family, family, (Target.PEAK, "5m"), NAMES, data), data)
    found = model.predict(table()[0])
    assert found.min() > 0.0
    assert found.max() < 1.0
    assert np.corrcoef(found, table()[1])[0, 1] > 0.4


@pytest.mark.parametrize("double", [False, True])
def test_onnx_predicts(tmp_path: Path, double: bool) -> None:
    data = linear_onnx(WEIGHTS, double=double)
    model = loaded(tmp_path, onnx_entry(data), data)
    x = table()[0]
    np.testing.assert_allclose(model.predict(x), x @ WEIGHTS, rtol=1e-5 if not double else 1e-12, atol=1e-6)


def test_a_classifier_gives_the_probability_of_its_second_class(tmp_path: Path) -> None:
    data = linear_onnx(WEIGHTS, outputs=2, operations=["Softmax"])
    model = loaded(tmp_path, onnx_entry(data, target=Target.PEAK), data)
    np.testing.assert_allclose(model.predict(table()[0]), 0.5, rtol=1e-6)


def test_what_is_no_probability_is_missing(tmp_path: Path) -> None:
    data = linear_onnx(WEIGHTS)
    model = loaded(tmp_path, onnx_entry(data, target=Target.PEAK), data)
    found = model.predict(np.array([[1.0, 0.0, 0.0], [4.0, 0.0, 0.0], [-1.0, 0.0, 0.0]]))
    assert found[0] == 0.5
    assert np.isnan(found[1:]).all()


@pytest.mark.parametrize("method", list(Normalisation))
def test_raw_sequences_are_normalised_as_in_training(tmp_path: Path, method: Normalisation) -> None:
    weights = np.linspace(-1.0, 1.0, 20).reshape(4, 5)
    data = linear_onnx(weights, double=True)
    entry = onnx_entry(data, input_mode="raw_sequence", features=(), sequence_length=4, normalisation=method)
    model = loaded(tmp_path, entry, data)
    bars = np.random.default_rng(2).uniform(50.0, 60.0, (3, 4, 5))
    bars[1, 2, 3] = np.nan

    expected = (normalise(bars, method) * weights).sum(axis=(1, 2))
    np.testing.assert_allclose(model.predict(bars), expected, rtol=1e-9)
    assert np.isnan(expected[1])
    assert not np.isnan(expected[[0, 2]]).any()


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_a_row_that_lacks_a_value_is_not_predicted_and_others_do_not_notice(
    lightgbm_file: bytes, data: st.DataObject
) -> None:
    entry = lightgbm_entry(lightgbm_file)
    model = LoadedModel(entry, 5, families.open_model(lightgbm_file, entry))
    x = table()[0][:8].copy()
    whole = model.predict(x)
    holes = data.draw(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 2)), max_size=10))
    for row, column in holes:
        x[row, column] = data.draw(st.sampled_from([np.nan, np.inf, -np.inf]))
    lacking = sorted({row for row, _ in holes})
    found = model.predict(x)
    assert np.isnan(found[lacking]).all()
    rest = np.delete(np.arange(8), lacking)
    assert np.array_equal(found[rest], whole[rest])


def test_another_shape_is_a_mistake_of_the_caller(run: tuple[Path, RunManifest]) -> None:
    (model,) = ModelRun.open(run[0]).models()
    with pytest.raises(InvariantError, match="takes rows of shape"):
        model.predict(np.zeros((2, 4)))


# ---------------------------------------------------------------------- refusals


def test_another_interval_is_refused(run: tuple[Path, RunManifest]) -> None:
    with pytest.raises(ModelLoadError, match="bars of 5 minutes"):
        ModelRun.open(run[0], interval_minutes=1)


def test_a_feature_that_there_is_not_is_refused(run: tuple[Path, RunManifest]) -> None:
    with pytest.raises(ModelLoadError, match=r"a feature that there is not \(found 'range'"):
        ModelRun.open(run[0], features=("return_1", "volatility_20"))


def test_a_damaged_file_is_refused_before_any_library_sees_it(
    run: tuple[Path, RunManifest], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, manifest = run
    path = folder / manifest.models[0].file
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    monkeypatch.setattr(families, "library_of", lambda entry: pytest.fail("the library was asked"))
    with pytest.raises(ModelLoadError, match="the manifest says"):
        ModelRun.open(folder)


def test_a_file_changed_after_opening_is_refused_when_it_is_read(run: tuple[Path, RunManifest]) -> None:
    folder, manifest = run
    opened = ModelRun.open(folder)
    path = folder / manifest.models[0].file
    path.write_bytes(path.read_bytes().replace(b"feature", b"erutaef", 1))
    with pytest.raises(ModelLoadError, match="checksum differs"):
        opened.models()


@pytest.mark.parametrize(
    ("family", "data"),
    [
        ("lightgbm", b"garbage"),
        ("lightgbm", b"tree\nversion=v4\n"),
        ("xgboost", b"garbage"),
        ("onnx", b"garbage"),
    ],
)
def test_what_is_no_model_is_refused(tmp_path: Path, family: str, data: bytes) -> None:
    entry = msgspec.structs.replace(
        onnx_entry(data), family=family, file=f"model{FAMILIES[family].suffixes[0]}"
    )
    with pytest.raises(ModelLoadError, match="can't be opened"):
        loaded(tmp_path, entry, data)


def test_half_a_lightgbm_text_is_refused_rather_than_ending_the_process(
    tmp_path: Path, lightgbm_file: bytes
) -> None:
    for cut in (len(lightgbm_file) // 2, lightgbm_file.index(b"end of trees")):
        entry = lightgbm_entry(lightgbm_file[:cut])
        with pytest.raises(ModelLoadError, match="not all of it"):
            loaded(tmp_path / str(cut), entry, lightgbm_file[:cut])


@pytest.mark.parametrize("family", ["lightgbm", "xgboost"])
def test_other_features_than_the_model_has_are_refused(tmp_path: Path, family: str) -> None:
    data = fitted(family)
    entry = entry_of(family, family, (Target.FORWARD_RETURN, "5m"), NAMES, data)
    for features, told in (
        (NAMES[:2], "was trained on 3 features, the manifest names 2"),
        (NAMES[::-1], "return_1, not range"),
    ):
        wrong = msgspec.structs.replace(entry, features=features)
        with pytest.raises(ModelLoadError, match=told):
            loaded(tmp_path / str(len(features)) / features[0], wrong, data)


@pytest.mark.parametrize(
    ("weights", "change"),
    [
        (np.ones(4), {}),
        (np.ones((4, 5)), {}),
        (np.ones(3), {"input_mode": "raw_sequence", "features": (), "sequence_length": 4}),
        (np.ones((4, 5)), {"input_mode": "raw_sequence", "features": (), "sequence_length": 8}),
    ],
)
def test_an_onnx_of_another_shape_is_refused(tmp_path: Path, weights: Floats, change: dict[str, Any]) -> None:
    data = linear_onnx(weights)
    with pytest.raises(ModelLoadError, match="another input than the manifest says"):
        loaded(tmp_path, onnx_entry(data, **change), data)


def test_an_onnx_with_two_outputs_per_row_is_refused_when_it_is_warmed_up(tmp_path: Path) -> None:
    data = linear_onnx(WEIGHTS, outputs=2)
    with pytest.raises(ModelLoadError, match="one output per row"):
        loaded(tmp_path, onnx_entry(data), data)


def test_onnx_weights_in_another_file_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import onnx

    model = onnx.load_from_string(linear_onnx(WEIGHTS))
    onnx.save(model, str(tmp_path / "m.onnx"), save_as_external_data=True, location="w.bin", size_threshold=0)
    data = (tmp_path / "m.onnx").read_bytes()
    monkeypatch.chdir(tmp_path)  # where the library would look for them
    with pytest.raises(ModelLoadError, match="can't be opened"):
        loaded(tmp_path / "run", onnx_entry(data), data)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"family": "magic"}, "there is no such family"),
        ({"file": "models/net.txt"}, "not a file of this family"),
    ],
)
def test_families_and_their_files_are_known(tmp_path: Path, change: dict[str, Any], told: str) -> None:
    data = linear_onnx(WEIGHTS)
    with pytest.raises(ModelLoadError, match=told):
        loaded(tmp_path, onnx_entry(data, **change), data)


@pytest.mark.parametrize(("family", "library"), [("lightgbm", "lightgbm"), ("onnx", "onnxruntime")])
def test_a_library_that_is_not_installed_is_named_with_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, family: str, library: str, lightgbm_file: bytes
) -> None:
    data = lightgbm_file if family == "lightgbm" else linear_onnx(WEIGHTS)
    entry = lightgbm_entry(data) if family == "lightgbm" else onnx_entry(data)
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(ModelLoadError, match=r"install raydesk\[ml\]"):
        loaded(tmp_path, entry, data)


# ---------------------------------------------------------------------- pickles


class Estimator:
    """What a pickled model of scikit-learn looks like from outside."""

    n_features_in_ = len(NAMES)

    def predict(self, rows: Floats) -> Floats:
        return rows[:, 0] * 2.0

    def predict_proba(self, rows: Floats) -> Floats:
        return np.column_stack([np.full(len(rows), 0.75), np.full(len(rows), 0.25)])


def pickled(target: Target = Target.FORWARD_RETURN) -> tuple[ModelEntry, bytes]:
    data = pickle.dumps(Estimator())
    return onnx_entry(data, family="sklearn", file="models/net.pkl", target=target), data


@pytest.mark.parametrize("allow", [None, "", "yes", "true", TRUST.lower()])
def test_a_pickle_is_not_opened_unless_somebody_says_so_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, allow: str | None
) -> None:
    entry, data = pickled()
    monkeypatch.setattr(pickle, "load", lambda file: pytest.fail("it was opened"))
    with pytest.raises(ModelLoadError, match="I trust these files"):
        loaded(tmp_path, entry, data, allow_pickle=allow)


def test_a_pickle_that_is_trusted_predicts(tmp_path: Path) -> None:
    x = table()[0]
    entry, data = pickled()
    assert np.array_equal(loaded(tmp_path / "a", entry, data, allow_pickle=TRUST).predict(x), x[:, 0] * 2.0)
    entry, data = pickled(Target.VALLEY)
    assert (loaded(tmp_path / "b", entry, data, allow_pickle=TRUST).predict(x) == 0.25).all()


def test_a_pickle_of_something_else_is_refused(tmp_path: Path) -> None:
    for name, data in (("none", pickle.dumps(None)), ("garbage", b"garbage")):
        entry = onnx_entry(data, family="sklearn", file="models/net.pkl")
        with pytest.raises(ModelLoadError, match=r"can't (predict|be opened)"):
            loaded(tmp_path / name, entry, data, allow_pickle=TRUST)


# ---------------------------------------------------------------------- runs


@pytest.fixture
def two(tmp_path: Path, lightgbm_file: bytes) -> ModelRun:
    net = linear_onnx(WEIGHTS)
    models = [
        (lightgbm_entry(lightgbm_file, "5m"), lightgbm_file),
        (lightgbm_entry(lightgbm_file, "1h"), lightgbm_file),
        (onnx_entry(net, horizon="1h", target=Target.PEAK), net),
    ]
    make_run(tmp_path, models)
    return ModelRun.open(tmp_path, features=KNOWN)


def test_models_are_chosen_by_horizon_and_target(two: ModelRun) -> None:
    assert [each.entry.label for each in two.models(horizons=["1h"])] == [
        "lightgbm/forward_return/1h",
        "net/peak/1h",
    ]
    assert [each.entry.label for each in two.models(targets=[Target.PEAK])] == ["net/peak/1h"]
    assert two.manifest.horizons == ("5m", "1h")
    assert two.manifest.targets == (Target.FORWARD_RETURN, Target.PEAK)


def test_only_models_that_are_asked_for_are_opened_and_each_once(
    two: ModelRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    real = families.open_model

    def counting(data: bytes, entry: ModelEntry, **more: Any) -> Any:
        opened.append(entry.label)
        return real(data, entry, **more)

    monkeypatch.setattr("cluster.models.loading.open_model", counting)
    (first,) = two.models(horizons=["5m"])
    (second,) = two.models(horizons=["5m"])
    assert first is second
    assert opened == ["lightgbm/forward_return/5m"]


def test_a_test_on_what_was_learnt_from_is_refused(two: ModelRun) -> None:
    trained_to = START + 1000 * INTERVAL
    with pytest.raises(ModelLoadError, match="have seen what they are to be tested on"):
        two.require_unseen(trained_to)
    two.require_unseen(trained_to + 1)


def test_where_no_run_is_the_remedy_is_told(tmp_path: Path) -> None:
    with pytest.raises(ModelLoadError, match="neither a run directory"):
        ModelRun.open(tmp_path)


def test_the_checksum_of_an_entry_is_that_of_its_file(lightgbm_file: bytes) -> None:
    assert lightgbm_entry(lightgbm_file).sha256 == hashlib.sha256(lightgbm_file).hexdigest()


class Broken(Estimator):
    """Opens, and does not run."""

    def predict(self, rows: Floats) -> Floats:
        raise RuntimeError("no such column")


def test_a_model_that_opens_and_does_not_run_is_refused_at_once(tmp_path: Path) -> None:
    data = pickle.dumps(Broken())
    entry = onnx_entry(data, family="sklearn", file="models/net.pkl")
    with pytest.raises(ModelLoadError, match="does not run: no such column"):
        loaded(tmp_path, entry, data, allow_pickle=TRUST)
