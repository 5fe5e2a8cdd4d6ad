"""Whose a listed fill is: of an order here, of one whose id at the venue was not told, or of nobody here."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from actors.execution.order import Order
from actors.execution.settings import SECOND
from messages.account_events import ExternalActivity
from messages.intents import OrderType, Side
from messages.orders import OrderState
from messages.reasons import Reason
from messages.venue import Outcome, PlaceResult, QueryFills, QueryOrder, QueryResult, VenueOrder
from messages.venue_account import AccountResult
from tests.actors.execution.listed import listed, of_order, opened, trade
from tests.actors.execution.rig import DOUR, START, SYMBOL, Rig, kinds, told, venue_event

pytestmark = pytest.mark.unit


def given_up() -> tuple[Rig, Order]:
    """An order whose request had no answer and that the venue denied until it was too late for it."""
    rig = Rig(DOUR)
    order = rig.submit()
    rig.place_result(order, Outcome.NO_ANSWER)
    while not order.settled:
        rig.absent(order)
        rig.wait(10 * SECOND)
    assert order.state is OrderState.NOT_SENT
    return rig, order


def test_a_listed_fill_of_nobody_is_external_and_counts_once() -> None:
    rig = Rig(DOUR)
    rig.working()
    opened(rig)
    listed(rig, trade("x1", venue_order_id="v99"))
    (activity,) = told(rig.envelopes, ExternalActivity, "risk")
    assert (activity.venue_order_id, activity.state, activity.ours) == ("v99", OrderState.UNKNOWN, False)
    assert rig.state.positions == {SYMBOL: Decimal(1)}
    opened(rig)
    listed(rig, trade("x1", venue_order_id="v99"))
    assert told(rig.envelopes, ExternalActivity, "risk") == []
    assert rig.state.positions == {SYMBOL: Decimal(1)}


def test_a_fill_from_before_the_first_reading_is_contained_in_it() -> None:
    rig = Rig(DOUR, seeded=False)
    held = {SYMBOL: Decimal(2)}
    rig.take(AccountResult("paper", Outcome.ACCEPTED, positions=held, time=START + 7))
    opened(rig)
    listed(rig, trade("x1", venue_order_id="v99", time=START + 7))
    assert told(rig.envelopes, ExternalActivity, "risk") == []
    assert rig.state.positions == held


def test_a_fill_that_may_be_of_an_order_given_up_is_nobodys_only_after_the_venue_denied_that_order() -> None:
    rig, order = given_up()
    opened(rig)
    rig.take(AccountResult("paper", Outcome.ACCEPTED, positions={SYMBOL: Decimal(1)}))
    assert kinds(rig.effects) == ["QueryFills"]
    listed(rig, trade("f1", venue_order_id="v7"))
    assert kinds(rig.effects) == ["QueryOrder"]
    assert told(rig.envelopes, ExternalActivity, "risk") == []
    rig.absent(order)
    assert "QueryFills" in kinds(rig.wait(SECOND))
    listed(rig, trade("f1", venue_order_id="v7"))
    assert len(told(rig.envelopes, ExternalActivity, "risk")) == 1


def test_a_question_about_an_order_given_up_is_owed_after_a_crash_or_its_answer_never_comes() -> None:
    rig, order = given_up()
    opened(rig)
    rig.take(AccountResult("paper", Outcome.ACCEPTED, positions={SYMBOL: Decimal(1)}))
    listed(rig, trade("f1", venue_order_id="v7"))
    owed = [effect for effect in rig.restart() if isinstance(effect, QueryOrder)]
    assert [effect.client_order_id for effect in owed] == [order.client_order_id]


def test_a_fill_of_an_order_given_up_that_was_accepted_late_is_booked_for_its_strategy() -> None:
    rig, order = given_up()
    opened(rig)
    rig.take(AccountResult("paper", Outcome.ACCEPTED, positions={SYMBOL: Decimal(1)}))
    assert kinds(rig.effects) == ["QueryFills"]
    listed(rig, trade("f1"))
    rig.found(order, OrderState.FILLED, "1")
    assert QueryFills("paper", SYMBOL, None, order.client_order_id, "v1") in rig.effects
    of_order(rig, order, trade("f1"))
    assert [fill.fill_id for fill in rig.fills("strategy/BTC-USDT")] == ["f1"]
    rig.wait(SECOND)
    listed(rig, trade("f1"))
    assert told(rig.sent, ExternalActivity, "risk") == []
    assert rig.state.positions == {SYMBOL: Decimal(1)}


def test_while_an_orders_fate_is_unknown_no_listed_fill_is_called_nobodys() -> None:
    rig = Rig(DOUR)
    order = rig.submit()
    rig.place_result(order, Outcome.NO_ANSWER)
    opened(rig)
    for _ in range(5):
        listed(rig, trade("f1", venue_order_id="v7"))
        assert told(rig.envelopes, ExternalActivity, "risk") == []
        rig.wait(60 * SECOND)


def guard(rig: Rig) -> Order:
    """A stop that waits at the venue, under the id that stops have there."""
    order = rig.submit(
        side=Side.SELL,
        order_type=OrderType.STOP,
        limit_price=None,
        stop_price=Decimal(90),
        worst_price=Decimal(80),
        reduce_only=True,
        increases_exposure=False,
    )
    rig.take(PlaceResult(order.client_order_id, Outcome.ACCEPTED, Reason.ACCEPTED, "stop-1"))
    return order


def told_as(rig: Rig, order: Order, venue_order_id: str, state: OrderState, filled: str = "0") -> Rig:
    """The venue's answer to a question for an order, with the id it has now."""
    name, terms = order.client_order_id, order.terms
    told = VenueOrder(name, venue_order_id, SYMBOL, terms.side, state, terms.quantity, Decimal(filled))
    return rig.take(QueryResult(name, Outcome.ACCEPTED, told))


