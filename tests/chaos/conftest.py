"""One Ray cluster for all chaos tests, started as a desk starts it, and proof that nothing of it is left."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from cluster.host.failpoints import VARIABLE
from cluster.ray_session import RaySession
from tests.chaos.desks import processes_of, settings

PROJECT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def failpoints(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which shots are armed for all processes of the cluster."""
    return tmp_path_factory.mktemp("failpoints")


@pytest.fixture(scope="session", autouse=True)
def ray_cluster(tmp_path_factory: pytest.TempPathFactory, failpoints: Path) -> Iterator[None]:
    """A Ray cluster that ends with the tests; fails them when a process is left behind."""
    before = dict(os.environ)
    os.environ[VARIABLE] = str(failpoints)
    os.environ["PYTHONPATH"] = str(PROJECT)
    cluster = RaySession.open(settings(tmp_path_factory.mktemp("ray"), "chaos").config, os.environ)
    started = psutil.Process().children(recursive=True)
    yield
    started += [each for each in psutil.Process().children(recursive=True) if each not in started]
    started = [each for each in started if not _is_pythons_own(each)]
    cluster.stop()
    _, left = psutil.wait_procs(started, timeout=15)
    os.environ.clear()
    os.environ.update(before)
    left += processes_of(tmp_path_factory.getbasetemp())
    assert not left, f"processes left behind: {left}"


def _is_pythons_own(process: psutil.Process) -> bool:
    """multiprocessing's resource tracker, which lives as long as the interpreter that once needed it."""
    try:
        return any("resource_tracker" in word for word in process.cmdline())
    except psutil.Error:
        return False
