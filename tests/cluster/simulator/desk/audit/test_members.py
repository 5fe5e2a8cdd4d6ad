"""The auditor's word on who may leave: what a strategy closes is never held back as its symbol has left."""

from __future__ import annotations

from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from actors.strategy.position import Position
from actors.strategy.state import StrategyActorState, StrategyState
from cluster.simulator.desk.audit.finding import Finding
from cluster.simulator.desk.audit.members import RISK, MemberAudit
from cluster.simulator.desk.reached import Reached
from cluster.store.memory import MemoryStore
from messages.base import Envelope
from messages.intents import Purpose, Side, Verdict
from messages.portfolio import IntentDecided
from messages.reasons import Reason
from messages.universe import UniverseChanged

pytestmark = pytest.mark.unit

ETH, OWNER = "ETH-USDT", "strategy/ETH-USDT"
OUTSIDE = Reason.NOT_IN_UNIVERSE
LEFT = "a symbol was left against what others held of it"


def decided(
    verdict: Verdict,
    reason: Reason,
    *,
    side: Side = Side.SELL,
    quantity: int = 2,
    purpose: Purpose = Purpose.EXIT,
) -> IntentDecided:
    asked, one = Decimal(quantity), Decimal(1)
    allowed = Decimal(0) if verdict is Verdict.REJECTED else asked
    return IntentDecided(
        f"{OWNER}#1", OWNER, "cross", "alpha", ETH, side, purpose, asked, allowed, one, one, verdict, reason, 1,
        True, "risk#1", (), 0,
    )  # fmt: skip


def judge(event: IntentDecided, *, exists: bool = True) -> Reached:
    """Risk decides so, while the strategy holds 2 of a symbol that is outside."""
    store, reached = MemoryStore(), Reached()
    told = UniverseChanged(1, (), (), (ETH,), "removed")
    store.control.append(Envelope("universe", 1, "control", "", "", 0, told))
    state = StrategyActorState()
    state.strategies[f"cross/{ETH}"] = StrategyState("cross", ETH, position=Position(Decimal(2)))
    shadows: Any = {OWNER: SimpleNamespace(actor=SimpleNamespace(state=state))}
    section: Any = SimpleNamespace(address=RISK, record=SimpleNamespace(events=[event]))
    MemberAudit(store, reached, exists=exists).committed(section, (1, 1), shadows)
    return reached


@pytest.mark.parametrize("verdict", [Verdict.REJECTED, Verdict.RESIZED])
@pytest.mark.parametrize("purpose", [Purpose.EXIT, Purpose.STOP, Purpose.TARGET])
def test_what_a_strategy_closes_is_not_held_back_by_the_universe(verdict: Verdict, purpose: Purpose) -> None:
    with pytest.raises(Finding, match="held back as that is outside the universe") as found:
        judge(decided(verdict, OUTSIDE, purpose=purpose))
    assert found.value.invariant == 4


@pytest.mark.parametrize(
    "event",
    [
        decided(Verdict.REJECTED, Reason.MODE_REDUCE),
        decided(Verdict.REJECTED, OUTSIDE, side=Side.BUY),
        decided(Verdict.REJECTED, OUTSIDE, quantity=3),
        decided(Verdict.REJECTED, OUTSIDE, purpose=Purpose.ENTRY),
    ],
)
def test_what_does_not_close_or_is_held_back_for_something_else_is_no_fault(event: IntentDecided) -> None:
    assert not judge(event).counts[LEFT]


def test_an_exit_that_opens_the_account_is_counted_where_there_is_a_universe() -> None:
    passed = decided(Verdict.APPROVED, Reason.ACCEPTED)
    assert judge(passed).counts[LEFT] == 1
    assert not judge(passed, exists=False).counts[LEFT]
