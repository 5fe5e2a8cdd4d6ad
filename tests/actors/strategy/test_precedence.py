"""Several strategies on one symbol: the rule of `actors.strategy.precedence`, row by row."""

from __future__ import annotations

from decimal import Decimal

import pytest

from actors.strategy import precedence
from actors.strategy.settings import StrategySettings
from messages.decisions import CancelAsked, DecisionMade
from messages.orders import OrderState
from messages.reasons import Reason
from tests.actors.strategy.sample_strategies import CLOSE, LONG, SHORT
from tests.actors.strategy.stage import SAMPLES, Stage, strategy

pytestmark = pytest.mark.unit


def obedient(name: str, weight: int = 1, **changes: object) -> StrategySettings:
    return strategy(name=name, weight=Decimal(weight), **changes)


def contrary(name: str, weight: int = 1, **changes: object) -> StrategySettings:
    return strategy(f"{SAMPLES}:Contrary", name, weight=Decimal(weight), **changes)


def who(stage: Stage) -> list[str]:
    return [each.strategy for each in stage.intents.values()]


@pytest.mark.parametrize(
    ("strategies", "order"),
    [
        ((obedient("b"), obedient("a")), ["a", "b"]),
        ((obedient("a"), obedient("b", 2)), ["b", "a"]),
        ((obedient("c", 2), obedient("b", 3), obedient("a", 2)), ["b", "a", "c"]),
    ],
)
def test_the_greater_weight_decides_first_then_the_id(
    strategies: tuple[StrategySettings, ...], order: list[str]
) -> None:
    stage = Stage(*strategies)
    stage.quote(order=LONG)
    assert who(stage) == order
    assert [each.settings.id for each in precedence.in_order(stage.actor._slots.values())] == order


@pytest.mark.parametrize(
    ("first", "second", "entered", "refused"),
    [
        (obedient("a"), contrary("b"), ["a"], "b"),
        (obedient("a"), contrary("b", 2), ["b"], "a"),
        (obedient("a"), obedient("b"), ["a", "b"], None),
        (obedient("a"), obedient("b", deduplicate=True), ["a"], "b"),
        (obedient("a", deduplicate=True), obedient("b"), ["a", "b"], None),
        (obedient("a", deduplicate=True), obedient("b", 2), ["b"], "a"),
    ],
)
def test_who_enters_of_two_that_are_due_at_once(
    first: StrategySettings, second: StrategySettings, entered: list[str], refused: str | None
) -> None:
    stage = Stage(second, first)
    stage.quote(order=LONG)
    assert who(stage) == entered
    said = [each for each in stage.events(DecisionMade) if each.strategy == refused]
    reason = Reason.DUPLICATE_SIDE if "deduplicate" and (first.deduplicate or second.deduplicate) else None
    expected = [] if refused is None else [reason or Reason.CONFLICTING]
    assert [each.reason for each in said] == expected


def test_an_entry_against_one_behind_has_that_one_cancelled() -> None:
    stage = Stage(obedient("a"), contrary("b", 2))
    stage.quote(order=LONG)  # b sells, a is refused
    (theirs,) = stage.intents
    behind = Stage(obedient("a", 2), contrary("b"))
    behind.quote(order=LONG)  # a buys, b is refused
    assert not stage.events(CancelAsked)
    stage.quote(order=SHORT)  # b wants to buy: its own sale is cancelled first
    assert [each.intent_id for each in stage.events(CancelAsked)] == [theirs]


def test_the_entry_of_one_behind_gives_way() -> None:
    stage = Stage(obedient("a"), strategy(f"{SAMPLES}:Clockwork", "idle"), obedient("b"))
    stage.actor._slots["a/BTC-USDT"].settings = obedient("a", enabled=False)
    stage.quote(order=LONG)
    (theirs,) = stage.intents
    assert who(stage) == ["b"]
    stage.actor._slots["a/BTC-USDT"].settings = obedient("a")
    stage.actor._slots["b/BTC-USDT"].settings = obedient("b", enabled=False)
    stage.quote(order=SHORT)
    assert who(stage) == ["b", "a"]
    assert stage.cancels == [theirs]


def test_what_is_being_cancelled_holds_nobody_back() -> None:
    stage = Stage(obedient("a"), contrary("b"))
    stage.quote(order=LONG)
    stage.quote(order=SHORT)  # a has its purchase cancelled and waits; b may buy, as nobody sells
    assert who(stage) == ["a", "b"]


def test_exits_are_never_held_back() -> None:
    stage = Stage(obedient("a"), obedient("b"))
    stage.quote(order=LONG)
    mine, theirs = stage.intents
    stage.fill_all(mine)
    stage.fill_all(theirs)
    stage.quote(order=CLOSE)
    assert [each.terms.reduce_only for each in stage.intents.values()][2:] == [True, True]


def test_a_side_that_is_held_is_a_duplicate_until_it_is_left() -> None:
    stage = Stage(obedient("a"), obedient("b", deduplicate=True))
    stage.quote(order=LONG)
    stage.fill_all()
    stage.quote(order=LONG)
    assert who(stage) == ["a"]
    stage.quote(order=CLOSE)
    stage.fill_all()
    stage.report(OrderState.FILLED, "0", intent_id=stage.last_intent_id)
    stage.quote(order=SHORT)
    assert who(stage) == ["a", "a", "a"]


def test_the_order_of_the_settings_changes_nothing() -> None:
    one, other = (obedient("a"), contrary("b", 2)), (contrary("b", 2), obedient("a"))
    journals = []
    for strategies in (one, other):
        stage = Stage(*strategies)
        for order in (LONG, SHORT, CLOSE, LONG):
            stage.quote(order=order)
        journals.append(stage.journal)
    assert journals[0] == journals[1]
