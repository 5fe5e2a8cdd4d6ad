"""Entering and turning: sizes, one open intent at a time, opposite signals, gates."""

from __future__ import annotations

from decimal import Decimal

import pytest

from actors.strategy.gates import ENTRY_GATES, decision_for, refusal
from actors.strategy.settings import CooldownSettings, Instrument, OrderSettings, OrderStyle
from messages.decisions import (
    CooldownStarted,
    Decision,
    DecisionMade,
    IntentClosed,
    IntentRaised,
    TargetDeferred,
)
from messages.errors import InvariantError
from messages.intents import IntentRejected, Purpose, Refused, Side
from messages.orders import OrderState
from messages.reasons import Layer, Reason
from tests.actors.strategy.sample_strategies import BUY, CANCEL, CLOSE, LONG, NOTHING, SELL, SELL_PART, SHORT
from tests.actors.strategy.stage import BTC, SECOND, Stage, sides, strategy

pytestmark = pytest.mark.unit

PASSIVE = OrderSettings(Decimal(1_000), style=OrderStyle.POST_ONLY, time_to_live=3 * SECOND)


def passive(**changes: object) -> Stage:
    return Stage(strategy(order=PASSIVE, **changes))


def test_a_target_becomes_one_intent_with_its_quote_and_deadline(stage: Stage) -> None:
    stage.quote(1_000.0, order=LONG)
    intent = stage.last
    assert sides([intent]) == [(Side.BUY, Decimal("0.999"))]
    assert intent.terms.deadline == stage.now + 2 * SECOND
    assert intent.quote is not None
    assert (intent.quote.bid, intent.quote.ask) == (1_000.0, 1_000.1)
    assert [recipient for _, recipient, each in stage.sent if each is intent] == ["risk"]
    raised = stage.events(IntentRaised)
    assert [each.intent_id for each in raised] == [stage.last_intent_id]


def test_a_trade_is_recorded_with_what_it_saw_and_why(stage: Stage) -> None:
    stage.quote(1_000.0, order=LONG)
    (decision,) = stage.events(DecisionMade)
    assert (decision.decision, decision.reason) == (Decision.TRADE, Reason.SIGNAL)
    assert decision.trace == {
        "bid": 1_000.0,
        "ask": 1_000.1,
        "quote_age_ms": 0.0,
        "position": 0.0,
        "quantity": 0.999,
        "worst_price": 1005.1,
        "target": 1.0,
        "order": LONG,
    }


def test_a_decision_to_do_nothing_leaves_no_trace(stage: Stage) -> None:
    stage.quote(order=NOTHING)
    stage.quote(order=CLOSE)
    assert stage.journal == []
    assert not stage.intents


def test_a_target_that_is_reached_already_is_held(stage: Stage) -> None:
    stage.quote(order=LONG)
    stage.fill_all()
    stage.quote(order=LONG)
    assert len(stage.intents) == 1


def test_a_second_signal_the_same_way_waits_for_the_open_intent(stage: Stage) -> None:
    stage.quote(order=LONG)
    stage.quote(order=LONG)
    assert len(stage.intents) == 1
    assert not stage.cancels


def test_a_turn_closes_and_opens_in_one_order(stage: Stage) -> None:
    stage.quote(order=LONG)
    stage.fill_all()
    stage.quote(order=SHORT)
    assert sides([stage.last]) == [(Side.SELL, Decimal("0.999") + Decimal("1.000"))]
    assert (stage.last.terms.reduce_only, stage.last.terms.purpose) == (False, Purpose.ENTRY)
    stage.fill_all()
    assert stage.held == -1


def test_an_opposite_signal_cancels_the_working_order_first_and_then_acts() -> None:
    stage = passive()
    stage.quote(order=LONG)
    entry = stage.last_intent_id
    stage.quote(order=SHORT)
    assert stage.cancels == [entry]
    assert len(stage.intents) == 1
    stage.quote(order=SHORT)
    assert stage.cancels == [entry]
    assert len(stage.events(TargetDeferred)) == 1
    stage.report(OrderState.CANCELLED, intent_id=entry)
    assert sides([stage.last]) == [(Side.SELL, Decimal("0.999"))]


