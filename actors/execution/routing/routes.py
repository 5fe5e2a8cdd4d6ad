"""The routes: what each makes of an approved intent, as slices with quantity, time and manner. One table, pure."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import NamedTuple

from actors.execution.order import CONDITIONAL, ZERO
from actors.execution.routing.settings import RoutingSettings
from messages.intents import OrderTerms, Route
from messages.routing import RoutePolicy, RouteQuote, RouteSlice, RouteStage
from messages.venue_account import VenueInstrument

_ONE = Decimal(1)
_PLAIN, _MAKER, _TAKER = RouteStage.PLAIN, RouteStage.MAKER, RouteStage.TAKER


class Situation(NamedTuple):
    """All that a route may look at. `position` is the account's, signed base units; `now` desk time, ns UTC.

    `lot` (base units) is None where nobody knows it; `instrument` what the venue told beyond that.
    """

    terms: OrderTerms
    now: int
    arrival: RouteQuote | None
    position: Decimal
    lot: Decimal | None
    instrument: VenueInstrument | None
    post_only: bool
    reduce_only: bool
    policy: RoutePolicy
    settings: RoutingSettings


Slices = tuple[RouteSlice, ...]


def direct(given: Situation) -> Slices:
    """One order as the terms say."""
    return (RouteSlice(given.terms.quantity, given.now, _PLAIN, given.terms.reduce_only),)


def maker_first(given: Situation) -> Slices:
    """One slice, passive where that is offered and worth while. Without a quote nothing could be priced: direct."""
    if given.arrival is None or given.terms.order_type in CONDITIONAL:
        return direct(given)
    return (RouteSlice(given.terms.quantity, given.now, _first_stage(given), given.terms.reduce_only),)


def twap(given: Situation) -> Slices:
    """Equal slices over time, as many as their size, the deadline and the venue's minimum allow."""
    terms, count = given.terms, slice_count(given)
    lot = given.lot
    if count < 2 or lot is None:
        return maker_first(given)
    stage, placed, slices = _first_stage(given), ZERO, []
    for number in range(1, count + 1):
        upto = terms.quantity * number / count // lot * lot
        upto = terms.quantity if number == count else upto
        start = given.now + (number - 1) * given.settings.twap_interval_ns
        slices.append(RouteSlice(upto - placed, start, stage, terms.reduce_only))
        placed = upto
    return tuple(slices)


def flip(given: Situation) -> Slices:
    """What closes first, reducing only; the rest once that is filled. An order that does only one of both is direct."""
    terms = given.terms
    closing = min(terms.quantity, max(ZERO, -given.position * terms.side.sign))
    if closing in (ZERO, terms.quantity):
        return direct(given)
    return (
        RouteSlice(closing, given.now, _PLAIN, given.reduce_only, whole=True),
        RouteSlice(terms.quantity - closing, given.now, _PLAIN),
    )


ROUTES: dict[Route, Callable[[Situation], Slices]] = {
    Route.DIRECT: direct,
    Route.MAKER_FIRST: maker_first,
    Route.TWAP: twap,
    Route.FLIP: flip,
}


def slice_count(given: Situation) -> int:
    """Into how many slices a TWAP is cut; 1 where it is too small, too urgent, or the lot is not known."""
    terms, settings, told = given.terms, given.settings, given.instrument
    if given.arrival is None or given.lot is None or terms.order_type in CONDITIONAL:
        return 1
    notional = terms.quantity * given.arrival.mid * (_ONE if told is None else told.multiplier)
    if notional < settings.twap_notional:
        return 1
    counts = [settings.twap_slices, (terms.deadline - given.now) // settings.twap_interval_ns]
    least = given.lot if told is None else max(told.min_quantity, given.lot)
    counts.append(int(terms.quantity // least))
    if told is not None and told.min_notional:
        # a slice may be a lot smaller than the others, and the price may fall before its turn
        counts.append(int(notional * Decimal("0.9") // told.min_notional))
    return max(1, min(counts))


def _first_stage(given: Situation) -> RouteStage:
    return _MAKER if given.policy.maker_first and given.post_only else _TAKER
