"""The orders of a backtest as far as its report and its fingerprint ask for them.

The same fixed fields that `cluster.observe.orders` keeps for people watching a desk, and no more: a run has tens of
thousands of orders, and nobody looks at one of them while it goes on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from decimal import Decimal

import msgspec

from cluster.observe.fingerprint import FingerprintBuilder
from messages.intents import OrderType, Side
from messages.order_events import FillReceived, OrderPlacing, OrderSettled, OrderSimulated, OrderTransitioned
from messages.orders import Fill, OrderState

ZERO = Decimal(0)

_KEPT = 10_000
"""Orders kept before those that were placed first, and have ended, are sealed into the fingerprint."""


class PlacedOrder(msgspec.Struct, gc=False):
    """One order. `placed_at` in ns UTC, quantities in base units, the limit price in quote currency."""

    intent_id: str | None
    placed_at: int | None
    symbol: str | None
    side: Side | None
    order_type: OrderType | None
    limit_price: Decimal | None
    quantity: Decimal | None
    state: OrderState = OrderState.PLACING
    filled: Decimal = ZERO
    settled: bool = False


class PlacedOrders:
    """All orders by client order id, until they are sealed. `partially_filled` counts those that ended with a part of
    their quantity filled."""

    def __init__(self) -> None:
        self.orders: dict[str, PlacedOrder] = {}
        self.orders_seen = 0
        self.partially_filled = 0
        self._sealed = FingerprintBuilder()
        self._sealed_states: Counter[OrderState] = Counter()

    def states(self) -> Counter[OrderState]:
        """How many orders are in each state."""
        found = Counter(self._sealed_states)
        found.update(order.state for order in self.orders.values())
        return found

    def fingerprint(self, fills: Iterable[Fill]) -> str:
        """64 hex digits over all orders and these fills; see `cluster.observe.fingerprint`."""
        return self._sealed.copy().add(self.orders.values(), fills)

    def placing(self, event: OrderPlacing) -> None:
        """An order is about to be placed."""
        terms = event.terms
        self.orders[event.client_order_id] = PlacedOrder(
            event.intent_id,
            event.time,
            terms.symbol,
            terms.side,
            terms.order_type,
            terms.limit_price,
            terms.quantity,
        )
        self.orders_seen += 1
        if len(self.orders) > 2 * _KEPT:
            self._seal()

    def moved(self, event: OrderTransitioned) -> None:
        """An order is in another state."""
        self.orders[event.client_order_id].state = event.state

    def simulated(self, event: OrderSimulated) -> None:
        """An order was not to leave."""
        self.orders[event.client_order_id].state = OrderState.SIMULATED

    def filled(self, event: FillReceived) -> None:
        """An order was filled, in whole or in part."""
        self.orders[event.fill.client_order_id].filled += event.fill.quantity

    def settled(self, event: OrderSettled) -> None:
        """Nothing more will come of an order."""
        order = self.orders[event.client_order_id]
        order.settled = True
        if order.quantity is not None and 0 < event.filled < order.quantity:
            self.partially_filled += 1

    def _seal(self) -> None:
        """Put those that were placed first into the fingerprint for good, up to the first of which more may come."""
        oldest = sorted(
            self.orders.items(), key=lambda item: (item[1].placed_at or 0, item[1].intent_id or "")
        )
        for client_order_id, order in oldest[: len(oldest) - _KEPT]:
            if not order.settled:
                return
            self._sealed.seal_order(order)
            self._sealed_states[order.state] += 1
            del self.orders[client_order_id]
