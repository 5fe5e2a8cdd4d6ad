"""How `-n` shares the tests, proof that they leave no process behind, and that a property's examples have time.

A file's tests stay together, for they share what its fixtures start. Desks on Ray stay together too: they share a
cluster, and two of them at once would only wait for each other. They take longest, so they begin first.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psutil
import pytest
from hypothesis import HealthCheck, settings

from tests.leftovers import children, processes_of

REAL_DESKS = (
    "tests/chaos/test_",
    "tests/cluster/sweep/test_on_ray.py",
    "tests/cluster/models/test_on_ray.py",
)


# how long an example takes, and to make it, is the machine's business
settings.register_profile("raydesk", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("raydesk")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Real desks first, else as collected."""
    items.sort(key=lambda item: not item.nodeid.startswith(REAL_DESKS))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> object | None:
    """The sharing of `-n`, unless another one was asked for with `--dist`."""
    if config.getoption("dist") != "load":
        return None
    from xdist.scheduler import LoadFileScheduling  # only where tests are shared

    class WholeFiles(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return "real desks" if nodeid.startswith(REAL_DESKS) else super()._split_scope(nodeid)

    config.option.loadscopereorder = False  # in the order above, not by number of tests
    return WholeFiles(config, log)


@pytest.fixture(scope="session", autouse=True)
def nothing_left_behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Fails the last test of this process when one it started, or one in a test's folder, outlives all of them."""
    before = children()
    yield
    _, left = psutil.wait_procs([each for each in children() if each not in before], timeout=60)
    left += [each for each in processes_of(tmp_path_factory.getbasetemp()) if each not in left]
    assert not left, f"processes left behind: {left}"
