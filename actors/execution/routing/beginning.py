"""From an approved intent with a route to a plan; the router then carries it out."""

from __future__ import annotations

from decimal import Decimal
from math import isfinite

from actors.base import Context
from actors.execution.memory import ExecutionMemory
from actors.execution.order import ZERO
from actors.execution.routing.quality import policy_of, policy_set
from actors.execution.routing.routes import ROUTES, Situation
from messages.intents import SubmitOrder
from messages.routing import RouteQuote, RouteStarted


def begin(actor: ExecutionMemory, ctx: Context, submit: SubmitOrder) -> None:
    """Make a plan of an intent that may be placed; the caller has judged that."""
    state, settings, terms = actor.state, actor.settings, submit.terms
    quote = submit.quote
    arrival = None if quote is None else quote_of(quote.bid, quote.ask, quote.time)
    policy = policy_of(state.routing, terms.symbol, settings.routing)
    told = state.at_venue.instruments.get(terms.symbol)
    situation = Situation(
        terms,
        ctx.now,
        arrival,
        state.positions.get(terms.symbol, ZERO),
        settings.lot_sizes.get(terms.symbol) if told is None else told.lot,
        told,
        settings.traits.post_only,
        settings.traits.reduce_only,
        policy,
        settings.routing,
    )
    slices = ROUTES[terms.route](situation)
    before = policy_set(state.routing, terms.symbol, settings.routing)
    ctx.emit(RouteStarted(submit, slices, arrival, before, policy, ctx.now))
    actor.touched[submit.intent_id] = None


def quote_of(bid: float, ask: float, time: int) -> RouteQuote | None:
    """A quote as Decimals; None for one that no market has: not finite, not positive, or crossed."""
    if not (isfinite(bid) and isfinite(ask) and 0 < bid <= ask):
        return None
    return RouteQuote(Decimal(repr(float(bid))), Decimal(repr(float(ask))), time)
