"""From a decision to what is journalled and sent of it. Pure functions."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from actors.risk.decision import Decision
from actors.risk.limits import ONE, RiskInstrument
from messages.base import Address
from messages.intents import OrderIntent, OrderTerms, Purpose, Route, Verdict
from messages.portfolio import IntentDecided

_RESIZED, _DIRECT = Verdict.RESIZED, Route.DIRECT


def approved_terms(intent: OrderIntent, decision: Decision) -> OrderTerms:
    """The terms as they go to the venue.

    Strategies on one symbol share one net position there: the exit of one may add to it, and a venue would refuse it
    as reduce-only. What reduce-only is to prevent has been judged here, under every fate of what is open. A protective
    stop rests beyond that judgement, and is reduce-only whatever it asked for.
    """
    terms = intent.terms
    only_reduces = terms.reduce_only or terms.purpose is Purpose.PROTECTIVE
    return msgspec.structs.replace(
        terms,
        quantity=decision.quantity if decision.verdict is _RESIZED else terms.quantity,
        reduce_only=only_reduces and not decision.increases_exposure,
    )


def decided(
    intent: OrderIntent,
    intent_id: str,
    requester: Address,
    submit_id: str | None,
    decision: Decision,
    instrument: RiskInstrument | None,
    version: int,
    now: int,
    limits_version: int = 0,
) -> IntentDecided:
    """The event that says what was decided; `submit_id` is the message that carries the approval, if there is one.

    `version` is the mode's.
    """
    terms = intent.terms
    return IntentDecided(
        intent_id=intent_id,
        requester=requester,
        strategy=intent.strategy,
        venue=terms.venue,
        symbol=terms.symbol,
        side=terms.side,
        purpose=terms.purpose,
        requested=terms.quantity,
        quantity=decision.quantity,
        price=decision.price,
        multiplier=ONE if instrument is None else instrument.multiplier,
        verdict=decision.verdict,
        reason=decision.reason,
        mode_version=version,
        increases_exposure=decision.increases_exposure,
        submit_id=submit_id,
        checks=decision.checks,
        time=now,
        rate=ONE if instrument is None else instrument.rate,
        limits_version=limits_version,
        resting_price=resting_price(terms),
    )


def resting_price(terms: OrderTerms) -> Decimal | None:
    """The farthest price at which an order may rest in the book; None for one that takes at once, or waits unseen."""
    if terms.stop_price is not None:
        return None
    return terms.limit_price if terms.route is _DIRECT else terms.worst_price
