"""Reads a paper venue's own records with the standard library alone, and adds them up.

It imports nothing of the desk on purpose: what it finds is evidence about the desk, not the desk's opinion.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

SIGN = {"buy": 1, "sell": -1}
FINAL = frozenset({"filled", "cancelled", "rejected", "expired"})


@dataclass(frozen=True)
class VenueFill:
    """One execution as the venue has it on record."""

    fill_id: str
    client_order_id: str
    symbol: str
    side: str
    price: Decimal
    quantity: Decimal
    fee: Decimal
    time: int


@dataclass(frozen=True)
class VenueOrder:
    """One order that the venue's gateway took. `sent_at` and `time` in ns UTC."""

    client_order_id: str
    symbol: str
    side: str
    quantity: Decimal
    order_type: str
    post_only: bool
    sent_at: int
    time: int


@dataclass(frozen=True)
class VenueRecords:
    """Everything on record, and what it adds up to. `received` has one entry per order taken, in order."""

    received: list[VenueOrder]
    fills: list[VenueFill]
    states: dict[str, str]
    cancels: int
    funding: dict[str, Decimal] = field(default_factory=dict)
    """What each payment of funding changed the balance by, by its id."""

    @property
    def client_order_ids(self) -> list[str]:
        """The ids of all orders taken, in order."""
        return [order.client_order_id for order in self.received]

    @property
    def doubled_ids(self) -> list[str]:
        """Client order ids that made more than one order."""
        ids = self.client_order_ids
        return sorted({each for each in ids if ids.count(each) > 1})

    @property
    def doubled_fills(self) -> list[str]:
        """Fill ids on record more than once."""
        ids = [fill.fill_id for fill in self.fills]
        return sorted({each for each in ids if ids.count(each) > 1})

    @property
    def positions(self) -> dict[str, Decimal]:
        """Base units held per symbol, those that are flat left out."""
        held: dict[str, Decimal] = {}
        for fill in self.fills:
            held[fill.symbol] = held.get(fill.symbol, Decimal(0)) + SIGN[fill.side] * fill.quantity
        return {symbol: quantity for symbol, quantity in sorted(held.items()) if quantity}

    @property
    def fees(self) -> Decimal:
        """All fees paid."""
        return sum((fill.fee for fill in self.fills), Decimal(0))

    @property
    def open_orders(self) -> list[str]:
        """Client ids of orders whose last state is not final."""
        return [each for each in self.client_order_ids if self.states.get(each, "working") not in FINAL]

    def cash(self, start: Decimal) -> Decimal:
        """Cash after all fills and funding, when the full value of each fill is paid or received."""
        traded = (-SIGN[fill.side] * fill.price * fill.quantity - fill.fee for fill in self.fills)
        return start + sum(traded, Decimal(0)) + sum(self.funding.values(), Decimal(0))


def read_records(path: Path) -> VenueRecords:
    """Read `orders.jsonl`; a last line that is still being written is left out."""
    received: list[VenueOrder] = []
    fills: list[VenueFill] = []
    states: dict[str, str] = {}
    cancels = 0
    funding: dict[str, Decimal] = {}
    text = path.read_text() if path.exists() else ""
    for line in text.splitlines(keepends=True):
        if not line.endswith("\n"):
            break
        entry = json.loads(line, parse_float=Decimal)
        if "command" in entry:
            if "order_type" in entry:
                received.append(_order(entry))
            else:
                cancels += 1
        elif entry.get("event") == "funding":
            assert entry["payment_id"] not in funding, "a payment is on record twice"
            funding[entry["payment_id"]] = Decimal(str(entry["amount"]))
        elif "sequence" in entry:
            states[entry["client_order_id"]] = entry["state"]
            if entry["fill"] is not None:
                fills.append(_fill(entry))
    return VenueRecords(received, fills, states, cancels, funding)


def _order(entry: dict[str, object]) -> VenueOrder:
    return VenueOrder(
        client_order_id=str(entry["client_order_id"]),
        symbol=str(entry["symbol"]),
        side=str(entry["side"]),
        quantity=Decimal(str(entry["quantity"])),
        order_type=str(entry["order_type"]),
        post_only=bool(entry["post_only"]),
        sent_at=int(str(entry["sent_at"])),
        time=int(str(entry["time"])),
    )


def _fill(entry: dict[str, object]) -> VenueFill:
    fill = entry["fill"]
    assert isinstance(fill, dict)
    return VenueFill(
        fill_id=str(fill["fill_id"]),
        client_order_id=str(entry["client_order_id"]),
        symbol=str(entry["symbol"]),
        side=str(entry["side"]),
        price=Decimal(str(fill["price"])),
        quantity=Decimal(str(fill["quantity"])),
        fee=Decimal(str(fill["fee"])),
        time=int(str(entry["time"])),
    )
