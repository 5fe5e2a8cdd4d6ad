"""The document of a sweep: what `--json` prints and `--out` stores, and a later sweep is compared with.

Points stand in the order of the grid, figures are rounded as in a report, and there is no clock and no path in it:
equal settings, data, seed and code give equal bytes.
"""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import msgspec

from cluster.backtest.record import DataFile
from cluster.durable_files import write_atomically
from cluster.sweep.figures import FIGURES, Figures
from cluster.sweep.folds import Fold
from messages.errors import ConfigurationError

FORMAT = 1
"""Raised when a field changes its meaning."""


class PointEntry(msgspec.Struct, frozen=True):
    """One point over all of the data. `rank` is 1 for the best; null where the objective is undefined or it failed."""

    point: str
    settings: dict[str, str]
    rank: int | None
    figures: Figures
    fingerprint: str
    config_hash: str
    error: str | None


class FoldEntry(msgspec.Struct, frozen=True):
    """One pair of windows: the point that was best in sample, its figures there, and those out of sample.

    `gap` is what the objective lost on the way. `point` is null where none could be chosen; `failed` counts the
    points that failed in sample; `error` is of the run out of sample.
    """

    windows: Fold
    point: str | None
    in_sample: Figures
    out_of_sample: Figures
    gap: float | None
    fingerprint: str
    failed: int
    error: str | None


class WalkForwardEntry(msgspec.Struct, frozen=True):
    """All pairs of windows, and the out-of-sample ones as one account (`out_of_sample`) beside the chosen in-sample
    ones (`in_sample`, the mean of their figures)."""

    folds: tuple[FoldEntry, ...]
    in_sample: Figures
    out_of_sample: Figures
    gap: float | None
    fingerprint: str


class SweepDocument(msgspec.Struct, frozen=True):
    """A sweep. Without walk-forward `points` has every point; with it `walk_forward` has what was chosen."""

    format: int
    name: str
    config_hash: str
    code_version: str
    objective: str
    start: int
    end: int
    files: tuple[DataFile, ...]
    complete: bool
    points: tuple[PointEntry, ...]
    walk_forward: WalkForwardEntry | None


def sweep_json(document: SweepDocument) -> bytes:
    """The document, UTF-8, keys sorted, with a line end."""
    plain = msgspec.to_builtins(document)
    return (json.dumps(plain, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


def sweep_csv(document: SweepDocument) -> bytes:
    """One line per point, or per pair of windows with walk-forward."""
    return _points_csv(document) if document.walk_forward is None else _folds_csv(document.walk_forward)


def write_sweep(document: SweepDocument, folder: Path) -> None:
    """Write sweep.json and sweep.csv into `folder`, which is made when it is missing, each whole or not at all.

    Raises `ConfigurationError` when it can't be written.
    """
    contents = {"sweep.csv": sweep_csv(document), "sweep.json": sweep_json(document)}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in contents.items():
            write_atomically(folder / name, content, mode=0o644)
    except OSError as error:
        raise ConfigurationError(
            f"the sweep can't be stored: {error.strerror}",
            field="--out",
            value=str(folder),
            remedy="name a folder that can be written to",
        ) from error


def _points_csv(document: SweepDocument) -> bytes:
    paths = list(document.points[0].settings) if document.points else []
    rows = [
        [each.rank, *(each.settings[path] for path in paths)]
        + [each.figures.get(name) for name in FIGURES]
        + [each.fingerprint, each.error]
        for each in document.points
    ]
    return _csv(["rank", *paths, *FIGURES, "fingerprint", "error"], rows)


def _folds_csv(walk: WalkForwardEntry) -> bytes:
    sides = [f"{side}.{name}" for side in ("in_sample", "out_of_sample") for name in FIGURES]
    windows = list(Fold.__struct_fields__)
    rows = [
        [getattr(each.windows, name) for name in windows]
        + [each.point, each.gap]
        + [figures.get(name) for figures in (each.in_sample, each.out_of_sample) for name in FIGURES]
        + [each.fingerprint, each.error]
        for each in walk.folds
    ]
    return _csv([*windows, "point", "gap", *sides, "fingerprint", "error"], rows)


def _csv(header: list[str], rows: list[list[Any]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(["" if cell is None else cell for cell in row] for row in rows)
    return text.getvalue().encode()
