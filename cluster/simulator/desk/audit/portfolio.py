"""The auditor's own books of the desk: positions, cash, reservations, marks, exposures, from risk's events alone.

Written apart from `actors.risk`, so that a mistake there is not repeated here: nothing is kept incrementally, every
figure is added up anew when it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec

from cluster.simulator.desk.audit.anomalies import AnomalyBook
from cluster.simulator.desk.audit.pace import PaceBook
from messages.account_events import CorrectionDelayed
from messages.base import Message
from messages.control import Mode
from messages.intents import Purpose, Side, Verdict
from messages.limits import LimitSet
from messages.modes import ModeDecided
from messages.portfolio import (
    AccountOpened,
    DayStarted,
    FillBooked,
    IntentDecided,
    MarksTaken,
    RatesTaken,
    ReservationReleased,
    ReservationReopened,
)
from messages.transfers import TransferBooked

ZERO, ONE = Decimal(0), Decimal(1)
Listing = tuple[str, str]
"""Venue and symbol."""


class Approved(msgspec.Struct):
    """What was approved for an intent; `open` until its reservation is released.

    Not `counted`: a stop that only reduces, which the venue holds to that whatever else is filled.
    """

    listing: Listing
    side: Side
    quantity: Decimal
    price: Decimal
    booked: Decimal = ZERO
    open: bool = True
    counted: bool = True

    @property
    def left(self) -> Decimal:
        """What may still be filled."""
        return max(self.quantity - self.booked, ZERO)


class SplitBook(msgspec.Struct):
    """Budgets that risk has told, and those that people have set."""

    budgets: dict[str, Decimal] = {}
    pinned: dict[str, Decimal] = {}


class Portfolio(msgspec.Struct):
    """See the module docstring. `booked` are the fills by venue and id, with how often each was booked.

    `balances` are by venue and currency, `rates` what one unit of a currency counts in `base` now. `deposits` is what
    came from outside at its worth then, `revalued` what changes of rates have made of balances since; `unvalued` came
    in currencies without a rate, `delayed` are corrections that wait for a price. `transferred` are money that was
    moved, by venue and id, with how often it was booked. `limits` are those that people changed, by scope and name, as
    text.
    """

    mode: Mode = Mode.NORMAL
    base: str = ""
    balances: dict[str, dict[str, Decimal]] = {}
    rates: dict[str, Decimal] = {}
    deposits: Decimal = ZERO
    revalued: Decimal = ZERO
    unvalued: dict[str, Decimal] = {}
    delayed: dict[str, None] = {}
    transferred: dict[tuple[str, str], int] = {}
    opened: dict[str, None] = {}
    positions: dict[Listing, Decimal] = {}
    multipliers: dict[Listing, Decimal] = {}
    marks: dict[str, tuple[Decimal, Decimal, int]] = {}
    intents: dict[str, Approved] = {}
    booked: dict[tuple[str, str], int] = {}
    anchor: Decimal | None = None
    limits: dict[str, dict[str, str]] = {}
    limits_version: int = 0
    pace: PaceBook = msgspec.field(default_factory=PaceBook)
    anomalies: AnomalyBook = msgspec.field(default_factory=AnomalyBook)
    splits: SplitBook = msgspec.field(default_factory=SplitBook)

    def apply(self, event: Message) -> None:
        """Take an event of risk into the books."""
        take = _TAKEN.get(type(event))
        if take is not None:
            take(self, event)

    # ------------------------------------------------------------------ figures

    def open_orders(self, listing: Listing | None = None) -> list[Approved]:
        """The open reservations that count, of one listing or of all."""
        return [
            intent
            for intent in self.intents.values()
            if intent.open and intent.counted and (listing is None or intent.listing == listing)
        ]

    def rate(self, currency: str) -> Decimal | None:
        """What one unit of a currency counts now; None where nobody has said."""
        return ONE if currency == self.base else self.rates.get(currency)

    def scale(self, listing: Listing) -> Decimal:
        """What a price of a listing is multiplied by to have the worth of one unit of it, in base currency."""
        return self.multipliers.get(listing, ONE) * (self.rate(listing[1].split("-")[1]) or ONE)

    def cash(self) -> Decimal:
        """The balances of all accounts that have a rate, at it."""
        total = ZERO
        for balances in self.balances.values():
            for currency, amount in balances.items():
                total += amount * (self.rate(currency) or ZERO)
        return total

    def nav(self) -> Decimal | None:
        """Cash and positions at what closing them would bring; None where something is not known."""
        if self.delayed or not self.balances or any(venue not in self.opened for venue in self.balances):
            return None
        total = self.cash()
        for listing, position in self.positions.items():
            mark = self.marks.get(listing[1])
            if position and mark is None:
                return None
            if position and mark is not None:
                total += position * (mark[0] if position > 0 else mark[1]) * self.scale(listing)
        return total

    def reducible(self, listing: Listing, side: Side) -> Decimal:
        """What an order of this side can trade without opening or adding to a position, whatever else is filled."""
        same = sum((each.left for each in self.open_orders(listing) if each.side is side), ZERO)
        return max(-self.positions.get(listing, ZERO) * side.sign - same, ZERO)

    def exposure(self, listing: Listing, extra: Approved | None = None) -> Decimal:
        """The value at risk of a listing under the worst fate of its open orders, and of `extra`."""
        orders = [*self.open_orders(listing), *([extra] if extra is not None else [])]
        position = self.positions.get(listing, ZERO)
        mark = self.marks.get(listing[1])
        scale = self.scale(listing)
        ask = ZERO if mark is None else mark[1] * scale
        return max(
            _end(position, [each for each in orders if each.side is side], ask, scale, side) for side in Side
        )

    def symbol_exposure(self, symbol: str, extra: Approved | None = None) -> Decimal:
        """The exposure to a symbol over all venues."""
        return sum(
            (
                self.exposure(listing, extra if extra is not None and extra.listing == listing else None)
                for listing in self.listings(extra)
                if listing[1] == symbol
            ),
            ZERO,
        )

    def gross_exposure(self, extra: Approved | None = None) -> Decimal:
        """The exposure of the whole desk."""
        return sum(
            (
                self.exposure(listing, extra if extra is not None and extra.listing == listing else None)
                for listing in self.listings(extra)
            ),
            ZERO,
        )

    def venue_exposure(self, extra: Approved) -> Decimal:
        """The exposure at the venue of `extra`, with it."""
        return sum(
            (
                self.exposure(listing, extra if extra.listing == listing else None)
                for listing in self.listings(extra)
                if listing[0] == extra.listing[0]
            ),
            ZERO,
        )

    def listings(self, extra: Approved | None = None) -> list[Listing]:
        """Every listing with a position or an open order."""
        held = dict.fromkeys(listing for listing, position in self.positions.items() if position)
        held.update(dict.fromkeys(each.listing for each in self.open_orders() if each.left))
        if extra is not None:
            held[extra.listing] = None
        return list(held)

    # ------------------------------------------------------------------ events

    def decided(self, event: IntentDecided) -> None:
        """Reserve what was approved."""
        if event.verdict is not Verdict.REJECTED and event.submit_id is not None:
            self.intents[event.intent_id] = approved_by(event)
            self.multipliers[event.venue, event.symbol] = event.multiplier

    def released(self, event: ReservationReleased) -> None:
        """Nothing more can come of an intent."""
        self.intents[event.intent_id].open = False

    def reopened(self, event: ReservationReopened) -> None:
        """More may come of an intent after all."""
        self.intents[event.intent_id].open = True

    def filled(self, event: FillBooked) -> None:
        """Move position and cash by a fill."""
        listing = (event.venue, event.symbol)
        signed = event.quantity * event.side.sign
        self.multipliers[listing] = event.multiplier
        self._move(event.venue, event.currency, -signed * event.price * event.multiplier)
        self._move(event.venue, event.fee_currency, -event.fee)
        if event.exchanged is None:
            self.positions[listing] = self.positions.get(listing, ZERO) + signed
        else:
            self._move(event.venue, event.exchanged.currency, signed)
        intent = self.intents.get(event.intent_id)
        if intent is not None:
            intent.booked += event.quantity
        self.delayed.pop(event.fill_id, None)
        key = (event.venue, event.fill_id)
        self.booked[key] = self.booked.get(key, 0) + 1

    def account(self, event: AccountOpened) -> None:
        """Begin with what an account was found to hold."""
        self.opened[event.venue], self.base = None, event.currency
        self.balances[event.venue] = dict(event.balances)
        before = self.deposits
        for currency, amount in event.balances.items():
            self._deposit(currency, amount)
        self._shift_anchor(self.deposits - before)
        for listing in list(self.positions):
            if listing[0] == event.venue:
                self.positions[listing] = ZERO
        for held in event.positions:
            self.positions[event.venue, held.symbol] = held.quantity
            self.multipliers[event.venue, held.symbol] = held.multiplier

    def moved(self, event: TransferBooked) -> None:
        """Money came from outside, or went there; a loss stays the part of its anchor that it was."""
        nav, rate = self.nav(), self.rate(event.currency)
        flow = None if rate is None else event.amount * rate
        if self.anchor is not None and flow is not None:
            if nav is None or nav <= 0 or nav + flow <= 0:
                self.anchor += flow
            else:
                self.anchor *= (nav + flow) / nav
        self._move(event.venue, event.currency, event.amount)
        self._deposit(event.currency, event.amount)
        key = (event.venue, event.transfer_id)
        self.transferred[key] = self.transferred.get(key, 0) + 1

    def rates_taken(self, event: RatesTaken) -> None:
        """Balances count what they count now; what came before its currency had a rate is deposited now."""
        before = self.cash()
        self.base = event.currency
        self.rates.update(event.rates)
        found = ZERO
        for currency in [each for each in self.unvalued if each in event.rates]:
            found += self.unvalued.pop(currency) * event.rates[currency]
        self.deposits += found
        self._shift_anchor(found)
        self.revalued += self.cash() - before - found

    def _move(self, venue: str, currency: str, amount: Decimal) -> None:
        own = self.balances.setdefault(venue, {})
        own[currency] = own.get(currency, ZERO) + amount

    def _shift_anchor(self, amount: Decimal) -> None:
        if self.anchor is not None:
            self.anchor += amount

    def _deposit(self, currency: str, amount: Decimal) -> None:
        rate = self.rate(currency)
        if rate is None:
            self.unvalued[currency] = self.unvalued.get(currency, ZERO) + amount
        else:
            self.deposits += amount * rate

    def delay(self, event: CorrectionDelayed) -> None:
        """What the account holds is not known of this correction until it has a price."""
        self.delayed[event.correction.correction_id] = None

    def marked(self, event: MarksTaken) -> None:
        """Value at newer marks."""
        for mark in event.marks:
            self.marks[mark.symbol] = (mark.bid, mark.ask, mark.time)

    def mode_decided(self, event: ModeDecided) -> None:
        """Another mode, or another reason for it."""
        self.mode = event.mode

    def day_started(self, event: DayStarted) -> None:
        """The anchor of the day's loss."""
        self.anchor = event.nav

    def limit_set(self, event: LimitSet) -> None:
        """A limit was changed for a part of the desk, or is the settings' own again."""
        own = self.limits.setdefault(event.scope, {})
        own.pop(event.name, None)
        if event.value is not None:
            own[event.name] = event.value
        self.limits_version = event.version


