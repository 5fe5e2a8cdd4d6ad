"""The account: seeded once, compared at the start, after a lost store and after a gap; placing held meanwhile."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from actors.execution.order import Order
from actors.execution.settings import SECOND
from messages.account_events import (
    AccountSeeded,
    ExternalActivity,
    MarginsTold,
    VenueAccountCompared,
    VenueAccountDiffers,
    VenueReconciled,
)
from messages.control import Halt, Mode, ModeChanged, StoreAway, StoreRenewed
from messages.intents import Purpose, Side
from messages.orders import OrderState
from messages.reasons import Reason
from messages.venue import CancelOrder, Outcome, VenueOrder
from messages.venue_account import AccountResult, PositionMargin
from tests.actors.execution.rig import LOST, SYMBOL, WARY, Rig, approved, intent, kinds, told, venue_event

pytestmark = pytest.mark.unit


COMPARED = VenueReconciled("paper", True, "", "g1", {"USDT": Decimal(1000)})


def account(*open_orders: VenueOrder, positions: dict[str, str] | None = None, **parts: Any) -> AccountResult:
    held = {symbol: Decimal(quantity) for symbol, quantity in (positions or {}).items()}
    return AccountResult("paper", Outcome.ACCEPTED, open_orders, {"USDT": Decimal(1000)}, held, **parts)


def at_venue(order: Order | str, filled: str = "0") -> VenueOrder:
    name = order if isinstance(order, str) else order.client_order_id
    return VenueOrder(name, "v1", SYMBOL, Side.BUY, OrderState.WORKING, Decimal(1), Decimal(filled))


def test_the_first_reading_seeds_risk_and_is_compared() -> None:
    rig = Rig(seeded=False)
    assert kinds(list(rig.actor.outstanding())) == ["QueryAccount"]
    rig.take(account(positions={"ETH-USDT": "2"}))
    (seeded,) = told(rig.envelopes, AccountSeeded, "risk")
    assert (seeded.balances, seeded.positions) == ({"USDT": Decimal(1000)}, {"ETH-USDT": Decimal(2)})
    assert told(rig.envelopes, VenueReconciled, "risk") == [COMPARED]
    assert rig.actor.outstanding() == []
    assert rig.state.positions == {"ETH-USDT": Decimal(2)}


def test_what_a_venue_says_of_margin_is_told_with_every_reading() -> None:
    rig = Rig(seeded=False)
    margins = {"ETH-USDT": PositionMargin(Decimal(2), Decimal(4), Decimal(80))}
    rig.take(account(positions={"ETH-USDT": "2"}, margins=margins))
    assert told(rig.envelopes, MarginsTold, "risk") == [MarginsTold("paper", margins)]
    assert [type(each.message).__name__ for each in rig.envelopes][:2] == ["AccountSeeded", "MarginsTold"]


def test_a_venue_that_does_not_answer_is_asked_again_after_growing_waits() -> None:
    rig = Rig(seeded=False)
    waits = []
    for _ in range(3):
        rig.take(AccountResult("paper", Outcome.NO_ANSWER))
        waits.append((rig.timers["account"].due - rig.now) // SECOND)
        assert kinds(rig.wait(waits[-1] * SECOND)) == ["QueryAccount"]
    assert waits == [1, 2, 4]
    assert rig.state.placing_held


def test_an_order_that_is_open_at_the_venue_and_not_known_is_named_and_told() -> None:
    rig = Rig(seeded=False)
    rig.take(account(at_venue("manual-1")))
    (activity,) = told(rig.envelopes, ExternalActivity, "risk")
    assert activity.client_order_id == "manual-1"
    (compared,) = told(rig.envelopes, VenueReconciled, "risk")
    assert not compared.clean
    assert "manual-1" in compared.detail
    assert not rig.state.placing_held


def test_a_forgotten_order_of_ours_is_cancelled_and_the_account_is_clean_once_it_is_gone() -> None:
    rig = Rig(seeded=False)
    rig.take(account(at_venue(LOST), at_venue("manual-1")))
    assert rig.effects == [CancelOrder(LOST, SYMBOL, "v1")]
    assert kinds(rig.wait(SECOND)) == ["QueryAccount"]
    rig.take(account())
    assert told(rig.envelopes, VenueReconciled, "risk")[-1].clean
    assert "account" not in rig.timers


def gap(rig: Rig) -> Rig:
    return rig.take(venue_event("manual", OrderState.WORKING, rig.state.stream_sequence + 2))


def test_orders_open_here_alone_are_asked_about_and_nothing_is_concluded() -> None:
    rig = Rig()
    order = rig.working()
    gap(rig)
    rig.take(account())
    assert kinds(rig.effects) == ["QueryOrder"]
    assert order.state is OrderState.WORKING


def test_orders_open_there_are_evidence() -> None:
    rig = Rig()
    order = rig.submit()
    rig.place_result(order, Outcome.NO_ANSWER)
    gap(rig)
    rig.take(account(at_venue(order)))
    assert order.state is OrderState.WORKING


def test_an_order_that_ended_here_and_is_open_there_is_only_old_news() -> None:
    rig = Rig()
    order = rig.working()
    gap(rig)
    rig.event(order, OrderState.CANCELLED)
    rig.take(account(at_venue(order)))
    assert order.state is OrderState.CANCELLED
    assert len(rig.happened(VenueAccountCompared)) == 2


def test_a_position_that_differs_is_looked_at_again_before_it_is_reported() -> None:
    rig = Rig()
    gap(rig)
    for _ in range(2):
        rig.take(account(positions={SYMBOL: "1"}))
        assert told(rig.envelopes, VenueReconciled, "risk") == []
        assert kinds(rig.wait(2 * SECOND)) == ["QueryAccount"]
    rig.take(account(positions={SYMBOL: "1"}))
    (compared,) = told(rig.envelopes, VenueReconciled, "risk")
    assert (compared.detail, compared.balances) == ("position BTC-USDT: 0 here, 1 at the venue", None)
    assert len(rig.happened(VenueAccountDiffers)) == 1
    assert kinds(rig.wait(rig.settings.account_backoff_max_ns)) == ["QueryAccount"]
    rig.take(account())
    assert told(rig.envelopes, VenueReconciled, "risk") == [COMPARED]


def test_a_difference_that_was_only_a_fill_under_way_is_none() -> None:
    rig = Rig()
    order = rig.working()
    gap(rig)
    rig.take(account(positions={SYMBOL: "1"}))
    rig.event(order, OrderState.FILLED, filled="1", fill="f1")
    rig.wait(SECOND)
    rig.take(account(positions={SYMBOL: "1.000"}))
    assert told(rig.envelopes, VenueReconciled, "risk") == [COMPARED]


def test_an_answer_nobody_waits_for_is_passed_over() -> None:
    rig = Rig()
    rig.take(account(at_venue("manual-1")))
    assert (rig.events, rig.envelopes) == ([], [])


def risks_mode(rig: Rig, version: int, mode: Mode = Mode.NORMAL) -> Rig:
    return rig.take(ModeChanged(mode, version, {}, "drill"), sender="risk")


def test_a_new_generation_holds_placing_until_the_account_was_compared_and_changes_the_ids() -> None:
    rig = Rig()
    before = rig.working(1).client_order_id
    risks_mode(rig, 9)
    rig.take(StoreRenewed("g2"), sender="operator")
    assert kinds(rig.effects) == ["QueryAccount"]
    rig.take(approved(2, mode_version=1), sender="risk")
    assert rig.effects == []
    assert risks_mode(rig, 1).effects == []
    rig.take(account(at_venue(before)))
    (placed,) = rig.effects
    other = Rig()
    assert other.submit(2).client_order_id != placed.lane
    rig.take(StoreRenewed("g2"), sender="operator")
    assert rig.effects == []


def test_after_a_lost_store_only_what_risk_approved_since_is_placed() -> None:
    # what was approved before may have been placed in the history that was lost, under an id nobody knows any more
    rig = Rig()
    risks_mode(rig, 2)
    rig.take(StoreRenewed("g2"), sender="operator")
    rig.take(approved(1, mode_version=2), sender="risk")
    rig.take(account())
    assert rig.effects == []
    assert not rig.state.placing_held
    assert "awaiting risk's mode after lost history, 1 intents wait" in rig.actor.summary()
    rig.take(approved(2, mode_version=3), sender="risk")
    rig.restart()
    assert rig.state.mode_due
    (placed,) = risks_mode(rig, 3).effects
    order = rig.state.order_of(intent(2))
    assert order is not None
    assert placed.lane == order.client_order_id
    assert [(r.intent_id, r.reason) for r in rig.reports()] == [(intent(1), Reason.MODE_OUTDATED)]


def test_after_a_lost_store_the_kill_switch_is_not_risks_word_on_the_mode() -> None:
    rig = Rig()
    rig.take(StoreRenewed("g2"), sender="operator")
    rig.take(account())
    rig.take(Halt("ana", "drill"), sender="operator")
    rig.take(approved(1, increases_exposure=False), sender="risk")
    assert rig.effects == []
    assert kinds(risks_mode(rig, 1, Mode.HALTED).effects) == []
    assert [r.reason for r in rig.reports()] == [Reason.MODE_OUTDATED]


def test_after_a_lost_store_an_absent_order_is_not_sent_again_before_risk_has_told_its_mode() -> None:
    rig = Rig()
    order = rig.submit(deadline=rig.now + 600 * SECOND)
    rig.take(StoreRenewed("g2"), sender="operator")
    rig.take(account())
    rig.place_result(order, Outcome.NO_ANSWER)
    for _ in range(3):
        rig.absent(order)
        assert "PlaceOrder" not in kinds(rig.wait(SECOND))


def test_after_a_lost_store_an_order_under_way_may_have_been_sent_later_than_is_known() -> None:
    rig = Rig(WARY)
    order = rig.submit()
    rig.wait(WARY.request_expiry_ns + WARY.clock_bound_ns)
    rig.take(StoreRenewed("g2"), sender="operator")
    assert order.state is OrderState.UNKNOWN
    for _ in range(3):
        rig.absent(order)
        rig.wait(SECOND)
    assert not order.settled
    rig.wait(WARY.request_expiry_ns + WARY.clock_bound_ns)
    rig.absent(order)
    assert order.state is OrderState.NOT_SENT


def test_after_a_lost_store_an_order_that_was_not_written_as_far_as_is_known_is_asked_for() -> None:
    rig = Rig()
    order = rig.submit()
    rig.place_result(order, Outcome.NOT_SENT)
    assert order.retry_at is not None
    rig.take(StoreRenewed("g2"), sender="operator")
    assert kinds(rig.effects) == ["QueryAccount", "QueryOrder"]
    assert order.state is OrderState.UNKNOWN
    rig.found(order, OrderState.WORKING)
    assert order.state is OrderState.WORKING


def test_while_the_store_is_away_everything_that_may_live_and_protects_nothing_is_cancelled() -> None:
    rig = Rig()
    working, placing = rig.working(1), rig.submit(2)
    rig.working(3, purpose=Purpose.PROTECTIVE)
    ended = rig.working(4)
    rig.event(ended, OrderState.FILLED, filled="1", fill="f1")
    before = len(rig.journal)
    cancels = rig.actor.cancels_when_store_away()
    assert [cancel.client_order_id for cancel in cancels] == [
        working.client_order_id,
        placing.client_order_id,
    ]
    assert len(rig.journal) == before
    rig.take(StoreAway(rig.now), sender="host")
    assert kinds(rig.effects) == ["CancelOrder"]
    assert placing.cancel_reason is Reason.STORE_AWAY


def test_an_intent_waits_with_its_place_kept_over_a_crash() -> None:
    rig = Rig(seeded=False)
    rig.take(approved(1), sender="risk")
    rig.restart()
    assert list(rig.state.waiting) == [intent(1)]
    assert "1 intents wait" in rig.actor.summary()
