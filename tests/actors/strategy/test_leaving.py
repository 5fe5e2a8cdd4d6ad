"""Leaving: stops, targets, trailing, time; pursued until flat; alive after a crash."""

from __future__ import annotations

from decimal import Decimal

import pytest

from actors.strategy.settings import ExitSettings, Instrument, OrderSettings, OrderStyle
from messages.control import Mode, ModeChanged
from messages.decisions import (
    DisableStrategy,
    ExitArmed,
    ExitRetryDue,
    ExitRetryScheduled,
    ExitTriggered,
    HoldingTimeUp,
)
from messages.intents import IntentRejected, Purpose, Side
from messages.orders import OrderState
from messages.reasons import Layer, Reason
from tests.actors.strategy.sample_strategies import CLOSE, LONG, SHORT
from tests.actors.strategy.stage import BTC, MILLISECOND, SECOND, Stage, sides, strategy

pytestmark = pytest.mark.unit

FIXED = ExitSettings(stop=Decimal("0.01"), target=Decimal("0.02"))


def holding(direction: float = LONG, exits: ExitSettings = FIXED, **changes: object) -> Stage:
    """A stage that holds a position from 1,000 and has nothing open."""
    stage = Stage(strategy(exits=exits, **changes))
    stage.quote(1_000.0, order=direction)
    stage.fill_all(price=1_000.0)
    return stage


@pytest.mark.parametrize(
    ("direction", "bid", "reason", "purpose", "side"),
    [
        (LONG, 989.0, Reason.STOP, Purpose.STOP, Side.SELL),
        (LONG, 1_021.0, Reason.TARGET, Purpose.TARGET, Side.SELL),
        (SHORT, 1_011.0, Reason.STOP, Purpose.STOP, Side.BUY),
        (SHORT, 979.0, Reason.TARGET, Purpose.TARGET, Side.BUY),
    ],
)
def test_a_level_that_is_reached_closes_the_position(direction, bid, reason, purpose, side) -> None:
    stage = holding(direction)
    held = abs(stage.held)
    stage.quote(bid)
    assert sides([stage.last]) == [(side, held)]
    assert (stage.last.terms.purpose, stage.last.terms.reduce_only) == (purpose, True)
    assert [each.reason for each in stage.events(ExitTriggered)] == [reason]
    stage.fill_all(price=bid)
    assert stage.held == 0
    assert stage.state().levels is None
    assert stage.state().exiting is None


def test_between_the_levels_nothing_is_due() -> None:
    stage = holding()
    assert not stage.quote(995.0)
    assert not stage.quote(1_019.0)


def test_a_stop_crossed_while_down_fires_on_the_first_quote_after_recovery() -> None:
    stage = holding()
    stage.crash()
    assert stage.quote(900.0)
    assert stage.last.terms.purpose is Purpose.STOP


def test_an_exit_goes_on_though_the_price_comes_back() -> None:
    stage = holding()
    stage.quote(980.0)
    stage.report(OrderState.CANCELLED, reason=Reason.NO_LIQUIDITY)
    stage.quote(1_005.0)
    stage.wait(SECOND)
    assert len(stage.intents) == 3
    assert stage.last.terms.purpose is Purpose.STOP


def test_while_an_exit_is_open_further_quotes_raise_no_second() -> None:
    stage = holding()
    stage.quote(980.0)
    due = [stage.quote(price) for price in (970.0, 960.0, 950.0)]
    assert not any(due)
    assert len(stage.intents) == 2


@pytest.mark.parametrize("end", ["rejected", "expired", "cancelled"])
def test_an_exit_that_fails_is_tried_again_with_growing_waits_for_ever(end: str) -> None:
    stage = holding(exits=ExitSettings(stop=Decimal("0.01"), retry_min=250 * MILLISECOND, retry_max=SECOND))
    stage.quote(980.0)
    for attempt in range(1, 6):
        if end == "rejected":
            stage.take(IntentRejected(stage.last_intent_id, Reason.EXPIRED, Layer.RISK))
        else:
            stage.report(OrderState(end))
        stage.quote(980.0)
        assert len(stage.intents) == attempt + 1
        stage.wait(SECOND)
        assert len(stage.intents) == attempt + 2
        assert stage.state().retry_due is None
    waits = [each.due for each in stage.events(ExitRetryScheduled)]
    assert len(waits) == 5
    stage.fill_all(price=980.0)
    assert stage.held == 0


def test_a_wish_to_close_that_is_repeated_does_not_bring_the_next_attempt_forward() -> None:
    stage = holding()
    stage.quote(order=CLOSE)
    stage.take(IntentRejected(stage.last_intent_id, Reason.MODE_REDUCE, Layer.RISK))
    for _ in range(5):
        stage.quote(order=CLOSE, after=10 * MILLISECOND)
    assert len(stage.intents) == 2
    stage.wait(200 * MILLISECOND)
    assert len(stage.intents) == 3
    stage.fill_all()
    assert stage.held == 0


