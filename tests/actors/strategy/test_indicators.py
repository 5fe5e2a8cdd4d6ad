"""Indicators: golden values, warm-up, fixed memory."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.strategy.indicators import Ema, RollingWindow
from messages.errors import ConfigurationError

pytestmark = pytest.mark.unit


@pytest.mark.golden
def test_an_ema_of_three_weighs_each_value_by_one_half() -> None:
    ema = Ema(3)
    assert [ema.update(value) for value in (10.0, 20.0, 20.0, 40.0)] == [10.0, 15.0, 17.5, 28.75]


@pytest.mark.golden
def test_an_ema_of_a_straight_line_lags_by_its_closed_form() -> None:
    ema = Ema(12)
    for value in range(1, 27):
        ema.update(float(value))
    # lag after n values = (1 - w) / w * (1 - (1 - w)^(n - 1)) with w = 2 / 13
    assert ema.value == pytest.approx(26 - 5.5 * (1 - (11 / 13) ** 25), rel=1e-12)


def test_an_ema_has_no_value_before_the_first_and_is_ready_after_its_period() -> None:
    ema = Ema(2)
    assert ema.value is None
    ema.update(0.0)
    assert (ema.value, ema.ready) == (0.0, False)
    ema.update(0.0)
    assert ema.ready


@pytest.mark.parametrize("make", [lambda: Ema(0), lambda: RollingWindow(0, 5), lambda: RollingWindow(5, 0)])
def test_an_indicator_without_memory_is_refused(make) -> None:
    with pytest.raises(ConfigurationError, match="must be above zero"):
        make()


def test_a_window_tells_the_value_in_force_one_span_ago() -> None:
    window = RollingWindow(span=100, items=10)
    window.push(0, 1.0)
    window.push(60, 2.0)
    assert window.first(99) is None
    window.push(100, 3.0)
    assert window.first(100) == 1.0
    window.push(170, 4.0)
    assert window.first(170) == 2.0
    assert (window.last, window.low, window.high, window.mean) == (4.0, 2.0, 4.0, 3.0)


def test_a_burst_does_not_push_the_past_out_of_a_window() -> None:
    window = RollingWindow(span=100, items=10)
    window.push(0, 1.0)
    for time in range(50, 101):
        window.push(time, float(time))
    assert window.first(100) == 1.0
    assert len(window) <= 12


def test_an_empty_window_has_no_figures() -> None:
    window = RollingWindow(10, 2)
    assert (window.last, window.low, window.high, window.mean, window.first(100)) == (None,) * 5


@pytest.mark.property
@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 500),
    st.integers(1, 12),
    st.lists(st.tuples(st.integers(0, 90), st.floats(1, 100)), max_size=80),
)
def test_a_window_never_outgrows_its_cells_nor_forgets_the_last_value(span, items, steps) -> None:
    window, time = RollingWindow(span, items), 0
    for gap, value in steps:
        time += gap
        window.push(time, value)
        assert len(window) <= items + 2
        assert window.last == value
        assert value in window.values()
