"""Bringing a desk up: which generation its store has, and what is said of a tree that does not come up."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
import ray

from cluster import desk as joining
from cluster.desk import Desk, _wait_for_tree, open_store, start_desk
from cluster.host.handles import Handles
from cluster.host.launch import Launch, Started
from cluster.host.lease import this_incarnation
from cluster.host.tree_plan import tree_of
from cluster.session_feed import FeedPlan, replay_generation
from cluster.store.port import StreamName
from cluster.store.redis_store import RedisStore, connect
from config import DeskConfig, LoadedConfig, load_config
from messages import codec
from messages.control import StoreRenewed
from messages.errors import ConfigurationError, StoreError
from tests.cluster.backtest.market import small_desk

pytestmark = pytest.mark.integration

PACED, LOCKSTEP = FeedPlan(speed="1"), FeedPlan(speed="lockstep")


async def starts(
    redis_url: str, name: str, config: DeskConfig, *plans: FeedPlan
) -> tuple[list[str], list[str]]:
    """The generation after each start of a desk, and what its control stream tells of them."""
    store = RedisStore(connect(redis_url), name)
    try:
        found = [await open_store(store, config, plan) for plan in plans]
        entries = await store.read("risk", {StreamName.CONTROL: "0-0"}, 100)
    finally:
        await store.close()
    told = [codec.decode_envelope(entry.data).message for entry in entries]  # type: ignore[arg-type]
    return found, [each.generation for each in told if isinstance(each, StoreRenewed)]


def test_every_start_has_a_generation_of_its_own(redis_url: str, tmp_path: Path) -> None:
    config = small_desk(tmp_path).config
    found, told = asyncio.run(starts(redis_url, "cold", config, PACED, PACED, PACED))
    assert len(set(found)) == 3
    assert told == found


def test_a_store_that_is_put_back_never_repeats_a_generation(redis_url: str, tmp_path: Path) -> None:
    config = small_desk(tmp_path).config

    async def put_back() -> list[str]:
        store = RedisStore(connect(redis_url), "back")
        found = [await open_store(store, config, PACED)]
        backup = {key: await store.client.dump(key) for key in (store.keys.store, store.keys.control)}
        for _ in range(3):
            found.append(await open_store(store, config, PACED))
            for key, data in backup.items():
                await store.client.restore(key, 0, data, replace=True)
        await store.close()
        return found

    assert len(set(asyncio.run(put_back()))) == 4


def test_a_session_whose_time_is_granted_keeps_the_generation_of_its_seed(
    redis_url: str, tmp_path: Path
) -> None:
    config = small_desk(tmp_path).config
    found, told = asyncio.run(starts(redis_url, "granted", config, LOCKSTEP, LOCKSTEP))
    assert found == [replay_generation(config)] * 2
    assert told == found[:1]


def desk_of(redis_url: str, loaded: LoadedConfig, name: str) -> Desk:
    launch = Launch(name, name, loaded.config, loaded.hash, "c0de", redis_url, "", LOCKSTEP)
    return Desk(launch, RedisStore(connect(redis_url), name), None)  # type: ignore[arg-type]


def refusal(
    loaded: LoadedConfig, redis_url: str, folder: Path, *, fresh: bool = False
) -> tuple[str, bytes | None]:
    """Why a desk of these settings does not start, and whose money its history is about then."""

    async def there() -> bytes | None:
        with pytest.raises(ConfigurationError) as refused:
            await start_desk(loaded, fresh=fresh, folder=folder, environ={})
        said.append(str(refused.value))
        store = RedisStore(connect(redis_url), loaded.config.desk.name)
        try:
            return await store.note("environment")
        finally:
            await store.close()

    said: list[str] = []
    noted = asyncio.run(there())
    return said[0], noted


def test_a_session_does_not_begin_afresh_on_an_earlier_ones_books(redis_url: str, tmp_path: Path) -> None:
    """Its market and its paper venue begin anew: the positions of before would be of another world."""
    loaded = small_desk(tmp_path, "desk.name=used", redis={"mode": "url", "url": redis_url})

    async def used() -> None:
        store = RedisStore(connect(redis_url), "used")
        await store.claim("risk", this_incarnation())
        await store.close()

    asyncio.run(used())
    said, noted = refusal(loaded, redis_url, tmp_path, fresh=True)
    assert "its Redis holds a history of this desk" in said
    assert noted is None
    assert not list(tmp_path.rglob("feed.json")), "nor is it decided when its market begins"


def test_a_live_desk_that_may_not_start_leaves_its_history_as_it_was(
    redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing was traded with real money, so that paper may go on."""
    monkeypatch.setenv("HOME", str(tmp_path))  # the locks on accounts lie there
    said, noted = refusal(
        load_config(
            "live",
            environ={"BINANCE_API_KEY": "key", "BINANCE_API_SECRET": "secret"},
            overrides={
                "desk.name": "unarmed",
                "arming.live_trading": True,
                "arming.acknowledgement": "I_UNDERSTAND",
                "redis.mode": "url",
                "redis.url": redis_url,
            },
        ),
        redis_url,
        tmp_path / "unarmed",
    )
    assert "preflight is not green" in said
    assert noted is None


