"""Puts a report into a folder, each file whole or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cluster.backtest.report.document import report_json
from cluster.backtest.report.page import report_page
from cluster.backtest.report.tables import equity_columns, fill_columns, to_csv, trade_columns
from cluster.durable_files import write_atomically
from messages.errors import ConfigurationError

if TYPE_CHECKING:
    from cluster.backtest.result import BacktestResult

READABLE = 0o644
"""A report holds no secret; it is made to be passed on."""


def write_report(result: BacktestResult, folder: Path) -> Path:
    """Write report.html, report.json, fills.csv, trades.csv, trades_fifo.csv and equity.csv; returns the page's path.

    The page comes last: where it is, the rest is. Raises `ConfigurationError` when the folder can't be written.
    """
    files = {
        "fills.csv": to_csv(fill_columns(result.fills, result.arrivals)),
        "trades.csv": to_csv(trade_columns(result.trades)),
        "trades_fifo.csv": to_csv(trade_columns(result.fifo_trades)),
        "equity.csv": to_csv(equity_columns(result.equity)),
        "report.json": report_json(result),
        "report.html": report_page(result).encode(),
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            write_atomically(folder / name, content, mode=READABLE)
    except OSError as error:
        raise ConfigurationError(
            f"the report can't be written: {error.strerror}",
            field="report folder",
            value=str(folder),
            remedy="name a folder that can be written to",
        ) from error
    return folder / "report.html"
