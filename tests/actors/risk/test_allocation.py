"""The split of capital over strategies: scores, weights, budgets; and what a risk actor tells of it."""

from __future__ import annotations

import math
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.risk.adapting import profit_of
from actors.risk.allocation import (
    AllocationState,
    Change,
    FeedbackMode,
    Figures,
    SymbolIntelligence,
    feedback,
    figures_of,
    plan,
    score,
    weights_of,
)
from actors.risk.allocation_settings import DAY, AllocationSettings
from messages.control import Halt, Mode, SetMode
from messages.decisions import SetStrategyBudget
from messages.statistics import CapitalAllocated, StrategiesObserved
from tests.actors.risk import desk as bench
from tests.actors.risk.desk import BUY, SELL, D, Desk

pytestmark = pytest.mark.unit

THREE = AllocationSettings(enabled=True, strategies=("a", "b", "c"), min_observations=4, max_turnover=D(10))


def scored(**scores: float | None) -> dict[str, Figures]:
    return {name: Figures(score=each) for name, each in scores.items()}


# --- scores -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sharpe", "volatility", "correlation", "expected"),
    [
        (1.25, 0.1, 0.0, 10.0),
        (1.25, 0.1, 0.5, 5.0),
        (0.25, 0.1, 0.0, 0.0),
        (0.1, 0.1, 0.0, 0.0),
        (-0.1, 0.1, 0.0, 0.0),  # raised to 0.1: below what counts all the same
        (1.25, 0.0, 0.0, 1000.0),  # no volatility is too little to divide by
        (1.25, 0.1, 1.0, 0.5),  # the least that correlation leaves
    ],
)
def test_a_score_is_sharpe_over_volatility_less_what_others_do_as_well(
    sharpe: float, volatility: float, correlation: float, expected: float
) -> None:
    assert score(sharpe, volatility, correlation, THREE) == pytest.approx(expected)


def test_figures_are_annualised_and_see_the_others() -> None:
    up_and_down = [0.01, -0.005, 0.01, -0.005]
    returns = {"a": up_and_down, "b": up_and_down, "c": [-each for each in up_and_down]}
    found = figures_of(returns, THREE)
    deviation = math.sqrt(sum((each - 0.0025) ** 2 for each in up_and_down) / 3)
    assert found["a"].volatility == pytest.approx(deviation * math.sqrt(252))
    assert found["a"].sharpe == pytest.approx(0.0025 / deviation * math.sqrt(252))
    assert found["a"].correlation == pytest.approx(1.0)
    assert found["c"].correlation == 0.0  # what is negative is no reason to get more


def test_a_record_that_is_too_short_has_no_figures() -> None:
    assert figures_of({"a": [0.01, 0.02, None, 0.03]}, THREE)["a"] == Figures()


# --- weights ----------------------------------------------------------------------------------------------------


def test_weights_follow_scores() -> None:
    weights = weights_of(scored(a=5.0, b=3.0, c=2.0), THREE)
    assert weights == pytest.approx({"a": 0.5, "b": 0.3, "c": 0.2})


def test_what_is_above_the_cap_goes_to_the_others_by_their_scores() -> None:
    weights = weights_of(scored(a=8.0, b=1.5, c=0.5), THREE)
    assert weights == pytest.approx({"a": 0.6, "b": 0.3, "c": 0.1})


def test_nobody_gets_less_than_the_least_weight() -> None:
    weights = weights_of(scored(a=5.0, b=5.0, c=0.0), THREE)
    assert weights == pytest.approx({"a": 0.475, "b": 0.475, "c": 0.05})


def test_with_no_score_above_zero_all_are_equal() -> None:
    assert weights_of(scored(a=0.0, b=0.0, c=0.0), THREE) == pytest.approx(dict.fromkeys("abc", 1 / 3))


def test_a_short_record_gets_an_equal_part_and_the_others_share_the_rest() -> None:
    weights = weights_of(scored(a=3.0, b=1.0, c=None), THREE)
    assert weights == pytest.approx({"a": 0.5, "b": 1 / 6, "c": 1 / 3})


def test_one_strategy_is_held_to_its_cap_and_the_rest_stays_cash() -> None:
    assert weights_of(scored(a=3.0), THREE) == pytest.approx({"a": 0.6})


@pytest.mark.property
@given(st.lists(st.one_of(st.none(), st.floats(0, 1e6)), min_size=1, max_size=12))
def test_weights_keep_their_bounds_whatever_the_scores(scores: list[float | None]) -> None:
    settings = msgspec.structs.replace(THREE, strategies=tuple(map(str, range(len(scores)))))
    weights = weights_of({str(i): Figures(score=each) for i, each in enumerate(scores)}, settings)
    least = min(0.05, 1 / len(scores))
    assert all(least - 1e-9 <= each <= 0.6 + 1e-9 for each in weights.values())
    assert sum(weights.values()) == pytest.approx(min(1.0, 0.6 * len(scores)))


# --- budgets ----------------------------------------------------------------------------------------------------

