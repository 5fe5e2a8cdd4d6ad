"""The engine's whole state as one msgspec struct, for a venue's own store.

It is exact: an engine restored from it goes on event by event as the original would have. Store it with
`msgspec.msgpack.encode` or `msgspec.json.encode`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import copy

import msgspec

from actors.venues.matching.account import Account, AccountState
from actors.venues.matching.book import Book
from actors.venues.matching.events import Event
from actors.venues.matching.instruments import EngineSettings, Instrument
from actors.venues.matching.market import MarketState
from actors.venues.matching.orders import Command, Order

SCHEMA_VERSION = 2
"""2 has markets of bars and counts funding payments; a snapshot of version 1 is one in which neither has happened."""


class PendingCommand(msgspec.Struct, frozen=True, gc=False):
    """A command on its way to the book."""

    arrival_time: int
    command: Command


class BookState(msgspec.Struct, frozen=True, gc=False):
    """One symbol: its rules, the outside market, and the accounts' open orders by number."""

    instrument: Instrument
    market: MarketState
    orders: list[Order]
    last_ticks: int | None
    bar_time: int | None = None


class EngineSnapshot(msgspec.Struct, frozen=True, gc=False):
    """Everything the engine knows at one moment."""

    schema_version: int
    settings: EngineSettings
    now: int
    last_number: int
    accounts: list[AccountState]
    books: list[BookState]
    pending: list[PendingCommand]
    events: list[Event]


def account_state(account: Account) -> AccountState:
    """A copy of an account."""
    return AccountState(
        account.settings,
        account.sequence,
        dict(account.balances),
        dict(account.reserved),
        {symbol: copy(held) for symbol, held in account.holdings.items()},
        list(account.used_ids),
        account.payments,
    )


def book_state(book: Book) -> BookState:
    """A copy of a book."""
    return BookState(
        book.instrument,
        book.market.state(),
        [copy(order) for order in book.orders()],
        book.last_ticks,
        book.bar_time,
    )


def load_account(state: AccountState) -> Account:
    """The account of a snapshot, without its orders: `load_orders` brings those."""
    account = Account(state.settings)
    account.sequence = state.sequence
    account.payments = state.payments
    account.balances = dict(state.balances)
    account.reserved = dict(state.reserved)
    account.holdings = {symbol: copy(held) for symbol, held in state.holdings.items()}
    account.used_ids = dict.fromkeys(state.used_ids)
    return account


def load_book(state: BookState) -> Book:
    """The book of a snapshot with its outside market, still without orders."""
    book = Book(state.instrument)
    book.market.load(state.market)
    book.last_ticks = state.last_ticks
    book.bar_time = state.bar_time
    return book


def load_orders(
    states: Iterable[BookState], books: Mapping[str, Book], accounts: Mapping[str, Account]
) -> None:
    """Put the open orders of a snapshot into their books and accounts, oldest first."""
    orders = [copy(order) for state in states for order in state.orders]
    for order in sorted(orders, key=lambda each: each.number):
        books[order.symbol].add(order)
        accounts[order.account].orders[order.client_order_id] = order
