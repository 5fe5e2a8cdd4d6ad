"""Fixtures that start what the runtime's tests need: a real Redis of their own."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from cluster.embedded_redis import EmbeddedRedis, RedisSettings


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a real redis-server that ends with the test session."""
    folder: Path = tmp_path_factory.mktemp("redis")
    server = EmbeddedRedis(RedisSettings(str(folder), appendfsync="no"))
    yield server.ensure_running()
    server.stop()


@pytest.fixture(scope="session", autouse=True)
def commands_are_built_once() -> Iterator[None]:
    """Typer reads the signatures of all commands anew for each that is run, as if each had a process of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(typer.main, "get_group", functools.cache(typer.main.get_group))
        yield
