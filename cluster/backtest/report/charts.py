"""The charts of the report: the account over time, the distribution of daily returns, and trades on prices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from cluster.backtest.equity import EquityCurve
from cluster.backtest.performance import PeriodReturn
from cluster.backtest.record import PriceSeries, Values
from cluster.backtest.report import svg, wording
from cluster.backtest.report.axes import Scale, number_ticks, padded, tick_decimals, time_ticks
from cluster.backtest.report.thinning import Columns, merged_marks, thinned
from cluster.backtest.statistics import Drawdown, drawdowns
from cluster.backtest.trades import Trade
from messages.intents import Side
from messages.orders import Fill

WIDTH = 960
LEFT, RIGHT = 76, 12
PRICE_COLUMNS = 600
MARK_COLUMNS = 160
MOST_TRADE_LINES = 150
"""Trades of a symbol up to which entry and exit are joined by a line."""

Label = Callable[[float], str]


@dataclass(frozen=True, slots=True)
class Panel:
    """One plot: where it stands in the drawing, and its scales."""

    top: float
    bottom: float
    x: Scale
    y: Scale

    def frame(self, title: str, name: Label, *, most: int = 4) -> list[str]:
        """Grid lines with their numbers, and the title above."""
        parts = [svg.label(LEFT, self.top - 7, title, "caption")]
        for tick in number_ticks(self.y.low, self.y.high, most):
            height = self.y(tick)
            parts.append(svg.line(LEFT, height, WIDTH - RIGHT, height, "grid"))
            parts.append(svg.label(LEFT - 7, height + 4, name(tick), anchor="end"))
        return parts


def account_chart(curve: EquityCurve, drawdown: Drawdown | None) -> str:
    """NAV, drawdown and exposure over time, one above the other."""
    x = _time_scale(int(curve.times[0]), int(curve.times[-1]))
    places = x(curve.times)
    parts = _time_axis(x, 24, 508)
    parts += _nav_panel(curve, drawdown, x, places)
    parts += _drawdown_panel(curve, x, places)
    parts += _exposure_panel(curve, x, places)
    return svg.drawing(WIDTH, 530, "NAV, drawdown and exposure over time", parts)


def returns_chart(daily: Sequence[PeriodReturn]) -> str:
    """How often daily returns were how large."""
    values = np.array([day.value for day in daily])
    bins = int(np.clip(np.sqrt(len(values)) * 2, 5, 41))
    edges = _round_edges(*padded(float(values.min()), float(values.max()), 0.0), bins)
    counts, _ = np.histogram(values, bins=edges)
    x = Scale(float(edges[0]), float(edges[-1]), LEFT, WIDTH - RIGHT)
    panel = Panel(24, 190, x, Scale(0, float(counts.max()) * 1.05, 190, 24))
    parts = panel.frame("Days", lambda tick: f"{tick:.0f}" if tick == int(tick) else "", most=4)
    for number, left, right in zip(counts.tolist(), edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        style = "loss-bar" if (left + right) / 2 < 0 else "gain-bar"
        hint = f"{wording.percent(left)} to {wording.percent(right)}: {number} days"
        height = panel.y(number)
        parts.append(svg.box(x(left) + 0.5, height, x(right) - x(left) - 1, 190 - height, style, hint))
    ticks = number_ticks(x.low, x.high, 8)
    decimals = tick_decimals([tick * 100 for tick in ticks])
    for tick in ticks:
        parts.append(svg.label(x(tick), 208, wording.percent(tick, decimals=decimals), anchor="middle"))
    if x.low < 0 < x.high:
        parts.append(svg.line(x(0), 24, x(0), 190, "zero"))
    return svg.drawing(WIDTH, 216, "Distribution of daily returns", parts)


def price_chart(
    symbol: str, series: PriceSeries, fills: Sequence[Fill], trades: Sequence[Trade], start: int, end: int
) -> str:
    """The price of a symbol with its fills: buys below, sells above, trades joined when they are few."""
    x = _time_scale(start, end)
    columns = thinned(series, start, end, PRICE_COLUMNS)
    prices = np.array([float(fill.price) for fill in fills])
    lowest = min(float(columns.lowest.min(initial=np.inf)), float(prices.min(initial=np.inf)))
    highest = max(float(columns.highest.max(initial=-np.inf)), float(prices.max(initial=-np.inf)))
    panel = Panel(24, 250, x, Scale(*padded(lowest, highest), 250, 24))
    parts = panel.frame(f"{symbol}, mid price", wording.price, most=5)
    parts += _time_axis(x, 24, 250)
    parts.append(svg.shape(_candle_path(columns, panel), "price"))
    if len(trades) <= MOST_TRADE_LINES:
        for trade in trades:
            ends = x(trade.entry_time), panel.y(float(trade.entry_price))
            style = "win-line" if trade.net > 0 else "loss-line"
            parts.append(svg.line(*ends, x(trade.exit_time), panel.y(float(trade.exit_price)), style))
    for side, style in ((Side.BUY, "buy"), (Side.SELL, "sell")):
        parts.append(svg.shape(_marks(fills, prices, side, panel, start, end), style))
    return svg.drawing(WIDTH, 272, f"Price of {symbol} with fills", parts)


def _nav_panel(curve: EquityCurve, drawdown: Drawdown | None, x: Scale, places: Values) -> list[str]:
    nav = curve.nav
    panel = Panel(24, 230, x, Scale(*padded(float(nav.min()), float(nav.max())), 230, 24))
    parts = panel.frame("NAV", _round_money(panel))
    if drawdown is not None and drawdown.depth > 0:
        end = drawdown.end if drawdown.end is not None else int(curve.times[-1])
        parts.append(svg.box(x(drawdown.start), 24, x(end) - x(drawdown.start), 206, "band"))
    start = panel.y(float(nav[0]))
    parts.append(svg.line(LEFT, start, WIDTH - RIGHT, start, "zero"))
    parts.append(svg.path(places, panel.y(nav), "nav"))
    return parts


def _drawdown_panel(curve: EquityCurve, x: Scale, places: Values) -> list[str]:
    falls = drawdowns(curve.nav)
    deepest = float(np.nanmax(falls, initial=0.0))
    panel = Panel(264, 364, x, Scale(0.0, deepest * 1.05 or 0.01, 264, 364))
    decimals = tick_decimals([tick * 100 for tick in number_ticks(panel.y.low, panel.y.high, 3)])
    parts = panel.frame("Drawdown", lambda tick: wording.percent(-tick, decimals=decimals), most=3)
    parts.append(svg.area(places, panel.y(falls), panel.y(0.0), "fall"))
    return parts


def _exposure_panel(curve: EquityCurve, x: Scale, places: Values) -> list[str]:
    # as parts of NAV; where there is no NAV there is no such part
    nav = np.where(curve.nav > 0, curve.nav, np.nan)
    gross, net = curve.gross_exposure / nav, curve.net_exposure / nav
    low = min(0.0, float(np.nanmin(net, initial=0.0)))
    high = max(0.01, float(np.nanmax(gross, initial=0.0)))
    panel = Panel(398, 508, x, Scale(low * 1.05, high * 1.05, 508, 398))
    decimals = tick_decimals([tick * 100 for tick in number_ticks(panel.y.low, panel.y.high, 3)])
    parts = panel.frame(
        "Exposure, part of NAV", lambda tick: wording.percent(tick, decimals=decimals), most=3
    )
    parts.append(svg.label(WIDTH - RIGHT - 62, 391, "gross", "gross-name", "end"))
    parts.append(svg.label(WIDTH - RIGHT, 391, "net", "net-name", "end"))
    parts.append(svg.area(places, panel.y(gross), panel.y(0.0), "gross"))
    parts.append(svg.path(places, panel.y(net), "net"))
    return parts


def _round_edges(low: float, high: float, bins: int) -> Values:
    """Edges of bins at round numbers, zero among them, so that no bin holds both gains and losses."""
    ticks = number_ticks(low, high, bins)
    width = ticks[1] - ticks[0] if len(ticks) > 1 else high - low
    return np.arange(np.floor(low / width), np.ceil(high / width) + 1) * width


def _time_scale(start: int, end: int) -> Scale:
    return Scale(start, end, LEFT, WIDTH - RIGHT)


def _time_axis(x: Scale, top: float, bottom: float) -> list[str]:
    parts = []
    for time, name in time_ticks(int(x.low), int(x.high)):
        place = x(time)
        parts.append(svg.line(place, top, place, bottom, "grid"))
        # labels at the very ends would be cut off
        if LEFT + 12 <= place <= WIDTH - RIGHT - 24:
            parts.append(svg.label(place, bottom + 17, name, anchor="middle"))
    return parts


def _round_money(panel: Panel) -> Label:
    decimals = tick_decimals(number_ticks(panel.y.low, panel.y.high, 4))
    return lambda tick: f"{tick:,.{decimals}f}".replace("-", "−")


def _candle_path(columns: Columns, panel: Panel) -> str:
    """One stroke through each column: in at its first price, over its lowest and highest, out at its last."""
    rows = zip(
        *(
            np.round(each, 1).tolist()
            for each in (
                panel.x(columns.times),
                panel.y(columns.first),
                panel.y(columns.lowest),
                panel.y(columns.highest),
                panel.y(columns.last),
            )
        ),
        strict=True,
    )
    commands: list[str] = []
    for place, first, lowest, highest, last in rows:
        stroke = "".join(f"V{height:g}" for height in (lowest, highest, last)) if lowest != highest else ""
        commands.append(f"{'L' if commands else 'M'}{place:g} {first:g}{stroke}")
    return "".join(commands)


def _marks(fills: Sequence[Fill], prices: Values, side: Side, panel: Panel, start: int, end: int) -> str:
    chosen = np.array([fill.side is side for fill in fills], bool)
    times = np.array([fill.event_time for fill in fills], np.int64)[chosen]
    sizes = np.array([float(fill.quantity) for fill in fills])[chosen]
    when, where = merged_marks(times, prices[chosen], sizes, start, end, MARK_COLUMNS)
    # a triangle whose tip is at the price: from below for a buy, from above for a sell
    wings = "l4 8h-8z" if side is Side.BUY else "l4 -8h-8z"
    return "".join(
        f"M{svg.number(panel.x(time))} {svg.number(panel.y(price))}{wings}"
        for time, price in zip(when.tolist(), where.tolist(), strict=True)
    )
