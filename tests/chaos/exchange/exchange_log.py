"""Reads the local exchange's own log with the standard library alone, and adds it up.

It imports nothing of the desk on purpose: what it finds is evidence about the desk, not the desk's opinion.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

SIGN = {"buy": 1, "sell": -1}
OPEN = frozenset({"new", "partially_filled"})


@dataclass(frozen=True)
class LoggedTrade:
    """One execution of the account; `time` in ns UTC."""

    trade_id: int
    order_id: int
    client_order_id: str
    listing: str
    side: str
    price: Decimal
    quantity: Decimal
    fee: Decimal
    time: int


@dataclass
class LoggedOrder:
    """One order the exchange took: how it began, and how it stands after the last line about it."""

    order_id: int
    client_order_id: str
    listing: str
    accepted_at: int
    status: str = ""
    filled: Decimal = Decimal(0)
    reason: str = ""
    updated_at: int = 0
    conditional: bool = False


@dataclass
class ExchangeLog:
    """All lines about one account. `opened` counts how often the exchange began or came back."""

    orders: dict[int, LoggedOrder] = field(default_factory=dict)
    trades: list[LoggedTrade] = field(default_factory=list)
    opened: int = 0

    @property
    def ids_of_orders(self) -> list[str]:
        """The client order ids of all orders taken, one entry per order."""
        return [order.client_order_id for order in self.orders.values()]

    @property
    def doubled_ids(self) -> list[str]:
        """Client order ids under which more than one order was taken."""
        ids = self.ids_of_orders
        return sorted({each for each in ids if ids.count(each) > 1})

    @property
    def open_orders(self) -> list[str]:
        """Client order ids of orders that can still do something."""
        return [order.client_order_id for order in self.orders.values() if order.status in OPEN]

    @property
    def positions(self) -> dict[str, Decimal]:
        """Base units held by listing, signed; those that are flat left out."""
        held: dict[str, Decimal] = {}
        for trade in self.trades:
            held[trade.listing] = held.get(trade.listing, Decimal(0)) + SIGN[trade.side] * trade.quantity
        return {listing: quantity for listing, quantity in sorted(held.items()) if quantity}


def read_log(home: Path, account: str) -> ExchangeLog:
    """Everything on record about an account; a last line that is still being written is left out."""
    log = ExchangeLog()
    for line in (home / "exchange.log").read_text().splitlines(keepends=True):
        if not line.endswith("\n"):
            break
        entry = json.loads(line)
        log.opened += entry["type"] == "opened"
        record = entry.get("record")
        if record is None or record["account"] != account:
            continue
        _take_record(log, record)
        if entry["type"] == "trade":
            log.trades.append(_trade(entry["trade"]))
    return log


def _take_record(log: ExchangeLog, record: dict[str, Any]) -> None:
    request = record["request"]
    order = log.orders.get(record["order_id"])
    if order is None:
        order = log.orders[record["order_id"]] = LoggedOrder(
            record["order_id"],
            request["client_order_id"],
            request["listing"],
            record["created_at"],
            conditional=request["trigger_price"] is not None,
        )
    order.status, order.filled = record["status"], Decimal(record["filled"])
    order.reason, order.updated_at = record["reason"], record["updated_at"]


def _trade(trade: dict[str, Any]) -> LoggedTrade:
    return LoggedTrade(
        trade["trade_id"],
        trade["order_id"],
        trade["client_order_id"],
        trade["listing"],
        trade["side"],
        Decimal(trade["price"]),
        Decimal(trade["quantity"]),
        Decimal(trade["fee"]),
        trade["time"],
    )
