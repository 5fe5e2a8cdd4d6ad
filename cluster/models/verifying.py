"""Is a run fit for use? Every file against its checksum, every model opened and run once; everything wrong is told."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

import msgspec

from actors.strategy.models import Calibration
from actors.strategy.pipeline.features import FEATURES
from cluster.models.loading import ModelRun, require_features, run_folder, unlisted_files
from cluster.models.manifest import ModelEntry, RunManifest, fingerprint_of, read_manifest
from messages.errors import ModelLoadError


class ModelCheck(msgspec.Struct, frozen=True):
    """One model of a run; `problem` is null for one that is fit for use."""

    name: str
    target: str
    horizon: str
    family: str
    input_mode: str
    inputs: int
    size: int
    calibration: Calibration | None
    problem: str | None


class VerifyDocument(msgspec.Struct, frozen=True):
    """`raydesk models verify`. Times ns UTC; null where the manifest could not be read.

    `problems` are those of the run as a whole, `unlisted` files that the manifest does not name: they are never
    opened, and do not count against it. `manifest_sha256` is what evidence from a shadow run refers to.
    """

    folder: str
    sound: bool
    run_id: str | None
    manifest_sha256: str | None
    interval_minutes: int | None
    trained_from: int | None
    trained_to: int | None
    models: tuple[ModelCheck, ...]
    problems: tuple[str, ...]
    unlisted: tuple[str, ...]


def verify(
    folder: Path,
    *,
    interval_minutes: int | None = None,
    features: Collection[str] = FEATURES,
    allow_pickle: str | None = None,
) -> VerifyDocument:
    """What there is to say about the run in `folder`, or the one in use in a place of promoted runs.

    `interval_minutes` is the length of the bars that the desk has, where that is known. Nothing is raised for a run
    that is unfit.
    """
    try:
        place = run_folder(folder)
        manifest = read_manifest(place)
    except ModelLoadError as error:
        return VerifyDocument(str(folder), False, None, None, None, None, None, (), (str(error),), ())
    problems = tuple(_interval_problems(manifest, interval_minutes))
    run = ModelRun(place, manifest, allow_pickle=allow_pickle)
    models = tuple(_checked(run, entry, features) for entry in manifest.models)
    return VerifyDocument(
        str(folder),
        not problems and all(each.problem is None for each in models),
        manifest.run_id,
        fingerprint_of(place),
        manifest.interval_minutes,
        manifest.trained_from,
        manifest.trained_to,
        models,
        problems,
        tuple(unlisted_files(place, manifest)),
    )


def _interval_problems(manifest: RunManifest, interval_minutes: int | None) -> Iterator[str]:
    if interval_minutes is not None and interval_minutes != manifest.interval_minutes:
        yield (
            f"the models were trained on bars of {manifest.interval_minutes} minutes, "
            f"and are to be given bars of {interval_minutes}"
        )


def _checked(run: ModelRun, entry: ModelEntry, features: Collection[str]) -> ModelCheck:
    problem = None
    try:
        require_features(entry, features)
        run.load(entry)
    except ModelLoadError as error:
        problem = str(error)
    return ModelCheck(
        entry.name,
        entry.target.value,
        entry.horizon,
        entry.family,
        entry.input_mode,
        len(entry.features) or entry.sequence_length or 0,
        entry.size,
        entry.calibration,
        problem,
    )
