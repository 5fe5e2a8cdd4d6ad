"""What is remembered: positions from fills, bounds that keep duplicates harmless, and a journal that replays."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.execution.actor import ExecutionActor
from messages.account_events import ExternalActivity
from messages.intents import Side
from messages.order_events import IntentIgnored
from messages.orders import OrderState
from messages.reasons import Reason
from messages.venue import Outcome
from tests.actors.execution.rig import SAFE, Rig, approved, intent, snapshot, told, venue_event

pytestmark = pytest.mark.unit


def trade(rig: Rig, number: int, side: Side, quantity: str, price: str) -> None:
    order = rig.submit(number, side=side, quantity=Decimal(quantity))
    rig.event(order, OrderState.FILLED, filled=quantity, fill=f"f{number}", price=price)


def test_a_holding_averages_in_keeps_its_price_on_the_way_out_and_flips() -> None:
    rig = Rig()
    trade(rig, 1, Side.BUY, "1", "100")
    trade(rig, 2, Side.BUY, "3", "104")
    (held,) = rig.state.holdings.values()
    assert (held.quantity, held.average_price) == (Decimal(4), Decimal(103))
    trade(rig, 3, Side.SELL, "1", "110")
    assert (held.quantity, held.average_price) == (Decimal(3), Decimal(103))
    trade(rig, 4, Side.SELL, "5", "90")
    assert (held.quantity, held.average_price) == (Decimal(-2), Decimal(90))
    trade(rig, 5, Side.BUY, "2", "80")
    assert (rig.state.holdings, rig.state.positions) == ({}, {})


@settings(max_examples=50)
@given(st.lists(st.tuples(st.sampled_from(Side), st.integers(1, 5), st.integers(90, 110)), max_size=12))
def test_the_position_is_the_sum_of_the_fills(trades: list[tuple[Side, int, int]]) -> None:
    rig = Rig()
    for number, (side, quantity, price) in enumerate(trades, start=1):
        trade(rig, number, side, str(quantity), str(price))
    total = Decimal(sum(side.sign * quantity for side, quantity, _ in trades))
    assert rig.state.positions.get("BTC-USDT", Decimal(0)) == total
    assert sum((h.quantity for h in rig.state.holdings.values()), Decimal(0)) == total


SMALL = msgspec.structs.replace(SAFE, keep_closed=8, keep_tombstones=8)


def test_closed_orders_are_pruned_and_their_intents_still_can_not_come_twice() -> None:
    rig = Rig(SMALL)
    for number in range(1, 31):
        trade(rig, number, Side.BUY, "1", "100")
    assert len(rig.state.closed) <= 9
    assert len(rig.state.orders) == len(rig.state.intents) == len(rig.state.closed)
    rig.take(approved(3), sender="risk")
    assert rig.events == [IntentIgnored(intent(3), Reason.DUPLICATE_INTENT)]
    rig.cancel(3)
    assert rig.events == []
    rig.take(approved(31), sender="risk")
    assert rig.effects != []


def test_a_live_order_is_never_pruned() -> None:
    rig = Rig(SMALL)
    resting = rig.working(1)
    for number in range(2, 40):
        trade(rig, number, Side.BUY, "1", "100")
    assert rig.state.orders[resting.client_order_id] is resting
    rig.event(resting, OrderState.FILLED, filled="1", fill="f1")
    assert rig.final(1) is not None


def test_a_fill_of_a_forgotten_order_is_told_to_risk_as_activity_under_our_prefix() -> None:
    rig = Rig(SMALL)
    order = rig.working(1)
    rig.cancel(1)
    rig.event(order, OrderState.CANCELLED)
    for number in range(2, 40):
        trade(rig, number, Side.BUY, "1", "100")
    rig.take(
        venue_event(order, OrderState.CANCELLED, rig.state.stream_sequence + 1, filled="0.5", fill="late")
    )
    (activity,) = told(rig.envelopes, ExternalActivity, "risk")
    assert activity.ours
    assert activity.fill is not None


def test_tombstones_are_bounded_oldest_first() -> None:
    rig = Rig(SMALL)
    for number in range(1, 40):
        rig.cancel(number)
    assert len(rig.state.tombstones) <= 8
    assert list(rig.state.tombstones)[-1] == intent(39)


def test_an_intent_id_of_another_form_is_taken_too() -> None:
    rig = Rig(SMALL)
    rig.take(approved(intent_id="by-hand"), sender="risk")
    assert rig.effects != []
    assert not rig.state.was_forgotten("by-hand")


def test_the_journal_replays_to_the_same_state_through_a_whole_life() -> None:
    rig = Rig()
    order = rig.submit(1)
    rig.place_result(order, Outcome.NO_ANSWER)
    rig.absent(order).absent(order)
    rig.place_result(order, Outcome.ACCEPTED)
    rig.event(order, OrderState.PARTIALLY_FILLED, filled="0.25", fill="f1")
    rig.cancel(1)
    rig.event(order, OrderState.CANCELLED, filled="0.25")
    replayed: ExecutionActor = rig.replayed()
    assert snapshot(replayed) == snapshot(rig.actor)


def test_the_summary_tells_what_lives_and_what_is_unknown() -> None:
    rig = Rig()
    order = rig.submit()
    rig.place_result(order, Outcome.NO_ANSWER)
    assert rig.actor.summary() == "1 live orders, normal, unknown: BTC-USDT"
