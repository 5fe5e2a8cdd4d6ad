"""The figures by which runs are ranked and compared: one flat table, read from a backtest's report.

They are taken from the report's document rather than from the result, so that a stored report.json and a run of
today go through the same code.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from messages.errors import ConfigurationError

if TYPE_CHECKING:
    from cluster.backtest.result import BacktestResult

Figure = float | int | None
"""A figure; None is undefined."""

Figures = dict[str, Figure]

STATISTICS = (
    "total_return",
    "annualised_return",
    "sharpe",
    "sortino",
    "calmar",
    "volatility",
    "profit",
    "final_nav",
    "trades",
    "win_rate",
    "profit_factor",
    "expectancy",
    "payoff",
    "average_trade",
    "exposure_time",
    "turnover",
)
"""Figures that `cluster.backtest.performance.Statistics` has under the same name."""

COUNTS = ("intents", "approved", "resized", "placed", "filled", "cancelled", "expired", "rejected_by_venue")
"""Figures that `cluster.backtest.record.OrderCounts` has under the same name."""

LOWER_IS_BETTER = frozenset({"volatility", "max_drawdown", "fees", "turnover", "exposure_time"})

ALIASES: Mapping[str, str] = {
    "net_return": "total_return",
    "net_profit": "profit",
    "drawdown": "max_drawdown",
}
"""Other names of figures; all returns and profits are after fees."""

FIGURES = (*STATISTICS, "max_drawdown", "fees", *COUNTS, "rejected", "fills")
"""Every figure, in the order of tables."""


def figures_of(result: BacktestResult) -> Figures:
    """The figures of a run, each rounded as its report has it. Raises what `BacktestResult.statistics` raises."""
    from cluster.backtest.report.document import report_json

    return figures_of_report(json.loads(report_json(result)))


def figures_of_report(report: Mapping[str, Any]) -> Figures:
    """The figures of a report.json. Raises `KeyError`, `TypeError` or `ValueError` where it is none."""
    statistics, orders = report["statistics"], report["orders"]
    drawdown = statistics["max_drawdown"]
    found: Figures = {name: statistics[name] for name in STATISTICS}
    found["max_drawdown"] = None if drawdown is None else drawdown["depth"]
    found["fees"] = float(statistics["costs"]["fees"])
    found |= {name: orders[name] for name in COUNTS}
    found["rejected"] = sum(orders["rejected"].values())
    found["fills"] = report["fills"]
    return {name: found[name] for name in FIGURES}


def objective_named(name: str) -> str:
    """The figure that an objective means. Raises `ConfigurationError` for one that there is not."""
    figure = ALIASES.get(name, name)
    if figure not in FIGURES:
        raise ConfigurationError(
            "there is no such figure",
            field="--objective",
            value=name,
            remedy=f"choose one of {', '.join((*ALIASES, *FIGURES))}",
        )
    return figure


def merit(figures: Mapping[str, Figure], objective: str) -> float | None:
    """How good a run is by this figure, the more the better; None where the figure is undefined."""
    value = figures.get(objective)
    if value is None:
        return None
    return -float(value) if objective in LOWER_IS_BETTER else float(value)
