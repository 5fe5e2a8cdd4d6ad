"""Opening a run directory: everything is checked first, models are read when they are asked for and run once at once.

What a desk gets are `LoadedModel`s, which are `actors.strategy.models.Model`s.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Final

import numpy as np

from actors.strategy.models import Calibration, InputMode, Target
from actors.strategy.pipeline.arrays import Floats
from actors.strategy.pipeline.features import FEATURES
from actors.strategy.pipeline.sequences import normalise
from actors.strategy.pipeline.windows import CHANNELS
from cluster.models.families import Run, failures_of, open_model
from cluster.models.manifest import MANIFEST, ModelEntry, RunManifest, read_manifest, read_model_file
from messages.errors import InvariantError, ModelLoadError

CURRENT: Final = "current"
"""The name under which a place of promoted runs has the one that is in use."""


class LoadedModel:
    """A model in memory. See `actors.strategy.models.Model` for what its parts mean.

    A prediction that is no number, or no probability where it should be one, is missing: NaN.
    """

    def __init__(self, entry: ModelEntry, interval_minutes: int, run: Run) -> None:
        self.entry = entry
        self.interval_minutes = interval_minutes
        self._run = run
        row = (
            (len(entry.features),)
            if entry.input_mode == "features"
            else (entry.sequence_length, len(CHANNELS))
        )
        self._row: tuple[int | None, ...] = row

    @property
    def name(self) -> str:
        """See `Model.name`."""
        return self.entry.name

    @property
    def family(self) -> str:
        """See `Model.family`."""
        return self.entry.family

    @property
    def target(self) -> Target:
        """See `Model.target`."""
        return self.entry.target

    @property
    def horizon(self) -> str:
        """See `Model.horizon`."""
        return self.entry.horizon

    @property
    def input_mode(self) -> InputMode:
        """See `Model.input_mode`."""
        return self.entry.input_mode

    @property
    def features(self) -> tuple[str, ...]:
        """See `Model.features`."""
        return self.entry.features

    @property
    def sequence_length(self) -> int | None:
        """See `Model.sequence_length`."""
        return self.entry.sequence_length

    @property
    def symbols(self) -> tuple[str, ...] | None:
        """See `Model.symbols`."""
        return self.entry.symbols

    @property
    def cross_sectional(self) -> bool:
        """See `Model.cross_sectional`."""
        return self.entry.cross_sectional_ranking

    @property
    def calibration(self) -> Calibration | None:
        """See `Model.calibration`."""
        return self.entry.calibration

    def predict(self, inputs: Floats) -> Floats:
        """See `Model.predict`."""
        if inputs.shape[1:] != self._row:
            raise InvariantError(
                f"the model {self.entry.label} takes rows of shape {self._row}",
                field="inputs",
                value=inputs.shape,
                remedy="give its own features in their order, or its own number of bars",
            )
        rows = normalise(inputs, self.entry.normalisation) if inputs.ndim == 3 else inputs
        whole = np.isfinite(rows).reshape(len(rows), -1).all(axis=1)
        if whole.all() and len(rows):
            return self._usable(self._run(np.ascontiguousarray(rows)), len(rows))
        predictions = np.full(len(rows), np.nan)
        if whole.any():
            given = np.ascontiguousarray(rows[whole])
            predictions[whole] = self._usable(self._run(given), len(given))
        return predictions

    def warm_up(self) -> None:
        """Run one made row, so that the first decision does not pay for it. Raises `ModelLoadError` if it fails."""
        made = np.linspace(1.0, 2.0, int(np.prod([size or 0 for size in self._row]))).reshape(1, *self._row)
        try:
            self.predict(made)
        except failures_of(self.entry) as error:
            raise ModelLoadError(
                f"does not run: {error}",
                field=self.entry.label,
                value=self.entry.file,
                remedy="train it again with raydesk models train",
            ) from error

    def _usable(self, found: Floats, rows: int) -> Floats:
        if found.shape != (rows,):
            raise ModelLoadError(
                f"gives an output of shape {found.shape} for {rows} rows",
                field=self.entry.label,
                value=self.entry.file,
                remedy="a model has one output per row",
            )
        values = found.astype(np.float64)
        known = np.isfinite(values)
        if self.entry.target.is_probability:
            known &= (values >= 0.0) & (values <= 1.0)
        return np.where(known, values, np.nan)


class ModelRun:
    """A run directory whose manifest and files were found sound; its models, once they are asked for.

    `folder` is where the files really lie: what is promoted meanwhile does not mix with what was opened.
    """

    def __init__(self, folder: Path, manifest: RunManifest, *, allow_pickle: str | None = None) -> None:
        self.folder = folder
        self.manifest = manifest
        self._allow_pickle = allow_pickle
        self._loaded: dict[str, LoadedModel] = {}

    @classmethod
    def open(
        cls,
        folder: Path | str,
        *,
        interval_minutes: int | None = None,
        features: Collection[str] = FEATURES,
        allow_pickle: str | None = None,
    ) -> ModelRun:
        """Open the run in `folder`, or the one in use in a place of promoted runs. Every checksum is verified.

        `interval_minutes` is the length of the bars the models will be given, `features` are those there are.
        Raises `ModelLoadError` when anything does not fit.
        """
        place = run_folder(Path(folder))
        manifest = read_manifest(place)
        if interval_minutes is not None and interval_minutes != manifest.interval_minutes:
            raise ModelLoadError(
                f"the models were trained on bars of {manifest.interval_minutes} minutes",
                field="interval_minutes",
                value=interval_minutes,
                remedy="give them such bars, or train models on these",
            )
        for entry in manifest.models:
            require_features(entry, features)
            read_model_file(place, entry)
        return cls(place, manifest, allow_pickle=allow_pickle)

    def models(
        self, *, horizons: Iterable[str] | None = None, targets: Iterable[Target] | None = None
    ) -> tuple[LoadedModel, ...]:
        """The models of these horizons and targets (None: of all), in the order of the manifest.

        Each is read, verified again and run once when it is first asked for. Raises `ModelLoadError`.
        """
        wanted = None if horizons is None else set(horizons)
        aims = None if targets is None else set(targets)
        return tuple(
            self.load(entry)
            for entry in self.manifest.models
            if (wanted is None or entry.horizon in wanted) and (aims is None or entry.target in aims)
        )

    def load(self, entry: ModelEntry) -> LoadedModel:
        """One model of the manifest; see `models`."""
        known = self._loaded.get(entry.label)
        if known is None:
            run = open_model(read_model_file(self.folder, entry), entry, allow_pickle=self._allow_pickle)
            known = LoadedModel(entry, self.manifest.interval_minutes, run)
            known.warm_up()
            self._loaded[entry.label] = known
        return known

    def require_unseen(self, start: int) -> None:
        """Raises `ModelLoadError` when a test that begins at `start` (ns UTC) would use what the models learnt from."""
        if start <= self.manifest.trained_to:
            raise ModelLoadError(
                "the models have seen what they are to be tested on",
                field="trained_to",
                value=self.manifest.trained_to,
                remedy="test on data after that time (ns UTC), or train on less",
            )


def run_folder(folder: Path) -> Path:
    """Where a run really lies: `folder` itself, or where its `current` leads. Raises `ModelLoadError` for neither."""
    expanded = folder.expanduser()
    for candidate in (expanded, expanded / CURRENT):
        if (candidate / MANIFEST).is_file():
            return candidate.resolve()
    raise ModelLoadError(
        "neither a run directory nor a place with a run in use",
        field="models",
        value=str(folder),
        remedy="name a folder made by raydesk models train or raydesk models promote",
    )


def require_features(entry: ModelEntry, known: Collection[str]) -> None:
    """Raises `ModelLoadError` when the model takes a feature that there is not."""
    for name in entry.features:
        if name not in known:
            raise ModelLoadError(
                "takes a feature that there is not",
                field=entry.label,
                value=name,
                remedy="use the raydesk it was trained with, or train it again",
            )


def unlisted_files(folder: Path, manifest: RunManifest) -> Iterator[str]:
    """Files of the run directory that its manifest does not name, relative to it, sorted; they are never opened."""
    named = {MANIFEST, *(entry.file for entry in manifest.models)}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and name not in named:
            yield name
