"""The venue's history as rows that a view can be folded from before the first live row. Pure.

A bar becomes four quotes and trades on its way (open, the nearer extreme, the farther one, close), so that bars built
from them, of its length or a multiple of it, are exact in price and volume. None of these rows carries a venue time:
they say nothing of clocks, and no quote of them is fresh.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from math import gcd, nan

import msgspec

from actors.venues.market_port import Bar
from cluster.feeds.live.cursor import Row
from cluster.feeds.live.settings import LiveFeedSettings
from config.duration import MINUTE
from messages.market import TickKind

_POINTS = 4

_LENGTHS = tuple(minutes * MINUTE for minutes in (1440, 60, 15, 5, 1))
"""Bars that venues have, longest first."""

_CUT = 2
"""Bars that are asked for besides: the first is cut off where the history begins, the last is in the making."""


def reaching(settings: LiveFeedSettings, histories: Sequence[tuple[int, int]]) -> LiveFeedSettings:
    """Settings by which strategies have seen these histories at the start: each so many bars of a length in ns.

    What is older than `warm_up` is read as the longest bars of which all these lengths are multiples. Where `warm_up`
    is 0 no history is read at all.
    """
    span = max(((bars + _CUT) * interval for bars, interval in histories), default=0)
    if not settings.warm_up or span <= settings.warm_up:
        return settings
    step = gcd(*(interval for _, interval in histories))
    bar = next((length for length in _LENGTHS if step % length == 0), settings.warm_up_bar)
    return msgspec.structs.replace(settings, history=span, history_bar=bar)


def warm_up_rows(bars: Iterable[Bar]) -> Iterator[Row]:
    """The quotes and trades of `bars`, oldest first."""
    for bar in bars:
        extremes = (bar.low, bar.high) if bar.close >= bar.open else (bar.high, bar.low)
        end = bar.time + bar.length
        for point, price in enumerate((bar.open, *extremes, bar.close)):
            time = end - 1 if point == _POINTS - 1 else bar.time + point * bar.length // _POINTS
            yield (time, TickKind.QUOTE, 0, price, nan, price, nan, nan)
            yield (time, TickKind.TRADE, 0, price, bar.volume / _POINTS, nan, nan, nan)


def bar_row(bar: Bar) -> Row:
    """The row that tells the bar as one, when it closes."""
    end = bar.time + bar.length
    return (end, TickKind.BAR, end, bar.open, bar.high, bar.low, bar.close, bar.volume)
