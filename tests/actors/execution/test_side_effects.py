"""One table: what becomes of a side effect that the venue answers badly, for a place, a cancel and a question."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from actors.execution.settings import SECOND, ExecutionSettings
from messages.intents import OrderType, Purpose, Side
from messages.order_events import OrderEscalated
from messages.orders import OrderState
from messages.reasons import Reason
from messages.venue import CancelOrder, Outcome, PlaceOrder, QueryOrder
from tests.actors.execution.rig import DOUR, SAFE, SYMBOL, WARY, Rig, approved, intent, kinds, state_of

pytestmark = pytest.mark.unit

VENUES = pytest.mark.parametrize("venue", [SAFE, WARY, DOUR], ids=["safe", "wary", "dour"])


# --- timeout after submit


@VENUES
def test_place_timeout_asks_at_once_freezes_and_is_never_sent_blindly(venue: ExecutionSettings) -> None:
    rig = Rig(venue)
    order = rig.submit()
    rig.place_result(order, Outcome.NO_ANSWER)
    assert rig.effects == [QueryOrder(order.client_order_id, SYMBOL)]
    assert order.state is OrderState.UNKNOWN
    rig.take(approved(2), sender="risk")
    final = rig.final(2)
    assert final is not None
    assert final.reason is Reason.SYMBOL_FROZEN
    rig.found(order, OrderState.WORKING)
    assert state_of(order) is OrderState.WORKING
    rig.submit(3)
    assert kinds(rig.effects) == ["PlaceOrder"]


@VENUES
def test_cancel_timeout_asks_and_cancels_again_what_still_works(venue: ExecutionSettings) -> None:
    rig = Rig(venue)
    order = rig.working()
    rig.cancel()
    rig.cancel_result(order, Outcome.NO_ANSWER)
    assert rig.effects == [QueryOrder(order.client_order_id, SYMBOL, "v1")]
    rig.found(order, OrderState.WORKING)
    assert rig.effects == [CancelOrder(order.client_order_id, SYMBOL, "v1")]
    rig.cancel_result(order, Outcome.NO_ANSWER)
    rig.found(order, OrderState.CANCELLED)
    final = rig.final()
    assert final is not None
    assert final.state is OrderState.CANCELLED


# --- 429, then visible


@VENUES
def test_place_429_is_tried_later_under_the_same_id(venue: ExecutionSettings) -> None:
    rig = Rig(venue)
    order = rig.submit()
    rig.place_result(order, Outcome.NOT_SENT, Reason.RATE_LIMIT)
    assert rig.effects == []
    (again,) = rig.wait(SECOND)
    assert isinstance(again, PlaceOrder)
    assert again.client_order_id == order.client_order_id
    rig.event(order, OrderState.WORKING)
    assert state_of(order) is OrderState.WORKING


@VENUES
def test_place_429_whose_order_becomes_visible_all_the_same_is_not_tried_again(
    venue: ExecutionSettings,
) -> None:
    rig = Rig(venue)
    order = rig.submit()
    rig.place_result(order, Outcome.NOT_SENT, Reason.RATE_LIMIT)
    rig.event(order, OrderState.WORKING)
    assert state_of(order) is OrderState.WORKING
    assert rig.wait(SECOND) == []


@VENUES
def test_place_429_to_the_end_ends_and_what_becomes_visible_all_the_same_is_ours(
    venue: ExecutionSettings,
) -> None:
    rig = Rig(venue)
    order = rig.submit()
    for _ in range(venue.max_sends):
        rig.place_result(order, Outcome.NOT_SENT, Reason.RATE_LIMIT)
        rig.wait(SECOND)
    final = rig.final()
    assert final is not None
    assert (final.state, final.reason) == (OrderState.NOT_SENT, Reason.RATE_LIMIT)
    rig.event(order, OrderState.WORKING)
    assert state_of(order) is OrderState.PENDING_CANCEL
    assert kinds(rig.effects) == ["CancelOrder"]


@VENUES
def test_cancel_429_is_tried_again_and_an_order_gone_meanwhile_ends(venue: ExecutionSettings) -> None:
    rig = Rig(venue)
    order = rig.working()
    rig.cancel()
    rig.cancel_result(order, Outcome.NOT_SENT, Reason.RATE_LIMIT)
    assert kinds(rig.wait(SECOND)) == ["CancelOrder"]
    rig.event(order, OrderState.CANCELLED)
    final = rig.final()
    assert final is not None
    assert rig.wait(3_600 * SECOND) == []


# --- unknown escalates


@VENUES
def test_place_of_unknown_fate_is_probed_by_the_schedule_and_escalates_once_at_the_eighth(
    venue: ExecutionSettings,
) -> None:
    rig = Rig(venue)
    order = rig.submit()
    rig.place_result(order, Outcome.NO_ANSWER)
    waits = []
    for probe in range(1, 13):
        rig.silent(order)
        assert len(rig.happened(OrderEscalated)) == (probe >= 8)
        waits.append((rig.timers[f"probe:{order.client_order_id}"].due - rig.now) // SECOND)
        assert kinds(rig.wait(waits[-1] * SECOND)) == ["QueryOrder"]
    assert waits == [1, 5, 30, 60, 120, 240, 480, 900, 900, 900, 900, 900]
    assert order.state is OrderState.UNKNOWN
    assert rig.final() is None


@VENUES
def test_cancel_of_unknown_fate_escalates_too_and_the_order_stays_open(venue: ExecutionSettings) -> None:
    rig = Rig(venue)
    order = rig.working()
    rig.cancel()
    rig.cancel_result(order, Outcome.NO_ANSWER)
    for _ in range(10):
        rig.silent(order)
        rig.wait(900 * SECOND)
    assert len(rig.happened(OrderEscalated)) == 1
    assert rig.final() is None
    rig.found(order, OrderState.CANCELLED)
    assert rig.final() is not None


# --- stale pending: the process died with the request under way


@VENUES
def test_place_pending_over_a_restart_is_asked_for_and_not_sent_again(venue: ExecutionSettings) -> None:
    rig = Rig(venue)
    order = rig.submit()
    assert rig.restart() == [QueryOrder(order.client_order_id, SYMBOL)]


@VENUES
def test_cancel_pending_over_a_restart_is_sent_again_as_it_is_harmless(venue: ExecutionSettings) -> None:
    rig = Rig(venue)
    order = rig.working()
    rig.cancel()
    assert rig.restart() == [CancelOrder(order.client_order_id, SYMBOL, "v1")]


# --- freezing, age


def test_the_whole_venue_may_be_frozen_and_exits_and_cancels_pass() -> None:
    rig = Rig(msgspec.structs.replace(SAFE, freeze_venue=True))
    working = rig.working(1)
    unknown = rig.submit(2)
    rig.place_result(unknown, Outcome.NO_ANSWER)
    rig.take(approved(3, symbol="ETH-USDT"), sender="risk")
    final = rig.final(3)
    assert final is not None
    assert final.reason is Reason.SYMBOL_FROZEN
    rig.take(approved(4, symbol="ETH-USDT", increases_exposure=False), sender="risk")
    assert kinds(rig.effects) == ["PlaceOrder"]
    rig.cancel(1)
    assert rig.effects == [CancelOrder(working.client_order_id, SYMBOL, "v1")]


def test_an_order_that_has_worked_for_too_long_is_cancelled_whatever_its_terms() -> None:
    rig = Rig(msgspec.structs.replace(SAFE, max_order_age_ns=60 * SECOND))
    order = rig.working(1)
    shorter = rig.working(2, time_to_live=10 * SECOND)
    assert rig.wait(10 * SECOND) == [CancelOrder(shorter.client_order_id, SYMBOL, "v2")]
    rig.event(shorter, OrderState.CANCELLED)
    assert rig.wait(49 * SECOND) == []
    assert rig.wait(SECOND) == [CancelOrder(order.client_order_id, SYMBOL, "v1")]
    rig.event(order, OrderState.CANCELLED)
    assert rig.wait(3_600 * SECOND) == []
    assert rig.state.order_of(intent(1)) is order


def test_a_protective_stop_never_grows_too_old() -> None:
    rig = Rig(msgspec.structs.replace(SAFE, max_order_age_ns=60 * SECOND))
    rig.working(
        1,
        side=Side.SELL,
        order_type=OrderType.STOP,
        limit_price=None,
        stop_price=Decimal(90),
        worst_price=Decimal(80),
        purpose=Purpose.PROTECTIVE,
        increases_exposure=False,
    )
    assert rig.wait(600 * SECOND) == []
