"""Strategies in shadow: the decisions of those that trade, simulated fills, and nothing that leaves the actor."""

from __future__ import annotations

from decimal import Decimal
from math import nan

import msgspec
import pytest

from actors.strategy.settings import CooldownSettings, ExitSettings, StrategySettings
from messages.decisions import (
    CooldownStarted,
    Decision,
    DecisionMade,
    ExitTriggered,
    IntentRaised,
    PositionChanged,
)
from messages.intents import CancelIntent, OrderIntent, Side
from messages.learning import RewardBooked
from messages.market import TickKind
from messages.orders import Fill, Liquidity
from messages.reasons import Reason
from messages.shadow import IntentSimulated, ShadowSwitched, SimulationEnded
from tests.actors.strategy.pipeline.pipelines import Minutes, pipeline
from tests.actors.strategy.sample_strategies import CLOSE, LONG, SHORT
from tests.actors.strategy.stage import SECOND, Stage, packed, strategy

pytestmark = pytest.mark.unit


def shadowed(chosen: StrategySettings, **changes: object) -> StrategySettings:
    return msgspec.structs.replace(chosen, shadow=True, shadow_fee=Decimal("0.0004"), **changes)  # type: ignore[type-var]


def sent(stage: Stage) -> list[object]:
    """What went to risk or execution but marks."""
    return [each for _, _, each in stage.sent if isinstance(each, OrderIntent | CancelIntent)]


def test_a_shadow_holds_what_it_would_have_bought_and_sends_nothing() -> None:
    stage = Stage(shadowed(strategy()))
    stage.quote(order=LONG)
    stage.wait(0)
    (raised,) = stage.events(IntentSimulated)
    terms = raised.intent.terms
    assert terms.side is Side.BUY
    quote = raised.intent.quote
    assert quote is not None
    (changed,) = stage.events(PositionChanged)
    assert changed.price == Decimal(repr(quote.ask))
    assert changed.position == terms.quantity
    (ended,) = stage.events(SimulationEnded)
    assert ended.fee == changed.price * terms.quantity * Decimal("0.0004")
    stage.quote(order=SHORT)
    stage.wait(0)
    assert stage.state().position.direction == -1
    stage.quote(order=CLOSE)
    stage.wait(0)
    assert not stage.state().position.direction
    assert not stage.state().intents
    assert not sent(stage)
    assert not stage.events(IntentRaised)
    assert len({each.intent_id for each in stage.events(IntentSimulated)}) == 3


def test_the_exits_of_a_shadow_run() -> None:
    stage = Stage(shadowed(strategy(exits=ExitSettings(stop=Decimal("0.01")))))
    stage.quote(order=LONG)
    stage.wait(0)
    stage.quote(bid=900.0, ask=900.1)
    stage.wait(0)
    (left,) = stage.events(ExitTriggered)
    assert left.reason is Reason.STOP
    assert not stage.state().position.direction
    assert stage.state().exiting is None
    assert not sent(stage)


def test_a_shadow_beside_the_strategy_that_trades_decides_alike() -> None:
    live = pipeline("Wave")
    beside = shadowed(msgspec.structs.replace(live, id="dark"))
    stage = Minutes(live, beside)
    for minute in range(200):
        stage.minute(minute)
        stage.fill_open(minute)
        stage.wait(0)
    decided = {
        name: [
            (each.time, each.decision, each.reason, each.trace.get("target"))
            for each in stage.events(DecisionMade)
            if each.strategy == name
        ]
        for name in ("flow", "dark")
    }
    assert decided["flow"] == decided["dark"]
    assert sum(each[1] is Decision.TRADE for each in decided["dark"]) > 10
    assert {each.intent.strategy for each in stage.events(IntentRaised)} == {"flow"}
    assert {each.strategy for each in sent(stage) if isinstance(each, OrderIntent)} == {"flow"}
    assert [each for each in stage.events(RewardBooked) if each.strategy == "dark"]


def test_a_shadow_stands_in_nobodys_way() -> None:
    """Its open entry against a real one neither holds that back nor is cancelled for it."""
    stage = Stage(shadowed(strategy(name="ahead", weight=Decimal(9))), strategy(name="obey"))
    slots = stage.actor._slots
    assert not slots["ahead/BTC-USDT"].peers
    assert not slots["obey/BTC-USDT"].peers


