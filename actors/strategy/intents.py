"""Raising and cancelling a strategy's intents, and recording decisions: what entering and leaving share."""

from __future__ import annotations

from decimal import Decimal
from math import isfinite

from actors.base import Context
from actors.strategy.judgement import traced_judgement
from actors.strategy.pricing import decimal_of
from actors.strategy.slot import Slot
from messages.base import Address
from messages.decisions import CancelAsked, Decision, DecisionMade, IntentRaised, TargetTaken, TraceValue
from messages.errors import InvariantError
from messages.intents import CancelIntent, OrderIntent, OrderTerms, Side
from messages.orders import Fill, Liquidity
from messages.reasons import Reason
from messages.shadow import IntentSimulated, SimulatedFillDue

_TRADE = Decision.TRADE
_ZERO = Decimal(0)

RISK: Address = "risk"
"""The address of the portfolio risk actor."""


def raise_intent(slot: Slot, ctx: Context, terms: OrderTerms, reason: Reason, *, leaving: bool) -> str:
    """Journal an intent and send it to risk; returns its id. In shadow it is filled here instead, and never sent."""
    intent = OrderIntent(strategy=slot.settings.id, terms=terms, quote=slot.view.quote, reason=reason.value)
    if slot.state.shadow:
        return _simulate(slot, ctx, intent, leaving=leaving)
    intent_id = ctx.next_message_id()
    ctx.emit(IntentRaised(intent_id, intent, slot.state.position.quantity, leaving, ctx.now))
    ctx.send(RISK, intent)
    return intent_id


def _simulate(slot: Slot, ctx: Context, intent: OrderIntent, *, leaving: bool) -> str:
    """Journal what would have been sent, and have it filled by the rule of `actors.strategy.shadowing`."""
    terms, state = intent.terms, slot.state
    intent_id = f"shadow/{slot.key}#{state.simulated + 1}"
    quote = intent.quote
    if quote is None:
        raise InvariantError("an order needs a quote to be filled at", field=slot.key, value=intent_id)
    ctx.emit(IntentSimulated(intent_id, intent, state.position.quantity, leaving, ctx.now))
    buys = terms.side is Side.BUY
    price, shown = decimal_of(quote.ask if buys else quote.bid), quote.ask_size if buys else quote.bid_size
    nothing_there = shown is not None and shown < slot.settings.instrument.lot
    quantity = _ZERO if nothing_there else terms.quantity
    value = price * quantity * slot.settings.instrument.multiplier
    fill = Fill(
        intent_id,
        terms.venue,
        terms.symbol,
        slot.settings.id,
        intent_id,
        "",
        "",
        terms.side,
        price,
        quantity,
        value * slot.settings.shadow_fee,
        terms.symbol.split("-")[1],
        Liquidity.TAKER,
        ctx.now,
    )
    ctx.after(0, SimulatedFillDue(fill), key=intent_id)
    return intent_id


def ask_cancel(slot: Slot, ctx: Context, intent_id: str, reason: Reason) -> None:
    """Have whatever works for this intent cancelled; once is enough."""
    intent = slot.state.intents[intent_id]
    if intent.cancel_asked or intent.final_state is not None or slot.state.shadow:
        return
    instrument = slot.settings.instrument
    ctx.emit(CancelAsked(slot.settings.id, instrument.symbol, intent_id, reason, ctx.now))
    ctx.send(f"execution/{instrument.venue}", CancelIntent(intent_id, reason))


def cancel_entries(slot: Slot, ctx: Context, reason: Reason, *, adding_only: bool = False) -> None:
    """Ask for all open intents to be cancelled that are no exits; or only those that could add exposure."""
    for intent_id, intent in tuple(slot.state.intents.items()):
        if not intent.leaving and (intent.adds or not adding_only):
            ask_cancel(slot, ctx, intent_id, reason)


def forget_deferred(slot: Slot, ctx: Context) -> None:
    """The direction that waits for an open intent is no longer wanted, or is being acted on."""
    if slot.state.deferred is not None:
        ctx.emit(TargetTaken(slot.settings.id, slot.settings.instrument.symbol))


def record(
    slot: Slot,
    ctx: Context,
    decision: Decision,
    reason: Reason,
    explained: dict[str, TraceValue],
    *,
    sampled: bool = False,
) -> None:
    """Journal a decision with its trace; one that did not trade only when that is news, or it is a sample.

    What the stages of a pipeline saw goes with those that trade and with samples.
    """
    state = slot.state
    traded = decision is _TRADE
    if not (traded or sampled) and (state.decision, state.decision_reason) == (decision, reason):
        return
    trace = _trace(slot, ctx.now, explained, traded=traded) if ctx.explains else {}
    symbol = slot.settings.instrument.symbol
    stages = slot.stages if traded or sampled else None
    ctx.emit(DecisionMade(slot.settings.id, symbol, decision, reason, ctx.now, trace, stages))


def _trace(slot: Slot, now: int, explained: dict[str, TraceValue], *, traded: bool) -> dict[str, TraceValue]:
    view = slot.view
    age = view.quote_age(now)
    return {
        "bid": traced(view.bid),
        "ask": traced(view.ask),
        "quote_age_ms": None if age is None else age / 1e6,
        "position": float(slot.state.position.quantity),
        **(traced_judgement(slot, now) if traded else {}),
        **explained,
    }


def traced(value: TraceValue | int) -> TraceValue:
    """`value` as a trace stores it: numbers as float, what is not a number as None."""
    if value is None or isinstance(value, str):
        return value
    number = float(value)
    return number if isfinite(number) else None
