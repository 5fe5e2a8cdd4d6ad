"""How an account comes into being: its opening positions, and the other accounts of its owner."""

from __future__ import annotations

from collections.abc import Mapping

from actors.venues.matching.account import AVERAGING, Account
from actors.venues.matching.book import Book
from actors.venues.matching.instruments import AccountSettings
from messages.errors import ConfigurationError


def opened_account(settings: AccountSettings, books: Mapping[str, Book]) -> Account:
    """A new account with its opening positions. Raises `ConfigurationError` for a position that can't be one."""
    account = Account(settings)
    for symbol, opening in settings.positions.items():
        where = f"accounts.{settings.account}.positions.{symbol}"
        book = books.get(symbol)
        if book is None:
            raise ConfigurationError("no such instrument", field=where, remedy="add it to the instruments")
        lots = book.grid.to_lots(abs(opening.quantity)) if opening.quantity else 0
        if lots is None:
            raise ConfigurationError(
                "not a whole number of lots",
                field=where,
                value=opening.quantity,
                remedy=f"lot is {book.grid.lot}",
            )
        held = account.holding(symbol)
        held.lots = lots if opening.quantity > 0 else -lots
        held.average_ticks = AVERAGING.divide(opening.price, book.grid.tick) if lots else held.average_ticks
    return account


def join_kin(account: Account, accounts: Mapping[str, Account]) -> None:
    """Make the account known to the others of its owner, and them to it."""
    owner = account.settings.owner
    for other in accounts.values():
        if owner is not None and other.settings.owner == owner:
            other.kin.add(account.settings.account)
            account.kin.add(other.settings.account)
