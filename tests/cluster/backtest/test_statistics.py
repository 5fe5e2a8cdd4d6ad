"""The statistics against an independent library, against figures computed by hand, and where they are undefined."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable

import empyrical
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.backtest import statistics as stats
from cluster.backtest.statistics import Drawdown

PERIODS = 365


def series_of(fewest: int) -> st.SearchStrategy[np.ndarray]:
    """Daily returns between -20 % and +20 %."""
    one = st.integers(-200_000, 200_000).map(lambda millionths: millionths / 1e6)
    return st.lists(one, min_size=fewest, max_size=120).map(np.array)


def agrees(ours: float | None, theirs: float) -> bool:
    """Where the library says nan or infinite, we say None."""
    if not math.isfinite(theirs):
        return ours is None
    return ours is not None and math.isclose(ours, theirs, rel_tol=1e-9, abs_tol=1e-12)


# --- against empyrical and pandas -----------------------------------------------------------------------------


@pytest.mark.property
@given(series_of(2))
def test_ratios_of_returns_are_those_of_empyrical(returns: np.ndarray) -> None:
    varied = float(np.std(returns)) > 1e-9
    assert agrees(
        stats.volatility(returns, PERIODS), empyrical.annual_volatility(returns, annualization=PERIODS)
    )
    if varied:
        assert agrees(
            stats.sharpe_ratio(returns, PERIODS), empyrical.sharpe_ratio(returns, annualization=PERIODS)
        )
        with_rate = empyrical.sharpe_ratio(returns, risk_free=0.03 / PERIODS, annualization=PERIODS)
        assert agrees(stats.sharpe_ratio(returns, PERIODS, 0.03), with_rate)
    if (returns < 0).any():
        assert agrees(
            stats.sortino_ratio(returns, PERIODS), empyrical.sortino_ratio(returns, annualization=PERIODS)
        )
        target = empyrical.downside_risk(returns, required_return=0.1 / PERIODS, annualization=PERIODS)
        assert agrees(stats.downside_risk(returns, PERIODS, 0.1), target)


@pytest.mark.property
@given(series_of(2))
def test_growth_and_drawdown_are_those_of_empyrical(returns: np.ndarray) -> None:
    curve = np.concatenate(([1.0], np.cumprod(1 + returns)))
    times = np.arange(len(curve), dtype=np.int64)
    total = stats.total_return(1.0, float(curve[-1]))
    years = len(returns) / PERIODS
    annualised = stats.annualised_return(total, years)
    drawdown = stats.maximum_drawdown(times, curve)
    assert drawdown is not None
    assert agrees(total, empyrical.cum_returns_final(returns))
    assert agrees(annualised, empyrical.annual_return(returns, annualization=PERIODS))
    assert agrees(-drawdown.depth, empyrical.max_drawdown(returns))
    theirs = empyrical.calmar_ratio(returns, annualization=PERIODS)
    if drawdown.depth > 1e-9:
        assert agrees(stats.calmar_ratio(annualised, drawdown.depth), theirs)


@pytest.mark.property
@given(series_of(stats.FEWEST_FOR_TAIL))
def test_tail_figures_are_those_of_empyrical(returns: np.ndarray) -> None:
    assert agrees(stats.value_at_risk(returns), empyrical.value_at_risk(returns))
    assert agrees(stats.conditional_value_at_risk(returns), empyrical.conditional_value_at_risk(returns))


@pytest.mark.parametrize("seed", range(20))
def test_skew_and_kurtosis_are_those_of_pandas(seed: int) -> None:
    random = np.random.default_rng(seed)
    returns = random.standard_t(4, size=int(random.integers(4, 400))) * 0.02
    assert agrees(stats.skewness(returns), pd.Series(returns).skew())
    assert agrees(stats.excess_kurtosis(returns), pd.Series(returns).kurt())


def test_a_long_seeded_series_agrees_in_everything() -> None:
    returns = np.random.default_rng(11).normal(0.0008, 0.021, 2_000)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert agrees(stats.sharpe_ratio(returns, 252), empyrical.sharpe_ratio(returns))
        assert agrees(stats.sortino_ratio(returns, 252), empyrical.sortino_ratio(returns))
        assert agrees(stats.volatility(returns, 252), empyrical.annual_volatility(returns))


# --- by hand --------------------------------------------------------------------------------------------------


def test_sharpe_by_hand() -> None:
    # mean 0.01, deviations -0.01, 0, +0.01: std(ddof=1) = 0.01, so the ratio per period is 1
    assert stats.sharpe_ratio(np.array([0.0, 0.01, 0.02]), 256) == pytest.approx(16.0)


def test_sortino_by_hand() -> None:
    # mean 0.01; shortfalls 0, -0.02, 0, 0: root mean square 0.01
    assert stats.sortino_ratio(np.array([0.02, -0.02, 0.01, 0.03]), 256) == pytest.approx(16.0)


def test_annualised_return_by_hand() -> None:
    assert stats.annualised_return(0.21, 2.0) == pytest.approx(0.1)
    assert stats.annualised_return(-0.19, 2.0) == pytest.approx(-0.1)


def test_drawdown_by_hand() -> None:
    values = np.array([100.0, 120, 120, 90, 110, 120, 125, 100])
    times = np.arange(8, dtype=np.int64) * 10
    # from the last point at the peak of 120 (20) to the first one back at it (50)
    assert stats.maximum_drawdown(times, values) == Drawdown(
        depth=0.25, start=20, trough=30, end=50, duration=30
    )


def test_a_drawdown_that_does_not_recover_lasts_to_the_end() -> None:
    values = np.array([100.0, 80, 60, 90])
    times = np.arange(4, dtype=np.int64)
    assert stats.maximum_drawdown(times, values) == Drawdown(
        depth=0.4, start=0, trough=2, end=None, duration=3
    )


def test_a_curve_that_never_falls_has_a_drawdown_of_zero() -> None:
    found = stats.maximum_drawdown(np.arange(3, dtype=np.int64), np.array([1.0, 1.0, 2.0]))
    assert found is not None
    assert (found.depth, found.duration) == (0.0, 0)


def test_trade_figures_by_hand() -> None:
    profits = np.array([30.0, -10, 0, 10, -20])
    assert stats.win_rate(profits) == pytest.approx(0.4)
    assert stats.profit_factor(profits) == pytest.approx(40 / 30)
    assert stats.average_win(profits) == pytest.approx(20)
    assert stats.average_loss(profits) == pytest.approx(-15)
    assert stats.payoff_ratio(profits) == pytest.approx(20 / 15)
    assert stats.expectancy(profits) == pytest.approx(2.0)
    assert stats.expectancy_ratio(profits) == pytest.approx(2 / 15)


@pytest.mark.property
@given(
    st.lists(st.integers(-1000, 1000), min_size=1, max_size=50).map(lambda all_: np.array(all_, np.float64))
)
def test_expectancy_is_the_mean_trade(profits: np.ndarray) -> None:
    assert stats.expectancy(profits) == pytest.approx(float(profits.mean()), abs=1e-9)


def test_a_time_average_weighs_by_how_long_a_value_held() -> None:
    times = np.array([0, 10, 40], np.int64)
    assert stats.time_average(times, np.array([100.0, 200.0, 999.0])) == pytest.approx(
        (10 * 100 + 30 * 200) / 40
    )


def test_returns_compound() -> None:
    assert stats.compounded([0.1, -0.5, 1.0]) == pytest.approx(0.1)


# --- undefined ------------------------------------------------------------------------------------------------

EMPTY, ONE, FLAT = np.empty(0), np.array([0.01]), np.full(30, 0.01)

UNDEFINED: dict[str, Callable[[], object]] = {
    "volatility of one return": lambda: stats.volatility(ONE, PERIODS),
    "sharpe without returns": lambda: stats.sharpe_ratio(EMPTY, PERIODS),
    "sharpe of one return": lambda: stats.sharpe_ratio(ONE, PERIODS),
    "sharpe without deviation": lambda: stats.sharpe_ratio(FLAT, PERIODS),
    "sharpe of zeros": lambda: stats.sharpe_ratio(np.zeros(30), PERIODS),
    "sortino without shortfall": lambda: stats.sortino_ratio(FLAT, PERIODS),
    "downside risk without returns": lambda: stats.downside_risk(EMPTY, PERIODS),
    "calmar without drawdown": lambda: stats.calmar_ratio(0.2, 0.0),
    "calmar without annualised return": lambda: stats.calmar_ratio(None, 0.2),
    "skew of two returns": lambda: stats.skewness(np.array([0.01, 0.02])),
    "skew without deviation": lambda: stats.skewness(FLAT),
    "kurtosis of three returns": lambda: stats.excess_kurtosis(np.array([0.01, 0.02, 0.04])),
    "kurtosis without deviation": lambda: stats.excess_kurtosis(FLAT),
    "value at risk of 19 returns": lambda: stats.value_at_risk(FLAT[:19]),
    "expected shortfall of 19 returns": lambda: stats.conditional_value_at_risk(FLAT[:19]),
    "annualised return of an hour": lambda: stats.annualised_return(0.01, 1 / 8766),
    "annualised total loss": lambda: stats.annualised_return(-1.0, 1.0),
    "annualised return beyond all numbers": lambda: stats.annualised_return(1e9, 1 / 365.25),
    "total return on nothing": lambda: stats.total_return(0.0, 5.0),
    "returns of one value": lambda: stats.simple_returns(ONE),
    "returns on nothing": lambda: stats.simple_returns(np.array([1.0, 0.0, 1.0])),
    "drawdown of nothing": lambda: stats.maximum_drawdown(np.empty(0, np.int64), EMPTY),
    "drawdown from nothing": lambda: stats.maximum_drawdown(
        np.arange(2, dtype=np.int64), np.array([0.0, -1.0])
    ),
    "win rate without trades": lambda: stats.win_rate(EMPTY),
    "profit factor without a loss": lambda: stats.profit_factor(np.array([1.0, 2.0])),
    "payoff without a loss": lambda: stats.payoff_ratio(np.array([1.0])),
    "payoff without a win": lambda: stats.payoff_ratio(np.array([-1.0])),
    "expectancy without trades": lambda: stats.expectancy(EMPTY),
    "expectancy ratio without a loss": lambda: stats.expectancy_ratio(np.array([1.0])),
    "time average of a moment": lambda: stats.time_average(np.zeros(1, np.int64), ONE),
    "turnover of nothing": lambda: stats.turnover(100.0, 0.0),
    "turnover per year of an hour": lambda: stats.per_year(3.0, 1 / 8766),
}


@pytest.mark.parametrize("name", UNDEFINED)
def test_what_is_undefined_is_none(name: str) -> None:
    assert UNDEFINED[name]() is None
