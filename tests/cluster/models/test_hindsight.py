"""A backtest over what its models have learnt from says so in its report."""

from __future__ import annotations

from pathlib import Path

import pytest

from cluster.models.hindsight import hindsight_of
from cluster.models.manifest import RunManifest
from messages.errors import ModelLoadError
from tests.cluster.models.making import INTERVAL, START

pytestmark = pytest.mark.unit

SEEN = START + 1000 * INTERVAL


def test_a_test_that_begins_before_the_models_had_learnt_is_told_apart(
    run: tuple[Path, RunManifest],
) -> None:
    (note,) = hindsight_of([run[0], str(run[0])], SEEN)
    assert "run 0123456789ab have learnt from this market until 2024-01-04 11:20 UTC" in note
    assert hindsight_of([run[0]], SEEN + 1) == ()


def test_a_run_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ModelLoadError):
        hindsight_of([tmp_path], START)
