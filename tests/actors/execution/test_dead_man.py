"""The dead-man switch: armed with the first order, kept by a durable timer, stopped when nothing works."""

from __future__ import annotations

from decimal import Decimal

import pytest

from actors.execution.settings import SECOND, ExecutionSettings
from actors.venues.port import VenueTraits
from messages.account_setup import DeadManLost
from messages.base import Effect
from messages.intents import OrderType
from messages.orders import OrderState
from messages.venue import Outcome
from messages.venue_account import ArmDeadMan, DeadManResult
from tests.actors.execution.rig import SAFE, SYMBOL, Rig, kinds

pytestmark = pytest.mark.unit

COUNTDOWN = 120 * SECOND
KEPT = ExecutionSettings(
    "paper",
    VenueTraits(dead_man_switch=True, stops=True, stream_resumes=True),
    dead_man_ns=COUNTDOWN,
)
ETH = "ETH-USDT"


def armed(*symbols: str, countdown: int = COUNTDOWN) -> list[Effect]:
    return [ArmDeadMan("paper", symbols, countdown)]


def kept(rig: Rig, *symbols: str) -> Rig:
    return rig.take(DeadManResult("paper", Outcome.ACCEPTED, symbols))


def silent(rig: Rig) -> Rig:
    return rig.take(DeadManResult("paper", Outcome.NO_ANSWER))


def test_it_is_armed_with_the_first_order_and_kept_at_a_third_of_the_countdown() -> None:
    rig = Rig(KEPT)
    rig.submit()
    assert rig.effects[-1:] == armed(SYMBOL)
    kept(rig, SYMBOL)
    for _ in range(3):
        assert rig.wait(COUNTDOWN // 3) == armed(SYMBOL)
        kept(rig, SYMBOL)


def test_a_second_symbol_is_armed_at_once_and_a_second_order_is_not() -> None:
    rig = Rig(KEPT)
    rig.submit(1)
    kept(rig, SYMBOL)
    rig.submit(2)
    assert kinds(rig.effects) == ["PlaceOrder"]
    rig.submit(3, symbol=ETH)
    assert rig.effects[-1:] == armed(ETH)


def test_a_second_symbol_does_not_put_off_the_renewal_of_the_first() -> None:
    rig = Rig(KEPT)
    rig.submit(1)
    kept(rig, SYMBOL)
    assert rig.wait(COUNTDOWN // 4) == []
    rig.submit(2, symbol=ETH)
    before = rig.actor.state.at_venue.dead_man.kept_until
    kept(rig, ETH)
    assert rig.actor.state.at_venue.dead_man.kept_until == before
    assert rig.wait(COUNTDOWN // 3 - COUNTDOWN // 4) == armed(SYMBOL, ETH)
    kept(rig, SYMBOL, ETH)
    assert rig.wait(COUNTDOWN // 3) == armed(SYMBOL, ETH)


def test_a_second_symbol_that_is_not_armed_brings_the_renewal_of_all_forward() -> None:
    rig = Rig(KEPT)
    rig.submit(1)
    kept(rig, SYMBOL)
    rig.submit(2, symbol=ETH)
    silent(rig)
    assert rig.wait(COUNTDOWN // 9) == armed(SYMBOL, ETH)


def test_what_comes_while_the_question_is_under_way_is_armed_with_the_answer() -> None:
    rig = Rig(KEPT)
    rig.submit(1)
    rig.submit(2, symbol=ETH)
    assert kinds(rig.effects) == ["PlaceOrder"]
    assert kept(rig, SYMBOL).effects == armed(ETH)


def test_it_is_stopped_when_nothing_works_any_more_and_then_rests() -> None:
    rig = Rig(KEPT)
    order = rig.working()
    kept(rig, SYMBOL)
    rig.event(order, OrderState.CANCELLED)
    assert rig.effects == []
    assert rig.wait(COUNTDOWN // 3) == armed(SYMBOL, countdown=0)
    kept(rig, SYMBOL)
    assert rig.wait(10 * COUNTDOWN) == []
    rig.submit(2)
    assert rig.effects[-1:] == armed(SYMBOL)


def test_a_symbol_at_rest_stays_armed_while_another_works() -> None:
    rig = Rig(KEPT)
    order = rig.working(1)
    kept(rig, SYMBOL)
    rig.working(2, symbol=ETH)
    kept(rig, SYMBOL, ETH)
    rig.event(order, OrderState.CANCELLED)
    assert rig.wait(COUNTDOWN // 3) == armed(SYMBOL, ETH)


def test_no_answer_is_tried_again_soon_and_a_person_is_called_before_it_runs_out() -> None:
    rig = Rig(KEPT)
    rig.submit()
    kept(rig, SYMBOL)
    ends = rig.now + COUNTDOWN
    for _ in range(20):
        rig.wait(rig.timers["dead-man"].due - rig.now)
        assert rig.effects[-1:] == armed(SYMBOL)
        silent(rig)
        if rig.happened(DeadManLost):
            break
    assert ends - COUNTDOWN // 9 <= rig.now < ends
    silent(rig)
    assert len(rig.happened(DeadManLost)) == 1
    assert "dead-man" in rig.actor.summary()
    rig.wait(rig.timers["dead-man"].due - rig.now)
    kept(rig, SYMBOL)
    assert "dead-man" not in rig.actor.summary()


def test_one_that_never_was_armed_calls_a_person_after_three_failures() -> None:
    rig = Rig(KEPT)
    rig.submit()
    for expected in (0, 0, 1):
        silent(rig)
        assert len(rig.happened(DeadManLost)) == expected
        rig.wait(rig.timers["dead-man"].due - rig.now)


def test_a_symbol_that_the_venue_left_out_is_not_kept() -> None:
    rig = Rig(KEPT)
    rig.submit(1)
    kept(rig, SYMBOL)
    rig.submit(2, symbol=ETH)
    kept(rig, SYMBOL)
    assert rig.state.at_venue.dead_man.failures == 1


def test_a_question_that_was_under_way_is_owed_after_a_crash() -> None:
    rig = Rig(KEPT)
    rig.submit()
    assert armed(SYMBOL)[0] in rig.restart()
    kept(rig, SYMBOL)
    assert armed(SYMBOL)[0] not in rig.restart()
    assert rig.wait(COUNTDOWN // 3)[-1:] == armed(SYMBOL)


def test_stops_alone_need_none() -> None:
    rig = Rig(KEPT)
    rig.submit(order_type=OrderType.STOP, limit_price=None, stop_price=Decimal(90), worst_price=Decimal(80))
    assert kinds(rig.effects) == ["PlaceOrder"]


@pytest.mark.parametrize(
    "settings",
    [
        SAFE,
        ExecutionSettings("paper", KEPT.traits),
        ExecutionSettings("paper", SAFE.traits, dead_man_ns=COUNTDOWN),
    ],
    ids=["neither", "not wanted", "not offered"],
)
def test_where_it_is_not_wanted_or_not_offered_nothing_is_armed(settings: ExecutionSettings) -> None:
    rig = Rig(settings)
    rig.submit()
    assert kinds(rig.effects) == ["PlaceOrder"]
