"""What a strategy may hold: no entry is raised beyond its budget, as a person set it last or as it is configured."""

from __future__ import annotations

from decimal import Decimal

from actors.strategy.state import StrategyActorState
from cluster.simulator.desk.audit.finding import Finding
from cluster.simulator.desk.audit.members import Heard
from cluster.simulator.desk.reached import Reached
from cluster.store.memory import MemoryStore
from cluster.store.port import Section
from config import DeskConfig
from messages.base import Envelope
from messages.decisions import SetStrategyBudget
from messages.intents import OrderIntent, Purpose

_SLACK = Decimal("1.01")
"""Entries are sized at the price they may cost, and are valued here at the one that was seen."""
_FULL = Decimal("0.9")


class BudgetAudit:
    """Judged by what an actor had heard of the control stream around its step, and by what its strategies held."""

    def __init__(self, store: MemoryStore, config: DeskConfig, reached: Reached) -> None:
        self._store = store
        self._reached = reached
        self._configured = {name: each.budget for name, each in config.strategies.items()}
        self._parts = {
            name: 1 if each.group else len(config.symbols_of(name))
            for name, each in config.strategies.items()
        }
        self._rates = {symbol: config.desk.rate_of(symbol.split("-")[1]) for symbol in config.symbols}

    def held(self, state: StrategyActorState, section: Section) -> list[Decimal]:
        """What the strategies of the section's entries hold, entry by entry."""
        known = [state.strategies.get(f"{each.strategy}/{each.terms.symbol}") for each in _entries(section)]
        return [Decimal(0) if each is None else each.position.quantity for each in known]

    def committed(
        self, section: Section, heard: Heard, before: list[Decimal], after: StrategyActorState
    ) -> None:
        """A strategy actor's step was committed, of whose entries the strategies held so much `before` it."""
        for entry, earlier, later in zip(_entries(section), before, self.held(after, section), strict=True):
            terms, quote = entry.terms, entry.quote
            budgets = [self._budget(entry.strategy, each) for each in heard]
            if None in budgets or quote is None:
                continue
            price = Decimal(repr(quote.bid)) if terms.limit_price is None else terms.limit_price
            rate = self._rates[terms.symbol]
            assert rate is not None, terms.symbol
            signed = terms.quantity * terms.side.sign
            # what it held when it raised the entry is one of the two, or between them
            least = min(abs(held + signed) for held in (earlier, later))
            most = max(each for each in budgets if each is not None) / self._parts[entry.strategy]
            value = least * price * rate
            if value > most * _SLACK:
                what = f"an entry of {entry.strategy} on {terms.symbol} exceeds the strategy's budget"
                raise Finding(3, what, actors=(section.address,), value=(value, most))
            if value > most * _FULL:
                self._reached.count("an entry filled the budget of its strategy")

    def _budget(self, strategy: str, heard: int) -> Decimal | None:
        for envelope in reversed(self._store.control.entries[:heard]):
            message = envelope.message if isinstance(envelope, Envelope) else None
            if isinstance(message, SetStrategyBudget) and message.strategy == strategy:
                return self._configured[strategy] if message.budget is None else message.budget
        return self._configured[strategy]


def _entries(section: Section) -> list[OrderIntent]:
    return [
        each.message
        for each in section.envelopes
        if isinstance(each.message, OrderIntent) and each.message.terms.purpose is Purpose.ENTRY
    ]
