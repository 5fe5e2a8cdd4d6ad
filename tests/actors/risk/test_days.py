"""Days begin at local midnight, also when the clocks change; their anchor is NAV as last known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from actors.risk.days import day_of
from messages.control import Mode
from messages.portfolio import DayStarted
from tests.actors.risk import desk as bench
from tests.actors.risk.desk import BUY, D, Desk, limits

pytestmark = pytest.mark.unit

HOUR = 3_600_000_000_000


def ns(text: str) -> int:
    moment = datetime.fromisoformat(text).replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return moment // timedelta(microseconds=1) * 1000


@pytest.mark.parametrize(
    ("moment", "zone", "day", "ends_at"),
    [
        ("2024-08-08T00:00:00", "UTC", "2024-08-08", "2024-08-09T00:00:00"),
        ("2024-08-08T23:59:59.999999", "UTC", "2024-08-08", "2024-08-09T00:00:00"),
        ("2024-08-08T03:59:59", "America/New_York", "2024-08-07", "2024-08-08T04:00:00"),
        ("2024-08-08T04:00:00", "America/New_York", "2024-08-08", "2024-08-09T04:00:00"),
        # 23 and 25 hours
        ("2024-03-31T12:00:00", "Europe/Berlin", "2024-03-31", "2024-03-31T22:00:00"),
        ("2024-10-27T12:00:00", "Europe/Berlin", "2024-10-27", "2024-10-27T23:00:00"),
        ("2024-12-31T20:00:00", "Asia/Tokyo", "2025-01-01", "2025-01-01T15:00:00"),
    ],
)
def test_a_day_ends_at_the_next_local_midnight(moment: str, zone: str, day: str, ends_at: str) -> None:
    assert day_of(ns(moment), ZoneInfo(zone)) == (day, ns(ends_at))


def test_the_first_anchor_is_the_first_nav_known() -> None:
    desk = Desk().mark()
    assert desk.risk.state.day_anchor is None
    desk.seed(1000)
    assert desk.risk.state.day_anchor == D(1000)
    assert desk.risk.state.day == "2024-08-08"


def test_a_new_day_is_anchored_at_nav_as_it_was_at_the_boundary() -> None:
    desk = Desk(bench.settings(limits(daily_loss_limit=D("0.01")))).seed(1000).mark()
    desk.trade(BUY, 5)
    desk.mark(bid=98)
    assert desk.mode is Mode.REDUCE
    desk.wait(24 * HOUR).mark(bid=97)
    (started,) = desk.events(DayStarted)
    assert (started.day, started.nav) == ("2024-08-09", D(990))
    assert desk.mode is Mode.NORMAL
    desk.mark(bid=96)
    assert desk.mode is Mode.REDUCE


def test_a_day_begins_with_whatever_comes_first() -> None:
    desk = Desk().seed(1000).mark()
    desk.wait(24 * HOUR)
    desk.intend(BUY, 1)
    assert desk.events(DayStarted)[0].day == "2024-08-09"
    assert desk.decision.time == desk.ctx.now
