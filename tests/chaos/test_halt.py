"""The kill switch on a real desk while 50 orders work: by the exchange's own log, through a restart of everything."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from cluster.cli.exits import Exit
from cluster.owner import LOCK_SECONDS
from messages.control import Mode
from tests.chaos.desks import Session, session, settings, until
from tests.chaos.exchange.exchange_log import ExchangeLog, read_log
from tests.chaos.test_exchange_desk import PARTS

pytestmark = [pytest.mark.chaos, pytest.mark.long]

VENUE = "binance"
OFFSETS = {"BTC-USDT-PERP": 18_000, "ETH-USDT-PERP": 9_000, "SOL-USDT-PERP": 400}
"""Ticks below the market at which nothing is filled: about 3 %."""
RESTING, CHURNING = 17, 2
"""Strategies per symbol whose orders rest for good, and whose orders are replaced all the time."""
WORKING = 3 * RESTING


def strategies() -> dict[str, Any]:
    """51 orders that rest, and six that come and go, so that something is under way whenever the switch is pulled."""
    found = {}
    for short, (symbol, offset) in zip("bes", OFFSETS.items(), strict=True):
        for number in range(RESTING + CHURNING):
            life = "10m" if number < RESTING else "400ms"
            found[f"{short}{number}"] = {
                "kind": "tests.chaos.strategies:Rests",
                "symbols": [symbol],
                "cooldown": "100ms",
                "order": {
                    "style": "post_only",
                    "offset_ticks": offset,
                    "notional": 250,
                    "deadline": "10m",
                    "time_to_live": life,
                },
            }
    return found


def test_halt_while_fifty_orders_work(tmp_path: Path) -> None:
    asyncio.run(_halt(tmp_path))


async def _halt(folder: Path) -> None:
    kill_file = folder / "halt"
    exchange = {"seed": 3, "starting_balances": {"USDT": 100_000}, "volatility": "1bps"}
    loaded = settings(
        folder,
        "halted",
        **{
            **PARTS,
            "venues": {VENUE: {**PARTS["venues"][VENUE], "exchange": exchange}},
            "strategies": strategies(),
            "risk": {"max_open_orders": 100, "max_symbol_exposure": "20%", "kill_file": str(kill_file)},
        },
    )
    async with session(folder, loaded, speed="1") as desk:
        await until(lambda: _works(desk, WORKING), 90.0, f"{WORKING} orders work", desk.standing)
        said = await _raydesk(folder, "halt", "--reason", "drill", "--json")
        halted_at = time.time_ns()
        assert (said["code"], said["confirmed"], said["mode"]) == (Exit.OK, True, "halted")
        await until(lambda: _works(desk, 0), 60.0, "no order works", desk.standing)
        await asyncio.sleep(3.0)
        _require_halted(desk, halted_at)
        before = len(_log(desk).orders)

    # everything is gone: processes, Ray, Redis, the exchange; what remains is on disk. The desk was killed, and its
    # owner, which is this very process, lives: its lock has to run out
    await asyncio.sleep(LOCK_SECONDS + 1)
    async with session(folder, loaded, speed="1") as desk:
        await until(lambda: _mode_is(desk, Mode.HALTED), 60.0, "it is HALTED again", desk.standing)
        await asyncio.sleep(5.0)
        assert len(_log(desk).orders) == before, "an order was placed after the restart"

        said = await _raydesk(folder, "resume", "--json")
        assert (said["code"], list(said["clears"])) == (Exit.USAGE, ["operator"])
        said = await _raydesk(folder, "resume", "--ack", "  ")
        assert said["code"] == Exit.USAGE
        assert await _mode_is(desk, Mode.HALTED)
        assert len(_log(desk).orders) == before
        said = await _raydesk(folder, "resume", "--ack", "it was a drill", "--json")
        assert (said["code"], said["confirmed"]) == (Exit.OK, True)
        await until(lambda: _works(desk, 10), 60.0, "the desk trades again", desk.standing)

        kill_file.write_text("flood")
        await until(lambda: _mode_is(desk, Mode.HALTED), 20.0, "the kill file halts it", desk.standing)
        await until(lambda: _works(desk, 0), 60.0, "no order works", desk.standing)
        said = await _raydesk(folder, "resume", "--ack", "too early", "--json")
        assert (said["mode"], list(said["stays"])) == ("halted", ["kill_file"])
        kill_file.unlink()
        await until(lambda: _is_gone(desk), 20.0, "its being gone is taken", desk.standing)
        assert await _mode_is(desk, Mode.HALTED)
        said = await _raydesk(folder, "resume", "--ack", "dry again", "--json")
        assert said["code"] == Exit.OK
        await until(lambda: _is_free(desk), 60.0, "nothing halts the desk any more", desk.standing)


def _log(desk: Session) -> ExchangeLog:
    home = desk.desk.launch.venue_folder(VENUE)
    return read_log(home, "desk") if (home / "exchange.log").exists() else ExchangeLog()


async def _works(desk: Session, count: int) -> bool:
    working = len(_log(desk).open_orders)
    return working >= count if count else working == 0


async def _mode_is(desk: Session, mode: Mode) -> bool:
    return (await desk.picture()).mode.mode is mode


async def _is_gone(desk: Session) -> bool:
    return "kill_file" not in (await desk.picture()).mode.sources


async def _is_free(desk: Session) -> bool:
    mode = (await desk.picture()).mode
    return "kill_file" not in mode.sources and mode.mode is Mode.NORMAL


def _require_halted(desk: Session, halted_at: int) -> None:
    log = _log(desk)
    late = [order.client_order_id for order in log.orders.values() if order.accepted_at > halted_at]
    assert late == [], "orders that increase exposure reached the exchange after the kill switch"
    assert log.open_orders == []
    assert log.positions == {}, "nothing was to be filled: the orders were too near"
    cancelled = [order for order in log.orders.values() if order.status == "canceled"]
    assert len(cancelled) >= WORKING


async def _raydesk(folder: Path, command: str, *arguments: str) -> dict[str, Any]:
    """Run a command as an operator does; its JSON, with the exit code."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cluster", command, "--desk", "halted", "--folder", str(folder), *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(), 60.0)
    told = json.loads(out) if out.strip().startswith(b"{") else {"said": (out + err).decode()}
    return {**told, "code": process.returncode}
