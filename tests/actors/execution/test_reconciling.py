"""Reconciliation: what differs is looked at again, then told, held against or corrected; others on the account."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from actors.execution.settings import (
    SECOND,
    ExecutionSettings,
    ExternalPolicy,
    ReconcilePolicy,
)
from messages.account_events import (
    ExternalActivity,
    HoldingsExceeded,
    PositionCorrected,
    VenueCondition,
    VenueReconciled,
)
from messages.control import Mode, ModeChanged, Resume, SessionStarted
from messages.intents import Side
from messages.orders import OrderState
from messages.reasons import Reason
from messages.venue import CancelOrder, CancelResult, FillsResult, Outcome, QueryFills, VenueOrder, VenueTrade
from messages.venue_account import AccountResult, QueryAccount
from tests.actors.execution.rig import (
    FOREIGN,
    LOST,
    SAFE,
    STRATEGY,
    SYMBOL,
    Rig,
    kinds,
    snapshot,
    told,
    venue_event,
)

pytestmark = pytest.mark.unit

STRICT, WARN, AUTO = ReconcilePolicy.STRICT, ReconcilePolicy.WARN, ReconcilePolicy.AUTO


def with_settings(**changes: Any) -> ExecutionSettings:
    return msgspec.structs.replace(SAFE, **changes)


def account(rig: Rig, *open_orders: VenueOrder, **positions: str) -> Rig:
    held = {f"{name}-USDT": Decimal(quantity) for name, quantity in positions.items()}
    return rig.take(AccountResult("paper", Outcome.ACCEPTED, open_orders, {}, held, time=rig.now))


def holding(policy: ReconcilePolicy, quantity: str = "1", **changes: Any) -> Rig:
    """A desk whose one strategy is long, and that compares the account every minute."""
    rig = Rig(with_settings(reconcile_policy=policy, reconcile_interval_ns=60 * SECOND, **changes))
    order = rig.working(quantity=Decimal(quantity))
    rig.event(order, OrderState.FILLED, filled=quantity, fill="f1")
    return rig


def looks(rig: Rig, **positions: str) -> Rig:
    """Answer with these positions until the comparison is concluded; no fills are listed that were not told."""
    rig.wait(60 * SECOND)
    while True:
        account(rig, **positions)
        for asked in [each for each in rig.effects if isinstance(each, QueryFills)]:
            rig.take(FillsResult("paper", asked.symbol, Outcome.ACCEPTED, (), asked.since))
        if not rig.state.account_due:
            return rig
        assert kinds(rig.wait(4 * SECOND)) == ["QueryAccount"]


# --- when -----------------------------------------------------------------------------------------------------


def test_the_account_is_compared_at_each_interval() -> None:
    rig = holding(WARN)
    for _ in range(3):
        assert rig.wait(60 * SECOND) == [QueryAccount("paper")]
        account(rig, BTC="1")
        (said,) = told(rig.envelopes, VenueReconciled, "risk")
        assert said.clean


def test_without_an_interval_it_is_compared_when_there_is_cause() -> None:
    rig = Rig()
    assert rig.wait(86_400 * SECOND) == []
    assert rig.take(SessionStarted("ana"), sender="operator").effects == []


def test_an_interval_that_is_set_later_counts_from_the_next_session_on() -> None:
    rig = Rig()
    rig.settings = rig.actor.settings = with_settings(reconcile_interval_ns=60 * SECOND)
    rig.take(SessionStarted("ana"), sender="operator")
    assert rig.wait(60 * SECOND) == [QueryAccount("paper")]


# --- what differs ----------------------------------------------------------------------------------------------


def test_what_keeps_differing_is_told_and_ends_with_a_clean_comparison() -> None:
    rig = looks(holding(WARN), BTC="3")
    (said,) = told(rig.envelopes, VenueReconciled, "risk")
    assert (said.clean, said.detail) == (False, "position BTC-USDT: 1 here, 3 at the venue")
    assert told(rig.sent, VenueCondition, "risk") == []
    assert rig.state.positions == {SYMBOL: Decimal(1)}


def test_what_differs_by_something_else_each_time_is_under_way_and_no_difference() -> None:
    rig = holding(WARN)
    rig.wait(60 * SECOND)
    account(rig, BTC="3")
    rig.wait(SECOND)
    account(rig, BTC="2")
    (said,) = told(rig.envelopes, VenueReconciled, "risk")
    assert said.clean


def test_strict_reduces_until_a_person_has_looked() -> None:
    rig = looks(holding(STRICT), BTC="3")
    (condition,) = told(rig.envelopes, VenueCondition, "risk")
    assert (condition.cause, condition.mode, condition.person) == ("positions_differ", Mode.REDUCE, True)
    looks(rig, BTC="3")
    assert told(rig.envelopes, VenueCondition, "risk") == []
    rig.take(Resume("ana", "I saw it"), sender="operator")
    looks(rig, BTC="3")
    assert len(told(rig.envelopes, VenueCondition, "risk")) == 1


def test_auto_corrects_the_account_and_the_one_whose_position_it_was() -> None:
    rig = looks(holding(AUTO, "3"), BTC="1")
    account_entry, own_entry = told(rig.envelopes, PositionCorrected, "risk")
    assert (account_entry.of_account, account_entry.side, account_entry.quantity) == (
        True,
        Side.SELL,
        Decimal(2),
    )
    assert (own_entry.of_account, own_entry.strategy, own_entry.quantity) == (False, "ema", Decimal(2))
    assert told(rig.envelopes, PositionCorrected, STRATEGY) == [own_entry]
    (said,) = told(rig.envelopes, VenueReconciled, "risk")
    assert said.clean
    assert rig.state.positions == {SYMBOL: Decimal(1)}
    assert [each.quantity for each in rig.state.holdings.values()] == [Decimal(1)]
    assert snapshot(rig.replayed()) == snapshot(rig.actor)


def test_auto_takes_what_the_account_has_more_as_nobodys() -> None:
    rig = looks(holding(AUTO), BTC="3")
    (entry,) = told(rig.envelopes, PositionCorrected, "risk")
    assert (entry.of_account, entry.side, entry.quantity, entry.strategy) == (True, Side.BUY, Decimal(2), "")
    assert [each.quantity for each in rig.state.holdings.values()] == [Decimal(1)]


def test_auto_corrects_nothing_while_an_order_of_unknown_fate_may_explain_it() -> None:
    rig = holding(AUTO)
    order = rig.submit(2)
    rig.place_result(order, Outcome.NO_ANSWER)
    rig.wait(60 * SECOND)
    for _ in range(3):
        account(rig, BTC="3")
        rig.wait(4 * SECOND)
    assert told(rig.sent, PositionCorrected, "risk") == []
    assert rig.state.positions == {SYMBOL: Decimal(1)}


def test_each_correction_has_an_id_of_its_own() -> None:
    rig = looks(holding(AUTO, "3"), BTC="2")
    looks(rig, BTC="1")
    names = [each.correction_id for each in told(rig.sent, PositionCorrected, "risk")]
    assert len(names) == len(set(names)) == 4


def test_a_debt_reduces_while_it_lasts() -> None:
    rig = Rig(with_settings(reconcile_interval_ns=60 * SECOND))
    for amount, expected in (("-5", Mode.REDUCE), ("-6", None), ("0", Mode.NORMAL), ("1", None)):
        rig.wait(60 * SECOND)
        rig.take(AccountResult("paper", Outcome.ACCEPTED, balances={"USDT": Decimal(amount)}))
        modes = [each.mode for each in told(rig.envelopes, VenueCondition, "risk")]
        assert modes == ([] if expected is None else [expected])


# --- others on the account --------------------------------------------------------------------------------------


def by_hand(rig: Rig, side: Side, quantity: str, number: int = 1) -> Rig:
    """Somebody trades on the account by hand."""
    event = venue_event(
        "web_1", OrderState.FILLED, rig.state.stream_sequence + 1, filled=quantity, fill=f"m{number}"
    )
    return rig.take(msgspec.structs.replace(event, side=side, time=rig.now + 1))


@pytest.mark.parametrize("policy", [STRICT, WARN])
def test_a_manual_close_is_seen_and_told_and_the_strategy_keeps_its_word(policy: ReconcilePolicy) -> None:
    rig = by_hand(holding(policy), Side.SELL, "1")
    (activity,) = told(rig.envelopes, ExternalActivity, "risk")
    assert (activity.suspect, activity.ours) == (True, False)
    (seen,) = rig.happened(HoldingsExceeded)
    assert (seen.symbol, seen.claimed, seen.held) == (SYMBOL, Decimal(1), Decimal(0))
    assert told(rig.sent, PositionCorrected, STRATEGY) == []
    assert rig.state.positions == {}


def looked(rig: Rig, words: str = "closed it myself") -> list[PositionCorrected]:
    """A person has looked, and lets the desk go on; what the strategy is told then."""
    rig.take(Resume("ana", words), sender="operator")
    entries = told(rig.envelopes, PositionCorrected, STRATEGY)
    assert told(rig.envelopes, PositionCorrected, "risk") == entries
    return entries


@pytest.mark.parametrize("policy", [STRICT, WARN])
def test_a_manual_close_leaves_the_strategys_book_once_a_person_has_looked(policy: ReconcilePolicy) -> None:
    """Else its exit, which is to close what is gone, would open the other side."""
    rig = by_hand(holding(policy, "3"), Side.SELL, "2")
    assert looked(rig, " ") == []
    rig.restart()
    (entry,) = looked(rig)
    assert (entry.side, entry.quantity, entry.price, entry.of_account) == (
        Side.SELL,
        Decimal(2),
        Decimal(100),
        False,
    )
    assert [each.quantity for each in rig.state.holdings.values()] == [Decimal(1)]
    assert rig.state.positions == {SYMBOL: Decimal(1)}
    assert looked(rig) == []


def test_what_is_closed_at_its_cost_is_closed_on_the_tick() -> None:
    """An average of thirds has no last digit, and what is booked at it would not add up to the last one."""
    rig = holding(STRICT, "2", tick_sizes={SYMBOL: Decimal("0.1")})
    order = rig.working(2, quantity=Decimal(1))
    rig.event(order, OrderState.FILLED, filled="1", fill="f2", price="99")
    (entry,) = looked(by_hand(rig, Side.SELL, "1"))
    assert entry.price == Decimal("99.7")


def test_what_was_put_back_by_hand_is_not_taken_from_the_strategy() -> None:
    rig = by_hand(holding(STRICT, "3"), Side.SELL, "2", 1)
    by_hand(rig, Side.BUY, "0.5", 2)
    (entry,) = looked(rig)
    assert entry.quantity == Decimal("1.5")
    by_hand(rig, Side.SELL, "1", 3)
    by_hand(rig, Side.BUY, "4", 4)
    assert looked(rig) == []


def test_no_more_is_taken_than_the_strategy_still_claims() -> None:
    rig = by_hand(holding(STRICT, "3"), Side.SELL, "2")
    order = rig.submit(2, side=Side.SELL, quantity=Decimal(2), increases_exposure=False)
    rig.event(order, OrderState.FILLED, filled="2", fill="f2")
    (entry,) = looked(rig)
    assert entry.quantity == Decimal(1)
    assert rig.state.holdings == {}
    order = rig.submit(3, quantity=Decimal(5))
    rig.event(order, OrderState.FILLED, filled="5", fill="f3")
    assert looked(rig) == []


def test_whoever_shares_an_account_on_purpose_takes_nothing_of_strategies() -> None:
    rig = by_hand(holding(STRICT, external_policy=ExternalPolicy.IGNORE), Side.SELL, "1")
    assert looked(rig) == []
    assert rig.state.at_venue.exceeded == {}


def test_a_manual_close_is_told_to_the_strategy_where_corrections_are_made() -> None:
    rig = by_hand(holding(AUTO, "3"), Side.SELL, "2")
    (entry,) = told(rig.envelopes, PositionCorrected, STRATEGY)
    assert (entry.side, entry.quantity, entry.price, entry.of_account) == (
        Side.SELL,
        Decimal(2),
        Decimal(100),
        False,
    )
    assert told(rig.envelopes, PositionCorrected, "risk") == [entry]
    assert [each.quantity for each in rig.state.holdings.values()] == [Decimal(1)]


def test_what_no_person_has_looked_at_is_told_once_corrections_are_made() -> None:
    rig = by_hand(holding(STRICT, "3"), Side.SELL, "1", 1)
    rig.settings = rig.actor.settings = msgspec.structs.replace(rig.settings, reconcile_policy=AUTO)
    by_hand(rig, Side.SELL, "1", 2)
    assert [each.quantity for each in told(rig.sent, PositionCorrected, STRATEGY)] == [Decimal(2)]
    assert [each.quantity for each in rig.state.holdings.values()] == [Decimal(1)]
    assert rig.state.positions == {SYMBOL: Decimal(1)}


def test_what_a_correction_puts_back_is_not_taken_from_the_strategy() -> None:
    rig = by_hand(holding(STRICT, "3"), Side.SELL, "2")
    rig.settings = rig.actor.settings = msgspec.structs.replace(rig.settings, reconcile_policy=AUTO)
    looks(rig, BTC="2")
    (entry,) = looked(rig)
    assert entry.quantity == Decimal(1)
    assert [each.quantity for each in rig.state.holdings.values()] == [Decimal(2)]


def test_what_nobody_owns_is_taken_first() -> None:
    rig = holding(AUTO, "3")
    by_hand(rig, Side.BUY, "2", 1)
    by_hand(rig, Side.SELL, "3", 2)
    (entry,) = told(rig.sent, PositionCorrected, STRATEGY)
    assert entry.quantity == Decimal(1)
    assert rig.state.positions == {SYMBOL: Decimal(2)}
    assert [each.quantity for each in rig.state.holdings.values()] == [Decimal(2)]


def test_more_of_the_same_side_takes_nothing_of_anybody() -> None:
    rig = by_hand(holding(AUTO), Side.BUY, "5")
    assert rig.happened(HoldingsExceeded) == []


def test_what_a_late_stream_will_tell_is_asked_for_and_not_corrected() -> None:
    rig = holding(AUTO)
    late = venue_event("web_1", OrderState.FILLED, rig.state.stream_sequence + 1, filled="2", fill="x1")
    assert late.fill is not None
    rig.wait(60 * SECOND)
    account(rig, BTC="3")
    (asked,) = [each for each in rig.effects if isinstance(each, QueryFills)]
    for _ in range(2):
        rig.wait(4 * SECOND)
        account(rig, BTC="3")
    assert rig.happened(PositionCorrected) == []
    trade = VenueTrade(late.venue_order_id, None, SYMBOL, Side.BUY, late.time + rig.now, late.fill)
    rig.take(FillsResult("paper", SYMBOL, Outcome.ACCEPTED, (trade,), asked.since))
    assert rig.state.positions == {SYMBOL: Decimal(3)}
    rig.take(late)
    assert rig.state.positions == {SYMBOL: Decimal(3)}
    assert rig.happened(PositionCorrected) == []


def open_order(name: str) -> VenueOrder:
    return VenueOrder(name, "v9", SYMBOL, Side.BUY, OrderState.WORKING, Decimal(1), Decimal(0))


@pytest.mark.parametrize(
    ("policy", "suspect", "cancels", "clean"),
    [
        (ExternalPolicy.IGNORE, False, [], True),
        (ExternalPolicy.WARN, True, [], False),
        (ExternalPolicy.CANCEL, True, [CancelOrder("web_1", SYMBOL, "v9")], False),
    ],
)
def test_an_open_order_of_somebody_else(
    policy: ExternalPolicy, suspect: bool, cancels: list[CancelOrder], clean: bool
) -> None:
    rig = Rig(with_settings(external_policy=policy, reconcile_interval_ns=60 * SECOND))
    rig.wait(60 * SECOND)
    account(rig, open_order("web_1"))
    (activity,) = told(rig.envelopes, ExternalActivity, "risk")
    assert (activity.suspect, rig.effects) == (suspect, cancels)
    (said,) = told(rig.envelopes, VenueReconciled, "risk")
    assert said.clean is clean
    rig.wait(60 * SECOND)
    account(rig, open_order("web_1"))
    assert told(rig.envelopes, ExternalActivity, "risk") == []


@pytest.mark.parametrize(
    ("policy", "cancels"),
    [
        (ExternalPolicy.IGNORE, []),
        (ExternalPolicy.WARN, []),
        (ExternalPolicy.CANCEL, [CancelOrder("web_1", SYMBOL, "v1", conditional=True)]),
    ],
)
@pytest.mark.parametrize("fill", [None, "x1"], ids=["new", "filled in part"])
def test_an_open_order_of_somebody_else_in_the_stream_is_cancelled_once(
    policy: ExternalPolicy, cancels: list[CancelOrder], fill: str | None
) -> None:
    rig = Rig(with_settings(external_policy=policy))
    state = OrderState.WORKING if fill is None else OrderState.PARTIALLY_FILLED
    rig.take(venue_event("web_1", state, 1, filled="1" if fill else "0", fill=fill))
    assert rig.effects == cancels
    rig.take(venue_event("web_1", OrderState.PARTIALLY_FILLED, 2, filled="2", fill="x2", quantity="1"))
    assert rig.effects == []
    rig.take(venue_event("web_2", OrderState.FILLED, 3, filled="1", fill="x3"))
    assert rig.effects == []


def test_an_order_of_lost_history_that_comes_in_late_is_cancelled_whatever_is_allowed_to_others() -> None:
    rig = Rig(with_settings(external_policy=ExternalPolicy.IGNORE))
    rig.take(venue_event(LOST, OrderState.WORKING, 1))
    assert rig.effects == [CancelOrder(LOST, SYMBOL, "v1", conditional=True)]


def test_nothing_of_somebody_else_is_cancelled_in_mode_observe() -> None:
    rig = Rig(with_settings(external_policy=ExternalPolicy.CANCEL))
    rig.take(ModeChanged(Mode.OBSERVE, 1, {}, "drill"), sender="risk")
    rig.take(venue_event("web_1", OrderState.WORKING, 1))
    assert rig.effects == []


@pytest.mark.parametrize("outcome", [Outcome.NOT_SENT, Outcome.NO_ANSWER])
def test_a_cancel_of_somebody_elses_order_that_did_not_get_through_is_repeated_while_it_is_open(
    outcome: Outcome,
) -> None:
    rig = Rig(with_settings(external_policy=ExternalPolicy.CANCEL))
    rig.take(venue_event("web_1", OrderState.WORKING, 1))
    rig.take(CancelResult("web_1", outcome, Reason.NOT_SENT))
    assert rig.wait(rig.settings.account_backoff_max_ns) == [QueryAccount("paper")]
    account(rig, open_order("web_1"))
    assert rig.effects == [CancelOrder("web_1", SYMBOL, "v9")]
    rig.take(CancelResult("web_1", Outcome.ACCEPTED, Reason.ACCEPTED))
    assert rig.wait(rig.settings.account_backoff_ns) == [QueryAccount("paper")], "the difference is over"
    account(rig)
    assert rig.wait(3_600 * SECOND) == []


@pytest.mark.parametrize("name", ["web_1", LOST])
@pytest.mark.parametrize("state", [OrderState.CANCELLED, OrderState.EXPIRED])
def test_the_end_of_an_order_that_was_told_is_no_second_matter_for_a_person(
    name: str, state: OrderState
) -> None:
    rig = Rig(with_settings(external_policy=ExternalPolicy.WARN))
    rig.take(venue_event(name, OrderState.WORKING, 1))
    rig.take(venue_event(name, state, 2))
    assert [each.suspect for each in told(rig.sent, ExternalActivity, "risk")] == [True, False]
    rig.take(venue_event(name, OrderState.FILLED, 3, filled="1", fill="x1"))
    assert told(rig.envelopes, ExternalActivity, "risk")[0].suspect, "a fill is never what was told before"


def test_an_order_of_somebody_else_that_is_only_heard_of_at_its_end_is_suspect() -> None:
    rig = Rig(with_settings(external_policy=ExternalPolicy.WARN))
    rig.take(venue_event(LOST, OrderState.CANCELLED, 1))
    assert told(rig.envelopes, ExternalActivity, "risk")[0].suspect


def test_a_fill_of_our_own_lost_history_is_suspect_whatever_is_allowed_to_others() -> None:
    rig = Rig(with_settings(external_policy=ExternalPolicy.IGNORE))
    rig.take(venue_event(LOST, OrderState.FILLED, 1, filled="2", fill="x1"))
    (activity,) = told(rig.envelopes, ExternalActivity, "risk")
    assert (activity.ours, activity.suspect) == (True, True)


def test_an_order_of_another_desk_halts() -> None:
    rig = Rig(with_settings(external_policy=ExternalPolicy.IGNORE))
    rig.take(venue_event(FOREIGN, OrderState.WORKING, 1))
    (condition,) = told(rig.envelopes, VenueCondition, "risk")
    assert (condition.cause, condition.mode, condition.person) == (
        Reason.FOREIGN_DESK.value,
        Mode.HALTED,
        True,
    )
    rig.take(venue_event(FOREIGN, OrderState.CANCELLED, 2))
    assert told(rig.envelopes, VenueCondition, "risk") == []


def test_orders_of_somebody_else_with_the_same_number_on_two_symbols_are_two_orders() -> None:
    rig = Rig(with_settings(external_policy=ExternalPolicy.CANCEL))
    rig.take(venue_event("web_1", OrderState.WORKING, 1))
    other = msgspec.structs.replace(venue_event("web_2", OrderState.WORKING, 2), symbol="ETH-USDT")
    rig.take(other)
    assert rig.effects == [CancelOrder("web_2", "ETH-USDT", "v1", conditional=True)]
    assert [each.suspect for each in told(rig.sent, ExternalActivity, "risk")] == [True, True]
