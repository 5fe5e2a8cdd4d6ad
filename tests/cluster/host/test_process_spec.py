"""What a child's process is told, and that it loads no more than its own part of the house.

A recovery is mostly imports: what is refused here would be loaded again at every start of every process.
"""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Mapping
from importlib import import_module
from types import ModuleType

import pytest

import cluster.feeds
import config
from cluster.host.clocks import PaceAnchor
from cluster.host.launch import ChildLaunch, Launch
from cluster.host.process_spec import process_spec
from cluster.session_feed import FeedPlan
from config import load_config
from messages.base import registered_types

pytestmark = pytest.mark.integration

PARENT = ("supervisor/desk", 7)
NOBODY = {"httpx", "rich", "typer", "click", "prometheus_client", "pandas", "pyarrow", "textual", "yaml"} | {
    "opentelemetry"
}
"""Loaded where they are needed, or by nobody who recovers."""
SETTINGS = {"config.schema", "config.loader", "pydantic"}
READERS = {"cluster.feeds.readers", "cluster.feeds.recording"}
ENGINE = {"actors.venues.matching.engine", "uvicorn", "starlette"}

OWN = {
    "strategy/BTC-USDT": "actors.strategy.actor",
    "risk": "actors.risk.actor",
    "execution/paper": "actors.execution.actor",
    "venue/paper": "cluster.paper.server",
    "supervisor/venues": "supervisors.supervisor",
}
"""By address: a module that its process can't do without."""

UNWANTED = {
    "strategy/BTC-USDT": NOBODY | ENGINE | READERS | {"ray", "config.schema", "config.loader", "actors.risk"},
    "risk": NOBODY | ENGINE | READERS | SETTINGS | {"ray", "numpy", "actors.strategy", "actors.execution"},
    "execution/paper": NOBODY | ENGINE | READERS | SETTINGS | {"ray", "numpy"},
    "venue/paper": (NOBODY - {"click"})
    | READERS
    | SETTINGS
    | {"ray", "httpx", "actors.strategy", "actors.risk"},
    "supervisor/venues": NOBODY - {"yaml"} | ENGINE | READERS | {"numpy", "config.loader", "actors.strategy"},
}
"""By address: modules that its process must not load. uvicorn brings click, and Ray yaml."""

ASSEMBLE = """
import asyncio, pickle, sys
spec = pickle.load(sys.stdin.buffer)
from cluster.host.assembly import assemble
asyncio.run(assemble(spec))
print(*sys.modules)
"""


@pytest.fixture(scope="module")
def launch(tmp_path_factory: pytest.TempPathFactory) -> Launch:
    """The demo's launch; nothing of it runs."""
    loaded = load_config("synthetic", environ={}, overrides=["desk.name=told", "desk.seed=5"])
    return Launch(
        desk="told",
        namespace="told",
        config=loaded.config,
        config_hash=loaded.hash,
        code_version="v",
        redis_url="redis://127.0.0.1:1/0",
        folder=str(tmp_path_factory.mktemp("told")),
        feed=FeedPlan(start=5, anchor=PaceAnchor(5, 5, 1.0)),
    )


def child(launch: Launch, address: str) -> ChildLaunch:
    """A child of the root."""
    return ChildLaunch(launch, address, "actor", {"life": 1}, PARENT)


@pytest.fixture(scope="module")
def loaded(launch: Launch) -> Mapping[str, frozenset[str]]:
    """By address: the modules that its process has loaded once it knows what it is."""
    return {address: _assembled(launch, address) for address in OWN}


def _assembled(launch: Launch, address: str) -> frozenset[str]:
    told = pickle.dumps(process_spec(child(launch, address)))
    ended = subprocess.run([sys.executable, "-c", ASSEMBLE], input=told, capture_output=True, check=False)
    assert ended.returncode == 0, ended.stderr.decode()
    return frozenset(ended.stdout.decode().split())


def test_a_process_is_told_who_it_is_and_what_all_processes_share(launch: Launch) -> None:
    spec = process_spec(child(launch, "risk"))

    assert (spec.address, spec.kind, spec.parent) == ("risk", "actor", PARENT)
    assert (spec.desk, spec.config_hash, spec.seed) == ("told", launch.config_hash, 5)
    assert spec.host.lease_s * 1e9 == launch.config.supervision.lease
    assert spec.steps.snapshot_every == launch.config.supervision.snapshot_every
    assert spec.logging.level == launch.config.logging.level
    assert spec.mailbox_capacity == launch.config.redis.mailbox_capacity


@pytest.mark.parametrize(
    ("address", "about"),
    [
        ("strategy/BTC-USDT", "ema, momentum"),
        ("risk", "desk told, paper"),
        ("execution/paper", "paper venue"),
        ("venue/paper", ""),
        ("supervisor/venues", ""),
    ],
)
def test_a_process_says_in_a_few_words_what_it_is_for(launch: Launch, address: str, about: str) -> None:
    assert process_spec(child(launch, address)).about == about


def test_a_strategy_is_told_of_its_own_symbol_alone(launch: Launch) -> None:
    part = process_spec(child(launch, "strategy/ETH-USDT")).part

    assert [each.symbol for each in part.instruments] == ["ETH-USDT"]
    assert {each.instrument.symbol for each in part.settings.strategies} == {"ETH-USDT"}


@pytest.mark.parametrize("address", OWN)
def test_a_process_loads_its_own_part_of_the_house_alone(
    loaded: Mapping[str, frozenset[str]], address: str
) -> None:
    assert OWN[address] in loaded[address]
    assert sorted(UNWANTED[address] & loaded[address]) == []


@pytest.mark.parametrize("address", OWN)
def test_a_process_knows_whatever_is_broadcast(loaded: Mapping[str, frozenset[str]], address: str) -> None:
    broadcast = {kind.__module__ for kind in registered_types().values() if kind.broadcast}
    assert "messages.universe" in broadcast
    assert sorted(broadcast - loaded[address]) == []


@pytest.mark.parametrize("package", [config, cluster.feeds])
def test_a_package_that_loads_its_names_when_asked_has_them_all(package: ModuleType) -> None:
    assert sorted(package._HOMES) == sorted(package.__all__)
    for name, home in package._HOMES.items():
        found = getattr(package, name)
        module = home if package is config else f"cluster.feeds.{home}"
        assert found is getattr(import_module(module), name)
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        getattr(package, "nonsense")  # noqa: B009 — a name that no type checker would let pass
