"""Windows of bars: fixed length in bars and time, gaps, and the same view whatever was in them before."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.strategy.bars import Bar, BarSource
from actors.strategy.pipeline.windows import BarWindow, WindowSettings
from messages.errors import ConfigurationError, DataProviderError

pytestmark = pytest.mark.unit

MINUTE = 60_000_000_000


def bar(minute: int, price: float = 10.0, volume: float | None = 3.0) -> Bar:
    return Bar(BarSource.TRADES, MINUTE, minute * MINUTE, price, price + 1, price - 1, price, volume, 1)


def window(items: int = 4, **changes) -> BarWindow:
    return BarWindow(1, WindowSettings(items, MINUTE, **changes))


def closes(of: BarWindow) -> list[float | None]:
    return [None if np.isnan(each) else float(each) for each in of.bars()[0, :, 3]]


def test_it_fills_from_the_newest_and_is_ready_when_full() -> None:
    some = window(3)
    assert closes(some) == [None, None, None]
    for minute in range(3):
        assert not some.ready()[0]
        assert some.push(0, bar(minute, 10.0 + minute))
    assert closes(some) == [10.0, 11.0, 12.0]
    assert some.ready()[0]
    some.push(0, bar(3, 13.0))
    assert closes(some) == [11.0, 12.0, 13.0]
    assert some.bars()[0, -1].tolist() == [13.0, 14.0, 12.0, 13.0, 3.0]
    assert some.starts()[0].tolist() == [1 * MINUTE, 2 * MINUTE, 3 * MINUTE]
    assert some.last_close(0) == 13.0


def test_symbols_do_not_share_anything() -> None:
    pair = BarWindow(2, WindowSettings(3, MINUTE))
    for minute in range(3):
        pair.push(1, bar(minute))
    assert pair.ready().tolist() == [False, True]
    assert np.isnan(pair.bars()[0]).all()


def test_a_short_gap_is_filled_with_bars_without_volume() -> None:
    some = window(4, fill=2)
    some.push(0, bar(0, 10.0))
    some.push(0, bar(3, 20.0))
    assert closes(some) == [10.0, 10.0, 10.0, 20.0]
    assert some.bars()[0, 1].tolist() == [10.0, 10.0, 10.0, 10.0, 0.0]
    assert some.starts()[0].tolist() == [0, MINUTE, 2 * MINUTE, 3 * MINUTE]


def test_bars_of_quotes_have_no_volume_in_a_gap_either() -> None:
    some = window(3)
    some.push(0, bar(0, volume=None))
    some.push(0, bar(2, volume=None))
    assert np.isnan(some.bars()[0, :, 4]).all()


def test_a_wide_gap_empties_a_window_that_does_not_reach_across_it() -> None:
    some = window(4, fill=2)
    for minute in range(4):
        some.push(0, bar(minute))
    some.push(0, bar(7, 20.0))
    assert closes(some) == [None, None, None, 20.0]
    assert (some.counts()[0], some.ready()[0]) == (1, False)


def test_a_wide_gap_is_bridged_where_the_span_reaches_across_it() -> None:
    """Nights of a stock market: the bars beside it follow each other."""
    some = window(4, fill=0, span=1000 * MINUTE)
    for minute in (0, 1, 900, 901):
        some.push(0, bar(minute, float(minute)))
    assert closes(some) == [0.0, 1.0, 900.0, 901.0]
    some.push(0, bar(1001, 5.0))
    assert closes(some) == [None, 900.0, 901.0, 5.0]


@pytest.mark.parametrize("minute", [1, 2])
def test_a_bar_that_is_not_later_is_left_out(minute: int) -> None:
    some = window(3)
    some.push(0, bar(1, 10.0))
    some.push(0, bar(2, 11.0))
    assert not some.push(0, bar(minute, 99.0))
    assert closes(some) == [None, 10.0, 11.0]


def test_a_bar_off_the_grid_is_refused() -> None:
    some = window(3)
    some.push(0, bar(1))
    with pytest.raises(DataProviderError, match="whole number of intervals"):
        some.push_row(0, 2 * MINUTE + 1, (1.0, 1.0, 1.0, 1.0, 1.0))


@pytest.mark.parametrize(
    "changes", [{"items": 0}, {"interval": 0}, {"fill": -1}, {"span": 3 * MINUTE}], ids=lambda each: str(each)
)
def test_settings_that_make_no_window_are_refused(changes: dict[str, int]) -> None:
    with pytest.raises(ConfigurationError, match=f"window.{next(iter(changes))}"):
        WindowSettings(**{"items": 4, "interval": MINUTE, **changes})


@pytest.mark.property
@given(
    gaps=st.lists(st.integers(1, 9), min_size=1, max_size=40),
    fill=st.integers(0, 5),
    extra=st.integers(0, 6),
)
def test_the_view_is_a_function_of_the_bars_in_reach_alone(gaps: list[int], fill: int, extra: int) -> None:
    """Against a list of all bars: those within the span, the last `items` of them, in order."""
    items = 5
    some = window(items, fill=fill, span=(items + extra) * MINUTE)
    every: list[tuple[int, float]] = []
    minute = 0
    for price, gap in enumerate(gaps, start=1):
        if every and gap <= fill + 1:
            every += [(minute + step, every[-1][1]) for step in range(1, gap)]
        minute += gap
        every.append((minute, float(price)))
        some.push(0, bar(minute, float(price)))
    kept = [price for when, price in every[-items:] if when + items + extra >= minute + 1]
    assert closes(some) == [None] * (items - len(kept)) + kept
    assert some.ready()[0] == (len(kept) == items)
