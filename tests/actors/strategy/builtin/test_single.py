"""Built-in strategies on one symbol: both ways on a made market, nothing on a flat one, alike after a crash."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import pytest

from actors.strategy import registry
from actors.strategy.builtin.mean_reversion import MeanReversion
from actors.strategy.builtin.statistics import RollingSamples
from messages.decisions import DecisionMade
from messages.errors import ConfigurationError
from messages.intents import OrderType, Side
from messages.orders import OrderState
from messages.reasons import Reason
from tests.actors.strategy.stage import MILLISECOND, SECOND, START, Stage, strategy

pytestmark = pytest.mark.unit

REVERSION = {"sampling_interval": "1s", "lookback": 10, "entry": 2.0, "give_up": 50.0, "least": "50bps"}
NOISE = [1_000.0, 1_001.0] * 6


def play(kind: str, parameters: dict[str, object], prices: Sequence[float], *, fill: bool = True) -> Stage:
    """A stage on which each price was quoted a second after the one before, and each order filled at it."""
    stage = Stage(strategy(kind, "obey", parameters=parameters))
    follow(stage, prices, fill=fill)
    return stage


def follow(stage: Stage, prices: Sequence[float], *, fill: bool = True) -> None:
    for price in prices:
        sent = len(stage.intents)
        stage.quote(price, after=SECOND)
        if fill and len(stage.intents) > sent:
            stage.fill_all(price=price)


def sides(stage: Stage) -> list[Side]:
    return [each.terms.side for each in stage.intents.values()]


# mean reversion


@pytest.mark.parametrize(("away", "side"), [(990.0, Side.BUY), (1_011.0, Side.SELL)])
def test_mean_reversion_enters_against_a_far_price_and_leaves_at_the_mean(away: float, side: Side) -> None:
    stage = play("mean_reversion", REVERSION, [*NOISE, away])
    assert sides(stage) == [side]
    assert abs(stage.events(DecisionMade)[-1].trace["score"]) > 2.0
    follow(stage, [1_000.5] * 8)
    assert sides(stage) == [side, side.opposite]
    assert stage.held == 0


def test_mean_reversion_leaves_a_flat_market_and_small_moves_alone() -> None:
    assert not play("mean_reversion", REVERSION, [1_000.0] * 30).intents
    assert not play("mean_reversion", REVERSION, [*NOISE, 998.0, 1_003.0]).intents
    assert not play("mean_reversion", REVERSION, [990.0, 1_011.0] * 4).intents  # fewer than its samples


def test_mean_reversion_gives_up_and_waits_for_the_mean() -> None:
    stage = play("mean_reversion", {**REVERSION, "give_up": 6.0, "lookback": 12}, [*NOISE, 998.5, 998.4])
    assert not stage.intents
    follow(stage, [993.0])
    assert not stage.intents  # at once beyond the score that it gives up at
    follow(stage, [994.0, 993.5, 993.0] * 8)
    assert not stage.intents


def test_mean_reversion_does_not_sell_short_unless_allowed() -> None:
    stage = play("mean_reversion", {**REVERSION, "allow_short": False}, [*NOISE, 1_011.0])
    assert not stage.intents


def test_mean_reversion_samples_by_time() -> None:
    made = MeanReversion("BTC-USDT", MeanReversion.Parameters.model_validate(REVERSION))
    made.on_start()
    stage = Stage(strategy("mean_reversion", "obey", parameters=REVERSION))
    for number in range(200):
        stage.quote(1_000.0 + number % 2, after=50 * MILLISECOND)
    assert not stage.intents


def test_mean_reversion_refuses_levels_out_of_order() -> None:
    with pytest.raises(ConfigurationError, match="must be below entry"):
        registry.checked_parameters(MeanReversion, {"entry": 2.0, "leave": 3.0})


def test_samples_are_compared_with_those_before_them() -> None:
    samples = RollingSamples(3)
    assert [samples.push(each) for each in (1.0, 2.0, 3.0)] == [None] * 3
    away = samples.push(5.0)
    assert away is not None
    assert away.distance == pytest.approx(3.0)
    assert away.score == pytest.approx(3.0 / (2 / 3) ** 0.5)
    for each in (7.0, 7.0, 7.0):
        samples.push(each)
    assert samples.push(7.0) is None


# breakout

CHANNEL = {"interval": "2s", "lookback": 4, "exit_lookback": 2}
RANGE = [1_000.0, 1_001.0, 999.0, 1_000.0] * 4


@pytest.mark.parametrize(
    ("move", "back", "side"),
    [
        ([1_005.0] * 3, [1_004.0, 1_003.0, 1_002.0, 1_001.0, 1_000.0], Side.BUY),
        ([995.0] * 3, [996.0, 997.0, 998.0, 999.0, 1_000.0], Side.SELL),
    ],
)
def test_a_breakout_goes_along_and_leaves_at_the_other_end(
    move: list[float], back: list[float], side: Side
) -> None:
    stage = play("breakout", CHANNEL, [*RANGE, *move])
    assert sides(stage) == [side]
    follow(stage, back)
    assert sides(stage) == [side, side.opposite]


def test_no_breakout_in_a_range_nor_within_its_margin() -> None:
    assert not play("breakout", CHANNEL, [*RANGE, *RANGE]).intents
    assert not play("breakout", CHANNEL, [1_000.0] * 30).intents
    assert not play("breakout", {**CHANNEL, "margin": "1%"}, [*RANGE, *[1_005.0] * 6]).intents


def test_a_breakout_below_only_closes_where_short_is_not_allowed() -> None:
    stage = play("breakout", {**CHANNEL, "allow_short": False}, [*RANGE, *[995.0] * 4])
    assert not stage.intents


# profit taking

TAKING = {"lookback": "10s", "move": "30bps", "gain": "30bps", "parts": 4}


def test_profit_taking_buys_a_dip_and_sells_it_in_parts() -> None:
    stage = play("profit_taking", TAKING, [1_000.0] * 3 + [996.0])
    whole = stage.held
    assert sides(stage) == [Side.BUY]
    follow(stage, [998.0, 1_000.0])
    assert sides(stage) == [Side.BUY, Side.SELL]
    assert stage.last.terms.quantity == pytest.approx(whole / 4, abs=Decimal("0.001"))
    stage.crash(fold=True)
    follow(stage, [1_000.0] * 4)  # one part for each gain
    assert len(stage.intents) == 2
    follow(stage, [1_003.0, 1_006.0, 1_010.0])
    assert stage.held == 0
    assert stage.state().values == {}


def test_profit_taking_mirrored_sells_a_rise() -> None:
    stage = play("profit_taking", {**TAKING, "side": "short", "parts": 2}, [1_000.0] * 3 + [1_004.0])
    assert sides(stage) == [Side.SELL]
    follow(stage, [1_000.0, 996.0])
    assert stage.held == 0
    assert sides(stage) == [Side.SELL, Side.BUY, Side.BUY]


def test_profit_taking_leaves_a_flat_market_and_a_wide_spread_alone() -> None:
    assert not play("profit_taking", TAKING, [1_000.0] * 20).intents
    stage = Stage(strategy("profit_taking", "obey", parameters={**TAKING, "move": "0%"}))
    stage.quote(1_000.0, 1_020.0, after=SECOND)
    assert not stage.intents
    assert stage.events(DecisionMade)[-1].reason is Reason.WIDE_SPREAD
    stage.quote(1_000.0, after=SECOND)
    assert sides(stage) == [Side.BUY]


def test_profit_taking_closes_what_is_too_small_to_be_parted() -> None:
    stage = Stage(strategy("profit_taking", "obey", parameters={**TAKING, "parts": 100}))
    follow(stage, [1_000.0] * 3 + [996.0, 1_000.0])
    # a hundredth of 1,000 is just below the venue's smallest order of 10
    assert stage.held == 0


# market making

MAKING = {"turn": "2s", "min_spread_ticks": 5}


def made(stage: Stage, count: int, bid: float = 1_000.0, ask: float = 1_001.0) -> None:
    """Some seconds of an unchanged quote; an order that was not filled by the next turn has expired."""
    for _ in range(count):
        stage.quote(bid, ask, after=SECOND)


def test_market_making_rests_on_both_sides_in_turns_and_never_takes() -> None:
    stage = Stage(strategy("market_making", "obey", parameters=MAKING))
    for _ in range(8):
        made(stage, 1)
        if stage.state().intents:
            stage.wait(SECOND)
            stage.report(OrderState.CANCELLED, reason=Reason.TIME_TO_LIVE)
    assert set(sides(stage)) == {Side.BUY, Side.SELL}
    for each in stage.intents.values():
        terms = each.terms
        assert terms.post_only
        assert terms.order_type is OrderType.LIMIT
        assert terms.time_to_live == 2 * SECOND
        assert terms.limit_price == (Decimal(1_000) if terms.side is Side.BUY else Decimal(1_001))


def test_market_making_leans_against_what_it_holds() -> None:
    stage = Stage(strategy("market_making", "obey", parameters={**MAKING, "max_orders": 2, "skew_ticks": 2}))
    while not stage.intents or stage.last.terms.side is not Side.BUY:
        made(stage, 1)
        if stage.intents and stage.last.terms.side is Side.SELL:
            stage.report(OrderState.CANCELLED)
    stage.fill_all(price=1_000.0)
    held, prices = stage.held, {}
    for _ in range(4):
        sent = len(stage.intents)
        made(stage, 2)
        if len(stage.intents) > sent:
            prices[stage.last.terms.side] = stage.last.terms
            stage.report(OrderState.CANCELLED)
    assert prices[Side.SELL].limit_price == Decimal("1000.8")
    assert prices[Side.SELL].quantity == held
    assert prices[Side.SELL].reduce_only
    assert prices[Side.BUY].limit_price == Decimal("999.8")


def test_market_making_only_reduces_at_its_largest_position() -> None:
    stage = Stage(strategy("market_making", "obey", parameters={**MAKING, "max_orders": 1}))
    while not stage.held:
        made(stage, 1)
        if stage.state().intents:
            stage.fill_all(price=float(stage.last.terms.limit_price or 0))
    side = Side.SELL if stage.held > 0 else Side.BUY
    first = len(stage.intents)
    for _ in range(6):
        made(stage, 2)
        if stage.state().intents:
            stage.report(OrderState.CANCELLED)
    later = sides(stage)[first:]
    assert len(later) >= 5
    assert set(later) == {side}


def test_market_making_leaves_a_narrow_spread_alone() -> None:
    stage = Stage(strategy("market_making", "obey", parameters=MAKING))
    made(stage, 8, 1_000.0, 1_000.1)
    assert not stage.intents
    assert stage.events(DecisionMade)[-1].reason is Reason.NARROW_SPREAD


def test_market_making_cancels_what_still_rests_when_its_turn_is_over() -> None:
    stage = Stage(strategy("market_making", "obey", parameters=MAKING))
    made(stage, 1)
    made(stage, 3)
    assert stage.cancels == [stage.last_intent_id]
    assert len(stage.intents) == 1


def test_the_stage_begins_at_a_turn() -> None:
    assert START % (2 * SECOND) == 0
