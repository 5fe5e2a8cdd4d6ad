"""Fills: booked once, to whom they belong, also when nobody waits for them any more."""

from __future__ import annotations

from decimal import Decimal

import pytest

from actors.strategy.settings import ExitSettings, StrategyActorSettings
from actors.strategy.state import FILLS_REMEMBERED
from messages.account_events import PositionCorrected
from messages.decisions import FillUnassigned, IntentClosed, PositionChanged
from messages.intents import Side
from messages.orders import OrderState
from messages.reasons import Reason
from tests.actors.strategy.sample_strategies import BUY, LONG, SHORT
from tests.actors.strategy.stage import ETH, Stage, strategy

pytestmark = pytest.mark.unit


def two() -> Stage:
    """Two strategies on one symbol that go opposite ways."""
    exits = ExitSettings(stop=Decimal("0.01"))
    return Stage(strategy(exits=exits), strategy(name="second"))


def test_a_fill_that_comes_twice_is_booked_once(stage: Stage) -> None:
    stage.quote(order=LONG)
    fill = stage.fill(quantity="0.4")
    stage.take(fill, sender="execution/paper")
    assert stage.held == Decimal("0.4")
    assert len(stage.events(PositionChanged)) == 1


def test_a_fill_after_the_end_of_its_intent_is_still_ours(stage: Stage) -> None:
    stage.quote(order=LONG)
    stage.report(OrderState.CANCELLED)
    stage.fill(quantity="0.4")
    assert stage.held == Decimal("0.4")


def test_a_late_fill_arms_the_exits() -> None:
    stage = Stage(strategy(exits=ExitSettings(stop=Decimal("0.01"))))
    stage.quote(order=LONG)
    stage.report(OrderState.CANCELLED)
    stage.fill(quantity="0.4")
    assert stage.quote(980.0)
    assert stage.last.terms.quantity == Decimal("0.4")


def test_the_ids_remembered_against_doubles_are_bounded(stage: Stage) -> None:
    for number in range(FILLS_REMEMBERED + 5):
        stage.actor.apply(
            PositionChanged(
                "obey",
                "BTC-USDT",
                f"f{number}",
                "i",
                Side.BUY,
                Decimal(1),
                Decimal(1),
                Decimal(1),
                Decimal(1),
                1,
                Decimal(0),
                1,
            )
        )
    kept = list(stage.state().fills)
    assert (len(kept), kept[0]) == (FILLS_REMEMBERED, "f5")


def test_two_strategies_on_one_symbol_have_their_own_positions_and_orders() -> None:
    stage = two()
    stage.quote(order=LONG)
    ours, theirs = stage.intents
    assert [each.terms.side for each in stage.intents.values()] == [Side.BUY, Side.BUY]
    stage.fill_all(theirs)
    assert stage.held == 0
    assert stage.state("second").position.quantity == Decimal("0.999")
    assert list(stage.state().intents) == [ours]
    stage.fill_all(ours)
    stage.quote(980.0)  # only one of them has a stop
    assert [each.strategy for each in stage.intents.values()] == ["obey", "second", "obey"]


def test_what_one_strategy_waits_for_does_not_keep_the_other() -> None:
    stage = two()
    stage.quote(order=LONG)
    _, theirs = stage.intents
    stage.fill_all(theirs)
    stage.quote(order=SHORT)
    assert [each.strategy for each in stage.intents.values()] == ["obey", "second", "second"]


def test_strategies_of_several_symbols_see_their_own_quotes() -> None:
    stage = Stage(strategy(), strategy(name="other", instrument=ETH))
    stage.quote(order=LONG, symbol="ETH-USDT")
    assert [(each.strategy, each.terms.symbol) for each in stage.intents.values()] == [("other", "ETH-USDT")]
    assert not stage.quote(order=LONG, symbol="SOL-USDT")


def flatten(stage: Stage, quantity: str, *, side: Side = Side.SELL) -> None:
    stage.fill(next(iter(stage.intents)), quantity, strategy="flatten", client_order_id="risk#9", side=side)


def test_an_operators_flatten_reduces_the_positions_it_closes(stage: Stage) -> None:
    stage.quote(order=LONG)
    stage.fill_all()
    flatten(stage, "0.999")
    assert stage.held == 0
    assert not stage.events(FillUnassigned)


def test_a_flatten_is_shared_out_in_order_and_booked_once() -> None:
    stage = Stage(strategy(), strategy(name="second"))
    stage.quote(order=LONG)
    for intent_id in tuple(stage.intents):
        stage.fill_all(intent_id)
    flatten(stage, "1.2")
    assert (stage.held, stage.state("second").position.quantity) == (0, Decimal("0.798"))
    stage.fills -= 1
    flatten(stage, "1.2")
    assert stage.state("second").position.quantity == Decimal("0.798")


def test_what_reduces_nobodys_position_is_told_and_not_booked(stage: Stage) -> None:
    stage.quote(order=LONG)
    stage.fill_all()
    flatten(stage, "1.5")
    (rest,) = stage.events(FillUnassigned)
    assert (rest.quantity, stage.held) == (Decimal("0.501"), 0)


def test_the_position_of_a_strategy_no_longer_configured_is_still_booked(stage: Stage) -> None:
    stage.quote(order=BUY)
    intent_id = stage.last_intent_id
    stage.settings = StrategyActorSettings((strategy(name="new"),))
    stage.crash()
    stage.fill(intent_id)
    stage.report(OrderState.FILLED, stage.intents[intent_id].terms.quantity, intent_id)
    assert stage.held == Decimal("0.999")
    assert len(stage.events(IntentClosed)) == 1


def correction(quantity: str, *, strategy: str = "obey", price: str = "1010") -> PositionCorrected:
    return PositionCorrected(
        "correction-1",
        "paper",
        "BTC-USDT",
        strategy,
        "strategy/BTC-USDT",
        Side.SELL,
        Decimal(quantity),
        Decimal(price),
        False,
        Reason.EXTERNAL,
        1,
    )


def test_a_position_closed_by_hand_is_closed_in_the_books_once(stage: Stage) -> None:
    stage.quote(order=LONG)
    stage.fill(quantity="0.4")
    for _ in range(2):
        stage.take(correction("0.4"), sender="execution/paper")
    assert stage.held == 0
    (changed,) = [each for each in stage.events(PositionChanged) if each.fill_id == "correction-1"]
    assert (changed.price, changed.position) == (Decimal(1010), Decimal(0))


def test_a_correction_of_a_strategy_that_is_not_here_changes_nothing(stage: Stage) -> None:
    stage.quote(order=LONG)
    stage.fill(quantity="0.4")
    stage.take(correction("0.4", strategy="other"), sender="execution/paper")
    assert stage.held == Decimal("0.4")
