"""The result of a backtest: the raw record, what is computed from it, and the ways to take it away.

`BacktestResult(record, prices, arrivals)` computes nothing until it is asked: the equity curve, the round trips and
the statistics are made on first use and kept.
"""

from __future__ import annotations

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
from cluster.frames import data_frames
from messages.errors import ConfigurationError
from messages.orders import Fill

if TYPE_CHECKING:
    import pandas  # type: ignore[import-untyped]  # an extra; it has no types of its own

    from cluster.replaying.recorded import Recorded

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
    """A finished run. Raises what `equity_curve` raises when the record contradicts itself, on first use.

    `recorded` is every step of every actor, of a run that kept its journals; else None.
    """

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
        self.recorded: Recorded | None = None

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
        return data_frames(tables.all_columns(self), tables.TIME_COLUMNS)

    def write_report(self, folder: Path | str) -> Path:
        """Write report.html, report.json, fills.csv, trades.csv and equity.csv into `folder`, which is made when it
        is missing. Returns the path of report.html."""
        return write_report(self, Path(folder))

    def write_export(self, path: Path | str) -> int:
        """Write every recorded step into one file, to be read by `raydesk replay` and `parity`; returns its bytes.

        Raises `ConfigurationError` for a run that kept no journals, `StoreError` when the file can't be written.
        """
        from cluster.replaying.export_file import write_export

        if self.recorded is None:
            raise ConfigurationError(
                "this run kept no journals to export",
                field="keep_journal",
                value=False,
                remedy="run it with backtest(..., keep_journal=True)",
            )
        return write_export(self.recorded, Path(path))

    @cached_property
    def _average(self) -> RoundTrips:
        return round_trips(self.record, self.prices, Matching.AVERAGE)