HALVES = {"a": D(500), "b": D(500)}


def test_what_falls_goes_before_what_rises() -> None:
    changes = plan({"a": 0.6, "b": 0.4}, D(1000), HALVES, THREE, Mode.NORMAL)
    assert changes == [Change("b", D(500), D(400)), Change("a", D(500), D(600))]


def test_one_split_moves_no_more_than_the_turnover() -> None:
    settings = msgspec.structs.replace(THREE, max_turnover=D("0.1"))
    changes = plan({"a": 0.6, "b": 0.4}, D(1000), HALVES, settings, Mode.NORMAL)
    assert changes == [Change("b", D(500), D(450)), Change("a", D(500), D(550))]


def test_in_reduce_budgets_only_fall() -> None:
    assert plan({"a": 0.6, "b": 0.4}, D(1000), HALVES, THREE, Mode.REDUCE) == [Change("b", D(500), D(400))]


@pytest.mark.parametrize("mode", [Mode.HALTED, Mode.OBSERVE])
def test_a_tied_desk_leaves_budgets_alone(mode: Mode) -> None:
    assert plan({"a": 0.6, "b": 0.4}, D(1000), HALVES, THREE, mode) == []


def test_too_little_a_change_is_not_told() -> None:
    assert plan({"a": 0.505, "b": 0.495}, D(1000), HALVES, THREE, Mode.NORMAL) == []


def test_the_first_budgets_are_told_even_if_nothing_changes() -> None:
    changes = plan({"a": 0.5, "b": 0.5}, D(1000), {}, THREE, Mode.NORMAL)
    assert [each.after for each in changes] == [500, 500]


@pytest.mark.property
@given(
    st.lists(st.integers(1, 10_000), min_size=2, max_size=6),
    st.lists(st.integers(0, 1000), min_size=6, max_size=6),
    st.integers(100, 20_000),
    st.integers(1, 100),
    st.integers(0, 20),
    st.integers(0, 2),
)
def test_budgets_never_add_up_to_more_than_the_capital_or_what_they_were(
    budgets: list[int], raw: list[int], capital: int, turnover: int, least: int, joining: int
) -> None:
    """Neither where falls are too small to be told, nor where strategies join whose budget was nobody's until now."""
    names = [str(index) for index in range(len(budgets))]
    total = sum(raw[: len(names)]) or 1
    weights = {name: each / total for name, each in zip(names, raw, strict=False)}
    known = names[joining:]
    before = {name: D(each) for name, each in zip(names, budgets, strict=True) if name in known}
    settings = msgspec.structs.replace(THREE, max_turnover=D(turnover) / 100, min_change=D(least) / 100)
    changes = plan(weights, D(capital), before, settings, Mode.NORMAL)
    after = before | {each.strategy: each.after for each in changes}
    assert after.keys() == set(names)
    assert all(each > 0 for each in after.values())
    assert sum(after.values()) <= max(D(capital), sum(before.values())) + D("0.06")
    moved = sum(abs(after[name] - before[name]) for name in known)
    assert moved <= D(turnover) / 100 * capital + D("0.06")


# --- the actor --------------------------------------------------------------------------------------------------

DAILY = AllocationSettings(
    enabled=True, strategies=("ema", "rest"), min_observations=3, share=D("0.5"), max_turnover=D(1)
)


def desk_that_splits() -> Desk:
    return Desk(bench.settings(bench.limits(), allocation=DAILY)).seed(10_000).mark()


def next_day(desk: Desk, **profits: int) -> None:
    """A day passes on which strategies make so much."""
    for strategy, profit in profits.items():
        price = 100 + profit
        for side, at in ((BUY, 100), (SELL, price)):
            desk.mark("BTC-USDT", float(at))
            desk.trade(side, 1, at, strategy=strategy)
    desk.wait(DAY - desk.ctx.now % DAY)
    desk.mark()


def test_the_first_day_splits_equally_and_tells_the_strategies() -> None:
    desk = desk_that_splits()
    told = desk.messages_to("control", SetStrategyBudget) or [
        each.message for each in desk.sent if isinstance(each.message, SetStrategyBudget)
    ]
    assert {each.strategy: each.budget for each in told} == {"ema": 2500, "rest": 2500}
    assert all(each.by == "risk/allocation" for each in told)


def test_after_days_enough_who_earned_more_gets_more() -> None:
    desk = desk_that_splits()
    for ema, rest in ((10, -5), (12, 4), (9, -6), (11, 5)):
        next_day(desk, ema=ema, rest=rest)
    split = [each for each in desk.journal if isinstance(each, CapitalAllocated)][-1]
    assert {each.strategy: round(each.weight, 2) for each in split.allotments} == {"rest": 0.4, "ema": 0.6}
    assert [each.strategy for each in split.allotments] == ["rest", "ema"]  # what falls first
    assert desk.risk.state.allocation.returns["ema"][0] == pytest.approx(10 / 2500)
    assert desk.replayed().state.allocation == desk.risk.state.allocation


