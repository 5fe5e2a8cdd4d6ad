"""Is a test of models honest? What they have learnt from must lie before it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from cluster.models.loading import run_folder
from cluster.models.manifest import read_manifest


def hindsight_of(folders: Iterable[Path | str], start: int) -> tuple[str, ...]:
    """A sentence about each run of models that has learnt from what happened at `start` (ns UTC) or later.

    For the notes of a report: figures from before a run's `trained_to` are the models' memory, not their foresight.
    Raises `ModelLoadError` for a run that can't be read.
    """
    manifests = {
        each.run_id: each for each in (read_manifest(run_folder(Path(folder))) for folder in folders)
    }
    return tuple(
        f"The models of run {run_id} have learnt from this market until {_moment(manifest.trained_to)}: "
        "what they earn before that proves nothing."
        for run_id, manifest in sorted(manifests.items())
        if manifest.trained_to >= start
    )


def _moment(time: int) -> str:
    return f"{datetime.fromtimestamp(time // 1_000_000_000, UTC):%Y-%m-%d %H:%M} UTC"
