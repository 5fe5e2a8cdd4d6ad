"""Built-in strategies on a group: pairs and portfolios."""

from __future__ import annotations

from decimal import Decimal

import pytest

from messages.decisions import DecisionMade, DisableStrategy
from messages.errors import ConfigurationError
from messages.intents import Side
from messages.orders import OrderState
from messages.reasons import Reason
from tests.actors.strategy.stage import BTC, ETH, MILLISECOND, SECOND, Stage, strategy

pytestmark = pytest.mark.unit

PAIR = {"sampling_interval": "1s", "lookback": 10, "entry": 2.0, "give_up": 50.0, "least": "50bps"}


def group(kind: str, parameters: dict[str, object], budget: int = 10_000, **changes: object) -> Stage:
    """A stage with one strategy on two symbols."""
    return Stage(
        *(
            strategy(
                kind,
                "obey",
                instrument=each,
                parameters=parameters,
                group=True,
                budget=Decimal(budget),
                **changes,
            )
            for each in (BTC, ETH)
        )
    )


def both(stage: Stage, btc: float, eth: float, *, fill: bool = True, after: int = SECOND) -> None:
    """A quote of each; what is sent is filled at it."""
    for symbol, price, wait in (("BTC-USDT", btc, after), ("ETH-USDT", eth, MILLISECOND)):
        sent = list(stage.intents)
        stage.quote(price, symbol=symbol, after=wait)
        if fill:
            fill_new(stage, sent, {"BTC-USDT": btc, "ETH-USDT": eth})


def fill_new(stage: Stage, before: list[str], prices: dict[str, float]) -> None:
    for intent_id, intent in tuple(stage.intents.items()):
        if intent_id not in before:
            stage.fill_all(intent_id, price=prices[intent.terms.symbol])


def held(stage: Stage) -> dict[str, float]:
    return {
        symbol: float(stage.state("obey", symbol).position.quantity) for symbol in ("BTC-USDT", "ETH-USDT")
    }


def worth(stage: Stage, btc: float, eth: float) -> list[float]:
    now = held(stage)
    return [now["BTC-USDT"] * btc, now["ETH-USDT"] * eth]


# relative value


def noise(stage: Stage) -> None:
    for number in range(12):
        both(stage, 1_000.0 + number % 2, 100.0)


@pytest.mark.parametrize(("btc", "way"), [(980.0, 1), (1_020.0, -1)])
def test_a_pair_is_entered_with_both_legs_and_left_with_both(btc: float, way: int) -> None:
    stage = group("relative_value", PAIR)
    noise(stage)
    both(stage, btc, 100.0)
    both(stage, btc, 100.0)
    first, second = worth(stage, btc, 100.0)
    assert first == pytest.approx(way * 4_000, rel=0.02)
    assert second == pytest.approx(-way * 4_000, rel=0.02)
    for _ in range(8):
        both(stage, 1_000.5, 100.0)
    assert held(stage) == {"BTC-USDT": 0.0, "ETH-USDT": 0.0}


def test_both_moving_alike_is_nothing_to_a_pair() -> None:
    stage = group("relative_value", PAIR)
    for number in range(30):
        both(stage, 1_000.0 * 1.01**number, 100.0 * 1.01**number)
    assert not stage.intents


def test_a_leg_that_is_left_alone_is_closed() -> None:
    stage = group("relative_value", PAIR)
    noise(stage)
    both(stage, 980.0, 100.0, fill=False)
    assert len(stage.intents) == 2
    for intent_id, intent in tuple(stage.intents.items()):
        if intent.terms.symbol == "BTC-USDT":
            stage.fill_all(intent_id, price=980.0)
        else:
            stage.report(OrderState.REJECTED, intent_id=intent_id)
    assert held(stage)["BTC-USDT"] > 0
    both(stage, 980.0, 100.0)
    assert held(stage) == {"BTC-USDT": 0.0, "ETH-USDT": 0.0}


def test_no_leg_is_entered_where_one_must_not_be() -> None:
    stage = group("relative_value", PAIR)
    noise(stage)
    stage.take(DisableStrategy("obey", "ann", "ETH-USDT"), sender="operator")
    both(stage, 980.0, 100.0)
    both(stage, 980.0, 100.0)
    assert not stage.intents
    assert stage.events(DecisionMade)[-1].reason is Reason.DISABLED


def test_a_pair_is_not_measured_with_an_old_price() -> None:
    stage = group("relative_value", PAIR)
    noise(stage)
    stage.now += 30 * SECOND
    stage.quote(980.0, symbol="BTC-USDT")
    assert not stage.events(DecisionMade)


