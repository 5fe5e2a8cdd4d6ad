"""Targets by worth and by weight: one order brings the position there, past the gates and within the budget."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from actors.strategy.settings import OrderSettings, StrategySettings
from messages.decisions import (
    DecisionMade,
    DisableStrategy,
    SetStrategyBudget,
    StrategyBudgetSet,
    TargetDeferred,
)
from messages.errors import ConfigurationError, InvariantError
from messages.intents import OrderIntent, Purpose, Side
from messages.market import Marks
from messages.orders import OrderState
from messages.reasons import Reason
from tests.actors.strategy.sample_strategies import FLAT_TARGET
from tests.actors.strategy.stage import BTC, ETH, SAMPLES, SECOND, Stage, sides, strategy

pytestmark = pytest.mark.unit

WEIGHTS = {"weights": True}


def sized(**changes: object) -> StrategySettings:
    return strategy(f"{SAMPLES}:Sized", "obey", **changes)


def want(stage: Stage, worth: float, price: float = 1_000.0, **changes: object) -> None:
    """A quote of one price for both sides, with the wanted worth in its size."""
    stage.quote(price, price, order=FLAT_TARGET + worth, **changes)


def hold(worth: float, **changes: object) -> Stage:
    stage = Stage(sized(**changes))
    want(stage, worth)
    stage.fill_all()
    return stage


@pytest.mark.parametrize(
    ("held", "wanted", "side", "quantity", "reduces"),
    [
        (0, 2_500, Side.BUY, "2.5", False),
        (0, -2_500, Side.SELL, "2.5", False),
        (2_500, 4_000, Side.BUY, "1.5", False),
        (-2_500, -4_000, Side.SELL, "1.5", False),
        (2_500, 1_000, Side.SELL, "1.5", True),
        (-2_500, -1_000, Side.BUY, "1.5", True),
        (2_500, -1_000, Side.SELL, "3.5", False),
        (-2_500, 1_000, Side.BUY, "3.5", False),
        (2_500, 0, Side.SELL, "2.5", True),
        (-2_500, 0, Side.BUY, "2.5", True),
        (2_500, 0.4, Side.SELL, "2.499", True),
    ],
)
def test_one_order_brings_the_position_to_its_worth(
    held: float, wanted: float, side: Side, quantity: str, reduces: bool
) -> None:
    stage = hold(held) if held else Stage(sized())
    before = len(stage.intents)
    want(stage, wanted)
    assert sides(list(stage.intents.values()))[before:] == [(side, Decimal(quantity))]
    assert stage.last.terms.reduce_only is reduces
    assert (stage.last.terms.purpose is Purpose.ENTRY) is not reduces
    stage.fill_all()
    assert abs(stage.held * 1_000 - Decimal(str(wanted))) < 1


def test_what_is_within_a_lot_is_left_alone() -> None:
    stage = hold(2_500)
    want(stage, 2_500.9)
    want(stage, 2_499.1)
    assert len(stage.intents) == 1


def test_a_change_too_small_for_the_venue_is_blocked_once() -> None:
    stage = hold(2_500)
    want(stage, 2_505)
    want(stage, 2_505)
    assert len(stage.intents) == 1
    assert [each.reason for each in stage.events(DecisionMade)][1:] == [Reason.MIN_NOTIONAL]


def test_a_target_waits_for_the_open_order_and_the_last_one_counts() -> None:
    stage = Stage(sized())
    want(stage, 2_000)
    want(stage, 3_000)
    want(stage, 4_000)
    assert [each.notional for each in stage.events(TargetDeferred)] == [Decimal("3000.0"), Decimal("4000.0")]
    stage.fill_all()
    assert stage.last.terms.quantity == Decimal("2")
    assert stage.state().deferred is None


def test_a_target_the_other_way_has_the_entry_cancelled_first() -> None:
    stage = Stage(sized())
    want(stage, 2_000)
    first = stage.last_intent_id
    want(stage, -1_000)
    assert stage.cancels == [first]
    stage.report(OrderState.CANCELLED, intent_id=first)
    assert sides([stage.last]) == [(Side.SELL, Decimal(1))]


def test_a_target_that_waited_too_long_is_void() -> None:
    stage = Stage(sized(order=OrderSettings(Decimal(1_000), deadline=SECOND)))
    want(stage, 2_000)
    want(stage, 3_000)
    stage.now += 2 * SECOND
    stage.fill_all()
    assert len(stage.intents) == 1


def test_without_leave_to_enter_a_position_may_still_be_reduced() -> None:
    stage = hold(2_500)
    stage.take(DisableStrategy("obey", "me"))
    stage.actor._slots["obey/BTC-USDT"].desk.within(
        stage.ctx, lambda desk: desk.target_notional(Decimal(1_000))
    )
    assert stage.ctx.envelopes[-1].message.terms.reduce_only  # type: ignore[attr-defined]
    stage.ctx.clear()


def test_a_weight_is_a_part_of_the_budget() -> None:
    stage = Stage(sized(budget=Decimal(10_000), parameters=WEIGHTS))
    want(stage, 250)
    stage.fill_all()
    assert stage.held == Decimal("2.5")
    want(stage, -1_000)
    assert sides([stage.last]) == [(Side.SELL, Decimal("12.5"))]


def test_the_actors_of_a_strategy_have_equal_parts_of_its_budget() -> None:
    stage = Stage(sized(budget=Decimal(10_000), budget_parts=4, parameters=WEIGHTS))
    want(stage, 1_000)
    assert stage.last.terms.quantity == Decimal("2.5")


@pytest.mark.parametrize("weight", [1_000.1, -1_000.1])
def test_a_weight_beyond_the_budget_is_a_mistake(weight: float) -> None:
    stage = Stage(sized(budget=Decimal(10_000), parameters=WEIGHTS))
    with pytest.raises(InvariantError, match="from -1 to 1"):
        want(stage, weight)


def test_a_weight_without_a_budget_is_a_mistake() -> None:
    with pytest.raises(InvariantError, match="needs a budget") as caught:
        want(Stage(sized(parameters=WEIGHTS)), 500)
    assert caught.value.field == "strategies.obey.budget"


def test_a_target_that_is_no_number_is_a_mistake() -> None:
    stage = Stage(sized())
    stage.quote()
    with pytest.raises(InvariantError, match="must be a number"):
        stage.actor._slots["obey/BTC-USDT"].desk.within(
            stage.ctx, lambda desk: desk.target_notional(Decimal("nan"))
        )


# budgets


def test_entries_are_cut_to_what_the_budget_has_room_for() -> None:
    stage = Stage(sized(budget=Decimal(3_000)))
    want(stage, 5_000)
    stage.fill_all()
    assert stage.held == 3
    want(stage, 5_000)
    assert len(stage.intents) == 1
    assert stage.events(DecisionMade)[-1].reason is Reason.BUDGET
    want(stage, -5_000)
    assert stage.last.terms.quantity == 6


def test_the_budget_bounds_directions_and_sizes_as_well() -> None:
    stage = Stage(strategy(budget=Decimal(400)))
    stage.quote(1_000.0, 1_000.0, order=101.0)
    assert stage.last.terms.quantity == Decimal("0.4")
    small = Stage(strategy(budget=Decimal(5)))
    small.quote(order=101.0)
    assert not small.intents
    assert small.events(DecisionMade)[-1].reason is Reason.BUDGET


def test_a_position_grown_beyond_the_budget_is_kept_and_may_shrink() -> None:
    stage = Stage(sized(budget=Decimal(3_000)))
    want(stage, 3_000)
    stage.fill_all()
    want(stage, 4_000, price=2_000.0)
    assert stage.last.terms.side is Side.SELL  # 3 x 2,000 are held, and 4,000 wanted
    assert stage.last.terms.reduce_only


def test_a_person_changes_the_budget_for_good() -> None:
    stage = Stage(sized(budget=Decimal(3_000)))
    stage.take(SetStrategyBudget("obey", "me", Decimal(1_000)), sender="operator")
    stage.take(SetStrategyBudget("obey", "me", Decimal(1_000)), sender="operator")
    stage.take(SetStrategyBudget("other", "me", Decimal(1)), sender="operator")
    assert [(each.budget, each.by) for each in stage.events(StrategyBudgetSet)] == [(Decimal(1_000), "me")]
    stage.crash()
    want(stage, 5_000)
    assert stage.last.terms.quantity == 1
    stage.take(SetStrategyBudget("obey", "me", None), sender="operator")
    stage.fill_all()
    want(stage, 5_000)
    assert stage.last.terms.quantity == 2


def test_a_group_shares_its_budget() -> None:
    both = [
        strategy(f"{SAMPLES}:Together", "obey", instrument=each, group=True, budget=Decimal(1_500))
        for each in (BTC, ETH)
    ]
    stage = Stage(*both)
    stage.quote(1_000.0, 1_000.0, order=101.0)
    stage.quote(1_000.0, 1_000.0, order=101.0, symbol="ETH-USDT")
    stage.quote(1_000.0, 1_000.0, order=107.0, symbol="ETH-USDT")
    assert [(each.terms.symbol, each.terms.quantity) for each in stage.intents.values()] == [
        ("BTC-USDT", Decimal(1)),
        ("ETH-USDT", Decimal("0.5")),
    ]


# groups


def group(*instruments: object, kind: str = "Together") -> Stage:
    chosen = instruments or (ETH, BTC)
    return Stage(*(strategy(f"{SAMPLES}:{kind}", "obey", instrument=each, group=True) for each in chosen))


def test_one_instance_decides_for_all_symbols_of_a_group_in_order_of_their_names() -> None:
    stage = group()
    assert len(stage.actor.strategies) == 1
    assert stage.actor.strategies[0].symbols == ("BTC-USDT", "ETH-USDT")
    stage.quote(order=101.0, symbol="ETH-USDT")
    stage.quote(order=107.0)
    assert [each.terms.symbol for each in stage.intents.values()] == ["ETH-USDT"]


def test_a_desk_knows_the_symbols_of_its_group_alone() -> None:
    stage = Stage(strategy())
    stage.quote()
    with pytest.raises(InvariantError, match="does not trade this symbol"):
        stage.actor._slots["obey/BTC-USDT"].desk.within(stage.ctx, lambda desk: desk.of("ETH-USDT").close())


def test_the_desks_lent_to_a_decision_are_closed_after_it() -> None:
    stage = group()
    slots = stage.actor._slots
    stage.quote()
    lent = []
    slots["obey/BTC-USDT"].desk.within(stage.ctx, lambda desk: lent.append(desk.of("ETH-USDT")))
    with pytest.raises(InvariantError, match="only open within"):
        lent[0].buy()


def test_a_class_that_decides_on_one_symbol_can_not_have_a_group() -> None:
    with pytest.raises(ConfigurationError, match="one symbol at a time") as caught:
        group(kind="Obedient")
    assert caught.value.field == "strategies.obey.group"


def test_the_symbols_of_a_group_have_one_kind_and_parameters() -> None:
    first = strategy(f"{SAMPLES}:Together", "obey", group=True)
    other = msgspec.structs.replace(first, instrument=ETH, parameters={"x": 1})
    with pytest.raises(ConfigurationError, match="different kinds or parameters"):
        Stage(first, other)


def test_risk_judges_a_group_by_the_quotes_it_decided_on() -> None:
    """The symbol whose row made the decision due came after the last marks: they are told again before it."""
    stage = group()
    stage.quote(order=101.0, symbol="ETH-USDT", bid=500.0)
    stage.quote(order=107.0, bid=1_001.0)
    kinds = [type(each) for _, _, each in stage.sent]
    assert OrderIntent in kinds
    before = [each for _, _, each in stage.sent[: kinds.index(OrderIntent)] if isinstance(each, Marks)]
    assert {mark.symbol: mark.bid for mark in before[-1].marks} == {"BTC-USDT": 1_001.0, "ETH-USDT": 500.0}
