"""What an account can carry and pay: cash for cash accounts, initial margin for the others."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from actors.venues.matching.account import Account, Holding
from actors.venues.matching.book import Book
from actors.venues.matching.grid import EXACT
from actors.venues.matching.instruments import ZERO
from actors.venues.matching.orders import Order


def can_carry(account: Account, books: Mapping[str, Book], book: Book, order: Order) -> bool:
    """Whether the account's funds suffice for the order at its reserve price, next to all that is open.

    What only reduces a position needs no funds. A cash account needs the cost of a buy with its highest fee. A
    margin account needs `initial_margin` of the value of its worst case: per symbol the larger of what its open
    buys and what its open sells could make of the position, at the prices they are held at. Positions count at
    the price at which they could be closed now.
    """
    if order.reduce_only or account.settings.unlimited:
        return True
    if book.instrument.converts:
        return _can_exchange(account, book, order)
    held = account.holding(order.symbol)
    is_buy = order.sign > 0
    closing = -held.lots - held.open_buy_lots if is_buy else held.lots - held.open_sell_lots
    if closing >= order.lots:
        return True
    if not is_buy and not account.settings.allow_short:
        return False
    grid, currency = book.grid, book.instrument.quote_currency
    cost = grid.value(order.lots * order.reserve_ticks)
    balance = account.balances.get(currency, ZERO)
    if account.is_cash_account:
        free = EXACT.subtract(balance, account.reserved.get(currency, ZERO))
        return free >= EXACT.multiply(cost, grid.cost_factor)
    fees = EXACT.multiply(cost, grid.fee_factor)
    equity, exposure = _worst_case(account, books, order, currency)
    needed = EXACT.add(EXACT.multiply(exposure, account.settings.initial_margin), fees)
    return EXACT.add(balance, equity) >= needed


def _can_exchange(account: Account, book: Book, order: Order) -> bool:
    """Whether the cash that a conversion gives away is there and not spoken for."""
    grid, instrument = book.grid, book.instrument
    if order.sign > 0:
        currency = instrument.quote_currency
        given = EXACT.multiply(grid.value(order.lots * order.reserve_ticks), grid.cost_factor)
    else:
        currency, given = instrument.base_currency, grid.quantity(order.lots)
    free = EXACT.subtract(account.balances.get(currency, ZERO), account.reserved.get(currency, ZERO))
    return free >= given


def payable(account: Account, book: Book, order: Order, ticks: int) -> int:
    """How many lots of the order's rest the account can pay at a price it was not held at, next to its other buys.

    Only a cash account's buys can fail to be: what a margin account gets beyond its margin is its risk.
    """
    if order.sign < 0 or order.reduce_only or account.settings.unlimited or not account.is_cash_account:
        return order.leaves
    grid, currency = book.grid, book.instrument.quote_currency
    free = EXACT.subtract(account.balances.get(currency, ZERO), account.reserved.get(currency, ZERO))
    if order.reserved:
        held = grid.value(order.leaves * order.reserve_ticks)
        free = EXACT.add(free, EXACT.multiply(held, grid.cost_factor))
    lots = EXACT.divide_int(free, EXACT.multiply(grid.value(ticks), grid.cost_factor))
    return max(0, min(order.leaves, int(lots)))


def _worst_case(
    account: Account, books: Mapping[str, Book], order: Order, currency: str
) -> tuple[Decimal, Decimal]:
    """The value of the positions in one currency, and of the largest exposure they and all orders can become."""
    equity = exposure = ZERO
    for symbol, held in account.holdings.items():
        book = books[symbol]
        if book.instrument.quote_currency != currency:
            continue
        buys, sells = held.open_buy_value, held.open_sell_value
        if symbol == order.symbol and order.sign > 0:
            buys += order.lots * order.reserve_ticks
        elif symbol == order.symbol:
            sells += order.lots * order.reserve_ticks
        if not (held.lots or buys or sells):
            continue
        value = held.lots * _closing_ticks(book, held) if held.lots else 0
        equity = EXACT.add(equity, book.grid.value(value))
        exposure = EXACT.add(exposure, book.grid.value(max(abs(value + buys), abs(value - sells))))
    return equity, exposure


def _closing_ticks(book: Book, held: Holding) -> int:
    """What a position could be closed at: the opposite best, else the last trade, else what it cost."""
    touch = book.touch(1 if held.lots > 0 else -1)
    if touch is not None:
        return touch
    return book.last_ticks if book.last_ticks is not None else int(held.average_ticks)
