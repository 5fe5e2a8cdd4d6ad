"""Verifying a run: everything that is wrong is told, and nothing is raised."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cluster.models.families import TRUST
from cluster.models.manifest import MANIFEST, RunManifest, fingerprint_of
from cluster.models.verifying import verify
from tests.cluster.models.making import CALIBRATION, lightgbm_entry, linear_onnx, make_run, onnx_entry
from tests.cluster.models.test_loading import pickled

pytestmark = pytest.mark.unit


def test_a_sound_run_is_said_to_be_sound(run: tuple[Path, RunManifest]) -> None:
    folder, manifest = run
    found = verify(folder, interval_minutes=5)
    assert found.sound
    assert (found.run_id, found.manifest_sha256) == (manifest.run_id, fingerprint_of(folder))
    assert found.problems == found.unlisted == ()
    (model,) = found.models
    assert (model.name, model.horizon, model.inputs, model.problem) == ("lightgbm", "5m", 3, None)
    assert model.calibration == CALIBRATION


def test_each_model_has_its_own_finding(tmp_path: Path, lightgbm_file: bytes) -> None:
    net = linear_onnx(np.ones(3))
    models = [
        (lightgbm_entry(lightgbm_file, "5m"), lightgbm_file),
        (lightgbm_entry(lightgbm_file, "15m"), lightgbm_file),
        (lightgbm_entry(lightgbm_file, "1h"), lightgbm_file),
        (onnx_entry(net, features=("return_1", "moon", "range")), net),
    ]
    manifest = make_run(tmp_path, models)
    (tmp_path / manifest.models[1].file).write_bytes(b"x" * len(lightgbm_file))
    (tmp_path / manifest.models[2].file).unlink()

    found = verify(tmp_path)
    assert not found.sound
    told = [each.problem for each in found.models]
    assert told[0] is None
    assert told[1] is not None
    assert "checksum differs" in told[1]
    assert told[2] is not None
    assert "No such file" in told[2]
    assert told[3] is not None
    assert "moon" in told[3]


def test_a_pickle_is_a_finding_until_it_is_trusted(tmp_path: Path) -> None:
    make_run(tmp_path, [pickled()])
    (model,) = verify(tmp_path).models
    assert model.problem is not None
    assert TRUST in model.problem
    assert verify(tmp_path, allow_pickle=TRUST).sound


def test_bars_of_another_length_are_a_problem_of_the_whole_run(run: tuple[Path, RunManifest]) -> None:
    found = verify(run[0], interval_minutes=1)
    assert not found.sound
    assert found.problems == ("the models were trained on bars of 5 minutes, and are to be given bars of 1",)


def test_files_that_the_manifest_does_not_name_are_told_and_left_alone(run: tuple[Path, RunManifest]) -> None:
    folder, _ = run
    (folder / "models" / "notes.pkl").write_bytes(b"whatever")
    found = verify(folder)
    assert found.sound
    assert found.unlisted == ("models/notes.pkl",)


@pytest.mark.parametrize("content", [None, b"{}", b"{", b'{"schema_version": 7}'])
def test_without_a_manifest_that_can_be_read_nothing_is_sound(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / MANIFEST).write_bytes(content)
    found = verify(tmp_path)
    assert not found.sound
    assert found.run_id is None
    assert len(found.problems) == 1