def test_an_exit_filled_in_part_goes_on_with_the_rest_and_a_short_wait() -> None:
    stage = holding()
    stage.quote(980.0)
    stage.fill(quantity="0.4")
    stage.report(OrderState.CANCELLED, "0.4")
    stage.wait(250 * MILLISECOND)
    assert sides([stage.last]) == [(Side.SELL, Decimal("0.599"))]


def test_an_exit_larger_than_one_order_goes_out_in_parts_without_waits() -> None:
    small = Instrument("BTC-USDT", "paper", BTC.tick, BTC.lot, max_quantity=Decimal("0.6"))
    stage = Stage(strategy(instrument=small, exits=FIXED))
    for _ in range(2):
        stage.quote(order=104.0)
        stage.fill_all()
    assert stage.held == Decimal("1.2")
    stage.quote(980.0)
    stage.fill_all(price=980.0)
    assert stage.last.terms.quantity == Decimal("0.6")
    stage.fill_all(price=980.0)
    assert stage.held == 0


def test_a_retry_survives_a_crash() -> None:
    stage = holding()
    stage.quote(980.0)
    stage.report(OrderState.REJECTED)
    stage.crash()
    stage.wait(SECOND)  # no quote to price it: it is put off, not forgotten
    assert len(stage.intents) == 2
    stage.quote(980.0)
    stage.wait(30 * SECOND)
    assert len(stage.intents) == 3


def test_an_exit_triggered_without_a_quote_leaves_with_the_first() -> None:
    stage = holding(exits=ExitSettings(max_holding=SECOND))
    stage.crash()
    stage.wait(SECOND)
    assert len(stage.intents) == 1
    assert [each.reason for each in stage.events(ExitTriggered)] == [Reason.TIME_EXIT]
    assert stage.quote(1_000.0)
    assert sides([stage.last]) == [(Side.SELL, Decimal("0.999"))]


def test_the_longest_holding_time_ends_a_position_by_its_timer() -> None:
    stage = holding(exits=ExitSettings(max_holding=5 * SECOND))
    stage.wait(5 * SECOND)
    assert (stage.last.terms.purpose, stage.last.reason) == (Purpose.EXIT, "time_exit")


def test_the_longest_holding_time_ends_a_position_by_a_quote_too() -> None:
    stage = holding(exits=ExitSettings(max_holding=5 * SECOND))
    stage.timers.clear()
    assert stage.quote(after=5 * SECOND)
    assert stage.last.reason == "time_exit"


def test_timers_of_a_position_that_is_gone_do_nothing() -> None:
    stage = holding(exits=ExitSettings(max_holding=SECOND, stop=Decimal("0.01")))
    opened = stage.now
    stage.quote(980.0)
    stage.fill_all(price=980.0)
    assert not stage.timers
    stage.take(HoldingTimeUp("obey", "BTC-USDT", opened + SECOND))
    stage.take(ExitRetryDue("obey", "BTC-USDT", opened))
    stage.take(ExitRetryDue("retired", "BTC-USDT", opened))
    assert len(stage.intents) == 2


def test_a_trailing_stop_is_journalled_in_steps_and_survives_a_crash() -> None:
    stage = holding(exits=ExitSettings(trailing=Decimal("0.01")))
    for tenth in range(1, 101):
        stage.quote(1_000.0 + tenth)
    armed = stage.events(ExitArmed)
    assert 5 < len(armed) < 101
    stage.crash()
    assert stage.quote(1_088.0)
    assert stage.events(ExitTriggered)[-1].reason is Reason.TRAILING


def test_closing_cancels_an_entry_that_is_under_way() -> None:
    passive = OrderSettings(Decimal(1_000), style=OrderStyle.LIMIT)
    stage = Stage(strategy(order=passive))
    stage.quote(order=LONG)
    stage.quote(order=CLOSE)
    assert stage.cancels == [stage.last_intent_id]
    assert len(stage.intents) == 1


def test_a_stop_cancels_a_growing_order_and_leaves_at_once() -> None:
    stage = holding(order=OrderSettings(Decimal(1_000), style=OrderStyle.LIMIT))
    stage.quote(1_000.0, order=104.0)
    adding = stage.last_intent_id
    stage.quote(980.0)
    assert stage.cancels == [adding]
    assert sides([stage.last]) == [(Side.SELL, stage.held)]


