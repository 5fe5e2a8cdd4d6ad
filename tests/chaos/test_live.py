"""A live desk, end to end, at an exchange that only plays money: it starts armed, and is held to a canary's caps."""

from __future__ import annotations

import asyncio
import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from cluster.desk import start_desk
from cluster.exchange.server import ExchangeServer
from cluster.exchange.settings import ServerSettings
from cluster.observe.services import Services
from config import LoadedConfig, load_config
from messages.control import ArmingDecided, Mode
from messages.errors import ConfigurationError, DeskLockedError
from messages.events import EventType
from tests.chaos.desks import Session, session, until
from tests.chaos.exchange.exchange_log import read_log

pytestmark = [pytest.mark.chaos, pytest.mark.long]

TOKEN = "a-token-of-the-tests"
CAP, HELD = Decimal(150), Decimal(300)


def live(
    folder: Path, name: str, server: ExchangeServer, rest: str, stream: str, **more: Any
) -> LoadedConfig:
    """The profile `pilot`, armed by a person, with limits that would allow far more than a canary's caps."""
    key = server.keys["desk"]
    document = {
        "profile": "pilot",
        "desk": {"name": name},
        "arming": {"live_trading": True, "acknowledgement": "I_UNDERSTAND"},
        "ray": {"dashboard": False},
        "redis": {"data_dir": str(folder / "data")},
        "feed": {"warm_up": "0s"},
        "venues": {"binance": {"rest_url": rest, "stream_url": stream, "recv_window": "500ms"}},
        "symbols": {"ETH-USDT-PERP": None},
        "strategies": {
            "ema": {
                "symbols": ["BTC-USDT-PERP"],
                "parameters": {"fast": 2, "slow": 5, "sampling_interval": "100ms"},
                "order": {"style": "market", "route": "direct", "notional": 1000, "deadline": "2s"},
                "cooldown": "300ms",
            }
        },
        "risk": {
            "max_order_notional": 5000,
            "max_symbol_exposure": "40%",
            "symbol_spacing": None,
            "max_hourly_trades": None,
            "max_daily_trades": None,
            "max_symbol_hourly_trades": None,
            "max_burst": None,
            "cooldown_after_loss": None,
            "cooldown_after_stop": None,
            "max_consecutive_losses": None,
            "fat_finger_multiple": None,
            "max_trade_nav": None,
        },
        "metrics": {"enabled": True, "control_token": TOKEN},
        **more,
    }
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump(document))
    keys = {"BINANCE_API_KEY": key.api_key, "BINANCE_API_SECRET": key.secret}
    return load_config(path, environ=keys)


def test_a_pilot_trades_within_a_canarys_caps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))  # where the locks on accounts lie
    asyncio.run(_pilot(tmp_path))


async def _pilot(folder: Path) -> None:
    server = ExchangeServer(ServerSettings(home=str(folder / "exchange")))
    address = await server.start()
    try:
        loaded = live(folder, "pilot", server, address.rest, address.stream)
        async with session(folder / "one", loaded, speed="1") as desk:
            await until(lambda: _traded(folder, 5), 60.0, "it trades", desk.standing)
            await _require_second_refused(folder, server, address)
            picture = await desk.picture()
            assert picture.event_counts[EventType.ARMING_CHANGED] == 1
            [told] = [one.text for one in picture.happenings if one.event_type is EventType.ARMING_CHANGED]
            assert told == "ARMED in live"
            _require_canary(folder)
            await _require_stop(desk, folder)
            await _halt_over_http(desk)
    finally:
        await server.stop()
    assert ArmingDecided.event_type is EventType.ARMING_CHANGED


async def _traded(folder: Path, least: int) -> bool:
    home = folder / "exchange"
    return len(read_log(home, "desk").trades) >= least if (home / "exchange.log").exists() else False


def _require_canary(folder: Path) -> None:
    """By the exchange's own log: no order, and nothing held, was ever worth more."""
    held = worst = Decimal(0)
    for trade in read_log(folder / "exchange", "desk").trades:
        held += trade.quantity if trade.side == "buy" else -trade.quantity
        worst = max(worst, abs(held) * trade.price)
        assert trade.quantity * trade.price <= CAP * 2, (
            trade
        )  # an order that turns a position closes it first
    assert Decimal(0) < worst <= HELD


async def _require_stop(desk: Session, folder: Path) -> None:
    """While something is held a protective stop rests at the exchange."""

    async def protected() -> bool:
        log = read_log(folder / "exchange", "desk")
        return any(order.conditional for order in log.orders.values())

    await until(protected, 60.0, "a protective stop was placed", desk.standing)


async def _halt_over_http(desk: Session) -> None:
    url = await Services(desk.desk.store).find("metrics")
    async with httpx.AsyncClient(trust_env=False) as client:
        refused = await client.post(f"{url}/halt", headers={"Authorization": "Bearer guessed"})
        assert refused.status_code == 401
        assert (await desk.picture()).mode.mode is Mode.NORMAL
        said = await client.post(
            f"{url}/halt",
            headers={"Authorization": f"Bearer {TOKEN}"},
            json={"by": "anna", "reason": "drill"},
        )
    assert said.status_code == 202

    async def halted() -> bool:
        return (await desk.picture()).mode.mode is Mode.HALTED

    await until(halted, 60.0, "the desk is HALTED", desk.standing)
    source = (await desk.picture()).mode.sources["operator"]
    assert source.reason == "anna over HTTP: drill"


async def _require_second_refused(folder: Path, server: ExchangeServer, address: Any) -> None:
    second = live(folder, "second", server, address.rest, address.stream)
    with pytest.raises(DeskLockedError, match=r"venues\.binance: LOCKED"):
        await start_desk(second, speed="1", folder=folder / "two", environ=os.environ)
    wrong = live(
        folder,
        "third",
        server,
        address.rest,
        address.stream,
        arming={"live_trading": True, "acknowledgement": "I_UNDERSTAND", "role": "monitor"},
    )
    with pytest.raises(ConfigurationError, match="preflight"):
        await start_desk(wrong, speed="1", folder=folder / "three", environ=os.environ)
