"""Fixtures that start what the runtime's tests need: a real Redis of their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cluster.embedded_redis import EmbeddedRedis, RedisSettings


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a real redis-server that ends with the test session."""
    folder: Path = tmp_path_factory.mktemp("redis")
    server = EmbeddedRedis(RedisSettings(str(folder), appendfsync="no"))
    yield server.ensure_running()
    server.stop()
