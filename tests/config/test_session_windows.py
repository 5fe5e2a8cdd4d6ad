"""Windows of the week as people write them."""

from __future__ import annotations

import pytest

from config.session_windows import Window, parse_window
from tests.config.conftest import SMALLEST, Load, Refuse

pytestmark = pytest.mark.unit

EVERY_DAY = tuple(range(7))


@pytest.mark.parametrize(
    ("text", "window"),
    [
        ("08:00-16:00", Window(EVERY_DAY, 480, 960)),
        ("mon-fri 13:30-20:00", Window((0, 1, 2, 3, 4), 810, 1200)),
        ("Sat,Sun 22:00 - 02:00", Window((5, 6), 1320, 120)),
        ("fri-mon 00:00-24:00", Window((0, 4, 5, 6), 0, 1440)),
        ("wed 00:00-00:00", Window((2,), 0, 0)),
    ],
)
def test_a_window_is_read(text: str, window: Window) -> None:
    assert parse_window(text) == window


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("8-16", "must be a window"),
        ("08:00-16:00 UTC", "must be a window"),
        ("08:60-16:00", "no time of day"),
        ("25:00-26:00", "no time of day"),
        ("24:00-01:00", "write 00:00"),
        ("foo 08:00-16:00", "no day of the week"),
        ("mon-foo 08:00-16:00", "no day of the week"),
    ],
)
def test_what_is_no_window_says_why(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse_window(text)


def test_a_schedule_is_part_of_a_strategy(load: Load) -> None:
    start = SMALLEST.replace(
        "order:", 'schedule: {on: interval, interval: 5m, windows: ["mon-fri 08:00-16:00"]}, order:'
    )
    schedule = load(start=start).config.strategies["ema"].schedule
    assert (schedule.on, schedule.interval, schedule.windows) == (
        "interval",
        300_000_000_000,
        ("mon-fri 08:00-16:00",),
    )


@pytest.mark.parametrize(
    ("schedule", "field", "said"),
    [
        ("{on: interval}", "schedule.interval", "on: interval needs it"),
        ("{interval: 5m}", "schedule.interval", "on: interval needs it"),
        ('{windows: ["8-9"]}', "schedule.windows.0", "must be a window"),
    ],
)
def test_a_schedule_that_means_nothing_is_refused(
    refuse: Refuse, schedule: str, field: str, said: str
) -> None:
    error = refuse(start=SMALLEST.replace("order:", f"schedule: {schedule}, order:"))
    assert error.field == f"strategies.ema.{field}"
    assert said in str(error)
