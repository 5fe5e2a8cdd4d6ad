"""What Redis's refusals mean to the desk: those that pass are waited for, all others end who asked."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import exceptions

from cluster.embedded_redis import EmbeddedRedis, RedisSettings
from cluster.store.answering import answering
from cluster.store.port import CommitStatus, Incarnation
from cluster.store.redis_store import RedisStore, connect
from messages.errors import StoreError, StoreUnavailableError
from tests.cluster.store.test_contract import section

pytestmark = pytest.mark.integration

HERE = Incarnation("node", "boot", 1, 1)


@pytest.mark.parametrize(
    "error",
    [
        exceptions.ConnectionError("closed"),
        exceptions.TimeoutError("late"),
        exceptions.BusyLoadingError("loading"),
        exceptions.ReadOnlyError("a replica"),
        exceptions.OutOfMemoryError("command not allowed when used memory > 'maxmemory'."),
        exceptions.ClusterDownError("The cluster is down"),
        exceptions.ResponseError("MISCONF Errors writing to the AOF file: No space left on device"),
        exceptions.ResponseError("NOREPLICAS Not enough good replicas to write."),
        exceptions.ResponseError("BUSY Redis is busy running a script."),
        exceptions.ResponseError("Error running script (call to f_1): @user_script:19: 19: -OOM command not"),
        exceptions.ResponseError("Error running script (call to f_1): @user_script:19: 19: -MISCONF Errors"),
        FileNotFoundError("redis.sock"),
    ],
)
def test_what_passes_is_waited_for(error: Exception) -> None:
    with pytest.raises(StoreUnavailableError), answering("commit"):
        raise error


@pytest.mark.parametrize(
    "text",
    ["wrong number of arguments", "WRONGTYPE Operation against a key", "BUSYKEY Target key name", "x-OOMs"],
)
def test_what_would_be_refused_again_is_not(text: str) -> None:
    with pytest.raises(StoreError) as raised, answering("commit"):
        raise exceptions.ResponseError(text)
    assert not isinstance(raised.value, StoreUnavailableError)


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """A Redis of this test's own, whose settings it may change."""
    server = EmbeddedRedis(RedisSettings(str(tmp_path / "redis"), appendfsync="no"))
    yield server.ensure_running()
    server.stop()


@pytest.mark.parametrize("setting", [("maxmemory", "1000", "0"), ("min-replicas-to-write", "1", "0")])
def test_a_commit_that_redis_can_not_take_now_is_in_doubt_and_can_be_sent_again(
    url: str, setting: tuple[str, str, str]
) -> None:
    """A refusal from within a script: nothing is written, and the desk fails closed until there is room again."""
    name, tight, free = setting

    async def test() -> None:
        store = RedisStore(connect(url), "tight")
        await store.open("g1")
        epoch = (await store.claim("a", HERE)).epoch
        step = section(epoch, 1)
        await store.client.config_set(name, tight)
        for _ in range(2):
            with pytest.raises(StoreUnavailableError):
                await store.commit([step])
        assert (await store.load("a")).records == []
        await store.client.config_set(name, free)
        assert await store.commit([step]) == [CommitStatus.COMMITTED]
        await store.close()

    asyncio.run(test())
