"""Times of a trading day as UTC: what an exchange's wall clock showed, where daylight saving may begin or end."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from cluster.feeds.columns import Times

DAY: Final = 86_400_000_000_000
_HOUR: Final = 3_600_000_000_000
_SECOND: Final = 1_000_000_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class WallClock:
    """One day of one zone. Offsets from UTC change on whole hours in all zones that exchanges are in.

    The hour that comes twice when daylight saving ends is taken for its first time: files do not tell which.
    """

    def __init__(self, day: date, zone: ZoneInfo) -> None:
        self._midnight = datetime.combine(day, time(0))
        self._zone = zone

    def utc(self, since_midnight: Times) -> tuple[Times, int | None]:
        """Wall times, ns since midnight, as ns UTC, and the ordinal of the first that no clock showed that day.

        Those are times outside of the day, and the hour left out when daylight saving begins.
        """
        hours = since_midnight // _HOUR
        times = np.empty_like(since_midnight)
        never = (since_midnight < 0) | (since_midnight >= DAY)
        for hour in np.unique(hours[~never]).tolist():
            at = hours == hour
            start = self._start_of_hour(hour)
            if start is None:
                never |= at
            else:
                times[at] = since_midnight[at] - hour * _HOUR + start
        return times, int(np.argmax(never)) if never.any() else None

    def _start_of_hour(self, hour: int) -> int | None:
        wall = self._midnight + timedelta(hours=hour)
        moment = wall.replace(tzinfo=self._zone).astimezone(UTC)
        if moment.astimezone(self._zone).replace(tzinfo=None) != wall:
            return None
        since = moment - _EPOCH
        return (since.days * 86_400 + since.seconds) * _SECOND
