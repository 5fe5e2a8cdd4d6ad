"""The exchange as a server: its home, its restart, its market, what it refuses to be."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import stat
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path

import httpx
import msgspec
import pytest

from cluster.exchange.core import default_listings
from cluster.exchange.faults import FaultSettings, FilterChange, Maintenance
from cluster.exchange.keys import ApiKey, load_or_make
from cluster.exchange.server import ExchangeServer, serve
from cluster.exchange.settings import (
    AccountPlan,
    ServerSettings,
    account_of,
    checked,
    listings_of,
    load_settings,
)
from messages.errors import ConfigurationError, DeskLockedError, VenueConnectionError
from tests.cluster.exchange.rig import Clock, Rig, hear, running, settings_of, trying

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[3]
RECORDED = ROOT.parent / "shared" / "data" / "binance_raw_l2" / "usdm_btcusdt_20240808.gz"


def test_secrets_are_for_their_owner(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        for name in ("keys.json", "control-token"):
            assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
        assert rig.key.secret not in (tmp_path / "address.json").read_text()
        assert rig.key.secret not in repr(await rig.control("GET", "stats"))

    trying(tmp_path, scenario)


def test_keys_are_made_once_and_added_to(tmp_path: Path) -> None:
    first = load_or_make(tmp_path, ["a"])
    both = load_or_make(tmp_path, ["a", "b"])
    assert both["a"] == first["a"] != both["b"]
    assert len(both["b"].api_key) == len(both["b"].secret) == 64
    assert ApiKey("abcdefgh" * 8, "s").hint == "abcd…efgh"
    (tmp_path / "keys.json").write_text("[]")
    with pytest.raises(ConfigurationError, match="no keys"):
        load_or_make(tmp_path, ["a"])


def test_after_a_restart_everything_is_there_at_the_same_address(tmp_path: Path) -> None:
    settings, clock = settings_of(tmp_path), Clock()

    async def before() -> tuple[str, object, object, object]:
        async with running(settings, clock) as rig:
            await rig.market_order("position")
            await rig.rest_order("open")
            far = await rig.far_bid()
            await rig.ok(
                "POST",
                "/fapi/v1/algoOrder",
                algoType="CONDITIONAL",
                symbol="BTCUSDT",
                side="SELL",
                type="STOP_MARKET",
                closePosition="true",
                triggerPrice=far,
                clientAlgoId="stop",
            )
            return rig.address.rest, *(await everything(rig))

    async def everything(rig: Rig) -> tuple[object, object, object]:
        return (
            await rig.ok("GET", "/fapi/v1/openOrders"),
            await rig.ok("GET", "/fapi/v1/openAlgoOrders"),
            await rig.ok("GET", "/fapi/v1/userTrades", symbol="BTCUSDT"),
        )

    async def after() -> tuple[str, object, object, object]:
        async with running(settings, clock) as rig:
            found = await everything(rig)
            async with rig.stream(f"/private/ws/{await rig.listen_key()}") as socket:
                await rig.ok("DELETE", "/fapi/v1/order", symbol="BTCUSDT", origClientOrderId="open")
                (event,) = await hear(socket)
                assert event["o"]["X"] == "CANCELED"
            return rig.address.rest, *found

    assert asyncio.run(before()) == asyncio.run(after())


def test_timed_faults_happen_by_themselves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[bool, float]] = []

    def noted(server: ExchangeServer, on: bool) -> None:
        told.append((on, time.monotonic()))
        set_maintenance(server, on)

    set_maintenance = ExchangeServer.set_maintenance
    monkeypatch.setattr(ExchangeServer, "set_maintenance", noted)  # a slow client may sleep through it
    began = time.monotonic()

    async def scenario(rig: Rig) -> None:
        async with asyncio.timeout(20):
            while (await rig.get("/fapi/v1/exchangeInfo"))["symbols"][0]["filters"][0]["tickSize"] != "0.5":
                await asyncio.sleep(0.02)
            while len(told) < 2:
                await asyncio.sleep(0.02)
        assert [on for on, _ in told] == [True, False]
        assert told[0][1] >= began + 0.3
        assert told[1][1] >= began + 0.6
        order = {"symbol": "ETHUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.1"}
        await rig.ok("POST", "/fapi/v1/order", **order)

    timed = (
        FilterChange(listing="BTCUSDT", changes={"tick": "0.5"}, at_s=0.05),
        Maintenance(at_s=0.3, for_s=0.3),
    )
    trying(tmp_path, scenario, faults=FaultSettings(timed=timed))


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"host": "0.0.0.0"}, "exchange.host"),
        ({"host": "example.com"}, "exchange.host"),
        ({"accounts": ()}, "exchange.accounts"),
        ({"accounts": (AccountPlan(name="a"), AccountPlan(name="a"))}, "exchange.accounts"),
        ({"port": 70_000}, "exchange.port"),
        ({"step_s": 0.0}, "exchange.step_s"),
        ({"speed": -1.0}, "exchange.speed"),
    ],
)
def test_settings_that_make_no_sense(tmp_path: Path, changes: dict[str, object], named: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        ExchangeServer(settings_of(tmp_path, **changes))
    assert refused.value.field == named
    with pytest.raises(ConfigurationError, match=r"exchange\.home"):
        ExchangeServer(ServerSettings(home=""))
    assert checked(settings_of(tmp_path, host="0.0.0.0", allow_remote=True)).allow_remote


@pytest.mark.parametrize(
    "change",
    [
        FilterChange(listing="NONE", changes={"tick": "1"}, at_s=60.0),
        FilterChange(listing="BTCUSDT", changes={"tick": "0"}, at_s=60.0),
        FilterChange(listing="BTCUSDT", changes={"colour": "1"}, at_s=60.0),
    ],
)
def test_a_change_of_rules_that_can_not_be_is_refused_at_the_start(
    tmp_path: Path, change: FilterChange
) -> None:
    async def scenario() -> None:
        server = ExchangeServer(settings_of(tmp_path, faults=FaultSettings(timed=(change,))))
        try:
            with pytest.raises(ConfigurationError):
                await server.start()
        finally:
            await server.stop()

    asyncio.run(scenario())


def test_settings_come_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_bytes(msgspec.json.encode(settings_of(tmp_path)))
    assert load_settings(path) == settings_of(tmp_path)
    path.write_text("{}")
    with pytest.raises(ConfigurationError, match="home"):
        load_settings(path)
    with pytest.raises(ConfigurationError, match="can't be read"):
        load_settings(tmp_path / "none")


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        port = int(rig.address.rest.rpartition(":")[2])
        with pytest.raises(VenueConnectionError, match=r"exchange\.port"):
            await ExchangeServer(settings_of(tmp_path / "other", port=port)).start()

    trying(tmp_path / "one", scenario)


def test_a_home_belongs_to_one_exchange_at_a_time(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        with pytest.raises(DeskLockedError, match=r"exchange\.home"):
            await ExchangeServer(settings_of(tmp_path)).start()

    trying(tmp_path, scenario)
    trying(tmp_path, lambda rig: rig.get("/fapi/v1/ping"))


def test_listings_and_accounts_as_people_write_them() -> None:
    assert [rules.listing for rules in listings_of("ethusdt, BTCUSDT,ETHUSDT")] == ["ETHUSDT", "BTCUSDT"]
    assert len(listings_of("40")) == 40
    assert account_of("a") == AccountPlan(name="a")
    assert account_of("a=50.5USDT,1BTC").balances == {"USDT": Decimal("50.5"), "BTC": Decimal(1)}
    for wrong in ("a=", "a=5", "a=USDT", "a=xUSDT", "a=-5USDT", "a=5USDT,6USDT"):
        with pytest.raises(ConfigurationError, match="--account"):
            account_of(wrong)
    with pytest.raises(ConfigurationError, match="--symbols"):
        listings_of("FOO")


def test_books_follow_a_recording(tmp_path: Path) -> None:
    if not RECORDED.exists():
        pytest.skip("skipped: no recorded data")

    async def scenario(rig: Rig) -> None:
        async with rig.stream("/public/ws/btcusdt@bookTicker") as socket:
            rig.clock.go(60)
            heard = await hear(socket, 20)
            assert all(55_000 < float(event["b"]) < float(event["a"]) < 65_000 for event in heard)
        done = await rig.market_order("own")
        assert done["status"] == "FILLED"

    market = msgspec.structs.replace(settings_of(tmp_path).market, listings=default_listings(1))
    trying(tmp_path, scenario, market=market, data=(str(RECORDED),))


def test_serving_ends_when_it_is_told_to(tmp_path: Path) -> None:
    async def run() -> None:
        stop = asyncio.Event()
        serving = asyncio.create_task(serve(settings_of(tmp_path), stop=stop))
        while not (tmp_path / "address.json").exists():
            await asyncio.sleep(0.01)
        stop.set()
        await asyncio.wait_for(serving, 30)

    asyncio.run(run())


def test_the_process_serves_until_a_signal(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_bytes(msgspec.json.encode(settings_of(tmp_path / "home")))
    command = [sys.executable, "-m", "cluster.exchange", "--settings", str(path)]
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)})
    try:
        address = tmp_path / "home" / "address.json"
        until = time.monotonic() + 90
        while not address.exists():
            assert process.poll() is None
            assert time.monotonic() < until
            time.sleep(0.02)
        url = json.loads(address.read_text())["rest"]  # published once requests are answered
        assert httpx.get(f"{url}/fapi/v1/ping", trust_env=False, verify=False, timeout=30).json() == {}
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.wait()


def test_an_error_of_the_core_ends_the_exchange(tmp_path: Path) -> None:
    async def run() -> None:
        server = ExchangeServer(ServerSettings(home=str(tmp_path)))
        await server.start()

        def broken(now: int) -> None:
            raise ConfigurationError("the disk is full")

        server._core.advance = broken  # type: ignore[method-assign, union-attr]
        with pytest.raises(ConfigurationError, match="the disk is full"):
            await asyncio.wait_for(server.wait(), 30)
        await server.stop()

    asyncio.run(run())
