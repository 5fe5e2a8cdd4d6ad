"""The part of the risk actor that counts its pace, where a limit asks for it: what follows from what just happened.

Apart from `activity`, which remembers. Pure functions of the events and the state they were applied to.
"""

from __future__ import annotations

from decimal import Decimal

from actors.risk.activity import cycle_start
from actors.risk.limits import ZERO, RiskLimits, listing_id
from actors.risk.state import RiskState
from messages.intents import Purpose
from messages.orders import OrderReport, OrderState
from messages.pace import EntryCounted, ErrorCounted, FillCounted, Outcome
from messages.portfolio import FillBooked, IntentDecided

_BY_STOP = (Purpose.STOP, Purpose.PROTECTIVE)


def entry_of(event: IntentDecided, limits: RiskLimits) -> EntryCounted:
    """An approval that may increase exposure, as it counts."""
    value = event.quantity * event.price * event.multiplier * event.rate
    return EntryCounted(
        event.intent_id, event.symbol, value, cycle_start(event.time, limits.cycle), event.time
    )


def fill_of(state: RiskState, event: FillBooked) -> FillCounted:
    """A fill that was just booked, as it counts: what its position has made, and how it ended if it did.

    A position has ended when the account's is flat, or on the other side.
    """
    holding = state.holdings[listing_id(event.venue, event.symbol)]
    known = state.activity.symbols.get(event.symbol)
    trip = (ZERO if known is None else known.trip) + event.desk.net
    closes = bool(event.closed)
    sign = holding.position * event.side.sign
    if not closes or sign < 0:  # opened or added to, or a part is left
        return FillCounted(event.symbol, trip, None, event.time)
    return FillCounted(event.symbol, ZERO, _outcome(state, event, trip), event.time)


def _outcome(state: RiskState, event: FillBooked, trip: Decimal) -> Outcome:
    if trip > 0:
        return Outcome.WIN
    if not trip:
        return Outcome.EVEN
    intent = state.reservations.get(event.intent_id) or state.closed.get(event.intent_id)
    by_stop = intent is not None and intent.purpose in _BY_STOP
    return Outcome.STOP if by_stop else Outcome.LOSS


def error_of(report: OrderReport, now: int) -> ErrorCounted | None:
    """A report that an order was refused by its venue, as it counts; None for any other."""
    if report.final and report.state is OrderState.REJECTED:
        return ErrorCounted(report.symbol, report.reason, now)
    return None
