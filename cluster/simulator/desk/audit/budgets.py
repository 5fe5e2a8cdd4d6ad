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
from messages.decisions import IntentRaised, PositionChanged, SetStrategyBudget
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

    def held(self, state: StrategyActorState, section: Section) -> dict[str, Decimal]:
        """What the strategies of the section's entries hold before it, by strategy and symbol."""
        names = [_name(each.intent.strategy, each.intent.terms.symbol) for each in _entries(section)]
        known = {name: state.strategies.get(name) for name in names}
        return {name: Decimal(0) if each is None else each.position.quantity for name, each in known.items()}

    def committed(self, section: Section, heard: Heard, held: dict[str, Decimal]) -> None:
        """A strategy actor's step was committed, before which the strategies of its entries `held` so much.

        What fills and corrections of the step change counts for the entries that are raised after them.
        """
        for event in section.record.events:
            if isinstance(event, PositionChanged):
                held[_name(event.strategy, event.symbol)] = event.position
            elif isinstance(event, IntentRaised) and event.intent.terms.purpose is Purpose.ENTRY:
                self._judge(section, event.intent, heard, held)

    def _judge(self, section: Section, entry: OrderIntent, heard: Heard, held: dict[str, Decimal]) -> None:
        terms, quote = entry.terms, entry.quote
        budgets = [self._budget(entry.strategy, each) for each in heard]
        if None in budgets or quote is None:
            return
        price = Decimal(repr(quote.bid)) if terms.limit_price is None else terms.limit_price
        rate = self._rates[terms.symbol]
        assert rate is not None, terms.symbol
        after = held[_name(entry.strategy, terms.symbol)] + terms.quantity * terms.side.sign
        most = max(each for each in budgets if each is not None) / self._parts[entry.strategy]
        value = abs(after) * price * rate
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


def _entries(section: Section) -> list[IntentRaised]:
    raised = (each for each in section.record.events if isinstance(each, IntentRaised))
    return [each for each in raised if each.intent.terms.purpose is Purpose.ENTRY]


def _name(strategy: str, symbol: str) -> str:
    return f"{strategy}/{symbol}"
