"""A small desk on a made market that has something for every drill: takers, resting orders, two symbols."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from cluster.drill.document import DrillDocument
from cluster.drill.drills import DRILLS
from cluster.drill.run import run_drill
from config import load_config
from tests.chaos.desks import PROFILE

RunDrill = Callable[..., DrillDocument]


@pytest.fixture
def config_file(tmp_path: Path) -> Path:
    document = copy.deepcopy(dict(PROFILE))
    document["desk"] = {**document["desk"], "name": "drilled"}
    document["supervision"] = {}
    document["feed"]["synthetic"] |= {"duration": "210s", "quotes_per_second": 8}
    document["feed"]["slice"] = "250ms"
    document["strategies"]["ema"]["symbols"] = "all"
    path = tmp_path / "drilled.yaml"
    path.write_text(yaml.safe_dump(document))
    return path


@pytest.fixture
def drill(config_file: Path, tmp_path: Path) -> RunDrill:
    """Runs a drill by name; `overrides` are laid over its own."""

    def run(name: str, *overrides: str) -> DrillDocument:
        chosen = DRILLS[name]
        given = {each.partition("=")[0] for each in overrides}
        own = [each for each in chosen.overrides if each.partition("=")[0] not in given]
        loaded = load_config(config_file, environ={}, overrides=[*own, *overrides])
        return run_drill(chosen, loaded, (), tmp_path / "cache")

    return run


def failed(document: DrillDocument) -> set[str]:
    """What did not follow."""
    return {entry.check for entry in document.checks if not entry.passed}
