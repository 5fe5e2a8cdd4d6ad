"""The pause before a restart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messages.child_specs import Backoff
from supervisors.backoff import failures_after, pause

pytestmark = pytest.mark.unit

BACKOFF = Backoff(minimum=100, maximum=1_000, jitter=0.2, reset_after=500)


@pytest.mark.parametrize(
    ("failures", "expected"), [(0, 100), (1, 100), (2, 200), (3, 400), (4, 800), (5, 1_000), (10_000, 1_000)]
)
def test_the_pause_doubles_from_the_minimum_up_to_the_maximum(failures: int, expected: int) -> None:
    assert pause(BACKOFF, failures, 0.0) == expected


@pytest.mark.parametrize(("draw", "expected"), [(0.0, 400), (0.5, 440), (0.999, 479)])
def test_jitter_adds_up_to_its_fraction(draw: float, expected: int) -> None:
    assert pause(BACKOFF, 3, draw) == expected


@pytest.mark.property
@given(failures=st.integers(0, 200), draw=st.floats(0, 1, exclude_max=True))
def test_the_pause_never_leaves_its_bounds(failures: int, draw: float) -> None:
    assert BACKOFF.minimum <= pause(BACKOFF, failures, draw) <= BACKOFF.maximum * (1 + BACKOFF.jitter)


@pytest.mark.parametrize(
    ("started_at", "now", "expected"), [(None, 10_000, 4), (0, 499, 4), (0, 500, 1), (9_000, 10_000, 1)]
)
def test_a_child_that_ran_quietly_starts_over(started_at: int | None, now: int, expected: int) -> None:
    assert failures_after(BACKOFF, 3, started_at, now) == expected
