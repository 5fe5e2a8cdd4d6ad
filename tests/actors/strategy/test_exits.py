"""Exit levels: where they lie, when they are reached, and how retries back off."""

from __future__ import annotations

from decimal import Decimal

import pytest

from actors.strategy.exits import drawn_anew, levels_for, reached, retry_delay
from actors.strategy.position import Position
from actors.strategy.settings import ExitSettings
from messages.decisions import ExitLevels
from messages.reasons import Reason
from tests.actors.strategy.stage import MILLISECOND, SECOND, START

pytestmark = pytest.mark.unit

LONG = Position(Decimal(2), Decimal(1000), START)
SHORT = Position(Decimal(-2), Decimal(1000), START)
FIXED = ExitSettings(stop=Decimal("0.01"), target=Decimal("0.02"))
TRAILING = ExitSettings(trailing=Decimal("0.01"))


def test_stop_and_target_lie_on_their_sides_of_the_average_price() -> None:
    assert levels_for(LONG, FIXED, None) == ExitLevels(stop=990.0, target=1020.0)
    assert levels_for(SHORT, FIXED, None) == ExitLevels(stop=1010.0, target=980.0)


def test_without_exits_or_position_there_are_no_levels() -> None:
    assert levels_for(LONG, ExitSettings(), None) is None
    assert levels_for(Position(), FIXED, None) is None


@pytest.mark.parametrize(
    ("direction", "bid", "ask", "expected"),
    [
        (1, 990.0, 991.0, (Reason.STOP, 990.0)),
        (1, 990.1, 990.2, None),
        (1, 1019.9, 1020.1, None),  # a long is sold at the bid
        (1, 1020.0, 1020.1, (Reason.TARGET, 1020.0)),
        (-1, 1009.0, 1010.0, (Reason.STOP, 1010.0)),
        (-1, 1009.0, 1009.9, None),
        (-1, 979.9, 980.1, None),  # a short is bought back at the ask
        (-1, 979.9, 980.0, (Reason.TARGET, 980.0)),
    ],
)
def test_a_level_is_judged_by_the_price_the_position_could_be_closed_at(
    direction, bid, ask, expected
) -> None:
    levels = levels_for(LONG if direction > 0 else SHORT, FIXED, None)
    assert levels is not None
    assert reached(levels, direction, bid, ask, START) == expected


def test_the_stop_goes_before_the_target_and_both_before_the_time() -> None:
    both = ExitLevels(stop=1000.0, target=900.0, hold_until=START)
    assert reached(both, 1, 950.0, 951.0, START) == (Reason.STOP, 1000.0)
    assert reached(ExitLevels(target=900.0, hold_until=START), 1, 950.0, 951.0, START) == (
        Reason.TARGET,
        900.0,
    )
    assert reached(ExitLevels(hold_until=START), 1, 950.0, 951.0, START) == (Reason.TIME_EXIT, None)
    assert reached(ExitLevels(hold_until=START + 1), 1, 950.0, 951.0, START) is None


def test_the_holding_time_counts_from_the_opening() -> None:
    levels = levels_for(LONG, ExitSettings(max_holding=5 * SECOND), None)
    assert levels == ExitLevels(hold_until=START + 5 * SECOND)


def test_a_trailing_stop_follows_in_steps_and_never_back() -> None:
    levels = levels_for(LONG, TRAILING, None)
    assert levels is not None
    assert (levels.stop, levels.stop_reason, levels.anchor) == (990.0, Reason.TRAILING, 1000.0)
    assert levels.ratchet == pytest.approx(1001.0)
    assert drawn_anew(LONG, TRAILING, levels, 1000.9) is None
    higher = drawn_anew(LONG, TRAILING, levels, 1100.0)
    assert higher is not None
    assert (higher.stop, higher.anchor) == (1089.0, 1100.0)
    assert drawn_anew(LONG, TRAILING, higher, 1050.0) is None


def test_a_trailing_stop_of_a_short_follows_downwards() -> None:
    levels = levels_for(SHORT, TRAILING, None)
    assert levels is not None
    assert levels.stop == pytest.approx(1010.0)
    lower = drawn_anew(SHORT, TRAILING, levels, 900.0)
    assert lower is not None
    assert lower.stop == pytest.approx(909.0)
    assert drawn_anew(SHORT, TRAILING, lower, 950.0) is None


def test_of_a_fixed_and_a_trailing_stop_the_tighter_holds() -> None:
    settings = ExitSettings(stop=Decimal("0.005"), trailing=Decimal("0.01"))
    levels = levels_for(LONG, settings, None)
    assert levels is not None
    assert (levels.stop, levels.stop_reason) == (995.0, Reason.STOP)
    higher = drawn_anew(LONG, settings, levels, 1010.0)
    assert higher is not None
    assert (higher.stop, higher.stop_reason) == (pytest.approx(999.9), Reason.TRAILING)


def test_adding_to_a_position_keeps_the_anchor_of_its_trailing_stop() -> None:
    before = ExitLevels(stop=1089.0, stop_reason=Reason.TRAILING, anchor=1100.0, ratchet=1101.1)
    after = levels_for(Position(Decimal(3), Decimal(1030), START), TRAILING, before)
    assert after is not None
    assert (after.anchor, after.stop) == (1100.0, 1089.0)


def test_retries_double_up_to_their_bound_and_never_end() -> None:
    settings = ExitSettings(retry_min=250 * MILLISECOND, retry_max=2 * SECOND)
    delays = [retry_delay(settings, attempt) // MILLISECOND for attempt in (1, 2, 3, 4, 5, 10_000)]
    assert delays == [250, 500, 1000, 2000, 2000, 2000]
