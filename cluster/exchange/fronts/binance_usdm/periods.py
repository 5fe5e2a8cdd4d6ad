"""The spans of time that lists are asked for, and which rows are given when there are more than wanted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import msgspec

from cluster.exchange.fronts.binance_usdm.errors import ApiError
from cluster.exchange.fronts.binance_usdm.parameters import Parameters

T = TypeVar("T")

LONGEST_MS = 7 * 86_400_000


class Period(msgspec.Struct, frozen=True):
    """From `start` to `end`, ms, both included; `from_start` = the earliest rows are given, else the latest."""

    start: int
    end: int
    from_start: bool

    def contains(self, time: int) -> bool:
        """Whether a time (ms) is within."""
        return self.start <= time <= self.end

    def cut(self, rows: Sequence[T], limit: int) -> Sequence[T]:
        """At most so many rows of those within, oldest first."""
        return rows[:limit] if self.from_start else rows[-limit:]


def period(given: Parameters, now: int, longest: int = LONGEST_MS) -> Period:
    """What `startTime` and `endTime` ask for; without them the latest. Raises `ApiError` -1023, -4165."""
    start, end = given.whole("startTime"), given.whole("endTime")
    if start is not None and end is not None:
        if start > end:
            raise ApiError(-1023, "Start time is greater than end time.")
        if end - start > longest:
            raise ApiError(
                -4165, f"Invalid time interval: Maximum time interval is {longest // 86_400_000} days"
            )
        return Period(start, end, True)
    if start is not None:
        return Period(start, start + longest, True)
    last = now if end is None else end
    return Period(last - longest, last, False)
