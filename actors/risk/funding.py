"""Funding in the books: what holding a perpetual cost or brought, for the account and for each strategy.

The venue charges the account's net position. Strategies bear it by their own positions: a strategy that was long while
another was short pays what a long pays, and the other gets what a short gets.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

from actors.risk.books.shares import COST_QUANTUM
from actors.risk.ledger import note_peak, rate_of
from actors.risk.limits import ONE, RiskInstrument, listing_id
from actors.risk.reservations import holding_of
from actors.risk.state import PAYMENTS_REMEMBERED, ZERO, Account, RiskState, strategy_key
from messages.account_events import Funding
from messages.portfolio import FundingBooked


def booking_of_funding(
    state: RiskState, funding: Funding, instrument: RiskInstrument | None, base_currency: str, now: int
) -> FundingBooked:
    """The event that books a payment, with what the books show afterwards."""
    rate = rate_of(state, funding.currency, base_currency)
    value = None if rate is None else funding.amount * rate
    account = state.accounts.get(funding.venue) or Account()
    return FundingBooked(
        payment_id=funding.payment_id,
        venue=funding.venue,
        symbol=funding.symbol,
        currency=funding.currency,
        amount=funding.amount,
        funding_rate=funding.rate,
        cash=account.balances.get(funding.currency, ZERO) + funding.amount,
        value=value,
        shares={} if value is None else _shares(state, listing_id(funding.venue, funding.symbol), value),
        multiplier=ONE if instrument is None else instrument.multiplier,
        rate=ONE if instrument is None else instrument.rate,
        event_time=funding.event_time,
        time=now,
    )


def book_funding(state: RiskState, event: FundingBooked) -> None:
    """Put a payment into the books: the account's balance, the listing's and the strategies' results."""
    account = state.accounts.setdefault(event.venue, Account())
    account.balances[event.currency] = event.cash
    account.payments[event.payment_id] = None
    state.booked += 1
    if len(account.payments) > PAYMENTS_REMEMBERED:
        del account.payments[next(iter(account.payments))]
    if event.value is None:
        return
    state.totals.cash += event.value
    holding_of(state, event.venue, event.symbol, event.multiplier, event.rate).funding += event.value
    listing = listing_id(event.venue, event.symbol)
    for strategy, share in event.shares.items():
        state.strategies[strategy_key(strategy, listing)].funding += share
    note_peak(state)


def _shares(state: RiskState, listing: str, value: Decimal) -> dict[str, Decimal]:
    """Each strategy's part: `value` x its position / the account's, rounded to `COST_QUANTUM`.

    When strategies hold all there is, the last one takes what rounding left over.
    """
    holding = state.holdings.get(listing)
    if holding is None or not holding.position:
        return {}
    books = [
        book
        for book in state.strategies.values()
        if listing_id(book.venue, book.symbol) == listing and book.position
    ]
    shares = {
        book.strategy: (value * book.position / holding.position).quantize(COST_QUANTUM, ROUND_HALF_EVEN)
        for book in books
    }
    if books and sum((book.position for book in books), ZERO) == holding.position:
        shares[books[-1].strategy] += value - sum(shares.values(), ZERO)
    return shares
