"""Symbols outside the universe: exposure may be reduced there, and nothing else."""

from __future__ import annotations

import msgspec
import pytest

from messages.control import SessionStarted
from messages.intents import Purpose, Verdict
from messages.reasons import Reason
from messages.universe import UniverseChanged
from tests.actors.risk.desk import BUY, SELL, D, Desk, instrument, ready, settings

pytestmark = pytest.mark.unit


def outside(version: int, *symbols: str) -> UniverseChanged:
    return UniverseChanged(version, (), (), symbols, "test")


def test_what_is_outside_can_only_be_reduced_until_it_is_in_again() -> None:
    desk = ready()
    desk.fill(desk.intend(BUY, 1), BUY, 1)
    desk.give(outside(3, "BTC-USDT"))
    desk.intend(BUY, 1)
    assert (desk.decision.verdict, desk.decision.reason) == (Verdict.REJECTED, Reason.NOT_IN_UNIVERSE)
    desk.intend(SELL, 1)
    assert desk.decision.verdict is Verdict.APPROVED
    desk.give(outside(2))
    desk.intend(BUY, 1)
    assert desk.decision.reason is Reason.NOT_IN_UNIVERSE
    desk.give(outside(4))
    desk.intend(BUY, 1)
    assert desk.decision.verdict is Verdict.APPROVED


@pytest.mark.parametrize("purpose", [Purpose.EXIT, Purpose.STOP, Purpose.TARGET])
def test_two_strategies_that_hold_a_symbol_against_each_other_can_both_leave_it(purpose: Purpose) -> None:
    desk = ready()
    desk.fill(desk.intend(BUY, 1, strategy="ema"), BUY, 1)
    desk.fill(desk.intend(SELL, 1, strategy="pairs"), SELL, 1)
    desk.give(outside(3, "BTC-USDT"))
    desk.intend(BUY, 1, strategy="pairs")
    assert desk.decision.reason is Reason.NOT_IN_UNIVERSE
    desk.intend(BUY, 1, strategy="pairs", purpose=purpose)
    assert desk.decision.verdict is Verdict.APPROVED


def test_on_a_desk_without_a_universe_what_an_earlier_one_kept_out_is_approved_again() -> None:
    desk = Desk(settings(has_universe=False)).seed(100_000).mark()
    desk.give(outside(3, "BTC-USDT"))
    desk.intend(BUY, 1)
    assert desk.decision.verdict is Verdict.APPROVED
    desk.restart()
    assert desk.risk.state.outside == {}


def test_a_universe_that_comes_back_is_waited_for_again() -> None:
    desk = ready()
    desk.give(outside(3))
    for has_universe in (False, True):
        desk.settings = msgspec.structs.replace(desk.settings, has_universe=has_universe)
        desk.restart()
        desk.give(SessionStarted("ana", universe=has_universe))
    desk.intend(BUY, 1)
    assert desk.decision.reason is Reason.NOT_IN_UNIVERSE
    desk.give(outside(4))
    desk.intend(BUY, 1)
    assert desk.decision.verdict is Verdict.APPROVED


def test_before_the_first_snapshot_every_symbol_is_outside() -> None:
    desk = ready()
    desk.give(SessionStarted("ana", universe=True))
    desk.restart()
    desk.intend(BUY, 1)
    assert (desk.decision.verdict, desk.decision.reason) == (Verdict.REJECTED, Reason.NOT_IN_UNIVERSE)
    desk.give(outside(1, "ETH-USDT"))
    desk.give(SessionStarted("ana", universe=True))
    desk.intend(BUY, 1)
    assert desk.decision.verdict is Verdict.APPROVED


def test_a_desk_without_a_universe_waits_for_none() -> None:
    desk = ready()
    desk.give(SessionStarted("ana"))
    desk.intend(BUY, 1)
    assert desk.decision.verdict is Verdict.APPROVED


def test_money_is_exchanged_while_the_first_snapshot_is_awaited() -> None:
    money = instrument("USDC-USDT", converts=True)
    chosen = settings(instruments=(instrument("BTC-USDT"), money), rates={"USDC": D(1)})
    desk = Desk(chosen).seed(100_000).mark()
    desk.give(SessionStarted("ana", universe=True))
    assert list(desk.risk.state.outside) == ["BTC-USDT"]
