"""Funding of perpetual contracts: what positions pay each other at a venue's funding times."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from actors.venues.matching.account import Account
from actors.venues.matching.book import Book
from actors.venues.matching.grid import EXACT, rounded_money
from actors.venues.matching.reports import Reports
from messages.errors import DataProviderError


def pay_funding(
    accounts: Iterable[Account], book: Book, reports: Reports, rate: Decimal, mark_price: Decimal
) -> None:
    """Credit and debit every position of the symbol, in the order of the accounts.

    amount = -(position x multiplier x mark price x rate), quantised to 8 digits: longs pay a positive rate and
    shorts receive it (the rule of linear perpetuals, e.g. Binance USD-M and Bybit).
    """
    instrument, grid = book.instrument, book.grid
    for account in accounts:
        held = account.holdings.get(instrument.symbol)
        if held is None or held.lots == 0:
            continue
        position = grid.quantity(held.lots)
        value = EXACT.multiply(EXACT.multiply(position, instrument.multiplier), mark_price)
        amount = rounded_money(EXACT.multiply(EXACT.minus(value), rate))
        account.credit(instrument.quote_currency, amount)
        reports.funded(account, instrument, amount, rate, mark_price, position)


def funding_terms(symbol: str, rate: Decimal | float, mark_price: Decimal | float) -> tuple[Decimal, Decimal]:
    """Rate and mark price as exact decimals; a float counts as the shortest decimal that reads as it.

    Raises `DataProviderError` for a rate that is no ratio between -1 and 1, or a mark price not above 0.
    """
    exact_rate, exact_mark = _exact(rate), _exact(mark_price)
    if not (exact_rate.is_finite() and abs(exact_rate) < 1):
        raise DataProviderError(
            "not a funding rate",
            field=f"{symbol}.funding_rate",
            value=rate,
            remedy="give the ratio of one funding period, such as 0.0001",
        )
    if not (exact_mark.is_finite() and exact_mark > 0):
        raise DataProviderError(
            "not a mark price",
            field=f"{symbol}.mark_price",
            value=mark_price,
            remedy="give the price in quote currency at the funding time",
        )
    return exact_rate, exact_mark


def _exact(value: Decimal | float) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(repr(float(value)))