def test_a_deferred_turn_counts_what_was_filled_before_the_cancel() -> None:
    stage = passive()
    stage.quote(order=LONG)
    entry = stage.last_intent_id
    stage.fill(quantity="0.4")
    stage.quote(order=SHORT)
    stage.report(OrderState.CANCELLED, "0.4", entry)
    assert sides([stage.last]) == [(Side.SELL, Decimal("1.399"))]


def test_a_deferred_target_is_void_after_the_deadline_of_an_order() -> None:
    stage = passive()
    stage.quote(order=LONG)
    stage.quote(order=SHORT)
    stage.wait(2 * SECOND + 1)
    stage.report(OrderState.CANCELLED)
    assert len(stage.intents) == 1
    assert stage.state().deferred is None


def test_a_changed_mind_replaces_the_deferred_target() -> None:
    stage = passive()
    stage.quote(order=LONG)
    stage.quote(order=SHORT)
    stage.quote(order=CLOSE)
    stage.report(OrderState.CANCELLED)
    assert len(stage.intents) == 1


def test_a_working_order_can_be_cancelled_by_the_strategy() -> None:
    stage = passive()
    stage.quote(order=LONG)
    stage.quote(order=CANCEL)
    stage.quote(order=CANCEL)
    assert stage.cancels == [stage.last_intent_id]


def test_only_one_sized_order_is_open_at_a_time(stage: Stage) -> None:
    stage.quote(order=BUY)
    stage.quote(order=BUY)
    assert len(stage.intents) == 1
    blocked = stage.events(DecisionMade)[-1]
    assert (blocked.decision, blocked.reason) == (Decision.BLOCKED, Reason.INTENT_OPEN)


def test_sized_orders_add_to_a_position(stage: Stage) -> None:
    for _ in range(2):
        stage.quote(order=BUY)
        stage.fill_all()
    assert stage.held == Decimal("1.998")


def test_selling_less_than_is_held_only_reduces() -> None:
    stage = Stage(strategy(parameters={"part": 0.2}))
    stage.quote(order=LONG)
    stage.fill_all()
    stage.quote(order=SELL_PART)
    assert sides([stage.last]) == [(Side.SELL, Decimal("0.2"))]
    assert stage.last.terms.reduce_only
    stage.fill_all()
    assert stage.held == Decimal("0.799")


def test_a_size_in_money_is_taken_at_the_touch(stage: Stage) -> None:
    stage.quote(1_000.0, order=SELL)
    assert sides([stage.last]) == [(Side.SELL, Decimal("0.300"))]


@pytest.mark.parametrize(("order", "reason"), [("5", Reason.MIN_NOTIONAL), ("0.5", Reason.MIN_QUANTITY)])
def test_an_order_too_small_for_the_venue_is_blocked(order: str, reason: Reason) -> None:
    stage = Stage(strategy(order=OrderSettings(Decimal(order))))
    stage.quote(order=LONG)
    stage.quote(order=LONG)
    assert [(each.decision, each.reason) for each in stage.events(DecisionMade)] == [
        (Decision.BLOCKED, reason)
    ]


def test_an_order_is_no_larger_than_the_venue_allows() -> None:
    small = Instrument("BTC-USDT", "paper", BTC.tick, BTC.lot, max_quantity=Decimal("0.5"))
    stage = Stage(strategy(instrument=small))
    stage.quote(order=LONG)
    stage.fill_all()
    assert stage.held == Decimal("0.5")
    stage.quote(order=SHORT)
    assert stage.last.terms.quantity == Decimal("0.5")


def test_after_an_entry_the_strategy_cools_down() -> None:
    stage = Stage(strategy(cooldown=CooldownSettings(after_entry=SECOND, after_rejection=0)))
    stage.quote(order=LONG)
    stage.fill_all()
    stage.quote(order=BUY)
    stage.quote(order=BUY)
    assert [(each.decision, each.reason) for each in stage.events(DecisionMade)[1:]] == [
        (Decision.BLOCKED, Reason.COOLDOWN)
    ]
    stage.wait(SECOND)
    stage.quote(order=BUY)
    assert len(stage.intents) == 2


def test_in_a_cooldown_a_turn_only_closes() -> None:
    stage = Stage(strategy(cooldown=CooldownSettings(after_entry=SECOND)))
    stage.quote(order=LONG)
    stage.fill_all()
    stage.quote(order=SHORT)
    assert sides([stage.last]) == [(Side.SELL, Decimal("0.999"))]
    assert stage.last.terms.reduce_only


