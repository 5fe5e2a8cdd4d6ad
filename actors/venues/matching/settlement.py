"""What happens to orders and accounts when something is decided: open, fill, end. Every change of state that an
account can see is made and reported here."""

from __future__ import annotations

from collections.abc import Mapping

from actors.venues.matching.account import Account
from actors.venues.matching.book import Book
from actors.venues.matching.events import OrderCancelled, OrderExpired
from actors.venues.matching.grid import EXACT, fee
from actors.venues.matching.orders import Order
from actors.venues.matching.reports import Reports
from messages.reasons import Reason


class Settlement:
    """Changes orders, books and accounts together.

    `last_number` counts time priorities. `closed` collects where a position became flat or turned while orders
    that may only reduce it were open.
    """

    __slots__ = ("accounts", "closed", "last_number", "reports")

    def __init__(self, accounts: Mapping[str, Account], reports: Reports) -> None:
        self.accounts = accounts
        self.reports = reports
        self.last_number = 0
        self.closed: list[tuple[Account, Book]] = []

    def next_number(self) -> int:
        """The next time priority: given when an order is accepted, and anew when a stop is triggered."""
        self.last_number += 1
        return self.last_number

    def open(self, book: Book, order: Order) -> None:
        """What is left of the order stays in the book and is held against the account's funds."""
        account = self.accounts[order.account]
        order.reserved = True
        account.reserve(order, order.leaves, book.grid)
        account.orders[order.client_order_id] = order
        if order.bounded:
            account.holding(order.symbol).bounded += 1
        book.add(order)

    def fill(self, book: Book, order: Order, ticks: int, lots: int, is_maker: bool) -> None:
        """Trade `lots` of the order at a price: cash, fee and position change, and the order with them."""
        grid, instrument = book.grid, book.instrument
        account = self.accounts[order.account]
        notional = grid.value(ticks * lots)
        charged = fee(notional, instrument.maker_fee if is_maker else instrument.taker_fee)
        received = EXACT.minus(notional) if order.sign > 0 else notional
        account.credit(instrument.quote_currency, EXACT.subtract(received, charged))
        order.leaves -= lots
        order.fills += 1
        held = account.holding(order.symbol)
        before = held.lots
        if instrument.converts:
            account.credit(instrument.base_currency, order.sign * grid.quantity(lots))
        else:
            account.move(held, order.sign * lots, ticks)
        if order.reserved:
            account.reserve(order, -lots, grid)
        self.reports.filled(account, order, grid, ticks, lots, charged, is_maker)
        if order.leaves == 0 and order.reserved:
            self._close(book, account, order)
        if held.bounded and before * held.lots <= 0:
            self.closed.append((account, book))

    def trade(self, book: Book, maker: Order, taker: Order, ticks: int, lots: int) -> None:
        """Two orders of different accounts trade with each other at the maker's price."""
        self.fill(book, taker, ticks, lots, False)
        self.fill(book, maker, ticks, lots, True)
        book.note_trade(ticks)

    def wake(self, book: Book, order: Order, stop_ticks: int) -> None:
        """A sleeping stop is triggered: out of the book, behind everybody else in time."""
        account = self.accounts[order.account]
        self._close(book, account, order)
        order.triggered = True
        order.number = self.next_number()
        self.reports.triggered(account, order, book.grid.price(stop_ticks))

    def cancel(self, book: Book, order: Order, reason: Reason) -> None:
        """Take out what is left of an order, whether it is in the book yet or not."""
        self._end(OrderCancelled, book, order, reason)

    def reduce(self, book: Book, order: Order, lots: int) -> None:
        """Take lots off what is left of an open order, which keeps its place."""
        self.accounts[order.account].reserve(order, -lots, book.grid)
        order.lots -= lots
        order.leaves -= lots

    def expire(self, book: Book, order: Order, reason: Reason) -> None:
        """What is left of an order has come to its end."""
        self._end(OrderExpired, book, order, reason)

    def cancel_what_can_no_longer_reduce(self) -> None:
        """Take out bounded orders of positions that are flat or have turned. Sleeping stops stay asleep."""
        while self.closed:
            account, book = self.closed.pop()
            symbol = book.instrument.symbol
            bounded = [each for each in account.orders.values() if each.symbol == symbol and each.bounded]
            for order in sorted(bounded, key=lambda each: each.number):
                is_asleep = order.stop_ticks is not None and not order.triggered
                if not is_asleep and account.reducible(order) == 0:
                    self.cancel(book, order, bounded_reason(order))

    def _end(
        self, kind: type[OrderCancelled] | type[OrderExpired], book: Book, order: Order, reason: Reason
    ) -> None:
        account = self.accounts[order.account]
        if order.reserved:
            self._close(book, account, order)
        filled = book.grid.quantity(order.lots - order.leaves)
        order.leaves = 0
        self.reports.ended(kind, account, order, filled, reason)

    def _close(self, book: Book, account: Account, order: Order) -> None:
        order.reserved = False
        if order.leaves:
            account.reserve(order, -order.leaves, book.grid)
        if order.bounded:
            account.holding(order.symbol).bounded -= 1
        del account.orders[order.client_order_id]
        book.remove(order)


def bounded_reason(order: Order) -> Reason:
    """Why an order that may only reduce ends when there is nothing to reduce."""
    return Reason.REDUCE_ONLY_WOULD_INCREASE if order.reduce_only else Reason.INSUFFICIENT_BALANCE
