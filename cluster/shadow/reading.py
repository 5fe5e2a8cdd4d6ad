"""What one strategy of a recorded desk decided and traded, or would have, from the journals of its actors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

import msgspec

from cluster.replaying.recorded import Recorded
from messages.base import Message
from messages.decisions import Decision, DecisionMade, IntentRaised, PositionChanged
from messages.errors import ConfigurationError
from messages.shadow import IntentSimulated

ACTORS = "strategy/"


class Decided(msgspec.Struct):
    """One decision at desk time `time` (ns UTC).

    With an order its side (+1, -1), quantity (base units), whether it was simulated, and the average `price` (quote
    currency per base unit) at which it was filled, None while it was not. Exits by level are decisions as well.
    """

    symbol: str
    time: int
    decision: Decision
    reason: str
    side: int = 0
    quantity: Decimal | None = None
    intent_id: str | None = None
    simulated: bool = False
    price: float | None = None

    @property
    def trades(self) -> bool:
        """Whether an order came of it."""
        return self.intent_id is not None


def decisions_of(recorded: Recorded, strategy: str) -> list[Decided]:
    """The decisions of a strategy that were recorded, in the order of time.

    A strategy records what trades, and of what does not trade what is news; so two that decide alike record alike.
    Raises `ConfigurationError` when it has none.
    """
    found: list[Decided] = []
    for address, actor in sorted(recorded.actors.items()):
        if address.startswith(ACTORS):
            found += _of_actor((record.events for record in actor.records()), strategy)
    if not found:
        raise ConfigurationError(
            "no decision of this strategy was recorded",
            field="strategy",
            value=strategy,
            remedy=f"it is one of {', '.join(recorded.header.config.document.get('strategies', {}))}, and has traded",
        )
    return sorted(found, key=lambda each: (each.time, each.symbol))


def _of_actor(steps: Iterator[Sequence[Message]], strategy: str) -> list[Decided]:
    found: list[Decided] = []
    by_intent: dict[str, Decided] = {}
    booked: dict[str, tuple[Decimal, Decimal]] = {}
    for events in steps:
        made: list[Decided] = []
        for event in events:
            if isinstance(event, DecisionMade) and event.strategy == strategy:
                made.append(Decided(event.symbol, event.time, event.decision, event.reason.value))
        for event in events:
            if isinstance(event, IntentRaised | IntentSimulated) and event.intent.strategy == strategy:
                by_intent[event.intent_id] = _with_order(made, event)
            elif isinstance(event, PositionChanged) and event.intent_id in by_intent:
                quantity, value = booked.get(event.intent_id, (Decimal(0), Decimal(0)))
                quantity, value = quantity + event.quantity, value + event.quantity * event.price
                booked[event.intent_id] = quantity, value
                by_intent[event.intent_id].price = float(value / quantity)
        found += made
    return found


def _with_order(made: list[Decided], event: IntentRaised | IntentSimulated) -> Decided:
    """The decision that the order came of; an exit by level is one of its own."""
    terms = event.intent.terms
    for each in made:
        if each.symbol == terms.symbol and each.decision is Decision.TRADE and not each.trades:
            decided = each
            break
    else:
        decided = Decided(terms.symbol, event.time, Decision.TRADE, event.intent.reason)
        made.append(decided)
    decided.side, decided.quantity = terms.side.sign, terms.quantity
    decided.intent_id, decided.simulated = event.intent_id, isinstance(event, IntentSimulated)
    return decided
