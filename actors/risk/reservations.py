"""Reservations: what was approved and may still be filled, from the approval until the last fill is booked.

Apart from `exposure`, which values them. All functions change the state by an event's content and decide nothing.
"""

from __future__ import annotations

from decimal import Decimal

from actors.risk.exposure import refresh
from actors.risk.limits import listing_id
from actors.risk.state import CLOSED_REMEMBERED, ONE, ZERO, Holding, Reservation, RiskState
from messages.intents import Purpose, Side, Verdict
from messages.portfolio import IntentDecided

_BUY, _REJECTED, _PROTECTIVE = Side.BUY, Verdict.REJECTED, Purpose.PROTECTIVE


def holding_of(
    state: RiskState, venue: str, symbol: str, multiplier: Decimal, rate: Decimal = ONE
) -> Holding:
    """The book of a listing; opened, empty, when there was none."""
    listing = listing_id(venue, symbol)
    holding = state.holdings.get(listing)
    if holding is None:
        holding = Holding(venue=venue, symbol=symbol, multiplier=multiplier, rate=rate)
        state.holdings[listing] = holding
        state.listings.setdefault(symbol, {})[listing] = None
    return holding


def reserve(state: RiskState, event: IntentDecided, *, flattening: bool) -> None:
    """Set aside what an intent was approved for; nothing when it was rejected.

    A protective stop that only reduces takes no room: it rests for as long as the position does, and an exit next to
    it must not look as if both could be filled. The venue lets it close what is there, and no more.
    """
    if event.verdict is _REJECTED or event.submit_id is None:
        return
    holding_of(state, event.venue, event.symbol, event.multiplier, event.rate)
    reservation = Reservation(
        requester=event.requester,
        strategy=event.strategy,
        listing=listing_id(event.venue, event.symbol),
        side=event.side,
        quantity=event.quantity,
        unit_value=event.price * event.multiplier * event.rate,
        submit_id=event.submit_id,
        flattening=flattening,
        counted=event.purpose is not _PROTECTIVE or event.increases_exposure,
        resting_price=event.resting_price,
        purpose=event.purpose,
    )
    state.reservations[event.intent_id] = reservation
    state.holdings[reservation.listing].orders += reservation.counted
    state.submissions[event.submit_id] = event.intent_id
    _change(state, reservation, event.quantity)


def consume(state: RiskState, intent_id: str, fill_key: str, quantity: Decimal) -> None:
    """Take a fill off its intent's reservation, as far as there is one. Leaves valuing to the booking."""
    reservation = state.reservations.get(intent_id)
    if reservation is not None:
        _reserved(state, reservation, -min(quantity, reservation.remaining))
    else:
        reservation = state.closed[intent_id]
    reservation.booked += quantity
    reservation.fills[fill_key] = None


def await_final(state: RiskState, intent_id: str, filled: Decimal) -> None:
    """Remember what an ended intent will have filled once all of its fills are booked."""
    state.reservations[intent_id].final_filled = filled


def release(state: RiskState, intent_id: str) -> None:
    """Free what is left of an intent's reservation, and keep the intent among the ended ones."""
    reservation = state.reservations.pop(intent_id)
    holding = state.holdings[reservation.listing]
    holding.orders = max(0, holding.orders - reservation.counted)
    state.submissions.pop(reservation.submit_id, None)
    _change(state, reservation, -reservation.remaining)
    remember(state, intent_id, reservation)


def reopen(state: RiskState, intent_id: str) -> None:
    """Reserve again what may still come of an intent that was thought ended."""
    reservation = state.closed.pop(intent_id)
    reservation.final_filled = None
    state.reservations[intent_id] = reservation
    state.holdings[reservation.listing].orders += reservation.counted
    _change(state, reservation, reservation.remaining)


def remember(state: RiskState, intent_id: str, reservation: Reservation) -> None:
    """Keep an ended intent; the one that ended longest ago is forgotten when there are too many."""
    state.closed[intent_id] = reservation
    if len(state.closed) > CLOSED_REMEMBERED:
        del state.closed[next(iter(state.closed))]


def _change(state: RiskState, reservation: Reservation, quantity: Decimal) -> None:
    if quantity != ZERO:
        _reserved(state, reservation, quantity)
    refresh(state, reservation.listing)


def _reserved(state: RiskState, reservation: Reservation, quantity: Decimal) -> None:
    if not reservation.counted:
        return
    holding = state.holdings[reservation.listing]
    value = quantity * reservation.unit_value
    if reservation.side is _BUY:
        holding.buys += quantity
        holding.buys_value += value
        state.totals.buys_value += value
    else:
        holding.sells += quantity
        holding.sells_value += value
