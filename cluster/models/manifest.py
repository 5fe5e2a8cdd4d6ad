"""The manifest of a run directory: every model in it, its file and checksum, what it needs, what it is worth.

The manifest is the word on what belongs to the run: a file that it does not name is never opened.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Final

import msgspec

from actors.strategy.models import Calibration, InputMode, Target
from actors.strategy.pipeline.horizons import ALWAYS_OPEN_MINUTES, parse_horizon
from actors.strategy.pipeline.sequences import Normalisation
from actors.strategy.pipeline.windows import CHANNELS
from cluster.backtest.record import DataFile
from cluster.durable_files import write_atomically
from messages.errors import ConfigurationError, ModelLoadError

MANIFEST: Final = "manifest.json"
SCHEMA_VERSION: Final = 1
"""Raised when a field changes its meaning."""

_RETRAIN: Final = "restore the run from where it came, or train it again with raydesk models train"
_SHA256: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)


class ModelEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One model of the run: one target at one horizon. Fields as in `actors.strategy.models.Model`.

    `file` is relative to the run directory, `size` its length in bytes. `normalisation` is that of raw sequences.
    `barrier` is, for peak and valley, the distance that was trained, in standard deviations over the horizon.
    """

    name: str
    family: str
    target: Target
    horizon: str
    file: str
    sha256: str
    size: int
    input_mode: InputMode = "features"
    features: tuple[str, ...] = ()
    sequence_length: int | None = None
    normalisation: Normalisation = Normalisation.NONE
    channels: tuple[str, ...] = CHANNELS
    cross_sectional_ranking: bool = False
    symbols: tuple[str, ...] | None = None
    barrier: float | None = None
    calibration: Calibration | None = None

    @property
    def label(self) -> str:
        """What it is called in tables and errors."""
        return f"{self.name}/{self.target.value}/{self.horizon}"


