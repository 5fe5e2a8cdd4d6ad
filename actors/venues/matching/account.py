"""Accounts of the engine: cash, positions, what open orders hold of them, and the client order ids ever used."""

from __future__ import annotations

from decimal import Context, Decimal

import msgspec

from actors.venues.matching.grid import EXACT, Grid
from actors.venues.matching.instruments import ONE, ZERO, AccountSettings
from actors.venues.matching.orders import Order

AVERAGING = Context(prec=28)
"""An average price is a quotient and can't be exact; cash and positions never depend on it."""


class PositionView(msgspec.Struct, frozen=True, gc=False):
    """A position as the venue shows it: signed base units and their average price (0 when flat)."""

    quantity: Decimal
    average_price: Decimal


class AccountView(msgspec.Struct, frozen=True, gc=False):
    """An account as the venue shows it: cash by currency, positions that are not flat by symbol."""

    account: str
    balances: dict[str, Decimal]
    positions: dict[str, PositionView]


class Holding(msgspec.Struct, gc=False):
    """An account's position in one symbol and what its open orders may still do to it.

    `lots` is signed. Open values are in ticks x lots, at each order's reserve price. `bounded` counts open orders
    that may only reduce the position.
    """

    lots: int = 0
    average_ticks: Decimal = ZERO
    open_buy_lots: int = 0
    open_buy_value: int = 0
    open_sell_lots: int = 0
    open_sell_value: int = 0
    bounded: int = 0


class Account:
    """One account. `orders` are its orders in the book by client order id, oldest first.

    `sequence` counts its order events, `payments` its funding events. `kin` are the accounts of the same owner, this
    one among them.
    """

    __slots__ = (
        "balances",
        "holdings",
        "is_cash_account",
        "kin",
        "orders",
        "payments",
        "reserved",
        "sequence",
        "settings",
        "used_ids",
    )

    def __init__(self, settings: AccountSettings) -> None:
        self.settings = settings
        self.is_cash_account = not settings.allow_short and settings.initial_margin == ONE
        self.balances: dict[str, Decimal] = dict(settings.balances)
        self.reserved: dict[str, Decimal] = {}
        self.holdings: dict[str, Holding] = {}
        self.orders: dict[str, Order] = {}
        # A dict and not a set: its order is that of insertion, so that a snapshot's bytes depend on nothing else.
        self.used_ids: dict[str, None] = {}
        self.sequence = 0
        self.payments = 0
        self.kin: set[str] = {settings.account}

    def holding(self, symbol: str) -> Holding:
        """The holding of a symbol, flat when there was none."""
        held = self.holdings.get(symbol)
        if held is None:
            held = self.holdings[symbol] = Holding()
        return held

    def credit(self, currency: str, amount: Decimal) -> None:
        """Add cash, or take it when negative."""
        self.balances[currency] = EXACT.add(self.balances.get(currency, ZERO), amount)

    def reducible(self, order: Order) -> int:
        """How many lots the order may trade: all of its rest, or no more than the position it may only reduce."""
        if not order.bounded:
            return order.leaves
        held = self.holdings.get(order.symbol)
        return 0 if held is None else max(0, min(order.leaves, -order.sign * held.lots))

    def reserve(self, order: Order, lots: int, grid: Grid) -> None:
        """Hold funds and position for `lots` of an open order; negative lots release them.

        A reduce-only order holds nothing: it can't cost more than the position it closes.
        """
        if order.reduce_only:
            return
        held = self.holding(order.symbol)
        if order.sign > 0:
            value = lots * order.reserve_ticks
            held.open_buy_lots += lots
            held.open_buy_value += value
            currency = grid.instrument.quote_currency
            cost = EXACT.multiply(grid.value(value), grid.cost_factor)
            self.reserved[currency] = EXACT.add(self.reserved.get(currency, ZERO), cost)
        else:
            held.open_sell_lots += lots
            held.open_sell_value += lots * order.reserve_ticks
            if grid.instrument.converts:
                currency = grid.instrument.base_currency
                self.reserved[currency] = EXACT.add(self.reserved.get(currency, ZERO), grid.quantity(lots))

    def move(self, held: Holding, lots: int, ticks: int) -> None:
        """Change a position by signed lots traded at a price, keeping its average cost."""
        before, after = held.lots, held.lots + lots
        held.lots = after
        if after == 0:
            held.average_ticks = ZERO
        elif before == 0 or (before > 0) != (after > 0):
            held.average_ticks = Decimal(ticks)
        elif abs(after) > abs(before):
            total = AVERAGING.add(AVERAGING.multiply(held.average_ticks, before), Decimal(lots * ticks))
            held.average_ticks = AVERAGING.divide(total, after)


class AccountState(msgspec.Struct, frozen=True, gc=False):
    """An account in a snapshot; its open orders are in the books."""

    settings: AccountSettings
    sequence: int
    balances: dict[str, Decimal]
    reserved: dict[str, Decimal]
    holdings: dict[str, Holding]
    used_ids: list[str]
    payments: int = 0
