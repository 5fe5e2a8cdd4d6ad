"""Effects: which of them wait for each other, and which may be performed without the lease."""

from __future__ import annotations

import pytest

from messages.base import Effect
from tests.messages.desk_types import desk_types
from tests.messages.stored_samples import example

pytestmark = pytest.mark.unit

LANES = {
    "PlaceOrder": "client_order_id",
    "CancelOrder": "client_order_id",
    "QueryOrder": "client_order_id",
    "ReplaceOrder": "client_order_id",
    "QueryAccount": "account:venue",
    "ConfigureAccount": "account:venue",
    "QueryFills": "fills:venue:symbol",
    "QueryInstruments": "instruments:venue",
    "ArmDeadMan": "dead-man:venue",
    "StartChild": "child",
    "StopChild": "child",
    "FenceChild": "child",
    "DiscoverChildren": "",
    "EndSupervisor": "",
    "LeaveDesk": "",
    "ObserveMarket": "market",
}
"""What each effect's lane is made of; in the full example a text field holds its own name."""

HARMLESS = {
    "CancelOrder",
    "QueryOrder",
    "QueryAccount",
    "QueryFills",
    "QueryInstruments",
    "ArmDeadMan",
    "ConfigureAccount",
    "ObserveMarket",
}

EFFECTS = {kind.__name__: kind for kind in desk_types() if issubclass(kind, Effect)}


def test_the_table_names_every_effect() -> None:
    assert LANES.keys() == EFFECTS.keys()


@pytest.mark.parametrize(("name", "lane"), LANES.items())
def test_effects_of_one_order_account_or_child_are_serial(name: str, lane: str) -> None:
    assert example(EFFECTS[name], "full").lane == lane


def test_only_questions_cancels_and_what_may_be_repeated_are_harmless() -> None:
    assert {name for name, kind in EFFECTS.items() if kind.harmless} == HARMLESS
