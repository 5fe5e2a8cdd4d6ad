"""Modes: what each allows, row by row, and that the strictest source wins."""

from __future__ import annotations

import itertools

import pytest

from messages.control import ALLOWED, Action, Mode, strictest

pytestmark = pytest.mark.unit

ROWS = [
    (Mode.NORMAL, Action.INCREASE, True),
    (Mode.NORMAL, Action.DECREASE, True),
    (Mode.NORMAL, Action.PROTECT, True),
    (Mode.NORMAL, Action.CANCEL, True),
    (Mode.REDUCE, Action.INCREASE, False),
    (Mode.REDUCE, Action.DECREASE, True),
    (Mode.REDUCE, Action.PROTECT, True),
    (Mode.REDUCE, Action.CANCEL, True),
    (Mode.HALTED, Action.INCREASE, False),
    (Mode.HALTED, Action.DECREASE, True),
    (Mode.HALTED, Action.PROTECT, True),
    (Mode.HALTED, Action.CANCEL, True),
    (Mode.OBSERVE, Action.INCREASE, False),
    (Mode.OBSERVE, Action.DECREASE, False),
    (Mode.OBSERVE, Action.PROTECT, False),
    (Mode.OBSERVE, Action.CANCEL, False),
]
FROM_FREE_TO_TIED = [Mode.NORMAL, Mode.REDUCE, Mode.HALTED, Mode.OBSERVE]


@pytest.mark.parametrize(("mode", "action", "allowed"), ROWS)
def test_a_mode_allows_what_the_table_says(mode: Mode, action: Action, allowed: bool) -> None:
    assert (action in ALLOWED[mode]) is allowed


def test_the_table_has_a_row_for_every_mode_and_action() -> None:
    assert {(mode, action) for mode, action, _ in ROWS} == set(itertools.product(Mode, Action))
    assert ALLOWED.keys() == set(Mode)


def test_a_stricter_mode_never_allows_more() -> None:
    for freer, stricter in itertools.pairwise(FROM_FREE_TO_TIED):
        assert ALLOWED[stricter] <= ALLOWED[freer]


def test_modes_are_ordered_from_free_to_tied() -> None:
    assert [mode.strictness for mode in FROM_FREE_TO_TIED] == [0, 1, 2, 3]
    assert list(Mode) == FROM_FREE_TO_TIED


@pytest.mark.parametrize(("one", "other"), list(itertools.product(Mode, repeat=2)))
def test_the_strictest_source_wins_in_any_order(one: Mode, other: Mode) -> None:
    expected = FROM_FREE_TO_TIED[max(FROM_FREE_TO_TIED.index(one), FROM_FREE_TO_TIED.index(other))]
    assert strictest(one, other) is expected
    assert strictest(other, one, Mode.NORMAL) is expected


def test_without_a_source_trading_is_free() -> None:
    assert strictest() is Mode.NORMAL
