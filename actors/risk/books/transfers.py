"""Deposits, withdrawals and transfers in the books: they move the balance and what was deposited, never the profit.

Peak and anchors move so that no loss appears or goes away by them. With NAV `V` before and a flow `F` each becomes
itself x (V + F) / V: the fall since the peak, and the loss since an anchor, stay the part of it that they were. That
is the price of a fund's unit when units are issued and redeemed at NAV; equally the time-weighted return of the GIPS
standards, which links periods at each external flow (https://www.gipsstandards.org). Moving them by `F` alone would
turn a fall of 4 % into one of 40 % when nine tenths are withdrawn. Where a part can't be told (NAV not known, or
nothing or less before or after) they move by `F`.

Of a flow in, all is capital. A flow out comes from the treasury first, which was set aside for that, then from capital.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from actors.risk.books.shares import share
from actors.risk.ledger import note_peak, rate_of
from actors.risk.state import TRANSFERS_REMEMBERED, ZERO, Account, Capital, RiskState
from messages.transfers import Transfer, TransferBooked


def is_transferred(state: RiskState, venue: str, transfer_id: str) -> bool:
    """Whether a transfer is in the books already, by its id among the latest of its account."""
    account = state.accounts.get(venue)
    return account is not None and transfer_id in account.transfers


def booking_of_transfer(
    state: RiskState, told: Transfer, by: str, note: str, base_currency: str, now: int
) -> TransferBooked:
    """The event that books a transfer at the rate of its currency now, with what the books show afterwards."""
    rate = rate_of(state, told.currency, base_currency)
    account = state.accounts.get(told.venue) or Account()
    return TransferBooked(
        transfer_id=told.transfer_id,
        venue=told.venue,
        currency=told.currency,
        amount=told.amount,
        cash=account.balances.get(told.currency, ZERO) + told.amount,
        rate=rate,
        value=None if rate is None else told.amount * rate,
        nav=state.nav,
        by=by,
        note=note,
        event_time=told.event_time,
        time=now,
    )


def book_transfer(state: RiskState, event: TransferBooked) -> None:
    """Put a transfer into the books: the account's balance, deposits, peak, anchors and capital."""
    account = state.accounts.setdefault(event.venue, Account())
    account.balances[event.currency] = event.cash
    account.transfers[event.transfer_id] = None
    if len(account.transfers) > TRANSFERS_REMEMBERED:
        del account.transfers[next(iter(account.transfers))]
    if event.value is None:
        account.unvalued[event.currency] = account.unvalued.get(event.currency, ZERO) + event.amount
        return
    state.totals.cash += event.value
    state.deposits += event.value
    state.capital = after_flow(state.capital, event.value)
    state.peak = moved(state.peak, event.value, event.nav)
    state.day_anchor = moved(state.day_anchor, event.value, event.nav)
    state.week_anchor = moved(state.week_anchor, event.value, event.nav)
    note_peak(state)


def moved(anchor: Decimal | None, flow: Decimal, nav: Decimal | None) -> Decimal | None:
    """A peak or anchor after a flow, NAV being `nav` before it; see the module's docstring."""
    if anchor is None:
        return None
    if nav is None or nav <= 0 or nav + flow <= 0:
        return anchor + flow
    return share(anchor, nav + flow, nav)


def after_flow(known: Capital, flow: Decimal) -> Capital:
    """Capital and treasury after a flow, in base currency; what was realised is untouched.

    Capital below 0 says that more was taken out than was ever realised: profit of open positions.
    """
    if known.capital is None:
        return known
    from_treasury = min(known.treasury, -flow) if flow < 0 else ZERO
    return msgspec.structs.replace(
        known, capital=known.capital + flow + from_treasury, treasury=known.treasury - from_treasury
    )
