"""The manifest: what it must say, and that nothing else than what it says is ever opened."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from cluster.models.manifest import MANIFEST, RunManifest, fingerprint_of, read_manifest, read_model_file
from messages.errors import ModelLoadError
from tests.cluster.models.making import lightgbm_entry, make_run

pytestmark = pytest.mark.unit

Run = tuple[Path, RunManifest]


def changed(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    document = json.loads((folder / MANIFEST).read_bytes())
    change(document)
    (folder / MANIFEST).write_text(json.dumps(document))


def test_a_manifest_is_read_as_it_was_written(run: Run) -> None:
    folder, manifest = run
    assert read_manifest(folder) == manifest


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda d: d.update(colour="red"), "unknown field `colour`"),
        (lambda d: d["models"][0].update(colour="red"), "unknown field `colour`"),
        (lambda d: d.pop("trained_to"), "missing required field `trained_to`"),
        (lambda d: d.update(schema_version=2), "manifest.schema_version: "),
        (lambda d: d.update(schema_version=0), "manifest.schema_version: "),
        (lambda d: d.update(interval_minutes=0), "manifest.interval_minutes: "),
        (lambda d: d.update(trained_to=1), "lies before trained_from"),
        (lambda d: d.update(models=[]), "has no models"),
        (lambda d: d["models"].append(d["models"][0]), "two models of this name, target and horizon"),
        (lambda d: d["models"].append({**d["models"][0], "horizon": "1h"}), "two models share one file"),
        (lambda d: d["models"][0].update(file="../escape.txt"), "inside of the run directory"),
        (lambda d: d["models"][0].update(file="/etc/hostname"), "inside of the run directory"),
        (lambda d: d["models"][0].update(file=MANIFEST), "inside of the run directory"),
        (lambda d: d["models"][0].update(sha256="abc"), "64 hexadecimal digits"),
        (lambda d: d["models"][0].update(horizon="soon"), "not a horizon"),
        (lambda d: d["models"][0].update(features=[]), "must be some names"),
        (lambda d: d["models"][0].update(features=["range", "range"]), "must be some names"),
        (lambda d: d["models"][0].update(sequence_length=64), "belongs to input_mode raw_sequence"),
        (lambda d: d["models"][0].update(input_mode="raw_sequence"), "belongs to input_mode features"),
        (lambda d: d["models"][0].update(channels=["close"]), "open, high, low, close, volume"),
        (lambda d: d["models"][0].update(symbols=[]), "or be null for all"),
        (lambda d: d["models"][0].update(target="peak"), "a probability is no return"),
        (lambda d: d["models"][0].update(cross_sectional_ranking=True), "made of ranks"),
        (lambda d: d["models"][0].update(target="luck"), "Invalid enum value 'luck'"),
        (lambda d: d["models"][0].update(normalisation="zscore"), "Invalid enum value 'zscore'"),
    ],
)
def test_what_can_not_be_is_refused(run: Run, change: Callable[[dict[str, Any]], object], told: str) -> None:
    folder, _ = run
    changed(folder, change)
    with pytest.raises(ModelLoadError, match=re.escape(told)):
        read_manifest(folder)


def test_a_newer_manifest_is_said_to_be_newer_whatever_else_is_new_in_it(run: Run) -> None:
    folder, _ = run
    changed(folder, lambda d: d.update(schema_version=9, colour="red"))
    with pytest.raises(ModelLoadError, match="another version than 1"):
        read_manifest(folder)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe"])
def test_what_is_no_manifest_is_refused(run: Run, content: bytes) -> None:
    folder, _ = run
    (folder / MANIFEST).write_bytes(content)
    with pytest.raises(ModelLoadError, match="can't be read"):
        read_manifest(folder)


def test_an_impossible_manifest_is_not_written(tmp_path: Path, lightgbm_file: bytes) -> None:
    entry = msgspec.structs.replace(lightgbm_entry(lightgbm_file), size=0)
    with pytest.raises(ModelLoadError, match="size"):
        make_run(tmp_path, [(entry, lightgbm_file)])
    assert not (tmp_path / MANIFEST).exists()


def test_a_file_is_given_only_as_the_manifest_says(run: Run, lightgbm_file: bytes) -> None:
    folder, manifest = run
    (entry,) = manifest.models
    assert read_model_file(folder, entry) == lightgbm_file

    path = folder / entry.file
    path.write_bytes(lightgbm_file[:-1] + bytes([lightgbm_file[-1] ^ 1]))
    with pytest.raises(ModelLoadError, match="checksum differs"):
        read_model_file(folder, entry)
    path.write_bytes(lightgbm_file + b"\n")
    with pytest.raises(ModelLoadError, match="bytes, the manifest says"):
        read_model_file(folder, entry)
    path.unlink()
    with pytest.raises(ModelLoadError, match="No such file"):
        read_model_file(folder, entry)


def test_a_link_does_not_lead_out_of_the_run(run: Run, tmp_path: Path, lightgbm_file: bytes) -> None:
    folder, manifest = run
    (entry,) = manifest.models
    (tmp_path / "elsewhere.txt").write_bytes(lightgbm_file)
    (folder / entry.file).unlink()
    (folder / entry.file).symlink_to(tmp_path / "elsewhere.txt")
    with pytest.raises(ModelLoadError, match="leads out of the run"):
        read_model_file(folder, entry)


def test_the_fingerprint_is_of_every_byte(run: Run) -> None:
    folder, _ = run
    before = fingerprint_of(folder)
    with (folder / MANIFEST).open("a") as file:
        file.write(" ")
    assert fingerprint_of(folder) != before
