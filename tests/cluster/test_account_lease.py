"""One desk for each account: over one Redis from any host, and by file locks on one machine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import msgspec
import pytest

from cluster.account_lease import AccountFiles, AccountLeases, account_keys
from cluster.host.lease import this_incarnation
from cluster.owner import Owner, OwnerLock, this_owner
from cluster.store.redis_store import RedisStore, connect
from config import DeskConfig, load_config
from messages.errors import DeskLockedError, FencedError

pytestmark = pytest.mark.integration

KEYS = {"BINANCE_API_KEY": "key-of-the-account", "BINANCE_API_SECRET": "secret-of-the-account"}
ARMED = {"arming.live_trading": True, "arming.acknowledgement": "I_UNDERSTAND"}


def config(name: str = "one", key: str = KEYS["BINANCE_API_KEY"], **more: object) -> DeskConfig:
    chosen = {**ARMED, "desk.name": name, **more}
    found: DeskConfig = load_config("live", environ={**KEYS, "BINANCE_API_KEY": key}, overrides=chosen).config
    return found


def owner(token: str, *, dead: bool = False) -> Owner:
    found = this_owner(token, "h", "live", "1", None)
    if not dead:
        return msgspec.structs.replace(found, host="elsewhere")
    gone = msgspec.structs.replace(this_incarnation(), pid=2**22 + 1)
    return msgspec.structs.replace(found, incarnation=gone)


def on(url: str, work: Callable[[RedisStore, RedisStore], Coroutine[Any, Any, None]]) -> None:
    """Two desks that share a Redis, each with its own store."""

    async def there() -> None:
        one, other = RedisStore(connect(url), "one"), RedisStore(connect(url), "other")
        await one.client.flushdb()
        try:
            await work(one, other)
        finally:
            await one.close()
            await other.close()

    asyncio.run(there())


def test_a_second_desk_on_the_account_is_refused_with_the_first_ones_name(redis_url: str) -> None:
    async def work(one: RedisStore, other: RedisStore) -> None:
        await AccountLeases(one, config("one"), "t1").take(owner("t1"), "one")
        second = AccountLeases(other, config("other"), "t2")
        with pytest.raises(DeskLockedError, match=r"venues.binance: LOCKED.*desk one, pid \d+ on elsewhere"):
            await second.take(owner("t2"), "other")
        await AccountLeases(other, config("other", key="another-account"), "t2").take(owner("t2"), "other")
        await AccountLeases(one, config("one"), "t1").release()
        await second.take(owner("t2"), "other")
        assert {venue: each.desk for venue, each in (await second.holders()).items()} == {"binance": "other"}

    on(redis_url, work)


def test_the_lease_of_a_desk_that_is_proven_dead_is_taken_over(redis_url: str) -> None:
    async def work(one: RedisStore, other: RedisStore) -> None:
        await AccountLeases(one, config("one"), "t1").take(owner("t1", dead=True), "one")
        second = AccountLeases(other, config("other"), "t2")
        await second.take(owner("t2"), "other")
        assert {venue: each.desk for venue, each in (await second.holders()).items()} == {"binance": "other"}

    on(redis_url, work)


def test_a_lease_that_ended_is_taken_again_unless_another_desk_has_it(redis_url: str) -> None:
    async def work(one: RedisStore, other: RedisStore) -> None:
        await OwnerLock(one, "t1").take(owner("t1"))
        first = AccountLeases(one, config("one"), "t1")
        await first.take(owner("t1"), "one")
        [key] = await one.client.keys("raydesk:account:*")
        await one.client.delete(key)
        await first.renew("one")
        assert (await first.holders())["binance"].desk == "one"
        await one.client.delete(key)
        await AccountLeases(other, config("other"), "t2").take(owner("t2"), "other")
        with pytest.raises(FencedError, match=r"venues\.binance"):
            await first.renew("one")

    on(redis_url, work)


def test_two_desks_of_one_machine_do_not_share_an_account(tmp_path: Path) -> None:
    first, second = AccountFiles(config("one"), tmp_path), AccountFiles(config("other"), tmp_path)
    first.take("one")
    with pytest.raises(DeskLockedError, match=r"venues.binance: LOCKED"):
        second.take("other")
    first.release()
    second.take("other")
    second.release()


def test_who_only_looks_gets_in_nobodys_way_and_no_key_can_be_read_from_a_lease() -> None:
    assert account_keys(config(**{"arming.role": "monitor"})) == {}
    assert account_keys(config(**{"desk.environment": "dry_run"})) == {}
    [fingerprint] = account_keys(config()).values()
    assert KEYS["BINANCE_API_KEY"] not in fingerprint
    assert account_keys(load_config("demo", environ={}).config) == {}