def test_an_operators_flatten_does_not_touch_what_is_only_simulated() -> None:
    stage = Stage(shadowed(strategy()))
    stage.quote(order=LONG)
    stage.wait(0)
    held = stage.state().position.quantity
    (raised,) = stage.events(IntentSimulated)
    terms = raised.intent.terms
    flattening = Fill(
        "f1", "paper", terms.symbol, "operator", "operator#1", "c", "v", Side.SELL, Decimal(1_000), held,
        Decimal(0), "USDT", Liquidity.TAKER, stage.now,
    )  # fmt: skip
    stage.take(flattening)
    assert stage.state().position.quantity == held


def test_a_shadow_survives_a_crash_between_the_order_and_its_fill() -> None:
    stage = Stage(shadowed(strategy()))
    stage.quote(order=LONG)
    assert stage.state().intents
    stage.crash(fold=True)
    stage.wait(0)
    assert stage.state().position.direction == 1
    assert not stage.state().intents


def test_out_of_shadow_it_begins_flat() -> None:
    stage = Stage(shadowed(strategy()))
    stage.quote(order=LONG)
    stage.wait(0)
    stage.settings = msgspec.structs.replace(stage.settings, strategies=(strategy(),))
    stage.crash(fold=True)
    stage.quote(order=SHORT)
    assert stage.state().position.quantity == 0
    (intent,) = sent(stage)
    assert isinstance(intent, OrderIntent)
    assert not intent.terms.reduce_only
    assert [each.shadow for each in stage.events(ShadowSwitched)] == [True, False]


def test_into_shadow_it_goes_when_what_is_real_has_been_left() -> None:
    stage = Stage(strategy())
    stage.quote(order=LONG)
    (intent_id,) = stage.state().intents
    stage.fill_all(intent_id, price=1_000.0)
    stage.settings = msgspec.structs.replace(stage.settings, strategies=(shadowed(strategy()),))
    stage.crash(fold=True)
    before = len(sent(stage))
    stage.quote(order=SHORT)
    assert len(sent(stage)) == before, "a real order of a strategy that is to be in shadow"
    assert stage.state().position.direction == 1
    assert not stage.events(ShadowSwitched)


def test_what_is_remembered_of_shadows_is_replayed() -> None:
    stage = Stage(shadowed(strategy()))
    for order in (LONG, SHORT, CLOSE, LONG):
        stage.quote(order=order)
        stage.wait(0)
    before = packed(stage.actor.state)
    stage.crash()
    assert packed(stage.actor.state) == before


def test_where_less_than_a_lot_is_shown_nothing_is_filled_and_the_next_decision_finds_it_so() -> None:
    stage = Stage(shadowed(strategy(cooldown=CooldownSettings(after_rejection=2 * SECOND))))
    stage.row("BTC-USDT", TickKind.QUOTE, stage.now, 1_000.0, LONG, 1_000.1, 0.0005, nan)
    stage.wait(0)
    (ended,) = stage.events(SimulationEnded)
    assert (ended.filled, ended.fee) == (0, 0)
    assert not stage.events(PositionChanged)
    assert not stage.state().intents
    (cooldown,) = [
        each for each in stage.events(CooldownStarted) if each.reason is Reason.IMMEDIATE_OR_CANCEL
    ]
    assert cooldown.until == stage.now + 2 * SECOND
    stage.quote(order=LONG, after=3 * SECOND)
    stage.wait(0)
    assert stage.state().position.direction == 1


def test_an_exit_that_finds_nothing_to_take_is_tried_again() -> None:
    stage = Stage(shadowed(strategy(exits=ExitSettings(stop=Decimal("0.01")))))
    stage.quote(order=LONG)
    stage.wait(0)
    stage.now += SECOND
    stage.row("BTC-USDT", TickKind.QUOTE, stage.now, 900.0, 0.0001, 900.1, 5.0, nan)
    stage.wait(0)
    assert stage.state().position.direction == 1
    assert stage.state().exiting is Reason.STOP
    stage.quote(900.0)
    stage.wait(SECOND)
    assert stage.state().position.direction == 0