_TAKEN: dict[type[Message], Callable[[Portfolio, Any], None]] = {
    IntentDecided: Portfolio.decided,
    ReservationReleased: Portfolio.released,
    ReservationReopened: Portfolio.reopened,
    FillBooked: Portfolio.filled,
    AccountOpened: Portfolio.account,
    CorrectionDelayed: Portfolio.delay,
    TransferBooked: Portfolio.moved,
    RatesTaken: Portfolio.rates_taken,
    MarksTaken: Portfolio.marked,
    ModeDecided: Portfolio.mode_decided,
    DayStarted: Portfolio.day_started,
    LimitSet: Portfolio.limit_set,
}


def approved_by(event: IntentDecided) -> Approved:
    """What a decision sets aside."""
    counted = event.purpose is not Purpose.PROTECTIVE or event.increases_exposure
    listing = (event.venue, event.symbol)
    return Approved(listing, event.side, event.quantity, event.price, counted=counted)


def _end(position: Decimal, orders: list[Approved], ask: Decimal, scale: Decimal, side: Side) -> Decimal:
    """The value of the position if all orders of one side are filled; 0 where that is not on this side of flat.

    `ask` is in base currency, as `scale` makes the orders' prices.
    """
    held = position * side.sign
    quantity = sum((each.left for each in orders), ZERO)
    if held + quantity <= 0:
        return ZERO
    worth = max(sum((each.left * each.price for each in orders), ZERO) * scale, quantity * ask)
    if held >= 0:
        return held * ask + worth
    return worth * (held + quantity) / quantity
