"""The tables of a result as columns, and as CSV: equity, daily and monthly returns, trades and fills.

In CSV files times are ISO 8601 UTC with nanoseconds, amounts exact decimals, floats rounded to 12 significant digits.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from cluster.backtest.equity import EquityCurve
from cluster.backtest.performance import PeriodReturn
from cluster.backtest.record import Arrivals
from cluster.backtest.report.wording import canonical_float, iso_times, plain_decimal
from cluster.backtest.statistics import drawdowns
from cluster.backtest.trades import Trade
from messages.orders import Fill

if TYPE_CHECKING:
    from cluster.backtest.result import BacktestResult

Column = Sequence[Any] | npt.NDArray[np.generic]
Columns = dict[str, Column]

TIME_COLUMNS = {"time", "entry_time", "exit_time"}
"""Columns that hold times in ns UTC."""


def all_columns(result: BacktestResult) -> dict[str, Columns]:
    """Every table by name, amounts as floats: ready for data frames."""
    return {
        name: {column: _as_floats(values) for column, values in columns.items()}
        for name, columns in {
            "equity": equity_columns(result.equity),
            "daily": period_columns(result.statistics.daily, "day"),
            "monthly": period_columns(result.statistics.monthly, "month"),
            "trades": trade_columns(result.trades),
            "fifo_trades": trade_columns(result.fifo_trades),
            "fills": fill_columns(result.fills, result.arrivals),
        }.items()
    }


def equity_columns(curve: EquityCurve) -> Columns:
    """The equity curve, a row per point."""
    return {
        "time": curve.times,
        "cash": curve.cash,
        "position_value": curve.position_value,
        "nav": curve.nav,
        "gross_exposure": curve.gross_exposure,
        "net_exposure": curve.net_exposure,
        "drawdown": drawdowns(curve.nav),
    }


def period_columns(periods: Sequence[PeriodReturn], name: str) -> Columns:
    """Daily or monthly returns."""
    return {name: [each.period for each in periods], "return": [each.value for each in periods]}


def trade_columns(trades: Sequence[Trade]) -> Columns:
    """Round trips, a row each; `holding_s` in seconds."""
    columns: Columns = {name: [getattr(trade, name) for trade in trades] for name in Trade.__struct_fields__}
    columns["holding_s"] = [trade.holding / 1e9 for trade in trades]
    return columns


def fill_columns(fills: Sequence[Fill], arrivals: Arrivals) -> Columns:
    """Executions, a row each, with the quote their decision was taken on (nan where it is not known)."""
    unknown = (np.nan, np.nan)
    quotes = [arrivals.get(fill.intent_id, unknown) for fill in fills]
    columns: Columns = {"time": [fill.event_time for fill in fills]}
    for name in Fill.__struct_fields__:
        if name != "event_time":
            columns[name] = [getattr(fill, name) for fill in fills]
    columns["decision_bid"] = [bid for bid, _ in quotes]
    columns["decision_ask"] = [ask for _, ask in quotes]
    return columns


def to_csv(columns: Mapping[str, Column]) -> bytes:
    """The columns as CSV with a header and Unix line ends. What has no value is an empty field."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*(_texts(name, values) for name, values in columns.items()), strict=True))
    return text.getvalue().encode()


def _texts(name: str, values: Column) -> list[Any]:
    if name in TIME_COLUMNS:
        return iso_times(np.asarray(values, np.int64))
    plain = values.tolist() if isinstance(values, np.ndarray) else values
    return [_text(value) for value in plain]


def _text(value: Any) -> Any:
    if isinstance(value, float):
        rounded = canonical_float(value)
        return "" if rounded is None else repr(rounded)
    return plain_decimal(value) if isinstance(value, Decimal) else value


def _as_floats(values: Column) -> Column:
    if len(values) and isinstance(values[0], Decimal):
        return [float(value) for value in values]
    return values
