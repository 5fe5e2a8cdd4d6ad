"""The request budget: no window of the venue's is ever overrun, and cancels always find room."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.venues.transport.budget import NEVER, SHARES, Budget, Limit, Priority
from messages.errors import ConfigurationError

pytestmark = pytest.mark.unit

SECOND = 1_000_000_000
TEN = Limit("ten", 10, 10 * SECOND)


@pytest.mark.property
@given(
    asks=st.lists(
        st.tuples(st.integers(0, 4 * SECOND), st.integers(1, 4), st.sampled_from(Priority)), max_size=120
    )
)
def test_no_stretch_of_a_windows_length_holds_more_than_the_limit(
    asks: list[tuple[int, int, Priority]],
) -> None:
    budget, now, granted = Budget([TEN], safety=1.0), 0, []
    for pause, units, priority in asks:
        now += pause
        if budget.take({"ten": units}, priority, now) == 0:
            granted.append((now, units))
    for start, _ in granted:
        within = sum(units for at, units in granted if start <= at < start + TEN.window_ns)
        assert within <= TEN.capacity


@pytest.mark.property
@given(st.lists(st.integers(0, 2 * SECOND), min_size=1, max_size=60), st.sampled_from(Priority))
def test_the_wait_that_is_told_is_enough_and_no_less_would_do(pauses: list[int], priority: Priority) -> None:
    budget, now = Budget([TEN], safety=1.0), 0
    for pause in pauses:
        now += pause
        wait = budget.take({"ten": 1}, priority, now)
        if wait > 0:
            assert budget.take({"ten": 1}, priority, now + wait - 1) > 0
            assert budget.take({"ten": 1}, priority, now + wait) == 0
            now += wait


def test_what_was_spent_late_in_a_slot_counts_for_the_whole_window_and_a_little_more() -> None:
    budget, spent_at = Budget([TEN], safety=1.0), SECOND // 2 - 1
    assert budget.take({"ten": 10}, Priority.CANCEL, spent_at) == 0
    assert budget.take({"ten": 1}, Priority.CANCEL, spent_at + TEN.window_ns) > 0
    wait = budget.take({"ten": 1}, Priority.CANCEL, spent_at)
    assert TEN.window_ns + SECOND // 2 <= wait <= TEN.window_ns + SECOND


def test_after_new_orders_have_taken_all_they_may_a_cancel_still_goes() -> None:
    budget = Budget([Limit("weight", 100, SECOND)], safety=1.0)
    taken = {}
    for priority in (Priority.BACKGROUND, Priority.ORDER, Priority.QUERY, Priority.EXIT, Priority.CANCEL):
        taken[priority] = 0
        while budget.take({"weight": 1}, priority, 0) == 0:
            taken[priority] += 1
    assert taken[Priority.BACKGROUND] == 50
    assert taken[Priority.CANCEL] == 5
    assert sum(taken.values()) == 100
    assert list(SHARES.values()) == sorted(SHARES.values(), reverse=True)


def test_several_limits_are_taken_together_or_not_at_all() -> None:
    budget = Budget([Limit("a", 10, SECOND), Limit("b", 2, SECOND)], safety=1.0)
    costs = {"a": 3, "b": 1}
    assert [budget.take(costs, Priority.CANCEL, 0) == 0 for _ in range(3)] == [True, True, False]
    assert budget.take({"a": 4}, Priority.CANCEL, 0) == 0
    assert budget.take({"a": 1}, Priority.CANCEL, 0) > 0
    assert budget.take({"b": 3}, Priority.CANCEL, 0) == NEVER


def test_what_others_use_is_counted_but_nothing_twice() -> None:
    budget = Budget([TEN], safety=1.0)
    budget.take({"ten": 3}, Priority.CANCEL, 0)
    budget.observed("ten", 3, 0)
    assert budget.used(0) == 0.3
    budget.observed("ten", 8, 0)
    budget.observed("ten", 8, 0)
    assert budget.used(0) == 0.8
    budget.observed("ten", 2, 0)
    assert budget.used(0) == 0.8
    budget.observed("unknown", 2, 0)
    assert budget.used(12 * SECOND) == 0.0


def test_a_pause_holds_everything_or_only_what_is_named() -> None:
    budget = Budget([TEN, Limit("other", 10, SECOND)], safety=1.0)
    budget.pause(5 * SECOND, ["ten"])
    assert budget.take({"ten": 1}, Priority.CANCEL, SECOND) == 4 * SECOND
    assert budget.take({"other": 1}, Priority.CANCEL, SECOND) == 0
    budget.pause(3 * SECOND)
    assert budget.take({"other": 1}, Priority.CANCEL, SECOND) == 2 * SECOND
    assert budget.take({}, Priority.CANCEL, SECOND) == 2 * SECOND
    assert budget.take({"ten": 1}, Priority.CANCEL, 5 * SECOND) == 0


def test_limits_are_learned_without_forgetting_what_was_spent() -> None:
    budget = Budget([TEN], safety=1.0)
    for _ in range(10):
        budget.take({"ten": 1}, Priority.CANCEL, 0)
    budget.learn([Limit("ten", 20, 10 * SECOND), Limit("new", 5, SECOND)])
    assert budget.used(0) == 0.5
    assert budget.used_by_limit(0) == {"ten": 0.5, "new": 0.0}
    assert budget.take({"ten": 1, "new": 1}, Priority.CANCEL, 0) == 0
    assert {limit.name for limit in budget.limits} == {"ten", "new"}


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="no such limit"):
        Budget([TEN]).take({"eleven": 1}, Priority.CANCEL, 0)
    with pytest.raises(ConfigurationError, match=r"budget\.ten"):
        Budget([Limit("ten", 0, SECOND)])
    with pytest.raises(ConfigurationError, match="safety"):
        Budget([TEN], safety=0)
