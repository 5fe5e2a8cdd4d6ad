"""The portfolio on one page, for people: NAV, cash, positions, profit, exposures, room left, mode, reservations."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from actors.risk.facts import drawdown, loss_of_day
from actors.risk.ledger import unrealised, unrealised_of
from actors.risk.limit_book import LimitBook
from actors.risk.limits import ZERO, RiskSettings, listing_id
from actors.risk.room import RoomSummary, room_of
from actors.risk.state import Book, Holding, RiskState, StrategyHolding
from messages.control import Mode
from messages.intents import Side
from messages.modes import ModeSource


class PositionSummary(msgspec.Struct, frozen=True):
    """One position. `strategy` is None for the account's; quantities in base units, `average_price` in quote currency,
    other money in base currency."""

    venue: str
    symbol: str
    strategy: str | None
    quantity: Decimal
    average_price: Decimal | None
    realised: Decimal
    net: Decimal
    fees: Decimal
    funding: Decimal
    unrealised: Decimal | None
    exposure: Decimal | None
    open_buys: Decimal
    open_sells: Decimal


class ReservationSummary(msgspec.Struct, frozen=True):
    """What is set aside for one approved intent."""

    intent_id: str
    strategy: str
    listing: str
    side: Side
    quantity: Decimal
    remaining: Decimal
    value: Decimal


class PortfolioSummary(msgspec.Struct, frozen=True):
    """Where the portfolio stands. Money in base currency; None is "not known", never 0."""

    mode: Mode
    mode_version: int
    sources: dict[str, ModeSource]
    nav: Decimal | None
    cash: Decimal
    balances: dict[str, dict[str, Decimal]]
    deposits: Decimal
    realised: Decimal
    net: Decimal
    unrealised: Decimal | None
    fees: Decimal
    funding: Decimal
    gross_exposure: Decimal | None
    peak: Decimal | None
    drawdown: Decimal | None
    day: str
    day_anchor: Decimal | None
    day_loss: Decimal | None
    positions: tuple[PositionSummary, ...]
    strategies: tuple[PositionSummary, ...]
    room: tuple[RoomSummary, ...]
    reservations: tuple[ReservationSummary, ...]
    flattening: tuple[str, ...]


def summarise(state: RiskState, settings: RiskSettings, book: LimitBook | None = None) -> PortfolioSummary:
    """The portfolio as `state` has it, against the limits in force: of `book`, or as the state says."""
    holdings = state.holdings.values()
    return PortfolioSummary(
        mode=state.mode,
        mode_version=state.version,
        sources=dict(state.sources),
        nav=state.nav,
        cash=state.totals.cash,
        balances={venue: dict(account.balances) for venue, account in state.accounts.items()},
        deposits=state.deposits,
        realised=sum((holding.realised for holding in holdings), ZERO),
        net=sum((holding.net for holding in holdings), ZERO),
        unrealised=unrealised(state),
        fees=sum((holding.fees for holding in holdings), ZERO),
        funding=sum((holding.funding for holding in holdings), ZERO),
        gross_exposure=None if state.totals.unvalued else state.totals.exposure,
        peak=state.peak,
        drawdown=drawdown(state),
        day=state.day,
        day_anchor=state.day_anchor,
        day_loss=loss_of_day(state),
        positions=tuple(_position(state, holding) for holding in holdings),
        strategies=tuple(_strategy_position(state, book) for book in state.strategies.values()),
        room=room_of(state, settings, book or LimitBook(settings, state)),
        reservations=_reservations(state),
        flattening=tuple(state.flattening),
    )


def _position(state: RiskState, holding: Holding) -> PositionSummary:
    return PositionSummary(
        venue=holding.venue,
        symbol=holding.symbol,
        strategy=None,
        quantity=holding.position,
        average_price=average_price(holding, holding.multiplier * holding.rate),
        realised=holding.realised,
        net=holding.net,
        fees=holding.fees,
        funding=holding.funding,
        unrealised=None if holding.value is None or holding.cost is None else holding.value - holding.cost,
        exposure=None if holding.value is None else holding.exposure,
        open_buys=holding.buys,
        open_sells=holding.sells,
    )


def _strategy_position(state: RiskState, book: StrategyHolding) -> PositionSummary:
    listing = listing_id(book.venue, book.symbol)
    holding = state.holdings[listing]
    mine = [
        reservation
        for reservation in state.reservations.values()
        if reservation.strategy == book.strategy and reservation.listing == listing
    ]
    return PositionSummary(
        venue=book.venue,
        symbol=book.symbol,
        strategy=book.strategy,
        quantity=book.position,
        average_price=average_price(book, holding.multiplier * holding.rate),
        realised=book.realised,
        net=book.net,
        fees=book.fees,
        funding=book.funding,
        unrealised=unrealised_of(state, book),
        exposure=None,
        open_buys=sum((one.remaining for one in mine if one.side is Side.BUY), ZERO),
        open_sells=sum((one.remaining for one in mine if one.side is Side.SELL), ZERO),
    )


def average_price(book: Book, scale: Decimal) -> Decimal | None:
    """What a position cost on average, per base unit in quote currency; None when flat or without a price.

    `scale` is multiplier x rate; after a change of rates the cost counts as paid at the present one.
    """
    if not book.position or book.cost is None:
        return None
    return book.cost / book.position / scale


def _reservations(state: RiskState) -> tuple[ReservationSummary, ...]:
    return tuple(
        ReservationSummary(
            intent_id=intent_id,
            strategy=one.strategy,
            listing=one.listing,
            side=one.side,
            quantity=one.quantity,
            remaining=one.remaining,
            value=one.remaining * one.unit_value,
        )
        for intent_id, one in state.reservations.items()
    )
