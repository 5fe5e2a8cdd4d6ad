"""The last bars of each symbol as one array, which features and sequence models read without a copy.

A window declares its length twice: in bars, and in time. What is older than its span is no longer part of it, so
that an outage is not bridged unseen.
"""

from __future__ import annotations

import msgspec
import numpy as np

from actors.strategy.bars import Bar
from actors.strategy.pipeline.arrays import Bools, Floats, Ints
from messages.errors import ConfigurationError, DataProviderError

OPEN, HIGH, LOW, CLOSE, VOLUME = range(5)
CHANNELS = ("open", "high", "low", "close", "volume")
"""The last axis of bars: four prices and the volume in base units."""


class WindowSettings(msgspec.Struct, frozen=True, gc=False):
    """`items` bars of `interval` ns, all of which began within `span` ns (None: within items x interval).

    Up to `fill` intervals in a row without a trade become bars without volume at the price before them, as venues
    write them. A wider gap is left out: the bars beside it follow each other where `span` reaches across it (nights
    of a stock market), and the window has to fill again where it does not.
    """

    items: int
    interval: int
    fill: int = 5
    span: int | None = None

    def __post_init__(self) -> None:
        for name, least in (("items", 1), ("interval", 1), ("fill", 0)):
            value = getattr(self, name)
            if value < least:
                raise ConfigurationError(
                    f"must be at least {least}",
                    field=f"window.{name}",
                    value=value,
                    remedy="give a larger number",
                )
        if self.span is not None and self.span < self.items * self.interval:
            raise ConfigurationError(
                "is shorter than its bars",
                field="window.span",
                value=self.span,
                remedy=f"{self.items} bars need at least {self.items * self.interval} ns",
            )

    @property
    def span_ns(self) -> int:
        """How far back the first bar may have begun, in ns before the end of the last."""
        return self.items * self.interval if self.span is None else self.span


class BarWindow:
    """The last bars of S symbols, each folded by itself; fixed memory of S x items x 6 numbers."""

    __slots__ = ("_counts", "_starts", "_values", "settings")

    def __init__(self, symbols: int, settings: WindowSettings) -> None:
        self.settings = settings
        # channels first, so that what a feature reads of a symbol lies in one piece
        self._values: Floats = np.full((5, symbols, settings.items), np.nan)
        self._starts: Ints = np.zeros((symbols, settings.items), dtype=np.int64)
        self._counts = [0] * symbols

    def push(self, symbol: int, bar: Bar) -> bool:
        """Fold the next bar of the symbol with this index; False when it is not later than the last, and left out.

        Raises `DataProviderError` when it does not lie on the grid of the window's interval.
        """
        return self.push_row(
            symbol,
            bar.start,
            (bar.open, bar.high, bar.low, bar.close, np.nan if bar.volume is None else bar.volume),
        )

    def push_row(self, symbol: int, start: int, row: tuple[float, float, float, float, float]) -> bool:
        """As `push`, of a bar's start (ns UTC) and its five channels."""
        interval = self.settings.interval
        if self._counts[symbol]:
            last = int(self._starts[symbol, -1])
            if start <= last:
                return False
            steps, rest = divmod(start - last, interval)
            if rest:
                raise DataProviderError(
                    "the bar does not begin a whole number of intervals after the one before it",
                    field="bar.start",
                    value=start,
                    remedy=f"give bars of {interval} ns",
                )
            if 1 < steps <= self.settings.fill + 1:
                self._fill(symbol, last, steps - 1)
        self._append(symbol, start, row)
        return True

    def _fill(self, symbol: int, last: int, missing: int) -> None:
        close = float(self._values[CLOSE, symbol, -1])
        # bars that never had a volume (of quotes) have none here either
        volume = np.nan if np.isnan(self._values[VOLUME, symbol, -1]) else 0.0
        for step in range(1, missing + 1):
            self._append(symbol, last + step * self.settings.interval, (close, close, close, close, volume))

    def _append(self, symbol: int, start: int, row: tuple[float, float, float, float, float]) -> None:
        values, starts = self._values[:, symbol], self._starts[symbol]
        values[:, :-1] = values[:, 1:]
        values[:, -1] = row
        starts[:-1] = starts[1:]
        starts[-1] = start
        self._counts[symbol] = min(self._counts[symbol] + 1, self.settings.items)
        self._expire(symbol, start)

    def _expire(self, symbol: int, start: int) -> None:
        """Blank what began more than a span before the end of the last bar."""
        count, since = self._counts[symbol], start + self.settings.interval - self.settings.span_ns
        first = self.settings.items - count
        while self._starts[symbol, first] < since:
            self._values[:, symbol, first] = np.nan
            first += 1
        self._counts[symbol] = self.settings.items - first

    def bars(self) -> Floats:
        """float64[S,L,5], oldest first, NaN before the first bar; a view that the next push changes."""
        return self._values.transpose(1, 2, 0)

    def starts(self) -> Ints:
        """int64[S,L]: when the bars began, in ns UTC; meaningless where they are NaN. A view."""
        return self._starts

    def counts(self) -> Ints:
        """int64[S]: how many bars each symbol has."""
        return np.array(self._counts, dtype=np.int64)

    def ready(self) -> Bools:
        """bool[S]: whether the window is full."""
        return np.asarray(self.counts() == self.settings.items)

    def is_full(self, symbol: int) -> bool:
        """Whether the symbol with this index has all of its bars."""
        return self._counts[symbol] == self.settings.items

    def last_close(self, symbol: int) -> float:
        """The close of the symbol's last bar; NaN without one."""
        return float(self._values[CLOSE, symbol, -1])
