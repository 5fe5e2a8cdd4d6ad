"""What the books show at one moment, and what lies between two of them: where a day's change of NAV came from.

Nothing here is rounded: the parts of a bridge add up to its end, to the last digit, by lots as by average cost.
"""

from __future__ import annotations

from decimal import Decimal

from actors.risk.books.lots import lots_cost
from actors.risk.days import week_of
from actors.risk.state import DAYS_KEPT, ZERO, DayOpening, Figures, ListingFigures, RiskState
from messages.portfolio import DayStarted


def figures(state: RiskState) -> Figures:
    """The books as they are now."""
    cost: Decimal | None = ZERO
    lots: Decimal | None = ZERO
    listings: dict[str, ListingFigures] = {}
    for listing, holding in state.holdings.items():
        paid, by_lots = holding.cost, lots_cost(holding)
        listings[listing] = ListingFigures(
            holding.realised,
            holding.fifo,
            holding.fees,
            holding.funding,
            holding.position,
            paid,
            by_lots,
            holding.value,
        )
        cost = None if cost is None or paid is None else cost + paid
        lots = None if lots is None or by_lots is None else lots + by_lots
    value = None if state.totals.unvalued else state.totals.value
    parts = listings.values()
    return Figures(
        nav=state.nav,
        cash=state.totals.cash,
        deposits=state.deposits,
        realised=sum((each.realised for each in parts), ZERO),
        fifo=sum((each.fifo for each in parts), ZERO),
        unrealised=None if value is None or cost is None else value - cost,
        unrealised_fifo=None if value is None or lots is None else value - lots,
        fees=sum((each.fees for each in parts), ZERO),
        funding=sum((each.funding for each in parts), ZERO),
        revalued=state.revalued,
        listings=listings,
    )


def begin_day(state: RiskState, event: DayStarted) -> None:
    """Remember the day, the week when it begins one, their anchors, and what the books showed then.

    Days long past are forgotten.
    """
    begins_at, shown = state.day_ends_at or None, figures(state)
    if state.days and state.days[-1].day == event.day:
        begun = state.days.pop()
        begins_at = begun.begins_at
        if begun.figures.nav is not None:  # it goes on, to the midnight of another time zone than before
            shown = begun.figures
    state.day, state.day_ends_at, state.day_anchor = event.day, event.ends_at, event.nav
    week = week_of(event.day)
    if week != state.week or state.week_anchor is None:
        state.week, state.week_anchor = week, event.nav
    state.days.append(DayOpening(event.day, begins_at, event.ends_at, shown))
    del state.days[:-DAYS_KEPT]
