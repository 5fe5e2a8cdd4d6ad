"""What a book and hourly bars say of a market, and where they say nothing."""

from __future__ import annotations

from math import sqrt

import pytest

from actors.operations.universe.figures import figures_of
from actors.operations.universe.settings import DAY, HOUR
from actors.venues.market_port import Bar, BookLevels
from tests.actors.operations.universe.market import BTC

pytestmark = pytest.mark.unit

NOW = 100 * DAY + HOUR // 2


def bars(count: int, *, last: int = NOW - HOUR // 2 - HOUR, volume: float = 10.0) -> list[Bar]:
    """Hourly bars whose closes go 100, 101, 100, ...; the last one began at `last`."""
    return [
        Bar(BTC, last - place * HOUR, HOUR, 100.0, 101.0, 99.0, 100.0 + place % 2, volume)
        for place in reversed(range(count))
    ]


def book(*bids: tuple[float, float], asks: tuple[tuple[float, float], ...] = ((100.1, 2.0),)) -> BookLevels:
    return BookLevels(BTC, NOW, 1, bids, asks)


def test_a_whole_market() -> None:
    found = figures_of(BTC, book((99.9, 1.0), (99.81, 1.0), (99.7, 9.0)), bars(48), NOW, 2.0)
    assert found.spread_bps == pytest.approx(20.0)
    assert found.depth == pytest.approx((99.9 + 99.81 + 2 * 100.1) * 2.0)
    assert found.volume == pytest.approx(24 * 10.0 * 100.5 * 2.0)
    up, down = 0.01, 100 / 101 - 1
    mean = (24 * up + 23 * down) / 47
    spread = sqrt((24 * (up - mean) ** 2 + 23 * (down - mean) ** 2) / 47)
    assert found.volatility == pytest.approx(spread * sqrt(8_760), rel=1e-6)


@pytest.mark.parametrize(
    "shown", [None, book(), book((99.9, 1.0), asks=()), book((101.0, 1.0)), book((0.0, 1.0))]
)
def test_without_two_sides_there_is_neither_spread_nor_depth(shown: BookLevels | None) -> None:
    found = figures_of(BTC, shown, bars(48), NOW, 1.0)
    assert (found.spread_bps, found.depth) == (None, None)
    assert found.volume is not None


def test_a_day_with_a_hole_has_no_volume() -> None:
    holed = [each for place, each in enumerate(bars(48)) if place != 40]
    assert figures_of(BTC, None, holed, NOW, 1.0).volume is None
    assert figures_of(BTC, None, bars(48, last=NOW - 30 * HOUR), NOW, 1.0).volume is None
    assert figures_of(BTC, None, None, NOW, 1.0).volume is None


def test_a_short_history_has_no_volatility() -> None:
    assert figures_of(BTC, None, bars(24), NOW, 1.0).volatility is None
    assert figures_of(BTC, None, bars(25), NOW, 1.0).volatility is not None
