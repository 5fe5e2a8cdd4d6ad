"""The desk's own Redis: started once, reached with its password alone, and what it acknowledged survives kill -9."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from cluster.embedded_redis import EmbeddedRedis, RedisSettings, chosen_port
from messages.errors import StoreUnavailableError

pytestmark = pytest.mark.integration


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedRedis]:
    embedded = EmbeddedRedis(RedisSettings(str(tmp_path / "redis")))
    yield embedded
    embedded.stop()


def client(server: EmbeddedRedis) -> redis.Redis:
    return redis.Redis.from_url(server.url)


def test_it_is_started_once_however_often_it_is_asked_for(server: EmbeddedRedis) -> None:
    server.ensure_running()
    first = server.pid
    server.ensure_running()
    assert server.pid == first is not None


def test_what_was_acknowledged_survives_its_death(server: EmbeddedRedis) -> None:
    server.ensure_running()
    client(server).set("key", "value")
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    while server.pid is not None:
        time.sleep(0.01)
    server.ensure_running()
    assert client(server).get("key") == b"value"


def test_nobody_gets_in_without_the_password(server: EmbeddedRedis) -> None:
    server.ensure_running()
    stranger = redis.Redis(unix_socket_path=server.url.split("@")[1].split("?")[0])
    with pytest.raises(redis.AuthenticationError):
        stranger.get("key")
    assert (server.folder / "password").stat().st_mode & 0o077 == 0
    assert (server.folder / "redis.conf").stat().st_mode & 0o077 == 0


def test_a_stopped_server_is_gone_and_stopping_again_is_harmless(server: EmbeddedRedis) -> None:
    server.ensure_running()
    server.stop()
    assert server.pid is None
    server.stop()


def test_over_loopback_it_keeps_the_port_it_chose(tmp_path: Path) -> None:
    port = chosen_port(tmp_path)
    assert chosen_port(tmp_path) == port
    embedded = EmbeddedRedis(RedisSettings(str(tmp_path), port=port))
    try:
        assert f"127.0.0.1:{port}" in embedded.ensure_running()
        assert client(embedded).ping()
    finally:
        embedded.stop()


def test_settings_it_can_not_start_with_are_named(tmp_path: Path) -> None:
    embedded = EmbeddedRedis(RedisSettings(str(tmp_path / "redis"), maxmemory="lots"))
    with pytest.raises(StoreUnavailableError, match="redis-server did not start"):
        embedded.ensure_running()