def test_a_pair_is_of_two_symbols() -> None:
    with pytest.raises(ConfigurationError, match="two symbols"):
        Stage(strategy("relative_value", "obey", parameters=PAIR, group=True, budget=Decimal(1_000)))


# portfolio rebalance

PORTFOLIO = {"weights": {"BTC-USDT": 0.5, "ETH-USDT": 0.3}, "turnover": "100%", "band": "5%", "every": "1m"}


def test_a_portfolio_is_bought_and_then_left_alone() -> None:
    stage = group("portfolio_rebalance", PORTFOLIO)
    both(stage, 1_000.0, 100.0)
    assert worth(stage, 1_000.0, 100.0) == pytest.approx([5_000, 3_000], rel=0.01)
    sent = len(stage.intents)
    for number in range(5):
        both(stage, 1_000.0 + number, 100.0, after=60 * SECOND)
    assert len(stage.intents) == sent


def test_what_is_too_large_is_sold_before_the_rest_is_bought() -> None:
    stage = group("portfolio_rebalance", PORTFOLIO)
    both(stage, 1_000.0, 100.0)
    sent = list(stage.intents)
    both(stage, 1_300.0, 70.0, after=60 * SECOND)
    (sold,) = [stage.intents[each] for each in stage.intents if each not in sent]
    assert (sold.terms.symbol, sold.terms.side) == ("BTC-USDT", Side.SELL)
    assert sold.terms.reduce_only
    stage.quote(1_300.0, symbol="BTC-USDT", after=8 * SECOND)
    stage.quote(70.0, symbol="ETH-USDT")
    sent = list(stage.intents)
    stage.wait(4 * SECOND)
    fill_new(stage, sent, {"BTC-USDT": 1_300.0, "ETH-USDT": 70.0})
    assert worth(stage, 1_300.0, 70.0) == pytest.approx([5_000, 3_000], rel=0.02)
    assert stage.state("obey", "BTC-USDT").values == {}


def test_a_symbol_that_is_nearly_right_is_left_alone_by_a_rebalance() -> None:
    stage = group("portfolio_rebalance", PORTFOLIO)
    both(stage, 1_000.0, 100.0)
    sent = list(stage.intents)
    both(stage, 1_150.0, 101.0, after=60 * SECOND)  # 57.5 % of BTC, 30.3 % of ETH
    assert [stage.intents[each].terms.symbol for each in stage.intents if each not in sent] == ["BTC-USDT"]
    sent = list(stage.intents)
    stage.quote(1_150.0, symbol="BTC-USDT", after=9 * SECOND)
    stage.quote(101.0, symbol="ETH-USDT")
    stage.wait(2 * SECOND)
    assert list(stage.intents) == sent


def test_turnover_bounds_a_rebalance() -> None:
    stage = group("portfolio_rebalance", {**PORTFOLIO, "turnover": "20%"})
    traded = []
    for _ in range(3):
        before = sum(worth(stage, 1_000.0, 100.0))
        both(stage, 1_000.0, 100.0, after=60 * SECOND)
        traded.append(sum(worth(stage, 1_000.0, 100.0)) - before)
    assert traded == pytest.approx([2_000] * 3, rel=0.01)
    assert worth(stage, 1_000.0, 100.0) == pytest.approx([3_750, 2_250], rel=0.01)


def test_a_portfolio_may_be_short_of_a_symbol() -> None:
    stage = group("portfolio_rebalance", {**PORTFOLIO, "weights": {"BTC-USDT": 0.5, "ETH-USDT": -0.4}})
    both(stage, 1_000.0, 100.0)
    assert worth(stage, 1_000.0, 100.0) == pytest.approx([5_000, -4_000], rel=0.01)


def test_a_portfolio_waits_for_all_its_quotes() -> None:
    stage = group("portfolio_rebalance", PORTFOLIO)
    for _ in range(3):
        stage.quote(1_000.0, symbol="BTC-USDT", after=60 * SECOND)
    assert not stage.intents
    stage.quote(100.0, symbol="ETH-USDT", after=60 * SECOND)
    assert not stage.intents  # that of BTC is a minute old
    stage.quote(1_000.0, symbol="BTC-USDT", after=SECOND)
    assert len(stage.intents) == 2


@pytest.mark.parametrize(
    ("weights", "complaint"),
    [({"BTC-USDT": 0.8, "ETH-USDT": -0.4}, "add up to"), ({"DOGE-USDT": 0.1}, "does not trade")],
)
def test_weights_that_make_no_sense_are_refused(weights: dict[str, float], complaint: str) -> None:
    with pytest.raises(ConfigurationError, match=complaint):
        group("portfolio_rebalance", {**PORTFOLIO, "weights": weights})
