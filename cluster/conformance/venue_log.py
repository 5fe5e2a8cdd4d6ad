"""What venues wrote down themselves, read as plain JSON: nothing here knows the desk's adapters or the venues' code."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class LoggedFill:
    """One execution: price in quote currency, quantity in base units, fee > 0 paid."""

    price: Decimal
    quantity: Decimal
    fee: Decimal
    maker: bool


@dataclass
class LoggedOrder:
    """One order as the venue has it now. `state` is one of the desk's order states."""

    client_order_id: str
    venue_order_id: str
    state: str
    quantity: Decimal
    price: Decimal | None
    filled: Decimal = Decimal(0)
    fills: list[LoggedFill] = field(default_factory=list)


@dataclass
class VenueLog:
    """Orders in the order they came, refusals as (client order id, reason), funding as (symbol of the venue, amount),
    settings as (name, value)."""

    orders: list[LoggedOrder] = field(default_factory=list)
    refusals: list[tuple[str, str]] = field(default_factory=list)
    funding: list[tuple[str, Decimal]] = field(default_factory=list)
    settings: list[tuple[str, Any]] = field(default_factory=list)

    def of(self, client_order_id: str) -> list[LoggedOrder]:
        """The orders of this client order id."""
        return [order for order in self.orders if order.client_order_id == client_order_id]

    def one(self, client_order_id: str) -> LoggedOrder:
        """The only order of this client order id. Raises `LookupError` when there are none or several."""
        found = self.of(client_order_id)
        if len(found) != 1:
            raise LookupError(f"the venue's log has {len(found)} orders {client_order_id}")
        return found[0]


def read_paper_log(path: Path) -> VenueLog:
    """`orders.jsonl` of the paper venue."""
    log = VenueLog()
    by_id: dict[str, LoggedOrder] = {}
    for line in _lines(path):
        if "refused" in line:
            log.refusals.append((line["client_order_id"], line["reason"]))
        elif line["event"] == "received":
            by_id[line["client_order_id"]] = order = LoggedOrder(
                line["client_order_id"],
                line["venue_order_id"],
                "working",
                Decimal(line["quantity"]),
                _decimal(line["limit_price"]),
            )
            log.orders.append(order)
        elif line["event"] == "funding":
            log.funding.append((line["symbol"], Decimal(line["amount"])))
        elif "sequence" in line:
            order = by_id[line["client_order_id"]]
            order.state, order.filled = line["state"], Decimal(line["filled"])
            if line["state"] == "rejected":
                log.refusals.append((order.client_order_id, line["reason"]))
            if line["fill"] is not None:
                order.fills.append(_fill(line["fill"], line["fill"]["liquidity"] == "maker"))
    return log


_STATES = {"new": "working", "canceled": "cancelled"}


def read_exchange_log(path: Path, account: str) -> VenueLog:
    """`exchange.log` of the local exchange, as far as it is about one account."""
    log = VenueLog()
    by_number: dict[int, LoggedOrder] = {}
    for line in _lines(path):
        told = line.get("record") or line.get("payment") or line
        if told.get("account") != account:
            continue
        if line["type"] in ("order", "trade"):
            order = _exchange_order(log, by_number, told)
            if line["type"] == "trade":
                order.fills.append(_fill(line["trade"], line["trade"]["maker"]))
        elif line["type"] == "refused":
            log.refusals.append((line["client_order_id"], line["reason"]))
        elif line["type"] == "payment" and told["kind"] == "funding":
            log.funding.append((told["listing"], Decimal(told["amount"])))
        elif line["type"] == "setting":
            log.settings.append((line["name"], line["value"]))
    return log


def _exchange_order(log: VenueLog, by_number: dict[int, LoggedOrder], told: dict[str, Any]) -> LoggedOrder:
    number = told["order_id"]
    if number not in by_number:
        by_number[number] = LoggedOrder(
            told["request"]["client_order_id"], str(number), "", Decimal(0), _decimal(told["price"])
        )
        log.orders.append(by_number[number])
    order = by_number[number]
    order.state = _STATES.get(told["status"], told["status"])
    order.quantity, order.filled = Decimal(told["quantity"]), Decimal(told["filled"])
    order.price = _decimal(told["price"])
    return order


def _fill(told: dict[str, Any], maker: bool) -> LoggedFill:
    return LoggedFill(Decimal(told["price"]), Decimal(told["quantity"]), Decimal(told["fee"]), maker)


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    for line in path.read_text().splitlines():
        yield json.loads(line)