def test_a_stop_that_triggered_while_the_desk_was_down_is_its_strategys_and_not_a_strangers() -> None:
    rig = Rig(DOUR)
    stop = guard(rig)
    rig.restart()
    stop = rig.state.orders[stop.client_order_id]
    opened(rig)
    listed(rig, trade("f1", venue_order_id="plain-7", side=Side.SELL))
    assert [effect.client_order_id for effect in rig.effects if isinstance(effect, QueryOrder)] == [
        stop.client_order_id
    ]
    told_as(rig, stop, "plain-7", OrderState.FILLED, "1")
    of_order(rig, stop, trade("f1", venue_order_id="plain-7", side=Side.SELL))
    assert [fill.fill_id for fill in rig.fills()] == ["f1"]
    rig.wait(SECOND)
    listed(rig, trade("f1", venue_order_id="plain-7", side=Side.SELL))
    assert told(rig.sent, ExternalActivity, "risk") == []
    assert (stop.state, stop.filled, stop.settled) == (OrderState.FILLED, Decimal(1), True)
    assert rig.state.at_venue.fills_due == {}


def test_a_strangers_fill_beside_a_stop_that_waits_is_external_once_the_stop_was_looked_at() -> None:
    rig = Rig(DOUR)
    stop = guard(rig)
    opened(rig)
    stranger = trade("f1", venue_order_id="theirs", side=Side.SELL)
    listed(rig, stranger)
    rig.silent(stop)
    rig.wait(SECOND)
    listed(rig, stranger)
    assert told(rig.sent, ExternalActivity, "risk") == [], "no answer says nothing"
    told_as(rig, stop, "stop-1", OrderState.WORKING)
    rig.wait(2 * SECOND)
    listed(rig, stranger)
    assert [each.fill.fill_id for each in told(rig.sent, ExternalActivity, "risk") if each.fill] == ["f1"]
    assert (stop.state, stop.filled) == (OrderState.WORKING, Decimal(0))
    assert rig.state.at_venue.fills_due == {}


def test_an_answer_to_placing_that_comes_after_a_stop_has_triggered_does_not_hide_its_fills() -> None:
    rig = Rig(DOUR)
    stop = guard(rig)
    rig.take(msgspec.structs.replace(venue_event(stop, OrderState.WORKING, 1), venue_order_id="plain-7"))
    rig.take(PlaceResult(stop.client_order_id, Outcome.ACCEPTED, Reason.ACCEPTED, "stop-1"))
    opened(rig)
    listed(rig, trade("f1", venue_order_id="plain-7", side=Side.SELL))
    told_as(rig, stop, "plain-7", OrderState.FILLED, "1")
    of_order(rig, stop, trade("f1", venue_order_id="plain-7", side=Side.SELL))
    rig.wait(SECOND)
    listed(rig, trade("f1", venue_order_id="plain-7", side=Side.SELL))
    assert told(rig.sent, ExternalActivity, "risk") == []
    assert (stop.state, stop.filled, stop.settled) == (OrderState.FILLED, Decimal(1), True)


def test_a_liquidation_without_the_id_of_its_execution_is_looked_up_at_once() -> None:
    rig = Rig(DOUR)
    rig.working()
    opened(rig)
    listed(rig, trade("f1"))
    told_closed = venue_event("autoclose-1", OrderState.FILLED, rig.state.stream_sequence + 1, filled="1")
    rig.take(msgspec.structs.replace(told_closed, venue_order_id="v9", side=Side.SELL))
    (asked,) = [effect for effect in rig.effects if isinstance(effect, QueryFills)]
    assert (asked.symbol, asked.client_order_id) == (SYMBOL, None)
    listed(rig, trade("f1"), trade("x1", venue_order_id="v9", side=Side.SELL))
    (activity,) = told(rig.envelopes, ExternalActivity, "risk")
    assert activity.fill is not None
    assert (activity.fill.fill_id, rig.state.positions) == ("x1", {})
