"""From an approved intent with a route to a plan; the router then carries it out."""

from __future__ import annotations

import msgspec

from actors.base import Context
from actors.execution.memory import ExecutionMemory
from actors.execution.order import CONDITIONAL, ZERO
from actors.execution.routing.pricing import quote_of
from actors.execution.routing.quality import policy_of, policy_set
from actors.execution.routing.routes import ROUTES, Situation
from messages.intents import OrderTerms, Route, SubmitOrder
from messages.routing import RouteStarted


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


def crosses(actor: ExecutionMemory, terms: OrderTerms) -> bool:
    """Whether an order closes the account's position and opens the other side with what is left.

    Where long and short are kept apart that is two orders, or both legs would stay.
    """
    closing = -actor.state.positions.get(terms.symbol, ZERO) * terms.side.sign
    return terms.leg is None and ZERO < closing < terms.quantity and terms.order_type not in CONDITIONAL


def as_flip(submit: SubmitOrder) -> SubmitOrder:
    """The same intent, to be worked as one order that closes and one that opens."""
    return msgspec.structs.replace(submit, terms=msgspec.structs.replace(submit.terms, route=Route.FLIP))
