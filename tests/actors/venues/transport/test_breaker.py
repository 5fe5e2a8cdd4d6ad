"""The breaker: opens, probes, closes; and never stands in the way of a cancel."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.venues.transport.breaker import Breaker
from messages.errors import ConfigurationError

pytestmark = pytest.mark.unit


def opened(failures: int = 3, first_ns: int = 100, longest_ns: int = 400) -> Breaker:
    breaker = Breaker(failures=failures, first_ns=first_ns, longest_ns=longest_ns)
    for _ in range(failures):
        assert breaker.allows(0)
        breaker.failed(0)
    return breaker


def test_it_opens_after_failures_in_a_row_only() -> None:
    breaker = Breaker(failures=3, first_ns=100, longest_ns=400)
    for _ in range(5):
        breaker.failed(0)
        breaker.failed(0)
        breaker.succeeded()
    assert breaker.allows(0)
    assert breaker.open_until is None
    assert not opened().allows(99)


def test_one_probe_goes_ahead_and_decides() -> None:
    breaker = opened()
    assert breaker.allows(100)
    assert not breaker.allows(100), "only one"
    breaker.failed(110)
    assert breaker.open_until == 310
    assert not breaker.allows(309)
    assert breaker.allows(310)
    breaker.succeeded()
    assert breaker.allows(311)
    assert breaker.open_until is None


def test_the_pause_grows_to_its_bound_and_begins_small_again() -> None:
    breaker, now = opened(), 100
    for pause in (200, 400, 400):
        assert breaker.allows(now)
        breaker.failed(now)
        assert breaker.open_until == now + pause
        now += pause
    breaker.succeeded()
    for _ in range(3):
        breaker.failed(now)
    assert breaker.open_until == now + 100


def test_a_probe_that_never_ends_is_followed_by_another() -> None:
    breaker = opened()
    assert breaker.allows(100)
    assert not breaker.allows(199)
    assert breaker.allows(200)


def test_failures_of_cancels_while_open_do_not_lengthen_the_pause() -> None:
    breaker = opened()
    for now in range(10, 90, 10):
        assert breaker.allows(now, essential=True)
        breaker.failed(now)
    assert breaker.open_until == 100


@pytest.mark.property
@given(st.lists(st.tuples(st.sampled_from("afs"), st.integers(0, 500))))
def test_essential_requests_always_pass_and_success_always_closes(steps: list[tuple[str, int]]) -> None:
    breaker, now = Breaker(failures=2, first_ns=50, longest_ns=200), 0
    for step, later in steps:
        now += later
        assert breaker.allows(now, essential=True)
        if step == "a":
            breaker.allows(now)
        elif step == "f":
            breaker.failed(now)
            until = breaker.open_until
            assert until is None or until - now <= 200
        else:
            breaker.succeeded()
            assert breaker.allows(now)


def test_settings_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="breaker"):
        Breaker(failures=0)
    with pytest.raises(ConfigurationError, match="breaker"):
        Breaker(first_ns=10, longest_ns=5)
