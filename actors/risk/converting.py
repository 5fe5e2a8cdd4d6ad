"""The part of the risk actor that gets the money for an intent first: a plan of two legs, kept in the journal.

The first leg exchanges currencies; the intent itself is the second, and is decided anew when the first has ended,
whatever came of it. A crash between the two changes nothing: the waiting intent is state, its deadline a timer.
"""

from __future__ import annotations

from decimal import Decimal

from actors.base import Context, applies, receives
from actors.risk.conversion import Way, missing, way_to
from actors.risk.decision import Decision
from actors.risk.limits import ZERO, RiskInstrument
from actors.risk.state import Converting
from actors.risk.treasurer import Treasurer
from messages.base import Address
from messages.intents import IntentRejected, OrderIntent, OrderTerms, OrderType, Purpose, TimeInForce, Verdict
from messages.reasons import Layer, Reason
from messages.treasury import ConversionDue, ConversionEnded, ConversionStarted


class Converter(Treasurer):
    """Conversions for intents; see the module's docstring."""

    def _converts_first(
        self,
        intent: OrderIntent,
        intent_id: str,
        requester: Address,
        decision: Decision,
        instrument: RiskInstrument,
        ctx: Context,
    ) -> bool:
        """Send the first leg where the money for an approved intent is missing and can be had; whether it was sent."""
        settings, state = self._settings.treasury, self.state
        if not settings.convert:
            return False
        deficit = missing(state, self._instruments, intent, decision, instrument)
        if not deficit:
            return False
        currency = instrument.quote_currency
        found = way_to(
            state, self._instruments, instrument.venue, currency, deficit, settings.convert_slippage
        )
        if found is None:
            return False
        terms = _leg_terms(*found, intent)
        leg, _ = self._send_own(terms, Reason.CONVERSION, ctx, dry_run=True)
        if leg.verdict is not Verdict.APPROVED:
            return False  # what is too little stays what it is: cash of another currency
        _, leg_id = self._send_own(terms, Reason.CONVERSION, ctx)
        assert leg_id is not None, "decided twice in one step"
        ctx.emit(ConversionStarted(intent_id, requester, intent, leg_id, currency, deficit, ctx.now))
        ctx.after(
            max(0, intent.terms.deadline + 1 - ctx.now), ConversionDue(intent_id), key=_timer(intent_id)
        )
        return True

    def _leg_ended(self, leg_id: str, ctx: Context) -> None:
        """An order of risk's own is over: decide on the intent that waited for its money, if one did."""
        intent_id = self.state.legs.get(leg_id)
        if intent_id is None:
            return
        waiting = self.state.conversions[intent_id]
        ended = self.state.closed.get(leg_id)
        filled = ZERO if ended is None else ended.booked
        ctx.cancel_timer(_timer(intent_id))
        ctx.emit(ConversionEnded(intent_id, leg_id, filled, Reason.CONVERSION, ctx.now))
        self._decide(waiting.intent, intent_id, waiting.requester, ctx, may_convert=False)

    @receives(ConversionDue)
    def on_conversion_due(self, due: ConversionDue, ctx: Context) -> None:
        """The intent's time is over before its money came; that is kept as what it became."""
        waiting = self.state.conversions.get(due.intent_id)
        if waiting is None:
            return
        ctx.emit(ConversionEnded(due.intent_id, waiting.leg_id, ZERO, Reason.EXPIRED, ctx.now))
        ctx.send(waiting.requester, IntentRejected(due.intent_id, Reason.EXPIRED, Layer.RISK))

    def _decide(
        self,
        intent: OrderIntent,
        intent_id: str,
        requester: Address,
        ctx: Context,
        *,
        may_convert: bool = True,
    ) -> None:
        """Approve, resize or reject an intent."""
        raise NotImplementedError

    # --- memory -----------------------------------------------------------------------------------------------

    @applies(ConversionStarted)
    def remember_conversion(self, event: ConversionStarted) -> None:
        """An intent waits."""
        self.state.conversions[event.intent_id] = Converting(event.intent, event.requester, event.leg_id)
        self.state.legs[event.leg_id] = event.intent_id

    @applies(ConversionEnded)
    def forget_conversion(self, event: ConversionEnded) -> None:
        """It waits no more."""
        self.state.conversions.pop(event.intent_id, None)
        self.state.legs.pop(event.leg_id, None)


def _leg_terms(way: Way, quantity: Decimal, intent: OrderIntent) -> OrderTerms:
    return OrderTerms(
        symbol=way.instrument.symbol,
        venue=way.instrument.venue,
        side=way.side,
        quantity=quantity,
        order_type=OrderType.MARKET,
        worst_price=way.worst_price,
        deadline=intent.terms.deadline,
        time_in_force=TimeInForce.IOC,
        purpose=Purpose.CONVERT,
    )


def _timer(intent_id: str) -> str:
    return f"conversion:{intent_id}"
