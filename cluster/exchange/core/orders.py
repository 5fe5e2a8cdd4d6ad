"""Every order the exchange has taken, by number, by client order id and by account, and what came of it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from decimal import Decimal

import msgspec

from cluster.exchange.api import OrderRecord, Payment, Trade
from cluster.exchange.core.ledger import MONEY, ZERO


class Totals(msgspec.Struct):
    """What an order has traded so far: base units and their value, both exact."""

    filled: Decimal = ZERO
    value: Decimal = ZERO

    @property
    def average_price(self) -> Decimal | None:
        """The average price, to twelve digits; None before the first trade."""
        if not self.filled:
            return None
        return round(MONEY.divide(self.value, self.filled), 12)


class Orders:
    """The order book-keeping. `last_id` is the latest order number; closed orders beyond `kept` per account go."""

    def __init__(self, kept: int) -> None:
        self.last_id = 0
        self._kept = kept
        self._records: dict[int, OrderRecord] = {}
        self._totals: dict[int, Totals] = {}
        self._open: dict[str, dict[int, None]] = {}
        self._closed: dict[str, deque[int]] = {}
        self._by_client_id: dict[tuple[str, str], int] = {}

    def put(self, record: OrderRecord) -> None:
        """Keep an order as it is now, in place of what it was."""
        number = record.order_id
        is_new = number not in self._records
        self._records[number] = record
        self.last_id = max(self.last_id, number)
        if is_new:
            self._by_client_id[record.account, record.request.client_order_id] = number
        if record.open:
            self._open.setdefault(record.account, {})[number] = None
            return
        was_open = self._open.get(record.account, {}).pop(number, 0) is None
        if is_new or was_open:
            self._close(record)

    def traded(self, trade: Trade) -> Totals:
        """Add a trade to its order's totals."""
        totals = self._totals.setdefault(trade.order_id, Totals())
        totals.filled += trade.quantity
        totals.value += trade.quantity * trade.price
        return totals

    def get(self, number: int) -> OrderRecord | None:
        """An order by its number."""
        return self._records.get(number)

    def of_client_id(self, account: str, client_order_id: str) -> OrderRecord | None:
        """The most recent order with a client order id."""
        number = self._by_client_id.get((account, client_order_id))
        return None if number is None else self._records.get(number)

    def open(self, account: str) -> list[OrderRecord]:
        """The open orders of an account, oldest first."""
        return [self._records[number] for number in self._open.get(account, ())]

    def all(self, account: str) -> list[OrderRecord]:
        """All orders of an account that are kept, oldest first."""
        return sorted(
            (record for record in self._records.values() if record.account == account),
            key=lambda record: record.order_id,
        )

    def records(self) -> Iterator[OrderRecord]:
        """Everybody's orders."""
        return iter(self._records.values())

    def value(self, number: int) -> Decimal:
        """What an order has traded, in quote currency."""
        totals = self._totals.get(number)
        return ZERO if totals is None else totals.value

    @property
    def totals(self) -> dict[int, Totals]:
        """What orders have traded, by number."""
        return self._totals

    def load(self, records: Iterable[OrderRecord], totals: dict[int, Totals], last_id: int) -> None:
        """Take over stored orders."""
        for record in sorted(records, key=lambda each: each.order_id):
            self.put(record)
        self._totals = dict(totals)
        self.last_id = last_id

    def _close(self, record: OrderRecord) -> None:
        closed = self._closed.setdefault(record.account, deque())
        closed.append(record.order_id)
        if len(closed) > self._kept:
            self._forget(closed.popleft())

    def _forget(self, number: int) -> None:
        record = self._records.pop(number)
        self._totals.pop(number, None)
        name = (record.account, record.request.client_order_id)
        if self._by_client_id.get(name) == number:
            del self._by_client_id[name]


class History:
    """The latest trades and payments of each account."""

    def __init__(self, kept: int) -> None:
        self._kept = kept
        self._trades: dict[str, deque[Trade]] = {}
        self._payments: dict[str, deque[Payment]] = {}

    def add_trade(self, trade: Trade) -> None:
        """Keep a trade."""
        self._trades.setdefault(trade.account, deque(maxlen=self._kept)).append(trade)

    def add_payment(self, payment: Payment) -> None:
        """Keep a payment."""
        self._payments.setdefault(payment.account, deque(maxlen=self._kept)).append(payment)

    def trades(self, account: str) -> list[Trade]:
        """An account's trades, oldest first."""
        return list(self._trades.get(account, ()))

    def payments(self, account: str) -> list[Payment]:
        """An account's payments, oldest first."""
        return list(self._payments.get(account, ()))

    def all_trades(self) -> list[Trade]:
        """Everybody's trades."""
        return [trade for trades in self._trades.values() for trade in trades]

    def all_payments(self) -> list[Payment]:
        """Everybody's payments."""
        return [payment for payments in self._payments.values() for payment in payments]
