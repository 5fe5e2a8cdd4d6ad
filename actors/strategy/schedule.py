"""When a strategy decides and when it may enter: in step with the UTC day, and within windows of the week.

Pure functions of desk time (ns UTC).
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

MINUTE = 60_000_000_000
DAY = 24 * 60 * MINUTE
WEEK = 7 * DAY
_FIRST_MONDAY = 4 * DAY
"""The epoch was a Thursday; the first Monday came four days later."""


class DecideOn(StrEnum):
    """What makes a decision due: the strategy's own word, the close of a bar it subscribed to, or the clock."""

    SIGNAL = "signal"
    BAR_CLOSE = "bar_close"
    INTERVAL = "interval"


class SessionWindow(msgspec.Struct, frozen=True, gc=False):
    """A span of the week: the days it begins on (0 is Monday), begin and end in ns of the UTC day.

    One whose end is at or before its begin runs into the next day.
    """

    days: tuple[int, ...]
    begin: int
    end: int

    @property
    def length(self) -> int:
        """How long it is open, in ns."""
        return self.end - self.begin if self.end > self.begin else self.end - self.begin + DAY


class ScheduleSettings(msgspec.Struct, frozen=True):
    """When a strategy decides; `interval` (ns) is set with `INTERVAL`. Without windows it may always enter."""

    decide_on: DecideOn = DecideOn.SIGNAL
    interval: int | None = None
    windows: tuple[SessionWindow, ...] = ()


ALWAYS = ScheduleSettings()


def closes_at(windows: tuple[SessionWindow, ...], now: int) -> int | None:
    """When the window closes that is open at `now`, the latest of several; None when none is open."""
    latest = None
    for window in windows:
        for back in (0, 1):
            day = now // DAY - back
            begin = day * DAY + window.begin
            if (day - _FIRST_MONDAY // DAY) % 7 in window.days and begin <= now < begin + window.length:
                latest = max(latest or 0, begin + window.length)
    return latest


def next_multiple(interval: int, now: int) -> int:
    """The first multiple of `interval` since the epoch that is later than `now`."""
    return now - now % interval + interval
