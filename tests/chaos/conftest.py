"""One Ray cluster for all chaos tests, started as a desk starts it, and proof that nothing of it is left."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from cluster.host.failpoints import VARIABLE
from cluster.ray_session import RaySession
from tests.chaos.desks import Outcome, settings
from tests.chaos.sessions import killed_session
from tests.leftovers import children, processes_of

PROJECT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def failpoints(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which shots are armed for all processes of the cluster."""
    return tmp_path_factory.mktemp("failpoints")


@pytest.fixture(scope="package", autouse=True)
def ray_cluster(tmp_path_factory: pytest.TempPathFactory, failpoints: Path) -> Iterator[None]:
    """A Ray cluster that ends with the tests of this folder; fails them when a process is left behind."""
    environment = dict(os.environ)
    others = [*children(), *processes_of(tmp_path_factory.getbasetemp())]
    os.environ[VARIABLE] = str(failpoints)
    os.environ["PYTHONPATH"] = str(PROJECT)
    cluster = RaySession.open(settings(tmp_path_factory.mktemp("ray"), "chaos").config, os.environ)
    started = children()
    yield
    started += [each for each in children() if each not in started]
    cluster.stop()
    # Ray's agents only look for their parent now and then
    _, left = psutil.wait_procs([each for each in started if each not in others], timeout=60)
    os.environ.clear()
    os.environ.update(environment)
    left += [each for each in processes_of(tmp_path_factory.getbasetemp()) if each not in others]
    assert not left, f"processes left behind: {left}"


@pytest.fixture(scope="package")
def baseline(tmp_path_factory: pytest.TempPathFactory, failpoints: Path, ray_cluster: None) -> Outcome:
    """The session that nothing happens to."""
    outcome, _, _ = asyncio.run(killed_session(tmp_path_factory.mktemp("baseline"), failpoints, []))
    return outcome
