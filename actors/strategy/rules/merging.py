"""Bars of a longer interval from those of a shorter one, so that both are made of the same rows."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from actors.strategy.bars import Bar
from messages.errors import ConfigurationError


class BarMerger:
    """Merges bars of `interval` ns into bars of `into` ns, aligned to UTC; one is done when its last part is seen.

    The first is left out when it had begun before the first bar: half a bar is not a bar.
    Raises `ConfigurationError` unless `into` is a whole number of intervals.
    """

    def __init__(self, interval: int, into: int) -> None:
        if interval <= 0 or into < interval or into % interval:
            raise ConfigurationError(
                "the longer interval must be a whole number of the shorter one",
                field="interval",
                value=f"{into} ns of {interval} ns",
                remedy="choose such as 1h of 5m",
            )
        self.interval = interval
        self.into = into
        self._bar: Bar | None = None
        self._partial = True

    def push(self, bar: Bar, done: Callable[[Bar], None]) -> None:
        """Fold the next bar; `done` is given each longer bar that is complete by it, at most two."""
        start = bar.start - bar.start % self.into
        held = self._bar
        if held is not None and start > held.start:
            self._finish(done)
            held = None
        if held is None:
            self._partial = self._partial and bar.start != start
            self._bar = msgspec.structs.replace(bar, interval=self.into, start=start, gap=0)
        else:
            self._bar = _joined(held, bar)
        if bar.start + self.interval >= start + self.into:
            self._finish(done)

    def _finish(self, done: Callable[[Bar], None]) -> None:
        bar, self._bar = self._bar, None
        if bar is not None and not self._partial:
            done(bar)
        self._partial = False


def _joined(first: Bar, second: Bar) -> Bar:
    volume = None if first.volume is None or second.volume is None else first.volume + second.volume
    count = None if first.count is None or second.count is None else first.count + second.count
    return msgspec.structs.replace(
        first,
        high=max(first.high, second.high),
        low=min(first.low, second.low),
        close=second.close,
        volume=volume,
        count=count,
    )
