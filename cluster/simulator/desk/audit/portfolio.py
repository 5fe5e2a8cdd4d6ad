"""The auditor's own books of the desk: positions, cash, reservations, marks, exposures, from risk's events alone.

Written apart from `actors.risk`, so that a mistake there is not repeated here: nothing is kept incrementally, every
figure is added up anew when it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec

from messages.base import Message
from messages.control import Mode
from messages.intents import Purpose, Side, Verdict
from messages.limits import LimitSet
from messages.portfolio import (
    AccountOpened,
    DayStarted,
    FillBooked,
    IntentDecided,
    MarksTaken,
    ModeDecided,
    ReservationReleased,
    ReservationReopened,
)

ZERO = Decimal(0)
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
    multiplier: Decimal
    booked: Decimal = ZERO
    open: bool = True
    counted: bool = True

    @property
    def left(self) -> Decimal:
        """What may still be filled."""
        return max(self.quantity - self.booked, ZERO)


class Portfolio(msgspec.Struct):
    """See the module docstring. `booked` are the fills by venue and id, with how often each was booked.

    `limits` are those that people changed, by scope and name, as text.
    """

    mode: Mode = Mode.NORMAL
    cash: dict[str, Decimal] = {}
    opened: dict[str, None] = {}
    positions: dict[Listing, Decimal] = {}
    multipliers: dict[Listing, Decimal] = {}
    marks: dict[str, tuple[Decimal, Decimal, int]] = {}
    intents: dict[str, Approved] = {}
    booked: dict[tuple[str, str], int] = {}
    anchor: Decimal | None = None
    limits: dict[str, dict[str, str]] = {}
    limits_version: int = 0

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

    def nav(self) -> Decimal | None:
        """Cash and positions at what closing them would bring; None where something is not known."""
        if not self.cash or any(venue not in self.opened for venue in self.cash):
            return None
        total = sum(self.cash.values(), ZERO)
        for listing, position in self.positions.items():
            mark = self.marks.get(listing[1])
            if position and mark is None:
                return None
            if position and mark is not None:
                total += position * (mark[0] if position > 0 else mark[1]) * self.multipliers[listing]
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
        ask = ZERO if mark is None else mark[1] * self.multipliers.get(listing, Decimal(1))
        return max(_end(position, [each for each in orders if each.side is side], ask, side) for side in Side)

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
        fee = event.fee if event.fee_currency == event.currency else ZERO
        paid = (signed * event.price * event.multiplier + fee) * event.rate
        if event.exchanged is None:
            self.positions[listing] = self.positions.get(listing, ZERO) + signed
        else:
            paid -= signed * event.exchanged.rate
        self.cash[event.venue] = self.cash.get(event.venue, ZERO) - paid
        intent = self.intents.get(event.intent_id)
        if intent is not None:
            intent.booked += event.quantity
        key = (event.venue, event.fill_id)
        self.booked[key] = self.booked.get(key, 0) + 1

    def account(self, event: AccountOpened) -> None:
        """Begin with what an account was found to hold."""
        self.opened[event.venue] = None
        self.cash[event.venue] = event.cash
        for listing in list(self.positions):
            if listing[0] == event.venue:
                self.positions[listing] = ZERO
        for held in event.positions:
            self.positions[event.venue, held.symbol] = held.quantity
            self.multipliers[event.venue, held.symbol] = held.multiplier

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
    MarksTaken: Portfolio.marked,
    ModeDecided: Portfolio.mode_decided,
    DayStarted: Portfolio.day_started,
    LimitSet: Portfolio.limit_set,
}


def approved_by(event: IntentDecided) -> Approved:
    """What a decision sets aside."""
    counted = event.purpose is not Purpose.PROTECTIVE or event.increases_exposure
    listing = (event.venue, event.symbol)
    return Approved(listing, event.side, event.quantity, event.price, event.multiplier, counted=counted)


def _end(position: Decimal, orders: list[Approved], ask: Decimal, side: Side) -> Decimal:
    """The value of the position if all orders of one side are filled; 0 where that is not on this side of flat."""
    held = position * side.sign
    quantity = sum((each.left for each in orders), ZERO)
    if held + quantity <= 0:
        return ZERO
    worth = max(sum((each.left * each.price * each.multiplier for each in orders), ZERO), quantity * ask)
    if held >= 0:
        return held * ask + worth
    return worth * (held + quantity) / quantity
