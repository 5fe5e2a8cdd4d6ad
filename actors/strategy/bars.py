"""Bars built from quotes or trades: aligned to UTC, one per interval that had data, never invented.

Apart from the view because building them is optional and stateful, and has rules of its own.
"""

from __future__ import annotations

from enum import StrEnum
from math import gcd

import msgspec

from messages.errors import ConfigurationError


class BarSource(StrEnum):
    """What a bar is made of: the middle of the quotes, the trades, or rows of the feed that are bars already."""

    QUOTES = "quotes"
    TRADES = "trades"
    FEED = "feed"


class Bar(msgspec.Struct, frozen=True, gc=False):
    """Open, high, low, close of one interval; `start` in ns UTC, `interval` in ns (None when the feed made it).

    How long a bar of the feed is nobody tells: its `start` is the time it was closed, unless it was put together of
    such bars. `volume` is in base units (None for bars of quotes), `count` the rows in it (None for bars as the feed
    brings them), `gap` how many intervals before it had no data.
    """

    source: BarSource
    interval: int | None
    start: int
    open: float
    high: float
    low: float
    close: float
    volume: float | None
    count: int | None
    gap: int = 0

    @property
    def end(self) -> int:
        """When it was closed, ns UTC."""
        return self.start if self.interval is None else self.start + self.interval


class BarBuilder:
    """Builds the bars of one interval from rows in time order.

    The time is desk time, because it never decreases and every row has one. A bar is known to be closed when a
    row of its end or later is seen. Intervals without data give no bar; the next one tells how many there were.
    The first bar is left out when its interval had begun before the first row: half a bar is not a bar.
    """

    __slots__ = (
        "_close",
        "_count",
        "_gap",
        "_high",
        "_low",
        "_open",
        "_partial",
        "_previous_end",
        "_start",
        "_volume",
        "end",
        "interval",
        "source",
    )

    def __init__(self, interval: int, source: BarSource) -> None:
        if interval <= 0:
            raise ConfigurationError(
                "a bar's interval must be above zero",
                field="interval",
                value=interval,
                remedy="give it in ns",
            )
        self.interval = interval
        self.source = source
        self.end = 0
        """Desk time at which the bar in the making ends; 0 when none is."""
        self._previous_end: int | None = None
        self._partial = True
        self._start = self._count = self._gap = 0
        self._open = self._high = self._low = self._close = self._volume = 0.0

    def close_before(self, time: int) -> Bar | None:
        """The bar that has ended by `time`, once."""
        if not self.end or time < self.end:
            return None
        bar = None
        if not self._partial:
            quotes = self.source is BarSource.QUOTES
            bar = Bar(
                self.source,
                self.interval,
                self._start,
                self._open,
                self._high,
                self._low,
                self._close,
                None if quotes else self._volume,
                self._count,
                self._gap,
            )
        self._previous_end = self.end
        self.end = 0
        return bar

    def add(self, time: int, price: float, size: float) -> None:
        """Fold one row. What ended before `time` must have been taken by `close_before`."""
        if not self.end:
            self._begin(time, price)
        if price > self._high:
            self._high = price
        elif price < self._low:
            self._low = price
        self._close = price
        self._volume += size
        self._count += 1

    def _begin(self, time: int, price: float) -> None:
        start = time - time % self.interval
        previous = self._previous_end
        self._partial = previous is None and time != start
        self._gap = 0 if previous is None else (start - previous) // self.interval
        self._start = start
        self.end = start + self.interval
        self._open = self._high = self._low = price
        self._volume = 0.0
        self._count = 0


class BarAggregator:
    """Puts bars of a feed together to those of one longer interval, or of the same.

    A bar belongs to the interval that it was closed in, the end included. One that is closed with its interval closes
    it; where the last one is missing, the next bar does. Intervals without data give no bar; the next one tells how
    many there were. How long the feed's bars are shows between the first two; until then, and while they do not fit
    into the interval, nothing is told. The first interval is left out when the feed began within it.
    """

    __slots__ = ("_count", "_end", "_first", "_last", "_previous_end", "_step", "_values", "interval")

    def __init__(self, interval: int) -> None:
        if interval <= 0:
            raise ConfigurationError(
                "a bar's interval must be above zero",
                field="interval",
                value=interval,
                remedy="give it in ns",
            )
        self.interval = interval
        self._end = self._first = self._last = self._step = self._count = 0
        self._previous_end: int | None = None
        self._values = (0.0, 0.0, 0.0, 0.0, 0.0)

    def add(self, bar: Bar) -> list[Bar]:
        """Fold the feed's next bar; the bars that are closed by now: nearly always none or one, in their order."""
        time = bar.end
        if time <= self._last:
            return []
        if self._last:
            self._step = gcd(self._step, time - self._last)
        end = time + -time % self.interval
        closed = self._close() if self._end and end != self._end else []
        self._fold(bar, end)
        self._last = time
        if time == end and self._step:
            closed += self._close()
        return closed

    def _fold(self, bar: Bar, end: int) -> None:
        volume = 0.0 if bar.volume is None else bar.volume
        if not self._end:
            self._end, self._first, self._count = end, bar.end, 0
            self._values = (bar.open, bar.high, bar.low, bar.close, volume)
        else:
            opened, high, low, _, before = self._values
            self._values = (opened, max(high, bar.high), min(low, bar.low), bar.close, before + volume)
        self._count += 1

    def _close(self) -> list[Bar]:
        """The bar in the making, unless a part of it is missing because the feed began, or its parts do not fit."""
        start, end, previous = self._end - self.interval, self._end, self._previous_end
        self._end = 0
        if self.interval % self._step or (previous is None and self._first - self._step > start):
            self._previous_end = end
            return []
        self._previous_end = end
        gap = 0 if previous is None else (start - previous) // self.interval
        return [Bar(BarSource.FEED, self.interval, start, *self._values, self._count, gap)]
