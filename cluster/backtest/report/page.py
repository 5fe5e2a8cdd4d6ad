"""report.html: one file that carries its style and drawings, loads nothing and runs nothing."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from cluster.backtest.report import details, overview
from cluster.backtest.report.style import STYLE

if TYPE_CHECKING:
    from cluster.backtest.result import BacktestResult

POLICY = "default-src 'none'; style-src 'unsafe-inline'"
"""What a browser may load for the page: nothing but the style inside it."""

SECTIONS = (
    overview.header,
    overview.account,
    overview.figures,
    overview.months,
    overview.days,
    details.prices,
    details.costs,
    details.attribution,
    details.orders,
    details.trades,
)
"""The parts of the page from top to bottom."""


def report_page(result: BacktestResult) -> str:
    """The page as HTML."""
    title = escape(f"{result.record.name} - backtest")
    head = (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{title}</title><style>{STYLE}</style></head><body>"
    )
    return head + "\n".join(section(result) for section in SECTIONS) + "</body></html>\n"
