"""The part of the risk actor that closes positions by command, persistently: cancel, close, try again until flat.

Apart from `flatten`, which computes the orders. Orders go out like approved intents and are reserved like them; a
listing that is being closed lets nothing else through that could increase its exposure.
"""

from __future__ import annotations

from decimal import Decimal

from actors.base import Actor, Context, applies, receives
from actors.risk import flatten
from actors.risk.limits import ZERO, RiskInstrument, RiskSettings, listing_id
from actors.risk.state import Flattening, Holding, RiskState
from messages.control import Mode
from messages.flattening import FlattenDelayed, FlattenDue, FlattenEnded, FlattenStarted, FlattenTried
from messages.intents import CancelIntent, Purpose, SubmitOrder, Verdict
from messages.portfolio import IntentDecided
from messages.reasons import Reason


def flattening_of(event: FlattenStarted) -> Flattening:
    """What is remembered of a listing that is being closed."""
    return Flattening(event.by, 0, event.part, event.stages, event.every, event.keep, event.reason)


class Closer(Actor[RiskState]):
    """Closes listings; see the module's docstring."""

    _settings: RiskSettings
    _instruments: dict[str, RiskInstrument]

    def _start_flatten(
        self,
        listing: str,
        by: str,
        ctx: Context,
        stages: int = 1,
        every: int = 0,
        keep: Decimal = ZERO,
        reason: Reason = Reason.OPERATOR,
    ) -> None:
        """Begin to close a listing down to `keep` in so many stages, unless it is settled; asked again, try at once.

        What goes further or faster than what is under way takes its place.
        """
        holding, known = self.state.holdings[listing], self.state.flattening.get(listing)
        if known is None and flatten.is_settled(holding, keep):
            return
        if known is None or keep < known.keep or (keep == known.keep and stages < known.stages):
            part = flatten.stage(holding, self._instruments.get(listing), stages, keep)
            venue, symbol = holding.venue, holding.symbol
            ctx.emit(FlattenStarted(venue, symbol, by, ctx.now, part, stages, every, keep, reason))
            self._cancel_for_closing(listing, holding, keep, ctx)
        self._try_flatten(listing, holding, ctx)

    def _cancel_for_closing(self, listing: str, holding: Holding, keep: Decimal, ctx: Context) -> None:
        """Cancel what works: all of it, or, where a part of the position stays, what would add to that."""
        closing = flatten.closing_side(holding)
        for intent_id, reservation in self.state.reservations.items():
            stays = keep and reservation.side is closing
            if reservation.listing == listing and not reservation.flattening and not stays:
                ctx.send(f"execution/{holding.venue}", CancelIntent(intent_id, Reason.OPERATOR))

    def _pursue_flatten(self, listing: str, ctx: Context) -> None:
        """Something changed at a listing: go on closing it, if it is being closed; a retry waits its time."""
        flattening = self.state.flattening.get(listing)
        if flattening is None:
            return
        holding = self.state.holdings[listing]
        if flattening.attempts == 0 or flatten.is_settled(holding, flattening.keep):
            self._try_flatten(listing, holding, ctx)
        elif flatten.closable(holding, self._instruments.get(listing), flattening.keep) > 0:
            self._wait_to_flatten(listing, holding, flattening.attempts, ctx)

    @receives(FlattenDue)
    def on_flatten_due(self, due: FlattenDue, ctx: Context) -> None:
        """Try again to close a listing."""
        listing = listing_id(due.venue, due.symbol)
        if listing in self.state.flattening:
            self._try_flatten(listing, self.state.holdings[listing], ctx)

    def _try_flatten(self, listing: str, holding: Holding, ctx: Context) -> None:
        flattening = self.state.flattening[listing]
        if flatten.is_settled(holding, flattening.keep):
            self._end_flatten(listing, ctx, flat=True)
            return
        if self.state.mode is Mode.OBSERVE:
            return
        instrument = self._instruments.get(listing)
        quantity = flatten.closable(holding, instrument, flattening.keep)
        if quantity <= 0:
            if not (holding.buys or holding.sells):
                # what is left is less than one lot: no order can close it
                self._end_flatten(listing, ctx, flat=False)
            return
        attempt, part = flattening.attempts + 1, flattening.part
        if part is not None and attempt < flattening.stages:
            quantity = min(quantity, part)
        price = flatten.worst_price(self.state, holding, instrument, self._settings.flatten.collar)
        if price is None:
            ctx.emit(FlattenDelayed(holding.venue, holding.symbol, Reason.MARK_MISSING, ctx.now))
            self._wait_to_flatten(listing, holding, attempt, ctx)
            return
        ctx.emit(FlattenTried(holding.venue, holding.symbol, attempt, ctx.now))
        orders = flatten.closings(
            self.state, listing, quantity, price, self._settings.flatten, instrument, ctx.now
        )
        for order in orders:
            self._send_closing(order, holding, flattening.reason, ctx)

    def _send_closing(self, order: flatten.Closing, holding: Holding, reason: Reason, ctx: Context) -> None:
        terms, requester = order.terms, order.holder or self.address
        mark = self.state.marks.get(holding.symbol)
        price = terms.worst_price if mark is None else max(terms.worst_price, mark.ask)
        intent_id = ctx.next_message_id()
        ctx.emit(
            IntentDecided(
                intent_id=intent_id,
                requester=requester,
                strategy=order.strategy,
                venue=terms.venue,
                symbol=terms.symbol,
                side=terms.side,
                purpose=Purpose.FLATTEN,
                requested=terms.quantity,
                quantity=terms.quantity,
                price=price,
                multiplier=holding.multiplier,
                verdict=Verdict.APPROVED,
                reason=reason,
                mode_version=self.state.version,
                increases_exposure=False,
                submit_id=intent_id,
                checks=(),
                time=ctx.now,
                rate=holding.rate,
            )
        )
        submit = SubmitOrder(intent_id, requester, order.strategy, terms, self.state.version, False)
        ctx.send(f"execution/{terms.venue}", submit)

    def _wait_to_flatten(self, listing: str, holding: Holding, attempts: int, ctx: Context) -> None:
        policy, flattening = self._settings.flatten, self.state.flattening[listing]
        if attempts < flattening.stages:
            delay = max(flattening.every, policy.retry)
        else:
            # the exponent is bounded: a listing may be tried for days
            delay = min(policy.retry << min(attempts - flattening.stages, 32), policy.retry_most)
        ctx.after(delay, FlattenDue(holding.venue, holding.symbol), key=f"flatten:{listing}")

    def _end_flatten(self, listing: str, ctx: Context, *, flat: bool) -> None:
        holding = self.state.holdings[listing]
        ctx.cancel_timer(f"flatten:{listing}")
        ctx.emit(FlattenEnded(holding.venue, holding.symbol, flat, ctx.now))

    # --- memory -----------------------------------------------------------------------------------------------

    @applies(FlattenStarted)
    def remember_flattening(self, event: FlattenStarted) -> None:
        """A listing is being closed."""
        self.state.flattening[listing_id(event.venue, event.symbol)] = flattening_of(event)

    @applies(FlattenTried)
    def remember_attempt(self, event: FlattenTried) -> None:
        """Count the attempts."""
        self.state.flattening[listing_id(event.venue, event.symbol)].attempts = event.attempt

    @applies(FlattenEnded)
    def forget_flattening(self, event: FlattenEnded) -> None:
        """A listing is closed, or no longer to be."""
        self.state.flattening.pop(listing_id(event.venue, event.symbol), None)

    @applies(FlattenDelayed)
    def note_delay(self, event: FlattenDelayed) -> None:
        """For the journal's readers only."""
