"""The result of a backtest: the raw record, what is computed from it, and the ways to take it away.

`BacktestResult(record, prices, arrivals)` computes nothing until it is asked: the equity curve, the round trips and
the statistics are made on first use and kept.
"""

from __future__ import annotations

import importlib
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from cluster.backtest.equity import EquityCurve, equity_curve
from cluster.backtest.performance import Statistics, statistics_of
from cluster.backtest.record import (
    DEFAULT_SETTINGS,
    Arrivals,
    DataFile,
    FundingPayment,
    OrderCounts,
    Prices,
    PriceSeries,
    ReportSettings,
    RunRecord,
    SymbolInfo,
)
from cluster.backtest.report import tables
from cluster.backtest.report.write import write_report
from cluster.backtest.trades import Matching, OpenPosition, RoundTrips, Trade, round_trips
from messages.errors import ConfigurationError
from messages.orders import Fill

if TYPE_CHECKING:
    import pandas  # type: ignore[import-untyped]  # an extra; it has no types of its own

__all__ = [
    "Arrivals",
    "BacktestResult",
    "DataFile",
    "FundingPayment",
    "OrderCounts",
    "PriceSeries",
    "Prices",
    "ReportSettings",
    "RunRecord",
    "SymbolInfo",
]


class BacktestResult:
    """A finished run. Raises what `equity_curve` raises when the record contradicts itself, on first use."""

    def __init__(
        self,
        record: RunRecord,
        prices: Prices,
        arrivals: Arrivals,
        settings: ReportSettings = DEFAULT_SETTINGS,
    ) -> None:
        self.record = record
        self.prices = prices
        self.arrivals = arrivals
        self.settings = settings

    @property
    def fills(self) -> list[Fill]:
        """Every execution, in order."""
        return self.record.fills

    @property
    def orders(self) -> OrderCounts:
        """What became of intents and orders."""
        return self.record.orders

    @cached_property
    def equity(self) -> EquityCurve:
        """The account over time."""
        return equity_curve(self.record, self.prices, self.settings)

    @property
    def trades(self) -> tuple[Trade, ...]:
        """Closed round trips at average cost; the statistics are over these."""
        return self._average.trades

    @property
    def open_positions(self) -> tuple[OpenPosition, ...]:
        """What each strategy still held at the end."""
        return self._average.open

    @cached_property
    def fifo_trades(self) -> tuple[Trade, ...]:
        """Closed round trips, first in first out."""
        return round_trips(self.record, self.prices, Matching.FIFO).trades

    @cached_property
    def statistics(self) -> Statistics:
        """All figures."""
        return statistics_of(
            self.record,
            self.prices,
            self.arrivals,
            self.equity,
            self.trades,
            self.open_positions,
            self.settings,
        )

    def frames(self) -> dict[str, pandas.DataFrame]:
        """`equity`, `daily`, `monthly`, `trades`, `fifo_trades`, `fills` as pandas DataFrames; exact amounts become
        float64, times UTC timestamps.

        Raises `ConfigurationError` when pandas is not installed.
        """
        try:
            library = importlib.import_module("pandas")
        except ModuleNotFoundError:
            raise ConfigurationError(
                "frames need pandas, which is not installed",
                field="pandas",
                remedy="install raydesk[pandas], or read the CSV files of write_report",
            ) from None
        found: dict[str, pandas.DataFrame] = {}
        for name, columns in tables.all_columns(self).items():
            frame = library.DataFrame(columns)
            for column in tables.TIME_COLUMNS & set(frame.columns):
                frame[column] = library.to_datetime(frame[column], unit="ns", utc=True)
            found[name] = frame
        return found

    def write_report(self, folder: Path | str) -> Path:
        """Write report.html, report.json, fills.csv, trades.csv and equity.csv into `folder`, which is made when it
        is missing. Returns the path of report.html."""
        return write_report(self, Path(folder))

    @cached_property
    def _average(self) -> RoundTrips:
        return round_trips(self.record, self.prices, Matching.AVERAGE)