def test_after_a_close_the_strategy_cools_down() -> None:
    stage = Stage(strategy(cooldown=CooldownSettings(after_close=SECOND)))
    stage.quote(order=LONG)
    stage.fill_all()
    assert not stage.events(CooldownStarted)
    stage.quote(order=CLOSE)
    stage.fill_all()
    (cooldown,) = stage.events(CooldownStarted)
    assert cooldown.until == stage.now + SECOND
    stage.quote(order=LONG)
    assert len(stage.intents) == 2


@pytest.mark.parametrize(
    "end", ["rejected by risk", "refused by a full mailbox", "rejected by the venue", "expired"]
)
def test_an_intent_that_is_turned_down_is_closed_and_cools_down(end: str) -> None:
    stage = Stage(strategy(cooldown=CooldownSettings(after_rejection=SECOND)))
    stage.quote(order=LONG)
    intent_id = stage.last_intent_id
    if end == "rejected by risk":
        stage.take(IntentRejected(intent_id, Reason.GROSS_EXPOSURE, Layer.RISK))
    elif end == "refused by a full mailbox":
        stage.take(Refused(intent_id, "risk", "OrderIntent"), sender="store")
    else:
        stage.report(OrderState.EXPIRED if end == "expired" else OrderState.REJECTED, reason=Reason.EXPIRED)
    assert [each.intent_id for each in stage.events(IntentClosed)] == [intent_id]
    assert not stage.state().intents
    stage.quote(order=LONG)
    assert len(stage.intents) == 1
    stage.wait(SECOND)
    stage.quote(order=LONG)
    assert len(stage.intents) == 2


def test_a_report_that_is_not_final_closes_nothing(stage: Stage) -> None:
    stage.quote(order=LONG)
    stage.report(OrderState.WORKING, final=False)
    stage.report(OrderState.UNKNOWN, final=False)
    assert list(stage.state().intents) == [stage.last_intent_id]


def test_an_intent_stays_open_until_all_its_fills_are_booked(stage: Stage) -> None:
    stage.quote(order=LONG)
    stage.fill(quantity="0.5")
    stage.report(OrderState.FILLED, "0.999")
    stage.report(OrderState.FILLED, "0.999")
    assert stage.state().intents
    stage.fill(quantity="0.499")
    assert not stage.state().intents
    (closed,) = stage.events(IntentClosed)
    assert (closed.state, closed.filled) == (OrderState.FILLED, Decimal("0.999"))


def test_marks_or_unknown_intents_that_are_refused_or_reported_change_nothing(stage: Stage) -> None:
    stage.take(Refused("strategy/BTC-USDT#99", "risk", "Marks"), sender="store")
    stage.take(IntentRejected("strategy/BTC-USDT#99", Reason.COOLDOWN, Layer.RISK))
    assert stage.journal == []


def test_the_gates_are_asked_in_the_order_of_their_table(stage: Stage) -> None:
    assert [gate.__name__ for gate in ENTRY_GATES] == [
        "_retiring",
        "_switched_off",
        "_faulty",
        "_suspended",
        "_mode",
        "_window",
        "_quote",
        "_open_intent",
        "_cooldown",
    ]
    slot = stage.actor._slots["obey/BTC-USDT"]
    assert refusal(ENTRY_GATES, slot, stage.now) is Reason.STALE_QUOTE
    assert decision_for(Reason.STALE_QUOTE) is Decision.NO_TRADE
    assert decision_for(Reason.COOLDOWN) is Decision.BLOCKED


def test_nonsense_from_a_strategy_is_an_error_that_names_it(stage: Stage) -> None:
    stage.quote()
    desk = stage.actor._slots["obey/BTC-USDT"].desk
    with pytest.raises(InvariantError, match="a target is"):
        desk.within(stage.ctx, lambda open_desk: open_desk.target(2))
    with pytest.raises(InvariantError, match="above zero"):
        desk.within(stage.ctx, lambda open_desk: open_desk.buy(quantity=Decimal(0)))
    with pytest.raises(InvariantError, match="not both"):
        desk.within(stage.ctx, lambda open_desk: open_desk.buy(quantity=Decimal(1), notional=Decimal(1)))
