"""What routes make of an intent: its orders and their prices, one after the other, and how the intent ends."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from actors.execution.settings import SECOND
from actors.venues.port import VenueTraits
from messages.control import Halt, Mode, ModeChanged, StoreRenewed
from messages.intents import OrderType, Route, Side, TimeInForce
from messages.order_events import OrderPlacing
from messages.orders import OrderReport, OrderState
from messages.reasons import Reason
from messages.routing import RouteEnded, RouteStaged
from messages.venue import CancelOrder, Outcome, PlaceResult, QueryOrder, ReplaceOrder, ReplaceResult
from messages.venue_account import AccountResult
from tests.actors.execution.rig import STRATEGY, intent, kinds, told
from tests.actors.execution.routing.routed import AMENDING, PATIENT, REPLACING, RoutedRig, placed

pytestmark = pytest.mark.unit


# --- maker first


@pytest.mark.parametrize(("side", "price"), [(Side.BUY, 99), (Side.SELL, 101)])
def test_maker_first_rests_at_its_own_touch(side: Side, price: int) -> None:
    rig = RoutedRig()
    order = placed(rig.route(Route.MAKER_FIRST, side=side))
    assert (order.order_type, order.post_only, order.limit_price) == (OrderType.LIMIT, True, price)
    assert order.quantity == 2


def test_a_filled_passive_order_ends_the_intent_with_one_final_report_and_a_record() -> None:
    rig = RoutedRig()
    rig.route(Route.MAKER_FIRST)
    rig.accept()
    assert rig.fill("0.5", "99", OrderState.PARTIALLY_FILLED) == []
    rig.fill("1.5", "99", OrderState.FILLED)
    assert (rig.outcome.state, rig.outcome.filled) == (OrderState.FILLED, 2)
    for recipient in ("risk", STRATEGY):
        assert [each.final for each in told(rig.sent, OrderReport, recipient)] == [True]
    record = rig.record
    assert (record.orders, record.maker_start, record.is_maker_final, record.used_fallback) == (
        1,
        True,
        True,
        False,
    )
    assert (record.average_price, record.slippage_bps) == (99, -100.0)
    assert rig.timers == {} or "route" not in " ".join(rig.timers)


def test_what_is_not_filled_within_the_patience_is_taken_within_the_budget() -> None:
    rig = RoutedRig()
    rig.route(Route.MAKER_FIRST)
    rig.accept()
    rig.fill("0.5", "99", OrderState.PARTIALLY_FILLED)
    assert kinds(rig.wait(4 * SECOND)) == ["CancelOrder"]
    taking = placed(rig.ended(OrderState.CANCELLED, Reason.CANCEL_REQUESTED))
    assert (taking.time_in_force, taking.post_only) == (TimeInForce.IOC, False)
    assert taking.quantity == Decimal("1.5")
    # 100 at arrival, 3 % less the 5 bps fee: 102.95, on the tick
    assert taking.limit_price == 102
    rig.accept()
    rig.fill("1.5", "101", OrderState.FILLED, maker=False)
    record = rig.record
    assert rig.outcome.state is OrderState.FILLED
    assert (record.orders, record.used_fallback, record.is_maker_final) == (2, True, False)
    assert (record.maker_quantity, record.filled) == (Decimal("0.5"), 2)
    assert record.average_price == Decimal("100.5")


def test_a_market_beyond_the_budget_is_not_taken() -> None:
    rig = RoutedRig()
    rig.route(Route.MAKER_FIRST)
    rig.accept()
    rig.quote(104)
    rig.wait(4 * SECOND)
    rig.ended(OrderState.CANCELLED, Reason.CANCEL_REQUESTED)
    assert (rig.outcome.state, rig.outcome.reason) == (OrderState.CANCELLED, Reason.COST_BUDGET)
    assert rig.outcome.filled == 0


def test_an_order_that_may_not_rest_is_tried_one_tick_wider_and_then_taken() -> None:
    rig = RoutedRig()
    rig.route(Route.MAKER_FIRST)
    second = placed(rig.refuse_to_rest())
    assert (second.limit_price, second.post_only) == (98, True)
    third = placed(rig.refuse_to_rest())
    assert third.time_in_force is TimeInForce.IOC
    assert rig.plan.all_rejects == 2


def test_another_rejection_ends_the_intent_with_the_venues_reason() -> None:
    rig = RoutedRig()
    rig.route(Route.MAKER_FIRST)
    rig.place_result(rig.order, Outcome.REJECTED, Reason.INSUFFICIENT_BALANCE)
    assert (rig.outcome.state, rig.outcome.reason) == (OrderState.REJECTED, Reason.INSUFFICIENT_BALANCE)


def test_each_order_of_an_intent_has_an_id_of_its_own_that_is_computed_alike_after_a_crash() -> None:
    rig = RoutedRig()
    rig.route(Route.MAKER_FIRST)
    rig.refuse_to_rest()
    names = [each.client_order_id for each in rig.happened(OrderPlacing)]
    assert len(set(names)) == 2
    assert [(each.child, each.attempt) for each in rig.happened(OrderPlacing)] == [(0, 0), (0, 1)]
    owed = rig.restart()
    assert owed == [QueryOrder(names[1], "BTC-USDT")]


def test_a_cancel_stops_the_plan_and_what_was_filled_is_told() -> None:
    rig = RoutedRig()
    rig.route(Route.MAKER_FIRST)
    rig.accept()
    rig.fill("0.5", "99", OrderState.PARTIALLY_FILLED)
    rig.cancel()
    assert kinds(rig.effects) == ["CancelOrder"]
    assert rig.ended(OrderState.CANCELLED, Reason.CANCEL_REQUESTED) == []
    assert (rig.outcome.state, rig.outcome.filled) == (OrderState.CANCELLED, Decimal("0.5"))
    assert rig.outcome.reason is Reason.SIGNAL


def test_the_kill_switch_stops_a_plan_between_its_orders_too() -> None:
    rig = RoutedRig()
    rig.route(Route.TWAP, "3")
    rig.accept()
    rig.fill("1", "99", OrderState.FILLED)
    assert rig.final() is None
    rig.take(Halt("ana", "drill"), sender="operator")
    assert (rig.outcome.state, rig.outcome.filled) == (OrderState.CANCELLED, 1)


def test_an_order_given_up_as_absent_keeps_its_quantity_for_good() -> None:
    """Should it be accepted after all, the intent must not be exceeded."""
    rig = RoutedRig(REPLACING)
    rig.settings = rig.actor.settings
    rig.route(Route.MAKER_FIRST)
    order = rig.order
    rig.place_result(order, Outcome.NO_ANSWER)
    rig.cancel()
    for _ in range(6):
        if order.settled:
            break
        rig.absent(order)
        rig.wait(30 * SECOND)
    assert order.state is OrderState.NOT_SENT
    assert len(rig.plan.orders) == 1
    assert rig.outcome.filled == 0
    rig.event(order, OrderState.WORKING)
    assert kinds(rig.effects) == ["CancelOrder"]
    rig.fill("2", "99", OrderState.FILLED)
    assert [each.filled for each in told(rig.sent, OrderReport, "risk") if each.final] == [0, 2]


def test_no_order_follows_an_absent_one_that_claims_everything() -> None:
    rig = RoutedRig(REPLACING)
    rig.route(Route.MAKER_FIRST, time_to_live=120 * SECOND)
    order = rig.order
    rig.place_result(order, Outcome.NO_ANSWER)
    for _ in range(8):
        if order.settled:
            break
        rig.absent(order)
        rig.wait(10 * SECOND)
    assert len(rig.happened(OrderPlacing)) == 1
    assert rig.outcome.filled == 0


def test_without_a_quote_the_intent_is_one_order_as_its_terms_say() -> None:
    rig = RoutedRig()
    order = placed(rig.route(Route.MAKER_FIRST, quoted=False))
    assert (order.time_in_force, order.limit_price) == (TimeInForce.IOC, 110)


def test_a_late_fill_is_told_as_a_new_end() -> None:
    rig = RoutedRig()
    rig.route(Route.MAKER_FIRST)
    rig.accept()
    rig.cancel()
    rig.ended(OrderState.CANCELLED, Reason.CANCEL_REQUESTED)
    rig.fill("2", "99", OrderState.FILLED)
    assert [each.filled for each in rig.happened(RouteEnded)] == [0, 2]
    assert [each.filled for each in told(rig.sent, OrderReport, "risk") if each.final] == [0, 2]


# --- following the market


def test_a_market_that_runs_away_is_followed_by_changing_the_order() -> None:
    rig = RoutedRig()
    rig.route(Route.MAKER_FIRST)
    rig.accept()
    rig.wait(SECOND)
    (change,) = rig.quote(101)
    assert isinstance(change, ReplaceOrder)
    assert (change.limit_price, change.quantity) == (100, 2)
    assert rig.order.state is OrderState.PENDING_REPLACE
    rig.take(ReplaceResult(rig.order.client_order_id, Outcome.ACCEPTED, Reason.ACCEPTED))
    assert (rig.order.state, rig.order.terms.limit_price) == (OrderState.WORKING, 100)
    assert rig.plan.all_reprices == 1


def test_a_market_that_comes_closer_is_not_run_from() -> None:
    rig = RoutedRig()
    rig.route(Route.MAKER_FIRST)
    rig.accept()
    rig.wait(SECOND)
    assert rig.quote(98) == []


def test_prices_are_not_changed_faster_than_set_nor_beyond_the_worst_price() -> None:
    rig = RoutedRig()
    rig.route(Route.MAKER_FIRST, worst_price=Decimal(100))
    rig.accept()
    assert rig.quote(101) == []
    (change,) = rig.wait(SECOND)
    assert isinstance(change, ReplaceOrder)
    assert change.limit_price == 100
    rig.take(ReplaceResult(rig.order.client_order_id, Outcome.ACCEPTED, Reason.ACCEPTED))
    rig.wait(SECOND)
    assert rig.quote(109) == []


def test_where_the_venue_does_not_amend_the_rest_goes_on_as_the_next_attempt() -> None:
    rig = RoutedRig(REPLACING)
    rig.route(Route.MAKER_FIRST)
    rig.accept()
    rig.wait(SECOND)
    assert kinds(rig.quote(101)) == ["CancelOrder"]
    rig.fill("0.5", "99", OrderState.PENDING_CANCEL)
    again = placed(rig.ended(OrderState.CANCELLED, Reason.CANCEL_REQUESTED))
    assert (again.quantity, again.limit_price, again.post_only) == (Decimal("1.5"), 100, True)


def test_after_enough_new_prices_the_rest_is_taken() -> None:
    rig = RoutedRig()
    rig.route(Route.MAKER_FIRST)
    rig.accept()
    for mid in (101, 102):
        rig.wait(SECOND)
        rig.quote(mid)
        rig.take(ReplaceResult(rig.order.client_order_id, Outcome.ACCEPTED, Reason.ACCEPTED))
    rig.wait(SECOND // 2)
    assert kinds(rig.quote(103)) == ["CancelOrder"]


def test_an_old_quote_is_none_and_what_can_not_be_priced_passively_is_taken_within_the_budget() -> None:
    rig = RoutedRig(PATIENT)
    rig.route(Route.MAKER_FIRST, deadline=rig.now + 600 * SECOND)
    rig.wait(21 * SECOND)
    taking = placed(rig.refuse_to_rest())
    assert (taking.time_in_force, taking.limit_price) == (TimeInForce.IOC, 102)
    assert rig.happened(RouteStaged)[-1].reason is Reason.STALE_QUOTE


def test_an_approval_that_waits_for_the_account_begins_its_plan_afterwards() -> None:
    rig = RoutedRig()
    rig.take(StoreRenewed("g2"), sender="operator")
    rig.take(AccountResult("paper", Outcome.ACCEPTED))
    assert rig.route(Route.MAKER_FIRST, mode_version=1) == []
    rig.take(ModeChanged(Mode.NORMAL, 1, {}, "store renewed"), sender="risk")
    assert placed(rig.effects).limit_price == 99


def test_a_plan_goes_no_further_after_history_was_lost() -> None:
    # its next order may have been placed, and filled, in the history that was lost
    rig = RoutedRig()
    rig.route(Route.TWAP, "3")
    rig.accept()
    rig.fill("1", "99", OrderState.FILLED)
    rig.take(StoreRenewed("g2"), sender="operator")
    assert kinds(rig.wait(3 * SECOND)) == []
    positions = {"BTC-USDT": Decimal(1)}
    rig.take(AccountResult("paper", Outcome.ACCEPTED, positions=positions))
    assert rig.effects == []
    rig.take(ModeChanged(Mode.REDUCE, 1, {}, "store renewed"), sender="risk")
    assert rig.effects == []
    final = rig.outcome
    assert (final.state, final.filled, final.reason) == (OrderState.CANCELLED, 1, Reason.MODE_OUTDATED)


# --- cancels stay cancels


def test_a_working_order_is_cancelled_only_once() -> None:
    rig = RoutedRig()
    rig.route(Route.MAKER_FIRST)
    rig.accept()
    rig.cancel()
    rig.cancel()
    assert kinds(rig.effects) == []
    assert sum(isinstance(each, CancelOrder) for each in rig.actor.outstanding()) == 1


def test_a_repeated_intent_is_ignored() -> None:
    rig = RoutedRig()
    rig.route(Route.MAKER_FIRST)
    assert rig.route(Route.MAKER_FIRST) == []
    assert list(rig.state.routing.plans) == [intent(1)]


def test_an_answer_that_comes_twice_changes_nothing() -> None:
    rig = RoutedRig()
    rig.route(Route.MAKER_FIRST)
    rig.accept()
    name = rig.order.client_order_id
    rig.take(PlaceResult(name, Outcome.ACCEPTED, Reason.ACCEPTED, rig.order.venue_order_id))
    assert rig.events == []


# --- what a venue lacks


def test_a_venue_without_orders_for_at_once_gets_none_of_a_plan() -> None:
    rig = RoutedRig(msgspec.structs.replace(AMENDING, traits=VenueTraits(post_only=True)))
    assert rig.route(Route.MAKER_FIRST) == []
    assert (rig.outcome.state, rig.outcome.reason) == (OrderState.REJECTED, Reason.NOT_OFFERED)


def test_an_exit_there_is_worked_passively_and_not_taken() -> None:
    rig = RoutedRig(msgspec.structs.replace(AMENDING, traits=VenueTraits(post_only=True)))
    assert placed(rig.route(Route.MAKER_FIRST, increases_exposure=False)).post_only
    rig.accept()
    assert kinds(rig.wait(4 * SECOND)) == ["CancelOrder"]
    assert rig.ended(OrderState.CANCELLED, Reason.CANCEL_REQUESTED) == []
    assert rig.outcome.reason is Reason.NOT_OFFERED
