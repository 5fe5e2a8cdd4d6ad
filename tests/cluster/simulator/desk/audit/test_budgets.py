"""The auditor's word on budgets: an entry is judged by what its strategy held when it was raised."""

from __future__ import annotations

from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from actors.strategy.state import StrategyActorState
from cluster.simulator.desk.audit.budgets import BudgetAudit
from cluster.simulator.desk.audit.finding import Finding
from cluster.simulator.desk.reached import Reached
from cluster.store.memory import MemoryStore
from messages.base import Message
from messages.decisions import IntentRaised, PositionChanged
from messages.intents import OrderIntent, OrderTerms, OrderType, Purpose, Side
from messages.market import QuoteSnapshot

pytestmark = pytest.mark.unit

BTC = "BTC-USDT"
QUOTE = QuoteSnapshot(100.0, 101.0, 1.0, 1.0, 0, 0)


def raised(quantity: int, purpose: Purpose = Purpose.ENTRY) -> IntentRaised:
    terms = OrderTerms(
        symbol=BTC,
        venue="alpha",
        side=Side.BUY,
        quantity=Decimal(quantity),
        order_type=OrderType.MARKET,
        worst_price=Decimal(101),
        deadline=1,
        purpose=purpose,
    )
    return IntentRaised("i", OrderIntent("rest", terms, QUOTE, "signal"), Decimal(0), False, 0)


def holds(position: int) -> PositionChanged:
    one = Decimal(1)
    return PositionChanged("rest", BTC, "f", "", Side.BUY, one, one, Decimal(position), None, None, one, 0)


def judge(*events: Message) -> None:
    """A step of a strategy that held nothing before it, and may hold 10."""
    config: Any = SimpleNamespace(
        strategies={"rest": SimpleNamespace(budget=Decimal(1_000), group=False)},
        symbols={BTC: None},
        symbols_of=lambda name: [BTC],
        desk=SimpleNamespace(rate_of=lambda currency: Decimal(1)),
    )
    audit = BudgetAudit(MemoryStore(), config, Reached())
    section: Any = SimpleNamespace(address="strategy/BTC-USDT", record=SimpleNamespace(events=events))
    audit.committed(section, (0, 0), audit.held(StrategyActorState(), section))


def test_what_a_step_booked_before_an_entry_counts_and_what_it_booked_after_does_not() -> None:
    judge(raised(10))
    judge(holds(-10), raised(20), holds(-1))
    with pytest.raises(Finding, match="exceeds the strategy's budget"):
        judge(holds(1), raised(10))
    with pytest.raises(Finding, match="exceeds the strategy's budget"):
        judge(raised(11), holds(-5))


def test_what_leaves_a_position_is_no_entry() -> None:
    judge(holds(1), raised(50, Purpose.EXIT))
