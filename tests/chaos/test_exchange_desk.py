"""A whole desk on Binance USD-M futures over its real protocol: faults at the exchange, kills at both ends."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from messages.base import Address
from messages.control import Drain
from messages.orders import OrderState
from tests.chaos.desks import PROFILE, Outcome, Session, session, settings, until
from tests.chaos.evidence import (
    require_all_ended,
    require_equal_books,
    require_equal_fills,
    require_nothing_doubled,
    require_within_approval,
)
from tests.chaos.exchange.exchange_log import ExchangeLog, read_log
from tests.chaos.independent import VenueFill, VenueOrder, VenueRecords

pytestmark = [pytest.mark.chaos, pytest.mark.long]

VENUE = "binance"
EXECUTION, EXCHANGE = f"execution/{VENUE}", f"venue/{VENUE}"
SYMBOLS = {"BTC-USDT-PERP": "BTCUSDT", "ETH-USDT-PERP": "ETHUSDT", "SOL-USDT-PERP": "SOLUSDT"}
STATES = {"filled": "filled", "canceled": "cancelled", "expired": "expired", "rejected": "rejected"}
ORDERS = "* /fapi/v1/order"

PARTS: dict[str, Any] = {
    "feed": {"mode": "auto", "warm_up": "0s"},
    "venues": {
        VENUE: {
            "kind": "binance_usdm",
            "leverage": 5,
            "margin": "cross",
            "recv_window": "500ms",
            "answer_timeout": "500ms",
            "reconcile": {"interval": "5s", "policy": "warn"},
            "exchange": {
                "seed": 3,
                "starting_balances": {"USDT": 100000},
                "volatility": "3bps",
                "faults": [
                    f"timeout_after:4%@{ORDERS},s=0.6",
                    f"timeout_before:4%@{ORDERS},s=0.6",
                    f"reset_after:4%@{ORDERS}",
                    f"unknown:4%@{ORDERS}",
                    f"server_error:4%@{ORDERS}",
                    "drop:5%@user",
                    "duplicate:5%@user",
                    "reorder:5%@user,s=0.2",
                    "cut:3%@user",
                ],
            },
        }
    },
    "symbols": {
        "BTC-USDT-PERP": {
            "venue": VENUE,
            "listing": "BTCUSDT",
            "tick": 0.1,
            "lot": 0.001,
            "min_notional": 100,
        },
        "ETH-USDT-PERP": {
            "venue": VENUE,
            "listing": "ETHUSDT",
            "tick": 0.01,
            "lot": 0.001,
            "min_notional": 20,
        },
        "SOL-USDT-PERP": {"venue": VENUE, "listing": "SOLUSDT", "tick": 0.01, "lot": 0.01, "min_notional": 5},
    },
    "strategies": {
        "ema": {**PROFILE["strategies"]["ema"], "symbols": ["BTC-USDT-PERP", "SOL-USDT-PERP"]},
        "momentum": {**PROFILE["strategies"]["momentum"], "symbols": ["ETH-USDT-PERP"]},
    },
}


def test_a_desk_accounts_for_every_order_at_a_faulty_exchange(tmp_path: Path) -> None:
    asyncio.run(_trade(tmp_path))


async def _trade(folder: Path) -> None:
    loaded = settings(folder, "perpetuals", **PARTS)
    async with session(folder, loaded, speed="1") as desk:
        for victim, orders in ((EXECUTION, 8), (EXCHANGE, 16)):
            await until(
                lambda least=orders: _has_orders(desk, least), 60.0, f"{orders} orders are at the exchange"
            )
            pid = await desk.pid(victim)
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
            await until(lambda name=victim, old=pid: _is_back(desk, name, old), 60.0, f"{victim} is back")
        await until(lambda: _has_orders(desk, 30), 60.0, "the desk trades on")
        await desk.desk.post(Drain(by="operator", reason="the test is over"))
        await _come_to_rest(desk, 60.0)

        outcome = await _outcome(desk)
        changes = [change for order in outcome.projection.orders.orders.values() for change in order.history]
        assert any(change.state is OrderState.UNKNOWN for change in changes), "no request was in doubt"
        assert len(outcome.records.fills) >= 10
        require_all_ended(outcome.projection, outcome.records)
        require_nothing_doubled(outcome.records)
        require_equal_fills(outcome.projection, outcome.records)
        require_within_approval(outcome.projection, outcome.records)
        require_equal_books(outcome.summary, outcome.records)


def _log(desk: Session) -> ExchangeLog:
    home = desk.desk.launch.venue_folder(VENUE)
    return read_log(home, "desk") if (home / "exchange.log").exists() else ExchangeLog()


async def _has_orders(desk: Session, least: int) -> bool:
    return len(_log(desk).orders) >= least


async def _is_back(desk: Session, address: Address, old: int) -> bool:
    return await desk.pid(address) not in (None, old)


async def _open(desk: Session) -> list[str]:
    """What is not at rest: mail that was not read, intents without an end, orders open at the exchange."""
    traders = ["risk", EXECUTION, *(f"strategy/{symbol}" for symbol in SYMBOLS)]
    statuses = await desk.desk.store.status(traders)
    found = [f"mail for {each.address}" for each in statuses if each.urgent_depth or each.mailbox_depth]
    intents = (await desk.picture()).orders.intents.values()
    return found + [each.intent_id for each in intents if not each.ended] + _log(desk).open_orders


async def _come_to_rest(desk: Session, within_s: float) -> None:
    """Wait until nothing is open, twice in a row."""
    deadline, quiet = time.monotonic() + within_s, 0
    while quiet < 2:
        found = await _open(desk)
        quiet = 0 if found else quiet + 1
        assert time.monotonic() < deadline, f"not at rest after {within_s} s: {found}"
        await asyncio.sleep(0.5)


async def _outcome(desk: Session) -> Outcome:
    outcome = await desk.outcome()
    return Outcome(
        outcome.fingerprint,
        outcome.summary,
        outcome.projection,
        _records(_log(desk)),
        outcome.seconds,
        outcome.folder,
    )


def _records(log: ExchangeLog) -> VenueRecords:
    """The exchange's log in the form in which a venue's records are judged."""
    symbols = {listing: symbol for symbol, listing in SYMBOLS.items()}
    return VenueRecords(
        received=[
            VenueOrder(
                order.client_order_id,
                symbols[order.listing],
                "",
                order.filled,
                "",
                post_only=False,
                sent_at=order.accepted_at,
                time=order.accepted_at,
            )
            for order in log.orders.values()
        ],
        fills=[
            VenueFill(
                f"{trade.listing}:{trade.order_id}:{trade.trade_id}",
                trade.client_order_id,
                symbols[trade.listing],
                trade.side,
                trade.price,
                trade.quantity,
                trade.fee,
                trade.time,
            )
            for trade in log.trades
        ],
        states={order.client_order_id: STATES.get(order.status, "working") for order in log.orders.values()},
        cancels=0,
    )
