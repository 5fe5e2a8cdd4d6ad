"""Wall times of an exchange as UTC, also on the days when its clock is put forward or back."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.feeds.readers.wall_clock import DAY, WallClock

pytestmark = pytest.mark.unit

NEW_YORK = ZoneInfo("America/New_York")
HOUR = 3_600_000_000_000
MS = 1_000_000


def utc(day: date, hours: float, zone: ZoneInfo = NEW_YORK) -> str | None:
    times, bad = WallClock(day, zone).utc(np.array([round(hours * HOUR)]))
    if bad is not None:
        return None
    return str(datetime.fromtimestamp(int(times[0]) // 10**9, UTC))[:16]


@pytest.mark.parametrize(
    ("day", "hours", "expected"),
    [
        (date(2013, 10, 7), 4, "2013-10-07 08:00"),  # summer: UTC-4
        (date(2013, 12, 9), 4, "2013-12-09 09:00"),  # winter: UTC-5
        (date(2013, 10, 7), 20.5, "2013-10-08 00:30"),
        (date(2014, 3, 9), 1.5, "2014-03-09 06:30"),  # the clock is put forward at 2:00
        (date(2014, 3, 9), 2.5, None),
        (date(2014, 3, 9), 3, "2014-03-09 07:00"),
        (date(2013, 11, 3), 1.5, "2013-11-03 05:30"),  # put back at 2:00: the first of the two
        (date(2013, 11, 3), 2, "2013-11-03 07:00"),
        (date(2013, 10, 7), 24, None),
        (date(2013, 10, 7), -1, None),
    ],
)
def test_wall_times_in_new_york(day: date, hours: float, expected: str | None) -> None:
    assert utc(day, hours) == expected


@given(
    st.dates(date(1990, 1, 1), date(2037, 1, 1)),
    st.lists(st.integers(0, DAY // MS - 1), min_size=1, max_size=20),
    st.sampled_from(["America/New_York", "Europe/London", "Asia/Kolkata", "UTC"]),
)
def test_every_time_agrees_with_the_standard_library(day: date, milliseconds: list[int], zone: str) -> None:
    times, bad = WallClock(day, ZoneInfo(zone)).utc(np.array(milliseconds) * MS)
    midnight = datetime(day.year, day.month, day.day)
    for row, count in enumerate(milliseconds):
        wall = midnight + timedelta(milliseconds=count)
        moment = wall.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
        if moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None) != wall:
            assert bad is not None
            assert bad <= row
            return
        assert (
            int(times[row]) == (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) * 1000
        )
    assert bad is None
