"""The venue's history as rows that a view can be folded from before the first live row. Pure.

A bar becomes four quotes and trades on its way (open, the nearer extreme, the farther one, close), so that bars built
from them, of its length or a multiple of it, are exact in price and volume. None of these rows carries a venue time:
they say nothing of clocks, and no quote of them is fresh.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import nan

from actors.venues.market_port import Bar
from cluster.feeds.live.cursor import Row
from messages.market import TickKind

_POINTS = 4


def warm_up_rows(bars: Iterable[Bar], *, as_bars: int | None = None) -> Iterator[Row]:
    """The rows of `bars`, oldest first; bars of `as_bars` ns are also told as bars, when they close."""
    for bar in bars:
        extremes = (bar.low, bar.high) if bar.close >= bar.open else (bar.high, bar.low)
        end = bar.time + bar.length
        for point, price in enumerate((bar.open, *extremes, bar.close)):
            time = end - 1 if point == _POINTS - 1 else bar.time + point * bar.length // _POINTS
            yield (time, TickKind.QUOTE, 0, price, nan, price, nan, nan)
            yield (time, TickKind.TRADE, 0, price, bar.volume / _POINTS, nan, nan, nan)
        if as_bars == bar.length:
            yield (end, TickKind.BAR, end, bar.open, bar.high, bar.low, bar.close, bar.volume)
