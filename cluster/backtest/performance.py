"""All figures of a run in one struct: `statistics` applied to the equity curve, the trades and the costs."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import numpy as np

from actors.risk.days import day_of
from cluster.backtest import statistics as stats
from cluster.backtest.attribution import Attribution, by_strategy, by_symbol
from cluster.backtest.costs import Costs, costs_of
from cluster.backtest.equity import EquityCurve, symbols_of
from cluster.backtest.record import Arrivals, Prices, ReportSettings, RunRecord, Values
from cluster.backtest.statistics import Drawdown
from cluster.backtest.trades import OpenPosition, Trade


class PeriodReturn(msgspec.Struct, frozen=True):
    """What one day (`2024-08-08`) or month (`2024-08`) made, as a fraction."""

    period: str
    value: float


class Statistics(msgspec.Struct, frozen=True):
    """The figures of a run. Ratios are fractions (0.01 = 1 %), money in base currency, spans of time in ns.

    None is undefined: too few points, or a division by zero. `returns` counts the daily returns that everything
    from `volatility` to `worst_day` is computed from; yearly figures rest on `periods_per_year` of them.
    `max_drawdown` is measured at the points of the equity curve, `turnover` in times of average NAV; figures on
    trades are over closed round trips at average cost, after fees.
    """

    periods_per_year: int
    risk_free: float
    years: float
    starting_nav: float
    final_nav: float
    profit: float
    unrealised: float
    total_return: float | None
    annualised_return: float | None
    returns: int
    volatility: float | None
    sharpe: float | None
    sortino: float | None
    calmar: float | None
    skew: float | None
    kurtosis: float | None
    var_95: float | None
    cvar_95: float | None
    best_day: PeriodReturn | None
    worst_day: PeriodReturn | None
    max_drawdown: Drawdown | None
    exposure_time: float | None
    average_gross_exposure: float | None
    turnover: float | None
    turnover_per_year: float | None
    trades: int
    win_rate: float | None
    profit_factor: float | None
    expectancy: float | None
    expectancy_ratio: float | None
    payoff: float | None
    average_trade: float | None
    average_win: float | None
    average_loss: float | None
    best_trade: float | None
    worst_trade: float | None
    average_holding: float | None
    costs: Costs
    daily: tuple[PeriodReturn, ...]
    monthly: tuple[PeriodReturn, ...]
    by_symbol: tuple[Attribution, ...]
    by_strategy: tuple[Attribution, ...]


def statistics_of(
    record: RunRecord,
    prices: Prices,
    arrivals: Arrivals,
    curve: EquityCurve,
    trades: Sequence[Trade],
    still_open: Sequence[OpenPosition],
    settings: ReportSettings,
) -> Statistics:
    """Compute every figure of a run from what the other modules made of it."""
    symbols = symbols_of(record)
    costs = costs_of(record.fills, record.funding, symbols, record.base_currency, arrivals, record.rates)
    nav = curve.nav
    years = int(curve.times[-1] - curve.times[0]) / stats.YEAR_NS
    # the closes are fewer than the points, and each stands for a day; their compound is the total
    returns = stats.simple_returns(curve.daily_nav)
    daily = _daily(curve, returns, settings.day_boundary)
    total = stats.total_return(float(nav[0]), float(nav[-1]))
    annualised = stats.annualised_return(total, years)
    drawdown = stats.maximum_drawdown(curve.times, nav)
    average_nav = stats.time_average(curve.times, nav)
    gross = stats.time_average(curve.times, curve.gross_exposure)
    turned = stats.turnover(float(costs.traded), average_nav)
    return Statistics(
        periods_per_year=settings.periods_per_year,
        risk_free=settings.risk_free,
        years=years,
        starting_nav=float(nav[0]),
        final_nav=float(nav[-1]),
        profit=float(nav[-1] - nav[0]),
        unrealised=float(sum((each.unrealised for each in still_open), Decimal(0))),
        total_return=total,
        annualised_return=annualised,
        calmar=stats.calmar_ratio(annualised, None if drawdown is None else drawdown.depth),
        **_of_returns(np.empty(0) if returns is None else returns, settings),
        best_day=max(daily, key=lambda day: day.value, default=None),
        worst_day=min(daily, key=lambda day: day.value, default=None),
        max_drawdown=drawdown,
        exposure_time=curve.exposure_time,
        average_gross_exposure=stats.turnover(gross, average_nav) if gross is not None else None,
        turnover=turned,
        turnover_per_year=stats.per_year(turned, years),
        **_of_trades(trades),
        costs=costs,
        daily=daily,
        monthly=_monthly(daily),
        by_symbol=by_symbol(record, prices, trades, arrivals),
        by_strategy=by_strategy(record, prices, trades, arrivals),
    )


def _of_returns(returns: Values, settings: ReportSettings) -> dict[str, Any]:
    periods, free = settings.periods_per_year, settings.risk_free
    return {
        "returns": len(returns),
        "volatility": stats.volatility(returns, periods),
        "sharpe": stats.sharpe_ratio(returns, periods, free),
        "sortino": stats.sortino_ratio(returns, periods, free),
        "skew": stats.skewness(returns),
        "kurtosis": stats.excess_kurtosis(returns),
        "var_95": stats.value_at_risk(returns),
        "cvar_95": stats.conditional_value_at_risk(returns),
    }


def _of_trades(trades: Sequence[Trade]) -> dict[str, Any]:
    profits = np.array([float(trade.net) for trade in trades], np.float64)
    relative = np.array([float(trade.net / trade.value) for trade in trades if trade.value], np.float64)
    held = np.array([trade.holding for trade in trades], np.float64)
    return {
        "trades": len(trades),
        "win_rate": stats.win_rate(profits),
        "profit_factor": stats.profit_factor(profits),
        "expectancy": stats.expectancy(profits),
        "expectancy_ratio": stats.expectancy_ratio(profits),
        "payoff": stats.payoff_ratio(profits),
        "average_trade": float(relative.mean()) if len(relative) else None,
        "average_win": stats.average_win(profits),
        "average_loss": stats.average_loss(profits),
        "best_trade": float(profits.max()) if len(profits) else None,
        "worst_trade": float(profits.min()) if len(profits) else None,
        "average_holding": float(held.mean()) if len(held) else None,
    }


def _daily(curve: EquityCurve, returns: Values | None, zone_name: str) -> tuple[PeriodReturn, ...]:
    if returns is None:
        return ()
    zone = ZoneInfo(zone_name)
    # a close stands at the midnight that ends its day, so the day is the one just before it
    names = [day_of(int(close) - 1, zone)[0] for close in curve.daily_times[1:]]
    return tuple(PeriodReturn(name, float(each)) for name, each in zip(names, returns, strict=True))


def _monthly(daily: Sequence[PeriodReturn]) -> tuple[PeriodReturn, ...]:
    months: dict[str, list[float]] = {}
    for day in daily:
        months.setdefault(day.period[:7], []).append(day.value)
    return tuple(PeriodReturn(month, stats.compounded(days)) for month, days in months.items())
