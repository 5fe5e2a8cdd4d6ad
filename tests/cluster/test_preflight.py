"""Preflight against a local exchange in a live desk's shoes: green only when all of it holds, and every reason told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from cluster.account_lease import AccountLeases
from cluster.exchange.faults import Fault, FaultRule, FaultSettings
from cluster.exchange.server import ExchangeServer
from cluster.exchange.settings import ServerSettings
from cluster.preflight import CHECKS, Preflight, Status, require_preflight, run_preflight
from cluster.store.redis_store import RedisStore, connect
from config import LoadedConfig, load_config
from messages.errors import ConfigurationError
from tests.cluster.test_account_lease import owner

pytestmark = pytest.mark.integration

ARMED = {"arming.live_trading": True, "arming.acknowledgement": "I_UNDERSTAND"}
Prepare = Callable[[ExchangeServer], None]


def live(home: Path, server: ExchangeServer, rest: str, stream: str, **changes: object) -> LoadedConfig:
    key = server.keys["desk"]
    chosen = {
        **ARMED,
        "venues.binance.rest_url": rest,
        "venues.binance.stream_url": stream,
        "redis.data_dir": str(home / "redis"),
        **changes,
    }
    keys = {"BINANCE_API_KEY": key.api_key, "BINANCE_API_SECRET": key.secret}
    return load_config("pilot", environ=keys, overrides=chosen)


def preflight(
    home: Path, prepare: Prepare = lambda server: None, *, url: str = "", **changes: object
) -> Preflight:
    async def there() -> Preflight:
        server = ExchangeServer(ServerSettings(home=str(home)))
        address = await server.start()
        store = RedisStore(connect(url), "pilot") if url else None
        try:
            loaded = live(home, server, address.rest, address.stream, **changes)
            prepare(server)
            return await run_preflight(loaded, store)
        finally:
            if store is not None:
                await store.close()
            await server.stop()

    return asyncio.run(there())


def failed(found: Preflight) -> list[str]:
    return [each.name for each in found.checks if each.status is Status.FAILED]


def test_a_pilot_that_has_everything_is_green_and_armed(tmp_path: Path, redis_url: str) -> None:
    found = preflight(tmp_path, url=redis_url)
    assert failed(found) == []
    assert (found.green, found.armed, found.not_armed_because) == (True, True, ())
    assert [each.name for each in found.checks] == [check.name for check in CHECKS]
    assert [each.name for each in found.checks if each.status is Status.SKIPPED] == ["kill_file_absent"]


@pytest.mark.parametrize(
    ("changes", "check", "reasons"),
    [
        ({"risk.kill_switch": True}, "kill_switch_disabled_in_settings", ("kill_switch", "preflight")),
        ({"risk.safe_mode": True}, "safe_mode_disabled", ("safe_mode", "preflight")),
        ({"arming.role": "monitor"}, "live_env_armed", ("monitor_role", "preflight")),
        ({"desk.environment": "dry_run"}, "live_env_armed", ("dry_run",)),
        ({"venues.binance.api_secret": "another"}, "private_api_auth", ("clock", "preflight")),
        ({"symbols.ETH-USDT-PERP.listing": "NOPEUSDT"}, "instruments", ("preflight",)),
    ],
)
def test_each_thing_that_is_missing_is_told(
    tmp_path: Path, changes: dict[str, object], check: str, reasons: tuple[str, ...]
) -> None:
    found = preflight(tmp_path, **changes)
    assert check in failed(found)
    assert not found.green
    assert not found.armed
    assert set(found.not_armed_because) >= set(reasons) - {"clock"}


def test_no_release_trades_with_real_money_before_one_was_accepted_for_it(tmp_path: Path) -> None:
    found = preflight(tmp_path, **{"venues.binance.rest_url": "https://fapi.binance.com"})
    assert failed(found) == ["released"]
    assert found.refuses is not None
    assert "venues.binance (https://fapi.binance.com)" in found.refuses.detail


def test_a_kill_file_fails_it_and_only_holds_the_desk(tmp_path: Path) -> None:
    path = tmp_path / "halt"
    path.write_text("flood\n", encoding="utf-8")
    found = preflight(tmp_path, **{"risk.kill_file": str(path)})
    assert failed(found) == ["kill_file_absent"]
    assert found.refuses is None
    [told] = [each for each in found.checks if each.name == "kill_file_absent"]
    assert told.detail.endswith("is there: flood")


def test_an_exchange_that_does_not_answer_fails_it(tmp_path: Path) -> None:
    def away(server: ExchangeServer) -> None:
        server.replace_faults(
            FaultSettings(
                rules=(
                    FaultRule(kind=Fault.SERVER_ERROR, match="GET /fapi/v3/*"),
                    FaultRule(kind=Fault.SERVER_ERROR, match="GET /fapi/v2/*"),
                )
            )
        )

    found = preflight(tmp_path, away)
    assert "private_api_auth" in failed(found)
    assert found.refuses is not None


def test_the_venues_are_not_asked_before_the_settings_hold(tmp_path: Path) -> None:
    found = preflight(tmp_path, **{"desk.environment": "dry_run"})
    looked_at = {each.name: each.status for each in found.checks}
    assert looked_at["private_api_auth"] is Status.SKIPPED
    assert looked_at["db_lock_and_writable"] is Status.SKIPPED


def test_an_account_that_another_desk_trades_on_fails_it(tmp_path: Path, redis_url: str) -> None:
    async def there() -> Preflight:
        server = ExchangeServer(ServerSettings(home=str(tmp_path)))
        address = await server.start()
        store = RedisStore(connect(redis_url), "pilot")
        try:
            loaded = live(tmp_path, server, address.rest, address.stream)
            await AccountLeases(store, loaded.config, "t1").take(owner("t1"), "another")
            return await run_preflight(loaded, store)
        finally:
            await store.client.flushdb()
            await store.close()
            await server.stop()

    found = asyncio.run(there())
    assert failed(found) == ["account_free"]
    assert found.refuses is not None
    assert "desk another on elsewhere" in found.refuses.detail


def test_a_live_desk_does_not_start_unless_it_holds(tmp_path: Path, redis_url: str) -> None:
    async def there() -> None:
        server = ExchangeServer(ServerSettings(home=str(tmp_path)))
        address = await server.start()
        store = RedisStore(connect(redis_url), "pilot")
        try:
            await require_preflight(live(tmp_path, server, address.rest, address.stream), store)
            held = live(tmp_path, server, address.rest, address.stream, **{"risk.kill_switch": True})
            await require_preflight(held, store)  # it starts HALTED: its stops are looked after
            wrong = {"venues.binance.api_secret": "another"}
            with pytest.raises(ConfigurationError, match=r"preflight\.private_api_auth"):
                await require_preflight(live(tmp_path, server, address.rest, address.stream, **wrong), store)
        finally:
            await store.close()
            await server.stop()

    asyncio.run(there())