class FoldRecord(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one fold of the walk-forward gave for one model: times of samples, ns UTC, inclusive.

    `ic` is the rank correlation out of sample, null where it is undefined.
    """

    model: str
    train_start: int
    train_end: int
    test_start: int
    test_end: int
    train_rows: int
    test_rows: int
    ic: float | None


class RunManifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """See the module docstring. Times are ns UTC.

    `trained_from` and `trained_to` bound all that the models have seen, labels included: what happens up to
    `trained_to` proves nothing about them. `run_id` is a fingerprint of settings, data and code. `day_minutes` is the
    length of the day in horizons such as `1d`, `bar_source` what the bars were made of.
    """

    schema_version: int = SCHEMA_VERSION
    run_id: str
    interval_minutes: int
    day_minutes: int = ALWAYS_OPEN_MINUTES
    models: tuple[ModelEntry, ...]
    trained_from: int
    trained_to: int
    bar_source: str
    trained_symbols: tuple[str, ...] = ()
    data: tuple[DataFile, ...] = ()
    folds: tuple[FoldRecord, ...] = ()
    parameters: dict[str, str] = {}
    code_version: str

    @property
    def horizons(self) -> tuple[str, ...]:
        """The horizons there are models for, in the order of the manifest."""
        return tuple(dict.fromkeys(entry.horizon for entry in self.models))

    @property
    def targets(self) -> tuple[Target, ...]:
        """The targets there are models for, in the order of the manifest."""
        return tuple(dict.fromkeys(entry.target for entry in self.models))


class _Versioned(msgspec.Struct, frozen=True):
    schema_version: int


def read_manifest(folder: Path) -> RunManifest:
    """The manifest of the run in `folder`.

    Raises `ModelLoadError` when there is none, it can't be read, it is of a newer version, has a field that it
    should not have, or says something impossible.
    """
    path = folder / MANIFEST
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ModelLoadError(
            f"not a run directory: {error.strerror or error}",
            field="manifest",
            value=str(path),
            remedy="name a folder made by raydesk models train",
        ) from error
    try:
        version = msgspec.json.decode(data, type=_Versioned).schema_version
        if version <= SCHEMA_VERSION:
            manifest = msgspec.json.decode(data, type=RunManifest)
    except msgspec.DecodeError as error:
        raise ModelLoadError(
            f"the manifest can't be read: {error}", field="manifest", value=str(path), remedy=_RETRAIN
        ) from error
    if version != SCHEMA_VERSION:
        raise ModelLoadError(
            f"the manifest is of another version than {SCHEMA_VERSION}, which this raydesk reads",
            field="manifest.schema_version",
            value=version,
            remedy="use the raydesk that wrote it, or train the models again",
        )
    for problem in _problems(manifest):
        raise problem
    return manifest


def write_manifest(folder: Path, manifest: RunManifest) -> None:
    """Put the manifest into the folder whose files it names. Raises `ModelLoadError` for an impossible one."""
    for problem in _problems(manifest):
        raise problem
    write_atomically(folder / MANIFEST, manifest_json(manifest), mode=0o644)


def manifest_json(manifest: RunManifest) -> bytes:
    """The manifest as it is stored."""
    return msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"


def fingerprint_of(folder: Path) -> str:
    """The sha256 of the stored manifest: what evidence about a run refers to. Raises `ModelLoadError` without one."""
    try:
        return hashlib.sha256((folder / MANIFEST).read_bytes()).hexdigest()
    except OSError as error:
        raise ModelLoadError(
            "not a run directory", field="manifest", value=str(folder / MANIFEST), remedy=_RETRAIN
        ) from error


def file_of(folder: Path, entry: ModelEntry) -> Path:
    """Where an entry's file lies: always inside of the run directory."""
    return folder.joinpath(*PurePosixPath(entry.file).parts)


def read_model_file(folder: Path, entry: ModelEntry) -> bytes:
    """The verified content of a model's file: these very bytes are what is then loaded.

    Raises `ModelLoadError` when the file is missing, is not a file inside of the run directory, or has changed.
    """
    path = file_of(folder, entry)
    try:
        if not path.resolve(strict=True).is_relative_to(folder.resolve()):
            raise _changed(entry, path, "the model's file is a link that leads out of the run directory")
        data = path.read_bytes()
    except OSError as error:
        raise ModelLoadError(
            f"the model's file can't be read: {error.strerror or error}",
            field=entry.label,
            value=str(path),
            remedy=_RETRAIN,
        ) from error
    if len(data) != entry.size:
        raise _changed(entry, path, f"the model's file has {len(data)} bytes, the manifest says {entry.size}")
    if hashlib.sha256(data).hexdigest() != entry.sha256:
        raise _changed(entry, path, "the model's file is not the one of the manifest: its checksum differs")
    return data


def _changed(entry: ModelEntry, path: Path, message: str) -> ModelLoadError:
    return ModelLoadError(message, field=entry.label, value=str(path), remedy=_RETRAIN)


def _problems(manifest: RunManifest) -> Iterator[ModelLoadError]:
    """What can't be, whoever wrote it."""

    def wrong(field: str, value: object, message: str) -> ModelLoadError:
        return ModelLoadError(message, field=f"manifest.{field}", value=value, remedy=_RETRAIN)

    if manifest.interval_minutes < 1:
        yield wrong("interval_minutes", manifest.interval_minutes, "must be a whole number of minutes")
    if manifest.trained_to < manifest.trained_from:
        yield wrong("trained_to", manifest.trained_to, "lies before trained_from")
    if not manifest.models:
        yield wrong("models", None, "the run has no models")
    seen: set[tuple[str, Target, str]] = set()
    files: set[str] = set()
    for number, entry in enumerate(manifest.models):
        key = (entry.name, entry.target, entry.horizon)
        if key in seen:
            yield wrong(
                f"models[{number}]", entry.label, "there are two models of this name, target and horizon"
            )
        if entry.file in files:
            # else one raw output would stand for several horizons
            yield wrong(f"models[{number}].file", entry.file, "two models share one file")
        seen.add(key)
        files.add(entry.file)
        for field, value, message in _entry_problems(entry, manifest.day_minutes):
            yield wrong(f"models[{number}].{field}", value, message)


def _entry_problems(entry: ModelEntry, day_minutes: int) -> Iterator[tuple[str, object, str]]:
    try:
        parse_horizon(entry.horizon, day_minutes)
    except ConfigurationError as error:
        yield error.field or "horizon", error.value, error.message
    place = PurePosixPath(entry.file)
    if not entry.file or place.is_absolute() or ".." in place.parts or entry.file == MANIFEST:
        yield "file", entry.file, "must be a path inside of the run directory"
    if entry.size < 1:
        yield "size", entry.size, "must be above zero"
    if _SHA256.fullmatch(entry.sha256) is None:
        yield "sha256", entry.sha256, "must be 64 hexadecimal digits"
    if entry.channels != CHANNELS:
        yield "channels", entry.channels, f"must be {', '.join(CHANNELS)}"
    if entry.input_mode == "features":
        if not entry.features or len(set(entry.features)) != len(entry.features):
            yield "features", entry.features, "must be some names, each once"
        if entry.sequence_length is not None or entry.normalisation is not Normalisation.NONE:
            yield "sequence_length", entry.sequence_length, "belongs to input_mode raw_sequence"
    else:
        if entry.features:
            yield "features", entry.features, "belongs to input_mode features"
        if entry.sequence_length is None or entry.sequence_length < 2:
            yield "sequence_length", entry.sequence_length, "must be 2 bars or more"
    if entry.symbols is not None and not entry.symbols:
        yield "symbols", (), "must name some symbols, or be null for all"
    if entry.calibration is not None and entry.target.is_probability:
        yield "calibration", entry.target.value, "a probability is no return and has no slope"
    if entry.calibration is not None and entry.calibration.ranked is not entry.cross_sectional_ranking:
        # a slope per rank is of another unit than one per deviation
        message = (
            "must be made of ranks where the model's scores are ranked, and of z-scores where they are not"
        )
        yield "calibration.ranked", entry.calibration.ranked, message
