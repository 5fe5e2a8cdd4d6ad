"""What happened to the money, in two columns: entries whose legs add up to nothing in every currency and every symbol.

They are read off risk's own events, which are only ever appended, so there is no second record to keep in step.
Accounts are named by what they are (`/` separates the parts):

| account                   | what it shows                                                             |
|---------------------------|---------------------------------------------------------------------------|
| `cash/VENUE`              | the balance of each currency                                              |
| `position/VENUE/SYMBOL`   | units held; the unit is the symbol                                        |
| `trading/VENUE/SYMBOL`    | the other side of both: paid for units, and units for what was paid       |
| `exchange/VENUE/SYMBOL`   | the other side of currencies that were exchanged for each other           |
| `fees/VENUE`              | what was paid in fees                                                     |
| `funding/VENUE/SYMBOL`    | what holding a perpetual cost (above 0) or brought (below)                |
| `capital/VENUE`           | what came from outside (below 0) or went there (above)                    |
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from enum import StrEnum
from typing import Any

import msgspec

from actors.risk.state import ONE, ZERO
from messages.base import Message
from messages.portfolio import AccountOpened, FillBooked, FundingBooked, RatesTaken
from messages.transfers import TransferBooked


class EntryKind(StrEnum):
    """What an entry is about."""

    FILL = "fill"
    FEE = "fee"
    FUNDING = "funding"
    TRANSFER = "transfer"
    CORRECTION = "correction"
    CONVERSION = "conversion"


class Leg(msgspec.Struct, frozen=True):
    """One column of an entry: `amount` of `unit` (a currency, or a symbol for units of it) into an account."""

    account: str
    unit: str
    amount: Decimal


class Entry(msgspec.Struct, frozen=True):
    """One thing that happened, at desk time `time` (ns UTC). `id` is the same whenever it is read.

    `rates` are what one unit of its currencies counted then in base currency, where that is known.
    """

    id: str
    kind: EntryKind
    time: int
    venue: str
    symbol: str
    strategy: str
    legs: tuple[Leg, ...]
    rates: dict[str, Decimal] = {}

    def unbalanced(self) -> dict[str, Decimal]:
        """The units whose legs don't add up to nothing, with what is left over; empty for a sound entry."""
        sums: dict[str, Decimal] = {}
        for leg in self.legs:
            sums[leg.unit] = sums.get(leg.unit, ZERO) + leg.amount
        return {unit: left for unit, left in sums.items() if left}


