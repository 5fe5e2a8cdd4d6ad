"""Both stores, held to one contract."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Iterator

import pytest

from cluster.store.memory import MemoryStore
from cluster.store.redis_store import RedisStore, connect
from tests.cluster.store.stage import CAPACITY, Stage

_desks = itertools.count()


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as loop:
        yield loop


@pytest.fixture(params=["memory", "redis"])
def fresh(
    request: pytest.FixtureRequest, runner: asyncio.Runner, redis_url: str
) -> Iterator[Callable[[], Stage]]:
    """Makes an empty store, opened under generation `g1`."""
    clients = []

    def make() -> Stage:
        if request.param == "memory":
            stage = Stage(MemoryStore(capacity=CAPACITY), runner)
        else:
            client = connect(redis_url)
            clients.append(client)
            stage = Stage(RedisStore(client, f"contract-{next(_desks)}", capacity=CAPACITY), runner)
        stage.open("g1")
        return stage

    yield make
    for client in clients:
        runner.run(client.aclose())


@pytest.fixture
def store(fresh: Callable[[], Stage]) -> Stage:
    return fresh()
