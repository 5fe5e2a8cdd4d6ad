"""A day in the books: where NAV was, what moved it, where it is, and what each listing had to do with it. Pure."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from actors.risk.books.figures import figures
from actors.risk.state import ZERO, DayOpening, Figures, ListingFigures, RiskState
from messages.errors import ConfigurationError


class Bridge(msgspec.Struct, frozen=True):
    """From one NAV to the next. start + deposits + realised + unrealised + revalued - fees + funding = end, exactly.

    `unrealised` is how much more (or less) open positions are ahead than at the start. `revalued` is what changes of
    currencies' rates made of balances. All in base currency. `difference` is end less the sum of all parts: 0, or the
    books are wrong.
    """

    start: Decimal
    deposits: Decimal
    realised: Decimal
    unrealised: Decimal
    revalued: Decimal
    fees: Decimal
    funding: Decimal
    end: Decimal

    @property
    def profit(self) -> Decimal:
        """What the day made before costs."""
        return self.realised + self.unrealised + self.revalued

    @property
    def costs(self) -> Decimal:
        """Fees, and funding paid less received."""
        return self.fees - self.funding

    @property
    def difference(self) -> Decimal:
        """What no part explains."""
        return self.end - (self.start + self.deposits + self.profit - self.costs)


class ListingDay(msgspec.Struct, frozen=True):
    """What one listing had to do with a day: profit before fees by average cost and by lots, fees, funding."""

    realised: Decimal
    fifo: Decimal
    fees: Decimal
    funding: Decimal


class Statement(msgspec.Struct, frozen=True):
    """One day. `average` and `fifo` tell the same day by both ways of counting; None while NAV is not known.

    `begins_at` is None for the desk's first day. `ended`: the day is over. `listings` are
    the day's own profit (both ways), fees and funding, where there was any; `positions` what was held at its end.
    """

    day: str
    begins_at: int | None
    ends_at: int
    ended: bool
    average: Bridge | None
    fifo: Bridge | None
    listings: dict[str, ListingDay]
    positions: dict[str, ListingFigures]


def statement(state: RiskState, day: str | None = None) -> Statement:
    """The statement of a day (`2024-08-08`); of the present one by default.

    Raises `ConfigurationError` for a day that the books have no figures of.
    """
    index = _index(state.days, day)
    opening = state.days[index]
    ended = index + 1 < len(state.days)
    end = state.days[index + 1].figures if ended else figures(state)
    start = opening.figures
    listings = {}
    for listing, now in end.listings.items():
        moved = _less(now, start.listings.get(listing, ListingFigures()))
        if moved != _NOTHING:
            listings[listing] = moved
    return Statement(
        day=opening.day,
        begins_at=opening.begins_at,
        ends_at=opening.ends_at,
        ended=ended,
        average=_bridge(start, end, by_lots=False),
        fifo=_bridge(start, end, by_lots=True),
        listings=listings,
        positions={listing: each for listing, each in end.listings.items() if each.position},
    )


def _index(days: list[DayOpening], day: str | None) -> int:
    for index in range(len(days) - 1, -1, -1):
        if day is None or days[index].day == day:
            return index
    known = ", ".join(each.day for each in days) or "none yet"
    raise ConfigurationError(
        "the books have no figures of this day", field="--day", value=day, remedy=f"days kept: {known}"
    )


def _bridge(start: Figures, end: Figures, *, by_lots: bool) -> Bridge | None:
    ahead, before = end.unrealised, start.unrealised
    realised = end.realised - start.realised
    if by_lots:
        ahead, before = end.unrealised_fifo, start.unrealised_fifo
        realised = end.fifo - start.fifo
    if start.nav is None or end.nav is None or ahead is None or before is None:
        return None
    return Bridge(
        start=start.nav,
        deposits=end.deposits - start.deposits,
        realised=realised,
        unrealised=ahead - before,
        revalued=end.revalued - start.revalued,
        fees=end.fees - start.fees,
        funding=end.funding - start.funding,
        end=end.nav,
    )


def _less(now: ListingFigures, before: ListingFigures) -> ListingDay:
    return ListingDay(
        now.realised - before.realised,
        now.fifo - before.fifo,
        now.fees - before.fees,
        now.funding - before.funding,
    )


_NOTHING = ListingDay(ZERO, ZERO, ZERO, ZERO)
