"""When a strategy decides, and when it may enter."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from actors.strategy.schedule import (
    DAY,
    MINUTE,
    DecideOn,
    ScheduleSettings,
    SessionWindow,
    closes_at,
    next_multiple,
)
from actors.strategy.settings import ExitSettings, OrderSettings, OrderStyle
from messages.decisions import DecisionDue, DecisionMade, DecisionScheduled, ValueRemembered
from messages.errors import ConfigurationError
from messages.reasons import Reason
from tests.actors.strategy.sample_strategies import LONG, SHORT
from tests.actors.strategy.stage import SAMPLES, SECOND, START, Stage, strategy

pytestmark = pytest.mark.unit

HOUR = 60 * MINUTE
FRIDAY = 19_944 * DAY
"""2024-08-09."""
WORKDAYS = (0, 1, 2, 3, 4)


@pytest.mark.parametrize(
    ("window", "now", "closing"),
    [
        (SessionWindow(WORKDAYS, 8 * HOUR, 16 * HOUR), FRIDAY + 8 * HOUR, FRIDAY + 16 * HOUR),
        (SessionWindow(WORKDAYS, 8 * HOUR, 16 * HOUR), FRIDAY + 16 * HOUR - 1, FRIDAY + 16 * HOUR),
        (SessionWindow(WORKDAYS, 8 * HOUR, 16 * HOUR), FRIDAY + 16 * HOUR, None),
        (SessionWindow(WORKDAYS, 8 * HOUR, 16 * HOUR), FRIDAY + DAY + 9 * HOUR, None),
        (SessionWindow((4,), 22 * HOUR, 2 * HOUR), FRIDAY + DAY + HOUR, FRIDAY + DAY + 2 * HOUR),
        (SessionWindow((5,), 22 * HOUR, 2 * HOUR), FRIDAY + DAY + HOUR, None),
        (SessionWindow((4,), 0, 0), FRIDAY + 5, FRIDAY + DAY),
        (SessionWindow((3,), 0, DAY), FRIDAY + 5, None),
    ],
)
def test_a_window_is_open_from_its_begin_to_before_its_end(
    window: SessionWindow, now: int, closing: int | None
) -> None:
    assert closes_at((window,), now) == closing


def test_of_several_open_windows_the_last_to_close_counts() -> None:
    windows = (SessionWindow(WORKDAYS, 0, 9 * HOUR), SessionWindow(WORKDAYS, 8 * HOUR, 10 * HOUR))
    assert closes_at(windows, FRIDAY + 8 * HOUR) == FRIDAY + 10 * HOUR
    assert closes_at((), FRIDAY) is None


def test_intervals_are_in_step_with_the_day() -> None:
    assert next_multiple(5 * MINUTE, FRIDAY) == FRIDAY + 5 * MINUTE
    assert next_multiple(5 * MINUTE, FRIDAY - 1) == FRIDAY


def windowed(length: int) -> ScheduleSettings:
    """Open from the stage's begin for `length` ns."""
    begin = START % DAY
    return ScheduleSettings(windows=(SessionWindow(tuple(range(7)), begin, begin + length),))


def test_outside_its_window_a_strategy_enters_nothing_and_its_exits_run() -> None:
    stage = Stage(strategy(schedule=windowed(HOUR), exits=ExitSettings(stop=Decimal("0.01"))))
    stage.quote(order=LONG)
    stage.fill_all()
    stage.now = START + 2 * HOUR
    stage.quote(order=LONG)
    stage.quote(980.0)
    assert stage.last.reason == "stop"
    stage.fill_all(price=980.0)
    stage.quote(order=SHORT)
    assert len(stage.intents) == 2
    assert stage.events(DecisionMade)[-1].reason is Reason.OUTSIDE_WINDOW


def test_a_turn_outside_the_window_closes_only() -> None:
    stage = Stage(strategy(schedule=windowed(HOUR)))
    stage.quote(order=LONG)
    stage.fill_all()
    stage.now = START + 2 * HOUR
    stage.quote(order=SHORT)
    assert stage.last.terms.reduce_only
    assert stage.last.terms.quantity == stage.held


def test_no_entry_leaves_or_works_after_the_window_has_closed() -> None:
    order = OrderSettings(notional=strategy().order.notional, style=OrderStyle.LIMIT, time_to_live=HOUR)
    stage = Stage(strategy(schedule=windowed(SECOND), order=order))
    stage.quote(order=LONG)
    terms = stage.last.terms
    assert terms.deadline == START + SECOND
    assert terms.time_to_live == START + SECOND - stage.now


def clocked(kind: str = "Obedient", **changes: object) -> Stage:
    schedule = ScheduleSettings(decide_on=DecideOn.INTERVAL, interval=MINUTE)
    return Stage(strategy(f"{SAMPLES}:{kind}", schedule=schedule, **changes))


def test_by_the_clock_a_strategy_decides_every_interval_and_not_when_it_says_so() -> None:
    stage = clocked()
    stage.quote(order=LONG)
    assert not stage.intents
    assert [each.due for each in stage.events(DecisionScheduled)] == [START + MINUTE]
    stage.wait(MINUTE - 10 * SECOND)
    stage.quote(order=LONG, after=9 * SECOND)
    stage.wait(SECOND)
    assert len(stage.intents) == 1
    assert stage.now // MINUTE * MINUTE in [each.due for each in stage.events(DecisionScheduled)]


def test_the_clock_goes_on_after_a_crash_and_decides_once() -> None:
    stage = clocked()
    stage.quote(order=LONG)
    stage.crash(fold=True)
    stage.wait(55 * SECOND)
    stage.quote(order=LONG)
    stage.wait(5 * SECOND)
    stage.quote(order=LONG)
    assert len(stage.intents) == 1


def test_a_decision_by_the_clock_that_is_not_awaited_any_more_is_void() -> None:
    stage = clocked()
    stage.quote(order=LONG)
    stage.take(DecisionDue("obey", "BTC-USDT", stage.now - 5), sender=stage.address)
    assert not stage.intents
    other = Stage()
    other.quote(order=0.0)
    other.take(DecisionDue("obey", "BTC-USDT", stage.now), sender=stage.address)
    assert not other.intents


def test_at_the_close_of_bars_only_bars_count() -> None:
    schedule = ScheduleSettings(decide_on=DecideOn.BAR_CLOSE)
    stage = Stage(strategy(schedule=schedule), strategy(f"{SAMPLES}:Watcher", "watch", schedule=schedule))
    stage.quote(order=LONG)
    assert not stage.intents
    for _ in range(3):
        stage.quote()
        stage.trade(1_000.0, after=SECOND)
    assert stage.events(ValueRemembered)


@pytest.mark.parametrize(
    "schedule",
    [ScheduleSettings(interval=MINUTE), ScheduleSettings(decide_on=DecideOn.INTERVAL)],
)
def test_an_interval_and_the_clock_belong_together(schedule: ScheduleSettings) -> None:
    with pytest.raises(ConfigurationError, match=r"schedule\.interval"):
        Stage(strategy(schedule=schedule))


def test_schedules_are_stored_as_they_are() -> None:
    settings = windowed(HOUR)
    assert msgspec.json.decode(msgspec.json.encode(settings), type=ScheduleSettings) == settings
