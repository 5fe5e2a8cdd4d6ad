"""What the checks look at: one intent against the portfolio as it stands. Built once per decision, then only read.

The value of an order is its quantity at the dearer of its worst price and the mark's ask, buy or sell: what it may
cost, or what the short it opens may be worth. What a venue calls too small is judged at the cheaper of worst price
and bid. Without a mark both are the worst price.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from typing import TYPE_CHECKING, NamedTuple

from actors.risk.exposure import long_fate, open_worth, reducible, short_fate
from actors.risk.limits import RiskInstrument, listing_id
from actors.risk.marks import oldest_mark
from actors.risk.state import ZERO, KnownMark, RiskState
from messages.control import Mode
from messages.intents import OrderIntent, Side

if TYPE_CHECKING:
    from actors.risk.following import GroupSums
    from actors.risk.limit_book import GroupCap, InForce
    from actors.risk.var import PortfolioStatistics  # brings numpy

_BUY, _HALTED = Side.BUY, Mode.HALTED
_DOWN = Context(prec=28, rounding=ROUND_FLOOR)
_UP = Context(prec=28, rounding=ROUND_CEILING)
"""What is divided is rounded to the safe side: room down, prices up."""


class Surroundings(NamedTuple):
    """What is neither in the portfolio nor in the limits: the desk's currency, the market's regime, statistics."""

    base_currency: str
    regime: str | None = None
    statistics: PortfolioStatistics | None = None
    sums: GroupSums | None = None


class View:
    """One intent against the portfolio.

    - `reducible`: the part of the intent that can't increase exposure under any fate; no limit holds it back.
      `is_reducing`: that is all of it; `is_adding`: what is held, if anything, is of the intent's side.
    - `price`: what it is reserved at, in quote currency; `unit_value` the same with multiplier and rate, `worth` the
      whole intent at that, `least_value` the least one unit is worth, in base currency.
    - `limits` and `caps` are those in force for the intent's strategy and listing, `is_listed` says whether its symbol
      is on their whitelist; `statistics` of returns are there where a limit goes by them, `regime` where somebody has
      told it.
    - `own_exposure` and `opposite_exposure`: the listing's value at risk if all orders of the intent's side, or of
      the other, are filled; `exposure_after`: the larger of the two with the whole intent added; `elsewhere`: the
      exposure of the same symbol at other venues, `total_exposure` of all other listings.
    """

    __slots__ = (
        "active",
        "base_currency",
        "caps",
        "elsewhere",
        "exposure_after",
        "instrument",
        "intent",
        "is_adding",
        "is_buy",
        "is_listed",
        "is_reducing",
        "least_value",
        "limits",
        "listing",
        "mark",
        "nav",
        "now",
        "open_quantity",
        "open_worth",
        "opposite_exposure",
        "own_exposure",
        "position",
        "price",
        "quantity",
        "reducible",
        "regime",
        "state",
        "statistics",
        "sums",
        "terms",
        "total_exposure",
        "unit",
        "unit_value",
        "worth",
    )

    def __init__(
        self,
        state: RiskState,
        intent: OrderIntent,
        instrument: RiskInstrument,
        in_force: InForce,
        now: int,
        surroundings: Surroundings,
    ) -> None:
        terms = intent.terms
        self.base_currency, self.regime, self.statistics, self.sums = surroundings
        self.limits, self.caps, self.is_listed = in_force
        self.state, self.intent, self.terms, self.quantity = state, intent, terms, terms.quantity
        self.instrument, self.now = instrument, now
        self.listing = listing_id(terms.venue, terms.symbol)
        self.nav: Decimal | None = state.nav
        self.is_buy = terms.side is _BUY
        self.mark: KnownMark | None = state.marks.get(terms.symbol)
        self._price()
        self._expose()
        # whether the whole intent can't increase exposure under any fate
        self.is_reducing = self.quantity <= self.reducible
        self.is_adding = self.position >= 0

    def _price(self) -> None:
        worst, mark = self.terms.worst_price, self.mark
        scale = self.instrument.multiplier * self.instrument.rate
        if mark is None:
            self.unit, self.price = ZERO, worst
            self.least_value = worst * scale
        else:
            bid, ask = mark.bid, mark.ask
            # neither `max` nor `min`, which take three times as long: every intent passes here
            self.unit, self.price = ask * scale, worst if worst >= ask else ask
            self.least_value = (worst if worst <= bid else bid) * scale
        self.unit_value = self.price * scale
        self.worth = self.quantity * self.unit_value

    def _expose(self) -> None:
        state, unit = self.state, self.unit
        holding = state.holdings.get(self.listing)
        if holding is None:
            self.position = self.open_quantity = self.open_worth = ZERO
            self.own_exposure = self.opposite_exposure = self.reducible = ZERO
            self.active, own_total = False, ZERO
        else:
            long = long_fate(holding.position, holding.buys, holding.buys_value, unit)
            short = short_fate(holding.position, holding.sells, holding.sells_value, unit)
            # seen from the intent's side a buy into a long and a sell into a short are the same
            if self.is_buy:
                self.position, self.open_quantity, worth = holding.position, holding.buys, holding.buys_value
                self.own_exposure, self.opposite_exposure = long, short
            else:
                self.position, self.open_quantity, worth = (
                    -holding.position,
                    holding.sells,
                    holding.sells_value,
                )
                self.own_exposure, self.opposite_exposure = short, long
            priced = self.open_quantity * unit
            self.open_worth = worth if worth >= priced else priced
            self.reducible = reducible(holding.position, holding.buys, holding.sells, self.terms.side)
            self.active, own_total = self.listing in state.totals.active, holding.exposure
        self.exposure_after = self._exposure_after()
        self.total_exposure = state.totals.exposure - own_total
        self.elsewhere = self._exposure_elsewhere()

    def _exposure_elsewhere(self) -> Decimal:
        listings = self.state.listings.get(self.terms.symbol, ())
        if len(listings) <= 1 and (not listings or self.listing in listings):
            return ZERO
        holdings = self.state.holdings
        return sum((holdings[name].exposure for name in listings if name != self.listing), ZERO)

    def exposure_beside(self, cap: GroupCap) -> Decimal:
        """The exposure of a group of listings, the intent's own left out."""
        if self.sums is None:
            return self.exposure_of(cap.listings)
        return self.sums.beside(self.state, cap, self.listing)

    def open_worth_of_side(self) -> Decimal:
        """What all open orders of the intent's side are worth, on all listings."""
        state, side = self.state, self.terms.side
        return open_worth(state, side) if self.sums is None else self.sums.open_worth(state, side)

    def is_marked_since(self, moment: int) -> bool:
        """Whether every mark of what is held was seen at that moment (ns UTC) or later."""
        if self.sums is not None:
            return self.sums.marked_since(self.state, moment)
        oldest = oldest_mark(self.state)
        return oldest is None or oldest >= moment

    def exposure_of(self, listings: Iterable[str]) -> Decimal:
        """The exposure of these listings, the intent's own left out."""
        holdings, found, own = self.state.holdings, ZERO, self.listing
        for listing in listings:
            holding = holdings.get(listing)
            if holding is not None and listing != own:
                found += holding.exposure
        return found

    @property
    def is_halted(self) -> bool:
        """Whether any source asks for HALTED."""
        sources = self.state.sources
        return bool(sources) and any(source.mode is _HALTED for source in sources.values())

    @property
    def is_flattening(self) -> bool:
        """Whether the listing is being closed by command."""
        return self.listing in self.state.flattening

    def _exposure_after(self) -> Decimal:
        quantity, worth = self.open_quantity + self.quantity, self.open_worth + self.worth
        ahead, back = long_fate(self.position, quantity, worth, self.unit), self.opposite_exposure
        return ahead if ahead >= back else back

    def quantity_within(self, limit: Decimal) -> Decimal:
        """The largest quantity of this intent with which the listing's exposure stays within `limit`."""
        if self.opposite_exposure > limit:
            return self.passing(ZERO)
        if self.position >= 0:
            room = limit - self.own_exposure
            if self.worth <= room:  # the rule, and cheaper than to divide
                return self.quantity
            room = _DOWN.divide(room, self.unit_value)
        else:
            # what goes beyond flat is worth the average of the open orders and this one: at most the dearer
            dearest = self.unit_value
            if self.open_quantity:
                dearest = max(dearest, _UP.divide(self.open_worth, self.open_quantity))
            room = _DOWN.divide(limit, dearest) - (self.position + self.open_quantity)
        return self.passing(room)

    def quantity_worth(self, value: Decimal) -> Decimal:
        """The largest quantity of this intent that is worth at most `value`."""
        if self.worth <= value:  # as above
            return self.quantity
        return self.passing(_DOWN.divide(value, self.unit_value))

    def passing(self, quantity: Decimal) -> Decimal:
        """What passes of this intent if `quantity` may: whole lots, never less than what reduces."""
        asked = self.quantity
        if quantity >= asked or self.is_reducing:
            return asked
        return max(self.whole_lots(quantity), self.reducible)

    def whole_lots(self, quantity: Decimal) -> Decimal:
        """`quantity` in whole lots, rounded down."""
        lot = self.instrument.lot
        return quantity // lot * lot if quantity > 0 else ZERO


def is_open(state: RiskState, venue: str) -> bool:
    """Whether the account of a venue is in the books as it was found there."""
    account = state.accounts.get(venue)
    return account is not None and account.opened
