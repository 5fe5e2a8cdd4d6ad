"""From an approved intent to an order: write-ahead, every reason against it, and each immediate outcome."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from actors.execution.settings import SECOND
from actors.venues.port import VenueTraits
from messages.control import Mode
from messages.intents import OrderType, PositionLeg, Purpose, Side, TimeInForce
from messages.order_events import (
    IntentEnded,
    IntentIgnored,
    OrderPlacing,
    OrderSimulated,
    OrderTransitioned,
)
from messages.orders import OrderReport, OrderState
from messages.reasons import Reason
from messages.supervision import GiveUpPolicy
from messages.venue import CancelOrder, Outcome, PlaceOrder, PlaceResult, QueryOrder
from messages.venue_account import AccountResult
from messages.wards import WardTaken
from tests.actors.execution.rig import (
    SAFE,
    START,
    STRATEGY,
    Rig,
    approved,
    changed,
    intent,
    kinds,
    told,
)

pytestmark = pytest.mark.unit


def test_the_promise_is_journalled_in_the_step_that_asks_for_the_order() -> None:
    rig = Rig()
    order = rig.submit()
    (placing,) = rig.events
    (effect,) = rig.effects
    assert isinstance(placing, OrderPlacing)
    assert isinstance(effect, PlaceOrder)
    assert placing.client_order_id == effect.client_order_id == order.client_order_id
    assert placing.terms == approved().terms
    assert (effect.quantity, effect.limit_price, effect.deadline) == (
        Decimal(1),
        Decimal(100),
        START + 60 * SECOND,
    )
    assert order.state is OrderState.PLACING
    assert rig.envelopes == []


def test_an_accepted_order_works_as_everybody_expects() -> None:
    rig = Rig()
    order = rig.working()
    assert (order.state, order.venue_order_id) == (OrderState.WORKING, "v1")
    assert rig.envelopes == []


def test_an_order_that_ended_is_told_the_same_to_risk_and_requester() -> None:
    rig = Rig()
    rig.event(rig.working(), OrderState.EXPIRED, reason=Reason.IMMEDIATE_OR_CANCEL)
    assert rig.reports("risk") == rig.reports(STRATEGY) != []
    (report,) = rig.reports()
    assert (report.state, report.final, report.filled) == (OrderState.EXPIRED, True, Decimal(0))


def test_a_requester_that_is_risk_is_told_once() -> None:
    rig = Rig()
    rig.take(approved(requester="risk", intent_id="risk#7"), sender="risk")
    order = rig.state.order_of("risk#7")
    assert order is not None
    rig.place_result(order, Outcome.REJECTED, Reason.INSUFFICIENT_BALANCE)
    assert len(told(rig.envelopes, OrderReport, "risk")) == 1


def test_a_rejected_order_ends_the_intent() -> None:
    rig = Rig()
    order = rig.submit()
    rig.place_result(order, Outcome.REJECTED, Reason.INSUFFICIENT_BALANCE)
    (report,) = rig.reports()
    assert (report.state, report.final, report.filled) == (OrderState.REJECTED, True, Decimal(0))
    assert report.reason is Reason.INSUFFICIENT_BALANCE


def test_an_intent_that_comes_twice_is_placed_once() -> None:
    rig = Rig()
    rig.submit()
    rig.take(approved(), sender="risk")
    assert rig.events == [IntentIgnored(intent(1), Reason.DUPLICATE_INTENT)]
    assert rig.effects == []


def test_an_intent_that_ended_without_an_order_can_not_come_again() -> None:
    rig = Rig()
    rig.take(approved(deadline=START - 1), sender="risk")
    rig.take(approved(), sender="risk")
    assert rig.effects == []


@pytest.mark.parametrize(
    ("mode", "state", "reason"),
    [
        (Mode.REDUCE, OrderState.REJECTED, Reason.MODE_REDUCE),
        (Mode.HALTED, OrderState.REJECTED, Reason.HALTED),
        (Mode.OBSERVE, OrderState.REJECTED, Reason.MODE_OBSERVE),
    ],
)
def test_an_intent_the_mode_forbids_ends(mode: Mode, state: OrderState, reason: Reason) -> None:
    rig = Rig()
    rig.take(changed(mode, 4), sender="risk")
    rig.take(approved(mode_version=4), sender="risk")
    (report,) = rig.reports(STRATEGY)
    assert (report.state, report.reason, report.final, report.client_order_id) == (state, reason, True, None)
    assert rig.effects == []


@pytest.mark.parametrize("mode", [Mode.REDUCE, Mode.HALTED])
def test_what_reduces_exposure_passes_where_increases_do_not(mode: Mode) -> None:
    rig = Rig()
    rig.take(changed(mode, 4), sender="risk")
    rig.take(approved(mode_version=4, increases_exposure=False, side=Side.SELL), sender="risk")
    assert kinds(rig.effects) == ["PlaceOrder"]


def test_an_expired_and_an_outdated_approval_end_expired() -> None:
    rig = Rig()
    rig.take(approved(1, deadline=START - 1), sender="risk")
    assert [(r.state, r.reason) for r in rig.reports()] == [(OrderState.EXPIRED, Reason.EXPIRED)]
    rig.take(changed(Mode.NORMAL, 2), sender="risk")
    rig.take(approved(2, mode_version=1), sender="risk")
    assert [(r.state, r.reason) for r in rig.reports()] == [(OrderState.EXPIRED, Reason.MODE_OUTDATED)]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"quantity": Decimal(0)}, Reason.INTENT_MALFORMED),
        ({"order_type": OrderType.STOP, "stop_price": Decimal(90)}, Reason.NOT_OFFERED),
        ({"post_only": True}, Reason.NOT_OFFERED),
        ({"close_position": True}, Reason.NOT_OFFERED),
        ({"take_profit": True}, Reason.INTENT_MALFORMED),
        ({"leg": PositionLeg.LONG}, Reason.POSITION_MODE),
        ({"time_in_force": TimeInForce.IOC}, Reason.NOT_OFFERED),
        ({"time_in_force": TimeInForce.FOK}, Reason.NOT_OFFERED),
        ({"order_type": OrderType.MARKET, "limit_price": None}, Reason.NOT_OFFERED),
        (
            {"order_type": OrderType.MARKET, "limit_price": None, "time_in_force": TimeInForce.FOK},
            Reason.NOT_OFFERED,
        ),
    ],
)
def test_what_the_venue_can_not_do_is_rejected(changes: dict[str, Any], reason: Reason) -> None:
    rig = Rig(msgspec.structs.replace(SAFE, traits=VenueTraits(stops=False, post_only=False)))
    rig.take(approved(**changes), sender="risk")
    assert [(r.state, r.reason) for r in rig.reports()] == [(OrderState.REJECTED, reason)]


def test_what_may_get_out_goes_at_the_market_where_no_order_for_at_once_can_bound_it() -> None:
    rig = Rig(msgspec.structs.replace(SAFE, traits=VenueTraits(stops=True)))
    at_market = {"order_type": OrderType.MARKET, "limit_price": None, "time_in_force": TimeInForce.IOC}
    for number, purpose in enumerate((Purpose.EXIT, Purpose.FLATTEN), 1):
        rig.submit(number, increases_exposure=False, purpose=purpose, **at_market)
        (effect,) = rig.effects
        assert isinstance(effect, PlaceOrder)
        assert (effect.order_type, effect.limit_price) == (OrderType.MARKET, None)
    rig.take(approved(3, increases_exposure=False, time_in_force=TimeInForce.IOC), sender="risk")
    assert [report.reason for report in rig.reports()] == [Reason.NOT_OFFERED]


def test_a_symbol_with_an_unknown_order_is_frozen_for_increases_only() -> None:
    rig = Rig()
    order = rig.submit(1)
    rig.place_result(order, Outcome.NO_ANSWER)
    rig.take(approved(2), sender="risk")
    assert [r.reason for r in rig.reports()] == [Reason.SYMBOL_FROZEN]
    rig.take(approved(3, symbol="ETH-USDT"), sender="risk")
    assert kinds(rig.effects) == ["PlaceOrder"]
    rig.take(approved(4, increases_exposure=False), sender="risk")
    assert kinds(rig.effects) == ["PlaceOrder"]
    rig.found(order, OrderState.WORKING)
    rig.take(approved(5), sender="risk")
    assert kinds(rig.effects) == ["PlaceOrder"]


def test_entries_of_a_given_up_strategy_are_rejected() -> None:
    rig = Rig()
    rig.actor.apply(WardTaken(STRATEGY, (), GiveUpPolicy.FLATTEN, Decimal(0), START + SECOND))
    rig.take(approved(1), sender="risk")
    assert [r.reason for r in rig.reports()] == [Reason.GIVEN_UP]


def test_read_only_sends_nothing() -> None:
    rig = Rig(msgspec.structs.replace(SAFE, read_only=True))
    rig.take(approved(), sender="risk")
    assert [(r.state, r.reason) for r in rig.reports()] == [(OrderState.REJECTED, Reason.READ_ONLY)]
    assert rig.effects == []


def test_dry_run_records_route_price_and_cost_and_sends_nothing() -> None:
    rig = Rig(msgspec.structs.replace(SAFE, dry_run=True))
    rig.take(approved(quantity=Decimal("0.5"), post_only=True), sender="risk")
    (simulated,) = rig.happened(OrderSimulated)
    assert (simulated.route, simulated.price, simulated.cost) == (
        "limit gtc post_only",
        Decimal(100),
        Decimal(50),
    )
    assert rig.effects == []
    (report,) = rig.reports(STRATEGY)
    assert (report.state, report.reason, report.final) == (OrderState.SIMULATED, Reason.DRY_RUN, True)
    assert rig.state.live == {}


# --- a market order never fills beyond its worst price


def test_a_market_order_is_sent_as_limit_ioc_at_its_worst_price_on_the_tick() -> None:
    rig = Rig(msgspec.structs.replace(SAFE, tick_sizes={"BTC-USDT": Decimal("0.5")}))
    rig.submit(1, order_type=OrderType.MARKET, limit_price=None, worst_price=Decimal("100.7"))
    (buy,) = rig.effects
    rig.submit(2, order_type=OrderType.MARKET, limit_price=None, worst_price=Decimal("99.2"), side=Side.SELL)
    (sell,) = rig.effects
    assert isinstance(buy, PlaceOrder)
    assert isinstance(sell, PlaceOrder)
    assert (buy.order_type, buy.time_in_force, buy.limit_price) == (
        OrderType.LIMIT,
        TimeInForce.IOC,
        Decimal("100.5"),
    )
    assert sell.limit_price == Decimal("99.5")


@pytest.mark.parametrize(("bound", "purpose"), [(True, Purpose.FLATTEN), (False, Purpose.ENTRY)])
def test_what_must_get_out_stays_a_market_order(bound: bool, purpose: Purpose) -> None:
    rig = Rig(msgspec.structs.replace(SAFE, bound_market_orders=bound))
    rig.submit(order_type=OrderType.MARKET, limit_price=None, purpose=purpose)
    (effect,) = rig.effects
    assert isinstance(effect, PlaceOrder)
    assert (effect.order_type, effect.limit_price) == (OrderType.MARKET, None)


# --- answers that race the private stream


def test_an_acknowledgement_after_the_fill_changes_nothing() -> None:
    rig = Rig()
    order = rig.submit()
    rig.event(order, OrderState.FILLED, filled="1", fill="f1")
    assert order.state is OrderState.FILLED
    rig.place_result(order, Outcome.ACCEPTED)
    assert order.state is OrderState.FILLED
    assert rig.reports() == []


def test_a_rejection_of_an_order_that_is_seen_working_is_not_believed_but_asked_about() -> None:
    rig = Rig()
    order = rig.submit()
    rig.event(order, OrderState.WORKING)
    rig.place_result(order, Outcome.REJECTED, Reason.VENUE_REJECTED)
    assert order.state is OrderState.WORKING
    assert kinds(rig.effects) == ["QueryOrder"]


def test_no_answer_after_the_stream_has_spoken_leaves_no_doubt() -> None:
    rig = Rig()
    order = rig.submit()
    rig.event(order, OrderState.WORKING)
    rig.place_result(order, Outcome.NO_ANSWER)
    assert (order.state, rig.effects) == (OrderState.WORKING, [])


# --- before the account was compared


def test_intents_wait_for_the_first_comparison_and_are_then_placed_in_order() -> None:
    rig = Rig(seeded=False)
    rig.take(approved(1), sender="risk")
    rig.take(approved(2), sender="risk")
    rig.take(approved(2), sender="risk")
    assert rig.effects == []
    assert kinds(rig.restart()) == ["QueryAccount"]
    rig.take(AccountResult("paper", Outcome.ACCEPTED))
    assert [order.intent_id for order in rig.state.orders.values()] == [intent(1), intent(2)]
    assert kinds(rig.effects) == ["PlaceOrder", "PlaceOrder"]
    assert "waiting:" not in "".join(rig.timers)


def test_a_waiting_intent_ends_at_its_deadline_by_itself() -> None:
    rig = Rig(seeded=False)
    rig.take(approved(1, deadline=START + SECOND), sender="risk")
    rig.wait(2 * SECOND)
    final = rig.final()
    assert final is not None
    assert (final.state, final.reason) == (OrderState.EXPIRED, Reason.EXPIRED)
    rig.take(AccountResult("paper", Outcome.ACCEPTED))
    assert rig.effects == []


def test_a_waiting_intent_can_be_cancelled() -> None:
    rig = Rig(seeded=False)
    rig.take(approved(1), sender="risk")
    rig.cancel()
    assert [(r.state, r.final) for r in rig.reports()] == [(OrderState.CANCELLED, True)]
    assert rig.timers == {}


def test_waiting_is_bounded_and_expired_intents_do_not_wait() -> None:
    rig = Rig(msgspec.structs.replace(SAFE, keep_waiting=1), seeded=False)
    rig.take(approved(1), sender="risk")
    rig.take(approved(2), sender="risk")
    assert [r.reason for r in rig.reports()] == [Reason.MAILBOX_FULL]
    rig.take(approved(3, deadline=START - 1), sender="risk")
    assert rig.happened(IntentEnded)[-1].state is OrderState.EXPIRED


def test_results_for_orders_nobody_knows_are_passed_over() -> None:
    rig = Rig()
    rig.take(PlaceResult("gone", Outcome.ACCEPTED, Reason.ACCEPTED))
    assert (rig.events, rig.effects) == ([], [])


def test_effects_of_one_order_share_a_lane() -> None:
    rig = Rig()
    order = rig.submit()
    lanes = {
        rig.effects[0].lane,
        CancelOrder(order.client_order_id, order.symbol).lane,
        QueryOrder(order.client_order_id, order.symbol).lane,
    }
    assert len(lanes) == 1


def test_a_transition_record_names_its_trigger() -> None:
    rig = Rig()
    rig.working()
    assert [t.trigger for t in rig.happened(OrderTransitioned)] == ["accepted"]
