"""The storm with stops, which become another order when they are set off, under an id that nobody may have heard.

Lists of fills name that id alone: no fill of a stop may be called a stranger's because of it.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule, run_state_machine_as_test

from actors.execution.settings import SECOND
from messages.account_events import ExternalActivity
from messages.intents import OrderType, Purpose, Side
from tests.actors.execution.rig import approved, told
from tests.actors.execution.test_dour_storm import DourStorm
from tests.actors.execution.test_storm import FATES, STORM, SYMBOLS, by_hand, reached

pytestmark = pytest.mark.property


class StopStorm(DourStorm):
    """As `DourStorm`, with stops beside the orders that trade on their symbols."""

    def __init__(self) -> None:
        super().__init__()
        self.venue.stops_wait = True

    @rule(
        quantity=st.integers(1, 3),
        side=st.sampled_from(Side),
        symbol=st.sampled_from(SYMBOLS),
        fate=st.sampled_from(FATES),
    )
    def submit_stop(self, quantity: int, side: Side, symbol: str, fate: str) -> None:
        self.intents += 1
        changes: dict[str, Any] = {"quantity": Decimal(quantity), "side": side, "symbol": symbol}
        changes |= {"order_type": OrderType.STOP, "limit_price": None, "stop_price": Decimal(90)}
        changes |= {"purpose": Purpose.PROTECTIVE, "deadline": self.rig.now + 20 * SECOND}
        self.take(
            approved(self.intents, mode_version=self.version, increases_exposure=False, **changes), "risk"
        )
        order = self.rig.state.order_of(f"strategy/BTC-USDT#{self.intents}")
        if order is not None:
            self.perform(order.client_order_id, fate)
            self.answer(order.client_order_id)

    @precondition(lambda self: any(order.waits for order in self.venue.orders.values()))
    @rule(choice=st.integers(0, 50), quantity=st.sampled_from(["0", "0.5", "3"]), heard=st.booleans())
    def a_stop_is_set_off(self, choice: int, quantity: str, heard: bool) -> None:
        waiting = [name for name, order in self.venue.orders.items() if order.waits]
        name = waiting[choice % len(waiting)]
        self.venue.trigger(name)
        self.venue.trade(name, Decimal(quantity))
        if not heard:
            self.interrupt()
            lane = f"fills:paper:{self.venue.orders[name].request.symbol}"
            while lane in self.ready():  # the list of fills may be the first to answer
                self.perform(lane, "answered")
                self.answer(lane)

    def everything_has_ended_and_adds_up(self) -> None:
        super().everything_has_ended_and_adds_up()
        assert told(self.rig.sent, ExternalActivity, "risk") == []

    def count_what_was_reached(self) -> None:
        super().count_what_was_reached()
        stops = [order for order in self.venue.orders.values() if order.request.stop_price is not None]
        reached["stop filled"] += sum(order.filled > 0 for order in stops)
        reached["stop never set off"] += sum(order.waits for order in stops)


def test_fills_of_stops_are_never_called_a_strangers() -> None:
    reached.clear()
    by_hand(StopStorm)
    run_state_machine_as_test(StopStorm, settings=settings(STORM, max_examples=60))
    wanted = {"stop filled", "stop never set off", "late_accepted", "not_sent", "fill by question"}
    assert {each for each in wanted if not reached[each]} == set()