def test_a_late_fill_of_a_cancelled_entry_is_closed_as_well() -> None:
    stage = holding(order=OrderSettings(Decimal(1_000), style=OrderStyle.LIMIT))
    first = stage.held
    stage.quote(1_000.0, order=104.0)
    adding = stage.last_intent_id
    stage.quote(980.0)
    leaving = stage.last_intent_id
    stage.fill(adding, "0.3")
    stage.report(OrderState.CANCELLED, "0.3", adding)
    stage.fill(leaving, first, price=980.0)
    stage.report(OrderState.FILLED, first, leaving)
    assert sides([stage.last]) == [(Side.SELL, Decimal("0.3"))]
    stage.fill_all(price=980.0)
    assert stage.held == 0


def test_a_stop_waits_for_an_open_turn_to_end_so_that_it_never_sells_too_much() -> None:
    stage = holding(order=OrderSettings(Decimal(1_000), style=OrderStyle.LIMIT))
    stage.quote(1_000.0, order=SHORT)
    turn = stage.last_intent_id
    stage.quote(980.0)
    assert stage.cancels == [turn]
    assert stage.last_intent_id == turn
    stage.fill(turn, "0.5")
    stage.report(OrderState.CANCELLED, "0.5", turn)
    assert stage.last.terms.quantity == stage.held == Decimal("0.5")


def test_when_the_open_turn_was_filled_after_all_the_stop_is_void() -> None:
    stage = holding(order=OrderSettings(Decimal(1_000), style=OrderStyle.LIMIT))
    stage.quote(1_000.0, order=SHORT)
    turn = stage.last_intent_id
    stage.quote(980.0)
    stage.fill_all(turn)
    assert stage.held < 0
    assert stage.state().exiting is None
    assert stage.last_intent_id == turn
    levels = stage.state().levels
    assert levels is not None
    assert levels.stop == pytest.approx(1_010.0)


def test_after_a_stop_the_same_breath_does_not_enter_again() -> None:
    stage = holding()
    stage.quote(980.0, order=LONG)
    stage.fill_all(price=980.0)
    assert stage.held == 0
    assert len(stage.intents) == 2


def test_an_opposite_signal_during_an_exit_is_acted_on_when_it_is_done() -> None:
    stage = holding()
    stage.quote(980.0, order=SHORT)
    assert len(stage.intents) == 2
    stage.fill_all(price=980.0)
    assert sides([stage.last])[0][0] is Side.SELL
    assert stage.last.terms.purpose is Purpose.ENTRY


@pytest.mark.parametrize("mode", [Mode.REDUCE, Mode.HALTED])
def test_exits_run_while_entries_are_forbidden(mode: Mode) -> None:
    stage = holding()
    stage.take(ModeChanged(mode, 1, {}, "test"))
    stage.quote(980.0)
    assert stage.last.terms.purpose is Purpose.STOP


def test_in_observe_nothing_is_done_and_afterwards_the_stop_is_there() -> None:
    stage = holding()
    stage.take(ModeChanged(Mode.OBSERVE, 1, {}, "test"))
    assert not stage.quote(980.0)
    stage.quote(980.0, order=CLOSE)
    assert len(stage.intents) == 1
    stage.take(ModeChanged(Mode.NORMAL, 2, {}, "test"))
    assert stage.quote(980.0)
    assert stage.last.terms.purpose is Purpose.STOP


def test_an_exit_interrupted_by_observe_goes_on_after_it() -> None:
    stage = holding()
    stage.quote(980.0)
    stage.take(ModeChanged(Mode.OBSERVE, 1, {}, "test"))
    stage.report(OrderState.CANCELLED)
    stage.wait(SECOND)
    assert len(stage.intents) == 2
    stage.take(ModeChanged(Mode.REDUCE, 2, {}, "test"))
    assert len(stage.intents) == 3


def test_a_holding_time_that_is_up_in_observe_counts_afterwards() -> None:
    stage = holding(exits=ExitSettings(max_holding=SECOND))
    stage.take(ModeChanged(Mode.OBSERVE, 1, {}, "test"))
    stage.wait(2 * SECOND)
    assert not stage.events(ExitTriggered)
    stage.take(ModeChanged(Mode.NORMAL, 2, {}, "test"))
    stage.quote()
    assert stage.events(ExitTriggered)[-1].reason is Reason.TIME_EXIT


def test_exits_of_a_stale_decision_are_not_withheld() -> None:
    stage = holding()
    stage.quote(980.0, event_time=stage.now - 60 * SECOND)
    assert stage.last.terms.purpose is Purpose.STOP


def test_exits_run_while_the_strategy_is_switched_off() -> None:
    stage = holding()
    stage.take(DisableStrategy("obey", "me"))
    stage.quote(980.0)
    assert stage.last.reason == "stop"
