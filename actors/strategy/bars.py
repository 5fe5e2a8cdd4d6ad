"""Bars built from quotes or trades: aligned to UTC, one per interval that had data, never invented.

Apart from the view because building them is optional and stateful, and has rules of its own.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from messages.errors import ConfigurationError


class BarSource(StrEnum):
    """What a bar is made of: the middle of the quotes, the trades, or rows of the feed that are bars already."""

    QUOTES = "quotes"
    TRADES = "trades"
    FEED = "feed"


class Bar(msgspec.Struct, frozen=True, gc=False):
    """Open, high, low, close of one interval; `start` in ns UTC, `interval` in ns (None when the feed made it).

    How long a bar of the feed is nobody tells: its `start` is the time it was closed. `volume` is in base units (None
    for bars of quotes), `count` the rows in it (None for bars of the feed), `gap` how many intervals before it had no
    data.
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
