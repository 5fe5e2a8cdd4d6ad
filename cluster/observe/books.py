"""The books as risk keeps them: its ledger's own functions over its own events, and the equity curve.

What is shown is thereby what risk decides on, to the last digit; there is no second arithmetic.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec

from actors.risk.books.capital import apply_checkpoint
from actors.risk.books.figures import begin_day
from actors.risk.books.transfers import book_transfer
from actors.risk.closing import flattening_of
from actors.risk.funding import book_funding
from actors.risk.ledger import book, open_account, take_marks, take_rates, unrealised
from actors.risk.limits import listing_id
from actors.risk.state import ZERO, Holding, RiskState
from messages.base import Message
from messages.flattening import FlattenEnded, FlattenStarted
from messages.limits import LimitRefused, LimitSet
from messages.modes import DrawdownStateChanged
from messages.portfolio import (
    AccountOpened,
    CapitalCheckpointed,
    DayStarted,
    FillBooked,
    FundingBooked,
    MarksTaken,
    PeakReset,
    RatesTaken,
)
from messages.transfers import TransferBooked, TransferRefused
from messages.treasury import TreasuryReviewed

REVIEWS_KEPT = 100
"""Findings of treasury commands, and transfers, that are kept: the latest ones."""


class EquityPoint(msgspec.Struct, frozen=True):
    """NAV in base currency at desk time `time` (ns UTC)."""

    time: int
    nav: Decimal


class Books:
    """Cash, positions, marks and NAV; `curve` has at most `curve_points` points, evenly thinned as it grows."""

    def __init__(self, curve_points: int = 2_000) -> None:
        self.state = RiskState()
        self.curve: list[EquityPoint] = []
        self.deepest = ZERO
        self.closings: Counter[str] = Counter()
        """how often each listing was closed by command"""
        self.reviews: dict[str, TreasuryReviewed] = {}
        """what treasury commands found, by the command's id; the latest"""
        self.transfers: dict[str, TransferBooked | TransferRefused] = {}
        """what became of deposits and withdrawals, by venue and the transfer's id; the latest"""
        self.limits: dict[str, LimitSet | LimitRefused] = {}
        """what became of changes of limits, by the command's id; the latest"""
        self._curve_points = max(4, curve_points)
        self._stride = 1
        self._since_kept = 0

    def apply(self, event: Message, now: int) -> None:
        """Fold one of risk's events in; those that concern no book are passed over."""
        if isinstance(event, TreasuryReviewed) and event.command_id:
            self.reviews[event.command_id] = event
            if len(self.reviews) > REVIEWS_KEPT:
                del self.reviews[next(iter(self.reviews))]
        if isinstance(event, (TransferBooked, TransferRefused)):
            self._note_transfer(event)
        if isinstance(event, LimitSet | LimitRefused):
            self.limits[event.command] = event
            if len(self.limits) > REVIEWS_KEPT:
                del self.limits[next(iter(self.limits))]
        if isinstance(event, FlattenEnded):
            self.closings[listing_id(event.venue, event.symbol)] += event.flat
        entry = _ENTRIES.get(type(event))
        if entry is not None:
            entry(self.state, event)
            self._note_equity(now)

    def _note_transfer(self, event: TransferBooked | TransferRefused) -> None:
        self.transfers[f"{event.venue}/{event.transfer_id}"] = event
        if len(self.transfers) > REVIEWS_KEPT:
            del self.transfers[next(iter(self.transfers))]

    def adopt(self, state: RiskState) -> None:
        """Go on from risk's own state at a snapshot."""
        self.state = state

    @property
    def nav(self) -> Decimal | None:
        """Cash plus positions at their marks; None while that can't be known."""
        return self.state.nav

    @property
    def cash(self) -> Decimal | None:
        """The balances in base currency; None before the first account was opened."""
        return self.state.totals.cash if self.state.accounts else None

    @property
    def realised(self) -> Decimal:
        """Profit of what was closed, before fees."""
        return sum((holding.realised for holding in self.state.holdings.values()), ZERO)

    @property
    def funding(self) -> Decimal:
        """What was received for holding positions, less what was paid."""
        return sum((holding.funding for holding in self.state.holdings.values()), ZERO)

    @property
    def unrealised(self) -> Decimal | None:
        """Profit of what is held at its marks, before fees; None while a mark is missing."""
        return unrealised(self.state)

    @property
    def exposure(self) -> Decimal | None:
        """The positions' gross value at their marks; None while a mark is missing or no account is known."""
        if self.state.totals.unvalued or not self.state.accounts:
            return None
        return sum((abs(holding.value or ZERO) for holding in self.state.holdings.values()), ZERO)

    @property
    def drawdown(self) -> Decimal | None:
        """The fall from the highest NAV, a fraction of it; None while either is unknown."""
        nav, peak = self.nav, self.state.peak
        if nav is None or peak is None or peak <= 0:
            return None
        return (peak - nav) / peak

    def open_positions(self) -> list[Holding]:
        """The listings that are held, in the order they were first traded."""
        return [holding for holding in self.state.holdings.values() if holding.position]

    def _note_equity(self, now: int) -> None:
        nav = self.nav
        if nav is None:
            return
        self.deepest = max(self.deepest, self.drawdown or ZERO)
        self._since_kept += 1
        if self.curve and self._since_kept < self._stride:
            return
        self._since_kept = 0
        self.curve.append(EquityPoint(now, nav))
        if len(self.curve) > self._curve_points:
            del self.curve[1:-1:2]
            self._stride *= 2


def _reset_peak(state: RiskState, event: PeakReset) -> None:
    state.peak = event.nav


def _note_drawdown(state: RiskState, event: DrawdownStateChanged) -> None:
    state.drawdown_state = event.after


def _start_closing(state: RiskState, event: FlattenStarted) -> None:
    state.flattening[listing_id(event.venue, event.symbol)] = flattening_of(event)


def _end_closing(state: RiskState, event: FlattenEnded) -> None:
    state.flattening.pop(listing_id(event.venue, event.symbol), None)


_ENTRIES: dict[type[Message], Callable[[RiskState, Any], None]] = {
    AccountOpened: open_account,
    FillBooked: book,
    FundingBooked: book_funding,
    TransferBooked: book_transfer,
    RatesTaken: take_rates,
    MarksTaken: take_marks,
    DayStarted: begin_day,
    PeakReset: _reset_peak,
    DrawdownStateChanged: _note_drawdown,
    CapitalCheckpointed: apply_checkpoint,
    FlattenStarted: _start_closing,
    FlattenEnded: _end_closing,
}
