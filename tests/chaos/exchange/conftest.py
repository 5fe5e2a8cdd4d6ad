"""These tests run processes of their own and need no Ray: the cluster of the other chaos tests stays out of them."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="session", autouse=True)
def ray_cluster() -> None:
    """Takes the place of the fixture of the same name one folder up."""
