"""Fixtures of the replay's tests."""

from __future__ import annotations

import pytest

from cluster.replaying.recorded import Recorded
from tests.cluster.replaying.sessions import short_session


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    """Eight seconds of a desk with real actors."""
    return short_session(tmp_path_factory.mktemp("session"))
