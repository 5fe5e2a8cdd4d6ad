"""The built-in strategies: when they are due, and what they want then."""

from __future__ import annotations

from typing import Any

import pytest

from actors.strategy.bars import Bar, BarSource
from actors.strategy.builtin.ema_cross import EmaCross
from actors.strategy.builtin.momentum import Momentum
from actors.strategy.strategy import BarSubscription, Strategy
from actors.strategy.view import SymbolView
from messages.decisions import DecisionMade
from messages.intents import Side
from messages.orders import OrderState
from tests.actors.strategy.stage import MILLISECOND, SECOND, START, Stage, strategy

pytestmark = pytest.mark.unit


def due(kind: type[Strategy], prices: list[float], every: int = SECOND, **parameters: Any) -> list[int]:
    """The direction wanted at each price that made a decision due; 0 where none was."""
    made = kind("BTC-USDT", kind.Parameters.model_validate(parameters))
    made.on_start()
    view, wanted = SymbolView("BTC-USDT"), []
    for number, price in enumerate(prices):
        view.fold_quote(START + number * every, 0, price - 0.5, 1.0, price + 0.5, 1.0)
        wanted.append(made.direction if made.on_quote(view) else 0)  # type: ignore[attr-defined]
    return wanted


@pytest.mark.golden
def test_an_ema_cross_is_due_once_per_cross_and_not_at_its_first_direction() -> None:
    prices = [100.0, 101.0, 102.0, 103.0, 99.0, 95.0, 91.0, 99.0, 107.0, 115.0]
    assert due(EmaCross, prices, fast=2, slow=3) == [0, 0, 0, 0, -1, 0, 0, 1, 0, 0]


def test_an_ema_cross_samples_by_time_not_by_quote() -> None:
    prices = [100.0, 101.0, 102.0, 103.0, 99.0, 95.0, 91.0, 99.0, 107.0, 115.0]
    # each second's price, and then nine quotes of noise before the next
    noisy = [each for price in prices for each in [price] + [price + noise for noise in (-9, 9, -9)] * 3]
    by_time = due(EmaCross, noisy, SECOND // 10, fast=2, slow=3)
    assert [by_time[number] for number in range(0, 100, 10)] == due(EmaCross, prices, fast=2, slow=3)
    assert sum(map(abs, by_time)) == 2
    assert sum(map(abs, due(EmaCross, noisy, SECOND // 10, fast=2, slow=3, sampling_interval="0s"))) > 2


def test_an_ema_cross_ignores_a_cross_within_its_gap() -> None:
    prices = [100.0, 101.0, 102.0, 103.0, 99.0, 95.0, 91.0]
    assert any(due(EmaCross, prices, fast=2, slow=3))
    assert not any(due(EmaCross, prices, fast=2, slow=3, gap="50%"))


def test_an_ema_cross_on_bars_samples_their_closes_and_no_quote() -> None:
    prices = [100.0, 101.0, 102.0, 103.0, 99.0, 95.0, 91.0, 99.0, 107.0, 115.0]
    assert not any(due(EmaCross, prices, fast=2, slow=3, on="bars"))
    made = EmaCross("BTC-USDT", EmaCross.Parameters.model_validate({"fast": 2, "slow": 3, "on": "bars"}))
    made.on_start()
    assert made.subscriptions == [BarSubscription(BarSource.FEED, None)]
    view = SymbolView("BTC-USDT")
    wanted = []
    for number, price in enumerate(prices):
        bar = Bar(
            BarSource.FEED, None, START + number * SECOND, price + 9, price + 9, price - 9, price, 1.0, None
        )
        wanted.append(made.direction if made.on_bar(bar, view) else 0)
    assert wanted == due(EmaCross, prices, fast=2, slow=3)


def test_momentum_goes_with_a_move_up_or_down_and_acts_on_it_once() -> None:
    up = [100.0] * 6 + [100.0 * 1.001**step for step in range(1, 8)]
    down = [100.0] * 6 + [100.0 * 0.999**step for step in range(1, 8)]
    settings: dict[str, Any] = {"lookback": "5s", "threshold": "10bps", "samples": 5}
    assert [each for each in due(Momentum, up, **settings) if each] == [1]
    assert [each for each in due(Momentum, down, **settings) if each] == [-1]


def test_momentum_says_nothing_before_it_has_seen_its_lookback() -> None:
    prices = [100.0, 110.0, 120.0, 130.0, 140.0]
    assert not any(due(Momentum, prices, lookback="5s", threshold="10bps"))


def test_momentum_acts_again_when_the_move_has_faded() -> None:
    prices = [100.0] * 6 + [100.2] + [100.2] * 8 + [100.4]
    wanted = due(Momentum, prices, lookback="5s", threshold="10bps", samples=5)
    assert [number for number, each in enumerate(wanted) if each] == [6, 15]


def test_momentum_turns_at_once() -> None:
    prices = [100.0] * 6 + [100.2, 99.0]
    assert due(Momentum, prices, lookback="5s", threshold="10bps", samples=5)[-2:] == [1, -1]


@pytest.mark.parametrize("allow_short", [True, False])
def test_a_built_in_strategy_trades_both_ways_unless_told_not_to(allow_short: bool) -> None:
    parameters = {"lookback": "5s", "threshold": "10bps", "samples": 5, "allow_short": allow_short}
    stage = Stage(strategy("momentum", "obey", parameters=parameters))
    for price in [1_000.0] * 6 + [1_002.0]:
        stage.quote(price, after=SECOND)
    assert stage.last.terms.side is Side.BUY
    trace = stage.events(DecisionMade)[-1].trace
    assert trace["threshold"] == 0.001
    assert isinstance(trace["move"], float)
    stage.fill_all()
    stage.quote(990.0, after=SECOND)
    assert stage.last.terms.side is Side.SELL
    assert stage.last.terms.reduce_only is not allow_short


def test_an_ema_cross_trades_on_the_stage() -> None:
    stage = Stage(strategy("ema_cross", "obey", parameters={"fast": 2, "slow": 3}))
    for price in [1_000.0, 1_010.0, 1_020.0, 1_030.0, 990.0]:
        stage.quote(price, after=SECOND)
    assert stage.last.terms.side is Side.SELL
    stage.report(OrderState.CANCELLED)
    stage.wait(MILLISECOND)
    assert {"fast", "slow"} <= set(stage.events(DecisionMade)[-1].trace)
