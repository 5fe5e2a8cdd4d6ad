"""A symbol that leaves the universe: nothing is entered, what is held is closed, and then that is told, once."""

from __future__ import annotations

import msgspec
import pytest

from messages.control import Mode, ModeChanged
from messages.decisions import DecisionMade
from messages.intents import Side
from messages.orders import OrderState
from messages.reasons import Reason
from messages.universe import LeavingSymbol, SymbolHeld, SymbolRetired, UniverseChanged, UniverseMember
from tests.actors.strategy.sample_strategies import LONG, SHORT
from tests.actors.strategy.stage import BTC, ETH, SECOND, Stage, strategy

pytestmark = pytest.mark.unit


def leaves(version: int = 2, symbol: str = "BTC-USDT", since: int | None = None) -> UniverseChanged:
    left = LeavingSymbol(symbol, Reason.REMOVED, 0, since or version)
    return UniverseChanged(version, (), (left,), (symbol,), "test")


def member(version: int, symbol: str = "BTC-USDT") -> UniverseChanged:
    return UniverseChanged(version, (UniverseMember(symbol, None, None, Reason.ADDED, 0),), (), (), "test")


def told(stage: Stage) -> list[SymbolRetired]:
    return [each for _, to, each in stage.sent if to == "universe" and isinstance(each, SymbolRetired)]


@pytest.fixture
def long() -> Stage:
    """A strategy that has bought."""
    stage = Stage()
    stage.quote(order=LONG)
    stage.fill_all()
    return stage


def test_without_a_position_it_is_told_at_once_and_only_once() -> None:
    stage = Stage()
    stage.take(leaves())
    stage.take(leaves(3, since=2))
    stage.quote()
    assert told(stage) == [SymbolRetired("BTC-USDT", 2)]


def test_a_position_is_closed_first(long: Stage) -> None:
    long.take(leaves())
    assert long.last.terms.side is Side.SELL
    assert long.last.terms.reduce_only
    assert long.state().exiting is Reason.NOT_IN_UNIVERSE
    assert told(long) == []
    long.fill_all()
    assert long.held == 0
    assert told(long) == [SymbolRetired("BTC-USDT", 2)]


def test_nothing_is_entered_from_then_on(long: Stage) -> None:
    long.take(leaves())
    long.fill_all()
    before = len(long.intents)
    long.quote(order=SHORT)
    assert len(long.intents) == before
    assert long.events(DecisionMade)[-1].reason is Reason.NOT_IN_UNIVERSE


def test_an_entry_that_is_open_is_cancelled_and_what_it_still_fills_is_closed() -> None:
    stage = Stage()
    stage.quote(order=LONG)
    entry = stage.last_intent_id
    stage.take(leaves())
    assert stage.cancels == [entry]
    stage.fill(entry, "0.4")
    stage.report(OrderState.CANCELLED, "0.4", entry)
    assert told(stage) == []
    assert stage.last.terms.side is Side.SELL
    stage.fill_all()
    assert told(stage) == [SymbolRetired("BTC-USDT", 2)]


def test_an_exit_that_fails_is_tried_until_it_is_done_also_over_a_crash(long: Stage) -> None:
    long.take(leaves())
    long.report(OrderState.EXPIRED)
    long.crash(fold=True)
    long.wait(60 * SECOND)
    long.quote()
    long.wait(60 * SECOND)
    assert len(long.intents) == 3
    long.fill_all()
    assert told(long) == [SymbolRetired("BTC-USDT", 2)]


def test_a_desk_that_observes_leaves_when_it_may_act_again(long: Stage) -> None:
    long.take(ModeChanged(Mode.OBSERVE, 1, {}, "test"))
    long.take(leaves())
    assert len(long.intents) == 1
    long.take(ModeChanged(Mode.HALTED, 2, {}, "test"))
    assert long.last.terms.side is Side.SELL


def test_a_symbol_that_comes_back_is_traded_again(long: Stage) -> None:
    long.take(leaves())
    long.fill_all()
    long.take(member(3))
    long.wait(60 * SECOND)
    long.quote(order=SHORT)
    assert long.last.terms.side is Side.SELL
    assert not long.last.terms.reduce_only
    long.take(leaves(4))
    long.report(OrderState.CANCELLED)
    assert told(long) == [SymbolRetired("BTC-USDT", 2), SymbolRetired("BTC-USDT", 4)]


def test_another_symbol_of_the_actor_goes_on() -> None:
    stage = Stage(strategy(), strategy(instrument=ETH))
    stage.take(leaves())
    assert told(stage) == [SymbolRetired("BTC-USDT", 2)]
    stage.quote(symbol=ETH.symbol, order=LONG)
    assert stage.last.terms.symbol == ETH.symbol
    stage.quote(symbol=BTC.symbol, order=LONG)
    assert stage.last.terms.symbol == ETH.symbol


def test_a_symbol_of_others_is_no_concern_of_it() -> None:
    stage = Stage()
    stage.take(leaves(symbol="SOL-USDT"))
    stage.quote(order=LONG)
    assert told(stage) == []
    assert stage.last.terms.side is Side.BUY


def test_on_a_desk_without_a_universe_what_an_earlier_one_let_go_is_traded_again(long: Stage) -> None:
    long.take(leaves())
    long.fill_all()
    long.settings = msgspec.structs.replace(long.settings, has_universe=False)
    long.crash(fold=True)
    long.wait(60 * SECOND)
    long.quote(order=SHORT)
    assert not long.last.terms.reduce_only
    assert long.actor.state.retiring == {}


def test_what_is_held_of_a_symbol_that_never_was_in_the_universe_is_closed_too(long: Stage) -> None:
    snapshot = UniverseChanged(1, (), (), ("BTC-USDT",), "test")
    long.take(snapshot)
    assert long.last.terms.side is Side.SELL
    long.fill_all()
    assert told(long) == [SymbolRetired("BTC-USDT", 1)]
    long.wait(60 * SECOND)
    before = len(long.intents)
    long.quote(order=SHORT)
    assert len(long.intents) == before
    long.take(msgspec.structs.replace(snapshot, version=2))
    assert len(told(long)) == 1
    long.take(member(3))
    long.wait(60 * SECOND)
    long.quote(order=SHORT)
    assert not long.last.terms.reduce_only


def test_what_is_filled_after_it_was_told_is_told_closed_and_told_anew(long: Stage) -> None:
    entry = long.last_intent_id
    long.take(leaves())
    long.fill_all()
    assert told(long) == [SymbolRetired("BTC-USDT", 2)]
    long.fill(entry, "0.4")
    assert [(to, each) for _, to, each in long.sent if isinstance(each, SymbolHeld)] == [
        ("universe", SymbolHeld("BTC-USDT"))
    ]
    assert long.last.terms.side is Side.SELL
    long.crash(fold=True)
    long.take(leaves(3))  # the universe begins anew with it
    long.fill_all()
    assert long.held == 0
    assert told(long) == [SymbolRetired("BTC-USDT", 2), SymbolRetired("BTC-USDT", 3)]
    assert len([each for _, _, each in long.sent if isinstance(each, SymbolHeld)]) == 1
