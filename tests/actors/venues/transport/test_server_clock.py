"""The venue's clock: whatever the wire does, the true time lies within the bound that is claimed."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from actors.venues.transport.server_clock import ServerClock, clock_sample
from messages.errors import ConfigurationError

pytestmark = pytest.mark.unit

MS = 1_000_000
SECOND = 1_000 * MS


@pytest.mark.property
@example(offset=-39_916_162, drift_ppm=98, trips=[(41_912_054, 0, 26_927)], later=9_999)
@given(
    offset=st.integers(-10 * SECOND, 10 * SECOND),
    drift_ppm=st.integers(-100, 100),
    trips=st.lists(
        st.tuples(st.integers(0, 20 * SECOND), st.integers(0, 300 * MS), st.integers(0, 300 * MS)),
        min_size=1,
        max_size=20,
    ),
    later=st.integers(0, 60 * SECOND),
)
def test_the_true_time_is_within_the_claimed_error(
    offset: int, drift_ppm: int, trips: list[tuple[int, int, int]], later: int
) -> None:
    def true_time(local: int) -> int:
        return local + offset + local * drift_ppm // 1_000_000

    clock, local = ServerClock(bound_ns=SECOND, drift_ppm=100), 0
    for pause, out, back in trips:
        sent = local + pause
        read = true_time(sent + out)
        local = sent + out + back
        clock.take(clock_sample(sent, local, read // MS * MS, MS))
        error, estimate = clock.error(local), clock.offset(local)
        assert error is not None
        assert estimate is not None
        assert abs(local + estimate - true_time(local)) <= error + 2
    error, estimate = clock.error(local + later), clock.offset(local + later)
    assert error is not None
    assert estimate is not None
    assert abs(local + later + estimate - true_time(local + later)) <= error + 2


def test_the_narrowest_round_trip_counts_until_it_is_old() -> None:
    clock = ServerClock(bound_ns=SECOND, drift_ppm=100)
    clock.take(clock_sample(0, 2 * MS, 5 * SECOND, MS))
    near = clock.error(2 * MS)
    clock.take(clock_sample(SECOND, SECOND + 200 * MS, 6 * SECOND + 150 * MS, MS))
    assert clock.error(SECOND + 200 * MS) is not None
    assert near == 3 * MS // 2 + 200, "half the trip and the cut-off, and 2 ms of drift"
    assert (clock.error(SECOND + 200 * MS) or 0) < 2 * MS
    hours = 7_200 * SECOND
    assert (clock.error(hours) or 0) > 500 * MS


def test_beyond_the_bound_the_time_is_not_known() -> None:
    clock = ServerClock(bound_ns=100 * MS, drift_ppm=100)
    assert clock.now(0) is None
    clock.take(clock_sample(0, 400 * MS, SECOND, MS))
    assert clock.now(400 * MS) is None
    clock.take(clock_sample(500 * MS, 520 * MS, SECOND + 310 * MS, MS))
    assert clock.now(520 * MS) is not None
    assert clock.now(2_000 * SECOND) is None


def test_a_clock_that_was_set_is_believed_at_once() -> None:
    clock = ServerClock(bound_ns=SECOND)
    clock.take(clock_sample(0, MS, 100 * SECOND, MS))
    clock.take(clock_sample(SECOND, SECOND + 50 * MS, 500 * SECOND, MS))
    now = clock.now(SECOND + 50 * MS)
    assert now is not None
    assert abs(now - 500 * SECOND) < 60 * MS
    clock.distrust()
    assert clock.now(SECOND + 50 * MS) is None


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="backwards"):
        clock_sample(2, 1, 0, MS)
    with pytest.raises(ConfigurationError, match="bound"):
        ServerClock(bound_ns=0)
