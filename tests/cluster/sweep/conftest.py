"""A small desk on a made market, as a file of settings: what sweeps are run over."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from config import LoadedConfig, load_config
from tests.chaos.desks import PROFILE


def profile(duration: str = "24s") -> dict[str, Any]:
    """One symbol, one strategy, a market of so long."""
    document = copy.deepcopy(dict(PROFILE))
    document["desk"] = {**document["desk"], "name": "swept"}
    del document["symbols"]["ETH-USDT"], document["strategies"]["momentum"]
    synthetic = document["feed"]["synthetic"]
    synthetic["duration"], synthetic["start_prices"] = duration, {"BTC-USDT": 60000}
    return document


@pytest.fixture
def config_file(tmp_path: Path) -> Path:
    path = tmp_path / "swept.yaml"
    path.write_text(yaml.safe_dump(profile()))
    return path


@pytest.fixture
def base(config_file: Path) -> LoadedConfig:
    return load_config(config_file, environ={})
