"""One sha256 over everything that was traded: equal for two runs that placed the same orders and got the same fills.

Rows have fixed fields and are sorted by desk time and intent id. Nothing in them depends on processes, epochs, the
store's generation or the ids a venue draws.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from decimal import Decimal
from typing import TYPE_CHECKING, Protocol

import msgspec

if TYPE_CHECKING:
    from cluster.observe.projection import Projection
    from messages.intents import OrderType, Side
    from messages.orders import Fill, OrderState

SortKey = tuple[int, str, str]
"""Desk time (venue time for fills), intent id, and the row itself for those that share both."""


class TradedOrder(Protocol):
    """The fixed fields of an order; `placed_at` is desk time in ns UTC."""

    placed_at: int | None
    intent_id: str | None
    symbol: str | None
    side: Side | None
    order_type: OrderType | None
    limit_price: Decimal | None
    quantity: Decimal | None
    state: OrderState
    filled: Decimal


class FingerprintBuilder:
    """Two running hashes, over orders and over fills, that rows are added to in the order of their keys.

    `out_of_order` counts rows that came behind a later one was sealed: then the fingerprint still depends on all
    rows, but no longer on them alone.
    """

    def __init__(self) -> None:
        self._orders = hashlib.sha256()
        self._fills = hashlib.sha256()
        self._last_order: SortKey = (0, "", "")
        self._last_fill: SortKey = (0, "", "")
        self.out_of_order = 0

    def copy(self) -> FingerprintBuilder:
        """One that can be added to without changing this one."""
        other = FingerprintBuilder()
        other._orders, other._fills = self._orders.copy(), self._fills.copy()
        other._last_order, other._last_fill = self._last_order, self._last_fill
        other.out_of_order = self.out_of_order
        return other

    def seal_order(self, order: TradedOrder) -> None:
        """Add one order for good."""
        self._last_order = self._add(self._orders, self._last_order, order_row(order))

    def seal_fill(self, fill: Fill) -> None:
        """Add one fill for good."""
        self._last_fill = self._add(self._fills, self._last_fill, fill_row(fill))

    def add(self, orders: Iterable[TradedOrder], fills: Iterable[Fill]) -> str:
        """Add these, sorted; 64 hex digits over all that was added."""
        for row in sorted(order_row(order) for order in orders):
            self._last_order = self._add(self._orders, self._last_order, row)
        for row in sorted(fill_row(fill) for fill in fills):
            self._last_fill = self._add(self._fills, self._last_fill, row)
        return hashlib.sha256(self._orders.digest() + self._fills.digest()).hexdigest()

    def _add(self, running: hashlib._Hash, last: SortKey, row: SortKey) -> SortKey:
        if row < last:
            self.out_of_order += 1
        running.update(row[2].encode() + b"\n")
        return max(last, row)


def fingerprint(projection: Projection) -> str:
    """The fingerprint of all orders and fills the projection has seen; 64 hex digits."""
    desk = projection.orders
    return projection.sealed.copy().add(desk.orders.values(), (view.fill for view in desk.fills.values()))


def order_row(order: TradedOrder) -> SortKey:
    """An order's fixed fields behind its place in the order: intent id, symbol, side, type, limit, quantity,
    final state, filled."""
    fields = [
        order.intent_id,
        order.symbol,
        order.side,
        order.order_type,
        canonical(order.limit_price),
        canonical(order.quantity),
        order.state,
        canonical(order.filled),
    ]
    return order.placed_at or 0, order.intent_id or "", msgspec.json.encode(fields).decode()


def fill_row(fill: Fill) -> SortKey:
    """A fill's fixed fields behind its place: intent id, price, quantity, fee, liquidity, venue event time."""
    fields = [
        fill.intent_id,
        canonical(fill.price),
        canonical(fill.quantity),
        canonical(fill.fee),
        fill.liquidity,
        fill.event_time,
    ]
    return fill.event_time, fill.intent_id, msgspec.json.encode(fields).decode()


def canonical(value: Decimal | None) -> str | None:
    """A decimal as the one text that equal values share: 1.50 and 1.5 are the same."""
    if value is None:
        return None
    return f"{value.normalize():f}" if value else "0"
