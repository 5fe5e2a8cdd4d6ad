"""The storm with a protective stop for every holding: never two of them live for one, and none for nothing."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

import msgspec
import pytest
from hypothesis import settings
from hypothesis.stateful import invariant, precondition, rule, run_state_machine_as_test

from messages.protection import ProtectionEnded, ProtectionRaised
from messages.reasons import Reason
from tests.actors.execution.rig import SAFE
from tests.actors.execution.test_storm import STORM, Storm, by_hand, reached

pytestmark = pytest.mark.property

PROTECTED = msgspec.structs.replace(
    SAFE,
    protective_stop=Decimal("0.1"),
    tick_sizes={"BTC-USDT": Decimal(1), "ETH-USDT": Decimal(1)},
    exit_attempts=1_000,
)


class Protected(Storm):
    """As `Storm`; exits that execution raises are stops here."""

    execution = PROTECTED

    def give_up(self) -> None:
        """Wards have a storm of their own."""

    @precondition(lambda self: self.wishes)
    @rule()
    def risk_approves(self) -> None:
        """More often than not."""
        self.risk_decides(approve=True)

    @invariant()
    def one_stop_lives_for_a_holding(self) -> None:
        state = self.rig.state
        living: Counter[str] = Counter()
        for order in state.live_orders():
            if order.protective and order.cancel_reason is not Reason.LATE_ACCEPTANCE:
                living[f"{order.beneficiary}|{order.strategy}|{order.symbol}"] += 1
        assert all(count == 1 for count in living.values())
        assert sorted(state.stops.values()) == sorted(
            key for key, kept in state.protections.items() if kept.intent_id
        )

    def count_what_was_reached(self) -> None:
        super().count_what_was_reached()
        reached["raised"] += len(self.rig.happened(ProtectionRaised))
        for ended in self.rig.happened(ProtectionEnded):
            reached[f"ended: {ended.reason.value}"] += 1

    def everything_has_ended_and_adds_up(self) -> None:
        super().everything_has_ended_and_adds_up()
        assert self.rig.state.stops == {}


def test_one_stop_lives_for_a_holding_whatever_happens() -> None:
    reached.clear()
    by_hand(Protected)
    run_state_machine_as_test(Protected, settings=settings(STORM, max_examples=60))
    wanted = {"raised", "ended: repriced", "ended: accepted", "exit filled", "doubted", "late_accepted"}
    assert {each for each in wanted if not reached[each]} == set()
