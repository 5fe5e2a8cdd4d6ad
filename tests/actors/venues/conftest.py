"""A paper venue in a process of its own for the tests of its adapter."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cluster.paper.building import SECOND, START, Server, served, settings_of


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One venue for the tests that don't end it; each uses client order ids of its own."""
    with served(settings_of(tmp_path_factory.mktemp("paper") / "venue")) as server:
        server.advance(START + SECOND)
        yield server