def test_a_tree_that_does_not_come_up_is_an_error_that_names_who_is_missing(
    redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Handles, "find", lambda self, address: object())
    loaded = small_desk(tmp_path)

    async def wait() -> None:
        desk = desk_of(redis_url, loaded, "slow")
        rows: list[dict[str, Any]] = [
            {"address": "risk", "status": "running", "last_detail": ""},
            {"address": "execution/paper", "status": "backing_off", "last_detail": "no route to it"},
        ]
        await desk.store.show_children("supervisor/desk", rows)
        try:
            await _wait_for_tree(desk, 0.1)
        finally:
            await desk.store.close()

    with pytest.raises(StoreError) as caught:
        asyncio.run(wait())
    told = str(caught.value)
    assert "not up within 0.1 s" in told
    assert "execution/paper backing_off no route to it" in told
    assert "strategy/BTC-USDT unseen" in told
    assert "risk running" not in told
    assert "logs" in told


def test_a_tree_is_up_when_its_processes_say_so_and_not_when_the_rows_of_a_killed_one_do(
    redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows outlive their tree; so may its processes, for a moment."""
    loaded = small_desk(tmp_path)
    wanted = [each.id for spec in tree_of(loaded.config, LOCKSTEP).values() for each in spec.children]
    rows = [{"address": each, "status": "running", "last_detail": "", "incarnation": 2} for each in wanted]
    epochs: dict[str, int | None] = dict.fromkeys(wanted, 1)

    async def identify(self: Handles, address: str) -> Started | None:
        epoch = epochs[address]
        return None if epoch is None else Started(address, epoch, 1, "here", "", "", "", None)

    monkeypatch.setattr(Handles, "find", lambda self, address: address)
    monkeypatch.setattr(Handles, "identify", identify)

    async def wait() -> None:
        desk = desk_of(redis_url, loaded, "stale")
        try:
            await desk.store.show_children("supervisor/desk", rows)
            with pytest.raises(StoreError, match="not up within"):
                await _wait_for_tree(desk, 0.1)  # they live, and are of the life before
            epochs.update(dict.fromkeys(wanted, 2), risk=None)
            with pytest.raises(StoreError, match="risk running"):
                await _wait_for_tree(desk, 0.1)  # its process is not ready
            epochs["risk"] = 2
            await _wait_for_tree(desk, 5.0)
        finally:
            await desk.store.close()

    asyncio.run(wait())


def test_a_root_that_is_gone_is_an_error(
    redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Handles, "find", lambda self, address: None)

    async def wait() -> None:
        desk = desk_of(redis_url, small_desk(tmp_path), "gone")
        try:
            await _wait_for_tree(desk, 5.0)
        finally:
            await desk.store.close()

    with pytest.raises(StoreError, match="gave up while it was starting"):
        asyncio.run(wait())


def test_a_desk_whose_ray_cluster_is_gone_answers_no_question_and_says_so_when_it_is_to_stop(
    redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(address: str) -> None:
        raise ConnectionError(f"nobody listens at {address}")

    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    monkeypatch.setattr(joining, "join", refuse)

    async def ask_and_stop() -> None:
        desk = desk_of(redis_url, small_desk(tmp_path), "rayless")
        try:
            assert await desk.ask("strategy/BTC-USDT", "probe", "BTC-USDT", None) is None
            await desk.stop(drain=False)
        finally:
            await desk.store.close()

    with pytest.raises(StoreError, match="Ray cluster does not answer: nobody listens"):
        asyncio.run(ask_and_stop())
