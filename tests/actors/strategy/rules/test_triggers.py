"""Triggers: signed moves, windows without the current bar, both ways, nothing from nothing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.strategy.rules import indicators
from actors.strategy.rules.regime import Regime, classify
from actors.strategy.rules.settings import TriggerSettings
from actors.strategy.rules.triggers import (
    CONFIRMATIONS,
    TRIGGERS,
    breakout,
    confirmations,
    momentum,
    price_move,
    reversal,
    screener,
    volume_spike,
)
from tests.actors.strategy.rules.markets import bars, flat, seen

pytestmark = pytest.mark.unit

ALL = TriggerSettings()


@pytest.mark.parametrize("name", TRIGGERS)
@pytest.mark.parametrize("regime", list(Regime))
def test_nothing_fires_where_nothing_happens(name: str, regime: Regime) -> None:
    found = TRIGGERS[name](seen(flat(), flat(64), regime), ALL)
    assert not found.direction.any()
    assert not found.strength.any()


@pytest.mark.parametrize("name", TRIGGERS)
def test_nothing_fires_where_bars_are_missing(name: str) -> None:
    for holed in (flat(5), np.full((1, 169, 5), np.nan)):
        found = TRIGGERS[name](seen(holed, np.full((1, 0, 5), np.nan)), ALL)
        assert not found.direction.any()


def test_a_fall_is_a_fall() -> None:
    down = bars([100.0] * 60 + [96.0])
    found = price_move(seen(down), ALL)
    assert found.direction[0] == -1.0
    assert found.move[0] == pytest.approx(-0.04)


def test_without_a_regime_there_are_no_thresholds() -> None:
    up = bars([100.0] * 60 + [150.0], [1.0] * 60 + [99.0])
    assert price_move(seen(up, regime=Regime.UNKNOWN), ALL).direction[0] == 0.0
    assert volume_spike(seen(up, regime=Regime.UNKNOWN), ALL).direction[0] == 0.0
    assert price_move(seen(up), ALL).direction[0] == 1.0


def test_a_move_needs_more_in_a_bull_market_than_in_chop() -> None:
    up = bars([100.0] * 60 + [102.0])
    assert price_move(seen(up, regime=Regime.CHOP), ALL).direction[0] == 1.0
    assert price_move(seen(up, regime=Regime.BULL), ALL).direction[0] == 0.0


@pytest.mark.parametrize(("close", "direction"), [(101.0, 1.0), (99.0, -1.0), (100.0, 0.0)])
def test_a_spike_of_volume_goes_the_way_of_its_bar(close: float, direction: float) -> None:
    spike = bars([100.0] * 60 + [close], [1.0] * 60 + [3.0])
    assert volume_spike(seen(spike), ALL).direction[0] == direction


@pytest.mark.parametrize(("close", "direction"), [(102.5, 1.0), (101.9, 0.0), (97.5, -1.0), (98.1, 0.0)])
def test_a_breakout_is_beyond_the_bars_before_it(close: float, direction: float) -> None:
    before = [100.0] * 40 + [102.0, 98.0] + [100.0] * 10
    assert breakout(seen(bars([*before, close])), ALL).direction[0] == direction


def test_the_range_forgets_what_is_older_than_its_bars() -> None:
    old_high = bars([100.0] * 30 + [110.0] + [100.0] * 25 + [101.0])
    assert breakout(seen(old_high), ALL).direction[0] == 1.0


def test_momentum_tells_the_share_of_moves_that_went_its_way() -> None:
    rising = bars(np.linspace(100, 100, 40).tolist() + [100 * 1.002**step for step in range(1, 25)])
    found = momentum(seen(rising), ALL)
    assert (found.direction[0], found.confidence[0]) == (1.0, 1.0)
    assert found.strength[0] == pytest.approx((1.002**24 - 1) / 0.10)
    assert momentum(seen(rising, regime=Regime.BEAR), ALL).direction[0] == 0.0
    falling = bars([100.0] * 40 + [100 * 0.998**step for step in range(1, 25)])
    assert momentum(seen(falling, regime=Regime.BEAR), ALL).direction[0] == -1.0


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_the_screener_goes_against_a_far_price(sign: float) -> None:
    noise = [100.0 + 0.1 * (-1) ** step for step in range(60)]
    found = screener(seen(bars([*noise, 100.0 - sign * 1.0])), ALL)
    assert found.direction[0] == sign
    assert found.confidence[0] > 0.0


def turning(sign: float) -> tuple[np.ndarray, np.ndarray]:
    """A fall (or rise) of days that has turned: slow bars, and fast ones that confirm it."""
    slow = [100.0] * 60 + [100.0 - sign * 0.5 * step for step in range(1, 21)]
    extreme = slow[-1]
    slow += [extreme * (1 + sign * rise) for rise in (0.02, 0.04, 0.055, 0.065)]
    path = [extreme, extreme * (1 - sign * 0.01)] * 4  # unrest before
    path += [extreme * (1 + sign * each) for each in (0.010, 0.004, 0.0, 0.004, 0.010)]
    path += [extreme * (1 + sign * each) for each in (0.014, 0.010, 0.006, 0.010, 0.014)]
    path += [extreme * (1 + sign * (0.014 - 0.0005 * each)) for each in range(45)]
    path += [extreme * (1 + sign * 0.03)]
    fast = bars(path[-64:], width=0.0)
    return bars(slow, width=0.001), fast


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_reversal_needs_its_confirmations(sign: float) -> None:
    slow, fast = turning(sign)
    found = reversal(seen(slow, fast), ALL)
    asked = confirmations(fast, np.array([sign]), ALL)[0]
    assert dict(zip(CONFIRMATIONS, asked.tolist(), strict=True))["rsi"]
    assert asked.sum() >= 3
    assert found.direction[0] == sign
    assert found.confidence[0] == 0.6
    # without shorter bars nothing confirms it
    assert reversal(seen(slow), ALL).direction[0] == 0.0


def test_pivots_are_the_last_two() -> None:
    lows = np.array([[5, 4, 3, 4, 5, 4, 3.5, 4, 5, 6.0]])
    before, last = indicators.last_pivots(lows, 2)
    assert (before[0], last[0]) == (3.0, 3.5)
    assert np.isnan(indicators.last_pivots(np.array([[5, 4, 3, 4, 5.0]]), 2)[0][0])


def test_wilder_rsi_of_a_rise_is_100_and_of_nothing_50() -> None:
    rise = bars(np.linspace(100, 200, 60))
    before, now = indicators.wilder_rsi(rise, 14, 42)
    assert (before[0], now[0]) == (100.0, 100.0)
    assert indicators.wilder_rsi(flat(60), 14, 42)[1][0] == 50.0


def test_the_ema_slope_is_that_of_a_plain_loop() -> None:
    random = np.random.default_rng(7)
    closes = 100 * np.exp(np.cumsum(random.normal(0, 0.01, 169)))
    average = closes[:21].mean()
    history = [average]
    for close in closes[21:]:
        average += 2 / 22 * (close - average)
        history.append(average)
    expected = (history[-1] / history[-4] - 1) * 100 / 3
    assert indicators.ema_slope(bars(closes), 21, 3)[0] == pytest.approx(expected, rel=1e-12)


def test_volatility_is_of_what_hangs_together_and_unknown_with_little() -> None:
    random = np.random.default_rng(3)
    closes = 100 * np.exp(np.cumsum(random.normal(0, 0.01, 169)))
    returns = closes[1:] / closes[:-1] - 1
    expected = returns.std() * np.sqrt(8_760) * 100
    assert indicators.annual_volatility(bars(closes), 168, 8_760.0)[0] == pytest.approx(expected)
    holed = bars(closes)
    holed[:, :140] = np.nan
    expected = (closes[141:] / closes[140:-1] - 1).std() * np.sqrt(8_760) * 100
    assert indicators.annual_volatility(holed, 168, 8_760.0)[0] == pytest.approx(expected)
    holed[:, :150] = np.nan
    assert np.isnan(indicators.annual_volatility(holed, 168, 8_760.0)[0])


def test_a_missing_measure_is_no_regime() -> None:
    found = classify(np.array([np.nan, 0.0]), np.array([50.0, np.nan]))
    assert found.code.tolist() == [Regime.UNKNOWN] * 2
    assert np.isnan(found.confidence).all()


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), count=st.integers(2, 6))
def test_a_symbol_alone_says_what_it_says_among_others(seed: int, count: int) -> None:
    random = np.random.default_rng(seed)
    closes = 100 * np.exp(np.cumsum(random.normal(0, 0.02, (count, 169)), axis=1))
    slow = np.concatenate([bars(each, random.gamma(1, 1, 169), 0.005) for each in closes])
    fast = np.concatenate([bars(each[-64:], random.gamma(1, 1, 64), 0.002) for each in closes])
    slow[0, : random.integers(0, 160)] = np.nan
    regime = random.integers(-1, 4, count).astype(np.int8)
    order = random.permutation(count)
    for trigger in TRIGGERS.values():
        whole = trigger(seen(slow, fast)._replace(regime=regime), ALL)
        mixed = trigger(seen(slow[order], fast[order])._replace(regime=regime[order]), ALL)
        for row in range(count):
            here = slice(row, row + 1)
            alone = trigger(seen(slow[here], fast[here])._replace(regime=regime[here]), ALL)
            for together, single, shuffled in zip(whole, alone, mixed, strict=True):
                np.testing.assert_array_equal(together[row], single[0])
                np.testing.assert_array_equal(together[order], shuffled)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_the_mirror_of_a_market_fires_the_other_way(seed: int) -> None:
    random = np.random.default_rng(seed)
    steps = random.normal(0, 0.02, 169)
    volume = random.gamma(1, 1, 169)
    up = bars(100 + np.cumsum(steps), volume)
    down = bars(100 - np.cumsum(steps), volume)  # in differences: ratios would not mirror exactly
    for trigger in (volume_spike, breakout, screener):
        assert (trigger(seen(up), ALL).direction == -trigger(seen(down), ALL).direction).all()