def test_a_budget_that_a_person_set_is_left_alone_until_it_is_given_back() -> None:
    desk = desk_that_splits()
    desk.give(SetStrategyBudget("ema", "ann", D(1000)))
    next_day(desk)
    desk.wait(DAY).mark()
    assert desk.risk.state.allocation.pinned == {"ema": 1000}
    told = [each.message for each in desk.sent if isinstance(each.message, SetStrategyBudget)]
    assert [each.strategy for each in told[2:]] == ["rest"] * len(told[2:])
    desk.give(SetStrategyBudget("ema", "ann", None))
    next_day(desk)
    assert "ema" in {each.strategy for each in desk.events(CapitalAllocated)[-1].allotments}


def test_its_own_word_pins_nothing() -> None:
    desk = desk_that_splits()
    desk.give(SetStrategyBudget("ema", "risk/allocation", D(1000)), sender="risk")
    assert desk.risk.state.allocation.pinned == {}


def test_a_halted_desk_observes_and_splits_nothing() -> None:
    desk = desk_that_splits()
    desk.give(Halt("ann", "test"))
    next_day(desk)
    assert desk.events(StrategiesObserved)
    assert not desk.events(CapitalAllocated)


def test_in_reduce_no_budget_rises() -> None:
    desk = desk_that_splits()
    for ema, rest in ((10, -5), (12, 4), (9, -6)):
        next_day(desk, ema=ema, rest=rest)
    before = dict(desk.risk.state.allocation.budgets)
    desk.give(SetMode("ann", Mode.REDUCE, "test"))
    next_day(desk)
    after = desk.risk.state.allocation.budgets
    assert all(after[name] <= before[name] for name in before)


def test_the_profit_of_a_strategy_is_what_its_positions_would_bring_after_costs() -> None:
    desk = desk_that_splits()
    desk.trade(BUY, 10, 100, fee=2)
    desk.mark("BTC-USDT", 103.0, 104.0)
    assert profit_of(desk.risk.state, "ema") == 28
    assert profit_of(desk.risk.state, "rest") == 0


def test_without_being_asked_for_nothing_is_split() -> None:
    off = msgspec.structs.replace(DAILY, enabled=False)
    desk = Desk(bench.settings(bench.limits(), allocation=off)).seed(10_000).mark().wait(3 * DAY).mark()
    desk.give(SetStrategyBudget("ema", "ann", D(1000)))
    assert desk.risk.state.allocation == AllocationState()
    assert not [each for each in desk.journal if isinstance(each, StrategiesObserved | CapitalAllocated)]


# --- feedback ---------------------------------------------------------------------------------------------------


def known(
    symbol: str, score: float | None, *, quality: str = "ok", drawdown: float = 0.0
) -> SymbolIntelligence:
    return SymbolIntelligence(symbol, score, 1.0, quality, drawdown)


CAPS = (D("0.2"), D(1000), 10)


def test_good_news_give_the_best_score_the_greatest_weight() -> None:
    found = feedback([known("A-B", 0.8), known("C-B", 0.4)], *CAPS)
    assert found is not None
    assert found.mode is FeedbackMode.NORMAL
    assert found.weights == pytest.approx({"A-B": 0.9 * 0.9 / 1.4, "C-B": 0.9 * 0.5 / 1.4})
    assert (found.max_symbol_exposure, found.max_order_notional, found.max_open_positions) == (
        D("0.21"),
        1000,
        9,
    )


@pytest.mark.parametrize(
    ("drawdown", "mode", "total", "cap", "trade", "count"),
    [
        (0.049, FeedbackMode.NORMAL, 0.9, "0.21", 1000, 9),
        (0.05, FeedbackMode.CAUTIOUS, 0.65, "0.17", 850, 6),
        (0.10, FeedbackMode.DEFENSIVE, 0.45, "0.13", 700, 4),
    ],
)
def test_the_worst_fall_shrinks_weights_and_caps(
    drawdown: float, mode: FeedbackMode, total: float, cap: str, trade: int, count: int
) -> None:
    found = feedback([known("A-B", 0.8, drawdown=drawdown), known("C-B", 0.4)], *CAPS)
    assert found is not None
    assert found.mode is mode
    assert sum(found.weights.values()) == pytest.approx(total)
    assert found.max_symbol_exposure == D(cap)
    assert found.max_order_notional == Decimal(trade)
    assert found.max_open_positions == count
    assert found.rationale[0].startswith(f"{mode.value}: A-B")


def test_a_broken_router_counts_a_fifth_and_a_degraded_one_three_fifths() -> None:
    found = feedback(
        [known("A-B", 0.5), known("C-B", 0.5, quality="broken"), known("D-B", 0.5, quality="degraded")], *CAPS
    )
    assert found is not None
    assert found.weights["C-B"] / found.weights["A-B"] == pytest.approx(0.2)
    assert found.weights["D-B"] / found.weights["A-B"] == pytest.approx(0.6)


def test_nothing_known_suggests_nothing() -> None:
    assert feedback([known("A-B", None)], *CAPS) is None
    assert feedback([], *CAPS) is None