class Ledger:
    """The entries of a journal in its order, each once, and what every account shows after them."""

    def __init__(self) -> None:
        self.accounts: dict[tuple[str, str], Decimal] = {}
        """by account and unit"""
        self._seen: dict[str, None] = {}
        self._rates: dict[str, Decimal] = {}

    def post(self, event: Message) -> tuple[Entry, ...]:
        """The entries that an event makes; none when it concerns no money, or was posted before."""
        self._note_rates(event)
        read = _READERS.get(type(event))
        if read is None:
            return ()
        entries = tuple(self._rated(entry) for entry in read(self, event) if entry.id not in self._seen)
        for entry in entries:
            self._seen[entry.id] = None
            for leg in entry.legs:
                key = leg.account, leg.unit
                self.accounts[key] = self.accounts.get(key, ZERO) + leg.amount
        return entries

    def shown(self, account: str, unit: str) -> Decimal:
        """What an account shows of a unit."""
        return self.accounts.get((account, unit), ZERO)

    def trial_balance(self) -> dict[str, Decimal]:
        """By unit, the sum over all accounts: 0 for each, or an entry was not sound."""
        sums: dict[str, Decimal] = {}
        for (_, unit), amount in self.accounts.items():
            sums[unit] = sums.get(unit, ZERO) + amount
        return sums

    # --- rates ------------------------------------------------------------------------------------------------

    def _note_rates(self, event: Message) -> None:
        """What currencies count from here on, as far as the event tells."""
        rates = self._rates
        if isinstance(event, AccountOpened | RatesTaken):
            rates[event.currency] = ONE
        if isinstance(event, RatesTaken):
            rates.update(event.rates)
        elif isinstance(event, FillBooked):
            rates[event.currency] = event.rate
            if event.fee_rate is not None:
                rates[event.fee_currency] = event.fee_rate
        elif isinstance(event, TransferBooked) and event.rate is not None:
            rates[event.currency] = event.rate

    def _rated(self, entry: Entry) -> Entry:
        rates = {leg.unit: self._rates[leg.unit] for leg in entry.legs if leg.unit in self._rates}
        return msgspec.structs.replace(entry, rates=rates) if rates else entry

    # --- events -----------------------------------------------------------------------------------------------

    def _opening(self, event: AccountOpened) -> list[Entry]:
        """What was found at a venue came from outside, but for what was booked there before it was found."""
        cash, capital = f"cash/{event.venue}", f"capital/{event.venue}"
        legs: list[Leg] = []
        known = {unit: ZERO for account, unit in self.accounts if account == cash}
        for currency, amount in {**known, **event.balances}.items():
            legs += _moved(cash, capital, currency, amount - self.shown(cash, currency))
        beginning = f"position/{event.venue}/"
        held = {
            account.removeprefix(beginning): ZERO
            for account, _ in self.accounts
            if account.startswith(beginning)
        }
        held.update({each.symbol: each.quantity for each in event.positions})
        for symbol, quantity in held.items():
            account = beginning + symbol
            legs += _moved(account, capital, symbol, quantity - self.shown(account, symbol))
        return [
            Entry(f"opening:{event.venue}", EntryKind.TRANSFER, event.time, event.venue, "", "", tuple(legs))
        ]

    def _fill(self, event: FillBooked) -> list[Entry]:
        name = f"{event.venue}/{event.symbol}/{event.fill_id}"
        cash, signed = f"cash/{event.venue}", event.side.sign * event.quantity
        paid = signed * event.price * event.multiplier
        kind = EntryKind.FILL
        if event.exchanged is not None:
            kind, other = EntryKind.CONVERSION, f"exchange/{event.venue}/{event.symbol}"
            units = _moved(cash, other, event.exchanged.currency, signed)
        else:
            other = f"trading/{event.venue}/{event.symbol}"
            units = _moved(f"position/{event.venue}/{event.symbol}", other, event.symbol, signed)
            if event.intent_id == event.fill_id:
                kind = EntryKind.CORRECTION
        legs = (*units, *_moved(cash, other, event.currency, -paid))
        found = [_entry(f"{kind.value}:{name}", kind, event, legs)]
        if event.fee:
            fee = _moved(f"fees/{event.venue}", cash, event.fee_currency, event.fee)
            found.append(_entry(f"fee:{name}", EntryKind.FEE, event, tuple(fee)))
        return found

    def _transfer(self, event: TransferBooked) -> list[Entry]:
        legs = _moved(f"cash/{event.venue}", f"capital/{event.venue}", event.currency, event.amount)
        name = f"transfer:{event.venue}/{event.transfer_id}"
        return [Entry(name, EntryKind.TRANSFER, event.time, event.venue, "", "", tuple(legs))]

    def _funding(self, event: FundingBooked) -> list[Entry]:
        account = f"funding/{event.venue}/{event.symbol}"
        legs = _moved(f"cash/{event.venue}", account, event.currency, event.amount)
        name = f"funding:{event.venue}/{event.symbol}/{event.payment_id}"
        return [
            Entry(name, EntryKind.FUNDING, event.time, event.venue, event.symbol, "", tuple(legs)),
        ]


def _moved(to: str, source: str, unit: str, amount: Decimal) -> list[Leg]:
    """Two legs; none where nothing moves."""
    return [Leg(to, unit, amount), Leg(source, unit, -amount)] if amount else []


def _entry(name: str, kind: EntryKind, event: FillBooked, legs: tuple[Leg, ...]) -> Entry:
    return Entry(name, kind, event.time, event.venue, event.symbol, event.strategy, legs)


_READERS: dict[type[Message], Callable[[Ledger, Any], list[Entry]]] = {
    AccountOpened: Ledger._opening,
    FillBooked: Ledger._fill,
    FundingBooked: Ledger._funding,
    TransferBooked: Ledger._transfer,
}
