"""A whole desk on an account that keeps long and short apart, at the local exchange over its real protocol."""

from __future__ import annotations

import asyncio
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from messages.control import Flatten, Halt
from tests.chaos.desks import PROFILE, Session, session, settings, until

pytestmark = [pytest.mark.chaos, pytest.mark.long]

VENUE = "binance"
SYMBOL, LISTING = "BTC-USDT-PERP", "BTCUSDT"

PARTS: dict[str, Any] = {
    "feed": {"mode": "auto", "warm_up": "0s"},
    "venues": {
        VENUE: {
            "kind": "binance_usdm",
            "leverage": 5,
            "margin": "cross",
            "hedge_mode": True,
            "recv_window": "1s",
            "answer_timeout": "1s",
            "exchange": {"seed": 3, "starting_balances": {"USDT": 100000}, "volatility": "3bps"},
        }
    },
    "symbols": {
        SYMBOL: {"venue": VENUE, "listing": LISTING, "tick": 0.1, "lot": 0.001, "min_notional": 100},
    },
    "strategies": {"ema": {**PROFILE["strategies"]["ema"], "symbols": [SYMBOL]}},
}

LEGS = {("buy", "long"): 1, ("sell", "long"): -1, ("sell", "short"): 1, ("buy", "short"): -1}
"""What a trade does to the leg it is about."""


def test_long_and_short_are_opened_turned_and_closed_leg_by_leg(tmp_path: Path) -> None:
    asyncio.run(_trade(tmp_path))


async def _trade(folder: Path) -> None:
    loaded = settings(folder, "hedged", **PARTS)
    async with session(folder, loaded, speed="1") as desk:

        async def has_turned() -> bool:
            trades = _trades(desk)
            return len(trades) >= 12 and {trade["leg"] for trade in trades} == {"long", "short"}

        await until(has_turned, 90.0, "both legs have traded", desk.standing)
        await desk.desk.post(Halt(by="operator", reason="the test is over"))
        await desk.desk.post(Flatten(by="operator"))

        async def is_flat() -> bool:
            return not any(_held(_trades(desk)).values())

        await until(is_flat, 60.0, "no leg is left", desk.standing)
        held = {"long": Decimal(0), "short": Decimal(0)}
        for trade in _trades(desk):
            before = dict(held)
            held[trade["leg"]] += LEGS[trade["side"], trade["leg"]] * Decimal(trade["quantity"])
            assert held[trade["leg"]] >= 0, f"a leg was closed beyond what it held: {trade}"
            assert not all(held.values()) or all(before.values()), f"both legs were held at once: {trade}"
        picture = await desk.picture()
        assert not picture.books.state.holdings[f"{VENUE}/{SYMBOL}"].position


def _trades(desk: Session) -> list[dict[str, Any]]:
    """The account's executions, as the exchange has written them down."""
    log = desk.desk.launch.venue_folder(VENUE) / "exchange.log"
    lines = log.read_text().splitlines(keepends=True) if log.exists() else []
    entries = [json.loads(line) for line in lines if line.endswith("\n")]
    trades = [entry["trade"] for entry in entries if entry["type"] == "trade"]
    return [trade for trade in trades if trade["account"] == "desk"]


def _held(trades: list[dict[str, Any]]) -> dict[str, Decimal]:
    """What each leg holds, base units."""
    held: dict[str, Decimal] = {}
    for trade in trades:
        change = LEGS[trade["side"], trade["leg"]] * Decimal(trade["quantity"])
        held[trade["leg"]] = held.get(trade["leg"], Decimal(0)) + change
    return held
