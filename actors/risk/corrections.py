"""Entries in the books that no approved order explains: corrections, and trades of others who may trade there.

They are booked as fills of nobody, so that every book shows them and nothing is overwritten. A correction of the
account counts at the mark, as if it had been traded there: NAV stays, and the position is what the venue says. One for
which nobody knows a price waits for its symbol's first mark; until then NAV is not known.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from actors.base import Context, applies, receives
from actors.risk.ledger import booking, is_booked
from actors.risk.limits import ZERO, listing_id
from actors.risk.watching import Watcher
from messages.account_events import CorrectionDelayed, PositionCorrected
from messages.intents import Side
from messages.orders import Fill, Liquidity
from messages.portfolio import FillBooked

NOBODY = ""
"""The strategy of what no strategy of the desk owns."""


class Corrector(Watcher):
    """The part of the risk actor that books entries; see the module's docstring."""

    @receives(PositionCorrected)
    def on_correction(self, told: PositionCorrected, ctx: Context) -> None:
        """Book a correction: of the account as nobody's, or out of a strategy's book into nobody's."""
        price = told.price or self._price_of(told.venue, told.symbol)
        if price is not None:
            self._book_correction(told, price, ctx)
        elif told.correction_id not in self.state.corrections:
            ctx.emit(CorrectionDelayed(told, ctx.now))
            self._judge(ctx, "correction without a price")

    def _book_delayed(self, ctx: Context) -> None:
        """Marks were taken: book the corrections that have waited for one of them."""
        for told in list(self.state.corrections.values()):
            price = self._price_of(told.venue, told.symbol)
            if price is not None:
                self._book_correction(told, price, ctx)

    def _book_correction(self, told: PositionCorrected, price: Decimal, ctx: Context) -> None:
        instrument = self._instruments.get(listing_id(told.venue, told.symbol))
        currency = self._settings.base_currency if instrument is None else instrument.quote_currency
        self.book_entries(entries(told, price, currency), "correction", ctx)

    def book_entries(self, fills: Sequence[Fill], reason: str, ctx: Context) -> list[FillBooked]:
        """Book each once, then see what it means for the limits; what was booked."""
        booked: list[FillBooked] = []
        for fill in fills:
            if not is_booked(self.state, fill):
                instrument = self._instruments.get(listing_id(fill.venue, fill.symbol))
                currency = self._settings.base_currency
                event = booking(self.state, fill, instrument, currency, ctx.now)
                ctx.emit(event)
                booked.append(event)
        if fills:
            self._judge(ctx, reason, unreserved=fills[0].symbol)
        return booked

    def _price_of(self, venue: str, symbol: str) -> Decimal | None:
        """The mark, else what the position has cost; None when neither is known."""
        mark = self.state.marks.get(symbol)
        if mark is not None:
            return (mark.bid + mark.ask) / 2
        held = self.state.holdings.get(listing_id(venue, symbol))
        if held is None or not held.position or not held.cost:
            return None
        return abs(held.cost / (held.position * held.multiplier * held.rate))

    # --- memory -----------------------------------------------------------------------------------------------

    @applies(CorrectionDelayed)
    def remember_delayed(self, event: CorrectionDelayed) -> None:
        """It waits until it is booked; see `ledger.book`."""
        self.state.corrections[event.correction.correction_id] = event.correction


def entries(told: PositionCorrected, price: Decimal, currency: str) -> list[Fill]:
    """What a correction is in the books: one fill of nobody, or one of the strategy and its mirror of nobody's."""
    if told.of_account:
        return [_entry(told, price, currency, NOBODY, told.side, told.correction_id)]
    mirror = _entry(told, price, currency, NOBODY, told.side.opposite, f"{told.correction_id}/nobody")
    return [_entry(told, price, currency, told.strategy, told.side, told.correction_id), mirror]


def _entry(
    told: PositionCorrected, price: Decimal, currency: str, strategy: str, side: Side, name: str
) -> Fill:
    return Fill(
        fill_id=name,
        venue=told.venue,
        symbol=told.symbol,
        strategy=strategy,
        intent_id=name,
        client_order_id="",
        venue_order_id="",
        side=side,
        price=price,
        quantity=told.quantity,
        fee=ZERO,
        fee_currency=currency,
        liquidity=Liquidity.TAKER,
        event_time=told.event_time,
    )
